"""A class of eight: marked on the CPU, compared on the device, and marked once more after that."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from autograder.assignment import Assignment, released_notebook
from autograder.judge.batch import Grader, grade_all, processors
from autograder.judge.parity import Parity
from autograder.offering import Offering
from autograder.report.record import Report
from autograder.wall.build import build

from ..bench.classmates import classmates

ASSIGNMENT = Assignment("seq2seq")
SALT = "a class on a GPU"
SIZE, FEW = 8, 2


def found(device: str, few: bool) -> Iterator[tuple[str, Any]]:
    """For each student the mark, the mark after the device was used, and what was compared."""
    size = FEW if few else SIZE
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        notebooks = [Path(folder) / f"classmate{number}.ipynb" for number in range(size)]
        for path, notebook in zip(notebooks, classmates(ASSIGNMENT, size), strict=True):
            nbformat.write(notebook, path)
        wall = build(ASSIGNMENT.name, allow_unconfined=True)
        stack.callback(wall.close)
        yield "wall", wall.level
        grader = Grader(Offering(ASSIGNMENT, SALT), released_notebook(ASSIGNMENT), wall)
        reports: dict[Path, Report] = {}
        for graded in grade_all(grader, notebooks, processors()):
            if graded.report is None:
                yield f"{graded.notebook.stem}, not graded", graded.error
            else:
                reports[graded.notebook] = graded.report
        parity = Parity.prepare(grader, device)
        stack.callback(parity.wall.close)
        yield "wall with the device", parity.wall.level
        for path in notebooks:
            if path in reports:
                yield path.stem, beside(parity, path, reports[path])
        for graded in grade_all(grader, notebooks, processors()):
            if graded.report is not None and graded.notebook in reports:
                same = graded.report.tasks == reports[graded.notebook].tasks
                yield f"{graded.notebook.stem}, marked again", same


def beside(parity: Parity, path: Path, report: Report) -> dict[str, Any]:
    """The points of each task, and how each compares on the device."""
    both = parity.beside(path, report)
    compared = both.beside[f"on {parity.device}"]
    tasks = compared.get("tasks", {})
    return {
        "points": {task.key: task.points for task in report.tasks if not task.by_hand},
        "same mark": both.tasks == report.tasks,
        "agrees": compared["agrees"],
        "why": compared.get("why", ""),
        "tasks": {key: task.get("why", task["agrees"]) for key, task in tasks.items()},
    }
