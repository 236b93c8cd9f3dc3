"""What grading one submission costs the judge, and the submission itself."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, median

from nbformat import NotebookNode

from autograder.assignment import Assignment, released_notebook
from autograder.judge.grade import one_thread, precedents
from autograder.judge.precedents import ByPrecedent, Precedents, Transcript
from autograder.judge.reference import reference
from autograder.notebook.repair import repair
from autograder.offering import Offering
from autograder.suites import probes_of
from autograder.wall.build import build
from autograder.wall.session import Session
from autograder.wall.wall import Wall
from checks.plugin import Grading, run_suite
from checks.program import Cell
from checks.student import Student

ROUNDS = 5
SALT = "bench"


@dataclass(frozen=True)
class Cost:
    """Of one submission, in seconds."""

    judge: float  # processor time
    student: float  # processor time: fork, student code, probes
    whole: float  # wall time


@dataclass(frozen=True)
class Costs:
    """What one submission costs, in different company."""

    start: float  # once a run: sandbox, torch, trial of the wall; seconds of wall time
    known: Cost  # the solution, every answer of which was heard before; median
    new: Cost  # the same, where none was
    others: Cost  # classmates, each of whom is new; mean


class MeasuredSession(Session):
    """A session that notes what its worker has used at its end."""

    used = 0.0

    def close(self) -> None:
        """Note the worker's time before it goes."""
        if self._worker is not None:
            self.used = self._worker.usage().processor_seconds
        super().close()


def costs(assignment: Assignment, classmates: Sequence[NotebookNode]) -> Costs:
    """Grade the reference solution a few times, then these notebooks."""
    began = time.perf_counter()
    wall = build(assignment.name)
    starting = time.perf_counter() - began
    release = released_notebook(assignment)
    solution = repair(assignment.source, assignment.source).cells
    kept = precedents(Offering(assignment, SALT))
    cost(assignment, wall, solution, kept)  # what suites remember is remembered from here on
    gc.collect()
    gc.freeze()  # as in the processes of a batch
    known = [cost(assignment, wall, solution, kept) for _ in range(ROUNDS)]
    new = [cost(assignment, wall, solution, Precedents()) for _ in range(ROUNDS)]
    others = [cost(assignment, wall, repair(one, release).cells, kept) for one in classmates]
    wall.close()
    gc.unfreeze()
    return Costs(
        starting, summed_up(known, median), summed_up(new, median), summed_up(others, mean)
    )


def cost(assignment: Assignment, wall: Wall, cells: Sequence[Cell], precedents: Precedents) -> Cost:
    """What one grading takes."""
    files = [f for task in assignment.graded_tasks for f in assignment.suite_files(task.key)]
    began, own = time.perf_counter(), time.process_time()
    with MeasuredSession(wall, cells, assignment.names) as session, one_thread():
        transcript = Transcript(session)
        student = Student(transcript, probes_of(assignment.name))
        grading = Grading(student, reference(assignment), SALT)
        run_suite(files, grading, ByPrecedent(grading, transcript, precedents))
    judge, whole = time.process_time() - own, time.perf_counter() - began
    return Cost(judge, session.used, whole)


def summed_up(costs: Sequence[Cost], function: Callable[[Sequence[float]], float]) -> Cost:
    """One figure for many, of each kind."""
    kinds = zip(*((one.judge, one.student, one.whole) for one in costs), strict=True)
    return Cost(*map(function, kinds))
