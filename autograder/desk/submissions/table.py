"""The table of a class: the points of everyone, then what each should look at first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from autograder.assignment import ROOT, Assignment
from autograder.course import Course
from autograder.report.record import Report
from autograder.report.render import first_words
from autograder.text import without_controls
from checks.verdicts import Verdict

from .roster import RosterEntry

NOTHING = "–"


@dataclass(frozen=True)
class Recorded:
    """What the gradebook holds of an assignment."""

    students: AbstractSet[str]  # all of the course
    assignments: AbstractSet[str]
    by_hand: Mapping[str, float | None]  # of the graded; None where it waits for a person
    sections: Mapping[str, str] = field(default_factory=dict)  # or groups
    late: Mapping[str, str] = field(default_factory=dict)  # and extensions, in a few words


@dataclass(frozen=True)
class ClassTable:
    """Rows for everyone who is known or handed something in."""

    assignment: Assignment
    course: Course
    recorded: Recorded
    rows: Sequence[RosterEntry]
    reports: Mapping[str, Report | None]

    def parts(self) -> Iterator[Table | str]:
        """Two tables, narrow enough for a terminal, and what is left for a person to do."""
        tasks = self.assignment.graded_tasks
        points = Table(title=f"{self.assignment.name}: {len(self.rows)} students")
        points.box = box.SIMPLE_HEAD
        points.add_column("student", overflow="fold")
        for task in tasks:
            points.add_column(
                f"{task.key.replace('_', chr(10))}\n/{task.points:g}", justify="right"
            )
        points.add_column(f"total\n/{sum(task.points for task in tasks):g}", justify="right")
        if self._by_hand:
            points.add_column(f"by hand\n/{self._by_hand:g}", justify="right")
        advice = Table(box=box.SIMPLE_HEAD, leading=1)
        advice.add_column("student", overflow="fold")
        advice.add_column("first thing to fix, and the feedback page", overflow="fold")
        for section, rows in self._sections():
            if section:
                points.add_section()
                points.add_row(Text(section, style="bold"))
            for row in rows:
                student = Text(without_controls(row.student))
                points.add_row(student, *self._points(row))
                advice.add_row(student, Text(self._advice(row)))
        yield points
        yield advice
        yield from self._mends()
        yield from self._waiting()

    def _sections(self) -> Iterator[tuple[str, list[RosterEntry]]]:
        """The rows by section, first those of none."""
        by_section: dict[str, list[RosterEntry]] = {}
        for row in self.rows:
            section = without_controls(self.recorded.sections.get(row.student, ""))
            by_section.setdefault(section, []).append(row)
        yield from sorted(by_section.items())

    @property
    def _by_hand(self) -> float:
        return sum(task.points for task in self.assignment.tasks if task.by_hand)

    def _graded(self, row: RosterEntry) -> Report | None:
        """The report of a row that has a mark."""
        if row.excused:
            return None
        return self.reports[row.student] if row.student in self.recorded.by_hand else None

    def _points(self, row: RosterEntry) -> list[str]:
        report = self._graded(row)
        if report is None:
            columns = len(self.assignment.graded_tasks) + 1 + bool(self._by_hand)
            return [NOTHING] * columns
        earned = [f"{task.points:g}" for task in report.tasks if task.points is not None]
        hand = self.recorded.by_hand[row.student]
        waits = "waits" if hand is None else f"{hand:g}"
        return [*earned, f"{report.points:g}", *[waits] * bool(self._by_hand)]

    def _advice(self, row: RosterEntry) -> str:
        report = self._graded(row)
        lines = []
        if report is not None:
            page = self.course.page(self.assignment.name, row.student)
            shown = from_here(page) if page.exists() else "no page; `make feedback` says why"
            lines = [first_words(report), shown]
        if row.lost or row.excused:
            lines.append(row.status)
        elif report is None and row.there:
            lines = [str(Verdict.GRADER_ERROR)]
        elif report is None:
            before = row.student in self.recorded.by_hand
            lines = ["graded before; nothing lies in its folder now" if before else row.status]
        lines.append(self.recorded.late.get(row.student, ""))
        return "\n".join(without_controls(line) for line in lines if line)

    def _mends(self) -> Iterator[str]:
        """What to do about hand-ins that are not graded: lines to be copied, so none is folded."""
        mends = [without_controls(row.mend) for row in self.rows if row.mend]
        if mends:
            yield "\n".join(("to have what was found graded:", *mends, ""))

    def _waiting(self) -> Iterator[str]:
        """How much is left to be graded by hand."""
        hands = [self.recorded.by_hand[row.student] for row in self.rows if self._graded(row)]
        waiting = sum(points is None for points in hands)
        told = f"{waiting or 'none'} of {len(hands)} wait for a person"
        if hands and self._by_hand:
            keys = ", ".join(task.key for task in self.assignment.tasks if task.by_hand)
            yield (
                f"{self._by_hand:g} more points ({keys}) are given by hand, in nbgrader's "
                f"Formgrader: {told}"
            )
        elif waiting:  # points changed by hand, of what was graded anew since
            yield f"{told}, in nbgrader's Formgrader"


def from_here(path: Path) -> str:
    """A path as one would type it in the repository's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
