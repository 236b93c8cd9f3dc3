"""A copy of the repository as a course would use it, with one secret word wherever one could look.

The word stands in the hidden suites, the solutions, the salt, the environment, a neighbour's
notebook and a file outside: if it comes up in anything shown, something was stolen.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.notebook.lesson import grade_id, lesson_notebook

from ..repository import copy_repository
from .catalogue import Entry, Places

SOLVED, UNTOUCHED = "neighbour-solved", "neighbour-untouched"


def word(beginning: str) -> str:
    """A word that occurs nowhere else."""
    return beginning + secrets.token_hex(6)


class Course:
    """The copy, and the submissions in it."""

    def __init__(self, folder: Path, assignment: str) -> None:
        """Make it in an empty folder, with an assignment of this repository to attack."""
        self.assignment = assignment
        self.notebook = f"{assignment}.ipynb"
        self.outside = folder
        self.root = folder / "course"
        self.secret = word("quince")
        self.markers: dict[str, str] = {}  # by entry
        self.environment = {
            **os.environ,
            "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"],
            "AUTOGRADER_SALT": self.secret,
            "OMP_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "",  # compiled suites are there to be found
        }
        copy_repository(self.root, without="(tests/(test_|submissions)|docs/)")
        self._plant()

    @property
    def release(self) -> NotebookNode:
        """The notebook students were given."""
        return nbformat.read(
            self.root / "assignments" / self.assignment / self.notebook, as_version=4
        )

    def folder(self, student: str) -> Path:
        """A student's submitted folder."""
        return self.root / "submitted" / student / self.assignment

    def report(self, student: str) -> Path:
        """Where the command line writes a student's report."""
        return self.root / "json" / student / self.assignment / f"{self.assignment}.json"

    def hand_in(self, entry: Entry) -> None:
        """Hand in an attack."""
        self.markers[entry.id] = word("marker")
        places = Places(
            marker=self.markers[entry.id],
            secret_file=str(self.outside / "secret.txt"),
            gradebook=str(self.root / "gradebook.db"),
            neighbour=str(self.folder(SOLVED) / self.notebook),
            repository=str(self.root),
            results=str(self.report(entry.id)),
        )
        entry.hand_in(self.folder(entry.id), self.release, places)

    def run(self, *arguments: str, seconds: float = 600.0) -> subprocess.CompletedProcess[str]:
        """Run a Python module in the course's folder, as a person would."""
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds,
        )

    def _plant(self) -> None:
        (self.outside / "secret.txt").write_text(self.secret)
        (self.root / ".salt").write_text(self.secret)
        for path in (self.root / "autograder" / "suites" / self.assignment).rglob("*.py"):
            with path.open("a", encoding="utf-8") as file:
                file.write(f'\nPLANTED = "{self.secret}"\n')
        lesson = self.root / "solutions" / self.assignment / f"{self.assignment}.py"
        text = lesson.read_text(encoding="utf-8")
        begin = re.compile(r"^( *)### BEGIN SOLUTION\n", re.MULTILINE)
        lesson.write_text(begin.sub(rf"\g<0>\1# {self.secret}\n", text), encoding="utf-8")
        shutil.rmtree(self.root / "submitted", ignore_errors=True)
        for student in (SOLVED, UNTOUCHED):
            self.folder(student).mkdir(parents=True)
        nbformat.write(self.release, self.folder(UNTOUCHED) / self.notebook)
        nbformat.write(solved(self.release, lesson), self.folder(SOLVED) / self.notebook)


def solved(release: NotebookNode, lesson: Path) -> NotebookNode:
    """The release with the lesson's solutions in it."""
    solutions = {grade_id(cell): cell.source for cell in lesson_notebook(lesson).cells}
    for cell in release.cells:
        terms = cell.metadata.get("nbgrader", {})
        if terms.get("solution") and cell.cell_type == "code":
            cell.source = solutions[grade_id(cell)]
    return release
