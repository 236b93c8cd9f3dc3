"""A class to grade: right, unusual and wrong submissions, none of them quite like another."""

from __future__ import annotations

from collections.abc import Sequence

from nbformat import NotebookNode

from autograder.assignment import Assignment
from autograder.checks.program import Cell
from autograder.notebook import released_notebook, repair
from autograder.source import grade_id

from ..corpus import Entry, entries


def classmates(assignment: Assignment, size: int) -> list[NotebookNode]:
    """Filled notebooks: the solution with one task by someone else, and a remark of its own.

    No result kept for one serves another. Those whose code never ends are left out: what they
    cost is their limit.
    """
    solution = repair(assignment.source, assignment.source)
    own = {cell.label: cell.code for cell in solution.cells}
    others = [entry for entry in entries(("wrong", "right")) if not _slow(entry)]
    tasks = {task.key for task in assignment.graded_tasks}
    notebooks = []
    for number in range(size):
        # a stride that visits all tasks, and right and wrong ones, from the start
        entry = others[(number * 97) % len(others)]
        notebook = released_notebook(assignment)
        for cell in notebook.cells:
            key = grade_id(cell)
            if key in tasks and key in own:
                code = entry.code if key == entry.task else own[key]
                cell.source = f"{code}\n# classmate {number}"
        notebooks.append(notebook)
    return notebooks


def programs(notebooks: Sequence[NotebookNode], release: NotebookNode) -> list[list[Cell]]:
    """The cells of each that the grader runs as a whole: no training, no plots."""
    return [[cell for cell in repair(one, release).cells if cell.whole] for one in notebooks]


def _slow(entry: Entry) -> bool:
    return any(word in entry.code for word in ("while True", "sleep"))
