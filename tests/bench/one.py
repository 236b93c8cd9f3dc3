"""What grading one submission costs, and where the time goes.

The peer, in the same run on the same machine, is the same suite run without a wall in the judge's
own process: what the wall adds is the difference.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from statistics import median

from autograder.assignment import Assignment
from autograder.checks.plugin import Grading, run_suite
from autograder.checks.student import Student
from autograder.judge import grade, reference
from autograder.notebook import repair
from autograder.session import Session
from autograder.wall import Wall

ROUNDS = 5
SALT = "bench"


class MeasuredSession(Session):
    """A session that notes what its worker has used at its end."""

    used = 0.0

    def close(self) -> None:
        """Note the worker's time before it goes."""
        if self._worker is not None:
            self.used = self._worker.usage().processor_seconds
        super().close()


@dataclass(frozen=True)
class Costs:
    """Medians, in seconds."""

    start: float  # once a run: sandbox, torch, trial of the wall; wall time
    student: float  # fork, student code, probes; processor time
    judge: float  # processor time
    whole: float  # wall time
    alone: float  # the judge without a wall, all answers remembered; processor time


def costs(assignment: Assignment) -> Costs:
    """Grade the reference solution a few times."""
    began = time.perf_counter()
    wall = Wall.build(assignment.name)
    starting = time.perf_counter() - began
    submission = repair(assignment.source, assignment.source)
    files = [f for task in assignment.graded_tasks for f in assignment.suite_files(task.key)]
    grade(assignment, submission, wall, SALT)  # reference answers are remembered from here on
    gc.collect()
    gc.freeze()  # as in the processes of a batch
    students, judges, wholes, peers = [], [], [], []
    for _ in range(ROUNDS):
        began, own = time.perf_counter(), time.process_time()
        with MeasuredSession(wall, submission.cells) as session:
            run_suite(files, Grading(Student(session), reference(assignment), SALT))
        wholes.append(time.perf_counter() - began)
        judges.append(time.process_time() - own)
        students.append(session.used)
        own = time.process_time()
        run_suite(files, Grading(reference(assignment), reference(assignment), SALT))
        peers.append(time.process_time() - own)
    wall.close()
    gc.unfreeze()
    return Costs(starting, *map(median, (students, judges, wholes, peers)))
