"""The binary itself: start, keys, env, a second server, the end."""
import json
import re
import signal
import socket
import stat
import subprocess
import time

import pytest
import requests
from botocore.exceptions import ClientError

from conftest import client_of
from server import ACCOUNT, BINARY, Server, wait_until


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


def test_says_where_it_listens_whatever_its_public_url(tmp_path):
    server = Server(tmp_path / "data", "--public-url", "http://cloud.test:8080", root_key=None)
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", server.url)
    assert "public URL http://cloud.test:8080" in server.printed
    assert server.stop() == 0


def test_a_broken_root_key_file_is_named_and_kept(tmp_path):
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    file = data_dir / "root-key.json"
    file.touch(0o600)
    done = subprocess.run([BINARY, "serve", "--data-dir", data_dir, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "root-key.json is not a root key file" in done.stderr
    assert file.read_text() == ""


def test_a_port_in_use_is_named(own, tmp_path):
    second = [BINARY, "serve", "--data-dir", tmp_path / "other", "--listen", own.listen]
    done = subprocess.run(second, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and f"cannot listen on {own.listen}: Address already in use" in done.stderr


def test_the_log_names_callers_and_holds_no_secrets(own):
    key = json.loads((own.data_dir / "root-key.json").read_text())
    s3 = client_of(own, "s3", key=key["access_key_id"], secret=key["secret_access_key"])
    s3.create_bucket(Bucket="logged")
    url = s3.generate_presigned_url("get_object", {"Bucket": "logged", "Key": "k"}, 60)
    requests.get(url, timeout=10)
    # Lines gather for a moment before they are written.
    wait_until("the last line", lambda: 'path="/logged/k"' in open(own.log.name).read())
    log = open(own.log.name).read()
    assert f'caller="arn:aws:iam::{ACCOUNT}:root"' in log
    assert not any(secret in log for secret in ("Signature", "Authorization", "Credential", key["secret_access_key"]))


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_an_upload_under_way_is_finished(own, signal_):
    key = json.loads((own.data_dir / "root-key.json").read_text())
    s3 = client_of(own, "s3", key=key["access_key_id"], secret=key["secret_access_key"])
    s3.create_bucket(Bucket="slow")
    target = s3.generate_presigned_url("put_object", {"Bucket": "slow", "Key": "k"}, 60).removeprefix(own.url)
    host, port = own.listen.split(":")
    with socket.create_connection((host, int(port)), 10) as conn:
        conn.sendall(f"PUT {target} HTTP/1.1\r\nhost: {own.listen}\r\ncontent-length: 8\r\nexpect: 100-continue\r\n\r\n".encode())
        assert conn.recv(1000).startswith(b"HTTP/1.1 100 ")
        conn.sendall(b"half")
        own.process.send_signal(signal_)
        wait_until("the server to stop listening", lambda: not listens(host, port))
        conn.sendall(b"half")
        assert conn.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert own.process.wait(30) == 0
    own.start()
    assert s3.get_object(Bucket="slow", Key="k")["Body"].read() == b"halfhalf"


def listens(host, port):
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


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
        client("lambda").list_code_signing_configs()
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert "ListCodeSigningConfigs" in refused.value.response["Error"]["Message"]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
