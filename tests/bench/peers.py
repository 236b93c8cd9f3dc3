"""The peers: stock `nbgrader autograde` and otter-grader's local run, with equal checks.

Both run the hidden suites in the kernel that also runs the student's cells. Their notebooks hold
the cells the grader would run and no training, so none spends time on what another leaves out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder.assignment import ROOT, Assignment
from checks.program import Cell

from .in_kernel import CLOCK
from .load import Load, measured

OTTER = "otter-grader==7.0.0"
SECONDS = 600  # for one cell of a peer's notebook


class Grader(Protocol):
    """Grades a class of submissions; made anew for every class."""

    name: str

    def grade(self) -> Load:
        """What it took."""

    def student_seconds(self) -> float:
        """Processor time in student code."""


class InKernel:
    """What both peers share: a folder, and a file that time in student code is added to."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._clock = folder / "student_seconds"
        self._clock.touch()
        self.environment = {CLOCK: str(self._clock), "PYTHONPATH": str(ROOT)}
        self.environment["OMP_NUM_THREADS"] = "1"

    def student_seconds(self) -> float:
        """Processor time in student code."""
        return sum(map(float, self._clock.read_text().split()))


class Nbgrader(InKernel):
    """Stock nbgrader: test cells in the notebook, run by its own kernel."""

    name = "nbgrader autograde"

    def __init__(
        self, assignment: Assignment, classmates: Sequence[Sequence[Cell]], folder: Path
    ) -> None:
        super().__init__(folder)
        config = f"c.ExecutePreprocessor.timeout = {SECONDS}\n"
        (folder / "nbgrader_config.py").write_text("c = get_config()\n" + config)
        self._command = ["-m", "nbgrader"]
        self._name = assignment.name
        _write(tested(assignment, classmates[0]), folder / "source" / self._name, self._name)
        generate = [sys.executable, *self._command, "generate_assignment", self._name]
        measured(generate, folder, self.environment)
        for number, cells in enumerate(classmates):
            handed_in = folder / "submitted" / f"student{number}" / self._name
            _write(tested(assignment, cells), handed_in, self._name)

    def grade(self) -> Load:
        """Autograde everyone."""
        command = [sys.executable, *self._command, "autograde", self._name]
        return measured(command, self.folder, self.environment)


class Otter(InKernel):
    """otter-grader without a container, as `otter run` does it, one notebook after another."""

    name = "otter run"

    def __init__(
        self, assignment: Assignment, classmates: Sequence[Sequence[Cell]], folder: Path
    ) -> None:
        super().__init__(folder)
        self._python = otter_python()
        tests = folder / "tests"
        tests.mkdir()
        for task in assignment.graded_tasks:
            check = f"points({assignment.name!r}, {task.key!r}, globals()) == {task.points}"
            case = {
                "code": f">>> from tests.bench.in_kernel import points\n>>> {check}\nTrue",
                "points": task.points,
                "hidden": True,
            }
            suite = {"cases": [case], "scored": True, "type": "doctest"}
            test = {"name": task.key, "points": task.points, "suites": [suite]}
            (tests / f"{task.key}.py").write_text(f"OK_FORMAT = True\ntest = {test!r}\n")
        with zipfile.ZipFile(folder / "autograder.zip", "w") as file:
            file.writestr("otter_config.json", "{}")
            for test_file in sorted(tests.iterdir()):
                file.write(test_file, f"tests/{test_file.name}")
        for number, cells in enumerate(classmates):
            _write(program(cells), folder / "submitted", f"student{number}")

    def grade(self) -> Load:
        """Run on everyone."""
        script = (
            "import pathlib, otter.api\n"
            "for path in sorted(pathlib.Path('submitted').glob('*.ipynb')):\n"
            "    print(otter.api.grade_submission(str(path), 'autograder.zip', quiet=True).total)\n"
        )
        return measured([str(self._python), "-c", script], self.folder, self.environment)


def otter_python() -> Path:
    """A Python with otter-grader beside all that this one has, in `build/otter`."""
    home = ROOT / "build" / "otter"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        own = sysconfig.get_paths(vars={"base": str(home), "platbase": str(home)})["purelib"]
        packages = sysconfig.get_paths()["purelib"]
        (Path(own) / "course.pth").write_text(packages + "\n")
        install = [str(python), "-m", "pip", "install", "--quiet", OTTER]
        subprocess.run(install, check=True, env={**os.environ, "PYTHONPATH": ""})
        (home / "ready").touch()
    return python


def program(cells: Sequence[Cell]) -> NotebookNode:
    """A notebook of the cells that the grader would run."""
    code = [new_code_cell(cell.code, id=f"cell{n}") for n, cell in enumerate(cells)]
    notebook: NotebookNode = new_notebook(cells=code)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return notebook


def tested(assignment: Assignment, cells: Sequence[Cell]) -> NotebookNode:
    """The same with nbgrader's test cells after it, one a task, that give partial credit."""
    notebook = program(cells)
    for cell in notebook.cells:
        cell.metadata["nbgrader"] = _terms(cell.id, solution=True, locked=False)
    for task in assignment.graded_tasks:
        code = "from tests.bench.in_kernel import points\n"
        code += f"points({assignment.name!r}, {task.key!r}, globals())"
        cell = new_code_cell(code, id=task.key)
        cell.metadata["nbgrader"] = _terms(task.key, grade=True, points=task.points)
        notebook.cells.append(cell)
    return notebook


def _terms(grade_id: str, **terms: object) -> dict[str, object]:
    plain = {"grade": False, "solution": False, "locked": True, "task": False}
    return {**plain, "schema_version": 3, "grade_id": grade_id, **terms}


def _write(notebook: NotebookNode, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")
