"""`clearsky explain`: why a request was answered as it was."""
import subprocess

import pytest
from botocore.exceptions import ClientError

from conftest import client_of
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
