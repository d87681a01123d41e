"""Versions, aliases, layers and packages from buckets, by boto3."""
import itertools
import json

import pytest
from botocore.exceptions import ClientError

from conftest import client_of
from packages import archive, package
from test_lambda import deploy, functions, refusal  # noqa: F401 (fixtures)

buckets = (f"packages-{n}" for n in itertools.count())
CODE = """
import os
def handler(event, context):
    return [{!r}, context.function_version, context.invoked_function_arn, os.environ["AWS_LAMBDA_FUNCTION_VERSION"]]
"""


def invoked(functions, name, **parameters):
    """The version that the header names, and the answer."""
    answer = functions.invoke(FunctionName=name, **parameters)
    payload = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return answer["ExecutedVersion"], payload


@pytest.fixture
def published(functions, deploy):
    """A function with the versions 1 and 2, which answer `one` and `two`."""
    name = deploy(CODE.format("one"), Publish=True)
    functions.update_function_code(FunctionName=name, ZipFile=package(app__py=CODE.format("two")), Publish=True)
    return name


def test_versions_stay_as_they_were_published(functions, published, isolation):
    arn = functions.get_function(FunctionName=published)["Configuration"]["FunctionArn"]
    functions.update_function_code(FunctionName=published, ZipFile=package(app__py=CODE.format("three")))
    for qualifier, said in [("1", "one"), ("2", "two"), ("$LATEST", "three")]:
        expected = [said, qualifier, f"{arn}:{qualifier}", qualifier]
        assert invoked(functions, published, Qualifier=qualifier) == (qualifier, expected)
        assert invoked(functions, f"{arn}:{qualifier}") == (qualifier, expected)
    assert invoked(functions, published) == ("$LATEST", ["three", "$LATEST", arn, "$LATEST"])
    pages = functions.get_paginator("list_versions_by_function")
    versions = pages.paginate(FunctionName=published, PaginationConfig={"PageSize": 1}).build_full_result()["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1", "2"]
    functions.delete_function(FunctionName=published, Qualifier="1")
    code, _ = refusal(functions.invoke, FunctionName=published, Qualifier="1")
    assert code == "ResourceNotFoundException"
    functions.get_waiter("published_version_active").wait(FunctionName=published, Qualifier="2")


def test_an_alias_divides_requests(functions, published, isolation):
    arn = functions.create_alias(FunctionName=published, Name="live", FunctionVersion="1")["AliasArn"]
    assert invoked(functions, arn) == ("1", ["one", "1", arn, "1"])
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    functions.update_alias(FunctionName=published, Name="live", RoutingConfig=weights)
    # That all of 60 fair coins fall alike happens once in 2^59.
    assert {invoked(functions, published, Qualifier="live")[0] for _ in range(60)} == {"1", "2"}
    functions.update_alias(FunctionName=published, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}})
    assert {invoked(functions, arn)[1][0] for _ in range(5)} == {"two"}
    assert refusal(functions.delete_function, FunctionName=published, Qualifier="2")[0] == "ResourceConflictException"
    assert [alias["Name"] for alias in functions.list_aliases(FunctionName=published)["Aliases"]] == ["live"]
    functions.delete_alias(FunctionName=published, Name="live")
    assert refusal(functions.get_alias, FunctionName=published, Name="live")[0] == "ResourceNotFoundException"


@pytest.fixture
def layer(functions):
    """layer(name, entries...) -> the ARN of a new layer version."""
    made = []

    def publish(name, *entries):
        version = functions.publish_layer_version(LayerName=name, Content={"ZipFile": archive(*entries)})
        made.append(version)
        return version["LayerVersionArn"]

    yield publish
    for version in made:
        functions.delete_layer_version(LayerName=version["LayerArn"], VersionNumber=version["Version"])


def test_layers_have_packages_for_python(functions, deploy, layer, isolation):
    below = layer("below", ("python/greeting/__init__.py", "def hello(): return 'below'\n"), ("data.txt", "below"))
    above = layer("above", ("python/greeting/__init__.py", "def hello(): return 'above'\n"))
    code = "import greeting\ndef handler(e, c):\n    return [greeting.hello(), open('/opt/data.txt').read()]\n"
    name = deploy(code, Layers=[below, above])
    assert invoked(functions, name)[1] == ["above", "below"]
    functions.update_function_configuration(FunctionName=name, Layers=[above, below])
    assert invoked(functions, name)[1] == ["below", "below"]
    shown = functions.get_function_configuration(FunctionName=name)["Layers"]
    assert [layer["Arn"] for layer in shown] == [above, below]
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_function_configuration(FunctionName=name, Layers=[])
    answer = functions.invoke(FunctionName=name)
    assert "No module named 'greeting'" in json.loads(answer["Payload"].read())["errorMessage"]
    assert invoked(functions, name, Qualifier=version)[1] == ["below", "below"]


def test_layers_have_modules_for_node(functions, deploy, layer, isolation):
    shared = layer("shared", ("nodejs/node_modules/greeting/index.js", "module.exports = () => 'hello'"))
    code = "import greeting from 'greeting'; export const handler = async () => greeting();"
    name = deploy(family="node", package=package(index__mjs=code), Handler="index.handler", Layers=[shared])
    assert invoked(functions, name)[1] == "hello"


def test_layers_are_found_again(functions, layer):
    arns = [layer("found", ("a.txt", str(n))) for n in range(3)]
    pages = functions.get_paginator("list_layer_versions").paginate(LayerName="found", PaginationConfig={"PageSize": 1})
    assert [version["LayerVersionArn"] for version in pages.build_full_result()["LayerVersions"]] == arns[::-1]
    assert functions.get_layer_version_by_arn(Arn=arns[0])["Content"]["CodeSize"] > 0
    listed = functions.get_paginator("list_layers").paginate().build_full_result()["Layers"]
    assert {layer["LayerName"]: layer["LatestMatchingVersion"]["LayerVersionArn"] for layer in listed}["found"] == arns[2]


def test_code_from_a_bucket_takes_the_callers_rights(client, server, functions, deploy, role, runtimes, isolation):
    s3, iam, bucket = client("s3"), client("iam"), next(buckets)
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="app.zip", Body=package(app__py=CODE.format("stored")))
    name = deploy(CODE.format("sent"))
    functions.update_function_code(FunctionName=name, S3Bucket=bucket, S3Key="app.zip")
    assert invoked(functions, name)[1][0] == "stored"
    code, text = refusal(functions.update_function_code, FunctionName=name, S3Bucket=bucket, S3Key="other.zip")
    assert code == "InvalidParameterValueException" and "S3 Error Code: NoSuchKey" in text
    iam.create_user(UserName=bucket)
    key = iam.create_access_key(UserName=bucket)["AccessKey"]
    allowed = {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=bucket, PolicyName="lambda", PolicyDocument=policy)
    theirs = client_of(server, "lambda", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    code, text = refusal(theirs.update_function_code, FunctionName=name, S3Bucket=bucket, S3Key="app.zip")
    assert code == "AccessDeniedException" and "denied by S3" in text
