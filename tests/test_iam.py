"""IAM and STS by boto3 and the aws-cli."""
import datetime
import itertools
import json

import pytest
from botocore.exceptions import ClientError

from conftest import TRUST, client_of
from server import ACCOUNT

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
MANAGED = [
    BASIC,
    "arn:aws:iam::aws:policy/AmazonS3FullAccess",
    "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",
    "arn:aws:iam::aws:policy/AdministratorAccess",
]
names = (f"iam-tests-{n}" for n in itertools.count())


@pytest.fixture(scope="module")
def iam(client):
    return client("iam")


@pytest.fixture
def role(iam):
    name = next(names)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), Description="for tests", MaxSessionDuration=7200)
    return name


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refusal(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_role_from_birth_to_death(iam, role):
    found = iam.get_role(RoleName=role)["Role"]
    assert found["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/{role}"
    assert found["AssumeRolePolicyDocument"] == TRUST
    assert (found["Description"], found["MaxSessionDuration"], found["RoleId"][:4]) == ("for tests", 7200, "AROA")
    again = {"RoleName": role, "AssumeRolePolicyDocument": json.dumps(TRUST)}
    assert refusal(iam.create_role, **again) == ("EntityAlreadyExists", f"Role with name {role} already exists.")
    iam.delete_role(RoleName=role)
    assert refusal(iam.get_role, RoleName=role) == ("NoSuchEntity", f"The role with name {role} cannot be found.")


def test_inline_policies(iam, role):
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    for name in ("b", "a"):
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document(allow))
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["a", "b"]
    assert iam.get_role_policy(RoleName=role, PolicyName="a")["PolicyDocument"]["Statement"] == [allow]
    assert refusal(iam.delete_role, RoleName=role)[0] == "DeleteConflict"
    iam.delete_role_policy(RoleName=role, PolicyName="a")
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["b"]
    assert refusal(iam.get_role_policy, RoleName=role, PolicyName="a")[0] == "NoSuchEntity"


def test_managed_policies(iam, role):
    for arn in MANAGED:
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert sorted(p["PolicyArn"] for p in attached) == sorted(MANAGED)
    iam.detach_role_policy(RoleName=role, PolicyArn=BASIC)
    assert refusal(iam.detach_role_policy, RoleName=role, PolicyArn=BASIC)[0] == "NoSuchEntity"
    unknown = "arn:aws:iam::aws:policy/None"
    assert refusal(iam.attach_role_policy, RoleName=role, PolicyArn=unknown)[0] == "NoSuchEntity"


def test_roles_are_listed_in_pages(iam):
    made = sorted(next(names) for _ in range(5))
    for name in made:
        iam.create_role(RoleName=name, Path="/paged/", AssumeRolePolicyDocument=json.dumps(TRUST))
    paginator = iam.get_paginator("list_roles")
    pages = list(paginator.paginate(PathPrefix="/paged/", PaginationConfig={"PageSize": 2}))
    assert [len(page["Roles"]) for page in pages] == [2, 2, 1]
    assert [r["RoleName"] for page in pages for r in page["Roles"]] == made


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", document({"Effect": "Maybe", "Action": "*", "Resource": "*"}), document({"Effect": "Allow", "Resource": "*"})],
)
def test_malformed_policies_are_refused(iam, role, text):
    code, _ = refusal(iam.put_role_policy, RoleName=role, PolicyName="p", PolicyDocument=text)
    assert code == "MalformedPolicyDocument"
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []


def test_sessions_carry_their_name_and_end(client, server, iam):
    name = next(names)
    trust = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    sts = client("sts")
    session = sts.assume_role(RoleArn=arn, RoleSessionName="me", DurationSeconds=900)
    found = session["Credentials"]
    left = found["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(seconds=800) < left <= datetime.timedelta(seconds=901)
    assert found["AccessKeyId"].startswith("ASIA")
    keys = {"key": found["AccessKeyId"], "secret": found["SecretAccessKey"], "token": found["SessionToken"]}
    who = client_of(server, "sts", **keys).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/me" == session["AssumedRoleUser"]["Arn"]
    assert who["UserId"].endswith(":me")
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="me", DurationSeconds=7200)[0] == "ValidationError"

    limit = document({"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"})
    limited = sts.assume_role(RoleArn=arn, RoleSessionName="less", Policy=limit)["Credentials"]
    keys = {"key": limited["AccessKeyId"], "secret": limited["SecretAccessKey"], "token": limited["SessionToken"]}
    theirs = client_of(server, "iam", **keys)
    assert theirs.get_role(RoleName=name)["Role"]["RoleName"] == name
    assert refusal(theirs.list_roles)[0] == "AccessDenied"


def test_roles_that_do_not_trust_the_caller_stay_closed(client, role):
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    code, message = refusal(client("sts").assume_role, RoleArn=arn, RoleSessionName="me")
    assert code == "AccessDenied" and "is not authorized to perform: sts:AssumeRole on resource" in message


def test_passing_a_role_must_be_allowed(client, server, iam, runtimes):
    name, passed = next(names), next(names)
    iam.create_role(RoleName=passed, AssumeRolePolicyDocument=json.dumps(TRUST))
    trust = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allow = document({"Effect": "Allow", "Action": "lambda:*", "Resource": "*"})
    iam.put_role_policy(RoleName=name, PolicyName="functions", PolicyDocument=allow)
    found = client("sts").assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    keys = {"key": found["AccessKeyId"], "secret": found["SecretAccessKey"], "token": found["SessionToken"]}
    settings = {
        "FunctionName": "passed", "Runtime": runtimes["python"], "Handler": "a.b",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/{passed}", "Code": {"ZipFile": b"never looked at"},
    }
    code, message = refusal(client_of(server, "lambda", **keys).create_function, **settings)
    assert code == "AccessDeniedException" and "iam:PassRole" in message and passed in message


def test_the_cli(aws, server, role):
    done = aws("--endpoint-url", server.url, "iam", "get-role", "--role-name", role)
    assert json.loads(done.stdout)["Role"]["RoleName"] == role
    done = aws("--endpoint-url", server.url, "sts", "get-caller-identity")
    assert json.loads(done.stdout)["Account"] == ACCOUNT
