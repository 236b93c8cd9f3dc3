"""A PostgreSQL server of one's own, for as long as tests run: on loopback, with a password."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYSTEMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # Debian's place


def program(name: str) -> str | None:
    """Where one of PostgreSQL's programs is, None where it is not installed."""
    places = os.pathsep.join([*map(str, SYSTEMS), os.environ.get("PATH", "")])
    return shutil.which(name, path=places)


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    port: int
    password: str

    def url(self, database: str) -> str:
        """What `db_url` is set to."""
        return f"postgresql://grader:{self.password}@127.0.0.1:{self.port}/{database}"

    def run(self, name: str, *terms: str, given: bytes = b"") -> bytes:
        """What one of PostgreSQL's own programs writes."""
        path = program(name)
        assert path is not None
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port)}
        who = {"PGUSER": "grader", "PGPASSWORD": self.password}
        done = subprocess.run(
            [path, *terms], input=given, capture_output=True, env={**os.environ, **place, **who}
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Start a server in a folder of its own; end it, and delete the folder.

    It runs as an ordinary user: as root PostgreSQL will not.
    """
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    # pytest's own folders are closed to other users
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        os.chown(folder, user.pw_uid, user.pw_gid)
        given = Server(_free_port(), secrets.token_hex(16))
        (folder / "password").write_text(given.password)
        initdb, postgres = program("initdb"), program("postgres")
        assert initdb is not None
        assert postgres is not None
        terms = ("--username=grader", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}")
        subprocess.run(
            [initdb, "--no-sync", "--encoding=UTF8", "--locale=C", *terms, str(folder / "data")],
            **_as(user),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        options = ("-F", "-h", "127.0.0.1", "-p", str(given.port), "-k", str(folder))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [postgres, "-D", str(folder / "data"), *options], **_as(user), stderr=log
            )
        try:
            _wait(process, folder, given)
            yield given
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(folder)


def _as(user: pwd.struct_passwd) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {"cwd": "/"}
    return {"cwd": "/", "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], folder: Path, given: Server) -> None:
    """Wait until it answers; say why it ended, if it did."""
    while True:
        assert process.poll() is None, (folder / "log").read_text()
        ready = program("pg_isready")
        assert ready is not None
        asked = [ready, "--quiet", "--host=127.0.0.1", f"--port={given.port}"]
        if subprocess.run(asked).returncode == 0:
            return
        time.sleep(0.1)
