"""The instructor's solutions behind a student's face."""

from __future__ import annotations

import contextlib
import copy
import io
from functools import cache
from typing import Any

from autograder.assignment import Assignment
from autograder.errors import GraderError
from autograder.notebook.repair import repair
from autograder.suites import probes_of
from autograder.suites.memory import digest_of
from checks.program import Lesson, fresh_module, run_cells
from checks.student import LocalRunner, Runner, Student


@cache
def reference(assignment: Assignment) -> Student:
    """The instructor's solutions behind a student's face, in this process."""
    submission = repair(assignment.source, assignment.source)
    module = fresh_module(f"autograder_solution_{assignment.name}")
    with contextlib.redirect_stdout(io.StringIO()):
        troubles = run_cells(submission.cells, module)
    for cell in submission.cells:
        if cell.whole and cell.label in troubles:
            trouble = troubles[cell.label]
            raise GraderError(
                f"the solution of {assignment.name!r} fails: cell {cell.label!r}, line "
                f"{trouble.line}: {trouble.type_name}: {trouble.message}"
            )
    probes = probes_of(assignment.name)
    return Student(Remembering(LocalRunner(Lesson(module.__dict__), probes)), probes)


class Remembering:
    """Answers a question asked before from memory: every submission brings the same ones."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._answers: dict[bytes, Any] = {}

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """The runner's answer; a copy, since a check may change what it gets."""
        key = digest_of(probe, inputs)
        if key not in self._answers:
            self._answers[key] = self._runner.call(probe, inputs)
        return copy.deepcopy(self._answers[key])
