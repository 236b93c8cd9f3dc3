"""The mark scheme of a written answer, beside the answer where a person grades it.

The lesson holds it between nbgrader's own markers, which a release leaves out. `SchemeBeside`
stands in `nbgrader_config.py` after `Framed`; of all pages it changes the Formgrader's alone.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.desk.pages.jinja import environment
from autograder.desk.pages.page import Ours, safe_markdown
from autograder.desk.people.shares import read_shares
from autograder.desk.plugins.exporters import assignment_named
from autograder.errors import Failure
from autograder.notebook.lesson import grade_id

BETWEEN = re.compile(r"BEGIN MARK SCHEME[^\n]*\n(.*?)\n[^\n]*END MARK SCHEME", re.DOTALL)
PART = re.compile(
    r"\*\*(?P<name>.+?) \((?P<points>[\d.]+) points?\)\.?\*\*\s*(?P<text>.*)", re.DOTALL
)
CRITERION = re.compile(r"(?:^|(?<=[.;)])\s+)(\d+(?:\.\d+)?):\s")


@dataclass(frozen=True)
class Criterion:
    """What points are given for."""

    points: float
    text: str  # Markdown

    @property
    def html(self) -> Markup:
        """As HTML."""
        return Markup(safe_markdown(self.text))


@dataclass(frozen=True)
class Part:
    """A paragraph of a mark scheme; where points do not add up it is a text without criteria."""

    text: str  # Markdown: all of it where there are no criteria
    name: str = ""
    points: float = 0.0
    criteria: tuple[Criterion, ...] = ()

    @property
    def html(self) -> Markup:
        """Its text as HTML."""
        return Markup(safe_markdown(self.text))


def mark_scheme(assignment: Assignment, key: str) -> tuple[Part, ...]:
    """What a person grades a task by; () where the lesson does not say.

    A paragraph that begins `**Name (3 points).**` is a part, and `1: what for` in it a criterion.
    """
    for cell in assignment.source.cells:
        found = BETWEEN.search(cell.source) if grade_id(cell) == key else None
        if found:
            return tuple(_part(text.strip()) for text in re.split(r"\n\s*\n", found[1].strip()))
    return ()


def _part(text: str) -> Part:
    head = PART.fullmatch(text)
    if head is None:
        return Part(text)
    before, *said = CRITERION.split(head["text"])
    criteria = tuple(
        Criterion(float(points), words.strip())
        for points, words in zip(said[::2], said[1::2], strict=True)
    )
    most = float(head["points"])
    if round(sum(one.points for one in criteria) - most, 6):
        return Part(text)
    return Part(before.strip(), head["name"], most, criteria)


def beside(answer: str, parts: tuple[Part, ...], grader: str = "") -> str:
    """An answer and its mark scheme side by side, one below the other where that is narrow.

    Args:
        answer: HTML that has been cleaned.
        grader: whose share the answer is; "" for nobody's.
    """
    page = environment().get_template("scheme.html.j2")
    return Ours(page.render(answer=Markup(answer), parts=parts, grader=grader))


class SchemeBeside(Preprocessor):
    """After `Framed`: puts the mark scheme beside each written answer in the Formgrader."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Change the answers that a person grades, if this is the Formgrader's page."""
        if "submission_id" not in resources:
            return nb, resources
        name, student = resources["assignment_id"], resources["student"]
        graders: dict[str, str] = {}
        with suppress(Failure, OSError):  # whoever grades has the scheme all the same
            shares = Course(CourseDirectory(config=self.config)).shares
            graders = {
                one.task: one.grader
                for one in read_shares(shares)
                if (one.assignment, one.student) == (name, student)
            }
        for cell in nb.cells:
            terms = cell.metadata.get("nbgrader", {})
            if not (terms.get("grade") and terms.get("solution")) or cell.cell_type != "markdown":
                continue
            parts: tuple[Part, ...] = ()
            with suppress(Failure, OSError):  # an assignment of another course directory
                parts = mark_scheme(assignment_named(name), grade_id(cell))
            if parts:
                cell.source = beside(
                    safe_markdown(cell.source), parts, graders.get(grade_id(cell), "")
                )
        return nb, resources
