"""`clearsky explain`: why a request was answered as it was."""
import re
import subprocess

import pytest
import requests
from botocore.exceptions import ClientError

from conftest import client_of
from packages import package
from server import ACCOUNT, BINARY
from test_auth import assume


def explain(server, request_id):
    return subprocess.run([BINARY, "explain", request_id], env=server.environment(), capture_output=True, text=True)


def test_a_denial_is_explained(server, client):
    session = assume(client, "explained", ["dynamodb:GetItem"], "*")
    with pytest.raises(ClientError) as denied:
        client_of(server, "dynamodb", **session).list_tables()
    done = explain(server, denied.value.response["ResponseMetadata"]["RequestId"])
    assert done.returncode == 0, done.stderr
    assert "dynamodb ListTables: 400 AccessDeniedException" in done.stdout
    assert "recognised by its target" in done.stdout and "assumed-role/explained/tests" in done.stdout
    assert f"dynamodb:ListTables on arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/*: implicit deny" in done.stdout
    assert "statement 0 of the identity policy" in done.stdout and "is about other actions" in done.stdout


def test_an_answer_is_explained(server, client):
    answer = client("s3").list_buckets()
    done = explain(server, answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"])
    assert "s3 ListBuckets: 200" in done.stdout and "committed: " in done.stdout, done.stdout + done.stderr


def test_an_unknown_request_is_said_to_be(server):
    done = explain(server, "none")
    assert done.returncode == 1 and "is not remembered" in done.stderr


def test_a_refused_signature_is_explained(server):
    with pytest.raises(ClientError) as refused:
        client_of(server, "dynamodb", secret="wrong").list_tables()
    done = explain(server, refused.value.response["ResponseMetadata"]["RequestId"])
    assert "refused: InvalidSignatureException: The request signature we calculated" in done.stdout, done.stdout


CALLS = """
import boto3
def handler(event, context):
    boto3.client("s3").list_buckets()
    return {"statusCode": 200, "body": "done"}
"""


def test_a_request_to_an_api_is_explained_down_to_the_functions_own_calls(server, client, role, runtimes, isolation):
    apigateway, functions = client("apigatewayv2"), client("lambda")
    arn = functions.create_function(
        FunctionName="explained", Runtime=runtimes["python"], Handler="app.handler", Role=role, Timeout=30, Code={"ZipFile": package(app__py=CALLS)}
    )["FunctionArn"]
    api = apigateway.create_api(Name="explained", ProtocolType="HTTP", Target=arn)
    functions.add_permission(FunctionName="explained", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com")
    answers = [requests.get(api["ApiEndpoint"] + "/x", timeout=60) for _ in range(2)]
    for answer, start in zip(answers, ["cold, its start took ", "warm"]):
        tree = explain(server, answer.headers["apigw-requestid"]).stdout
        assert answer.status_code == 500, answer.text  # Its role may write logs and no more.
        lines = tree.splitlines()
        assert lines[0].startswith("apigateway HTTP: 500") and "recognised by its path" in tree
        assert any(line.startswith("    lambda Invoke: 200") for line in lines), tree
        ran = next(line for line in lines if "invoked arn:aws:lambda" in line)
        assert ran.startswith("    - ") and re.search(f"explained: {start}.*; ran [0-9.]+ ms, billed [0-9]+ ms, failed: ", ran), ran
        assert any(line.startswith("        s3 ListBuckets: 403 AccessDenied") for line in lines), tree
        assert "assumed-role/tests/explained" in tree
