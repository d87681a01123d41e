"""Fixtures: one server for all tests, clients for it, and what this machine has."""
import functools
import json
import pathlib
import shutil
import subprocess
import sys

import boto3
import pytest
from botocore.config import Config

from server import ACCOUNT, BINARY, KEY, REGION, ROOT, SECRET, Server

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="session")
def runtimes():
    """The Lambda runtimes of this host, by family."""
    listed = subprocess.run([BINARY, "runtimes", "list"], capture_output=True, text=True, check=True).stdout
    names = [line.split()[0] for line in listed.splitlines() if line]
    return {
        "python": next((n for n in names if n.startswith("python3.")), None),
        "node": next((n for n in names if n.startswith("nodejs")), None),
    }


@pytest.fixture(scope="session")
def sdk():
    """A folder that holds the SDK for functions, fetched once and kept between runs."""
    place = ROOT / "target" / "test-sdk"
    if not (place / "runtimes" / "sdk-python").is_dir():
        subprocess.run([BINARY, "runtimes", "install", "sdk-python", "--data-dir", place], check=True)
    return place / "runtimes"


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory, sdk):
    place = tmp_path_factory.mktemp("clearsky") / "data"
    place.mkdir()
    shutil.copytree(sdk, place / "runtimes", symlinks=True)
    return place


@pytest.fixture(scope="session")
def server(data_dir):
    server = Server(data_dir)
    yield server
    code = server.stop()
    assert code == 0, f"the server ended with {code}: see {server.log.name}"


def client_of(server, service, region=REGION, key=KEY, secret=SECRET, token=None, **config):
    """A boto3 client that retries nothing, so that tests see the first answer."""
    settings = {"retries": {"total_max_attempts": 1, "mode": "standard"}} | config
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=server.url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(**settings),
    )


@pytest.fixture(scope="session")
def client(server):
    return functools.partial(client_of, server)


@pytest.fixture(scope="session")
def isolation(server):
    """Skips tests that run functions where this machine cannot isolate them."""
    line = next(line for line in server.printed if line.startswith("isolation"))
    if " full" not in line.lower():
        pytest.skip(f"functions cannot run here: {line}")
    return line


@pytest.fixture(scope="session")
def role(client):
    """A role for functions that may write logs."""
    iam = client("iam")
    arn = iam.create_role(RoleName="tests", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="tests", PolicyArn=basic)
    return arn


@pytest.fixture(scope="session")
def aws(server):
    """The aws-cli against the server: aws("s3api", "list-buckets") -> CompletedProcess."""
    binary = pathlib.Path(sys.executable).parent / "aws"

    def run(*arguments, check=True, **options):
        done = subprocess.run(
            [binary, *map(str, arguments)], env=server.environment(), capture_output=True, text=True, **options
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    return run
