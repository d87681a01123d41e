"""Bad input gets AWS's error, and the server goes on."""
import socket
import xml.etree.ElementTree as ET

import pytest
import requests
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

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
    if "x-amzn-errortype" in answer.headers:
        return answer.headers["x-amzn-errortype"]
    if answer.text.startswith("{"):
        return answer.json()["__type"].split("#")[-1]
    for element in ET.fromstring(answer.text).iter():
        if element.tag.split("}")[-1] == "Code":
            return element.text
    raise AssertionError(answer.text)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"TableName":5}', b'{"TableName":"\xff"}', b"null", b'{"TableName":"abc"} x', b"\x00" * 100]
)
def test_malformed_json(send, body):
    answer = dynamodb(send, "DescribeTable", body)
    assert (answer.status_code, code(answer)) == (400, "SerializationException"), answer.text


def test_json_nested_without_end(send):
    answer = dynamodb(send, "PutItem", b'{"TableName":"t","Item":{"a":' + b'{"L":[' * 5000)
    assert answer.status_code == 400, answer.text


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


def test_oversized_bodies(send):
    answer = dynamodb(send, "PutItem", b'{"TableName":"' + b"x" * (20 * 1024 * 1024) + b'"}')
    assert answer.status_code in (400, 413), answer.text[:200]


def test_malformed_xml(send):
    send("s3", "PUT", "/malformed-xml")
    for body in (b"<Delete>", b"<!DOCTYPE d [<!ENTITY e 'x'>]><Delete>&e;</Delete>", b"not xml"):
        answer = send("s3", "POST", "/malformed-xml?delete", body)
        assert (answer.status_code, code(answer)) == (400, "MalformedXML"), answer.text


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
