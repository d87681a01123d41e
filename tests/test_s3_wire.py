"""S3 by bytes on the wire: what SDKs hide, and what clients other than boto3 send."""
import base64
import contextlib
import datetime
import hashlib
import hmac
import http.client
import os
import socket
import threading
import xml.etree.ElementTree as ET
import zlib
from urllib.parse import quote, unquote_to_bytes, urlsplit

import pytest
import requests
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError

from server import KEY, REGION, SECRET

EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.fixture(scope="module")
def s3(client):
    s3 = client("s3")
    s3.create_bucket(Bucket="on-the-wire")
    return s3


def crc32(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


class Signature:
    """The SigV4 chain of one request."""

    def __init__(self, method, path, host, headers, payload):
        self.at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.at[:8]}/{REGION}/s3/aws4_request"
        self.headers = {"host": host, "x-amz-date": self.at, "x-amz-content-sha256": payload} | headers
        self.key = f"AWS4{SECRET}".encode()
        for part in self.scope.split("/"):
            self.key = hmac.new(self.key, part.encode(), hashlib.sha256).digest()
        path, _, query = path.partition("?")
        names = sorted(self.headers)
        lines = [f"{name}:{self.headers[name]}" for name in names]
        path = quote(unquote_to_bytes(path), safe="/-._~")
        query = "&".join(sorted(pair if "=" in pair else f"{pair}=" for pair in query.split("&") if pair))
        request = "\n".join([method, path, query, *lines, "", ";".join(names), payload])
        self.previous = self.sign(f"AWS4-HMAC-SHA256\n{self.at}\n{self.scope}\n{hashlib.sha256(request.encode()).hexdigest()}")
        self.headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={KEY}/{self.scope}, SignedHeaders={';'.join(names)}, Signature={self.previous}"
        )

    def sign(self, text):
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()

    def link(self, kind, hashes):
        self.previous = self.sign(f"AWS4-HMAC-SHA256-{kind}\n{self.at}\n{self.scope}\n{self.previous}\n{hashes}")
        return self.previous

    def chunks(self, parts, trailer=None):
        for part in [*parts, b""]:
            signature = self.link("PAYLOAD", f"{EMPTY}\n{hashlib.sha256(part).hexdigest()}")
            yield f"{len(part):x};chunk-signature={signature}\r\n".encode() + part + (b"\r\n" if part else b"")
        if trailer:
            signature = self.link("TRAILER", hashlib.sha256(f"{trailer}\n".encode()).hexdigest())
            yield f"{trailer}\r\nx-amz-trailer-signature:{signature}\r\n".encode()
        yield b"\r\n"


def send(server, method, path, headers=None, body=b"", payload=None, length=True):
    """Status, headers and body of one signed request; the body may be made from its signature."""
    signature = Signature(method, path, urlsplit(server.url).netloc, headers or {}, payload or hashlib.sha256(body).hexdigest())
    body = body(signature) if callable(body) else body
    url = urlsplit(server.url)
    head = signature.headers | ({"content-length": str(len(body))} if length else {})
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    with socket.create_connection((url.hostname, url.port), 10) as conn:
        conn.sendall(f"{method} {path} HTTP/1.1\r\n{lines}connection: close\r\n\r\n".encode() + body)
        answer = http.client.HTTPResponse(conn, method=method)
        answer.begin()
        return answer.status, answer.headers, answer.read()


def code(answer):
    status, _, body = answer
    found = body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()
    return f"{status} {found}".strip()


PARTS = [b"a" * 65536, b"b" * 1000]
WHOLE = b"".join(PARTS)


def streamed(server, trailer=None, tamper=lambda body: body, **headers):
    mode = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    sent = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(WHOLE))} | headers
    if trailer:
        sent["x-amz-trailer"] = trailer.split(":")[0]
    sent = {name: value for name, value in sent.items() if value is not None}
    body = lambda signature: tamper(b"".join(signature.chunks(PARTS, trailer)))
    return send(server, "PUT", "/on-the-wire/streamed", sent, body, mode)


def test_signed_chunks(server, s3):
    assert code(streamed(server)) == "200"
    got = s3.get_object(Bucket="on-the-wire", Key="streamed")
    assert got["Body"].read() == WHOLE and "ContentEncoding" not in got
    assert code(streamed(server, tamper=lambda body: body.replace(b"bbb", b"bbc", 1))) == "403 SignatureDoesNotMatch"
    assert code(streamed(server, **{"x-amz-decoded-content-length": "5"})) == "400 IncompleteBody"
    assert code(streamed(server, **{"x-amz-decoded-content-length": None})) == "411 MissingContentLength"


def test_signed_trailers(server, s3):
    trailer = f"x-amz-checksum-crc32:{crc32(WHOLE)}"
    assert code(streamed(server, trailer)) == "200"
    got = s3.get_object(Bucket="on-the-wire", Key="streamed", ChecksumMode="ENABLED")
    assert got["Body"].read() == WHOLE and got["ChecksumCRC32"] == crc32(WHOLE)
    assert code(streamed(server, "x-amz-checksum-crc32:AAAAAA==")) == "400 BadDigest"
    tampered = lambda body: body.replace(crc32(WHOLE).encode(), b"AAAAAA==")
    assert code(streamed(server, trailer, tampered)) == "403 SignatureDoesNotMatch"


def test_a_body_says_how_long_it_is(server, s3):
    chunked = {"transfer-encoding": "chunked"}
    answer = send(server, "PUT", "/on-the-wire/k", chunked, b"1\r\nx\r\n0\r\n\r\n", "UNSIGNED-PAYLOAD", length=False)
    assert code(answer) == "411 MissingContentLength"
    assert code(send(server, "PUT", "/on-the-wire/k", length=False)) == "411 MissingContentLength"


def test_an_unchanged_object_is_no_document(server, s3):
    etag = s3.put_object(Bucket="on-the-wire", Key="same", Body=b"x", ContentType="text/plain")["ETag"]
    status, headers, body = send(server, "GET", "/on-the-wire/same", {"if-none-match": etag})
    assert (status, headers["etag"], headers["content-type"], body) == (304, etag, None, b"")


@pytest.mark.parametrize("key", ["/first", "a//b", "a/../b", "a%2Fb", "a+b", "é", "e\u0301", "~!*'()", "tab\t", "<&>"])
def test_keys_are_what_they_are(server, s3, key):
    path = f"/on-the-wire/{quote(key, safe='')}"
    assert code(send(server, "PUT", path, {}, key.encode())) == "200"
    assert send(server, "GET", path)[2] == key.encode()
    listed = s3.list_objects_v2(Bucket="on-the-wire", Prefix=key)
    assert [found["Key"] for found in listed["Contents"]] == [key]


def test_what_a_presigned_query_claims_of_a_checksum_is_not_looked_at(server, s3):
    """The JavaScript SDK presigns with the checksum of the body that it does not have yet."""
    url = f"{server.url}/on-the-wire/unseen?x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32"
    request = AWSRequest("PUT", url)
    S3SigV4QueryAuth(Credentials(KEY, SECRET), "s3", REGION, 60).add_auth(request)
    assert requests.put(request.url, data=b"the body", timeout=10).status_code == 200
    assert s3.get_object(Bucket="on-the-wire", Key="unseen")["Body"].read() == b"the body"


def test_version_2_signs_the_path_of_a_bucket_with_a_slash(client, s3):
    """And of nothing else: `k/` is another key than `k`."""
    v2 = client("s3", signature_version="s3")
    s3.put_object(Bucket="on-the-wire", Key="k", Body=b"x")
    listing = v2.generate_presigned_url("list_objects_v2", {"Bucket": "on-the-wire", "Prefix": "k"}, 60)
    assert b"<Key>k</Key>" in requests.get(listing, timeout=10).content
    other = v2.generate_presigned_url("get_object", {"Bucket": "on-the-wire", "Key": "k/"}, 60)
    assert requests.get(other, timeout=10).status_code == 404
    assert requests.get(other.replace("/k/?", "/k?"), timeout=10).status_code == 403


def test_methods_that_a_resource_does_not_have(server, s3):
    for method, path in [("PUT", "/"), ("POST", "/on-the-wire"), ("PATCH", "/on-the-wire/k")]:
        answer = send(server, method, path)
        assert code(answer) == "405 MethodNotAllowed"
        assert b"<Message>The specified method is not allowed against this resource.</Message>" in answer[2]


def test_an_empty_authorization_is_none(server, s3):
    answer = requests.get(f"{server.url}/on-the-wire", headers={"authorization": ""}, timeout=10)
    assert (answer.status_code, b"<Code>AccessDenied</Code>" in answer.content) == (403, True)


def test_a_reader_gets_one_of_the_objects_that_replace_each_other(server, s3):
    bodies = [bytes([n]) * 2000 for n in range(8)]
    s3.put_object(Bucket="on-the-wire", Key="hot", Body=bodies[0])
    done = threading.Event()

    def replace():
        for _ in range(10):
            for body in bodies:
                s3.put_object(Bucket="on-the-wire", Key="hot", Body=body)
        done.set()

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        while not done.is_set():
            assert s3.get_object(Bucket="on-the-wire", Key="hot")["Body"].read() in bodies
            s3.copy_object(Bucket="on-the-wire", Key="cold", CopySource="on-the-wire/hot")
    finally:
        writer.join()


def test_an_error_of_head_is_its_status_and_headers(server, s3):
    for path, expected in [("/on-the-wire/not-there", 404), ("/no-such-bucket-here", 404), ("/on-the-wire/a?versionId=x", 400)]:
        status, headers, body = send(server, "HEAD", path)
        assert (status, body, headers["content-type"]) == (expected, b"", "application/xml"), path
        assert headers["x-amz-request-id"] and headers["x-amz-id-2"]
        assert headers["content-length"] is None and headers["transfer-encoding"] is None
    with pytest.raises(ClientError) as missing:
        s3.head_object(Bucket="on-the-wire", Key="not-there")
    assert missing.value.response["Error"] == {"Code": "404", "Message": "Not Found"}


def test_after_an_error_of_head_the_connection_goes_on(server, s3):
    with contextlib.closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)) as connection:
        for method, path, expected in [("HEAD", "/on-the-wire/not-there", 404), ("GET", "/on-the-wire/not-there", 404)]:
            head = Signature(method, path, urlsplit(server.url).netloc, {}, EMPTY).headers
            connection.request(method, path, headers=head)
            answer = connection.getresponse()
            assert answer.status == expected and (b"NoSuchKey" in answer.read()) == (method == "GET")


def test_an_error_names_its_resource_and_request(server, s3):
    status, headers, body = send(server, "GET", "/on-the-wire/a%20b/not&there")
    assert (status, headers["content-type"]) == (404, "application/xml")
    error = {element.tag: element.text for element in ET.fromstring(body)}
    assert (error["Code"], error["Key"], error["Resource"]) == ("NoSuchKey", "a b/not&there", "/on-the-wire/a%20b/not&there")
    assert (error["RequestId"], error["HostId"]) == (headers["x-amz-request-id"], headers["x-amz-id-2"])


def test_a_body_that_breaks_off_is_never_a_short_success(server, s3, data_dir):
    size = 9_123_457
    s3.put_object(Bucket="on-the-wire", Key="breaks-off", Body=bytes(size))
    (stored,) = [path for path in (data_dir / "blobs").rglob("*") if path.is_file() and path.stat().st_size == size]
    os.truncate(stored, size - 1)
    with pytest.raises(http.client.IncompleteRead):
        send(server, "GET", "/on-the-wire/breaks-off")
    with pytest.raises((ResponseStreamingError, IncompleteReadError)):
        s3.get_object(Bucket="on-the-wire", Key="breaks-off")["Body"].read()
    s3.delete_object(Bucket="on-the-wire", Key="breaks-off")
    assert send(server, "GET", "/on-the-wire/breaks-off")[0] == 404
