"""The album from end to end, with a kill -9 in the middle of it."""
import json
import shutil
import subprocess
import sys

import pytest
import requests

from conftest import client_of
from server import ROOT, Server, wait_until

ALBUM = ROOT / "examples" / "album"
PICTURE = (ALBUM / "picture.jpg").read_bytes()


@pytest.fixture
def own(tmp_path, sdk):
    place = tmp_path / "data"
    shutil.copytree(sdk, place / "runtimes", symlinks=True)
    server = Server(place)
    yield server
    server.kill()


def crash(server):
    """kill -9, and the same server again on the same data and port."""
    server.kill()
    server.start()


def test_the_album(own, runtimes, isolation):
    if not runtimes["python"] or not runtimes["node"]:
        pytest.skip(f"the album needs Python and Node.js on this host: {runtimes}")
    deploy = [sys.executable, ALBUM / "deploy.py", "--python", runtimes["python"], "--node", runtimes["node"]]
    shown = subprocess.run(deploy, env=own.environment(), capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    deployed = json.loads(shown.stdout)
    endpoint = deployed["endpoint"]
    web = requests.Session()

    created = web.post(f"{endpoint}/albums", json={"title": "Summer"}, timeout=60)
    assert created.status_code == 201, created.text
    album = created.json()["album"]
    crash(own)

    asked = web.post(f"{endpoint}/albums/{album}/pictures", json={"name": "meadow.jpg"}, timeout=60)
    assert asked.status_code == 201, asked.text
    upload = asked.json()
    put = requests.put(upload["upload"], data=PICTURE, headers=upload["headers"], timeout=60)
    assert put.status_code == 200, put.text
    crash(own)

    listed = web.get(f"{endpoint}/albums/{album}", timeout=60).json()
    assert listed["title"] == "Summer"
    assert [picture["name"] for picture in listed["pictures"]] == ["meadow.jpg"]
    read = requests.get(listed["pictures"][0]["url"], timeout=60)
    assert (read.content, read.headers["content-type"]) == (PICTURE, "image/jpeg")

    listed = web.get(f"{endpoint}/albums", timeout=60).json()["albums"]
    assert [found["album"] for found in listed] == [album]
    missing = web.get(f"{endpoint}/albums/none", timeout=60)
    assert (missing.status_code, missing.json()) == (404, {"message": "no such album"})

    form = {"content-type": "application/x-www-form-urlencoded"}
    as_curl_sends = web.post(f"{endpoint}/albums", data='{"title": "Typeless"}', headers=form, timeout=60)
    assert as_curl_sends.status_code == 201, as_curl_sends.text

    page = web.get(f"{endpoint}/", timeout=60)
    assert page.headers["content-type"] == "text/html; charset=utf-8" and "<title>Album</title>" in page.text
    by_host = requests.get(f"{own.url}/", headers={"host": f"{deployed['api']}.execute-api.localhost"}, timeout=60)
    assert by_host.text == page.text

    logs = client_of(own, "logs")

    def lines():
        found = logs.filter_log_events(logGroupName="/aws/lambda/album-api", filterPattern='"POST /albums/{album}/pictures"')
        return found["events"]

    assert json.loads(wait_until("the function's line in its log", lines)[0]["message"])["status"] == 201


def test_the_role_allows_just_that(own, runtimes, isolation):
    if not runtimes["python"]:
        pytest.skip("the album needs Python on this host")
    deploy = [sys.executable, ALBUM / "deploy.py", "--python", runtimes["python"], "--node", runtimes["node"] or "none"]
    subprocess.run(deploy, env=own.environment(), capture_output=True, text=True, check=True)
    client_of(own, "iam").delete_role_policy(RoleName="album", PolicyName="album")
    functions = client_of(own, "lambda")
    event = {"routeKey": "GET /albums"}
    answer = functions.invoke(FunctionName="album-api", Payload=json.dumps(event))
    failure = json.loads(answer["Payload"].read())
    assert answer["FunctionError"] == "Unhandled"
    assert failure["errorType"] == "ClientError" and "AccessDeniedException" in failure["errorMessage"]
    assert "dynamodb:Query" in failure["errorMessage"]
