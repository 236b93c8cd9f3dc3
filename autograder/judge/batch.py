"""Grades many notebooks on all cores. A mark does not depend on how many are graded at once."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nbformat import NotebookNode

from autograder.errors import GraderError, Undecided, WorkerError
from autograder.notebook.reader import read_submission
from autograder.notebook.repair import Submission
from autograder.offering import Offering
from autograder.report.record import Report
from autograder.wall.inside.namespaces import die_with_parent
from autograder.wall.wall import Wall

from .grade import grade
from .results import Results

TRIES = 3  # of a notebook whose judge was killed
ENDING = {signal.SIGINT, signal.SIGTERM}  # what tells a command to end
_inherited: list[Grader] = []  # what a fork grades with


@dataclass(frozen=True)
class Grader:
    """What every notebook of a batch is graded with."""

    offering: Offering
    release: NotebookNode
    wall: Wall
    tasks: Sequence[str] | None = None
    results: Results | None = None

    def grade(self, notebook: Path, submission: Submission | None = None) -> Report:
        """Grade one file.

        Args:
            submission: what was read of it, if it was.

        Raises:
            GraderError, WorkerError: the grader itself failed.
            OSError: the file is not there.
        """
        submission = submission or read_submission(notebook, self.release)
        report = grade(self.offering, submission, self.wall, self.tasks, self.results)
        return report.about(
            student="",
            submission=submission.digest,
            findings=[*submission.findings, *report.findings],
        )

    def graded(self, notebook: Path, submission: Submission | None = None) -> Graded:
        """Grade one file as `grade`; a failure of the grader is told too and stops no other."""
        try:
            return Graded(notebook, self.grade(notebook, submission))
        except Undecided as error:
            return Graded(notebook, None, str(error), undecided=True)
        except (GraderError, WorkerError, OSError) as error:
            return Graded(notebook, None, str(error))
        except Exception as error:  # a fault of ours that one notebook has found
            return Graded(notebook, None, f"{type(error).__name__}: {error}")


@dataclass(frozen=True)
class Graded:
    """The report of a notebook, or why there is none."""

    notebook: Path
    report: Report | None
    error: str = ""
    undecided: bool = False  # for want of the machine's time: it may be asked again


Engine = Callable[[Grader, Iterable[Path]], Iterator[Graded]]  # they come as they are ready


def forks(jobs: int) -> Engine:
    """The engine of one machine: up to `jobs` notebooks at once."""
    return partial(grade_all, jobs=jobs)


def grade_alone(engine: Engine, grader: Grader, notebook: Path) -> Report:
    """Grade one file.

    Raises:
        GraderError: there is no report; why.
    """
    (outcome,) = engine(grader, [notebook])
    if outcome.report is None:
        raise GraderError(outcome.error)
    return outcome.report


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


def grade_all(grader: Grader, notebooks: Iterable[Path], jobs: int) -> Iterator[Graded]:
    """Grade notebooks, up to `jobs` at once; they come as they are ready.

    For whom the machine had no time is graded again in the end, when no other is.
    """
    late = []
    for graded in _in_company(grader, notebooks, jobs):
        if graded.undecided:
            late.append(graded.notebook)
        else:
            yield graded
    yield from map(grader.graded, late)


def _in_company(grader: Grader, notebooks: Iterable[Path], jobs: int) -> Iterator[Graded]:
    waiting = list(notebooks)
    if waiting:  # here: what the suites remember is then known to every fork
        yield grader.graded(waiting.pop(0))
    if jobs == 1 or len(waiting) < 2:
        yield from map(grader.graded, waiting)
        return
    for _ in range(TRIES):
        lost = []
        for future, notebook in _in_parallel(grader, waiting, jobs):
            try:
                yield future.result()
            except BrokenProcessPool:  # one judge was killed, and with it the pool
                lost.append(notebook)
        if not lost:
            return
        waiting = lost
    for notebook in waiting:
        yield Graded(notebook, None, f"its judge was killed {TRIES} times")


def _in_parallel(
    grader: Grader, notebooks: Sequence[Path], jobs: int
) -> Iterator[tuple[Future[Graded], Path]]:
    judges = pool(grader, jobs)
    try:
        futures = {ask(judges, notebook): notebook for notebook in notebooks}
        for future in as_completed(futures):
            yield future, futures[future]
    finally:
        judges.shutdown(cancel_futures=True)


def pool(
    grader: Grader, jobs: int, settle: Callable[[], object] = lambda: None
) -> ProcessPoolExecutor:
    """Forks that grade, each a notebook at a time; they start when the first is asked for.

    They inherit the grader: it could not be sent to them, since it holds open descriptors.

    Args:
        settle: what a fork does first.
    """
    return ProcessPoolExecutor(
        jobs,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_settle,
        initargs=(grader, settle),
    )


def ask(
    judges: ProcessPoolExecutor, notebook: Path, tasks: Sequence[str] | None = None
) -> Future[Graded]:
    """Have one of the forks grade a notebook; only some tasks of it, if these are named.

    Raises:
        BrokenProcessPool: one of them was killed. The future raises it, too.
    """
    # they shall not hear Ctrl-C before they know what to do about it
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        return judges.submit(_graded, notebook, tasks)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def _settle(grader: Grader, settle: Callable[[], object]) -> None:
    """Make a fork ready: it ends with its parent, and never looks for garbage in what it got.

    Ctrl-C reaches it too, and ends it without a word: the parent has something to say.
    """
    die_with_parent()
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    settle()
    _inherited.append(grader)
    gc.freeze()


def _graded(notebook: Path, tasks: Sequence[str] | None) -> Graded:
    grader = _inherited[-1]
    return (grader if tasks is None else replace(grader, tasks=tasks)).graded(notebook)
