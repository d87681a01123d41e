"""Every request is verified: good signatures in every form pass, anything else gets the service's own error."""
import datetime
import json
import shutil
import socket
import subprocess
import time

import pytest
import requests
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from conftest import client_of
from server import ACCOUNT, KEY, REGION, SECRET


def code_of(call, *arguments, **parameters):
    with pytest.raises(ClientError) as refused:
        call(*arguments, **parameters)
    return refused.value.response["Error"]["Code"], refused.value.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture(scope="module")
def bucket(client):
    client("s3").create_bucket(Bucket="auth-tests")
    return "auth-tests"


@pytest.mark.parametrize(
    "service, operation, unknown_key, wrong_secret",
    [
        ("sts", "get_caller_identity", ("InvalidClientTokenId", 403), ("SignatureDoesNotMatch", 403)),
        ("dynamodb", "list_tables", ("UnrecognizedClientException", 400), ("InvalidSignatureException", 400)),
        ("lambda", "list_functions", ("UnrecognizedClientException", 403), ("InvalidSignatureException", 403)),
        ("s3", "list_buckets", ("InvalidAccessKeyId", 403), ("SignatureDoesNotMatch", 403)),
    ],
)
def test_a_wrong_key_or_secret_gets_the_services_own_error(server, service, operation, unknown_key, wrong_secret):
    assert code_of(getattr(client_of(server, service, key="AKIANOBODY"), operation)) == unknown_key
    assert code_of(getattr(client_of(server, service, secret="wrong"), operation)) == wrong_secret


@pytest.mark.parametrize(
    "service, action, code",
    [
        ("sts", "Action=GetCallerIdentity&Version=2011-06-15", "MissingAuthenticationToken"),
        ("dynamodb", "{}", "MissingAuthenticationTokenException"),
    ],
)
def test_unsigned_requests_are_refused(server, service, action, code):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    query = ""
    if service == "dynamodb":
        headers = {"x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0"}
    else:
        query, action = f"/?{action}", ""
    answer = requests.post(server.url + query, data=action, headers=headers, timeout=10)
    assert answer.status_code in (400, 403) and code in answer.text


def test_an_anonymous_object_request_is_denied(server, bucket):
    answer = requests.get(f"{server.url}/{bucket}/secret", timeout=10)
    assert answer.status_code == 403 and "<Code>AccessDenied</Code>" in answer.text


def test_clock_skew_of_more_than_15_minutes_is_refused(server):
    def asked(minutes):
        request = AWSRequest("GET", server.url + "/", headers={})
        auth = S3SigV4Auth(Credentials(KEY, SECRET), "s3", REGION)
        moment = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%SZ")
        request.context["timestamp"] = moment
        request.headers["X-Amz-Date"] = moment
        auth._modify_request_before_signing(request)
        canonical = auth.canonical_request(request)
        signature = auth.signature(auth.string_to_sign(request, canonical), request)
        auth._inject_signature_to_request(request, signature)
        return requests.get(server.url + "/", headers=dict(request.headers), timeout=10)

    assert asked(0).status_code == 200
    assert asked(-14).status_code == 200
    for minutes in (-16, 16):
        answer = asked(minutes)
        assert answer.status_code == 403 and "RequestTimeTooSkewed" in answer.text


def test_a_body_that_is_not_the_signed_one_is_refused(server, bucket):
    request = AWSRequest("PUT", f"{server.url}/{bucket}/swapped", data=b"signed", headers={})
    S3SigV4Auth(Credentials(KEY, SECRET), "s3", REGION).add_auth(request)
    answer = requests.put(request.url, data=b"forged", headers=dict(request.headers), timeout=10)
    assert answer.status_code == 400 and "XAmzContentSHA256Mismatch" in answer.text
    assert code_of(client_of(server, "s3").head_object, Bucket=bucket, Key="swapped") == ("404", 404)


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls_put_and_get(server, bucket, version):
    s3 = client_of(server, "s3", signature_version=version)
    key, body = f"presigned {version}/ö+.bin", b"x" * 1000
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": key, "ContentType": "image/jpeg"}, 60)
    assert ("X-Amz-Signature" in put) == (version == "s3v4")
    assert requests.put(put, data=body, headers={"content-type": "image/jpeg"}, timeout=10).status_code == 200
    parameters = {"Bucket": bucket, "Key": key, "ResponseContentType": "text/x-test"}
    got = requests.get(s3.generate_presigned_url("get_object", parameters, 60), timeout=10)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, body, "text/x-test")
    if version == "s3v4":  # Version 2 as boto3 makes it carries the type in the query.
        other = requests.put(put, data=body, headers={"content-type": "text/plain"}, timeout=10)
        assert other.status_code == 403 and "SignatureDoesNotMatch" in other.text


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls_expire(server, bucket, version):
    s3 = client_of(server, "s3", signature_version=version)
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "any"}, 1)
    time.sleep(2.1)
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 403 and "<Code>AccessDenied</Code>" in answer.text and "expired" in answer.text


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls_of_a_session_carry_its_token(server, client, bucket, version):
    session = assume(client, f"presigner-{version}", ["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{bucket}/*")
    s3 = client_of(server, "s3", signature_version=version, **session)
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "by-session"}, 60)
    assert requests.put(put, data=b"ours", timeout=10).status_code == 200
    get = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "by-session"}, 60)
    assert requests.get(get, timeout=10).content == b"ours"
    delete = s3.generate_presigned_url("delete_object", {"Bucket": bucket, "Key": "by-session"}, 60)
    assert requests.delete(delete, timeout=10).status_code == 403


def test_aws_s3_presign(aws, client, bucket):
    client("s3").put_object(Bucket=bucket, Key="cli.txt", Body=b"from the cli")
    endpoint = client("s3").meta.endpoint_url
    url = aws("--endpoint-url", endpoint, "s3", "presign", f"s3://{bucket}/cli.txt").stdout.strip()
    assert requests.get(url, timeout=10).content == b"from the cli"


def assume(client, name, actions, resource):
    """The keys of a session of a role that may do this."""
    iam = client("iam")
    principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    if actions:
        statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy)
    found = client("sts").assume_role(RoleArn=arn, RoleSessionName="tests")["Credentials"]
    return {"key": found["AccessKeyId"], "secret": found["SecretAccessKey"], "token": found["SessionToken"]}


def test_a_session_may_do_what_its_role_may(server, client, bucket):
    session = assume(client, "reader", ["s3:GetObject"], f"arn:aws:s3:::{bucket}/open/*")
    s3 = client_of(server, "s3", **session)
    client("s3").put_object(Bucket=bucket, Key="open/a", Body=b"a")
    assert s3.get_object(Bucket=bucket, Key="open/a")["Body"].read() == b"a"
    with pytest.raises(ClientError) as denied:
        s3.put_object(Bucket=bucket, Key="open/a", Body=b"b")
    error = denied.value.response["Error"]
    assert error["Code"] == "AccessDenied"
    assert error["Message"] == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/reader/tests is not authorized to perform: s3:PutObject on resource: "
        f'"arn:aws:s3:::{bucket}/open/a" because no identity-based policy allows the s3:PutObject action'
    )


def test_an_explicit_deny_wins(server, client):
    session = assume(client, "denied", ["dynamodb:*"], "*")
    deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "dynamodb:ListTables", "Resource": "*"}}
    client("iam").put_role_policy(RoleName="denied", PolicyName="no", PolicyDocument=json.dumps(deny))
    with pytest.raises(ClientError) as denied:
        client_of(server, "dynamodb", **session).list_tables()
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "with an explicit deny in an identity-based policy" in denied.value.response["Error"]["Message"]


def test_a_session_without_its_token_or_with_another_is_refused(server, client):
    session = assume(client, "tokens", ["s3:*"], "*")
    bare = client_of(server, "dynamodb", **(session | {"token": None}))
    assert code_of(bare.list_tables) == ("UnrecognizedClientException", 400)
    forged = client_of(server, "dynamodb", **(session | {"token": session["token"][:-4] + "AAAA"}))
    assert code_of(forged.list_tables) == ("UnrecognizedClientException", 400)


FORM = "application/x-www-form-urlencoded"
CALLS = {
    "dynamodb": ("POST", "/", "{}", {"x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0"}),
    "logs": ("POST", "/", "{}", {"x-amz-target": "Logs_20140328.DescribeLogGroups", "content-type": "application/x-amz-json-1.1"}),
    "sts": ("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", {"content-type": FORM}),
    "iam": ("POST", "/", "Action=ListRoles&Version=2010-05-08", {"content-type": FORM}),
    "lambda": ("GET", "/2015-03-31/functions/", "", {}),
    "apigateway": ("GET", "/v2/apis", "", {}),
    "s3": ("GET", "/", "", {}),
}


def changed(server, service, change, scope=None):
    """A signed request whose headers are then changed."""
    method, path, body, headers = CALLS[service]
    request = AWSRequest(method, server.url + path, data=body, headers=dict(headers))
    auth = S3SigV4Auth if service == "s3" else SigV4Auth
    auth(Credentials(KEY, SECRET), scope or service, REGION).add_auth(request)
    headers = change(dict(request.headers))
    return requests.request(method, request.url, data=body, headers=headers, timeout=10)


def without_signature(headers):
    return headers | {"Authorization": headers["Authorization"].split(", Signature=")[0]}


def bearer(headers):
    return headers | {"Authorization": "Bearer abc"}


def unsigned(headers):
    return {name: value for name, value in headers.items() if name != "Authorization"}


@pytest.mark.parametrize("change", [without_signature, bearer, unsigned])
@pytest.mark.parametrize("service", CALLS)
def test_each_service_refuses_in_its_own_words(server, service, change):
    kinds = {
        without_signature: ("IncompleteSignature", "AuthorizationHeaderMalformed"),
        bearer: ("IncompleteSignature", "InvalidArgument"),
        unsigned: ("MissingAuthenticationToken", "AccessDenied"),
    }
    general, s3 = kinds[change]
    answer = changed(server, service, change)
    if service == "s3":
        assert f"<Code>{s3}</Code>" in answer.text
    elif service in ("sts", "iam"):
        assert f"<Code>{general}</Code>" in answer.text and f"https://{service}.amazonaws.com" in answer.text
    elif service in ("dynamodb", "logs"):
        assert answer.json()["__type"].endswith(f"{general}Exception")
    else:
        assert answer.headers["x-amzn-errortype"] == f"{general}Exception"
    if change is without_signature and service != "s3":
        assert "Authorization header requires 'Signature' parameter. (Hashed with" in answer.text.replace("&apos;", "'")


@pytest.mark.parametrize("service", [service for service in CALLS if service != "s3"])
def test_a_scope_of_another_service_is_refused(server, service):
    scope = "dynamodb" if service != "dynamodb" else "sqs"
    if service in ("lambda", "apigateway", "sts", "iam"):
        scope = "sqs"
    answer = changed(server, service, lambda headers: headers, scope=scope)
    text = f"Credential should be scoped to correct service: '{service}'."
    assert text in answer.text.replace("&apos;", "'"), answer.text


@pytest.mark.parametrize("service", CALLS)
def test_a_body_may_be_left_out_of_the_signature(server, service):
    method, path, body, headers = CALLS[service]
    headers = headers | {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    request = AWSRequest(method, server.url + path, data=body, headers=headers)
    auth = S3SigV4Auth if service == "s3" else SigV4Auth
    auth(Credentials(KEY, SECRET), service, REGION).add_auth(request)
    answer = requests.request(method, request.url, data=body, headers=dict(request.headers), timeout=10)
    assert answer.status_code == 200, answer.text


def test_s3_tells_what_it_compared(server, bucket):
    key, body = "compared", b"signed"
    request = AWSRequest("PUT", f"{server.url}/{bucket}/{key}", data=body, headers={})
    S3SigV4Auth(Credentials(KEY, "wrong"), "s3", REGION).add_auth(request)
    text = requests.put(request.url, data=body, headers=dict(request.headers), timeout=10).text
    assert "<StringToSign>AWS4-HMAC-SHA256\n" in text and "<StringToSignBytes>41 57 53 34 " in text
    assert f"<CanonicalRequest>PUT\n/{bucket}/{key}\n" in text and "<CanonicalRequestBytes>50 55 54 0a " in text
    headers = dict(request.headers) | {"x-amz-acl": "private"}
    text = requests.put(request.url, data=body, headers=headers, timeout=10).text
    assert "<HeadersNotSigned>x-amz-acl</HeadersNotSigned>" in text
    url = client_of(server, "s3", signature_version="s3v4").generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, 1)
    time.sleep(2.1)
    text = requests.get(url, timeout=10).text
    assert "<X-Amz-Expires>1</X-Amz-Expires><Expires>20" in text and "<ServerTime>20" in text


def test_callers_prove_who_they_are_by_a_presigned_url(server, client):
    """As Kubernetes and secret stores have it: a presigned GetCallerIdentity, with a header of their own."""
    session = assume(client, "prover", [], "*")
    credentials = Credentials(session["key"], session["secret"], session["token"])
    url = f"{server.url}/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("GET", url, headers={"x-k8s-aws-id": "cluster"})
    SigV4QueryAuth(credentials, "sts", REGION, expires=60).add_auth(request)
    answer = requests.get(request.url, headers={"x-k8s-aws-id": "cluster"}, timeout=10)
    assert answer.status_code == 200 and ":assumed-role/prover/tests</Arn>" in answer.text
    other = requests.get(request.url, headers={"x-k8s-aws-id": "another"}, timeout=10)
    assert other.status_code == 403 and "<Code>SignatureDoesNotMatch</Code>" in other.text


@pytest.mark.parametrize(
    "service, operation",
    [
        ("sqs", "list_queues"), ("sns", "list_topics"), ("scheduler", "list_schedules"), ("sesv2", "list_email_identities"),
        ("kinesis", "list_streams"), ("apigateway", "get_rest_apis"), ("dynamodbstreams", "list_streams"),
    ],
)
def test_services_that_are_not_here_say_so_in_their_protocol(server, service, operation):
    assert code_of(getattr(client_of(server, service), operation)) == ("NotImplemented", 501)


def test_unsigned_operations_that_are_not_here_say_so(server):
    sts = client_of(server, "sts")
    token = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/any", "RoleSessionName": "me", "WebIdentityToken": "token"}
    assert code_of(sts.assume_role_with_web_identity, **token) == ("NotImplemented", 501)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not here")
@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_a_refused_upload_gets_its_answer(server, bucket, tmp_path, version):
    file = tmp_path / "large"
    file.write_bytes(b"x" * 20_000_000)
    command = ["curl", "-sS", version, "-H", "Expect:", "-T", file, "-w", " %{http_code}", f"{server.url}/{bucket}/refused"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.endswith(" 403"), (done.stdout, done.stderr)
    assert "<Code>AccessDenied</Code>" in done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not here")
@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_curl_signs(server, version):
    command = ["curl", "-sS", version, "--user", f"{KEY}:{SECRET}", "--aws-sigv4", f"aws:amz:{REGION}:sts"]
    done = subprocess.run([*command, "-d", CALLS["sts"][2], server.url], capture_output=True, text=True, timeout=10)
    assert f"<Account>{ACCOUNT}</Account>" in done.stdout, done


@pytest.mark.parametrize("host", ["", "host: a\r\nhost: b\r\n"])
def test_a_request_names_one_host(server, host):
    address, port = server.listen.split(":")
    with socket.create_connection((address, int(port)), 10) as conn:
        conn.sendall(f"GET / HTTP/1.1\r\n{host}connection: close\r\n\r\n".encode())
        assert conn.recv(4000).startswith(b"HTTP/1.1 400 ")
