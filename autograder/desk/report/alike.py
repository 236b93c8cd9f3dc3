"""Submissions alike: a page that shows two cells side by side. It lists, and accuses nobody.

What counts as alike, and how often it comes by chance: `likeness.py`.
"""

from __future__ import annotations

import argparse
from contextlib import suppress

from nbformat import NotebookNode

from autograder.assignment import Assignment, released_notebook
from autograder.course import Course
from autograder.desk.grading.classroom import recorded
from autograder.desk.grading.sample import HOME
from autograder.desk.pages.jinja import environment
from autograder.desk.submissions.roster import hand_ins
from autograder.desk.submissions.table import from_here
from autograder.errors import ClassError, Unreadable
from autograder.files import write_whole
from autograder.notebook.lesson import grade_id, is_solution
from autograder.notebook.reader import read_submission

from .likeness import likeness

NAME = "alike.html"  # in `reports/<assignment>/`


def class_code(assignment: Assignment, course: Course) -> dict[str, dict[str, str]]:
    """The code of the tasks' cells of all who handed in a notebook that can be read.

    Raises:
        CourseError, ClassError: there is no class yet, or its gradebook cannot be used.
    """
    known = recorded(course, assignment)
    release = released_notebook(assignment)
    code = {}
    for row in hand_ins(course, assignment.name, known.students, known.assignments):
        if row.there:
            with suppress(OSError, Unreadable):
                path = course.notebook(assignment.name, row.student)
                code[row.student] = _code(read_submission(path, release).notebook)
    return code


def _code(notebook: NotebookNode) -> dict[str, str]:
    return {
        grade_id(cell): cell.source
        for cell in notebook.cells
        if is_solution(cell) and cell.cell_type == "code"
    }


def alike(options: argparse.Namespace) -> None:
    """Write the page, and say how much stands there."""
    assignment = Assignment(options.assignment)
    course = Course.at(HOME) if options.sample else Course.at()
    code = class_code(assignment, course)
    if len(code) < 2:
        raise ClassError(f"{len(code)} notebooks were handed in: there is nothing to compare")
    books = (released_notebook(assignment), assignment.source)
    known = [cell.source for book in books for cell in book.cells if cell.cell_type == "code"]
    found = likeness(code, known, options.most)
    page = course.reports / assignment.name / NAME
    page.parent.mkdir(parents=True, exist_ok=True)
    text = environment().get_template("alike.html.j2")
    write_whole(page, text.render(assignment=assignment.name, found=found))
    print(
        f"{len(found.pairs)} of {found.compared} pairs of {found.students} students, of which by "
        f"chance fewer than {found.most:g} would be listed"
    )
    print(from_here(page))
