"""What functions need of their host: an SDK that is fetched, and isolation. Servers of their own."""
import json
import os
import shutil
import subprocess
import tempfile
import pathlib

import pytest
from botocore.exceptions import ClientError

from conftest import TRUST, client_of
from packages import package
from server import BINARY, Server

NOBODY = 65534
AT_LOAD = "import boto3\ndef handler(event, context):\n    return boto3.__name__\n"
IN_HANDLER = "def handler(event, context):\n    import boto3\n    return boto3.__name__\n"


def create(server, name, runtime, code):
    role = f"role-of-{name}"
    arn = client_of(server, "iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    functions = client_of(server, "lambda")
    functions.create_function(
        FunctionName=name, Runtime=runtime, Handler="app.handler", Role=arn, Code={"ZipFile": package(app__py=code)}, Timeout=30
    )
    return functions


def test_a_missing_sdk_is_told_and_found_once_it_is_there(tmp_path, sdk, runtimes, isolation):
    data = tmp_path / "data"
    data.mkdir()
    server = Server(data)
    try:
        for name, code, kind in [
            ("at-load", AT_LOAD, "Runtime.ImportModuleError"),
            ("in-handler", IN_HANDLER, "ModuleNotFoundError"),
        ]:
            functions = create(server, name, runtimes["python"], code)
            answer = functions.invoke(FunctionName=name)
            error = json.loads(answer["Payload"].read())
            assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", kind)
            assert "No module named 'boto3'" in error["errorMessage"]
            assert "clearsky runtimes install sdk-python" in error["errorMessage"]
        shutil.copytree(sdk, data / "runtimes", symlinks=True, dirs_exist_ok=True)
        for name in ("at-load", "in-handler"):
            # New code, so that no environment from before is used.
            functions.update_function_configuration(FunctionName=name, Description="again")
            answer = functions.invoke(FunctionName=name)
            assert json.loads(answer["Payload"].read()) == "boto3", name
    finally:
        assert server.stop() == 0


@pytest.fixture
def unprivileged():
    """A server that runs as an ordinary user, on a folder of its own, and the runtimes it has."""
    if os.geteuid() != 0:
        pytest.skip("only root can start a server as somebody else")
    place = pathlib.Path(tempfile.mkdtemp(prefix="clearsky-"))
    place.chmod(0o755)
    binary = shutil.copy(BINARY, place / "clearsky")
    data = place / "data"
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    listed = subprocess.run([binary, "runtimes", "list"], capture_output=True, text=True, check=True, **who).stdout
    names = [line.split()[0] for line in listed.splitlines() if line]
    server = Server(data, binary=binary, **who)
    yield server, next((n for n in names if n.startswith(("python3.", "nodejs"))), None)
    server.stop()
    shutil.rmtree(place)


def test_without_isolation_everything_else_works_and_invoking_says_why(unprivileged):
    server, runtime = unprivileged
    level = next(line for line in server.printed if line.startswith("isolation"))
    if "none" not in level:
        pytest.skip(f"ordinary users have sandboxes here: {level}")
    client_of(server, "s3").create_bucket(Bucket="still-works")
    functions = create(server, "f", runtime or pytest.skip("no runtime for ordinary users"), "x = 1")
    with pytest.raises(ClientError) as refused:
        functions.invoke(FunctionName="f")
    error = refused.value.response["Error"]
    assert error["Code"] == "ServiceException"
    assert "functions cannot be isolated on this host: it takes root" in error["Message"]
