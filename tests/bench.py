"""`make bench`: what grading one submission costs, and where the time goes.

The peer, in the same run on the same machine, is the same suite run without a wall in the judge's
own process: what the wall adds is the difference.
"""

from __future__ import annotations

import sys
import time
from statistics import median

import psutil

from autograder.assignment import Assignment
from autograder.checks.plugin import Grading, run_suite
from autograder.checks.student import Student
from autograder.judge import grade, reference
from autograder.notebook import repair
from autograder.session import Session
from autograder.wall import Wall

ROUNDS = 3
SALT = "bench"


def worker_seconds() -> float:
    """Processor seconds of all processes below this one."""
    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return sum(t.user + t.system for t in times)


class MeasuredSession(Session):
    """A session that notes what its worker had used when it was ready, and at its end."""

    ready = used = 0.0

    def _start(self) -> None:
        super()._start()
        self.ready = worker_seconds()

    def close(self) -> None:
        """Note the worker's time before it goes."""
        if self._process is not None:
            self.used = worker_seconds()
        super().close()


def main(name: str) -> None:
    """Print medians over a few rounds on the reference solution."""
    assignment, wall = Assignment(name), Wall.build()
    submission = repair(assignment.source, assignment.source)
    files = [f for task in assignment.graded_tasks for f in assignment.suite_files(task.key)]
    grade(assignment, submission, wall, SALT)  # warm: reference answers are remembered
    starts, students, judges, walls, peers = [], [], [], [], []
    for _ in range(ROUNDS):
        began, own = time.perf_counter(), time.process_time()
        with MeasuredSession(wall, assignment.name, submission.cells) as session:
            run_suite(files, Grading(Student(session), reference(assignment), SALT))
        walls.append(time.perf_counter() - began)
        judges.append(time.process_time() - own)
        starts.append(session.ready)
        students.append(session.used - session.ready)
        own = time.process_time()
        run_suite(files, Grading(reference(assignment), reference(assignment), SALT))
        peers.append(time.process_time() - own)
    rows = {
        "worker start (interpreter, torch), CPU": starts,
        "student code and probes, CPU": students,
        "judge, CPU": judges,
        "whole submission, wall time": walls,
        "peer: judge alone, answers remembered, CPU": peers,
    }
    for label, seconds in rows.items():
        print(f"{label:45} {median(seconds):6.2f} s")
    share = median(students) / (median(starts) + median(students) + median(judges))
    print(f"{'share of CPU spent in student code':45} {share:6.0%}")
    print(f"{'judge behind the wall : judge alone':45} {median(judges) / median(peers):6.2f}")


if __name__ == "__main__":
    main(sys.argv[1])
