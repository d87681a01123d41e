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


@pytest.fixture(scope="module")
def acting(client, server, iam):
    """acting(statement...) -> clients of a session whose role has just these statements."""

    def session(*statements):
        name = next(names)
        trust = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
        found = client("sts").assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
        keys = {"key": found["AccessKeyId"], "secret": found["SecretAccessKey"], "token": found["SessionToken"]}
        return lambda service: client_of(server, service, **keys)

    return session


@pytest.mark.parametrize(
    "condition, allowed",
    [
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": ["127.0.0.1", "10.0.0.0/8"]}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, True),
        ({"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/iam-tests-*"}}, True),
        ({"StringLike": {"aws:userid": "AROA*:me"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}, "Null": {"aws:TokenIssueTime": "false"}}, True),
        ({"NumericLessThan": {"aws:EpochTime": "1000"}}, False),
        ({"StringLike": {"aws:UserAgent": "Boto3/*"}}, True),
        ({"StringEquals": {"aws:ResourceAccount": ACCOUNT, "aws:PrincipalAccount": ACCOUNT}}, True),
        ({"Bool": {"aws:ViaAWSService": "false", "aws:MultiFactorAuthPresent": "false"}}, True),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"StringEquals": {"aws:PrincipalTag/team": "x"}}, False),
    ],
)
def test_conditions_know_the_request(acting, condition, allowed):
    statement = {"Effect": "Allow", "Action": "logs:Describe*", "Resource": "*", "Condition": condition}
    call = acting(statement)("logs").describe_log_groups
    if allowed:
        call()
    else:
        assert refusal(call)[0] == "AccessDeniedException"


def test_variables_and_exceptions(acting, client):
    client("s3").create_bucket(Bucket="variables")
    bucket = "arn:aws:s3:::variables"
    s3 = acting(
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/${{aws:userid}}/*"},
        {"Effect": "Allow", "NotAction": ["s3:Put*", "s3:List*"], "NotResource": f"{bucket}/secret/*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket, "Condition": {"StringLike": {"s3:prefix": ["open/*"]}}},
    )
    user = s3("sts").get_caller_identity()["UserId"]
    for key in ("secret/a", "open/a"):
        client("s3").put_object(Bucket="variables", Key=key, Body=b"a")
    s3 = s3("s3")
    s3.put_object(Bucket="variables", Key=f"{user}/mine", Body=b"mine")
    s3.get_object(Bucket="variables", Key="open/a")
    assert s3.list_objects_v2(Bucket="variables", Prefix="open/")["KeyCount"] == 1
    assert refusal(s3.put_object, Bucket="variables", Key="mine", Body=b"")[0] == "AccessDenied"
    assert refusal(s3.get_object, Bucket="variables", Key="secret/a")[0] == "AccessDenied"
    assert refusal(s3.list_objects_v2, Bucket="variables", Prefix="secret/")[0] == "AccessDenied"
    assert refusal(s3.list_objects_v2, Bucket="variables")[0] == "AccessDenied"


def test_tags_and_changes_as_tools_make_them(iam, role):
    iam.tag_role(RoleName=role, Tags=[{"Key": "team", "Value": "a"}, {"Key": "env", "Value": "test"}])
    iam.untag_role(RoleName=role, TagKeys=["env"])
    assert iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "team", "Value": "a"}] == iam.get_role(RoleName=role)["Role"]["Tags"]
    iam.update_role(RoleName=role, Description="changed", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(TRUST))
    found = iam.get_role(RoleName=role)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("changed", 3600)
    assert iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"] == []
