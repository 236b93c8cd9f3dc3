"""The same hidden suites in a kernel that also runs the student's code, for the peers.

Nothing here protects anything: it is what a test cell of a notebook would do.
"""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path
from typing import Any

from autograder.assignment import Assignment
from autograder.judge.reference import reference
from autograder.suites import probes_of
from checks.plugin import Grading, run_suite
from checks.program import Lesson
from checks.student import LocalRunner, Student
from checks.verdicts import Verdict

SALT = "bench"
CLOCK = "BENCH_STUDENT_SECONDS"  # names the file to which time in student code is added


class Timed:
    """A runner that adds up the processor time spent in the student's functions."""

    def __init__(self, runner: LocalRunner) -> None:
        self._runner = runner
        self.seconds = 0.0

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """The runner's answer."""
        began = time.process_time()
        try:
            return self._runner.call(probe, inputs)
        finally:
            self.seconds += time.process_time() - began


@cache
def assignment_of(name: str) -> Assignment:
    """One object a process, so that the reference solution is made once."""
    return Assignment(name)


def points(name: str, task: str, names: dict[str, Any]) -> float:
    """What the notebook whose names these are earns for a task."""
    assignment = assignment_of(name)
    runner = Timed(LocalRunner(Lesson(names), probes_of(name)))
    grading = Grading(Student(runner, probes_of(name)), reference(assignment), SALT)
    run_suite(assignment.suite_files(task), grading)
    with Path(os.environ[CLOCK]).open("a", encoding="utf-8") as file:
        file.write(f"{runner.seconds}\n")
    results = grading.results.values()
    passed = sum(r.weight for r in results if r.verdict is Verdict.PASSED)
    (worth,) = (one.points for one in assignment.tasks if one.key == task)
    return worth * passed / sum(r.weight for r in results)
