"""Backups of a running server, and what becomes of them."""
import io
import json
import os
import stat
import subprocess
import threading
import time
import zipfile

import pytest

from conftest import TRUST, client_of
from server import BINARY, Server, wait_until

NOW_MS = int(time.time() * 1000)
TABLE = dict(
    TableName="rows",
    BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
)
HANDLER = "import json\ndef handler(event, context):\n    return {'saw': event}\n"
WRITERS = 4


@pytest.fixture
def own(tmp_path):
    server = Server(tmp_path / "data")
    yield server
    server.kill()


def backup(server, target, check=True, **environment):
    done = subprocess.run(
        [BINARY, "backup", target], env=server.environment(**environment), capture_output=True, text=True, timeout=60
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def restore(file, data_dir):
    return subprocess.run(
        [BINARY, "restore", file, "--data-dir", data_dir], capture_output=True, text=True, timeout=60
    )


class Writer(threading.Thread):
    """Writes pairs of items in one transaction, and objects, replacing and deleting some, until it is told to stop."""

    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.dynamodb, self.s3, self.name = client_of(server, "dynamodb"), client_of(server, "s3"), name
        self.stopping, self.items, self.objects, self.error = threading.Event(), 0, 0, None
        self.start()

    def run(self):
        try:
            while not self.stopping.is_set():
                self.step(self.items + 1)
        except Exception as error:
            self.error = error

    def step(self, n):
        put = lambda side: {"Put": {"TableName": "rows", "Item": {"pk": {"S": f"{self.name}-{side}"}, "n": {"N": str(n)}}}}
        self.dynamodb.transact_write_items(TransactItems=[put("left"), put("right")])
        self.items = n
        body = f"{self.name} {n} ".encode() * 2_000
        self.s3.put_object(Bucket="bodies", Key=f"{self.name}/{n:06}", Body=body)
        self.s3.put_object(Bucket="bodies", Key=f"{self.name}/last", Body=body)
        self.objects = n
        if 3 < n:
            self.s3.delete_object(Bucket="bodies", Key=f"{self.name}/{n - 3:06}")

    def stop(self):
        self.stopping.set()
        self.join()
        assert self.error is None, self.error


def pairs(server):
    dynamodb = client_of(server, "dynamodb")
    rows = {item["pk"]["S"]: int(item["n"]["N"]) for item in dynamodb.scan(TableName="rows", ConsistentRead=True)["Items"]}
    return {name: (rows.get(f"w{name}-left"), rows.get(f"w{name}-right")) for name in range(WRITERS)}


def test_a_backup_under_load_is_one_moment_and_becomes_a_server_again(own, tmp_path):
    client_of(own, "dynamodb").create_table(**TABLE)
    client_of(own, "s3").create_bucket(Bucket="bodies")
    session = client_of(own, "sts").get_caller_identity()
    writers = [Writer(own, f"w{n}") for n in range(WRITERS)]
    wait_until("every writer to have written", lambda: all(5 < w.objects or w.error for w in writers), 60)
    before = [(w.items, w.objects) for w in writers]
    file = tmp_path / "clearsky.backup"
    done = backup(own, file)
    after = [(w.items, w.objects) for w in writers]
    [writer.stop() for writer in writers]
    assert "backed up" in done.stderr and "keep it secret" in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    own.stop()

    done = restore(file, tmp_path / "again")
    assert done.returncode == 0, done.stderr
    again = Server(tmp_path / "again")
    try:
        found = pairs(again)
        s3 = client_of(again, "s3")
        for n, (left, right) in found.items():
            assert left == right and before[n][0] <= left <= after[n][0] + 1
            listed = s3.list_objects_v2(Bucket="bodies", Prefix=f"w{n}/")["Contents"]
            bodies = {row["Key"]: s3.get_object(Bucket="bodies", Key=row["Key"])["Body"].read() for row in listed}
            last = int(bodies.pop(f"w{n}/last").split()[1])
            numbers = sorted(int(key.split("/")[1]) for key in bodies)
            assert before[n][1] <= numbers[-1] <= after[n][1] + 1 and last in (numbers[-1], numbers[-1] - 1)
            assert all(body == f"w{n} {int(key[-6:])} ".encode() * 2_000 for key, body in bodies.items())
        assert client_of(again, "sts").get_caller_identity()["Arn"] == session["Arn"]
        client_of(again, "dynamodb").put_item(TableName="rows", Item={"pk": {"S": "new"}, "n": {"N": "1"}})
        assert again.stop() == 0
    finally:
        again.kill()


def test_functions_sessions_tokens_and_logs_go_on(own, tmp_path, runtimes):
    if not runtimes["python"]:
        pytest.skip("functions of a backup: no Python runtime here")
    iam, functions, logs = client_of(own, "iam"), client_of(own, "lambda"), client_of(own, "logs")
    role = iam.create_role(RoleName="kept", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", HANDLER)
    functions.create_function(
        FunctionName="kept", Runtime=runtimes["python"], Role=role, Handler="index.handler", Code={"ZipFile": package.getvalue()}
    )
    logs.create_log_group(logGroupName="/kept")
    logs.create_log_stream(logGroupName="/kept", logStreamName="s")
    put = lambda n: logs.put_log_events(
        logGroupName="/kept", logStreamName="s", logEvents=[{"timestamp": NOW_MS + n, "message": f"line {n}"}]
    )
    put(1)
    [client_of(own, "dynamodb").create_table(**{**TABLE, "TableName": f"rows{n}"}) for n in range(3)]
    token = iam.list_roles(MaxItems=1).get("Marker") or client_of(own, "dynamodb").list_tables(Limit=1)["LastEvaluatedTableName"]
    code = functions.get_function(FunctionName="kept")["Configuration"]["CodeSha256"]
    done = backup(own, tmp_path)
    file = next(tmp_path.glob("clearsky-*.backup"))
    assert str(file) in done.stdout
    key = (own.data_dir / "root-key.json").read_text()
    own.stop()
    assert restore(file, tmp_path / "again").returncode == 0
    again = Server(tmp_path / "again", root_key=None)
    try:
        kept = json.loads(key)
        assert (again.data_dir / "root-key.json").read_text() == key
        of = lambda name: client_of(again, name, key=kept["access_key_id"], secret=kept["secret_access_key"])
        assert of("lambda").get_function(FunctionName="kept")["Configuration"]["CodeSha256"] == code
        assert token and of("dynamodb").list_tables(ExclusiveStartTableName="rows0")["TableNames"] == ["rows1", "rows2"]
        events = of("logs").get_log_events(logGroupName="/kept", logStreamName="s", startFromHead=True, startTime=0)["events"]
        assert [event["message"] for event in events] == ["line 1"]
        if any(line.startswith("isolation") and " full" in line.lower() for line in again.printed):
            answer = of("lambda").invoke(FunctionName="kept", Payload=b'{"a":1}')
            assert json.loads(answer["Payload"].read()) == {"saw": {"a": 1}}
    finally:
        again.kill()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The file of a small backup."""
    folder = tmp_path_factory.mktemp("made")
    server = Server(folder / "data")
    client_of(server, "s3").create_bucket(Bucket="small")
    client_of(server, "s3").put_object(Bucket="small", Key="k", Body=b"x" * 100_000)
    backup(server, folder / "file")
    server.kill()
    return folder / "file"


def refuses(file, data_dir, text):
    left = sorted(data_dir.parent.iterdir())
    done = restore(file, data_dir)
    assert done.returncode == 1 and text in done.stderr, done.stderr
    assert sorted(data_dir.parent.iterdir()) == left


def test_what_is_no_whole_backup_is_refused_and_leaves_nothing(made, tmp_path):
    good, bad, place = made.read_bytes(), tmp_path / "bad", tmp_path / "data"
    for cut in (len(good) // 3, len(good) - 1, 200):
        bad.write_bytes(good[:cut])
        refuses(bad, place, "cut off")
    changed = bytearray(good)
    changed[len(good) // 2] ^= 1
    bad.write_bytes(changed)
    refuses(bad, place, "damaged")
    bad.write_bytes(good + b"more")
    refuses(bad, place, "damaged")
    bad.write_bytes(good.replace(b"clearsky-backup 1\n", b"clearsky-backup 7\n", 1))
    refuses(bad, place, "version 7")
    bad.write_bytes(b"")
    refuses(bad, place, "not a backup")
    refuses(tmp_path / "absent", place, "No such file")


def test_nothing_is_overwritten(made, own, tmp_path):
    refuses(made, own.data_dir, "is not empty")
    assert "is there already" in backup(own, made, check=False).stderr
    (tmp_path / "empty").mkdir()
    assert restore(made, tmp_path / "empty").returncode == 0
    assert stat.S_IMODE((tmp_path / "empty" / "root-key.json").stat().st_mode) == 0o600


def test_a_server_that_dies_meanwhile_leaves_no_file(own, tmp_path):
    s3 = client_of(own, "s3")
    s3.create_bucket(Bucket="large")
    for n in range(6):
        s3.put_object(Bucket="large", Key=str(n), Body=os.urandom(8_000_000))
    (tmp_path / "to").mkdir()
    making = subprocess.Popen(
        [BINARY, "backup", tmp_path / "to" / "file"], env=own.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until("the backup to be under way", lambda: any(f.stat().st_size for f in (tmp_path / "to").iterdir()))
    own.kill()
    assert making.wait(30) == 1, making.stderr.read()
    assert list((tmp_path / "to").iterdir()) == []


def test_it_takes_the_permission(own, tmp_path):
    iam, sts = client_of(own, "iam"), client_of(own, "sts")
    trust = json.loads(json.dumps(TRUST).replace('"Service": "lambda.amazonaws.com"', '"AWS": "*"'))
    role = iam.create_role(RoleName="keeper", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]

    def attempt(name):
        session = sts.assume_role(RoleArn=role, RoleSessionName="keeping")["Credentials"]
        return backup(
            own, tmp_path / name, check=False, AWS_ACCESS_KEY_ID=session["AccessKeyId"],
            AWS_SECRET_ACCESS_KEY=session["SecretAccessKey"], AWS_SESSION_TOKEN=session["SessionToken"],
        )

    denied = attempt("denied")
    assert denied.returncode == 1 and "clearsky:Backup" in denied.stderr and not (tmp_path / "denied").exists()
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "clearsky:Backup", "Resource": "*"}]}
    iam.put_role_policy(RoleName="keeper", PolicyName="p", PolicyDocument=json.dumps(policy))
    assert attempt("allowed").returncode == 0


@pytest.mark.parametrize("part", ["kv", "blobs"])
def test_an_unknown_format_is_refused_and_loses_nothing(own, part):
    s3 = client_of(own, "s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="k", Body=b"kept")
    own.stop()
    file = own.data_dir / part / "format"
    known = file.read_text()
    file.write_text(known.replace(" 1", " 99"))
    command = [BINARY, "serve", "--data-dir", own.data_dir, "--listen", "127.0.0.1:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "99" in done.stderr and "format" in done.stderr
    file.write_text(known)
    own.start()
    assert s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"kept"
