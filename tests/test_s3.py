"""S3 by boto3, the aws-cli and plain HTTP."""
import hashlib
import io
import os

import pytest
import requests
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

MB = 1024 * 1024


@pytest.fixture(scope="module")
def s3(client):
    return client("s3")


@pytest.fixture
def bucket(s3, request):
    name = "b-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    s3.create_bucket(Bucket=name)
    yield name
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for found in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=found["Key"])
    s3.delete_bucket(Bucket=name)


def refusal(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    answer = refused.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_objects_come_back_as_they_went(s3, bucket):
    body = os.urandom(100_000)
    put = s3.put_object(
        Bucket=bucket, Key="a/b c+ü.bin", Body=body, ContentType="image/png", CacheControl="no-cache",
        ContentDisposition="inline", Metadata={"who": "me"},
    )
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="a/b c+ü.bin", ChecksumMode="ENABLED")
    assert got["Body"].read() == body
    assert (got["ContentType"], got["CacheControl"], got["ContentDisposition"]) == ("image/png", "no-cache", "inline")
    assert (got["Metadata"], got["ContentLength"], got["ChecksumCRC32"]) == ({"who": "me"}, len(body), put["ChecksumCRC32"])
    head = s3.head_object(Bucket=bucket, Key="a/b c+ü.bin")
    assert (head["ETag"], head["ContentLength"]) == (put["ETag"], len(body))
    s3.delete_object(Bucket=bucket, Key="a/b c+ü.bin")
    assert refusal(s3.get_object, Bucket=bucket, Key="a/b c+ü.bin") == ("NoSuchKey", 404)
    assert refusal(s3.head_object, Bucket=bucket, Key="a/b c+ü.bin") == ("404", 404)


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"])
def test_checksums_are_verified_and_returned(s3, bucket, algorithm):
    if algorithm in ("CRC32C", "CRC64NVME"):
        pytest.importorskip("awscrt", reason=f"boto3 computes {algorithm} with awscrt only")
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"checked", ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    assert got["Body"].read() == b"checked"


def test_a_wrong_checksum_or_digest_stores_nothing(s3, bucket):
    wrong = {"ChecksumCRC32": "AAAAAA=="}
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"x", **wrong) == ("BadDigest", 400)
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==") == ("BadDigest", 400)
    assert refusal(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)


@pytest.mark.parametrize(
    "asked, got, header",
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=5-100", b"56789", "bytes 5-9/10"),
    ],
)
def test_ranges(s3, bucket, asked, got, header):
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    answer = s3.get_object(Bucket=bucket, Key="digits", Range=asked)
    assert (answer["Body"].read(), answer["ContentRange"]) == (got, header)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_range_behind_the_end_is_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    assert refusal(s3.get_object, Bucket=bucket, Key="digits", Range="bytes=10-") == ("InvalidRange", 416)


def test_listing_with_prefix_delimiter_and_pages(s3, bucket):
    keys = sorted(["a.txt", "b/1", "b/2", "b/c/3", "d/4", "z"])
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    top = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [o["Key"] for o in top["Contents"]] == ["a.txt", "z"]
    assert [p["Prefix"] for p in top["CommonPrefixes"]] == ["b/", "d/"]
    inside = s3.list_objects_v2(Bucket=bucket, Prefix="b/", Delimiter="/")
    assert [o["Key"] for o in inside["Contents"]] == ["b/1", "b/2"]
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2}))
    assert [o["Key"] for page in pages for o in page["Contents"]] == keys
    assert [page["KeyCount"] for page in pages] == [2, 2, 2]
    after = s3.list_objects_v2(Bucket=bucket, StartAfter="b/2")
    assert [o["Key"] for o in after["Contents"]] == ["b/c/3", "d/4", "z"]


def test_buckets(s3, bucket):
    assert bucket in [b["Name"] for b in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert refusal(s3.head_bucket, Bucket="absent-bucket") == ("404", 404)
    assert refusal(s3.list_objects_v2, Bucket="absent-bucket") == ("NoSuchBucket", 404)
    assert refusal(s3.create_bucket, Bucket="Bad_Name") == ("InvalidBucketName", 400)
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert refusal(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)


def test_conditional_requests(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert refusal(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag) == ("304", 304)
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag)["Body"].read() == b"1"
    assert refusal(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"') == ("PreconditionFailed", 412)


def test_multipart_uploads_are_refused_by_name(s3, bucket):
    assert refusal(s3.create_multipart_upload, Bucket=bucket, Key="k") == ("NotImplemented", 501)
    part = {"Bucket": bucket, "Key": "k", "UploadId": "u", "PartNumber": 1, "Body": b"x"}
    assert refusal(s3.upload_part, **part) == ("NotImplemented", 501)
    assert refusal(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)


def test_what_a_presigned_query_carries_counts_as_headers(s3, bucket):
    parameters = {"Bucket": bucket, "Key": "k", "Metadata": {"who": "me"}}
    url = s3.generate_presigned_url("put_object", parameters, 60)
    headers = {} if "x-amz-meta-who" in url.split("?")[1].split("SignedHeaders")[0] else {"x-amz-meta-who": "me"}
    assert requests.put(url, data=b"x", headers=headers, timeout=10).status_code == 200
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {"who": "me"}


def resident_bytes(server):
    """The most memory that the server has had."""
    status = open(f"/proc/{server.process.pid}/status").read()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


def test_50_mb_by_presigned_urls_stay_out_of_memory(server, s3, bucket):
    body = os.urandom(MB) * 50
    before = resident_bytes(server)
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "large"}, 60)
    assert requests.put(put, data=io.BytesIO(body), timeout=60).status_code == 200
    get = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "large"}, 60)
    digest = hashlib.md5()
    with requests.get(get, stream=True, timeout=60) as answer:
        for chunk in answer.iter_content(MB):
            digest.update(chunk)
    assert digest.hexdigest() == hashlib.md5(body).hexdigest()
    assert resident_bytes(server) - before < 25 * MB


def test_expect_100_continue_is_answered_before_the_body(server, s3, bucket):
    import socket
    from urllib.parse import urlsplit

    url = urlsplit(s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "asked"}, 60))
    with socket.create_connection((url.hostname, url.port), 10) as conn:
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nhost: {url.netloc}\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n"
        conn.sendall(head.encode())
        assert conn.recv(1000).startswith(b"HTTP/1.1 100")
        conn.sendall(b"hello")
        assert conn.recv(1000).startswith(b"HTTP/1.1 200")
    assert s3.get_object(Bucket=bucket, Key="asked")["Body"].read() == b"hello"


def test_a_body_cut_short_leaves_no_object(server, s3, bucket):
    import socket
    from urllib.parse import urlsplit

    url = urlsplit(s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "half"}, 60))
    with socket.create_connection((url.hostname, url.port), 10) as conn:
        conn.sendall(f"PUT {url.path}?{url.query} HTTP/1.1\r\nhost: {url.netloc}\r\ncontent-length: 500\r\n\r\nonly".encode())
    assert refusal(s3.head_object, Bucket=bucket, Key="half") == ("404", 404)


def test_streams_of_unknown_length_go_out_in_chunks(s3, bucket):
    body = os.urandom(300_000)
    s3.upload_fileobj(io.BytesIO(body), bucket, "streamed", Config=TransferConfig(use_threads=False))
    out = io.BytesIO()
    s3.download_fileobj(bucket, "streamed", out)
    assert out.getvalue() == body


def test_the_cli_copies_and_lists(aws, server, bucket, tmp_path):
    file, back = tmp_path / "f.txt", tmp_path / "back.txt"
    file.write_text("by the cli")
    endpoint = ("--endpoint-url", server.url)
    aws(*endpoint, "s3", "cp", file, f"s3://{bucket}/dir/f.txt")
    assert "dir/" in aws(*endpoint, "s3", "ls", f"s3://{bucket}").stdout
    aws(*endpoint, "s3", "cp", f"s3://{bucket}/dir/f.txt", back)
    assert back.read_text() == "by the cli"
    aws(*endpoint, "s3", "rm", f"s3://{bucket}/dir/f.txt")
    assert aws(*endpoint, "s3", "ls", f"s3://{bucket}", check=False).stdout == ""
