"""The AWS SDK for JavaScript v3, unmodified."""
import json
import shutil
import subprocess

import pytest

from server import ACCOUNT, ROOT

TESTS = ROOT / "tests"


def test_the_javascript_sdk(server):
    if shutil.which("node") is None or not (TESTS / "node_modules" / "@aws-sdk" / "client-ssm").is_dir():
        pytest.skip("the JavaScript SDK is not installed: Node.js and npm are needed")
    done = subprocess.run(["node", "smoke.mjs"], cwd=TESTS, env=server.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "account": ACCOUNT,
        "streamed": True,
        "listed": ["streamed", "whole"],
        "presigned": "by the JavaScript SDK",
        "missing": "NoSuchKey",
        "number": "12345678901234567890.5",
        "condition": "ConditionalCheckFailedException",
        "absent": "ResourceNotFoundException",
        "parameters": {"/from-javascript/host": "db.local", "/from-javascript/port": "5432"},
    }
