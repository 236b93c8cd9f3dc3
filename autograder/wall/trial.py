"""The wall, tried from the inside: what must not work there is attempted before it is trusted."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

from checks.program import Cell

from .inside.wire import Deadline, Patience, WireError, pack, read_frame, unpack, write_frame
from .inside.worker import READY
from .launch import START_SECONDS, StartError, StillRunning
from .sandbox import ENVIRONMENT, ROOT, system_folders
from .wall import Wall

END_SECONDS = 10.0  # wall time for the kernel to end all processes of a submission
LABEL = "attempts"

# what the wall promises, in the words of `doctor`
PROMISES = {
    "network": "student code reaches no network",
    "files": "student code reads nothing of the judge, of others or of your home",
    "writing": "student code writes nowhere but to its scratch",
    "scratch": "its scratch is limited",
    "environment": "it sees nothing of the judge's environment",
    "processes": "it sees no process but its own",
    "descriptors": "it holds no descriptor but its two pipes",
    "root": "it is not root and has no way to become it",
    "signals": "its signals and priorities reach no process but its own",
    "fork bomb": "the number of its processes is limited",
    "memory": "its memory is limited",
    "uncounted memory": "it holds no memory that no limit counts",
    "forgotten children": "the processor time of all its processes is counted",
    "sockets": "it makes no sockets but between its own processes",
    "shared files": "it neither locks nor watches what others read too",
    "terminals": "it shares no terminal with others",
    "outliving": "nothing of it outlives the run",
}

# run as a student's cell; raises what worked, as the names of PROMISES
ATTEMPTS = """
import ctypes, fcntl, json, os, signal, socket, threading, time
wanted, broken = json.loads(WANTED), set()
def attempt(name, action):
    try:
        if action() is not False:
            broken.add(name)
    except (OSError, RuntimeError, MemoryError):
        pass
def plant(folder):
    open(os.path.join(folder, "planted"), "w").close()
def swarm():
    gate = threading.Event()
    threads = []
    try:
        for _ in range(wanted["processes"] + 1):
            threads.append(threading.Thread(target=gate.wait))
            threads[-1].start()
    finally:
        gate.set()
        for thread in threads[:-1]:
            thread.join()
def descriptors():
    held = 0
    for number in range(3, 1024):
        try:
            os.fstat(number)
            held += 1
        except OSError:
            pass
    return held > 2
def root():
    library = ctypes.CDLL(None)
    may_gain = library.prctl(39, 0, 0, 0, 0) != 1  # by running a program that belongs to root
    may_mount = library.unshare(0x20000) == 0
    own_users = library.unshare(0x10000000) == 0  # in which it would be root
    return os.geteuid() == 0 or may_gain or may_mount or own_users
def forgotten():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork() == 0:
        os._exit(0)
    try:
        os.wait()
    except ChildProcessError:
        return True
    return False
def larger_buffer():
    first, _ = socket.socketpair()
    first.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
attempt("root", root)  # before there were threads: a process with several gets no namespaces
attempt("signals", lambda: os.getpgid(0) != os.getpid() and wanted["warm"])
attempt("network", lambda: socket.create_connection(("127.0.0.1", wanted["port"]), 1))
for path in wanted["secrets"]:
    attempt("files", lambda: os.access(path, os.R_OK))
system = ("/", "/usr", "/etc", "/run", "/var/tmp", "/opt/judge/autograder", "/opt/judge/checks")
for path in (*system, wanted["repository"]):
    attempt("writing", lambda: plant(path))
place = os.statvfs("/tmp")
attempt("scratch", lambda: place.f_blocks * place.f_frsize > wanted["scratch"])
attempt("environment", lambda: bool(set(os.environ) - set(wanted["environment"])))
attempt("processes", lambda: sum(name.isdigit() for name in os.listdir("/proc")) > 3)
attempt("descriptors", descriptors)
attempt("memory", lambda: bool(bytearray(wanted["memory"])))
attempt("uncounted memory", lambda: os.close(os.memfd_create("planted")))
attempt("uncounted memory", larger_buffer)
attempt("uncounted memory", lambda: fcntl.fcntl(os.pipe()[1], 1031, 1 << 20))
attempt("forgotten children", forgotten)
if not wanted["gpu"]:  # whose driver is not told what to call
    for family in (2, 10, 16, 17, 38, 40):  # internet, kernel, packets, ciphers, virtual machines
        attempt("sockets", lambda: socket.socket(family, socket.SOCK_DGRAM))
        attempt("sockets", lambda: socket.socket(family, socket.SOCK_STREAM))
    with open(os.__file__) as shared:
        attempt("shared files", lambda: fcntl.flock(shared, fcntl.LOCK_SH | fcntl.LOCK_NB))
        attempt("shared files", lambda: fcntl.lockf(shared, fcntl.LOCK_SH | fcntl.LOCK_NB))
        attempt("shared files", lambda: fcntl.fcntl(shared, fcntl.F_NOTIFY, fcntl.DN_ACCESS))
    attempt("shared files", lambda: ctypes.CDLL(None).inotify_init() >= 0)
attempt("terminals", os.openpty)
attempt("terminals", lambda: bool(os.listdir("/dev/pts")) and wanted["warm"])
attempt("fork bomb", swarm)
if os.fork() == 0:  # keeps the pipe to the judge open for as long as it lives
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
raise ValueError(json.dumps(sorted(broken)))
"""


class NotTried(RuntimeError):
    """No worker could be started here, so nothing is known about the wall."""


def leaks(wall: Wall) -> list[str]:
    """Start a worker, try what must not work; return what did, or why nothing could be tried."""
    try:
        return [f"does not hold: {PROMISES[name]}" for name in broken_promises(wall)]
    except NotTried as error:
        return [str(error)]


def broken_promises(wall: Wall) -> list[str]:
    """The names of the promises that the wall does not keep here.

    Raises:
        NotTried: with the reason.
    """
    if program := wall.missing():
        raise NotTried(f"its program ({program}) is not installed")
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.NamedTemporaryFile() as other:
        wanted = {
            "port": server.getsockname()[1],
            "secrets": [str(ROOT / "autograder" / "__main__.py"), other.name, *_home_entries()],
            "repository": str(ROOT),
            "environment": [
                *ENVIRONMENT,
                *(wall.gpu.environment() if wall.gpu else ()),
                *("PWD", "LC_CTYPE"),  # Python's own
            ],
            "scratch": wall.limits.scratch,
            "processes": wall.limits.processes,
            "memory": wall.limits.memory,
            "warm": wall.warm,
            "gpu": wall.gpu is not None,
        }
        try:
            broken, ended = _attempt(wall, f"WANTED = {json.dumps(wanted)!r}\n{ATTEMPTS}")
        except (
            StartError,
            StillRunning,
            Deadline,
            WireError,
            OSError,
            ValueError,
            TypeError,
        ) as error:
            raise NotTried(f"no worker could be tried: {error}") from error
    return [name for name in PROMISES if name in broken or (name == "outliving" and not ended)]


def _attempt(wall: Wall, code: str) -> tuple[list[str], bool]:
    """What worked, and whether everything had ended with the worker."""
    with contextlib.ExitStack() as stack:
        child_reads, writing = _pipe(stack)
        reading, child_writes = _pipe(stack)
        worker = wall.start(child_reads, child_writes)
        try:
            os.close(child_writes)
            patience = Patience(START_SECONDS)
            if _next(reading, patience)[0] != READY:
                raise StartError(worker.why())
            worker.ready(wall.limits)
            wall.bound = worker.bound
            cell = dataclasses.asdict(Cell(LABEL, code))
            write_frame(writing, bytes(16), pack({"load": [cell]}), patience)
            _, reply = _next(reading, patience)
        finally:
            worker.kill()
        broken = json.loads(reply["value"][LABEL]["message"])
        try:
            ended = read_frame(reading, Patience(END_SECONDS)) is None
        except Deadline:
            ended = False
        return broken, ended


def _next(reading: int, patience: Patience) -> tuple[bytes, Any]:
    frame = read_frame(reading, patience)
    return (frame[0], unpack(frame[1])) if frame is not None else (b"", None)


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    """A pipe whose ends are closed with the stack, if they still are open."""
    ends = os.pipe()
    for end in ends:
        stack.callback(_close, end)
    return ends


def _close(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)


def _home_entries() -> list[str]:
    """What lies in the judge's home and must not be seen inside."""
    mounted = [Path(folder) for folder in system_folders()]
    entries = sorted(Path.home().iterdir()) if os.access(Path.home(), os.R_OK) else []
    return [str(e) for e in entries if not any(m.is_relative_to(e) for m in mounted)]
