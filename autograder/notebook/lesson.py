"""From the percent-format lesson to a notebook that nbgrader can release."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from autograder.errors import AssignmentError
from autograder.files import read_typed
from autograder.questions import TAKEN, Question
from autograder.rubric import Rubric

# nbgrader wants every key; a lesson writes only those that differ
DEFAULTS: dict[str, Any] = {
    "grade": False,
    "locked": False,
    "schema_version": 3,
    "solution": False,
    "task": False,
}
GOES_ON = "raises-exception"  # the tag's name in Jupyter
TEST_PREFIX = "test_"
# in a lesson's text: {{points KEY}}
FILLED_IN = re.compile(r"\{\{(points|rubric|predict) (\w+)\}\}")


def lesson_notebook(
    path: Path,
    rubrics: Mapping[str, Rubric] | None = None,
    questions: Mapping[str, Question] | None = None,
) -> NotebookNode:
    """Read a lesson; cell ids follow from its text, so that every build gives the same bytes.

    Args:
        rubrics: by task; they give their tasks' points, and fill in what the text asks for. None
            leaves the text and the points as they are written.
        questions: by key; the text shows those that it asks for.

    Raises:
        AssignmentError: the text asks for a rubric or a question that there is not, or gives
            other points.
    """
    notebook = jupytext.reads(read_typed(path), fmt="py:percent")
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and rubrics is not None:
            filled = partial(_filled, rubrics, questions or {})
            cell.source = FILLED_IN.sub(filled, cell.source)
        terms = cell.metadata.get("nbgrader")
        if terms is not None:
            terms = {**DEFAULTS, **terms}
            if terms["grade"] and not terms["solution"]:
                # a check that fails is no reason for *Run all* to stop
                _goes_on(cell)
                key = terms["grade_id"].removeprefix(TEST_PREFIX)
                _fill_in_points(terms, (rubrics or {}).get(key))
            cell.metadata["nbgrader"] = terms
        elif cell.cell_type == "code" and TAKEN.search(cell.source):
            _goes_on(cell)  # nor is an answer that is no Python
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


def _goes_on(cell: NotebookNode) -> None:
    cell.metadata["tags"] = [*cell.metadata.get("tags", []), GOES_ON]


def _filled(
    rubrics: Mapping[str, Rubric], questions: Mapping[str, Question], asked: re.Match[str]
) -> str:
    what, key = asked.groups()
    if what == "predict":
        if key not in questions:
            raise AssignmentError(f"{asked[0]}: there is no question {key!r}")
        return questions[key].markdown
    if key not in rubrics:
        raise AssignmentError(f"{asked[0]}: there is no rubric of a task {key!r}")
    rubric = rubrics[key]
    return f"{rubric.points:g}" if what == "points" else rubric_table(rubric)


def _fill_in_points(terms: dict[str, Any], rubric: Rubric | None) -> None:
    if rubric is None:
        return
    if terms.setdefault("points", rubric.points) != rubric.points:
        raise AssignmentError(
            f"cell {terms['grade_id']!r} gives {terms['points']} points, and its rubric's lines "
            f"are worth {rubric.points:g}: leave the cell's out"
        )


def rubric_table(rubric: Rubric) -> str:
    """A rubric as students read it, in Markdown."""
    rows = [f"| {line.says} | {line.points:g} |" for line in rubric.line]
    limits = [f"- {one.says}: at most {one.share:.0%} of the points." for one in rubric.at_most]
    table = "\n".join(["| what counts | points |", "|---|---|", *rows])
    return "\n\n".join([table, "\n".join(limits)]) if limits else table


def grade_id(cell: NotebookNode) -> str:
    """A cell's nbgrader id, "" if it has none."""
    terms = cell.metadata.get("nbgrader")
    name = terms.get("grade_id", "") if isinstance(terms, dict) else ""
    return name if isinstance(name, str) else ""


def is_solution(cell: NotebookNode) -> bool:
    """Whether students write in this cell."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))
