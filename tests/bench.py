"""`make bench`: what grading one submission costs, and where the time goes.

The peer, in the same run on the same machine, is the same suite run without a wall in the judge's
own process: what the wall adds is the difference.
"""

from __future__ import annotations

import sys
import time
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


def main(name: str) -> None:
    """Print medians over a few rounds on the reference solution."""
    assignment, began = Assignment(name), time.perf_counter()
    wall = Wall.build(name)
    starting = time.perf_counter() - began
    submission = repair(assignment.source, assignment.source)
    files = [f for task in assignment.graded_tasks for f in assignment.suite_files(task.key)]
    grade(assignment, submission, wall, SALT)  # reference answers are remembered from here on
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
    rows = {
        "once a run: sandbox, torch, trial of the wall; wall time": [starting],
        "a submission: fork, student code, probes; CPU": students,
        "a submission: judge; CPU": judges,
        "a submission: wall time": wholes,
        "peer: judge alone, answers remembered; CPU": peers,
    }
    for label, seconds in rows.items():
        print(f"{label:58} {median(seconds):6.2f} s")
    share = median(students) / (median(students) + median(judges))
    label = "share of CPU spent in the student's process"
    print(f"{label:58} {share:6.0%}")
    print(f"{'judge behind the wall : judge alone':58} {median(judges) / median(peers):6.2f}")


if __name__ == "__main__":
    main(sys.argv[1])
