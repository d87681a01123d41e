"""A Clearsky server for tests: the built binary, on a data directory and a port of its own."""
import os
import pathlib
import signal
import subprocess
import time

from postgres import database_of

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("CLEARSKY_BINARY", ROOT / "target" / "debug" / "clearsky"))
KEY, SECRET, REGION, ACCOUNT = "test", "test-secret", "us-east-1", "123456789012"
START_S = 30


class Server:
    """Starts on creation. The port is the kernel's choice, and kept over `restart`, so that URLs stay valid. With
    CLEARSKY_KV=postgres://... (or `kv`) rows are kept in a database of that server."""

    def __init__(self, data_dir, *arguments, root_key=f"{KEY}:{SECRET}", binary=BINARY, **process):
        self.data_dir, self.arguments, self.root_key = pathlib.Path(data_dir), arguments, root_key
        self.binary, self.options = binary, process
        self.listen = "127.0.0.1:0"
        self.start()

    def start(self):
        command = [self.binary, "serve", "--data-dir", self.data_dir, "--listen", self.listen, "--account", ACCOUNT]
        if self.root_key:
            command += ["--root-key", self.root_key]
        options = dict(self.options)
        kv = options.pop("kv", os.environ.get("CLEARSKY_KV"))
        if kv and kv.startswith("postgres"):
            # Rows and bodies belong together: each data directory has a database of its own.
            options["env"] = {**os.environ, **options.get("env", {}), "CLEARSKY_KV": database_of(kv, self.data_dir)}
        self.log = open(self.data_dir.with_suffix(".log"), "ab")
        self.process = subprocess.Popen(
            [*map(str, command), *self.arguments], stdout=subprocess.PIPE, stderr=self.log, text=True, **options
        )
        self.printed = []
        for line in self.process.stdout:
            self.printed.append(line.rstrip("\n"))
            if line.startswith("listening on "):
                self.url = line.split()[2]
                self.listen = self.url.removeprefix("http://")
            if line.startswith("ready"):
                return
        raise AssertionError(f"the server did not start: {self.printed}, see {self.log.name}")

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_S)

    def kill(self):
        self.process.kill()
        self.process.wait(START_S)

    def environment(self, **more):
        """The variables that point any AWS client at this server, in an otherwise clean environment."""
        keep = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        key, _, secret = (self.root_key or ":").partition(":")
        return keep | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        } | more


def wait_until(what, condition, seconds=15):
    """Polls a condition until it is true, and returns what it returned."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")
