"""One bound for a submission as a whole: a control group of its own (cgroup v2).

The kernel then counts for all its processes together, those that have ended included: processor
time, and all memory held for them, buffers and files in the scratch among it. Where no group can be
had, `watch.py` sums up what can be seen from outside.

A group is made below the one in which the submission's processes were started, which must be ours
to part, and must give its parts all of `CONTROLLERS`:

- a scope of systemd's (as root, or of the user's own session), which is asked for and delegated;
- else our own group, where nobody but us manages it: as root the outermost one, also that of a
  container; for other users one that they may write to.

Whether that holds is found by making a group and putting a process into it.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .limits import Limits

CONTROLLERS = ("cpu", "memory", "pids")
MOUNTS = Path("/proc/self/mountinfo")
SYSTEMD = Path("/run/systemd/system")  # there while it runs
REST = "autograder-rest"  # for who is in a group that has parts: the kernel allows no others there
NAME = "autograder-{}-{}"  # of whom, and which
PERIOD = 100_000  # microseconds, in which a submission has one processor for as many
TRIES = 20  # to move everybody elsewhere: they may be forking
ENDING_SECONDS = 2.0  # wall time for the last process to have left

_counter = itertools.count()


class NoGroup(RuntimeError):
    """No control group can be had here."""


@dataclass(frozen=True)
class Place:
    """Where groups can be made.

    Attributes:
        prefix: what starts a command there.
    """

    prefix: tuple[str, ...] = ()


class Group:
    """What the processes of one submission may use together, and what they have used."""

    def __init__(self, folder: Path) -> None:
        """One that exists."""
        self._folder = folder

    @staticmethod
    def around(processes: Sequence[int], limits: Limits) -> Group:
        """Put processes, and with them all that they will start, into a new group.

        What they hold already stays counted where it was.

        Raises:
            OSError: it cannot be made, or not with all limits.
        """
        base = _whole(folder_of(processes[0]))
        _part(base)
        group = Group(base / NAME.format(os.getpid(), next(_counter)))
        group._folder.mkdir()
        try:
            for name, value in _bounds(limits):
                group._write(name, value)
            for process in processes:
                group._write("cgroup.procs", str(process))
        except OSError:
            group.remove()
            raise
        return group

    @staticmethod
    def of(process: int, limits: Limits) -> Group | None:
        """The group that somebody else has made for a process, if its memory is limited."""
        with contextlib.suppress(OSError):
            folder = folder_of(process)
            for limited in (folder, folder.parent):  # podman's has a part for the container
                most = (limited / "memory.max").read_text().strip()
                if most.isdecimal() and int(most) <= limits.memory:
                    return Group(folder)
        return None

    def processor_seconds(self) -> float:
        """Of all processes that ever were in it."""
        return self._figures("cpu.stat").get("usage_usec", 0) / 1e6

    def peak(self) -> int:
        """Bytes of memory that were held for it at once, those of files on disk included."""
        for name in ("memory.peak", "memory.current"):  # Linux before 5.19 tells no peak
            with contextlib.suppress(OSError, ValueError):
                return int((self._folder / name).read_text())
        return 0

    def out_of_memory(self) -> bool:
        """Whether the kernel has ended a process in it for want of the memory it may have."""
        return self._figures("memory.events").get("oom_kill", 0) > 0

    def processes(self) -> list[int]:
        """Those in it; none once it is gone."""
        return _processes(self._folder)

    def kill(self) -> None:
        """End them all."""
        with contextlib.suppress(OSError):
            self._write("cgroup.kill", "1")  # from Linux 5.14 on; before, our caller does

    def remove(self) -> None:
        """Remove it once all have left."""
        until = time.monotonic() + ENDING_SECONDS
        while True:
            try:
                return self._folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                if time.monotonic() > until:
                    return  # empty soon; whoever looks for a place next removes it
            time.sleep(0.01)

    def _figures(self, name: str) -> dict[str, int]:
        """A file of names and numbers; nothing once the group is gone."""
        try:
            lines = (self._folder / name).read_text().splitlines()
        except OSError:
            return {}
        return {name: int(value) for name, _, value in (line.partition(" ") for line in lines)}

    def _write(self, name: str, value: str) -> None:
        _write(self._folder / name, value)


def place() -> Place:
    """Where groups can be made, found by making one.

    Raises:
        NoGroup: with the reason.
    """
    found = _found()
    if isinstance(found, Place):
        return found
    raise NoGroup(found)


@functools.cache
def _found() -> Place | str:
    why = ""
    for candidate in _candidates():
        try:
            _try(candidate)
            return candidate
        except OSError as error:
            why = error.strerror or str(error)
    return why


def _candidates() -> Iterator[Place]:
    program = shutil.which("systemd-run")
    if program is not None and SYSTEMD.is_dir():
        yield Place(_scope(program))
    yield Place()


def _scope(program: str) -> tuple[str, ...]:
    """The command stays our child: systemd only makes a group around it."""
    command = [program, "--scope", "--quiet", "--collect", "--property=Delegate=yes"]
    if os.geteuid() == 0:
        return *command, "--"
    names = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")  # where to ask
    known = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    return "/usr/bin/env", *known, *command, "--user", "--"


def _try(candidate: Place) -> None:
    """Make a group around a process that was started there.

    Raises:
        OSError: it cannot be made.
    """
    process = subprocess.Popen(
        [*candidate.prefix, "/bin/cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write("started\n")
                process.stdin.flush()
            if not process.stdout.readline():
                said = process.stderr.read().strip().splitlines()
                raise OSError(errno.EPERM, said[-1] if said else "systemd-run said nothing")
            base = folder_of(process.pid)
            if base == folder_of(os.getpid()):
                _check_ours(base)
            _sweep(_whole(base))
            group = Group.around([process.pid], Limits())
        finally:
            process.kill()
    group.remove()


def _check_ours(folder: Path) -> None:
    """Refuse to part a group that another manages.

    Raises:
        OSError: it is not ours.
    """
    if folder.name == REST:
        return
    if os.geteuid() != 0:
        ours = os.access(folder / "cgroup.procs", os.W_OK)
    else:
        ours = folder in (mount for mount, _ in _mounts()) or _delegated(folder)
    if not ours:
        raise OSError(errno.EPERM, "our control group is managed by somebody else")


def _delegated(folder: Path) -> bool:
    """Whether systemd leaves it to us."""
    with contextlib.suppress(OSError):
        return os.getxattr(folder, "trusted.delegate") == b"1"
    return False


def _sweep(base: Path) -> None:
    """Remove what judges have left that were killed."""
    for folder in base.glob(NAME.format("*", "*")):
        owner = folder.name.split("-")[1]
        if owner.isdecimal() and not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):  # somebody is in it
                folder.rmdir()


def folder_of(process: int) -> Path:
    """The group that a process is in.

    Raises:
        OSError: the process is gone, or there is no cgroup v2.
    """
    for line in Path(f"/proc/{process}/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            for mount, root in _mounts():
                return mount / os.path.relpath(line.removeprefix("0::"), root)
    raise OSError(errno.ENOSYS, "there are no control groups here (cgroup v2)")


def _whole(folder: Path) -> Path:
    """The group of which a group is the rest; else itself."""
    return folder.parent if folder.name == REST else folder


def _mounts() -> Iterator[tuple[Path, str]]:
    """Where the groups are to be seen, and which of them stands there."""
    for line in MOUNTS.read_text().splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            root, mount = fields.split()[3:5]
            yield Path(mount), root


def _part(base: Path) -> None:
    """Let a group have parts to which all controllers apply.

    Raises:
        OSError: it cannot.
    """
    control = base / "cgroup.subtree_control"
    if set(CONTROLLERS) <= set(control.read_text().split()):
        return
    missing = set(CONTROLLERS) - set((base / "cgroup.controllers").read_text().split())
    if missing:
        names = ", ".join(sorted(missing))
        raise OSError(errno.ENOSYS, f"our control group (cgroup v2) is without {names}")
    whole = " ".join(f"+{name}" for name in CONTROLLERS)
    for attempt in range(TRIES):
        try:
            return _write(control, whole)
        except OSError as error:
            if error.errno != errno.EBUSY or attempt == TRIES - 1:
                raise
        rest = base / REST
        rest.mkdir(exist_ok=True)
        for process in _processes(base):
            with contextlib.suppress(ProcessLookupError):
                _write(rest / "cgroup.procs", str(process))


def _bounds(limits: Limits) -> Iterator[tuple[str, str]]:
    if "memory" in CONTROLLERS:
        yield "memory.max", str(limits.memory)
        yield "memory.swap.max", "0"
        yield "memory.oom.group", "1"  # all or none
    if "pids" in CONTROLLERS:
        yield "pids.max", str(limits.processes)
    if "cpu" in CONTROLLERS:
        yield "cpu.max", f"{PERIOD} {PERIOD}"


def _processes(folder: Path) -> list[int]:
    try:
        found = map(int, (folder / "cgroup.procs").read_text().split())
    except OSError:
        return []
    return [process for process in found if process]  # 0: not to be seen from here


def _write(file: Path, value: str) -> None:
    """Write to a file of the kernel's, which is never made or cut."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)
