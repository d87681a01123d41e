"""Debian's PostgreSQL for tests: in a temporary folder, on a unix socket, under an unprivileged user.

`python postgres.py` starts one, prints its URL and ends it with its input: run the tests over it with
CLEARSKY_KV=<url> python -m pytest.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from urllib.parse import quote, urlsplit

VERSIONS = pathlib.Path("/usr/lib/postgresql")
USER, PASSWORD = "clearsky", "not-for-logs"
OPTIONS = "-c listen_addresses= -c max_connections=100 -c full_page_writes=off -c autovacuum=off"


def programs():
    """The folder of the newest server's programs; None where there is no server."""
    found = [version / "bin" for version in VERSIONS.glob("*") if (version / "bin" / "initdb").exists()]
    return max(found, default=None, key=lambda bin: float(bin.parent.name))


class Postgres:
    """A server of the test's own. Starts on creation."""

    def __init__(self):
        self.bin = programs()
        assert self.bin, f"no server in {VERSIONS}"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="clearsky-pg-"))
        (self.dir / "password").write_text(PASSWORD)
        self.user = []
        if os.geteuid() == 0:
            # It refuses to run as root.
            self.user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]
            subprocess.run(["chown", "-R", "nobody:nogroup", self.dir], check=True)
        self.run("initdb", "--auth=scram-sha-256", f"--pwfile={self.dir}/password", "--no-sync", f"--username={USER}",
                 "--encoding=UTF8", "--locale=C", "-D", self.dir / "data")
        self.start()

    def run(self, program, *arguments):
        done = subprocess.run(
            [*self.user, self.bin / program, *map(str, arguments)], cwd=self.dir, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"

    def start(self):
        self.run("pg_ctl", "-w", "-D", self.dir / "data", "-l", self.dir / "log", "-o", f"-k {self.dir} {OPTIONS}", "start")

    def stop(self, mode="immediate"):
        self.run("pg_ctl", "-w", "-D", self.dir / "data", "-m", mode, "stop")

    def url(self, database="postgres", password=PASSWORD):
        return f"postgres://{USER}:{password}@{quote(str(self.dir), safe='')}/{database}"

    def database(self, name):
        return database(self.url(), name)

    def remove(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def sql(url, text):
    """Runs SQL; what it printed."""
    done = subprocess.run(
        [(programs() or pathlib.Path("/usr/bin")) / "psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", text],
        capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def database(url, name):
    """The URL of a database of the server at `url`, made if it is not there."""
    if not sql(url, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
        sql(url, f"CREATE DATABASE {name}")
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def database_of(url, data_dir):
    """The database that belongs to a data directory: each server of a test has its own."""
    return database(url, "clearsky_" + hashlib.sha256(str(data_dir).encode()).hexdigest()[:16])


if __name__ == "__main__":
    postgres = Postgres()
    try:
        print(postgres.url(), flush=True)
        sys.stdin.read()
    finally:
        postgres.remove()
