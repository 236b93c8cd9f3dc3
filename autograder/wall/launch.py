"""Starts workers: forks of one warm process, commands of their own, or containers."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import IO, Protocol

import psutil

from .cgroup import Group, Place
from .container import PYTHON, ask
from .inside.worker import READY, STATUS, UP
from .limits import Limits
from .processes import Usage, family, in_sockets, own_memory, usage, usage_of_group
from .sandbox import ENVIRONMENT

ENDING_SECONDS = 2.0  # wall time for a process that let go of its pipe to end, on a loaded machine
START_SECONDS = 120.0  # wall time to import torch on a cold, loaded machine
REMOVE_SECONDS = 30.0  # wall time for an engine to clear a container away
CREDENTIALS = struct.Struct("3i")  # process, user, group: as the kernel tells them
BY_SIGNAL = 128  # programs that run others add this to the signal that ended those


class StartError(RuntimeError):
    """A worker did not start: never the submission's fault, since none of its code has run."""


class StillRunning(RuntimeError):
    """A container could not be ended."""


class Bound(StrEnum):
    """What holds a submission's processes to their limits together."""

    CGROUP = "cgroup"  # the kernel, which counts all that it does for them
    WATCH = "watch"  # the judge, which looks at them


class Worker(Protocol):
    """The processes of one submission, seen from outside."""

    @property
    def bound(self) -> Bound:
        """What holds them to their limits, once they are `ready`."""

    def ready(self, limits: Limits) -> None:
        """Bound them together. What they hold before the submission's code runs is not counted."""

    def usage(self) -> Usage:
        """What they have used so far. A thread of its own may ask."""

    def stop(self) -> None:
        """Have them end, from whatever thread; `kill` is still to be called."""

    def why(self) -> str:
        """The last it said before it was ready, when it never got ready."""

    def status(self) -> int | None:
        """How its first process ended: the exit code, or less than 0 for a signal.

        None if it has not ended of itself.
        """

    def kill(self) -> None:
        """End them all; returns when they have ended."""


class _Bounded:
    """What workers of all kinds have in common: a group or none, and an error stream."""

    def __init__(self, errors: IO[bytes]) -> None:
        self._errors = errors
        self._group: Group | None = None
        self._idle = 0  # bytes of memory

    def _processes(self) -> list[int]:
        """The submission's; none where they are not to be seen: then they seem asleep."""
        raise NotImplementedError

    @property
    def bound(self) -> Bound:
        """As `Worker.bound`."""
        return Bound.CGROUP if self._group is not None else Bound.WATCH

    def usage(self) -> Usage:
        """As `Worker.usage`."""
        if self._group is not None:
            return usage_of_group(self._group)
        return _all_of(self._processes(), self._idle)

    def why(self) -> str:
        """The last line that was written to the error stream, by whatever stands before it too."""
        return _last_line(self._errors)


class ColdWorker(_Bounded):
    """A worker with a command of its own."""

    def __init__(
        self, command: Sequence[str], descriptors: tuple[int, int], place: Place | None = None
    ) -> None:
        """Start it, where there is a `place` for control groups if there is any.

        Raises:
            StartError: the command cannot be run.
        """
        super().__init__(tempfile.TemporaryFile())  # noqa: SIM115 - closed by kill
        self._process = _started(command, descriptors, self._errors, place)
        self._place = place

    def ready(self, limits: Limits) -> None:
        """A fork shares with its parent what was there before it."""
        processes = self._processes()
        self._idle = max(map(own_memory, processes), default=0)
        self._group = _group(self._place, processes, limits)

    def _processes(self) -> list[int]:
        """The command's process and all below it."""
        return family(self._process.pid)

    def stop(self) -> None:
        """Bubblewrap's death ends its process namespace; without it each is ended."""
        if self._group is not None:
            self._group.kill()
        for process in self._processes():
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)

    def status(self) -> int | None:
        """Bubblewrap ends as the process that it started."""
        return _ending(self._process)

    def kill(self) -> None:
        """End them all: bubblewrap's death ends its process namespace."""
        self.stop()
        self._process.kill()
        self._process.wait()
        if self._group is not None:
            self._group.remove()
        self._errors.close()


class ContainerWorker(_Bounded):
    """A worker in a container of its own; the engine's command carries its streams."""

    def __init__(
        self, engine: str, name: str, command: Sequence[str], streams: tuple[int, int]
    ) -> None:
        """Run the engine's `command`, which names the container.

        Raises:
            StartError: the command cannot be run.
        """
        super().__init__(tempfile.TemporaryFile())  # noqa: SIM115 - closed by kill
        self._engine = engine
        self._name = name
        self._inside = list(command[command.index(PYTHON) :])
        self._first = 0  # its first process, where that can be seen from here
        try:
            self._client = subprocess.Popen(
                command,
                stdin=streams[0],
                stdout=streams[1],
                stderr=self._errors,
                start_new_session=True,
                cwd="/",
            )
        except OSError as error:
            raise StartError(str(error)) from error

    def ready(self, limits: Limits) -> None:
        """Find its processes. Those of an engine in a virtual machine are not to be seen."""
        said = ask(self._engine, "inspect", "--format", "{{.State.Pid}}", self._name).stdout.strip()
        first = int(said) if said.isdecimal() else 0
        with contextlib.suppress(psutil.Error):
            if first and psutil.Process(first).cmdline() == self._inside:
                self._first = first
                self._idle = max(map(own_memory, family(first)), default=0)
                self._group = Group.of(first, limits)  # the engine's

    def _processes(self) -> list[int]:
        """All of the container's."""
        return family(self._first) if self._first else []

    def stop(self) -> None:
        """The engine does."""
        ask(self._engine, "kill", self._name)

    def status(self) -> int | None:
        """The engine's command ends as the container's first process, and that as its child."""
        return _ending(self._client)

    def kill(self) -> None:
        """End the container; the engine's command ends once it is gone.

        Raises:
            StillRunning: it is not, or nobody knows.
        """
        if self._client.poll() is None:
            ask(self._engine, "kill", self._name)
        try:
            self._client.wait(REMOVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._client.kill()  # its first process ends without the one who writes to it
            self._client.wait()
            raise StillRunning(f"{self._engine} did not end the container {self._name}") from None
        finally:
            self._errors.close()


class WarmWorker(_Bounded):
    """A fork of the warm process."""

    def __init__(
        self, keeper: int, life: socket.socket, errors: IO[bytes], place: Place | None
    ) -> None:
        super().__init__(errors)
        self._keeper = keeper  # watches over the submission's first process
        self._place = place
        self._life = life
        self._ending: int | None = None

    def ready(self, limits: Limits) -> None:
        """The keeper holds just what was there before, which a fork shares with it."""
        self._idle = own_memory(self._keeper)
        self._group = _group(self._place, self._processes(), limits)

    def _processes(self) -> list[int]:
        """All that is below the keeper."""
        return family(self._keeper)[1:]

    def stop(self) -> None:
        """The keeper ends them when the judge lets go."""
        with contextlib.suppress(OSError):
            self._life.shutdown(socket.SHUT_WR)

    def status(self) -> int | None:
        """What the keeper says, once the submission's world has ended."""
        if self._ending is None:
            self._life.settimeout(ENDING_SECONDS)
            self._hear()
            self._life.settimeout(START_SECONDS)
        return self._ending

    def kill(self) -> None:
        """End them all: the keeper does when the judge lets go, and says so by its own end."""
        self.stop()
        while self._hear():
            pass
        self._life.close()
        if self._group is not None:
            self._group.remove()

    def _hear(self) -> bool:
        """Read the keeper's last word; False when there is none any more."""
        with contextlib.suppress(OSError):
            if said := self._life.recv(STATUS.size):
                (self._ending,) = STATUS.unpack(said)
                return True
        return False


class WarmProcess:
    """Has imported torch and the probes; forks for every submission."""

    def __init__(self, command: Sequence[str], place: Place | None = None) -> None:
        """Start it; `command` is run with the descriptor of a socket in place of `{control}`.

        Where there is a `place` for control groups it stands there. It imports while its starter
        does something else; the first `fork` waits for it.

        Raises:
            StartError: it did not start.
        """
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            whole = [part.replace("{control}", str(theirs.fileno())) for part in command]
            self._process = _started(whole, (theirs.fileno(),), self._errors, place)
        self._place = place
        self._ready = False
        self._owner = os.getpid()
        self._control.settimeout(START_SECONDS)
        atexit.register(self.close)

    def alive(self, patience: float = 0.0) -> bool:
        """Whether it still holds its end of the socket after so many seconds."""
        poller = select.poll()
        poller.register(self._control, select.POLLHUP)
        return not poller.poll(1000 * patience)

    def fork(self, reading: int, writing: int) -> WarmWorker:
        """A worker that reads requests and writes replies on two descriptors.

        Raises:
            StartError: the warm process has ended, or the kernel refused a namespace.
        """
        self._wait_until_ready()
        life, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        life.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        life.settimeout(START_SECONDS)
        said, credentials = b"", b""
        with theirs, contextlib.suppress(OSError):
            socket.send_fds(self._control, [b"fork"], [reading, writing, theirs.fileno()])
            theirs.close()
            said, ancillary, *_ = life.recvmsg(16, socket.CMSG_SPACE(CREDENTIALS.size))
            credentials = ancillary[0][2] if ancillary else b""
        if said != UP:
            life.close()
            raise StartError(_last_line(self._errors))
        keeper = CREDENTIALS.unpack(credentials)[0]
        return WarmWorker(keeper, life, self._errors, self._place)

    def _wait_until_ready(self) -> None:
        if not self._ready:
            with contextlib.suppress(OSError):
                self._ready = self._control.recv(16) == READY
        if not self._ready:
            raise StartError(_last_line(self._errors))

    def close(self) -> None:
        """End it and all its forks."""
        self._control.close()
        if self._owner == os.getpid():  # not in a fork of the judge
            self._process.kill()
            self._process.wait()
            atexit.unregister(self.close)
        self._errors.close()


def _group(place: Place | None, processes: Sequence[int], limits: Limits) -> Group | None:
    if place is None or not processes:
        return None
    with contextlib.suppress(OSError):
        return Group.around(processes, limits)
    return None


def _started(
    command: Sequence[str],
    descriptors: Sequence[int],
    errors: IO[bytes],
    place: Place | None,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [*(place.prefix if place else ()), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=descriptors,
            env=ENVIRONMENT,
            start_new_session=True,
            cwd="/",
        )
    except OSError as error:
        raise StartError(str(error)) from error


def _ending(process: subprocess.Popen[bytes]) -> int | None:
    """The exit code or signal of what a program ran and ended with."""
    try:
        code = process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    return BY_SIGNAL - code if code > BY_SIGNAL else code


def _all_of(processes: list[int], shared: int) -> Usage:
    """What they use, what waits in their sockets included; all have one network of their own."""
    used = usage(processes, shared)
    if not processes or _on_our_network(processes[-1]):
        return used
    return replace(used, memory=used.memory + in_sockets(processes[-1]))


def _on_our_network(process: int) -> bool:
    try:
        return os.path.samefile("/proc/self/ns/net", f"/proc/{process}/ns/net")
    except OSError:  # gone, or confined: nobody but root may look at it
        return False


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no message"
