"""Lambda: functions by boto3 and the aws-cli, run in sandboxes."""
import base64
import itertools
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from conftest import client_of
from packages import archive, link, package
from server import ACCOUNT, wait_until

names = (f"lambda-{n}" for n in itertools.count())


@pytest.fixture(scope="module")
def functions(client):
    return client("lambda")


@pytest.fixture
def deploy(functions, role, runtimes):
    """deploy(code, ...) -> the function's name. The code is Python, with `handler` in it, unless `package` is given."""
    made = []

    def create(code="", family="python", **settings):
        name = settings.pop("FunctionName", None) or next(names)
        zipped = settings.pop("package", None) or package(app__py=code)
        runtime = runtimes[family] or pytest.skip(f"no {family} on this host")
        defaults = {"Runtime": runtime, "Handler": "app.handler", "Role": role, "Code": {"ZipFile": zipped}}
        functions.create_function(FunctionName=name, **(defaults | settings))
        made.append(name)
        return name

    yield create
    for name in made:
        try:
            functions.delete_function(FunctionName=name)
        except functions.exceptions.ResourceNotFoundException:
            pass  # The test did it.


def refusal(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def invoke(functions, name, event=None, **parameters):
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail", **parameters)
    log = base64.b64decode(answer["LogResult"]).decode()
    return answer.get("FunctionError"), json.loads(answer["Payload"].read()), log


def test_a_python_function_answers_and_tells_its_log(functions, deploy, isolation):
    name = deploy("def handler(event, context):\n    print('seen', event['n'])\n    return {'double': event['n'] * 2}\n")
    error, answer, log = invoke(functions, name, {"n": 21})
    assert (error, answer) == (None, {"double": 42})
    assert re.search(r"^START RequestId: [0-9a-f-]{36} Version: \$LATEST$", log, re.M)
    assert "seen 21\n" in log
    assert re.search(r"^END RequestId: [0-9a-f-]{36}$", log, re.M)
    report = r"^REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\t"
    assert re.search(report, log, re.M)


def test_a_node_function_answers(functions, deploy, isolation):
    code = "export const handler = async (event) => ({ sum: event.a + event.b, node: process.version });"
    name = deploy(family="node", package=package(index__mjs=code), Handler="index.handler")
    error, answer, _ = invoke(functions, name, {"a": 1, "b": 2})
    assert error is None and answer["sum"] == 3 and answer["node"].startswith("v")


def test_the_context_and_the_environment(functions, deploy, isolation, role):
    code = """
import os, boto3
def handler(event, context):
    return {
        "name": context.function_name, "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
        "left": context.get_remaining_time_in_millis(), "mine": os.environ["MINE"], "region": os.environ["AWS_REGION"],
        "task": os.environ["LAMBDA_TASK_ROOT"], "who": boto3.client("sts").get_caller_identity()["Arn"],
    }
"""
    name = deploy(code, Environment={"Variables": {"MINE": "yes"}}, MemorySize=256, Timeout=20)
    error, answer, log = invoke(functions, name)
    assert error is None, log
    assert 0 < answer.pop("left") <= 20_000
    assert answer == {
        "name": name,
        "arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}",
        "memory": "256" if isinstance(answer["memory"], str) else 256,
        "mine": "yes",
        "region": "us-east-1",
        "task": "/var/task",
        "who": f"arn:aws:sts::{ACCOUNT}:assumed-role/tests/{name}",
    }


def test_globals_survive_in_a_warm_environment(functions, deploy, isolation):
    name = deploy("count = 0\ndef handler(event, context):\n    global count\n    count += 1\n    return count\n")
    assert [invoke(functions, name)[1] for _ in range(3)] == [1, 2, 3]


def test_new_code_serves_the_next_request(functions, deploy, isolation):
    name = deploy("def handler(event, context):\n    return 'old'\n")
    assert invoke(functions, name)[1] == "old"
    updated = functions.update_function_code(
        FunctionName=name, ZipFile=package(app__py="def handler(event, context):\n    return 'new'\n")
    )
    assert updated["LastUpdateStatus"] == "Successful"
    assert invoke(functions, name)[1] == "new"
    functions.update_function_configuration(FunctionName=name, Description="changed", Timeout=9)
    found = functions.get_function_configuration(FunctionName=name)
    assert (found["Description"], found["Timeout"]) == ("changed", 9)


def test_an_exception_is_an_unhandled_function_error(functions, deploy, isolation):
    name = deploy("def handler(event, context):\n    raise ValueError('no good')\n")
    error, answer, log = invoke(functions, name)
    assert error == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("ValueError", "no good")
    assert "stackTrace" in answer and "[ERROR] ValueError: no good" in log


@pytest.mark.parametrize(
    "handler, code, kind, text",
    [
        ("app.missing", "x = 1\n", "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'app'"),
        ("none.handler", "x = 1\n", "Runtime.ImportModuleError", "Unable to import module 'none': No module named 'none'"),
        ("app.handler", "def handler(:\n", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("handler", "x = 1\n", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
    ],
)
def test_a_handler_that_does_not_exist_is_named(functions, deploy, isolation, handler, code, kind, text):
    error, answer, _ = invoke(functions, deploy(code, Handler=handler))
    assert (error, answer["errorType"]) == ("Unhandled", kind)
    assert text in answer["errorMessage"]


def test_a_timeout_is_reported_as_one(functions, deploy, isolation):
    name = deploy("import time\ndef handler(event, context):\n    time.sleep(30)\n", Timeout=1)
    error, answer, log = invoke(functions, name)
    assert error == "Unhandled"
    assert re.search(r"Task timed out after 1\.00 seconds", answer["errorMessage"])
    assert "Task timed out after 1.00 seconds" in log


def test_a_crash_is_reported_as_one(functions, deploy, isolation):
    name = deploy("import os\ndef handler(event, context):\n    os._exit(3)\n")
    error, answer, _ = invoke(functions, name)
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert answer["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    again, _, _ = invoke(functions, name)
    assert again == "Unhandled"


def test_memory_is_limited(functions, deploy, isolation):
    name = deploy("def handler(event, context):\n    return len(bytearray(400 * 1024 * 1024))\n", Timeout=20)
    error, answer, _ = invoke(functions, name)
    assert error == "Unhandled"
    assert answer["errorType"] in ("Runtime.OutOfMemory", "MemoryError", "Runtime.ExitError"), answer


def test_the_sandbox_holds(functions, deploy, isolation):
    code = """
import os, socket
def attempt(what):
    try:
        what()
        return "done"
    except Exception as error:
        return type(error).__name__
def handler(event, context):
    host, port = "127.0.0.1", event["other"]
    status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
    return {
        "task": attempt(lambda: open("/var/task/x", "w")),
        "root": attempt(lambda: open("/x", "w")),
        "tmp": attempt(lambda: open("/tmp/x", "w")),
        "host": attempt(lambda: socket.create_connection((host, port), 2)),
        "chroot": attempt(lambda: os.chroot("/tmp")),
        "capabilities": status["CapEff"].strip(), "new privileges": status["NoNewPrivs"].strip(),
        "root user": os.getuid() == 0, "processes": len([p for p in os.listdir("/proc") if p.isdigit()]) < 10,
    }
"""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        error, answer, log = invoke(functions, deploy(code), {"other": listener.getsockname()[1]})
    assert error is None, log
    assert answer.pop("task") in ("OSError", "PermissionError") and answer.pop("root") in ("OSError", "PermissionError")
    assert answer.pop("host") in ("ConnectionRefusedError", "TimeoutError", "PermissionError")
    assert answer == {
        "tmp": "done",
        "chroot": "PermissionError",
        "capabilities": "0000000000000000",
        "new privileges": "1",
        "root user": False,
        "processes": True,
    }


def test_what_a_function_prints_lands_in_its_log_group(client, functions, deploy, isolation):
    name = deploy("def handler(event, context):\n    print('a needle', event)\n")
    invoke(functions, name, {"hay": True})
    logs = client("logs")

    def found():
        try:
            return logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="needle")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []

    assert wait_until("the line", found)[0]["message"].rstrip() == "a needle {'hay': True}"
    stream = logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"][0]["logStreamName"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    messages = [e["message"] for e in logs.get_log_events(logGroupName=f"/aws/lambda/{name}", logStreamName=stream)["events"]]
    assert messages[0].startswith("START RequestId:") and messages[-1].startswith("REPORT RequestId:")


def test_a_record_of_several_lines_is_one_event(client, functions, deploy, isolation):
    code = "import logging\ndef handler(event, context):\n    logging.warning('two\\nlines')\n    raise ValueError('three\\nlines')\n"
    name = deploy(code)
    _, _, log = invoke(functions, name)
    assert "\ttwo\nlines\n" in log and "[ERROR] ValueError: three\nlines\nTraceback (most recent call last):\n" in log
    logs = client("logs")

    def messages():
        try:
            return [e["message"] for e in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return []

    start, warning, error, end, report = wait_until("five events", lambda: len(messages()) >= 5 and messages())
    assert warning.startswith("[WARNING]\t") and warning.endswith("\ttwo\nlines\n")
    assert error.startswith("[ERROR] ValueError: three\nlines\nTraceback") and "in handler" in error
    assert (start[:5], end[:3], report[:6]) == ("START", "END", "REPORT")


def test_a_role_without_logs_leaves_no_log(client, functions, deploy, isolation):
    iam, trust = client("iam"), {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    arn = iam.create_role(RoleName="silent", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    name = deploy("def handler(event, context):\n    print('unheard')\n", Role=arn)
    assert invoke(functions, name)[0] is None
    groups = client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
    assert groups == []


@pytest.mark.parametrize(
    "zipped",
    [
        b"not a zip",
        archive(("../outside.py", "x")),
        archive(("/etc/absolute.py", "x")),
        archive(("a/../../outside.py", "x")),
        archive(("back\\..\\slash.py", "x")),
        archive(link("passwd", "/etc/passwd")),
    ],
    ids=["not a zip", "parent", "absolute", "nested parent", "backslash", "link"],
)
def test_bad_packages_are_refused_and_leave_nothing(functions, role, runtimes, zipped):
    settings = {"Runtime": runtimes["python"], "Handler": "app.handler", "Role": role, "Code": {"ZipFile": zipped}}
    code, message = refusal(functions.create_function, FunctionName="bad-package", **settings)
    assert code == "InvalidParameterValueException", message
    assert refusal(functions.get_function, FunctionName="bad-package")[0] == "ResourceNotFoundException"


def test_a_package_over_250_mb_unpacked_is_refused(functions, role, runtimes):
    bomb = archive(*((f"zeros-{n}", bytes(30_000_000)) for n in range(9)))
    settings = {"Runtime": runtimes["python"], "Handler": "app.handler", "Role": role, "Code": {"ZipFile": bomb}}
    code, message = refusal(functions.create_function, FunctionName="bomb", **settings)
    assert (code, message) == ("InvalidParameterValueException", "Unzipped size must be smaller than 262144000 bytes")


def test_an_unknown_runtime_says_which_are_there(functions, role, runtimes):
    settings = {"Handler": "app.handler", "Role": role, "Code": {"ZipFile": package(app__py="")}}
    for unknown in ("python2.7", "cobol85"):
        code, message = refusal(functions.create_function, FunctionName="old", Runtime=unknown, **settings)
        assert code == "InvalidParameterValueException" and runtimes["python"] in message


def test_the_role_must_exist_and_trust_lambda(client, functions, runtimes):
    settings = {"Runtime": runtimes["python"], "Handler": "app.handler", "Code": {"ZipFile": package(app__py="")}}
    absent = f"arn:aws:iam::{ACCOUNT}:role/absent"
    code, message = refusal(functions.create_function, FunctionName="roleless", Role=absent, **settings)
    assert (code, message) == (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    )


def test_validation_reports_everything_at_once(functions, role, runtimes):
    code, message = refusal(
        functions.create_function, FunctionName="bad name!", Runtime=runtimes["python"], Handler="app.handler", Role=role,
        Code={"ZipFile": b"x"}, Timeout=901,
    )
    assert code in ("ValidationException", "InvalidParameterValueException")
    assert "2 validation errors detected" in message and "functionName" in message and "timeout" in message


def test_requests_at_once_get_environments_of_their_own(functions, deploy, isolation):
    code = "import time, uuid\nmine = str(uuid.uuid4())\ndef handler(event, context):\n    time.sleep(1)\n    return mine\n"
    name = deploy(code, Timeout=30)
    with ThreadPoolExecutor(20) as at_once:
        answers = list(at_once.map(lambda _: invoke(functions, name), range(20)))
    assert [error for error, _, _ in answers] == [None] * 20
    assert len({mine for _, mine, _ in answers}) > 10


def test_a_request_under_way_is_finished_though_its_function_changes_or_goes(functions, deploy, isolation):
    name = deploy("import time\ndef handler(event, context):\n    time.sleep(2)\n    return 'old'\n", Timeout=30)
    with ThreadPoolExecutor(2) as aside:
        running = aside.submit(invoke, functions, name)
        time.sleep(0.7)
        functions.update_function_code(FunctionName=name, ZipFile=package(app__py="import time\ndef handler(e, c):\n    time.sleep(1)\n    return 'new'\n"))
        second = aside.submit(invoke, functions, name)
        assert (running.result()[:2], second.result()[:2]) == ((None, "old"), (None, "new"))
        running = aside.submit(invoke, functions, name)
        time.sleep(0.4)
        functions.delete_function(FunctionName=name)
        assert running.result()[:2] == (None, "new")
    assert refusal(functions.invoke, FunctionName=name)[0] == "ResourceNotFoundException"


def test_answers_of_every_kind(functions, deploy, isolation):
    code = """
from decimal import Decimal
class Failed(Exception):
    pass
def handler(event, context):
    print("h\u00e9llo", end="")
    return {"none": None, "text": "\u2603", "number": Decimal("1.5"), "set": {1}, "exit": 0}[event] if event != "fail" else fail()
def fail():
    raise Failed("a", 1)
"""
    name = deploy(code)
    assert [invoke(functions, name, event)[:2] for event in ("none", "text", "number")] == [(None, None), (None, "\u2603"), (None, 1.5)]
    assert "h\u00e9llo" in invoke(functions, name, "exit")[2].splitlines()
    error, answer, log = invoke(functions, name, "set")
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.MarshalError")
    assert answer["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable"
    error, answer, log = invoke(functions, name, "fail")
    assert (error, answer["errorType"], answer["errorMessage"]) == ("Unhandled", "Failed", "('a', 1)")
    assert "in fail" in answer["stackTrace"][-1] and answer["requestId"] in log


def test_a_request_carries_its_trace(functions, deploy, isolation):
    name = deploy("import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n")
    answer = functions.invoke(FunctionName=name)
    trace = json.loads(answer["Payload"].read())
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", trace)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"] == trace


def test_invoking_is_allowed_by_identity_or_by_the_functions_policy(client, server, functions, deploy, isolation):
    iam, account = client("iam"), {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": account})
    role = iam.create_role(RoleName="invoker", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    keys = client("sts").assume_role(RoleArn=role, RoleSessionName="invoking")["Credentials"]
    session = client_of(
        server, "lambda", key=keys["AccessKeyId"], secret=keys["SecretAccessKey"], token=keys["SessionToken"]
    )
    code = "def handler(event, context):\n    return 1\n"
    deploy(code, FunctionName="open-one")
    deploy(code, FunctionName="shut-one")
    assert refusal(session.invoke, FunctionName="open-one")[0] == "AccessDeniedException"
    allow = {"Effect": "Allow", "Action": "lambda:Invoke*", "Resource": f"arn:aws:lambda:*:{ACCOUNT}:function:open-*"}
    iam.put_role_policy(RoleName="invoker", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow}))
    assert session.invoke(FunctionName="open-one")["StatusCode"] == 200
    code, message = refusal(session.invoke, FunctionName="shut-one")
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:{ACCOUNT}:function:shut-one" in message
    functions.add_permission(FunctionName="shut-one", StatementId="in", Action="lambda:InvokeFunction", Principal=role)
    assert session.invoke(FunctionName="shut-one")["StatusCode"] == 200
    functions.remove_permission(FunctionName="shut-one", StatementId="in")
    assert refusal(session.invoke, FunctionName="shut-one")[0] == "AccessDeniedException"


def test_functions_are_listed_in_pages(functions, deploy):
    made = {deploy("x = 1") for _ in range(3)}
    pages = list(functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    listed = [f["FunctionName"] for page in pages for f in page["Functions"]]
    assert 1 < len(pages) and made <= set(listed) and len(listed) == len(set(listed))


def test_unknown_functions_and_twice_the_same(functions, deploy, role, runtimes):
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:nobody"
    for call in (functions.get_function, functions.invoke, functions.delete_function, functions.get_policy):
        code, message = refusal(call, FunctionName="nobody")
        assert code == "ResourceNotFoundException", call
    assert arn in refusal(functions.get_function, FunctionName="nobody")[1]
    name = deploy("x = 1")
    settings = {"Runtime": runtimes["python"], "Handler": "a.b", "Role": role, "Code": {"ZipFile": package(a__py="")}}
    assert refusal(functions.create_function, FunctionName=name, **settings) == (
        "ResourceConflictException",
        f"Function already exist: {name}",
    )


def test_permissions_of_a_function(functions, deploy):
    name = deploy("x = 1")
    settings = {"FunctionName": name, "StatementId": "s1", "Action": "lambda:InvokeFunction"}
    source = "arn:aws:s3:::a-bucket"
    added = functions.add_permission(Principal="s3.amazonaws.com", SourceArn=source, SourceAccount=ACCOUNT, **settings)
    statement = json.loads(added["Statement"])
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"]["ArnLike"] == {"AWS:SourceArn": source}
    assert refusal(functions.add_permission, Principal="s3.amazonaws.com", **settings)[0] == "ResourceConflictException"
    policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
    assert [s["Sid"] for s in policy["Statement"]] == ["s1"]
    functions.remove_permission(FunctionName=name, StatementId="s1")
    assert refusal(functions.get_policy, FunctionName=name)[0] == "ResourceNotFoundException"


def test_the_cli_deploys_and_invokes(aws, server, functions, role, runtimes, isolation, tmp_path):
    zipped, out = tmp_path / "f.zip", tmp_path / "out.json"
    zipped.write_bytes(package(app__py="def handler(event, context):\n    return event\n"))
    endpoint = ("--endpoint-url", server.url)
    aws(*endpoint, "lambda", "create-function", "--function-name", "by-cli", "--runtime", runtimes["python"],
        "--handler", "app.handler", "--role", role, "--zip-file", f"fileb://{zipped}")
    done = aws(*endpoint, "lambda", "invoke", "--function-name", "by-cli", "--payload", '{"a": 1}', out)
    assert json.loads(done.stdout)["StatusCode"] == 200 and json.loads(out.read_text()) == {"a": 1}
    aws(*endpoint, "lambda", "delete-function", "--function-name", "by-cli")


def test_payloads_are_json_and_limited(functions, deploy):
    name = deploy("def handler(event, context):\n    return 1\n")
    assert refusal(functions.invoke, FunctionName=name, Payload=b"{not json")[0] == "InvalidRequestContentException"
    big = json.dumps("x" * (6 * 1024 * 1024 + 1))
    assert refusal(functions.invoke, FunctionName=name, Payload=big)[0] == "RequestEntityTooLargeException"


def test_members_that_ask_for_nothing_are_no_refusal(functions, deploy):
    name = deploy("x = 1", Layers=[], VpcConfig={}, DeadLetterConfig={})
    assert functions.get_function(FunctionName=name)["Configuration"]["State"] == "Active"


def test_what_is_not_there_is_refused_by_name(functions, deploy, role, runtimes):
    name = deploy("x = 1")
    code, message = refusal(functions.update_function_configuration, FunctionName=name, KMSKeyArn="arn:aws:kms:a:b:c")
    assert code == "NotImplemented" and "KMSKeyArn" in message
    settings = {"Runtime": runtimes["python"], "Handler": "a.b", "Role": role}
    code, message = refusal(
        functions.create_function, FunctionName="image", Code={"ImageUri": "registry/image:1"}, **settings
    )
    assert code == "NotImplemented" and "ImageUri" in message
