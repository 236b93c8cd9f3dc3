"""A cluster on loopback: a scheduler and workers as processes, and who asks them for marks."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
from distributed import Security

from autograder.assignment import ROOT, Assignment, released_notebook

TASK = "decoder"
# What Dask does by itself, far more often: it must not come between.
OFTEN = {
    "DASK_DISTRIBUTED__CLIENT__SCHEDULER_INFO_INTERVAL": "5ms",
    "DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "1s",
}
FILES = {"ca": "tls_ca_file", "certificate": "tls_scheduler_cert", "key": "tls_scheduler_key"}


class Site:
    """A folder with certificates, what `--cluster` names, and the logs of whoever runs."""

    def __init__(self, folder: Path) -> None:
        """Make certificates; nothing runs yet."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as server:
            self._port = server.getsockname()[1]
        self.address = f"tls://127.0.0.1:{self._port}"
        made = Security.temporary()
        for name, field in FILES.items():
            (folder / f"{name}.pem").write_text(getattr(made, field))
        self._processes: list[subprocess.Popen[bytes]] = []

    def file(self, patience: float = 600.0) -> Path:
        """What a client is given."""
        lines = [f'{name} = "{self.folder / name}.pem"' for name in FILES]
        lines += [f'scheduler = "{self.address}"', f"patience = {patience}"]
        path = self.folder / f"cluster-{patience:g}.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    def scheduler(self) -> subprocess.Popen[bytes]:
        """Start the scheduler, always under the same address."""
        where = ("--host", "tls://127.0.0.1", "--port", str(self._port))
        return self._start("scheduler", ROOT, *where, "--dashboard-address", "127.0.0.1:0")

    def worker(self, clone: Path = ROOT) -> subprocess.Popen[bytes]:
        """Start a worker with one seat, in a clone of the repository."""
        scratch = ("--local-directory", str(self.folder / "scratch"))
        return self._start("worker", clone, self.address, "--nthreads", "1", *scratch)

    def _start(self, what: str, clone: Path, *arguments: str) -> subprocess.Popen[bytes]:
        certificates = zip(("--tls-ca-file", "--tls-cert", "--tls-key"), FILES, strict=True)
        options = [
            str(v) for flag, name in certificates for v in (flag, f"{self.folder / name}.pem")
        ]
        paths = [str(clone), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
        variables.pop("AUTOGRADER_SALT", None)  # a worker is told it by who asks
        log = self.folder / f"{what}-{len(self._processes)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", f"distributed.cli.dask_{what}"),
                    *(*arguments, "--no-dashboard", *options),
                ],
                cwd=clone,
                env=variables,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def logs(self) -> str:
        """All that scheduler and workers have written."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))

    def close(self) -> None:
        """End all that runs."""
        for process in self._processes:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all it has started, as a machine that loses its power does."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [*psutil.Process(process.pid).children(recursive=True)]
        os.kill(process.pid, signal.SIGKILL)
        for child in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    process.wait()


def until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until something holds, or a process has ended."""
    while not condition() and process.poll() is None:
        time.sleep(0.05)


def hand_in(folder: Path, name: str, code: str | None) -> None:
    """Write a submission that differs from the solution, or from the release, in one cell."""
    book = Assignment("seq2seq")
    notebook = nbformat.reads(
        nbformat.writes(book.source if code is None else released_notebook(book)), as_version=4
    )
    for cell in notebook.cells:
        if code and cell.metadata.get("nbgrader", {}).get("grade_id") == TASK:
            cell.source = code
    (folder / name).mkdir(parents=True)
    nbformat.write(notebook, folder / name / "seq2seq.ipynb")


class Client:
    """Who asks for marks, with results of their own."""

    def __init__(self, folder: Path, handed_in: Path) -> None:
        """Use a folder for reports."""
        self.reports = folder
        self.salt = f"cluster-{os.getpid()}-{time.monotonic_ns()}"
        self._notebooks = sorted(str(path) for path in handed_in.glob("*/seq2seq.ipynb"))
        self.number = len(self._notebooks)

    def start(self, *options: object, to: str = "cluster") -> subprocess.Popen[str]:
        """Start grading one task of everyone."""
        command = [sys.executable, "-m", "autograder", "grade", "seq2seq", *self._notebooks]
        command += ["--task", TASK, "--json", str(self.reports / to), *map(str, options)]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "AUTOGRADER_SALT": self.salt, **OFTEN},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *options: object, to: str = "cluster") -> tuple[int, str, str]:
        """Grade; the exit code and what was said."""
        return self.ended(self.start(*options, to=to))

    @staticmethod
    def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
        """The exit code, and what was said."""
        out, err = process.communicate()
        return process.returncode, out, err

    def written(self, to: str = "cluster") -> dict[str, bytes]:
        """The reports that are there, by student."""
        return {p.parent.name: p.read_bytes() for p in (self.reports / to).glob("*/*.json")}


def told_once(client: Client, code: int, out: str, err: str) -> None:
    """Everyone has one line and a report, which is that of this machine, byte for byte."""
    assert code == 0, err
    names = [Path(line.partition(": ")[0]).parent.name for line in out.splitlines()]
    assert len(names) == len(set(names)) == client.number
    code, _, err = client.run("--again", to="here")
    assert code == 0, err
    assert client.written() == client.written("here")
