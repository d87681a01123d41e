"""`--auth audit` and `off`, `clearsky dev`, and the policies that audit mode writes."""
import json
import re
import subprocess

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import TRUST, client_of
from packages import package
from server import ACCOUNT, BINARY, Server, wait_until

CODE = """
import boto3
def handler(event, context):
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    dynamodb.put_item(TableName="audited", Item={"id": {"S": "1"}})
    dynamodb.get_item(TableName="audited", Key={"id": {"S": "1"}})
    s3.put_object(Bucket="audited", Key="made/here", Body=b"x")
    body = s3.get_object(Bucket="audited", Key="made/here")["Body"].read()
    print("stored", len(body))
    if event.get("beyond"):
        dynamodb.delete_table(TableName="audited")
    return boto3.client("sts").get_caller_identity()["Arn"]
"""


@pytest.fixture
def started(tmp_path, sdk):
    """started(arguments...) -> a server of its own; all of them on one data directory."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "runtimes").symlink_to(sdk)
    servers = []

    def start(*arguments, **options):
        servers.append(Server(tmp_path / "data", *arguments, **options))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            assert server.stop() == 0


def clearsky(server, *arguments):
    return subprocess.run([BINARY, *arguments], env=server.environment(), capture_output=True, text=True)


def request_id(answer):
    return answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]


@pytest.mark.parametrize("command, auth", [("serve", "audit"), ("serve", "off"), ("dev", "audit")])
def test_who_lets_everybody_in_listens_on_the_loopback_only(tmp_path, command, auth):
    arguments = [BINARY, command, "--data-dir", tmp_path / "data", "--listen", "0.0.0.0:0", "--auth", auth]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and f"--auth {auth} lets everybody in" in done.stderr and "127.0.0.1" in done.stderr
    assert not (tmp_path / "data").exists()


def test_dev_says_what_to_paste_and_takes_any_key(tmp_path):
    process = subprocess.Popen([BINARY, "dev", "--listen", "127.0.0.1:0"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        printed = []
        for line in process.stdout:
            printed.append(line.rstrip("\n"))
            if line.startswith("ready"):
                break
        exports = dict(re.findall(r"^export (\w+)='(.*)'$", "\n".join(printed), re.M))
        assert {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"} <= exports.keys(), printed
        assert (tmp_path / ".clearsky-dev" / "kv").is_dir() and any("auth: audit" in line for line in printed)
        made_up = boto3.client("s3", endpoint_url=exports["AWS_ENDPOINT_URL"], region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="thing")
        made_up.create_bucket(Bucket="dev")
        ours = boto3.client("s3", endpoint_url=exports["AWS_ENDPOINT_URL"], region_name="us-east-1", aws_access_key_id=exports["AWS_ACCESS_KEY_ID"], aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"])
        assert [bucket["Name"] for bucket in ours.list_buckets()["Buckets"]] == ["dev"]
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.parametrize("auth", ["audit", "off"])
def test_who_cannot_be_verified_is_root(started, auth):
    server = started("--auth", auth)
    root = f"arn:aws:iam::{ACCOUNT}:root"
    wrong = [
        client_of(server, "sts", key="AKIAUNKNOWN"),
        client_of(server, "sts", secret="wrong"),
        client_of(server, "sts", key="ASIAUNKNOWN", token="not a token"),
        client_of(server, "sts", signature_version=UNSIGNED),
    ]
    for sts in wrong:
        answer = sts.get_caller_identity()
        assert answer["Arn"] == root
        explained = clearsky(server, "explain", request_id(answer)).stdout
        assert ("let through: " in explained) == (auth == "audit"), explained
    broken = {"x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0", "authorization": "AWS4-HMAC-SHA256 nonsense"}
    assert requests.post(server.url, data="{}", headers=broken, timeout=10).json() == {"TableNames": []}
    log = open(server.log.name).read()
    assert ("let through" in log) == (auth == "audit")


@pytest.mark.parametrize("auth", ["audit", "off"])
def test_bodies_arrive_whole_whoever_sends_them(started, auth):
    server = started("--auth", auth)
    client_of(server, "s3").create_bucket(Bucket="bodies")
    for name, parameters in {"wrong": {"secret": "wrong"}, "account": {"key": "111122223333"}, "own": {}}.items():
        s3 = client_of(server, "s3", **parameters)
        if name == "account":
            s3.create_bucket(Bucket="bodies-too")
        bucket = "bodies-too" if name == "account" else "bodies"
        s3.put_object(Bucket=bucket, Key=name, Body=b"y" * 100_000, ChecksumAlgorithm="SHA256")
        assert s3.get_object(Bucket=bucket, Key=name)["Body"].read() == b"y" * 100_000
    assert requests.put(f"{server.url}/bodies/bare", data=b"unsigned", timeout=10).status_code == 200
    assert requests.get(f"{server.url}/bodies/bare", timeout=10).content == b"unsigned"


@pytest.mark.parametrize("auth", ["audit", "off"])
def test_a_key_of_12_digits_is_an_account(started, auth):
    server = started("--auth", auth)
    one, two = (client_of(server, "dynamodb", key=account) for account in ("111111111111", "222222222222"))
    table = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"}
    made = one.create_table(TableName="mine", **table)["TableDescription"]["TableArn"]
    assert made == "arn:aws:dynamodb:us-east-1:111111111111:table/mine"
    one.put_item(TableName="mine", Item={"id": {"S": "1"}})
    assert two.list_tables()["TableNames"] == [] and client_of(server, "dynamodb").list_tables()["TableNames"] == []
    with pytest.raises(ClientError) as missing:
        two.get_item(TableName="mine", Key={"id": {"S": "1"}})
    assert missing.value.response["Error"]["Code"] == "ResourceNotFoundException"
    two.create_table(TableName="mine", **table)
    assert two.scan(TableName="mine")["Count"] == 0 and one.scan(TableName="mine")["Count"] == 1
    assert client_of(server, "sts", key="222222222222").get_caller_identity()["Account"] == "222222222222"
    assert "let through" not in open(server.log.name).read()


def test_enforce_knows_no_accounts_by_digits(server):
    with pytest.raises(ClientError) as refused:
        client_of(server, "dynamodb", key="111111111111").list_tables()
    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"


def audited(server, runtimes):
    """A function whose role may do nothing, and what it works on."""
    iam, functions = client_of(server, "iam"), client_of(server, "lambda")
    role = iam.create_role(RoleName="audited", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    client_of(server, "s3").create_bucket(Bucket="audited")
    client_of(server, "dynamodb").create_table(
        TableName="audited", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    functions.create_function(
        FunctionName="audited", Runtime=runtimes["python"], Handler="app.handler", Role=role, Timeout=30,
        Code={"ZipFile": package(app__py=CODE)},
    )


def invoke(server, event):
    answer = client_of(server, "lambda", read_timeout=60).invoke(FunctionName="audited", Payload=json.dumps(event))
    return answer, json.loads(answer["Payload"].read())


def test_the_recorded_policy_allows_what_was_done_and_no_more(started, runtimes, isolation):
    server = started("--auth", "audit", "--log", "info")
    audited(server, runtimes)
    answer, arn = invoke(server, {})
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/audited/audited", arn

    tree = clearsky(server, "explain", request_id(answer)).stdout
    assert "    dynamodb PutItem: 200" in tree and "    s3 GetObject: 200" in tree, tree
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/audited"
    assert f'what would allow it: {{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"{table}"}}' in tree
    assert f"cold, its start took " in tree

    assert server.stop() == 0
    assert "dynamodb:PutItem" in open(server.log.name).read()  # The lines of the log say it as well.
    server = started("--auth", "audit")  # Records outlast the server.
    done = clearsky(server, "policy", "--role", "audited")
    assert done.returncode == 0, done.stderr
    policy = json.loads(done.stdout)
    allowed = {(action, resource) for s in policy["Statement"] for action in s["Action"] for resource in s["Resource"]}
    assert {("dynamodb:GetItem", table), ("dynamodb:PutItem", table), ("s3:PutObject", "arn:aws:s3:::audited/made/here")} <= allowed
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/audited:log-stream:*"
    assert ("logs:PutLogEvents", group) in allowed, allowed
    assert not any(action.startswith("iam:") or "Delete" in action for action, _ in allowed)
    assert clearsky(server, "policy", "--role", "nobody").returncode == 1
    assert server.stop() == 0

    server = started("--auth", "enforce")
    _, refused = invoke(server, {})
    assert "AccessDenied" in json.dumps(refused), "without the policy nothing is allowed"
    client_of(server, "iam").put_role_policy(RoleName="audited", PolicyName="recorded", PolicyDocument=done.stdout)
    assert invoke(server, {})[1] == arn
    _, beyond = invoke(server, {"beyond": True})
    assert "AccessDenied" in json.dumps(beyond) and "dynamodb:DeleteTable" in json.dumps(beyond)
    logs = client_of(server, "logs")
    events = logs.filter_log_events(logGroupName="/aws/lambda/audited")["events"] if hasattr(logs, "filter_log_events") else []
    assert any("stored 1" in event["message"] for event in events)


def test_a_denial_that_stands_is_named(started):
    server = started("--auth", "audit")
    iam = client_of(server, "iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="barred", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    statements = [{"Sid": "No", "Effect": "Deny", "Action": "s3:ListAllMyBuckets", "Resource": "*"}, {"Effect": "Allow", "Action": "dynamodb:ListTables", "Resource": "*"}]
    iam.put_role_policy(RoleName="barred", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    keys = client_of(server, "sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    session = {"key": keys["AccessKeyId"], "secret": keys["SecretAccessKey"], "token": keys["SessionToken"]}
    client_of(server, "s3", **session).list_buckets()
    client_of(server, "dynamodb", **session).list_tables()
    done = clearsky(server, "policy", "--role", "barred")
    assert json.loads(done.stdout)["Statement"] == []
    assert "not in it: s3:ListAllMyBuckets on *: a statement denies it: p#No" in done.stderr
    everything = json.loads(clearsky(server, "policy", "--role", "barred", "--all").stdout)["Statement"]
    assert [statement["Action"] for statement in everything] == [["dynamodb:ListTables"]]


def test_a_users_recorded_policy(started):
    server = started("--auth", "audit")
    iam = client_of(server, "iam")
    iam.create_user(UserName="builder", Path="/team/")
    key = iam.create_access_key(UserName="builder")["AccessKey"]
    keys = {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    client_of(server, "s3", **keys).create_bucket(Bucket="built")
    done = clearsky(server, "policy", "--user", "builder")
    statement = {"Effect": "Allow", "Action": ["s3:CreateBucket"], "Resource": ["arn:aws:s3:::built"]}
    assert json.loads(done.stdout)["Statement"] == [statement], done.stderr
    iam.put_user_policy(UserName="builder", PolicyName="recorded", PolicyDocument=done.stdout)
    assert server.stop() == 0
    server = started()
    s3 = client_of(server, "s3", **keys)
    with pytest.raises(ClientError) as refused:
        s3.delete_bucket(Bucket="built")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    s3.create_bucket(Bucket="built")  # It is its own already, and may be made.


def test_a_role_that_does_not_trust_is_let_through(started, runtimes, isolation):
    server = started("--auth", "audit")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = client_of(server, "iam").create_role(RoleName="distrustful", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    functions = client_of(server, "lambda")
    functions.create_function(FunctionName="f", Runtime=runtimes["python"], Handler="app.handler", Role=role, Code={"ZipFile": package(app__py="def handler(e, c): return 1")})
    assert json.loads(functions.invoke(FunctionName="f")["Payload"].read()) == 1
    caller = client_of(server, "sts").assume_role(RoleArn=role, RoleSessionName="tests")["AssumedRoleUser"]["Arn"]
    assert caller == f"arn:aws:sts::{ACCOUNT}:assumed-role/distrustful/tests"
    wait_until("the line", lambda: "let through: User: lambda.amazonaws.com is not authorized to perform: sts:AssumeRole" in open(server.log.name).read())


@pytest.mark.parametrize("auth", ["audit", "off"])
def test_pages_of_other_machines_are_not_let_in(started, auth):
    server = started("--auth", auth)
    form = {"Action": "CreateUser", "UserName": "intruder", "Version": "2010-05-08"}
    strange = {"origin": "https://example.com"}
    for answer in [
        requests.post(server.url, data=form, headers=strange, timeout=10),
        requests.get(server.url, params=form, headers={"sec-fetch-site": "cross-site"}, timeout=10),
        requests.put(f"{server.url}/a-bucket", headers=strange, timeout=10),
    ]:
        assert answer.status_code == 403, answer.text
    s3 = client_of(server, "s3")
    assert client_of(server, "iam").list_users()["Users"] == [] and s3.list_buckets()["Buckets"] == []
    assert requests.put(f"{server.url}/a-bucket", headers={"origin": "http://localhost:3000"}, timeout=10).status_code == 200
    presigned = s3.generate_presigned_url("put_object", {"Bucket": "a-bucket", "Key": "k"}, 60)
    assert requests.put(presigned, data=b"x", headers=strange, timeout=10).status_code == 200
