"""Compares a submission on a real device with itself on the CPU and with the instructor's solution.

It runs after the mark and beside it: nothing here can change a point. What is compared, and how
far it may differ, says the module that the assignment declares as its `devices`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.assignment import Assignment
from autograder.errors import AssignmentError, WorkerError
from autograder.notebook.reader import read_submission
from autograder.report.record import Report
from autograder.suites import probes_of
from autograder.wall.build import build
from autograder.wall.gpu import Gpu, require
from autograder.wall.sandbox import system_folders
from autograder.wall.session import Session
from autograder.wall.wall import Unconfined, Wall
from checks.student import Student

from .batch import Grader
from .reference import reference


@dataclass(frozen=True)
class Parity:
    """A device, what notebooks are graded with, and a wall that lets the device in."""

    grader: Grader
    wall: Wall
    device: str

    @staticmethod
    def prepare(grader: Grader, device: str) -> Parity:
        """See that there is the device, and build the wall, as strict as the grader's.

        Raises:
            NoDevice: there is none.
            AssignmentError: the assignment has no comparison, or one that cannot be imported.
            WallError: the wall does not hold with it.
        """
        require(device)
        comparison(grader.offering.assignment)
        gpu = Gpu.here(system_folders()) if device == "cuda" else None
        loose = isinstance(grader.wall, Unconfined)
        name, limits = grader.offering.assignment.name, grader.wall.limits
        return Parity(grader, build(name, allow_unconfined=loose, limits=limits, gpu=gpu), device)

    def beside(self, notebook: Path, report: Report) -> Report:
        """The same report with what the comparison gave beside the mark."""
        found = self.compare(notebook)
        return replace(report, beside={**report.beside, f"on {self.device}": found})

    def compare(self, notebook: Path) -> dict[str, Any]:
        """What the suite's comparison gives; why there is none when the worker fails."""
        assignment, salt = self.grader.offering.assignment, self.grader.offering.salt
        suite = comparison(assignment)
        wanted = self.grader.tasks or [task.key for task in assignment.graded_tasks]
        submission = read_submission(notebook, self.grader.release)
        try:
            with Session(self.wall, submission.cells, assignment.names) as session:
                sides = Student(session, probes_of(assignment.name)), reference(assignment)
                return dict(suite.compare(*sides, salt, self.device, wanted))
        except WorkerError as error:
            return {"agrees": None, "why": str(error)}


def comparison(assignment: Assignment) -> Any:
    """The module that compares devices, which has `compare`.

    Raises:
        AssignmentError: none is declared, or it cannot be imported.
    """
    module = assignment.comparison()
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise AssignmentError(
            f"{assignment.name!r} declares {module} as its comparison of devices, which cannot be "
            f"imported: {error}"
        ) from error


def flag(beside: dict[str, Any], device: str) -> str:
    """A line for the instructor about a comparison."""
    found = beside.get(f"on {device}", {})
    if found.get("agrees") is None:
        return f"on {device}: not compared: {found.get('why', 'no reason given')}"
    if found["agrees"]:
        return f"on {device}: as on the CPU, and as the instructor's solution"
    differing = [key for key, task in found["tasks"].items() if not task["agrees"]]
    return f"on {device}: LOOK AT {', '.join(differing)}: not as on the CPU; the mark is the CPU's"
