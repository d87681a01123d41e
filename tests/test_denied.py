"""Every operation of every house is refused to whoever is not known, and to whoever may not.

The operations are those of the support.toml files; their parameters are made of botocore's models: the required members,
each with the first value that its shape takes. So a new operation is tested here without a line.
"""
import json
import re
import tomllib

import boto3
import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import client_of
from server import ACCOUNT, KEY, REGION, ROOT, SECRET, Server
from test_auth import assume

NAME = "denied-1"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})

# What a text may be: the first that fits a shape's pattern, length and values.
TEXTS = [
    NAME,
    "denied",
    f"arn:aws:iam::{ACCOUNT}:role/{NAME}",
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}",
    f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{NAME}",
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{NAME}:1",
    "lambda:InvokeFunction",
    "lambda:GetLayerVersion",
    "/denied/1",
    ACCOUNT,
    "1",
]

# Where the model does not say what a value must be like: by shape, by operation and member, by member.
SHAPES = {
    "AttributeValue": {"S": "a"},
    "TransactWriteItem": {"Put": {"TableName": NAME, "Item": {NAME: {"S": "a"}}}},
    "WriteRequest": {"PutRequest": {"Item": {NAME: {"S": "a"}}}},
    "FunctionCode": {"ZipFile": b"PK"},
    "policyDocumentType": POLICY,
}
MEMBERS = {
    "CreateRole.AssumeRolePolicyDocument": TRUST,
    "UpdateAssumeRolePolicy.PolicyDocument": TRUST,
    "CopyObject.CopySource": f"{NAME}/other",
    "CreateApi.ProtocolType": "HTTP",
    "CreateIntegration.IntegrationType": "AWS_PROXY",
    "CreateRoute.RouteKey": "GET /a",
    "GetParametersByPath.Path": "/denied",
    "PutLogEvents.logEvents": [{"timestamp": 1, "message": "a"}],
    "AccessKeyId": "AKIADENIED1234567890",
    "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
    "ResourceType": "Parameter",
    "VersionId": "v1",
    "resourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{NAME}",
}
# Optional members without which a request makes no sense.
NEEDED = {
    "CreateTable": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": NAME, "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": NAME, "KeyType": "HASH"}],
    },
    "UpdateTable": {"BillingMode": "PAY_PER_REQUEST"},
    "Query": {
        "KeyConditionExpression": "#k = :k",
        "ExpressionAttributeNames": {"#k": NAME},
        "ExpressionAttributeValues": {":k": {"S": "a"}},
    },
    **{name: {"UserName": NAME} for name in (
        "GetUser", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "ListAccessKeys",
    )},
    "DescribeLogStreams": {"logGroupName": NAME},
    "GetLogEvents": {"logGroupName": NAME},
    "FilterLogEvents": {"logGroupName": NAME},
    "PutParameter": {"Type": "String"},
}

# Operations that need no permission, and why.
FOR_ALL = {
    "GetCallerIdentity": "whoever has a key may ask whose it is (docs)",
}

# The codes and statuses of: nobody, an unknown key, a wrong secret, a role without policies.
REFUSALS = {
    "query": [
        ("MissingAuthenticationToken", 403), ("InvalidClientTokenId", 403),
        ("SignatureDoesNotMatch", 403), ("AccessDenied", 403),
    ],
    "json": [
        ("MissingAuthenticationTokenException", 400), ("UnrecognizedClientException", 400),
        ("InvalidSignatureException", 400), ("AccessDeniedException", 400),
    ],
    "rest-json": [
        ("MissingAuthenticationTokenException", 403), ("UnrecognizedClientException", 403),
        ("InvalidSignatureException", 403), ("AccessDeniedException", 403),
    ],
    # Asked in JSON by boto3, and answered with the codes of the query protocol that was there before.
    "smithy-rpc-v2-cbor": [
        ("MissingAuthenticationToken", 400), ("InvalidClientTokenId", 400),
        ("SignatureDoesNotMatch", 400), ("AccessDenied", 400),
    ],
    "rest-xml": [("AccessDenied", 403), ("InvalidAccessKeyId", 403), ("SignatureDoesNotMatch", 403), ("AccessDenied", 403)],
}


def supported():
    """(model, operation) of every house."""
    for support in sorted(ROOT.glob("services/*/model/*support.toml")):
        models = [p.stem for p in support.parent.glob("*.json") if not p.stem.endswith(("overlay", ".iam"))]
        model = support.name.removesuffix(".support.toml") if len(models) > 1 else models[0]
        for operation in tomllib.loads(support.read_text())["operations"]:
            yield model, operation


OPERATIONS = list(supported())


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A boto3 session that knows our own service too."""
    place = tmp_path_factory.mktemp("models")
    own = json.loads((ROOT / "services/clearsky-api/model/clearsky.json").read_text())
    folder = place / "clearsky" / own["metadata"]["apiVersion"]
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(own))
    text = {"type": "String", "required": False, "documentation": ""}
    rules = {
        "version": "1.0",
        "parameters": {"Region": text | {"builtIn": "AWS::Region"}, "Endpoint": text | {"builtIn": "SDK::Endpoint"}},
        "rules": [{
            "conditions": [{"fn": "isSet", "argv": [{"ref": "Endpoint"}]}],
            "endpoint": {"url": {"ref": "Endpoint"}, "properties": {}, "headers": {}},
            "type": "endpoint",
        }],
    }
    (folder / "endpoint-rule-set-1.json").write_text(json.dumps(rules))
    session = boto3.Session(region_name=REGION)
    session._loader.search_paths.append(str(place))
    return session


class Callers:
    """A server of its own, and clients of it for each kind of caller."""

    def __init__(self, server, session):
        nobody = assume(lambda service: client_of(server, service), "nobody", [], "*")
        self.server, self.session, self.clients = server, session, {}
        self.ids = {}  # Members whose values the server chose.
        self.keys = {
            "root": {"key": KEY, "secret": SECRET},
            "unsigned": None,
            "unknown": {"key": "AKIANOBODYKNOWSTHIS1", "secret": SECRET},
            "wrong": {"key": KEY, "secret": "wrong"},
            "nobody": nobody,
        }

    def client(self, caller, model):
        if (caller, model) not in self.clients:
            keys = self.keys[caller]
            settings = {"retries": {"total_max_attempts": 1}} | ({} if keys else {"signature_version": botocore.UNSIGNED})
            named = keys and {
                "aws_access_key_id": keys["key"],
                "aws_secret_access_key": keys["secret"],
                "aws_session_token": keys.get("token"),
            }
            made = self.session.client(model, endpoint_url=self.server.url, config=Config(**settings), **(named or {}))
            self.clients[caller, model] = made
        return self.clients[caller, model]

    def call(self, caller, model, operation):
        """The answer, or an error's code and status."""
        client = self.client(caller, model)
        shape = client.meta.service_model.operation_model(operation).input_shape
        method = botocore.xform_name(operation)
        try:
            return getattr(client, method)(**parameters(operation, shape) | self.chosen(shape))
        except ClientError as refused:
            return refused.response["Error"]["Code"], refused.response["ResponseMetadata"]["HTTPStatusCode"]

    def chosen(self, shape):
        return {name: value for name, value in self.ids.items() if shape and name in shape.required_members}


def parameters(operation, shape):
    """The least that an operation takes."""
    if shape is None:
        return {}
    made = {name: value(shape.members[name], operation, name) for name in shape.required_members}
    return made | NEEDED.get(operation, {})


def value(shape, operation="", member=""):
    """The first value that a shape takes."""
    for known, name in ((MEMBERS, f"{operation}.{member}"), (MEMBERS, member), (SHAPES, shape.name)):
        if name in known:
            return known[name]
    kind = shape.type_name
    if kind == "structure":
        return {name: value(shape.members[name], member=name) for name in shape.required_members}
    if kind == "list":
        return [value(shape.member)] * max(1, int(shape.metadata.get("min", 1)))
    if kind == "map":
        return {value(shape.key): value(shape.value)}
    if kind == "string":
        return text(shape)
    if kind in ("integer", "long"):
        return max(1, int(shape.metadata.get("min", 1)))
    return {"boolean": True, "blob": b"a", "double": 1.0, "float": 1.0, "timestamp": 1_700_000_000}[kind]


def text(shape):
    if values := shape.metadata.get("enum"):
        return values[0]
    least, most = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 1 << 20))
    texts = [candidate for candidate in TEXTS if least <= len(candidate) <= most]
    pattern = shape.metadata.get("pattern")
    try:
        fits = [candidate for candidate in texts if not pattern or re.fullmatch(pattern, candidate)]
    except re.error:  # Java knows classes that Python does not.
        fits = texts
    return (fits or [NAME * (least // len(NAME) + 1)])[0]


@pytest.fixture(scope="module")
def callers(tmp_path_factory, session):
    place = tmp_path_factory.mktemp("denied") / "data"
    place.mkdir()
    server = Server(place)
    try:
        callers = Callers(server, session)
        for model, operation in MADE:
            made = callers.call("root", model, operation)
            assert isinstance(made, dict), (operation, made)
            callers.ids |= {name: made[name] for name in ("ApiId",) if name in made}
        yield callers
    finally:
        code = server.stop()
    assert code == 0


# What is there to be changed, by the names that the parameters have.
MADE = [
    ("s3", "CreateBucket"), ("s3", "PutObject"), ("dynamodb", "CreateTable"), ("dynamodb", "PutItem"), ("iam", "CreateRole"),
    ("iam", "PutRolePolicy"), ("iam", "CreateUser"), ("iam", "CreateGroup"), ("iam", "CreatePolicy"),
    ("iam", "PutUserPolicy"), ("iam", "PutGroupPolicy"), ("logs", "CreateLogGroup"), ("logs", "CreateLogStream"), ("apigatewayv2", "CreateApi"), ("apigatewayv2", "CreateStage"),
    ("ssm", "PutParameter"),
]


def state(callers):
    """Whatever the root user can read with the same parameters."""
    reads = [(m, o) for m, o in OPERATIONS if m != "sts" and re.match("Get|List|Describe|Head|Query|Scan", o)]
    return {(m, o): shown(callers.call("root", m, o)) for m, o in reads}


def shown(answer):
    """An answer without what differs each time: metadata and tokens."""
    if not isinstance(answer, dict):
        return answer
    answer = {name: part for name, part in answer.items() if name != "ResponseMetadata" and "Token" not in name}
    if "Body" in answer:
        answer["Body"] = answer["Body"].read()
    return answer


@pytest.fixture(scope="module", autouse=True)
def nothing_changes(callers):
    before = state(callers)
    assert sum(isinstance(answer, dict) for answer in before.values()) >= len(before) // 2
    yield
    assert state(callers) == before


@pytest.mark.parametrize("model, operation", OPERATIONS)
def test_whoever_is_not_known_or_may_not_is_refused(callers, model, operation):
    protocol = callers.client("root", model).meta.service_model.protocol
    http = callers.client("root", model).meta.service_model.operation_model(operation).http
    for caller, (code, status) in zip(("unsigned", "unknown", "wrong", "nobody"), REFUSALS[protocol]):
        answer = callers.call(caller, model, operation)
        if caller == "nobody" and operation in FOR_ALL:
            assert isinstance(answer, dict), FOR_ALL[operation]
        elif http["method"] == "HEAD":  # There is no body to say the code in.
            assert answer == (str(status), status), caller
        elif operation == "DeleteObjects" and isinstance(answer, dict):  # Each key is denied on its own.
            assert caller in ("unsigned", "nobody")
            assert "Deleted" not in answer and {error["Code"] for error in answer["Errors"]} == {"AccessDenied"}
        else:
            assert answer == (code, status), caller
