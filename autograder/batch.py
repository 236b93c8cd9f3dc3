"""Grades many notebooks on all cores. A mark does not depend on how many are graded at once."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from .assignment import Assignment
from .judge import GraderError, grade
from .namespaces import die_with_parent
from .notebook import read_submission
from .report import Report
from .results import Results
from .session import WorkerError
from .wall import Wall

TRIES = 3  # of a notebook whose judge was killed
_inherited: list[Desk] = []


@dataclass(frozen=True)
class Desk:
    """What every notebook of a batch is graded with."""

    assignment: Assignment
    release: NotebookNode
    wall: Wall
    salt: str
    tasks: Sequence[str] | None = None
    results: Results | None = None

    def grade(self, notebook: Path) -> Report:
        """Grade one file.

        Raises:
            GraderError, WorkerError: the grader itself failed.
            OSError: the file is not there.
        """
        submission = read_submission(notebook, self.release)
        report = grade(self.assignment, submission, self.wall, self.salt, self.tasks, self.results)
        return report.about(
            student="",
            submission=submission.digest,
            findings=[*submission.findings, *report.findings],
        )

    def outcome(self, notebook: Path) -> Outcome:
        """Grade one file; a failure of the grader is an outcome too and stops no other."""
        try:
            return Outcome(notebook, self.grade(notebook))
        except (GraderError, WorkerError, OSError) as error:
            return Outcome(notebook, None, str(error))
        except Exception as error:  # a fault of ours that one notebook has found
            return Outcome(notebook, None, f"{type(error).__name__}: {error}")


@dataclass(frozen=True)
class Outcome:
    """The report of a notebook, or why there is none."""

    notebook: Path
    report: Report | None
    error: str = ""


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def report_files(notebooks: Sequence[Path], place: Path) -> dict[Path, Path]:
    """Where each notebook's report goes: `place` itself for one, else a file below it.

    Below `place` stands the tree that the notebooks stand in, from where their paths part.

    Raises:
        OSError: a folder cannot be made.
    """
    if len(notebooks) == 1:
        return {notebooks[0]: place}
    root = os.path.commonpath([notebook.absolute().parent for notebook in notebooks])
    files = {
        notebook: (place / notebook.absolute().relative_to(root)).with_suffix(".json")
        for notebook in notebooks
    }
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    return files


def grade_all(desk: Desk, notebooks: Iterable[Path], jobs: int) -> Iterator[Outcome]:
    """Grade notebooks, up to `jobs` at once; outcomes come as they are ready."""
    waiting = list(notebooks)
    if waiting:  # here: what the suites remember is then known to every fork
        yield desk.outcome(waiting.pop(0))
    if jobs == 1 or len(waiting) < 2:
        yield from map(desk.outcome, waiting)
        return
    for _ in range(TRIES):
        lost = []
        for future, notebook in _in_parallel(desk, waiting, jobs):
            try:
                yield future.result()
            except BrokenProcessPool:  # one judge was killed, and with it the pool
                lost.append(notebook)
        if not lost:
            return
        waiting = lost
    for notebook in waiting:
        yield Outcome(notebook, None, f"its judge was killed {TRIES} times")


def _in_parallel(
    desk: Desk, notebooks: Sequence[Path], jobs: int
) -> Iterator[tuple[Future[Outcome], Path]]:
    context = multiprocessing.get_context("fork")
    # the forks inherit the desk; it could not be sent to them, since it holds open descriptors
    _inherited.append(desk)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_settle)
    try:
        # the forks shall not hear Ctrl-C before they know what to do about it
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            futures = {pool.submit(_outcome, notebook): notebook for notebook in notebooks}
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        for future in as_completed(futures):
            yield future, futures[future]
    finally:
        pool.shutdown(cancel_futures=True)
        _inherited.pop()


def _settle() -> None:
    """Make a fork ready: it ends with its parent, and never looks for garbage in what it got.

    Ctrl-C reaches it too, and ends it without a word: the parent has something to say.
    """
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    gc.freeze()


def _outcome(notebook: Path) -> Outcome:
    return _inherited[-1].outcome(notebook)
