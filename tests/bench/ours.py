"""This grader, through both its doors, on a copy of the repository without any kept result."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.assignment import Assignment

from ..repository import copy_repository
from .in_kernel import SALT
from .load import Load, measured


class Ours:
    """The command line: `python -m autograder grade`, on all processors."""

    name = "this grader, command line"

    def __init__(
        self, assignment: Assignment, classmates: Sequence[NotebookNode], folder: Path
    ) -> None:
        self.folder = folder
        self.environment = {"AUTOGRADER_SALT": SALT, "OMP_NUM_THREADS": "1"}
        self.notebooks = []
        self._assignment = assignment.name
        copy_repository(folder, without="(tests|docs)/")
        for number, notebook in enumerate(classmates):
            handed_in = folder / "submitted" / f"student{number}" / assignment.name
            handed_in.mkdir(parents=True)
            self.notebooks.append(handed_in / f"{assignment.name}.ipynb")
            nbformat.write(notebook, self.notebooks[-1])

    def grade(self) -> Load:
        """Grade everyone."""
        command = [sys.executable, "-m", "autograder", "grade", self._assignment]
        names = [str(path.relative_to(self.folder)) for path in self.notebooks]
        return measured([*command, *names, "--json", "reports"], self.folder, self.environment)


class OursWithDesk(Ours):
    """The same through nbgrader's gradebook: `make grade`, with feedback and the table."""

    name = "this grader, nbgrader gradebook and feedback"

    def __init__(
        self, assignment: Assignment, classmates: Sequence[NotebookNode], folder: Path
    ) -> None:
        super().__init__(assignment, classmates, folder)
        generate = ["generate_assignment", assignment.name, "--force"]
        for command in (
            ["autograder", "source", assignment.name],
            ["nbgrader", *generate, "--ProveRelease.grading=False"],  # it was proved elsewhere
        ):
            measured([sys.executable, "-m", *command], folder, self.environment)

    def grade(self) -> Load:
        """Grade everyone."""
        command = [sys.executable, "-m", "autograder", "class", self._assignment]
        return measured(command, self.folder, self.environment)
