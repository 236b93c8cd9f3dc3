"""The processes that grade: a submission waits its turn for one, and then has it alone."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from autograder.judge.batch import TRIES, Graded, Grader, ask, pool

RENEWED = 200  # submissions after which a process is replaced: nothing that it keeps can pile up


class Over(Exception):
    """The server ends, and says why; nothing more is graded."""


class Judge:
    """A process that grades one submission at a time; another takes its place when it has died."""

    def __init__(self, grader: Grader, settle: Callable[[], object]) -> None:
        """Take what to grade with; the process starts when it is first asked."""
        self._grader, self._settle = grader, settle
        self._process: ProcessPoolExecutor | None = None
        self._graded = 0

    async def grade(self, notebook: Path, tasks: Sequence[str] | None) -> Graded:
        """Grade a notebook.

        Raises:
            BrokenProcessPool: the process was killed.
        """
        if self._process is None or self._graded == RENEWED:
            self.end()
            self._process, self._graded = pool(self._grader, 1, self._settle), 0
        self._graded += 1
        try:
            return await asyncio.wrap_future(ask(self._process, notebook, tasks))
        except BrokenProcessPool:
            self.end()
            raise

    def end(self) -> None:
        """Have the process end when it has graded what it grades."""
        if self._process is not None:
            self._process.shutdown(wait=False)
            self._process = None


class Judges:
    """All of them.

    Attributes:
        waiting: how many submissions wait for their turn.
        grading: how many have it.
    """

    def __init__(
        self, grader: Grader, jobs: int, settle: Callable[[], object], over: Callable[[], str]
    ) -> None:
        """Have as many as `jobs`.

        Args:
            settle: what each process does first.
            over: why nothing more may be graded, "" as long as it may.
        """
        self._judges = [Judge(grader, settle) for _ in range(jobs)]
        self._idle: asyncio.Queue[Judge] = asyncio.Queue()
        for judge in self._judges:
            self._idle.put_nowait(judge)
        self._over = over
        self.waiting = 0

    @property
    def grading(self) -> int:
        """See the class."""
        return len(self._judges) - self._idle.qsize()

    async def grade(self, notebook: Path, tasks: Sequence[str] | None = None) -> Graded:
        """Grade a notebook when its turn comes; again, after the others, where nothing was said.

        Whoever cancels this gives the turn up; what is being graded is graded to its end.

        Raises:
            Over: nothing more is graded.
        """
        for _ in range(TRIES):
            self.waiting += 1
            try:
                judge = await self._idle.get()
            finally:
                self.waiting -= 1
            outcome = await asyncio.shield(self._by(judge, notebook, tasks))
            if outcome.report is not None or not outcome.undecided:
                break
        return outcome

    async def _by(self, judge: Judge, notebook: Path, tasks: Sequence[str] | None) -> Graded:
        """Grade with a judge, who is idle afterwards.

        Raises:
            Over: nothing more is graded, or what was graded is out of date by now.
        """
        try:
            self._require_open()
            outcome = await judge.grade(notebook, tasks)
        except BrokenProcessPool:
            killed = f"its judge was killed {TRIES} times"
            outcome = Graded(notebook, None, killed, undecided=True)
        finally:
            self._idle.put_nowait(judge)
        self._require_open()
        return outcome

    def _require_open(self) -> None:
        if why := self._over():
            raise Over(why)

    def end(self) -> None:
        """End all processes at once, whatever they do; who waits for them is told."""
        for judge in self._judges:
            judge.end()
        for process in multiprocessing.active_children():
            process.kill()
