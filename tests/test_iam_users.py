"""IAM users, groups, access keys, managed policies, boundaries and simulations by boto3 and the aws-cli."""
import datetime
import itertools
import json

import pytest
from botocore.exceptions import ClientError

from conftest import TRUST, client_of
from server import ACCOUNT, REGION, Server

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
names = (f"users-{n}" for n in itertools.count())


@pytest.fixture(scope="module")
def iam(client):
    return client("iam")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def refusal(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def keys_of(made):
    return {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"], "token": made.get("SessionToken")}


@pytest.fixture
def user(iam):
    name = next(names)
    iam.create_user(UserName=name, Path="/team/", Tags=[{"Key": "team", "Value": name}])
    iam.get_waiter("user_exists").wait(UserName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    return name


@pytest.fixture
def key(iam, user):
    return iam.create_access_key(UserName=user)["AccessKey"]


@pytest.fixture
def policy(iam):
    arn = iam.create_policy(PolicyName=next(names), PolicyDocument=document(allow("s3:ListAllMyBuckets")))["Policy"]["Arn"]
    iam.get_waiter("policy_exists").wait(PolicyArn=arn, WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    return arn


def test_a_user_signs_in_with_its_key(client, server, iam, user, key):
    theirs = keys_of(key)
    who = client_of(server, "sts", **theirs).get_caller_identity()
    assert who["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/{user}" and who["UserId"].startswith("AIDA")
    table = client_of(server, "dynamodb", **theirs)
    code, message = refusal(table.list_tables)
    assert code == "AccessDeniedException" and f"user/team/{user} is not authorized to perform: dynamodb:ListTables" in message
    statement = allow("dynamodb:ListTables", Condition={"StringEquals": {
        "aws:username": user, "aws:userid": who["UserId"], "aws:PrincipalTag/team": user, "aws:PrincipalType": "User",
        "aws:PrincipalArn": who["Arn"],
    }, "Null": {"aws:TokenIssueTime": "true"}})
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document(statement))
    table.list_tables()
    iam.untag_user(UserName=user, TagKeys=["team"])
    assert refusal(table.list_tables)[0] == "AccessDeniedException"
    assert client("sts").get_access_key_info(AccessKeyId=key["AccessKeyId"])["Account"] == ACCOUNT


def test_a_deactivated_key_is_refused_at_once(server, iam, user, key):
    sts = client_of(server, "sts", **keys_of(key))
    s3 = client_of(server, "s3", **keys_of(key))
    sts.get_caller_identity()
    found = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert (found["UserName"], found["AccessKeyLastUsed"]["ServiceName"], found["AccessKeyLastUsed"]["Region"]) == (user, "sts", REGION)
    age = datetime.datetime.now(datetime.timezone.utc) - found["AccessKeyLastUsed"]["LastUsedDate"]
    assert age < datetime.timedelta(minutes=1)
    change = {"UserName": user, "AccessKeyId": key["AccessKeyId"]}
    iam.update_access_key(**change, Status="Inactive")
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    assert refusal(s3.list_buckets)[0] == "InvalidAccessKeyId"
    iam.update_access_key(**change, Status="Active")
    sts.get_caller_identity()
    iam.delete_access_key(**change)
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"


def test_what_is_attached_detached_or_changed_holds_with_the_next_request(server, iam, user, key, policy):
    s3 = client_of(server, "s3", **keys_of(key))
    group = next(names)
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=user)
    for attach, detach, holder in [
        (iam.attach_user_policy, iam.detach_user_policy, {"UserName": user}),
        (iam.attach_group_policy, iam.detach_group_policy, {"GroupName": group}),
    ]:
        assert refusal(s3.list_buckets)[0] == "AccessDenied"
        attach(**holder, PolicyArn=policy)
        s3.list_buckets()
        version = iam.create_policy_version(PolicyArn=policy, PolicyDocument=document(allow("s3:GetObject")), SetAsDefault=True)
        assert refusal(s3.list_buckets)[0] == "AccessDenied"
        iam.set_default_policy_version(PolicyArn=policy, VersionId="v1")
        iam.delete_policy_version(PolicyArn=policy, VersionId=version["PolicyVersion"]["VersionId"])
        s3.list_buckets()
        assert refusal(iam.delete_policy, PolicyArn=policy)[0] == "DeleteConflict"
        detach(**holder, PolicyArn=policy)
    assert refusal(s3.list_buckets)[0] == "AccessDenied"
    iam.delete_policy(PolicyArn=policy)


def test_a_boundary_limits(server, iam, user, key, policy):
    iam.attach_user_policy(UserName=user, PolicyArn=ADMINISTRATOR)
    s3, theirs = (client_of(server, service, **keys_of(key)) for service in ("s3", "iam"))
    theirs.list_users()
    iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=policy)
    s3.list_buckets()
    assert "no permissions boundary allows the iam:ListUsers action" in refusal(theirs.list_users)[1]
    assert iam.get_user(UserName=user)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == policy
    iam.delete_user_permissions_boundary(UserName=user)
    theirs.list_users()


def test_sessions_of_users(server, iam, user, key):
    iam.attach_user_policy(UserName=user, PolicyArn=ADMINISTRATOR)
    session = client_of(server, "sts", **keys_of(key)).get_session_token(DurationSeconds=900)["Credentials"]
    theirs = keys_of(session)
    assert session["AccessKeyId"].startswith("ASIA")
    assert client_of(server, "sts", **theirs).get_caller_identity()["Arn"].endswith(f"user/team/{user}")
    client_of(server, "s3", **theirs).list_buckets()
    assert refusal(client_of(server, "iam", **theirs).list_users)[0] == "AccessDenied"
    assert refusal(client_of(server, "sts", **theirs).get_session_token)[0] == "AccessDenied"


def test_a_user_assumes_a_role_that_names_it(server, iam, user, key, policy):
    role, who = next(names), f"arn:aws:iam::{ACCOUNT}:user/team/{user}"
    trust = document({"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)
    assume = client_of(server, "sts", **keys_of(key)).assume_role
    limited = assume(RoleArn=arn, RoleSessionName="me", PolicyArns=[{"arn": policy}])["Credentials"]
    client_of(server, "s3", **keys_of(limited)).list_buckets()
    assert "no session policy allows" in refusal(client_of(server, "iam", **keys_of(limited)).list_users)[1]


def test_listings_turn_pages(iam):
    prefix = f"/{next(names)}/"
    made = sorted(next(names) for _ in range(5))
    group = next(names)
    iam.create_group(GroupName=group, Path=prefix)
    for name in made:
        iam.create_user(UserName=name, Path=prefix)
        iam.add_user_to_group(GroupName=group, UserName=name)
        iam.create_policy(PolicyName=name, Path=prefix, PolicyDocument=document(allow("s3:*")))

    def pages(operation, **parameters):
        return list(iam.get_paginator(operation).paginate(**parameters, PaginationConfig={"PageSize": 2}))

    for operation, found, parameters in [
        ("list_users", lambda page: [one["UserName"] for one in page["Users"]], {"PathPrefix": prefix}),
        ("get_group", lambda page: [one["UserName"] for one in page["Users"]], {"GroupName": group}),
        ("list_policies", lambda page: [one["PolicyName"] for one in page["Policies"]], {"PathPrefix": prefix, "Scope": "Local"}),
    ]:
        turned = pages(operation, **parameters)
        assert [len(found(page)) for page in turned] == [2, 2, 1], operation
        assert [one for page in turned for one in found(page)] == made, operation
    details = pages("get_account_authorization_details", Filter=["User"])
    assert set(made) <= {one["UserName"] for page in details for one in page["UserDetailList"]}


def test_simulations(iam, user, policy):
    iam.attach_user_policy(UserName=user, PolicyArn=policy)
    asked = {"PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/team/{user}", "ActionNames": ["s3:ListAllMyBuckets", "s3:GetObject"]}
    found = iam.simulate_principal_policy(**asked)["EvaluationResults"]
    assert [one["EvalDecision"] for one in found] == ["allowed", "implicitDeny"]
    assert found[0]["MatchedStatements"][0]["SourcePolicyId"] == policy.rsplit("/")[-1]
    condition = {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
    custom = {"PolicyInputList": [document(allow("s3:GetObject", Condition=condition))], "ActionNames": ["s3:GetObject"]}
    found = iam.simulate_custom_policy(**custom)["EvaluationResults"][0]
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("implicitDeny", ["aws:CurrentTime"])
    entry = {"ContextKeyName": "aws:CurrentTime", "ContextKeyType": "date", "ContextKeyValues": ["2026-01-01T00:00:00Z"]}
    found = iam.simulate_custom_policy(**custom, ContextEntries=[entry])["EvaluationResults"][0]
    assert found["EvalDecision"] == "allowed"
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=custom["PolicyInputList"])["ContextKeyNames"] == ["aws:CurrentTime"]


def test_what_is_not_here_says_so(iam, user):
    for call, parameters in [
        (iam.create_instance_profile, {"InstanceProfileName": "p"}),
        (iam.create_login_profile, {"UserName": user, "Password": "p"}),
        (iam.list_mfa_devices, {"UserName": user}),
    ]:
        assert refusal(call, **parameters)[0] in ("NotImplemented", "501")


def test_keys_and_their_users_outlive_the_server(tmp_path):
    server = Server(tmp_path / "data")
    try:
        iam = client_of(server, "iam")
        iam.create_user(UserName="bob")
        key = iam.create_access_key(UserName="bob")["AccessKey"]
        client_of(server, "sts", **keys_of(key)).get_caller_identity()
        assert server.stop() == 0
        server.start()
        used = client_of(server, "iam").get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
        assert used["AccessKeyLastUsed"]["ServiceName"] == "sts"
        assert client_of(server, "sts", **keys_of(key)).get_caller_identity()["Arn"].endswith("user/bob")
    finally:
        server.kill()


def test_the_cli(aws, server, iam, user, policy):
    def run(*arguments):
        done = aws("--endpoint-url", server.url, "iam", *arguments)
        return json.loads(done.stdout) if done.stdout else None

    assert run("get-user", "--user-name", user)["User"]["Tags"] == [{"Key": "team", "Value": user}]
    run("attach-user-policy", "--user-name", user, "--policy-arn", policy)
    assert run("list-entities-for-policy", "--policy-arn", policy)["PolicyUsers"][0]["UserName"] == user
    assert run("get-account-summary")["SummaryMap"]["AccessKeysPerUserQuota"] == 2
    assert run("list-policies", "--scope", "Local", "--only-attached")["Policies"]
    run("detach-user-policy", "--user-name", user, "--policy-arn", policy)
    run("delete-user", "--user-name", user)
    assert refusal(iam.get_user, UserName=user) == ("NoSuchEntity", f"The user with name {user} cannot be found.")
