"""What is known of a class: everyone's report, what a person gave, sections, attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.desk.grading.classroom import recorded
from autograder.desk.pages.outputs import stored_report
from autograder.desk.submissions.roster import hand_ins
from autograder.records import read_lines
from autograder.report.attempts import NONE, Attempt
from autograder.report.record import Report


@dataclass(frozen=True)
class Graded:
    """One student who has a mark."""

    student: str
    report: Report
    by_hand: float | None  # what a person gave; None while it waits
    section: str = ""  # "" where there are none


@dataclass(frozen=True)
class GradedAttempt(Attempt):
    """One of a day that a calendar has."""

    def __post_init__(self) -> None:
        date.fromisoformat(self.day)


@dataclass(frozen=True)
class ClassData:
    """A class as it stands."""

    assignment: Assignment
    graded: Sequence[Graded]
    without: Mapping[str, str]  # students without a mark, and what is known of them
    attempts: Sequence[GradedAttempt] = ()

    @property
    def by_hand_points(self) -> float:
        """What a person can give at most."""
        return sum(task.points for task in self.assignment.tasks if task.by_hand)


def class_data(assignment: Assignment, course: Course, attempts: Path | None = None) -> ClassData:
    """Read all that is known of a class; nothing is graded.

    Args:
        attempts: the file in which `pr` keeps attempts.

    Raises:
        CourseError: gradebook or roster cannot be used.
        ClassError: the gradebook does not know the assignment.
        RecordError: a line of `attempts` is none.
    """
    known = recorded(course, assignment)
    graded, without = [], {}
    for row in hand_ins(course, assignment.name, known.students, known.assignments):
        report = None
        if row.student in known.by_hand and not row.excused:
            report = stored_report(course, assignment.name, row.student)
        if report is None:
            without[row.student] = row.status
            continue
        hand = known.by_hand[row.student]
        graded.append(Graded(row.student, report, hand, known.sections.get(row.student, "")))
    kept = read_attempts(attempts, assignment.name) if attempts else []
    return ClassData(assignment, graded, without, kept)


def read_attempts(file: Path, assignment: str) -> list[GradedAttempt]:
    """The attempts at an assignment that a file of `pr --attempts` holds, each commit once.

    Raises:
        RecordError: a line is no attempt.
        OSError: the file cannot be read.
    """
    attempts = dict.fromkeys(read_lines(file, GradedAttempt, NONE))
    return [attempt for attempt in attempts if attempt.assignment == assignment]
