"""A class to grade: right, unusual and wrong submissions, none of them quite like another."""

from __future__ import annotations

from collections.abc import Sequence

from nbformat import NotebookNode

from autograder.assignment import Assignment, released_notebook
from autograder.notebook.lesson import grade_id
from autograder.notebook.repair import repair
from checks.program import Cell

from ..corpus import Entry, entries


def classmates(assignment: Assignment, size: int) -> list[NotebookNode]:
    """Filled notebooks: each task by another author, one of the five by one who may be wrong.

    So few answers are alike, and no result kept for one serves another. Those whose code never
    ends are left out: what they cost is their limit.
    """
    tasks = [task.key for task in assignment.graded_tasks]
    right, any_kind = (_by_task(assignment, kinds) for kinds in (("right",), ("wrong", "right")))
    notebooks = []
    for number in range(size):
        notebook = released_notebook(assignment)
        for place, task in enumerate(tasks):
            pool = (any_kind if number % len(tasks) == place else right)[task]
            # a stride that visits all from the start, with another beginning for every task
            entry = pool[(number * 97 + place * 13) % len(pool)]
            (cell,) = (cell for cell in notebook.cells if grade_id(cell) == task)
            cell.source = f"{entry.code}\n# classmate {number}"
        notebooks.append(notebook)
    return notebooks


def _by_task(assignment: Assignment, kinds: Sequence[str]) -> dict[str, list[Entry]]:
    """The corpus by task."""
    pools: dict[str, list[Entry]] = {}
    for entry in entries(assignment, kinds):
        if not any(word in entry.code for word in ("while True", "sleep")):
            pools.setdefault(entry.task, []).append(entry)
    return pools


def programs(notebooks: Sequence[NotebookNode], release: NotebookNode) -> list[list[Cell]]:
    """The cells of each that the grader runs as a whole: no training, no plots."""
    return [[cell for cell in repair(one, release).cells if cell.whole] for one in notebooks]
