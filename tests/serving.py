"""A server that grades, started as a user starts it, and who asks it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autograder.assignment import ROOT

SALT = f"a salt that nobody may see {os.getpid()} {time.monotonic_ns()}"


class Connection(http.client.HTTPConnection):
    """To a Unix socket."""

    def __init__(self, place: Path) -> None:
        super().__init__("localhost")
        self._place = place

    def connect(self) -> None:
        """As `HTTPConnection.connect`."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self._place))


class Client:
    """A server that runs, and who asks it."""

    def __init__(self, place: Path, process: subprocess.Popen[str], seconds: float) -> None:
        """Take a server that grades at `place`, and was ready after so many seconds."""
        self.place, self.process, self.seconds = place, process, seconds

    def ask(
        self, method: str, address: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, str]:
        """The status and the text of an answer."""
        with contextlib.closing(Connection(self.place)) as connection:
            connection.request(method, address, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def post(self, body: bytes, query: str = "", **headers: str) -> tuple[int, str]:
        """Hand over a notebook."""
        return self.ask("POST", f"/seq2seq{query}", body, **headers)

    def posting(self, body: bytes, query: str = "") -> Callable[[], tuple[int, str]]:
        """Hand over a notebook in a thread; what then waits for the answer."""
        answers: list[tuple[int, str]] = []
        thread = threading.Thread(target=lambda: answers.append(self.post(body, query)))
        thread.start()

        def answer() -> tuple[int, str]:
            thread.join()
            return answers[0]

        return answer

    def until(self, **wanted: int) -> None:
        """Wait until the server says so of itself."""
        while not wanted.items() <= self.status().items():
            assert self.process.poll() is None
            time.sleep(0.02)

    def status(self) -> dict[str, Any]:
        """What the server says of itself."""
        return dict(json.loads(self.ask("GET", "/")[1]))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Tell it to end: the exit code, and what it has said."""
        self.process.send_signal(number)
        out, err = self.process.communicate()
        return self.process.returncode, out, err


def start(
    place: Path, *options: str, salt: str = SALT, clone: Path = ROOT
) -> subprocess.Popen[str]:
    """Start a server; it is not ready yet."""
    variables = {**os.environ, "AUTOGRADER_SALT": salt}
    variables.pop("PYTHONPATH", None)
    return subprocess.Popen(
        [sys.executable, "-m", "autograder", "serve", "--socket", str(place), *options],
        cwd=clone,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def serving(place: Path, *options: str, salt: str = SALT, clone: Path = ROOT) -> Iterator[Client]:
    """A server that is ready; it ends with the block."""
    began = time.perf_counter()
    with start(place, *options, salt=salt, clone=clone) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        try:
            assert first.startswith("grading seq2seq"), process.communicate()[1]
            yield Client(place, process, time.perf_counter() - began)
        finally:
            process.terminate()
