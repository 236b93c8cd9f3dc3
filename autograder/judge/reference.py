"""The instructor's solutions behind a student's face."""

from __future__ import annotations

import contextlib
import copy
import io
from functools import cache, cached_property
from typing import Any

from autograder.assignment import Assignment
from autograder.errors import GraderError
from autograder.notebook.repair import repair
from autograder.suites import probes_of
from autograder.suites.memory import digest_of, memory
from checks.program import Lesson, fresh_module, run_cells
from checks.student import LocalRunner, Runner, Student


@cache
def reference(assignment: Assignment) -> Student:
    """The instructor's solutions behind a student's face, in this process."""
    solution = Solution(assignment)
    return Student(
        Remembering(solution, f"solution of {assignment.name}"), probes_of(assignment.name)
    )


class Solution:
    """The instructor's solutions, run when they are first asked for something: that takes 2 s."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """The solution's answer.

        Raises:
            GraderError: its cells fail.
        """
        return self.runner.call(probe, inputs)

    @cached_property
    def runner(self) -> LocalRunner:
        """Asks the solution's functions."""
        assignment = self._assignment
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
        return LocalRunner(Lesson(module.__dict__), probes_of(assignment.name))


class Remembering:
    """Answers a question asked before from memory: every submission brings the same ones.

    Args:
        name: of a memory that the next process begins with, if there is one.
    """

    def __init__(self, runner: Runner, name: str = "") -> None:
        self._runner = runner
        self._name = name
        self._own: dict[bytes, Any] = {}

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """The runner's answer; a copy, since a check may change what it gets."""
        answers = memory(self._name) if self._name else self._own
        key = digest_of(probe, inputs)
        if key not in answers:
            answers[key] = self._runner.call(probe, inputs)
        return copy.deepcopy(answers[key])
