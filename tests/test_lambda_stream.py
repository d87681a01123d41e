"""InvokeWithResponseStream: what a function returns, as a stream of events that SDKs decode."""
import base64
import json
import shutil
import subprocess

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from packages import package
from server import KEY, REGION, ROOT, SECRET
from test_lambda import deploy, functions  # noqa: F401 (fixtures)

PATH = "/2021-11-15/functions/{}/response-streaming-invocations"
LARGE = "def handler(event, context):\n    return 'x' * event\n"


def stream(functions, name, event=None, **parameters):
    """The joined chunks, how many they were, and the event that ends the stream."""
    answer = functions.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event), **parameters)
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    *chunks, last = answer["EventStream"]
    assert all(list(chunk) == ["PayloadChunk"] for chunk in chunks) and list(last) == ["InvokeComplete"]
    return b"".join(chunk["PayloadChunk"]["Payload"] for chunk in chunks), len(chunks), last["InvokeComplete"]


def test_an_answer_is_streamed(functions, deploy, isolation):
    name = deploy("def handler(event, context):\n    return {'double': event['n'] * 2}\n")
    payload, chunks, complete = stream(functions, name, {"n": 21})
    assert (json.loads(payload), chunks, complete) == ({"double": 42}, 1, {})


def test_the_log_comes_with_the_end(functions, deploy, isolation):
    name = deploy("def handler(event, context):\n    print('seen')\n")
    payload, _, complete = stream(functions, name, LogType="Tail")
    log = base64.b64decode(complete["LogResult"]).decode()
    assert payload == b"null" and "seen\n" in log and log.startswith("START RequestId: ") and "REPORT RequestId: " in log


def test_an_error_of_the_handler_is_in_the_stream(functions, deploy, isolation):
    name = deploy("def handler(event, context):\n    raise ValueError('no')\n")
    payload, _, complete = stream(functions, name, LogType="Tail")
    error = json.loads(payload)
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no")
    assert complete["ErrorCode"] == "Unhandled" and json.loads(complete["ErrorDetails"]) == error
    assert "[ERROR] ValueError: no" in base64.b64decode(complete["LogResult"]).decode()


def test_a_large_answer_is_several_chunks(functions, deploy, isolation):
    name = deploy(LARGE)
    payload, chunks, _ = stream(functions, name, 3_000_000)
    assert json.loads(payload) == "x" * 3_000_000 and chunks == 3


def test_on_the_wire_it_has_no_length(server, deploy, isolation):
    name = deploy(LARGE)
    request = AWSRequest("POST", server.url + PATH.format(name), data=b"1")
    SigV4Auth(Credentials(KEY, SECRET), "lambda", REGION).add_auth(request)
    answer = requests.post(request.url, data=b"1", headers=dict(request.headers), stream=True, timeout=30)
    assert answer.headers["transfer-encoding"] == "chunked" and "content-length" not in answer.headers
    assert answer.headers["x-amz-executed-version"] == "$LATEST"


def test_what_keeps_a_function_from_running_is_no_stream(server, functions, deploy, isolation):
    name = deploy(LARGE)
    for parameters, expected in [
        ({"FunctionName": "not-there"}, (404, "ResourceNotFoundException")),
        ({"FunctionName": name, "Payload": b"{nope"}, (400, "InvalidRequestContentException")),
        ({"FunctionName": name, "TenantId": "t"}, (501, "NotImplemented")),
    ]:
        with pytest.raises(ClientError) as refused:
            functions.invoke_with_response_stream(**parameters)
        response = refused.value.response
        assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == expected
    dry = functions.invoke_with_response_stream(FunctionName=name, InvocationType="DryRun")
    assert dry["StatusCode"] == 204
    unsigned = requests.post(server.url + PATH.format(name), data=b"1", timeout=30)
    assert (unsigned.status_code, unsigned.headers["x-amzn-errortype"]) == (403, "MissingAuthenticationTokenException")


def test_a_javascript_function_streams_too(functions, deploy, isolation):
    code = "export const handler = async (event) => ({ sum: event.a + event.b });"
    name = deploy(family="node", package=package(index__mjs=code), Handler="index.handler")
    assert json.loads(stream(functions, name, {"a": 1, "b": 2})[0]) == {"sum": 3}


def test_the_javascript_sdk_decodes_it(server, deploy, isolation):
    if shutil.which("node") is None or not (ROOT / "tests" / "node_modules" / "@aws-sdk" / "client-lambda").is_dir():
        pytest.skip("the JavaScript SDK is not installed: Node.js and npm are needed")
    name = deploy("def handler(event, context):\n    print('seen')\n    return event['n'] * 2\n")
    command = ["node", "stream.mjs", name, '{"n": 21}']
    done = subprocess.run(command, cwd=ROOT / "tests", env=server.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["payload"] == "42" and "ErrorCode" not in said["complete"]
    assert "seen\n" in base64.b64decode(said["complete"]["LogResult"]).decode()
