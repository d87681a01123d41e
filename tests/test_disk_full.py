"""A data directory that runs out of space: writes are refused with a clear text, reads go on, writes come back."""
import os
import subprocess

import pytest
from botocore.exceptions import ClientError

from conftest import client_of
from server import Server

MIB = 1024 * 1024
# Bodies are refused below 512 MiB of free space, records below 256 MiB.
DISK = 700 * MIB
NO_BODIES, NO_RECORDS = 250 * MIB, 500 * MIB


@pytest.fixture
def disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", place]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("a full disk (server): mounting a tmpfs takes root")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk, size):
    with open(disk / "ballast", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer = error.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert answer["Error"]["Code"] == "ServiceUnavailable"
    assert "out of space" in answer["Error"]["Message"]


def test_a_full_disk_refuses_writes_and_the_server_survives(disk):
    server = Server(disk / "data")
    try:
        s3, dynamodb = client_of(server, "s3"), client_of(server, "dynamodb")
        s3.create_bucket(Bucket="full")
        s3.put_object(Bucket="full", Key="before", Body=b"kept")
        dynamodb.create_table(
            TableName="full",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        put = lambda pk: dict(TableName="full", Item={"pk": {"S": pk}, "text": {"S": "x" * 1000}})
        get = lambda pk: dynamodb.get_item(TableName="full", Key={"pk": {"S": pk}}).get("Item")
        dynamodb.put_item(**put("before"))

        fill(disk, NO_BODIES)
        refused(s3.put_object, Bucket="full", Key="no-body", Body=b"x" * 100_000)
        dynamodb.put_item(**put("between"))

        fill(disk, NO_RECORDS)
        refused(s3.put_object, Bucket="full", Key="nothing", Body=b"")
        refused(dynamodb.put_item, **put("nothing"))
        assert s3.get_object(Bucket="full", Key="before")["Body"].read() == b"kept"
        assert get("before") and get("between") and not get("nothing")

        (disk / "ballast").unlink()
        s3.put_object(Bucket="full", Key="after", Body=b"again")
        dynamodb.put_item(**put("after"))
        assert [row["Key"] for row in s3.list_objects_v2(Bucket="full")["Contents"]] == ["after", "before"]
        assert get("after") and server.process.poll() is None
        assert server.stop() == 0
        server.start()
        assert get("after") and get("between")
    finally:
        server.kill()
