"""The three kinds of wall, and what all have in common: workers are started behind it.

To grade, use a wall that `build.py` has tried.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from abc import ABC, abstractmethod

from .cgroup import NoGroup, Place, place
from .container import PYTHON, container
from .gpu import Gpu
from .inside.worker import COLD, PIPED, WARM
from .launch import Bound, ColdWorker, ContainerWorker, StartError, WarmProcess, Worker
from .limits import Limits
from .sandbox import INSIDE, ROOT, bubblewrap, interpreter

WORKER = "autograder.wall.inside.worker"
END_SECONDS = 0.1  # between the first and the last process of a sandbox that is killed


class Wall(ABC):
    """A way of starting workers for one suite.

    Attributes:
        level: the kind of protection in one word, stored with every mark.
        warm: whether workers are forks of a process that has imported all that they need.
        bound: what holds all processes of a submission to their limits, as the trial found.
    """

    level: str
    warm: bool = False
    bound: Bound = Bound.WATCH

    def __init__(self, suite: str, limits: Limits | None = None, *, gpu: Gpu | None = None) -> None:
        """Make a wall that has not been tried. With a `gpu` it lets that in."""
        self.suite = suite
        self.limits = limits or Limits()
        self.gpu = gpu

    @abstractmethod
    def missing(self) -> str:
        """The program that this wall needs and that is not installed, "" if none is."""

    @abstractmethod
    def start(self, reading: int, writing: int) -> Worker:
        """Start a worker that reads requests and writes replies on two descriptors.

        Raises:
            StartError: it did not start.
        """

    def stands(self) -> bool:
        """False when all workers have ended at once, by no fault of a submission."""
        return True

    def close(self) -> None:  # noqa: B027  most keep nothing
        """End what is kept running between submissions."""

    def _orders(
        self,
        way: str,
        descriptors: str,
        root: str = INSIDE,
        *,
        shed_root: bool = False,
        user_alone: bool = True,
    ) -> list[str]:
        """What the Python program is told that becomes a worker: see `inside/worker.py`.

        Args:
            root: the folder in which it finds the worker's files.
            user_alone: whether the user it runs as is nobody else's.
        """
        boot = f"import sys; sys.path.insert(0, {root!r}); from {WORKER} import main; main()"
        orders = ["-I", "-c", boot, way, descriptors, f"checks.{self.suite}.probes"]
        orders += [str(int(shed_root)), str(int(self.gpu is not None)), str(self.limits.scratch)]
        limits = self.limits.arguments(user_alone=user_alone, gpu=self.gpu is not None)
        return [*orders, *limits]


class Bubblewrap(Wall):
    """Bubblewrap: around one warm process that forks, or else around each submission anew."""

    level = "bubblewrap"
    program = "bwrap"

    def __init__(
        self,
        suite: str,
        limits: Limits | None = None,
        *,
        warm: bool = False,
        gpu: Gpu | None = None,
    ) -> None:
        """Make a wall that has not been tried."""
        super().__init__(suite, limits, gpu=gpu)
        self.warm = warm
        self._process: WarmProcess | None = None

    def missing(self) -> str:
        """As `Wall.missing`."""
        return "" if shutil.which(self.program) else self.program

    def start(self, reading: int, writing: int) -> Worker:
        """As `Wall.start`."""
        if self.warm:
            return self.warm_process().fork(reading, writing)
        command = self._command(COLD, f"{reading},{writing}")
        return ColdWorker(command, (reading, writing), _place())

    def warm_process(self) -> WarmProcess:
        """The process that forks, started if there is none.

        Raises:
            StartError: it did not start.
        """
        if self._process is not None and not self._process.alive():
            self.close()
        if self._process is None:
            self._process = WarmProcess(self._command(WARM, "{control}"), _place())
        return self._process

    def stands(self) -> bool:
        """False when the warm process has ended, and every worker with it."""
        return self._process is None or self._process.alive(END_SECONDS)

    def close(self) -> None:
        """End the warm process."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _command(self, way: str, descriptors: str) -> list[str]:
        command = [*bubblewrap(self.suite, self.limits.scratch, self.gpu), interpreter()]
        return command + self._orders(way, descriptors, shed_root=os.geteuid() == 0)


class Container(Wall):
    """A container for each submission, where there is no bubblewrap. Its level is its engine."""

    def __init__(
        self, engine: str, suite: str, limits: Limits | None = None, *, gpu: Gpu | None = None
    ) -> None:
        """Make a wall that has not been tried, of one of `container.ENGINES`."""
        super().__init__(suite, limits, gpu=gpu)
        self.level = engine

    def missing(self) -> str:
        """As `Wall.missing`."""
        return "" if shutil.which(self.level) else self.level

    def start(self, reading: int, writing: int) -> Worker:
        """As `Wall.start`."""
        name = f"{self.suite}-{secrets.token_hex(8)}"
        command = [*container(self.level, name, self.suite, self.limits, self.gpu), PYTHON]
        command += self._orders(PIPED, "0,1", user_alone=False)
        return ContainerWorker(self.level, name, command, (reading, writing))


class Unconfined(Wall):
    """No protection: the worker is a process like any other. Only for who asks for it."""

    level = "unconfined"

    def missing(self) -> str:
        """As `Wall.missing`: it needs no program."""
        return ""

    def start(self, reading: int, writing: int) -> Worker:
        """As `Wall.start`."""
        command = [sys.executable]
        if self.gpu is not None:
            variables = [f"{name}={value}" for name, value in self.gpu.environment().items()]
            command = ["/usr/bin/env", "--unset=CUDA_VISIBLE_DEVICES", *variables, sys.executable]
        command += self._orders(COLD, f"{reading},{writing}", str(ROOT))
        return ColdWorker(command, (reading, writing))


def _place() -> Place | None:
    """Where control groups can be made, if anywhere; else the watch does what it can."""
    try:
        return place()
    except NoGroup:
        return None


def begin(suite: str, limits: Limits | None = None) -> Wall:
    """Start the sandbox that is tried first; what it imports is imported while one does the same.

    What then goes wrong is told by `build`, which is to be given what this returns.
    """
    wall = Bubblewrap(suite, limits, warm=True)
    if not wall.missing():
        with contextlib.suppress(StartError):
            wall.warm_process()
    return wall
