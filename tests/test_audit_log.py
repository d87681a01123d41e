"""`--audit-log`: a record for each request that changed something or was denied."""
import json
import subprocess

import pytest
import requests
from botocore.exceptions import ClientError

from conftest import client_of
from server import ACCOUNT, BINARY, KEY, SECRET, Server, wait_until
from test_auth import assume


@pytest.fixture
def own(tmp_path):
    """A server that writes its records to a file, and what they are."""
    server = Server(tmp_path / "data", "--audit-log", tmp_path / "audit.log")

    def records():
        return [json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines()]

    server.records = records
    server.audit_log = tmp_path / "audit.log"
    yield server
    if server.process.poll() is None:
        assert server.stop() == 0


def test_changes_and_denials_are_recorded_and_reads_are_not(own):
    s3 = client_of(own, "s3")
    made = s3.create_bucket(Bucket="recorded")
    s3.put_object(Bucket="recorded", Key="k", Body=b"the body")
    s3.get_object(Bucket="recorded", Key="k")
    s3.list_buckets()
    session = assume(lambda service: client_of(own, service), "reader", ["s3:GetObject"], "*")
    denied = client_of(own, "s3", **session)
    with pytest.raises(ClientError):
        denied.delete_object(Bucket="recorded", Key="k")
    with pytest.raises(ClientError):
        client_of(own, "dynamodb", key="AKIANOBODY").list_tables()
    url = s3.generate_presigned_url("put_object", {"Bucket": "recorded", "Key": "presigned"}, 60)
    requests.put(url, data=b"x", timeout=10)
    assert own.stop() == 0

    records = own.records()
    names = [record["eventName"] for record in records]
    assert names == ["CreateBucket", "PutObject", "CreateRole", "PutRolePolicy", "DeleteObject", "ListTables", "PutObject"], names
    created = records[0]
    assert created["requestID"] == made["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    root = {"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT, "accessKeyId": KEY}
    assert created["userIdentity"] == root
    assert (created["eventSource"], created["sourceIPAddress"], created["awsRegion"]) == ("s3.amazonaws.com", "127.0.0.1", "us-east-1")
    assert created["eventTime"].endswith("Z") and "Boto3" in created["userAgent"] and not created["readOnly"]
    assert created["resources"] == [{"ARN": "arn:aws:s3:::recorded"}]
    refused = records[4]
    assert refused["errorCode"] == "AccessDenied" and "is not authorized to perform: s3:DeleteObject" in refused["errorMessage"]
    assert refused["readOnly"] and refused["userIdentity"]["type"] == "AssumedRole"
    assert refused["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{ACCOUNT}:role/reader"
    unknown = records[5]
    assert (unknown["errorCode"], unknown["userIdentity"]["type"]) == ("UnrecognizedClientException", "Unknown")
    text = own.audit_log.read_text()
    assert not any(secret in text for secret in (SECRET, session["secret"], session["token"], "X-Amz-Signature", "the body"))
    assert own.audit_log.stat().st_mode & 0o777 == 0o600


def test_standard_output_and_a_rotated_file(own, tmp_path):
    client_of(own, "s3").create_bucket(Bucket="one")
    wait_until("a record", lambda: own.records())
    own.audit_log.rename(tmp_path / "audit.1")
    client_of(own, "s3").create_bucket(Bucket="two")
    wait_until("a record in a new file", lambda: own.audit_log.exists() and own.records())
    assert [record["resources"][0]["ARN"] for record in own.records()] == ["arn:aws:s3:::two"]
    assert own.stop() == 0
    server = Server(own.data_dir, "--audit-log", "-")
    client_of(server, "s3").create_bucket(Bucket="three")
    line = server.process.stdout.readline()
    assert server.stop() == 0
    assert json.loads(line)["resources"] == [{"ARN": "arn:aws:s3:::three"}]


def test_a_full_disk_does_not_take_the_server_down(tmp_path):
    server = Server(tmp_path / "data", "--audit-log", "/dev/full")
    for n in range(3):
        client_of(server, "s3").create_bucket(Bucket=f"full-{n}")
    assert len(client_of(server, "s3").list_buckets()["Buckets"]) == 3
    assert server.stop() == 0
    assert "audit records were lost: No space left on device" in open(server.log.name).read()


def test_a_file_that_cannot_be_opened_is_told_at_the_start(tmp_path):
    arguments = [BINARY, "serve", "--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0", "--audit-log", tmp_path / "none" / "audit.log"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "--audit-log" in done.stderr and "No such file or directory" in done.stderr
