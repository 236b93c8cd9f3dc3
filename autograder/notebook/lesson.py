"""From the percent-format lesson to a notebook that nbgrader can release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from autograder.files import read_typed

# nbgrader wants every key; a lesson writes only those that differ
DEFAULTS: dict[str, Any] = {
    "grade": False,
    "locked": False,
    "schema_version": 3,
    "solution": False,
    "task": False,
}
GOES_ON = "raises-exception"  # the tag's name in Jupyter


def lesson_notebook(path: Path) -> NotebookNode:
    """Read a lesson; cell ids follow from its text, so that every build gives the same bytes."""
    notebook = jupytext.reads(read_typed(path), fmt="py:percent")
    for index, cell in enumerate(notebook.cells):
        terms = cell.metadata.get("nbgrader")
        if terms is not None:
            cell.metadata["nbgrader"] = terms = {**DEFAULTS, **terms}
            if terms["grade"] and not terms["solution"]:
                # a check that fails is no reason for *Run all* to stop
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), GOES_ON]
        cell["id"] = terms["grade_id"].replace("_", "-") if terms else f"cell-{index:03d}"
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def grade_id(cell: NotebookNode) -> str:
    """A cell's nbgrader id, "" if it has none."""
    terms = cell.metadata.get("nbgrader")
    name = terms.get("grade_id", "") if isinstance(terms, dict) else ""
    return name if isinstance(name, str) else ""


def is_solution(cell: NotebookNode) -> bool:
    """Whether students write in this cell."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))
