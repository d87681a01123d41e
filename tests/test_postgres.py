"""Rows in PostgreSQL: several services over it, its restart and ours, many clients, and what is wrong at the start."""
import os
import pathlib
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

import postgres
from conftest import client_of
from server import BINARY, Server, wait_until

CLIENTS = 64
NOW_MS = int(time.time() * 1000)
TABLE = dict(
    TableName="rows",
    BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
)


@pytest.fixture(scope="module")
def database():
    if not postgres.programs():
        pytest.skip(f"PostgreSQL (server): no server in {postgres.VERSIONS} (apt-get install postgresql)")
    server = postgres.Postgres()
    yield server
    server.remove()


@pytest.fixture
def own(database, tmp_path):
    server = Server(tmp_path / "data", kv=database.url())
    yield server
    server.kill()


def count(dynamodb):
    updated = dynamodb.update_item(
        TableName="rows", Key={"pk": {"S": "counter"}}, UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}}, ReturnValues="UPDATED_NEW",
    )
    return int(updated["Attributes"]["n"]["N"])


def test_services_keep_their_rows_there(own, database):
    dynamodb, s3, iam, logs = (client_of(own, name) for name in ("dynamodb", "s3", "iam", "logs"))
    dynamodb.create_table(**TABLE)
    for n in range(30):
        dynamodb.put_item(TableName="rows", Item={"pk": {"S": f"{n:02}"}, "n": {"N": str(n)}})
    s3.create_bucket(Bucket="bodies")
    s3.put_object(Bucket="bodies", Key="folder/large", Body=b"x" * 1_000_000)
    trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
    iam.create_role(RoleName="kept", AssumeRolePolicyDocument=trust)
    logs.create_log_group(logGroupName="/kept")
    logs.create_log_stream(logGroupName="/kept", logStreamName="s")
    events = [{"timestamp": NOW_MS + n, "message": f"line {n}"} for n in range(50)]
    logs.put_log_events(logGroupName="/kept", logStreamName="s", logEvents=events)

    def look():
        items = dynamodb.scan(TableName="rows")["Items"]
        assert sorted(int(item["n"]["N"]) for item in items) == list(range(30))
        assert len(s3.get_object(Bucket="bodies", Key="folder/large")["Body"].read()) == 1_000_000
        assert [row["Prefix"] for row in s3.list_objects_v2(Bucket="bodies", Delimiter="/")["CommonPrefixes"]] == ["folder/"]
        assert iam.get_role(RoleName="kept")["Role"]["RoleName"] == "kept"
        found = logs.get_log_events(logGroupName="/kept", logStreamName="s", startFromHead=True, startTime=0)["events"]
        assert [event["message"] for event in found] == [f"line {n}" for n in range(50)]

    look()
    own.kill()
    own.start()
    look()
    assert not (own.data_dir / "kv").exists()
    assert postgres.PASSWORD not in open(own.log.name).read() + "".join(own.printed)


def test_a_kill_loses_nothing_that_was_acknowledged(own):
    dynamodb = client_of(own, "dynamodb")
    dynamodb.create_table(**TABLE)
    stopping, written = threading.Event(), [0] * 8

    def write(writer):
        mine = client_of(own, "dynamodb")
        while not stopping.is_set():
            n = written[writer] + 1
            try:
                mine.put_item(TableName="rows", Item={"pk": {"S": f"w{writer}"}, "n": {"N": str(n)}})
            except Exception:
                return
            written[writer] = n

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write, writer) for writer in range(8)]
        wait_until("every writer to have written", lambda: all(20 < n for n in written), 60)
        own.kill()
        stopping.set()
        [writer.result() for writer in writers]
    own.start()
    for writer, n in enumerate(written):
        found = int(dynamodb.get_item(TableName="rows", Key={"pk": {"S": f"w{writer}"}}, ConsistentRead=True)["Item"]["n"]["N"])
        assert found in (n, n + 1)


def test_many_clients_on_one_counter(own):
    client_of(own, "dynamodb").create_table(**TABLE)

    def client(_):
        dynamodb = client_of(own, "dynamodb", read_timeout=60)
        return [count(dynamodb) for _ in range(3)]

    with ThreadPoolExecutor(CLIENTS) as pool:
        seen = [n for counts in pool.map(client, range(CLIENTS)) for n in counts]
    assert sorted(seen) == list(range(1, 3 * CLIENTS + 1))


def test_the_database_may_be_started_again(own, database):
    dynamodb = client_of(own, "dynamodb")
    dynamodb.create_table(**TABLE)
    assert count(dynamodb) == 1
    database.stop("fast")
    with pytest.raises(ClientError) as away:
        count(dynamodb)
    assert away.value.response["ResponseMetadata"]["HTTPStatusCode"] in (500, 503)
    database.start()
    # What was idle has broken; it is made anew.
    assert count(dynamodb) == 2
    assert own.process.poll() is None


def refused(tmp_path, url):
    command = [BINARY, "serve", "--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0"]
    done = subprocess.run(command, env={**os.environ, "CLEARSKY_KV": url}, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and postgres.PASSWORD not in done.stdout + done.stderr
    return done.stderr


def test_what_is_wrong_at_the_start_is_said(database, tmp_path):
    wrong = database.url(password="guessed")
    text = refused(tmp_path, wrong)
    assert "refuses us: password authentication failed" in text and "guessed" not in text
    assert "does not exist" in refused(tmp_path, database.url("absent"))
    assert "cannot be reached" in refused(tmp_path, f"postgres://u:{postgres.PASSWORD}@127.0.0.1:1/d")
    assert "--kv is fjall" in refused(tmp_path, f"mysql://u:{postgres.PASSWORD}@h/d")
    assert "not an address" in refused(tmp_path, f"postgres://u:{postgres.PASSWORD}@h:port/d")


def test_an_unknown_format_is_refused_and_kept(database, own, tmp_path):
    client_of(own, "dynamodb").create_table(**TABLE)
    own.stop()
    url = postgres.database_of(database.url(), own.data_dir)
    postgres.sql(url, "UPDATE clearsky.format SET version = 99")
    rows = postgres.sql(url, "SELECT count(*), max(xmin::text) FROM clearsky.rows")
    done = subprocess.run(
        [BINARY, "serve", "--data-dir", own.data_dir, "--listen", "127.0.0.1:0"],
        env={**os.environ, "CLEARSKY_KV": url}, capture_output=True, text=True, timeout=30,
    )
    assert done.returncode == 1 and "format 99, this program knows 1 only" in done.stderr
    assert postgres.sql(url, "SELECT count(*), max(xmin::text) FROM clearsky.rows") == rows
    postgres.sql(url, "UPDATE clearsky.format SET version = 1")
    own.start()
    assert client_of(own, "dynamodb").list_tables()["TableNames"] == ["rows"]


def test_rows_and_bodies_of_different_servers_are_not_mixed(database, own, tmp_path):
    url = postgres.database_of(database.url(), own.data_dir)
    text = refused(tmp_path / "other", url)
    assert "do not belong together" in text
    own.stop()
    done = subprocess.run(
        [BINARY, "serve", "--data-dir", own.data_dir, "--listen", "127.0.0.1:0", "--kv", "fjall"],
        capture_output=True, text=True, timeout=30,
    )
    assert done.returncode == 1 and "do not belong together" in done.stderr


def test_a_backup_is_left_to_its_own_tools(own, tmp_path):
    done = subprocess.run(
        [BINARY, "backup", tmp_path / "file"], env=own.environment(), capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1 and "pg_dump" in done.stderr and not (tmp_path / "file").exists()


def test_the_clients_tests_pass_over_it(database):
    """A part that is quick; by hand, all of them: see postgres.py."""
    here = pathlib.Path(__file__).parent
    chosen = [here / "test_dynamodb_transactions.py", here / "test_logs.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen],
        cwd=here, env={**os.environ, "CLEARSKY_KV": database.url()}, capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]
