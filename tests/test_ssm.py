"""Parameter Store by boto3, the aws-cli and Powertools."""
import base64
import itertools
import json
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError

from conftest import client_of
from server import ACCOUNT, REGION, Server

roots = (f"/tests/{n}" for n in itertools.count())


@pytest.fixture(scope="module")
def ssm(client):
    return client("ssm")


@pytest.fixture
def root():
    """A path of the test's own."""
    return next(roots)


def refusal(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


def test_versions_and_labels(ssm, root):
    name = f"{root}/host"
    assert ssm.put_parameter(Name=name, Value="one", Type="String")["Version"] == 1
    assert refusal(ssm.put_parameter, Name=name, Value="two", Type="String") == "ParameterAlreadyExists"
    assert ssm.put_parameter(Name=name, Value="two", Overwrite=True)["Version"] == 2
    ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["live"])
    found = ssm.get_parameter(Name=f"{name}:live")["Parameter"]
    assert (found["Value"], found["Version"], found["Selector"]) == ("one", 1, ":live")
    assert found["ARN"] == f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}"
    assert ssm.get_parameter(Name=found["ARN"])["Parameter"]["Value"] == "two"
    history = ssm.get_parameter_history(Name=name)["Parameters"]
    assert [(v["Version"], v["Value"], v["Labels"]) for v in history] == [(1, "one", ["live"]), (2, "two", [])]
    assert refusal(ssm.get_parameter, Name=f"{name}:9") == "ParameterVersionNotFound"
    ssm.delete_parameter(Name=name)
    assert refusal(ssm.get_parameter, Name=name) == "ParameterNotFound"


def test_paginators(ssm, root):
    names = [f"{root}/{n:02}" for n in range(12)]
    for name in names:
        ssm.put_parameter(Name=name, Value=name, Type="String", Tags=[{"Key": "root", "Value": root}])
    ssm.put_parameter(Name=f"{root}/deeper/x", Value="x", Type="StringList")
    pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path=root, PaginationConfig={"PageSize": 5}))
    assert [p["Name"] for page in pages for p in page["Parameters"]] == names and len(pages) == 3
    below = ssm.get_paginator("get_parameters_by_path").paginate(Path=root, Recursive=True).build_full_result()
    assert [p["Name"] for p in below["Parameters"]] == [*names, f"{root}/deeper/x"]
    tagged = [{"Key": "tag:root", "Values": [root]}]
    described = ssm.get_paginator("describe_parameters").paginate(
        ParameterFilters=tagged, PaginationConfig={"PageSize": 7}
    )
    assert [p["Name"] for page in described for p in page["Parameters"]] == names
    answer = ssm.get_parameters(Names=[names[3], f"{root}/none"])
    assert answer["Parameters"][0]["Value"] == names[3] and answer["InvalidParameters"] == [f"{root}/none"]
    assert sorted(ssm.delete_parameters(Names=names[:10])["DeletedParameters"]) == names[:10]


def test_tags(ssm, root):
    name = f"{root}/tagged"
    ssm.put_parameter(Name=name, Value="v", Type="String", Tags=[{"Key": "a", "Value": "1"}])
    of = {"ResourceType": "Parameter", "ResourceId": name}
    ssm.add_tags_to_resource(**of, Tags=[{"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**of, TagKeys=["a"])
    assert ssm.list_tags_for_resource(**of)["TagList"] == [{"Key": "b", "Value": "2"}]


def test_everything_outlives_the_server_and_secrets_lie_encrypted(tmp_path):
    server = Server(tmp_path / "data")
    ssm = client_of(server, "ssm")
    ssm.put_parameter(Name="/app/key", Value="correct horse", Type="SecureString")
    ssm.put_parameter(Name="/app/key", Value="battery staple", Overwrite=True)
    ssm.label_parameter_version(Name="/app/key", ParameterVersion=1, Labels=["old"])
    server.kill()
    server.start()
    ssm = client_of(server, "ssm")
    kept = ssm.get_parameter(Name="/app/key")["Parameter"]["Value"]
    assert b"battery" not in base64.b64decode(kept, validate=True)
    assert ssm.get_parameter(Name="/app/key", WithDecryption=True)["Parameter"]["Value"] == "battery staple"
    assert ssm.get_parameter(Name="/app/key:old", WithDecryption=True)["Parameter"]["Value"] == "correct horse"
    assert server.stop() == 0
    files = [path for path in server.data_dir.rglob("*") if path.is_file()]
    assert files and not any(b"battery" in path.read_bytes() or b"horse" in path.read_bytes() for path in files)


def test_whoever_may_read_a_path_reads_only_that(client, ssm, root):
    iam, sts = client("iam"), client("sts")
    ssm.put_parameter(Name=f"{root}/mine/a", Value="a", Type="String")
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    name = f"reader{root.replace('/', '-')}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    mine = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{root}/mine"
    allow = {"Effect": "Allow", "Action": ["ssm:GetParameter*"], "Resource": [mine, f"{mine}/*"]}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow))
    session = sts.assume_role(RoleArn=role, RoleSessionName="reader")["Credentials"]
    key, secret, token = (session[part] for part in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    reader = client("ssm", key=key, secret=secret, token=token)
    assert len(reader.get_parameters_by_path(Path=f"{root}/mine", Recursive=True)["Parameters"]) == 1
    assert reader.get_parameter(Name=f"{root}/mine/a:1")["Parameter"]["Value"] == "a"
    assert refusal(reader.get_parameters_by_path, Path=root, Recursive=True) == "AccessDeniedException"
    assert refusal(reader.get_parameter, Name=f"{root}/other") == "AccessDeniedException"
    assert refusal(reader.put_parameter, Name=f"{root}/mine/b", Value="b", Type="String") == "AccessDeniedException"
    assert refusal(reader.describe_parameters) == "AccessDeniedException"


def test_conditions_read_tags_and_recursion(client, ssm, root):
    iam, sts = client("iam"), client("sts")
    for name, stage in (("a", "test"), ("b", "live")):
        tags = [{"Key": "stage", "Value": stage}]
        ssm.put_parameter(Name=f"{root}/{name}", Value=name, Type="String", Tags=tags)
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    name = f"conditioned{root.replace('/', '-')}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    allow = {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}
    not_live = {"StringEquals": {"aws:ResourceTag/stage": "live"}}
    not_deep = {"StringEquals": {"ssm:Recursive": "true"}}
    denials = [{"Effect": "Deny", "Action": "ssm:*", "Resource": "*", "Condition": c} for c in (not_live, not_deep)]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow, *denials))
    session = sts.assume_role(RoleArn=role, RoleSessionName="reader")["Credentials"]
    key, secret, token = (session[part] for part in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    reader = client("ssm", key=key, secret=secret, token=token)
    assert reader.get_parameter(Name=f"{root}/a")["Parameter"]["Value"] == "a"
    assert refusal(reader.get_parameter, Name=f"{root}/b") == "AccessDeniedException"
    assert refusal(reader.delete_parameters, Names=[f"{root}/a", f"{root}/b"]) == "AccessDeniedException"
    assert len(reader.get_parameters_by_path(Path=root)["Parameters"]) == 2
    assert refusal(reader.get_parameters_by_path, Path=root, Recursive=True) == "AccessDeniedException"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_the_cli(aws, server, root):
    def run(*words):
        return json.loads(aws("--endpoint-url", server.url, "ssm", *words).stdout)

    put = run("put-parameter", "--name", f"{root}/cli", "--value", "one", "--type", "SecureString")
    assert put == {"Version": 1, "Tier": "Standard"}
    found = run("get-parameters-by-path", "--path", root, "--with-decryption")["Parameters"]
    assert [(p["Name"], p["Value"]) for p in found] == [(f"{root}/cli", "one")]
    described = run("describe-parameters", "--parameter-filters", f"Key=Name,Option=BeginsWith,Values={root}")
    assert described["Parameters"][0]["KeyId"] == "alias/aws/ssm"


def test_powertools(server, ssm, root):
    ssm.put_parameter(Name=f"{root}/a", Value="1", Type="String")
    ssm.put_parameter(Name=f"{root}/b", Value='{"c": 2}', Type="SecureString")
    code = f"""
from aws_lambda_powertools.utilities import parameters
print(parameters.get_parameter("{root}/a"), parameters.get_parameter("{root}/b", decrypt=True, transform="json")["c"])
print(parameters.get_parameters("{root}"))
print(parameters.set_parameter("{root}/a", "3", overwrite=True)["Version"])
"""
    try:
        import aws_lambda_powertools  # noqa: F401
    except ImportError:
        pytest.skip("Powertools for AWS Lambda is not installed")
    done = subprocess.run([sys.executable, "-c", code], env=server.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    values, named, version = done.stdout.splitlines()
    assert values == "1 2" and version == "2"
    assert named.startswith("{'a': '1'")
