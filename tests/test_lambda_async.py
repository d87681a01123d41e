"""Asynchronous invocations by boto3: accepted, delivered, told to destinations, and not lost when the server dies."""
import json
import shutil

import pytest

from conftest import TRUST, client_of
from packages import package
from server import Server, wait_until
from test_lambda import deploy, functions, refusal  # noqa: F401 (fixtures)

TELLS = "import json\ndef handler(event, context):\n    print('got', context.aws_request_id, json.dumps(event))\n    return event\n"


def lines(server, name):
    """What a function printed so far."""
    logs = client_of(server, "logs")
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern='"got"')["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"].strip() for event in events]


def sent(functions, name, event):
    answer = functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b""
    return answer["ResponseMetadata"]["RequestId"]


def test_an_event_is_delivered_under_the_request_s_id(server, functions, deploy, isolation):
    name = deploy(TELLS)
    request = sent(functions, name, {"n": 1})
    assert wait_until("delivery", lambda: lines(server, name)) == [f'got {request} {{"n": 1}}']
    code, text = refusal(functions.invoke, FunctionName=name, InvocationType="Event", Payload=json.dumps("x" * 2**20))
    assert code == "RequestEntityTooLargeException" and "limit 1048576 bytes" in text


def test_a_function_is_told_of_another_s_success_and_failure(server, client, functions, deploy, role, isolation):
    told = deploy(TELLS)
    name = deploy("def handler(event, context):\n    return 1 / event['n']\n")
    arn = functions.get_function(FunctionName=told)["Configuration"]["FunctionArn"]
    functions.add_permission(FunctionName=told, StatementId="s", Action="lambda:InvokeFunction", Principal=role)
    to = {"Destination": arn}
    functions.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnSuccess": to, "OnFailure": to}
    )
    expected = {sent(functions, name, {"n": n}): condition for n, condition in [(2, "Success"), (0, "RetriesExhausted")]}
    found = wait_until("being told", lambda: (seen := lines(server, told)) and len(seen) == 2 and seen)
    records = [json.loads(line.split(" ", 2)[2]) for line in found]
    conditions = {record["requestContext"]["requestId"]: record["requestContext"]["condition"] for record in records}
    assert conditions == expected
    failed = next(record for record in records if record["requestContext"]["condition"] != "Success")
    assert failed["responseContext"]["functionError"] == "Unhandled"
    assert failed["responsePayload"]["errorType"] == "ZeroDivisionError"
    configurations = functions.get_paginator("list_function_event_invoke_configs").paginate(FunctionName=name)
    assert [one["MaximumRetryAttempts"] for one in configurations.build_full_result()["FunctionEventInvokeConfigs"]] == [0]
    queue = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:queue"}}
    code, text = refusal(functions.put_function_event_invoke_config, FunctionName=name, DestinationConfig=queue)
    assert code == "NotImplemented" and "sqs" in text


def test_what_was_accepted_is_delivered_by_the_next_server(tmp_path, sdk, runtimes, isolation):
    data = tmp_path / "data"
    data.mkdir()
    shutil.copytree(sdk, data / "runtimes", symlinks=True)
    server = Server(data)
    iam, functions = client_of(server, "iam"), client_of(server, "lambda")
    role = iam.create_role(RoleName="tests", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="tests", PolicyArn=basic)
    runtime = runtimes["python"] or pytest.skip("no python on this host")
    # Longer than it takes to kill the server: nothing is delivered to the end before.
    code = "import time\ntime.sleep(1)\n" + TELLS
    functions.create_function(
        FunctionName="late", Runtime=runtime, Handler="app.handler", Role=role, Code={"ZipFile": package(app__py=code)}
    )
    requests = [sent(functions, "late", {"n": n}) for n in range(5)]
    server.kill()
    server.start()
    try:
        expected = {f'got {request} {{"n": {n}}}' for n, request in enumerate(requests)}
        wait_until("delivery", lambda: expected <= set(lines(server, "late")), 30)
    finally:
        assert server.stop() == 0
