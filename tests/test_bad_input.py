"""Bad input gets AWS's error, and the server goes on."""
import socket
import xml.etree.ElementTree as ET

import pytest
import requests
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import RpcV2CBORParser

from server import KEY, REGION, SECRET


@pytest.fixture(scope="module")
def send(server):
    """send(service, method, path, body, headers) -> the answer to a well-signed request."""

    def signed(service, method, path, body=b"", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method, server.url + path, data=body, headers=headers)
        auth = S3SigV4Auth if service == "s3" else SigV4Auth
        auth(Credentials(KEY, SECRET), service, REGION).add_auth(request)
        return requests.request(method, request.url, data=body, headers=dict(request.headers), timeout=30)

    return signed


def dynamodb(send, operation, body):
    return send("dynamodb", "POST", "/", body, x_amz_target=f"DynamoDB_20120810.{operation}", content_type="application/x-amz-json-1.0")


def code(answer):
    """The error's code, in any of the protocols."""
    if answer.headers.get("content-type") == "application/cbor":
        return cbor(answer)["__type"].split("#")[-1]
    if "x-amzn-errortype" in answer.headers:
        return answer.headers["x-amzn-errortype"]
    if answer.text.startswith("{"):
        return answer.json()["__type"].split("#")[-1]
    for element in ET.fromstring(answer.text).iter():
        if element.tag.split("}")[-1] == "Code":
            return element.text
    raise AssertionError(answer.text)


MIB = 1024 * 1024
NOT_XML = "The XML you provided was not well-formed or did not validate against our published schema"
NESTED = 100_000

# For each protocol: how a request is made of a body, and for each kind of bad document the body, the status, the code, and what
# the text has in it.
DOCUMENTS = {
    "awsJson1.0": (
        lambda send, body: dynamodb(send, "DescribeTable", body),
        {
            "truncated": (b'{"TableName":"ab', 400, "SerializationException", "EOF while parsing a string"),
            "empty": (b"{", 400, "SerializationException", "EOF while parsing an object"),
            "followed": (b'{"TableName":"abc"} x', 400, "SerializationException", ""),
            "binary": (b"\x00" * 100, 400, "SerializationException", ""),
            "oversized": (b'{"TableName":"' + b"x" * (20 * MIB) + b'"}', 413, "RequestEntityTooLargeException", "must be smaller than"),
            "nested": (b'{"x":' + b"[" * NESTED, 400, "SerializationException", "recursion limit exceeded"),
            "nested in a member": (b'{"TableName":' + b'{"a":' * NESTED, 400, "SerializationException", "where not expected"),
            "duplicate": (b'{"TableName":"first","TableName":"last"}', 400, "ResourceNotFoundException", "Table: last not found"),
            "not UTF-8": (b'{"TableName":"\xff"}', 400, "SerializationException", "invalid unicode"),
            "a surrogate": (b'{"TableName":"\xed\xa0\x80"}', 400, "SerializationException", "invalid unicode"),
            "a number for a text": (b'{"TableName":5}', 400, "SerializationException", "NUMBER_VALUE cannot be converted to String"),
            "a list for an object": (b"[]", 400, "SerializationException", "Unexpected list found where not expected."),
            "nothing for an object": (b"null", 400, "SerializationException", ""),
        },
    ),
    "awsJson1.1": (
        lambda send, body: send(
            "logs", "POST", "/", body, x_amz_target="Logs_20140328.CreateLogGroup", content_type="application/x-amz-json-1.1"
        ),
        {
            "truncated": (b'{"logGroupName":"ab', 400, "SerializationException", "EOF while parsing a string"),
            "oversized": (b'{"logGroupName":"' + b"x" * (20 * MIB) + b'"}', 413, "RequestEntityTooLargeException", "must be smaller than"),
            "nested": (b'{"x":' + b"[" * NESTED, 400, "SerializationException", "recursion limit exceeded"),
            "duplicate": (b'{"logGroupName":"a","logGroupName":"b b"}', 400, "InvalidParameterException", "Value 'b b' at 'logGroupName'"),
            "not UTF-8": (b'{"logGroupName":"\xff"}', 400, "SerializationException", "invalid unicode"),
            "a list for a text": (b'{"logGroupName":["a"]}', 400, "SerializationException", "Unexpected list found where not expected."),
        },
    ),
    "restJson": (
        lambda send, body: send("lambda", "POST", "/2015-03-31/functions", body, content_type="application/json"),
        {
            "truncated": (b'{"FunctionName":"ab', 400, "SerializationException", "EOF while parsing a string"),
            "oversized": (b'{"FunctionName":"' + b"x" * (70 * MIB) + b'"}', 413, "RequestEntityTooLargeException", "must be smaller than"),
            "nested": (b'{"x":' + b"[" * NESTED, 400, "SerializationException", "recursion limit exceeded"),
            "duplicate": (b'{"FunctionName":"a","FunctionName":"b b"}', 400, "ValidationException", "Value 'b b' at 'functionName'"),
            "not UTF-8": (b'{"FunctionName":"\xff"}', 400, "SerializationException", "invalid unicode"),
            "a list for a text": (b'{"FunctionName":["a"]}', 400, "SerializationException", "Unexpected list found where not expected."),
            "a text for a number": (b'{"Timeout":"many"}', 400, "SerializationException", "STRING_VALUE cannot be converted to"),
        },
    ),
    "restXml": (
        lambda send, body: send("s3", "POST", "/bad-documents?delete", body),
        {
            "truncated": (b"<Delete><Object><Key>a", 400, "MalformedXML", NOT_XML),
            "oversized": (b"<Delete><Object><Key>" + b"x" * (20 * MIB) + b"</Key></Object></Delete>", 400, "EntityTooLarge", "must be smaller than"),
            "nested": (b"<Delete>" * NESTED, 400, "MalformedXML", NOT_XML),
            "nested in an element": (b"<Delete>" + b"<Object>" * 1000 + b"</Object>" * 1000 + b"</Delete>", 400, "MalformedXML", NOT_XML),
            "duplicate": (b"<Delete><Object><Key>first</Key><Key>last</Key></Object></Delete>", 200, None, "<Key>first</Key>"),
            "not UTF-8": (b"<Delete><Object><Key>\xff</Key></Object></Delete>", 400, "MalformedXML", NOT_XML),
            "an element for a text": (b"<Delete><Object><Key><a/></Key></Object></Delete>", 400, "MalformedXML", NOT_XML),
            "a text for an element": (b"<Delete>text</Delete>", 400, "MalformedXML", NOT_XML),
            "another document": (b"<Tagging/>", 400, "MalformedXML", NOT_XML),
            "no XML": (b"not xml", 400, "MalformedXML", NOT_XML),
            "an entity": (b"<!DOCTYPE d [<!ENTITY e 'x'>]><Delete>&e;</Delete>", 400, "MalformedXML", NOT_XML),
        },
    ),
    "query": (
        lambda send, body: send("iam", "POST", "/", b"Version=2010-05-08&" + body, content_type="application/x-www-form-urlencoded"),
        {
            "truncated": (b"Action=GetRole&RoleName=%4", 400, "ValidationError", "Value '%4' at 'roleName'"),
            "oversized": (b"Action=GetRole&RoleName=" + b"x" * (20 * MIB), 413, "RequestEntityTooLarge", "must be smaller than"),
            "nested": (b"Action=CreateRole&Tags" + b".member.1" * NESTED + b"=1", 400, "MalformedQueryString", "Too many parameters"),
            "duplicate": (b"Action=GetRole&RoleName=first&RoleName=last", 404, "NoSuchEntity", "The role with name last cannot be found."),
            "not UTF-8": (b"Action=GetRole&RoleName=%ff", 400, "ValidationError", "Value '\ufffd' at 'roleName'"),
            "a structure for a text": (b"Action=GetRole&RoleName.x=a", 400, "MalformedQueryString", "A structure was found where a value was expected"),
            "a text for a number": (b"Action=ListRoles&MaxItems=many", 400, "MalformedQueryString", "'many' is not a integer"),
        },
    ),
    "rpcv2Cbor": (
        lambda send, body: send(
            "clearsky", "POST", "/service/Clearsky_20261124/operation/ExplainRequest", body, content_type="application/cbor",
            smithy_protocol="rpc-v2-cbor",
        ),
        {
            "truncated": (b"\xa1\x69RequestId\x64ab", 400, "SerializationException", "The CBOR is not well-formed: end of input bytes"),
            "oversized": (b"\xa1\x69RequestId\x7a\x01\x40\x00\x00" + b"x" * (20 * MIB), 413, "RequestEntityTooLargeException", "must be smaller than"),
            "nested": (b"\xa1\x61x" + b"\x81" * 60_000, 400, "SerializationException", "The CBOR is not well-formed"),
            "duplicate": (b"\xa2\x69RequestId\x65first\x69RequestId\x64last", 404, "ResourceNotFoundException", "last"),
            "not UTF-8": (b"\xa1\x69RequestId\x61\xff", 400, "SerializationException", "invalid utf-8"),
            "a number for a text": (b"\xa1\x69RequestId\x01", 400, "SerializationException", "cannot be converted to String"),
            "a list for a map": (b"\x80", 400, "SerializationException", "cannot be converted to Structure"),
        },
    ),
}
KINDS = {"truncated", "oversized", "nested", "duplicate", "not UTF-8"}


@pytest.mark.parametrize("protocol, kind", [(protocol, kind) for protocol, (_, kinds) in DOCUMENTS.items() for kind in kinds])
def test_bad_documents(send, server, protocol, kind):
    call, kinds = DOCUMENTS[protocol]
    body, status, expected, text = kinds[kind]
    if protocol == "restXml":
        send("s3", "PUT", "/bad-documents")
    answer = call(send, body)
    shown = document(answer)
    assert answer.status_code == status, (answer.status_code, shown)
    assert expected is None or code(answer) == expected, shown
    assert text in shown, shown
    assert requests.get(server.url + "/_clearsky/health", timeout=10).status_code == 200


def test_every_kind_of_bad_document_is_tried_in_every_protocol():
    for protocol, (_, kinds) in DOCUMENTS.items():
        assert KINDS <= kinds.keys(), protocol
        assert any(" for a" in kind for kind in kinds), protocol


def cbor(answer):
    parser = RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(answer.content))


def document(answer):
    """What an answer says, as text without escapes."""
    if answer.headers.get("content-type") == "application/cbor":
        return str(cbor(answer))
    return answer.content.decode().replace("&apos;", "'")


def test_unknown_operations(send):
    answer = dynamodb(send, "MakeCoffee", b"{}")
    assert (answer.status_code, code(answer)) == (400, "UnknownOperationException")
    form = "application/x-www-form-urlencoded"
    answer = send("iam", "POST", "/", b"Action=MakeCoffee&Version=2010-05-08", content_type=form)
    assert (answer.status_code, code(answer)) == (400, "InvalidAction")
    answer = send("sts", "POST", "/", b"Action=GetCallerIdentity&Version=1999-01-01", content_type=form)
    assert (answer.status_code, code(answer)) == (400, "InvalidAction") and "for version 1999-01-01" in answer.text
    answer = send("dynamodb", "POST", "/", b"{}", x_amz_target="Other.ListTables", content_type="application/x-amz-json-1.0")
    assert (answer.status_code, code(answer)) == (400, "UnknownOperationException")
    answer = send("lambda", "GET", "/2015-03-31/coffee")
    assert answer.status_code == 404, answer.text
    answer = send("s3", "POST", "/some-bucket")
    assert answer.status_code in (405, 501), answer.text


def test_operations_that_are_not_there_say_so(send):
    answer = dynamodb(send, "CreateBackup", b'{"TableName":"t","BackupName":"b"}')
    assert (answer.status_code, code(answer)) == (501, "NotImplemented") and "CreateBackup" in answer.text


def test_missing_and_out_of_range_members(send):
    answer = dynamodb(send, "DescribeTable", b"{}")
    assert (answer.status_code, code(answer)) == (400, "ValidationException")
    assert "Value null at 'tableName' failed to satisfy constraint: Member must not be null" in answer.text
    answer = dynamodb(send, "ListTables", b'{"Limit":101}')
    assert code(answer) == "ValidationException" and "less than or equal to 100" in answer.text
    answer = send("lambda", "GET", "/2015-03-31/functions?MaxItems=0")
    assert answer.status_code == 400 and "greater than or equal to 1" in answer.text


@pytest.mark.parametrize(
    "head",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nhost: \xff\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nhost: a\r\nauthorization: AWS4-HMAC-SHA256 Credential=x\r\ncontent-length: 0\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nhost: a\r\nauthorization: \xff\xfe\r\ncontent-length: 0\r\n\r\n",
        b"GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%00 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /_clearsky/execute-api HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /_clearsky/execute-api/none/x HTTP/1.1\r\nhost: a\r\n\r\n",
    ],
)
def test_garbage_does_no_harm(server, head):
    host, port = server.listen.split(":")
    with socket.create_connection((host, int(port)), 10) as conn:
        conn.sendall(head)
        answer = conn.recv(4000)
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert requests.get(server.url + "/_clearsky/health", timeout=10).status_code == 200


def test_types_of_errors_have_their_namespaces(send):
    """DynamoDB says whose each error is: its own, or the framework's that all of AWS stands on. Logs says none."""
    coral = "com.amazon.coral"
    for operation, body, expected in [
        ("DescribeTable", b'{"TableName":"not-there"}', "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"),
        ("CreateTable", b"{}", f"{coral}.validate#ValidationException"),
        ("DescribeTable", b"[]", f"{coral}.service#SerializationException"),
        ("MakeCoffee", b"{}", f"{coral}.service#UnknownOperationException"),
    ]:
        assert dynamodb(send, operation, body).json()["__type"] == expected
    missing = send(
        "logs", "POST", "/", b'{"logGroupName":"not-there"}', x_amz_target="Logs_20140328.DescribeLogStreams",
        content_type="application/x-amz-json-1.1",
    )
    assert (missing.status_code, missing.json()["__type"]) == (400, "ResourceNotFoundException")


def test_errors_of_query_say_whose_fault_they_are(send):
    form = "application/x-www-form-urlencoded"
    answer = send("iam", "POST", "/", b"Action=GetRole&Version=2010-05-08&RoleName=not-there", content_type=form)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/xml")
    root = ET.fromstring(answer.content)
    namespace = "{https://iam.amazonaws.com/doc/2010-05-08/}"
    assert root.tag == f"{namespace}ErrorResponse"
    error = {element.tag.removeprefix(namespace): element.text for element in root.iter()}
    assert (error["Type"], error["Code"]) == ("Sender", "NoSuchEntity")
    assert error["RequestId"] == answer.headers["x-amzn-requestid"]


def test_errors_of_rest_json_are_named_by_a_header(send):
    answer = send("lambda", "GET", "/2015-03-31/functions/not-there")
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")
    assert answer.json()["Type"] == "User" and answer.json()["Message"].startswith("Function not found: ")


@pytest.mark.parametrize(
    "operation, body, expected",
    [
        ("ListTables", b'{"ExclusiveStartTableName":"!","Limit":101}', "3 validation errors detected: "
         "Value '!' at 'exclusiveStartTableName' failed to satisfy constraint: Member must satisfy regular expression pattern: "
         "[a-zA-Z0-9_.-]+; Value '!' at 'exclusiveStartTableName' failed to satisfy constraint: Member must have length greater "
         "than or equal to 3; Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"),
        ("ListTables", b'{"Limit":0}', "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: "
         "Member must have value greater than or equal to 1"),
        ("BatchGetItem", b'{"RequestItems":{}}', "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy "
         "constraint: Member must have length greater than or equal to 1"),
        ("BatchWriteItem", b'{"RequestItems":{"abc":[]}}', "1 validation error detected: Value '{abc=[]}' at 'requestItems' failed "
         "to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, "
         "Member must have length greater than or equal to 1]"),
    ],
)
def test_texts_of_broken_constraints(send, operation, body, expected):
    answer = dynamodb(send, operation, body)
    assert (answer.status_code, code(answer)) == (400, "ValidationException")
    assert answer.json()["message"].startswith(expected), answer.text


def test_texts_of_broken_constraints_elsewhere(send):
    json = "application/json"
    body = b'{"Environment":{"Variables":{"1":"secret"}}}'
    answer = send("lambda", "PUT", "/2015-03-31/functions/any/configuration", body, content_type=json)
    assert answer.json()["message"] == (
        "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy "
        "constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
    )
    answer = send("lambda", "PUT", "/2015-03-31/functions/any/code", b'{"Architectures":["m68k"]}', content_type=json)
    assert answer.json()["message"] == (
        "1 validation error detected: Value '[m68k]' at 'architectures' failed to satisfy constraint: Member must satisfy "
        "constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
    )
