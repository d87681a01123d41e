"""One service, several protocols: each request says which one it speaks, and is answered in it."""
import gzip
import io
import json
import struct

import boto3
import botocore.loaders
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.parsers import RpcV2CBORParser

from server import KEY, REGION, ROOT, SECRET

MODEL = ROOT / "services" / "clearsky-api" / "model" / "clearsky.json"
PATH = "/service/Clearsky_20261124/operation/ExplainRequest"
RPC = {"smithy-protocol": "rpc-v2-cbor", "accept": "application/cbor", "content-type": "application/cbor"}
TARGET = {"x-amz-target": "Clearsky_20261124.ExplainRequest", "content-type": "application/x-amz-json-1.1"}


def text(value):
    """A CBOR text by hand (RFC 8949: major type 3, the length in one byte behind the head)."""
    return struct.pack(">BB", 0x78, len(value.encode())) + value.encode()


def explain(request_id, indefinite=False):
    """The CBOR of ExplainRequest's input."""
    entry = text("RequestId") + text(request_id)
    return b"\xbf" + entry + b"\xff" if indefinite else b"\xa1" + entry


def cbor(body):
    """Any CBOR item, by botocore's parser."""
    return RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body)))


@pytest.fixture(scope="module")
def post(server):
    def send(path, body, headers, signed=True):
        request = AWSRequest("POST", server.url + path, data=body, headers=headers)
        if signed:
            SigV4Auth(Credentials(KEY, SECRET), "clearsky", REGION).add_auth(request)
        return requests.post(server.url + path, data=body, headers=dict(request.headers), timeout=30)

    return send


@pytest.fixture(scope="module")
def request_id(client):
    return client("sts").get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]


@pytest.fixture(scope="module")
def speaking(server, tmp_path_factory):
    """speaking(protocols) -> a botocore client of Clearsky's own API whose model lists these protocols."""

    def make(*protocols):
        model = json.loads(MODEL.read_text())
        model["metadata"] |= {"protocols": list(protocols), "protocol": protocols[0]}
        place = tmp_path_factory.mktemp("models")
        (place / "clearsky" / "2026-11-24").mkdir(parents=True)
        (place / "clearsky" / "2026-11-24" / "service-2.json.gz").write_bytes(gzip.compress(json.dumps(model).encode()))
        session = boto3.Session(KEY, SECRET, region_name=REGION)
        session._session.register_component("data_loader", botocore.loaders.Loader([str(place), *session._loader.search_paths]))
        return session.client("clearsky", endpoint_url=server.url, config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))

    return make


@pytest.mark.parametrize("indefinite", [False, True])
def test_cbor_by_hand(post, request_id, indefinite):
    answer = post(PATH, explain(request_id, indefinite), RPC)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/cbor"), answer.content
    assert answer.headers["smithy-protocol"] == "rpc-v2-cbor"
    told = cbor(answer.content)
    assert (told["RequestId"], told["Operation"], told["Status"]) == (request_id, "GetCallerIdentity", 200)
    assert told["Time"].year > 2000


def test_json_of_the_same_service(post, request_id):
    answer = post("/", json.dumps({"RequestId": request_id}), TARGET)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-amz-json-1.1")
    assert answer.json()["Operation"] == "GetCallerIdentity" and "smithy-protocol" not in answer.headers


@pytest.mark.parametrize("protocols", [("smithy-rpc-v2-cbor",), ("json",), ("json", "smithy-rpc-v2-cbor")])
def test_botocore_speaks_each(speaking, request_id, protocols):
    api = speaking(*protocols)
    told = api.explain_request(RequestId=request_id)
    assert (told["Operation"], told["Status"]) == ("GetCallerIdentity", 200)
    kind = told["ResponseMetadata"]["HTTPHeaders"]["content-type"]
    # Of several botocore takes JSON.
    assert kind == ("application/x-amz-json-1.1" if "json" in protocols else "application/cbor")
    with pytest.raises(api.exceptions.ResourceNotFoundException) as unknown:
        api.explain_request(RequestId="none")
    assert "none" in unknown.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    "path, body, expected",
    [
        (PATH, b"\xa0", (400, "ValidationException")),
        (PATH, b"", (400, "ValidationException")),
        (PATH, b"\xa1" + text("RequestId") + b"\x05", (400, "SerializationException")),
        (PATH, explain("x")[:-1], (400, "SerializationException")),
        (PATH, explain("x") + b"\x00", (400, "SerializationException")),
        (PATH, explain("none"), (404, "ResourceNotFoundException")),
        (PATH.replace("Explain", "Forget"), b"\xa0", (400, "UnknownOperationException")),
        (PATH.replace("Clearsky_20261124", "Clearsky"), b"\xa0", (400, "UnknownOperationException")),
    ],
)
def test_errors_are_cbor(post, path, body, expected):
    answer = post(path, body, RPC)
    assert answer.headers["content-type"] == "application/cbor" and answer.headers["smithy-protocol"] == "rpc-v2-cbor"
    error = cbor(answer.content)
    assert (answer.status_code, error["__type"].split("#")[-1]) == expected, error
    assert error["message"]


def test_an_unsigned_request_is_known_by_its_path(post):
    answer = post(PATH, explain("none"), RPC, signed=False)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/cbor"), answer.content
    assert cbor(answer.content)["__type"].endswith("MissingAuthenticationTokenException"), answer.content


def test_without_its_header_it_is_no_request_of_the_protocol(post):
    answer = post(PATH, explain("none"), {"content-type": "application/cbor"})
    assert (answer.status_code, cbor(answer.content)["__type"].split("#")[-1]) == (400, "UnknownOperationException")


def test_a_service_that_does_not_speak_it_says_so(server):
    request = AWSRequest("POST", server.url + "/service/DynamoDB_20120810/operation/ListTables", data=b"\xa0", headers=RPC)
    SigV4Auth(Credentials(KEY, SECRET), "dynamodb", REGION).add_auth(request)
    answer = requests.post(request.url, data=b"\xa0", headers=dict(request.headers), timeout=30)
    assert answer.status_code == 400 and answer.json()["__type"].endswith("UnknownOperationException"), answer.content


def test_a_refused_constraint_reads_the_same_in_each(speaking):
    texts = set()
    for protocol in ("smithy-rpc-v2-cbor", "json"):
        api = speaking(protocol)
        with pytest.raises(ClientError) as refused:
            api.explain_request(RequestId="")
        texts.add((refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]))
    assert len(texts) == 1, texts
