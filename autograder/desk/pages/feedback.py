"""What a student's feedback page says besides the notebook: made of the record, not of its cells.

First comes what one looks for: the mark, the tasks, the one thing to do next. Below each check
stand the lines of the rubric and the verdicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from markupsafe import escape
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from autograder.assignment import TEST_PREFIX
from autograder.notebook.lesson import grade_id
from autograder.report.record import Report
from autograder.report.view import LineView, TaskView, shown
from autograder.terms import Reveal
from checks.verdicts import CheckResult, Verdict

from .jinja import environment, points

LIGHT, DARK = "default", "github-dark"  # colours of code: Pygments' names


@dataclass(frozen=True)
class TaskRow:
    """One line of the page's index."""

    anchor: str
    name: str
    points: float | None  # None: it waits for a person
    most: float
    missing: tuple[LineView, ...] = ()  # lines of its rubric that lost points

    @property
    def full(self) -> bool:
        """Whether nothing is missing."""
        return self.points == self.most


class FeedbackParts:
    """The parts of one student's page that are not the notebook's."""

    def __init__(
        self,
        report: Report | None,
        waiting: AbstractSet[str] = frozenset(),
        late: str = "",
        made_of: str = "",
    ) -> None:
        """Use a student's report.

        Args:
            waiting: grade ids of the cells that a person has yet to grade.
            late: what being late has cost, or that the due date was another; "" for nothing.
            made_of: a digest of all that the page is made of.
        """
        self.made_of = made_of
        self._late = late
        self._view = shown(report, Reveal.MESSAGES) if report is not None else None
        self._waiting = waiting

    @property
    def waits(self) -> bool:
        """Whether a person has yet to grade something."""
        return bool(self._waiting)

    def first(self, cells: Iterable[NotebookNode], grades: Mapping[str, Any]) -> str:
        """The first screen, as HTML.

        Args:
            cells: of the notebook, in which nbgrader has noted points.
            grades: what nbgrader notes of the whole: score, late penalty.
        """
        rows = [self._row(cell) for cell in cells if _terms(cell).get("grade")]
        return (
            environment()
            .get_template("feedback_first.html.j2")
            .render(
                score=float(grades.get("score", 0.0)),
                penalty=float(grades.get("late_penalty", 0.0)),
                most=sum(row.most for row in rows if row.points is not None),
                rows=rows,
                view=self._view,
                late=self._late,
                next=self._view.first_to_fix if self._view else None,
            )
        )

    def verdicts(self, cell: NotebookNode) -> str:
        """What stands below a cell of checks, as HTML; "" where the record has nothing of it."""
        key = grade_id(cell).removeprefix(TEST_PREFIX)
        tasks = self._view.tasks if self._view else ()
        for task in tasks:
            if task.key == key and grade_id(cell).startswith(TEST_PREFIX):
                page = environment().get_template("feedback_task.html.j2")
                return page.render(task=task, **_sorted_out(task))
        return ""

    def name(self, cell: NotebookNode) -> str:
        """What a graded cell is called."""
        return str(escape(_name(cell)))

    def points(self, cell: NotebookNode) -> str:
        """What a graded cell has earned."""
        row = self._row(cell)
        if row.points is None:
            return f"waits for a person, up to {points(row.most)} points"
        return f"{points(row.points)} of {points(row.most)} points"

    def _row(self, cell: NotebookNode) -> TaskRow:
        name, terms = grade_id(cell), _terms(cell)
        score = round(float(terms.get("score") or 0.0), 2)
        # what a person gave before it was graded anew stays
        earned = score if score or name not in self._waiting else None
        tasks = self._view.tasks if self._view else ()
        lines = [line for task in tasks if TEST_PREFIX + task.key == name for line in task.lines]
        missing = tuple(line for line in lines if not line.full)
        return TaskRow(name, _name(cell), earned, float(terms.get("points") or 0.0), missing)

    @staticmethod
    def code_style() -> str:
        """The colours of code, in light and in dark."""
        light, dark = (
            HtmlFormatter(style=style).get_style_defs(".highlight") for style in (LIGHT, DARK)
        )
        return f"{light}\n@media screen and (prefers-color-scheme: dark) {{ {dark} }}"


def _sorted_out(task: TaskView) -> dict[str, Sequence[CheckResult]]:
    """The checks in the order in which one reads them."""
    told = task.told
    skipped = [check for check in told if check.verdict is Verdict.SKIPPED]
    return {
        "failed": [c for c in told if c.verdict not in (Verdict.PASSED, Verdict.SKIPPED)],
        "decided": [c for c in told if c.verdict is Verdict.PASSED and c.rationale],
        "passed": [c for c in told if c.verdict is Verdict.PASSED and not c.rationale],
        "folded": [*task.following, *skipped],
    }


def _name(cell: NotebookNode) -> str:
    return grade_id(cell).removeprefix(TEST_PREFIX).replace("_", " ")


def _terms(cell: NotebookNode) -> Any:
    return cell.metadata.get("nbgrader", {})
