"""The wall: who trusts whom, and how student code is kept in.

Two processes. The *judge* holds the hidden suites, the reference solutions, the salt and the
gradebook. The *worker* holds the student's code and nothing else. The judge starts the worker
through bubblewrap, and speaks to it over a pair of pipes (`wire.py`); what the worker says is data.

Inside the wall there is: the system's libraries and this Python, read-only; the worker's own files
(`worker.py`, `wire.py`, `checks/`, the suite's probes), read-only; an empty `/tmp` of limited size.
There is no network, no environment, no home, no repository, no other process to be seen, and no
user but nobody. Limits on memory, processes, processor time, file size and open files are set
before the first student byte runs. When the judge goes, the kernel kills the worker, and with its
first process every process it started, since they share one PID namespace.

Run as root (a container, CI), bubblewrap needs no user namespace, and the worker becomes nobody by
itself; run as a person, bubblewrap makes a user namespace in which the worker is nobody.

`Wall.build()` tries the wall before trusting it: a script inside attempts what must not work.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PACKAGE = Path(__file__).resolve().parent
INSIDE = "/opt/judge"  # where the worker's files stand inside the wall
CONFINED = "bubblewrap"
UNCONFINED = "unconfined"

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    memory: int = 6144 * MIB  # bytes of address space; torch maps about 1.5 GiB by itself
    processes: int = 64  # threads included
    processor_seconds: int = 240  # for the worker's whole life
    file_size: int = 64 * MIB  # bytes in one file
    open_files: int = 128
    scratch: int = 256 * MIB  # bytes in /tmp
    load_seconds: float = 20.0  # processor time to run the notebook's cells
    call_seconds: float = 10.0  # processor time for one call of one function

    def arguments(self) -> list[str]:
        """The limits that the worker sets on itself, as its command line names them."""
        return [
            f"AS={self.memory}",
            f"NPROC={self.processes}",
            f"CPU={self.processor_seconds}",
            f"FSIZE={self.file_size}",
            f"NOFILE={self.open_files}",
            "CORE=0",
        ]


class WallError(RuntimeError):
    """The wall is missing or does not hold."""


@dataclass(frozen=True)
class Wall:
    """A way of starting workers. `level` is stored with every mark."""

    level: str
    limits: Limits

    @staticmethod
    def build(*, allow_unconfined: bool = False, limits: Limits | None = None) -> Wall:
        """Find the sandbox and try it.

        Raises:
            WallError: there is none or it leaks, and `allow_unconfined` is false.
        """
        wall = Wall(CONFINED, limits or Limits())
        try:
            problems = wall.leaks()
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            problems = [str(error)]
        if not problems:
            return wall
        if allow_unconfined:
            return Wall(UNCONFINED, wall.limits)
        raise WallError(
            f"the sandbox does not hold here ({'; '.join(problems)}). Install bubblewrap "
            "(`apt-get install bubblewrap`) and allow user namespaces, or pass "
            "--allow-unconfined to grade without protection"
        )

    def start(
        self, suite: str, reading: int, writing: int, errors: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start a worker for a suite that reads requests and writes replies on two descriptors.

        What goes wrong before the worker is ready, so before any student code, goes to `errors`.
        """
        root = INSIDE if self.level == CONFINED else str(PACKAGE.parent)
        boot = (
            f"import sys; sys.path.insert(0, {root!r}); from autograder.worker import main; main()"
        )
        command = [sys.executable, "-I", "-c", boot, str(reading), str(writing)]
        command += [f"autograder.suites.{suite}.checks.probes", *self.limits.arguments()]
        if self.level == CONFINED:
            command = [*self._sandbox(suite), *command, f"shed={int(os.geteuid() == 0)}"]
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=(reading, writing),
            env=ENVIRONMENT,
            start_new_session=True,
            cwd="/",
        )

    def leaks(self) -> list[str]:
        """Try from the inside what must not work; return what did."""
        if shutil.which("bwrap") is None:
            return ["bubblewrap (bwrap) is not installed"]
        with socket.create_server(("127.0.0.1", 0)) as server, tempfile.NamedTemporaryFile() as own:
            attempts = {
                "port": server.getsockname()[1],
                "secrets": [str(PACKAGE / "judge.py"), own.name, *_home_entries()],
            }
            command = [*self._sandbox(""), sys.executable, "-I", "-S", "-c", ATTEMPTS]
            done = subprocess.run(
                [*command, json.dumps(attempts), str(int(os.geteuid() == 0))],
                capture_output=True,
                env={**ENVIRONMENT, "JUDGE_SECRET": "1"},
                timeout=30,
                check=False,
            )
        if done.returncode != 0:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            return [f"bwrap failed: {last[0]}"]
        return [str(problem) for problem in json.loads(done.stdout)]

    def _sandbox(self, suite: str) -> list[str]:
        """The bubblewrap command line, up to the command it shall run."""
        command = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        command += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--clearenv"]
        for name, value in ENVIRONMENT.items():
            command += ["--setenv", name, value]
        if os.geteuid() != 0:
            command += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
        else:
            command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        # before the mounts, since the repository itself may lie below /tmp
        command += ["--perms", "1777", "--size", str(self.limits.scratch), "--tmpfs", "/tmp"]
        files = {
            str(PACKAGE / name): f"{INSIDE}/autograder/{name}" for name in _worker_files(suite)
        }
        mounts = {folder: folder for folder in _system_folders()} | files
        for folder in _parents(mounts.values()):
            command += ["--perms", "0755", "--dir", folder]  # bubblewrap's own would be 0700
        for outside, inside in mounts.items():
            command += ["--ro-bind", outside, inside]
        for link in ("/bin", "/sbin", "/lib", "/lib64"):
            if os.path.islink(link):
                command += ["--symlink", os.readlink(link), link]
        for name in ("/etc/ld.so.cache", "/etc/ld.so.conf"):
            command += ["--ro-bind-try", name, name]
        command += ["--proc", "/proc", "--dev", "/dev"]
        command += ["--size", str(self.limits.scratch), "--tmpfs", "/dev/shm"]
        return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--"]


ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "USER": "student",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}

# run inside the wall, without site-packages: prints a JSON list of what should have failed
ATTEMPTS = """
import json, os, socket, sys
if sys.argv[2] == "1":
    os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
wanted, leaks = json.loads(sys.argv[1]), []
try:
    socket.create_connection(("127.0.0.1", wanted["port"]), 1)
    leaks.append("a program inside can reach the network")
except OSError:
    pass
for path in wanted["secrets"]:
    if os.access(path, os.R_OK):
        leaks.append("a program inside can read " + path)
for path in ("/", "/usr", "/opt/judge/autograder", "/etc"):
    try:
        open(os.path.join(path, "written"), "w").close()
        leaks.append("a program inside can write to " + path)
    except OSError:
        pass
if "JUDGE_SECRET" in os.environ:
    leaks.append("a program inside sees the environment")
if sum(name.isdigit() for name in os.listdir("/proc")) > 3:
    leaks.append("a program inside sees other processes")
if os.geteuid() == 0:
    leaks.append("a program inside is root")
print(json.dumps(leaks))
"""


def _system_folders() -> list[str]:
    """What a Python process needs to run, each once, parents before children."""
    wanted = ["/usr", sys.base_prefix, sys.prefix, sysconfig.get_path("purelib")]
    wanted += [name for name in ("/bin", "/sbin", "/lib", "/lib64") if not os.path.islink(name)]
    folders: list[str] = []
    for folder in sorted({os.path.realpath(name) for name in wanted if os.path.isdir(name)}):
        if not any(Path(folder).is_relative_to(parent) for parent in folders):
            folders.append(folder)
    return folders


def _parents(paths: Iterable[str]) -> list[str]:
    """Every folder above these paths, outermost first."""
    return sorted({str(parent) for path in paths for parent in Path(path).parents} - {"/", "/tmp"})


def _home_entries() -> list[str]:
    """What lies in the judge's home and must not be seen inside."""
    mounted = [Path(folder) for folder in _system_folders()]
    entries = sorted(Path.home().iterdir()) if os.access(Path.home(), os.R_OK) else []
    return [str(e) for e in entries if not any(m.is_relative_to(e) for m in mounted)]


def _worker_files(suite: str) -> list[str]:
    """The files of this package that may be seen inside the wall."""
    names = ["__init__.py", "wire.py", "worker.py", "checks"]
    if suite:
        names += ["suites/__init__.py", f"suites/{suite}/__init__.py", f"suites/{suite}/checks"]
    return names
