"""The wall: who trusts whom, and how student code is kept in.

The *judge* holds the hidden suites, the reference solutions, the salt and the gradebook. The
*worker* holds the student's code and nothing else. The judge speaks to it over a pair of pipes
(`wire.py`); what the worker says is data.

Inside the wall there is: the system's libraries and this Python, read-only; the worker's own files
(`worker.py`, `namespaces.py`, `wire.py`, `checks/`, the suite's probes), read-only. There is no
network, no environment, no home, no repository, and no user but nobody.

Importing torch costs more than grading, so bubblewrap is started once, around a *warm* process that
has imported it. Every submission runs in a fork of that process with its own user, process,
mount, network and message namespaces: it sees no process but its own, an empty `/tmp` of limited
size, and has no capability and no way to gain one. Limits on memory, processes, processor time,
file size and open files are set before the first student byte runs. A submission ends as a whole:
the kernel kills all processes of a process namespace with its first one, and that one when the
judge lets go of a socket or ends. Where the kernel allows no such namespaces inside the sandbox,
every submission gets a sandbox of its own, which costs a second more. Where there is no bubblewrap,
every submission gets a container of its own (`container.py`), which costs a second more than that.

`Wall.build()` tries the wall before trusting it (`trial.py`).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator

from autograder.errors import WallError

from .container import ENGINES, PYTHON, NoEngine, container, find_engine
from .gpu import Gpu
from .inside.worker import COLD, PIPED, WARM
from .launch import ColdWorker, ContainerWorker, StartError, WarmProcess, WarmWorker
from .limits import Limits
from .sandbox import INSIDE, ROOT, bubblewrap

WORKER = "autograder.wall.inside.worker"
CONFINED = "bubblewrap"
UNCONFINED = "unconfined"
END_SECONDS = 0.1  # between the first and the last process of a sandbox that is killed


class Wall:
    """A way of starting workers for one suite. `level` is stored with every mark."""

    def __init__(
        self,
        level: str,
        suite: str,
        limits: Limits | None = None,
        *,
        warm: bool = False,
        gpu: Gpu | None = None,
    ) -> None:
        """Make a wall that has not been tried; to grade, use `build`."""
        self.level = level
        self.suite = suite
        self.limits = limits or Limits()
        self.warm = warm
        self.gpu = gpu
        self._process: WarmProcess | None = None

    @staticmethod
    def begin(suite: str, limits: Limits | None = None) -> Wall:
        """Start the sandbox that is tried first: its imports then go on beside one's own."""
        wall = Wall(CONFINED, suite, limits, warm=True)
        if not wall.missing():
            with contextlib.suppress(StartError):  # told by `build`
                wall._warm()
        return wall

    @staticmethod
    def build(
        suite: str,
        *,
        allow_unconfined: bool = False,
        limits: Limits | None = None,
        gpu: Gpu | None = None,
        begun: Wall | None = None,
    ) -> Wall:
        """Find the sandbox and try it. With a `gpu` it lets that in, for a comparison of devices.

        Args:
            begun: what `begin` returned for the same suite and limits.

        Raises:
            WallError: there is none or it leaks, and `allow_unconfined` is false.
        """
        from .trial import leaks  # reads messages, and with them comes torch

        problems: dict[str, list[str]] = {}
        try:
            for wall in _best_first(suite, limits, gpu, begun):
                problems[wall.level] = leaks(wall)
                if not problems[wall.level]:
                    return wall
                wall.close()
        except NoEngine as error:
            problems["container"] = [str(error)]
        if allow_unconfined:
            return Wall(UNCONFINED, suite, limits, gpu=gpu)
        told = "; ".join(f"{level}: {', '.join(what)}" for level, what in problems.items())
        raise WallError(
            f"the sandbox does not hold here ({told}). Install bubblewrap "
            "(`apt-get install bubblewrap`) and allow user namespaces, or install podman or docker "
            "and build its image (`make image`), or pass --allow-unconfined to grade without "
            "protection"
        )

    def missing(self) -> str:
        """The program that this wall needs and that is not installed, if there is one."""
        program = {CONFINED: "bwrap"}.get(self.level, self.level)
        return "" if shutil.which(program) else program

    def start(self, reading: int, writing: int) -> ColdWorker | ContainerWorker | WarmWorker:
        """Start a worker that reads requests and writes replies on two descriptors.

        Raises:
            StartError: it did not start.
        """
        if self.level in ENGINES:
            name = f"{self.suite}-{secrets.token_hex(8)}"
            command = self._command(PIPED, "0,1", name)
            return ContainerWorker(self.level, name, command, (reading, writing))
        if not self.warm:
            return ColdWorker(self._command(COLD, f"{reading},{writing}"), (reading, writing))
        return self._warm().fork(reading, writing)

    def _warm(self) -> WarmProcess:
        """The warm process, started if there is none."""
        if self._process is not None and not self._process.alive():
            self.close()
        if self._process is None:
            self._process = WarmProcess(self._command(WARM, "{control}"))
        return self._process

    def stands(self) -> bool:
        """False when the warm process has ended, and every worker with it."""
        return self._process is None or self._process.alive(END_SECONDS)

    def close(self) -> None:
        """End the warm process."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _command(self, way: str, descriptors: str, name: str = "") -> list[str]:
        contained, confined = self.level in ENGINES, self.level == CONFINED
        root = INSIDE if contained or confined else str(ROOT)
        boot = f"import sys; sys.path.insert(0, {root!r}); from {WORKER} import main; main()"
        command = [sys.executable]
        if self.gpu is not None:
            variables = [f"{name}={value}" for name, value in self.gpu.environment().items()]
            command = ["/usr/bin/env", "--unset=CUDA_VISIBLE_DEVICES", *variables, sys.executable]
        if contained:
            command = [*container(self.level, name, self.suite, self.limits, self.gpu), PYTHON]
        elif confined:
            command = [*bubblewrap(self.suite, self.limits.scratch, self.gpu), sys.executable]
        command += ["-I", "-c", boot, way, descriptors]
        command += [f"checks.{self.suite}.probes"]
        command += [str(int(confined and os.geteuid() == 0)), str(self.limits.scratch)]
        gpu = self.gpu is not None
        return [*command, *self.limits.arguments(user_alone=not contained, gpu=gpu)]


def _best_first(
    suite: str, limits: Limits | None, gpu: Gpu | None, begun: Wall | None
) -> Iterator[Wall]:
    """The walls that protect. CUDA reads /proc, which a fork of the warm process cannot see.

    Raises:
        NoEngine: after those with bubblewrap, when there is no container.
    """
    if gpu is None:
        yield begun or Wall(CONFINED, suite, limits, warm=True)
    yield Wall(CONFINED, suite, limits, gpu=gpu)
    yield Wall(find_engine(), suite, limits, gpu=gpu)
