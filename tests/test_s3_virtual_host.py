"""S3 by virtual host: the bucket is the host's first part."""
import subprocess
import urllib.parse

import boto3
import pytest
import requests
import urllib3.util.connection
from botocore.config import Config
from botocore.exceptions import ClientError

from server import KEY, REGION, SECRET


@pytest.fixture(autouse=True)
def resolver(monkeypatch):
    """Every name is this machine, whatever its resolver thinks of names below localhost."""
    create = urllib3.util.connection.create_connection
    connect = lambda address, *rest, **more: create(("127.0.0.1", address[1]), *rest, **more)
    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)


@pytest.fixture(params=["s3.localhost", "localhost", "s3.eu-west-1.cloud.test"])
def s3(request, server):
    port = urllib.parse.urlsplit(server.url).port
    return boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=f"http://{request.param}:{port}",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(s3={"addressing_style": "virtual"}, retries={"total_max_attempts": 1, "mode": "standard"}),
    )


def hosts_of(s3):
    """The hosts that a client's requests go to, as they go."""
    seen = []
    s3.meta.events.register("before-send.s3", lambda request, **_: seen.append(urllib.parse.urlsplit(request.url).hostname))
    return seen


@pytest.mark.parametrize("bucket", ["plain-vhost", "my.dotted.vhost", "lambda", "dynamodb"])
def test_a_bucket_lives_and_dies_by_its_host(s3, bucket):
    hosts = hosts_of(s3)
    s3.create_bucket(Bucket=bucket)
    key = "a key/ö+&=.txt"
    s3.put_object(Bucket=bucket, Key=key, Body=b"by host", Metadata={"m": "1"})
    got = s3.get_object(Bucket=bucket, Key=key)
    assert (got["Body"].read(), got["Metadata"]) == (b"by host", {"m": "1"})
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key, "copy"]
    assert bucket in [found["Name"] for found in s3.list_buckets()["Buckets"]]
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
    assert len(deleted["Deleted"]) == 2
    with pytest.raises(ClientError) as missing:
        s3.get_object(Bucket=bucket, Key=key)
    assert missing.value.response["Error"]["Code"] == "NoSuchKey"
    s3.delete_bucket(Bucket=bucket)
    assert sum(host.startswith(f"{bucket}.") for host in hosts) >= 7, hosts


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls_hold_for_their_host(server, s3, version):
    bucket = "presigned-vhost"
    client = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=s3.meta.endpoint_url,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(signature_version=version, s3={"addressing_style": "virtual"}),
    )
    s3.create_bucket(Bucket=bucket)
    parameters = {"Bucket": bucket, "Key": "k 1.txt"}
    put, get = (client.generate_presigned_url(name, parameters, 60) for name in ("put_object", "get_object"))
    assert urllib.parse.urlsplit(put).hostname.startswith(f"{bucket}.")
    assert requests.put(put, data=b"signed", timeout=10).status_code == 200
    assert requests.get(get, timeout=10).content == b"signed"
    elsewhere = requests.get(get.replace(f"{bucket}.", "other-vhost."), timeout=10)
    assert elsewhere.status_code == 403 and "<Code>SignatureDoesNotMatch</Code>" in elsewhere.text
    s3.delete_object(**parameters)
    s3.delete_bucket(Bucket=bucket)


def test_errors_name_the_whole_resource(server, s3):
    url = urllib.parse.urlsplit(s3.meta.endpoint_url)
    answer = requests.get(f"http://nobodys-vhost.{url.netloc}/k", timeout=10)
    assert answer.status_code == 403 and "<Resource>/nobodys-vhost/k</Resource>" in answer.text


def test_curl_signs_for_the_bucket_in_the_host(server, client):
    client("s3").create_bucket(Bucket="curl-vhost")
    port = urllib.parse.urlsplit(server.url).port
    host = f"curl-vhost.s3.localhost:{port}"
    command = ["curl", "-sS", "--resolve", f"curl-vhost.s3.localhost:{port}:127.0.0.1", "--aws-sigv4", f"aws:amz:{REGION}:s3"]
    command += ["--user", f"{KEY}:{SECRET}"]
    sent = subprocess.run([*command, "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "-X", "PUT", "--data-binary", "@-", f"http://{host}/k"], input=b"curled", capture_output=True)
    assert client("s3").get_object(Bucket="curl-vhost", Key="k")["Body"].read() == b"curled", sent
