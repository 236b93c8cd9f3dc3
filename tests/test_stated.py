"""Points that the lesson's text states are those in its cells, or the release is refused."""

from __future__ import annotations

import copy

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.assignment import Assignment
from autograder.errors import ReleaseRefused
from autograder.release.leaks import check_points
from autograder.release.stated import disagreements

LESSON = Assignment("seq2seq")


def lesson(text: str, scheme: str = "words") -> NotebookNode:
    """Two tasks, `double` of 5 points and `essay` of 10, and what is said of them."""
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell("check()")]
    made.cells[1].metadata["nbgrader"] = {"grade_id": "test_double", "grade": True, "points": 5}
    made.cells.append(nbformat.v4.new_markdown_cell(scheme))
    made.cells[2].metadata["nbgrader"] = {
        **{"grade_id": "essay", "grade": True, "solution": True, "points": 10}
    }
    return made


@pytest.mark.parametrize(
    "text",
    [
        "### Task `double` (5 points)",
        "## `double`: 5 points",
        "`double` (5 points) and `essay` (10 points)",
        "| task | points |\n|---|---|\n| `double` | 5 |\n| **total** | **15** |",
        "| task | points | hours |\n|---|---|---|\n| `essay` | 10 | 3 |",
        "15 points in all",
        "a total of 15 points",
        "`other` (7 points) is no task of this lesson",
        "1 point of `double` is for its sign",
        "| task | hours |\n|---|---|\n| `double` | 9 |",
        "nothing is said",
    ],
)
def test_a_text_that_agrees_is_accepted(text: str) -> None:
    check_points(lesson(text, "One (4 points). Another (6 points)."))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("### Task `double` (6 points)", "'double' has 6 points, its cell has 5"),
        ("### Task `double` (5.5 points)", "'double' has 5.5 points, its cell has 5"),
        ("### Task `essay` (1 point): words", "'essay' has 1 points, its cell has 10"),
        ("## `double`: 6 points", "'double' has 6 points, its cell has 5"),
        ("| task | points |\n|---|---|\n| `double` | 6 |", "'double' has 6 points"),
        ("| task | points | h |\n|---|---|---|\n| `essay` | 3 | 10 |", "'essay' has 3 points"),
        ("| task | points |\n|---|---|\n| `double` | 5 |\n| total | 20 |", "20 points in all"),
        ("In all: 16 points in total", "16 points in all, the cells have 15"),
        ("That makes a total of 16 points.", "16 points in all, the cells have 15"),
    ],
)
def test_a_text_that_says_another_number_is_refused_with_both(text: str, told: str) -> None:
    with pytest.raises(ReleaseRefused) as refused:
        check_points(lesson(text))
    assert told in str(refused.value)


def test_a_mark_scheme_shares_out_what_the_task_is_worth() -> None:
    with pytest.raises(ReleaseRefused, match="'essay' shares out 9 points, its cell has 10"):
        check_points(lesson("", "One (4 points). Another (5 points)."))


@pytest.mark.parametrize("key", [task.key for task in LESSON.tasks])
def test_changed_points_of_any_task_are_found_in_the_lesson(key: str) -> None:
    changed = copy.deepcopy(LESSON.source)
    for cell in changed.cells:
        terms = cell.metadata.get("nbgrader") or {}
        if terms.get("grade") and terms["grade_id"].removeprefix("test_") == key:
            terms["points"] += 5
    assert [line for line in disagreements(changed) if repr(key) in line]
    assert list(disagreements(LESSON.source)) == []
