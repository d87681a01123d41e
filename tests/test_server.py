"""The binary itself: start, keys, env, a second server, the end."""
import json
import re
import stat
import subprocess
import time

import pytest
from botocore.exceptions import ClientError

from conftest import client_of
from server import ACCOUNT, BINARY, Server


@pytest.fixture
def own(tmp_path):
    """A server of the test's own, with the key that it makes itself."""
    server = Server(tmp_path / "data", root_key=None)
    yield server
    server.kill()


def test_starts_on_an_empty_directory_and_says_what_one_needs(own):
    text = "\n".join(own.printed)
    assert re.search(r"listening on http://127\.0\.0\.1:[1-9]\d*", text)
    assert re.search(r"^isolation: \w+", text, re.M)
    assert "clearsky env" in text


def test_makes_a_root_key_for_its_owner_only_and_keeps_it(own):
    file = own.data_dir / "root-key.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    assert own.stop() == 0
    own.start()
    assert file.read_text() == before


def test_env_points_any_client_at_the_server(own):
    script = f'eval "$({BINARY} env --data-dir {own.data_dir})"; env'
    shown = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
    variables = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    key = json.loads((own.data_dir / "root-key.json").read_text())
    assert variables["AWS_ENDPOINT_URL"] == own.url
    assert variables["AWS_ACCESS_KEY_ID"] == key["access_key_id"]
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "us-east-1"
    sts = client_of(own, "sts", key=variables["AWS_ACCESS_KEY_ID"], secret=variables["AWS_SECRET_ACCESS_KEY"])
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"


def test_env_without_a_server_says_so(tmp_path):
    done = subprocess.run([BINARY, "env", "--data-dir", tmp_path], capture_output=True, text=True)
    assert done.returncode != 0 and "no server runs" in done.stderr


def test_a_second_server_on_the_same_data_is_refused(own):
    second = [BINARY, "serve", "--data-dir", own.data_dir, "--listen", "127.0.0.1:0"]
    done = subprocess.run(second, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "another server uses the data directory" in done.stderr
    assert own.process.poll() is None


def test_sigterm_drains_and_ends_well(own):
    started = time.monotonic()
    assert own.stop() == 0
    assert time.monotonic() - started < 10
    assert not (own.data_dir / "server.json").exists()


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["--account", "12"], "12 digits"),
        (["--root-key", "test"], "ID:SECRET"),
        (["--listen", "nowhere"], "invalid"),
        (["--log", "edge=loud"], "--log"),
    ],
)
def test_bad_flags_are_named(tmp_path, arguments, text):
    command = [BINARY, "serve", "--data-dir", tmp_path / "data", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and text in done.stderr


def test_what_is_not_there_is_refused_by_name(client):
    with pytest.raises(ClientError) as refused:
        client("lambda").list_layers()
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert "ListLayers" in refused.value.response["Error"]["Message"]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
