"""HTTP APIs: made by boto3, called over plain HTTP, answered by real functions."""
import json

import pytest
import requests
from botocore.exceptions import ClientError

from packages import package
from server import ACCOUNT

ECHO = """
import base64, json
def handler(event, context):
    if event["rawPath"].endswith("/raise"):
        raise ValueError("no")
    if event["rawPath"].endswith("/plain"):
        return {"any": "object"}
    if event["rawPath"].endswith("/connection"):
        headers = {"Transfer-Encoding": "chunked", "Connection": "close", "Content-Length": "99", "Upgrade": "h2c", "x-own": "yes"}
        return {"statusCode": 200, "headers": headers, "body": "whole"}
    if event["rawPath"].endswith("/binary"):
        body = base64.b64encode(bytes(range(256))).decode()
        return {"statusCode": 201, "headers": {"content-type": "image/png"}, "isBase64Encoded": True, "body": body,
                "cookies": ["a=1", "b=2"]}
    return {"statusCode": 200, "headers": {"content-type": "application/json", "x-own": "yes"}, "body": json.dumps(event)}
"""


@pytest.fixture(scope="module")
def apigateway(client):
    return client("apigatewayv2")


@pytest.fixture(scope="module")
def api(client, apigateway, role, runtimes, isolation):
    """An API whose routes lead to a function that answers with its event."""
    functions = client("lambda")
    arn = functions.create_function(
        FunctionName="echo", Runtime=runtimes["python"], Handler="app.handler", Role=role, Code={"ZipFile": package(app__py=ECHO)}
    )["FunctionArn"]
    made = apigateway.create_api(Name="echo", ProtocolType="HTTP")
    integration = apigateway.create_integration(
        ApiId=made["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    for key in ("GET /items/{id}", "ANY /any", "ANY /deep/{proxy+}", "POST /items", "$default"):
        apigateway.create_route(ApiId=made["ApiId"], RouteKey=key, Target=f"integrations/{integration}")
    apigateway.create_stage(ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)
    source = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{made['ApiId']}/*"
    functions.add_permission(
        FunctionName="echo", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com", SourceArn=source
    )
    return made


@pytest.fixture
def call(server, api):
    """call(method, path, ...) -> the answer, by the path form."""
    return lambda method, path, **more: requests.request(method, api["ApiEndpoint"] + path, timeout=30, **more)


def test_the_event_is_that_of_payload_2_0(call, api):
    answer = call("GET", "/items/a%20b?x=1&x=2&y=", headers={"X-Custom": "me", "Cookie": "c=1; d=2"})
    assert (answer.status_code, answer.headers["x-own"]) == (200, "yes")
    event = answer.json()
    assert (event["version"], event["routeKey"]) == ("2.0", "GET /items/{id}")
    assert event["pathParameters"] == {"id": "a b"}
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["rawQueryString"] == "x=1&x=2&y="
    assert event["headers"]["x-custom"] == "me" and "cookie" not in event["headers"]
    assert event["cookies"] == ["c=1", "d=2"]
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"], context["stage"]) == (ACCOUNT, api["ApiId"], "$default")
    assert (context["http"]["method"], context["routeKey"]) == ("GET", "GET /items/{id}")
    assert event["isBase64Encoded"] is False and "body" not in event


@pytest.mark.parametrize(
    "method, path, route, parameters",
    [
        ("GET", "/items/1", "GET /items/{id}", {"id": "1"}),
        ("DELETE", "/any", "ANY /any", None),
        ("GET", "/deep/a/b", "ANY /deep/{proxy+}", {"proxy": "a/b"}),
        ("PUT", "/items/1", "$default", None),
        ("GET", "/", "$default", None),
    ],
)
def test_routes(call, method, path, route, parameters):
    event = call(method, path).json()
    assert (event["routeKey"], event.get("pathParameters")) == (route, parameters)


def test_bodies(call):
    text = call("POST", "/items", data='{"a": 1}', headers={"content-type": "application/json"}).json()
    assert (text["body"], text["isBase64Encoded"]) == ('{"a": 1}', False)
    binary = call("POST", "/items", data=b"\xff\x00", headers={"content-type": "image/png"}).json()
    assert (binary["body"], binary["isBase64Encoded"]) == ("/wA=", True)


def test_answers_of_every_form(call):
    plain = call("GET", "/plain")
    assert (plain.status_code, plain.json(), plain.headers["content-type"]) == (200, {"any": "object"}, "application/json")
    binary = call("GET", "/binary")
    assert (binary.status_code, binary.content, binary.headers["content-type"]) == (201, bytes(range(256)), "image/png")
    assert binary.raw.headers.getlist("set-cookie") == ["a=1", "b=2"]
    failed = call("GET", "/raise")
    assert (failed.status_code, failed.json()) == (500, {"message": "Internal Server Error"})


def test_a_connection_is_not_the_functions_to_manage(call):
    answer = call("GET", "/connection")
    assert (answer.status_code, answer.text, answer.headers["content-length"], answer.headers["x-own"]) == (200, "whole", "5", "yes")
    assert not {"transfer-encoding", "connection", "upgrade"} & {name.lower() for name in answer.headers}


def test_browsers_of_other_origins(server, client, apigateway, api, call):
    arn = client("lambda").get_function(FunctionName="echo")["Configuration"]["FunctionArn"]
    cors = {"AllowOrigins": ["https://page.example"], "AllowMethods": ["GET", "PUT"], "AllowHeaders": ["x-a"], "MaxAge": 60}
    made = apigateway.create_api(Name="cors", ProtocolType="HTTP", Target=arn, CorsConfiguration=cors)
    assert made["CorsConfiguration"] == cors == apigateway.get_api(ApiId=made["ApiId"])["CorsConfiguration"]
    ask = {"Origin": "https://page.example", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-a"}
    told = requests.options(made["ApiEndpoint"] + "/x", headers=ask, timeout=10)
    assert (told.status_code, told.content) == (204, b"")
    assert {name: value for name, value in told.headers.items() if name.lower().startswith("access-control-")} == {
        "access-control-allow-origin": "https://page.example",
        "access-control-allow-methods": "GET,PUT",
        "access-control-allow-headers": "x-a",
        "access-control-max-age": "60",
    }
    other = requests.options(made["ApiEndpoint"] + "/x", headers=ask | {"Origin": "https://other.example"}, timeout=10)
    assert other.status_code == 204 and "access-control-allow-origin" not in other.headers
    apigateway.update_api(ApiId=made["ApiId"], CorsConfiguration={"AllowOrigins": ["*"]}, Name="renamed")
    refused = requests.get(made["ApiEndpoint"] + "/x", headers={"Origin": "https://other.example"}, timeout=30)
    # The function's policy does not know this API; the browser may read that all the same.
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (500, "*")
    apigateway.delete_cors_configuration(ApiId=made["ApiId"])
    assert "CorsConfiguration" not in apigateway.get_api(ApiId=made["ApiId"])
    assert "access-control-allow-origin" not in call("GET", "/any", headers={"Origin": "https://page.example"}).headers
    apigateway.delete_api(ApiId=made["ApiId"])


def test_by_host(server, api):
    answer = requests.get(f"{server.url}/any", headers={"host": f"{api['ApiId']}.execute-api.us-east-1.example.org"}, timeout=30)
    assert answer.json()["routeKey"] == "ANY /any"


def test_named_stages(server, apigateway, api):
    apigateway.create_stage(ApiId=api["ApiId"], StageName="v1", AutoDeploy=True, StageVariables={"colour": "blue"})
    event = requests.get(f"{api['ApiEndpoint']}/v1/items/7", timeout=30).json()
    assert (event["requestContext"]["stage"], event["rawPath"]) == ("v1", "/v1/items/7")
    assert (event["pathParameters"], event["stageVariables"]) == ({"id": "7"}, {"colour": "blue"})
    apigateway.delete_stage(ApiId=api["ApiId"], StageName="v1")


def test_without_permission_the_function_stays_closed(client, call, api):
    functions = client("lambda")
    policy = json.loads(functions.get_policy(FunctionName="echo")["Policy"])["Statement"][0]
    functions.remove_permission(FunctionName="echo", StatementId="api")
    denied = call("GET", "/any")
    assert (denied.status_code, denied.json()) == (500, {"message": "Internal Server Error"})
    functions.add_permission(
        FunctionName="echo", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
        SourceArn=policy["Condition"]["ArnLike"]["AWS:SourceArn"],
    )
    assert call("GET", "/any").status_code == 200


def test_apis_are_found_listed_and_deleted(server, apigateway):
    made = [apigateway.create_api(Name=f"listed-{n}", ProtocolType="HTTP")["ApiId"] for n in range(3)]
    assert apigateway.get_api(ApiId=made[0])["Name"] == "listed-0"
    pages = list(apigateway.get_paginator("get_apis").paginate(PaginationConfig={"PageSize": 2}))
    listed = [api["ApiId"] for page in pages for api in page["Items"]]
    assert 1 < len(pages) and set(made) <= set(listed) and len(listed) == len(set(listed))
    for api in made:
        apigateway.delete_api(ApiId=api)
    with pytest.raises(ClientError) as refused:
        apigateway.get_api(ApiId=made[0])
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("NotFoundException", f"Invalid API identifier specified {ACCOUNT}:{made[0]}")
    gone = requests.get(f"{server.url}/_clearsky/execute-api/{made[0]}/x", timeout=10)
    assert gone.status_code in (403, 404)


@pytest.mark.parametrize(
    "call_name, parameters, member",
    [
        ("create_api", {"Name": "ws", "ProtocolType": "WEBSOCKET"}, "ProtocolType"),
        ("create_api", {"Name": "off", "ProtocolType": "HTTP", "DisableExecuteApiEndpoint": True}, "DisableExecuteApiEndpoint"),
    ],
)
def test_what_is_not_there_is_refused_by_name(apigateway, call_name, parameters, member):
    with pytest.raises(ClientError) as refused:
        getattr(apigateway, call_name)(**parameters)
    error = refused.value.response["Error"]
    assert error["Code"] == "NotImplemented" and member in error["Message"]
