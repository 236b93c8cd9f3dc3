"""A small released notebook, and ways of handing it in, for tests of the marker itself."""

from __future__ import annotations

import copy
from typing import Any

import nbformat
from nbformat import NotebookNode


def _cell(kind: str, source: str, identity: str, **terms: Any) -> NotebookNode:
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    cell = make(source)
    cell["id"] = identity
    if terms:
        cell.metadata["nbgrader"] = {
            "grade": False,
            "solution": False,
            "locked": False,
            "task": False,
            "schema_version": 3,
            **terms,
        }
    return cell


STUB = 'def twice(x):\n    # YOUR CODE HERE\n    raise NotImplementedError("not written yet")'


def small_release() -> NotebookNode:
    """Set-up, one task, its test cell, a long experiment and a written answer."""
    notebook = nbformat.v4.new_notebook()
    setup = _cell("code", "import math", "setup", grade_id="setup", locked=True)
    setup.metadata["tags"] = ["worker"]
    test = {"grade_id": "test_twice", "grade": True, "locked": True, "points": 5}
    answer = {"grade_id": "answer", "grade": True, "solution": True, "points": 3}
    notebook.cells = [
        _cell("markdown", "# A lesson", "cell-000"),
        setup,
        _cell("code", STUB, "twice", grade_id="twice", solution=True),
        _cell("code", 'check("twice", globals())', "test-twice", **test),
        _cell("code", "result = train_for_an_hour()", "cell-004"),
        _cell("markdown", "YOUR ANSWER HERE", "answer", **answer),
    ]
    return notebook


def handed_in(code: str = "def twice(x):\n    return 2 * x") -> NotebookNode:
    """The small release with its task filled."""
    notebook = copy.deepcopy(small_release())
    notebook.cells[2].source = code
    return notebook


def code_cell(source: str) -> NotebookNode:
    """A cell of the student's own."""
    return nbformat.v4.new_code_cell(source)
