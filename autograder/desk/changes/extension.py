"""Grants an extension to a student or a section, or excuses them; and takes it back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nbgrader.api import Gradebook

from autograder.course import Course
from autograder.desk.people.enrol import enrol
from autograder.desk.people.grants import Grant, grants_of, keep
from autograder.desk.people.students import Student, in_section
from autograder.desk.submissions.lateness import course_terms, settle, span
from autograder.errors import NotAmended
from autograder.terms import Terms, moment_shown

LENGTH = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?")
EXCUSED, NONE = "excused", "none"
LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Length:
    """How much longer somebody has: days by the clock, and on top of them."""

    days: int = 0
    rest: timedelta = timedelta(0)

    def after(self, terms: Terms) -> timedelta:
        """From the due date on, with clocks that may be changed meanwhile."""
        assert terms.due is not None
        shown = terms.due.astimezone(terms.zone).replace(tzinfo=None)
        if not self.days:  # else a due time that the clocks show twice were read as the second
            return self.rest
        return moment_shown(shown + timedelta(days=self.days), terms.zone) + self.rest - terms.due


def length_of(text: str, terms: Terms) -> timedelta:
    """An extension as it was typed: `2d`, `1w`, `36h`, `1d12h`, `90min`, or a time.

    Raises:
        NotAmended: it is none of these, or not after the due date, or there is no due date.
    """
    if terms.due is None:
        raise NotAmended(
            "there is no due date to extend; set `due` in offering.toml, or: "
            "nbgrader db assignment add NAME --duedate=TIME"
        )
    if text == NONE:
        return timedelta(0)
    found = LENGTH.fullmatch(text.replace(" ", "").lower())
    if text and found:
        weeks, days, hours, minutes = (int(number or 0) for number in found.groups())
        if weeks * 7 + days + hours / 24 <= LONGEST.days:
            rest = timedelta(hours=hours, minutes=minutes)
            return _sane(Length(weeks * 7 + days, rest).after(terms), text)
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        raise NotAmended(
            f"{text!r} is no length such as 2d, 36h or 1w, no time such as 2026-12-03T18:00, "
            f"and neither {EXCUSED!r} nor {NONE!r}"
        ) from None
    if until.tzinfo is None:
        until = moment_shown(until, terms.zone)
    return _sane(until - terms.due, text)


def _sane(length: timedelta, text: str) -> timedelta:
    if not timedelta(0) < length <= LONGEST:
        raise NotAmended(f"{text!r} is not within a year after the due date")
    return length


def grant(
    course: Course, assignment: str, who: str, text: str, why: str, *, section: bool = False
) -> list[str]:
    """Grant what was typed to a student, or to all of a section.

    Nothing is graded again: penalties that lie in the gradebook follow at once.

    Args:
        section: whether `who` is a section even if a student is called so.

    Returns:
        What was done, a line a student.

    Raises:
        NotAmended: nobody is called so, or the length cannot be meant; nothing was changed.
        CourseError: the gradebook cannot be used.
    """
    if not why.strip():
        raise NotAmended("say why: it stands in extensions.jsonl and in no student's page")
    with course.gradebook() as gradebook:
        students = enrol(course, gradebook)
        names = _meant(gradebook, students, who, section)
        terms = course_terms(gradebook, assignment)
        gradebook.find_assignment(assignment)
        length = timedelta(0) if text == EXCUSED else length_of(text, terms)
        before = grants_of(course.extensions, assignment)
        for name in names:
            _set(gradebook, assignment, name, length)
        settle(course, gradebook, assignment)
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    seconds, is_excused = length.total_seconds(), text == EXCUSED
    of = who if names != [who] or section else ""
    grants = [Grant(assignment, n, seconds, is_excused, why.strip(), now, of) for n in names]
    keep(course.extensions, grants)
    return [_told(one, terms, before.get(one.student)) for one in grants]


def _set(gradebook: Gradebook, assignment: str, student: str, length: timedelta) -> None:
    """Put an extension where nbgrader keeps it; nobody gets an entry just to have none there."""
    known = {one.assignment.name for one in gradebook.find_student(student).submissions}
    if not length and assignment not in known:
        return
    with gradebook.db.no_autoflush:  # else SQLAlchemy warns of how nbgrader builds submissions
        submission = gradebook.update_or_create_submission(assignment, student)
    if assignment not in known:
        for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
            grade.needs_manual_grade = False  # nothing is there that would wait for a person
    gradebook.grant_extension(assignment, student, minutes=length / timedelta(minutes=1))


def _meant(gradebook: Gradebook, students: Sequence[Student], who: str, section: bool) -> list[str]:
    names = {student.id for student in gradebook.students}
    members = [name for name in in_section(students, who) if name in names]
    if who in names and members and not section:
        raise NotAmended(f"{who!r} is a student and a section; for the section add --section")
    if who in names and not section:
        return [who]
    if members:
        return members
    sections = sorted({s.section for s in students if s.section})
    known = f"; sections: {', '.join(sections)}" if sections else ""
    raise NotAmended(f"no {'section' if section else 'student or section'} {who!r} is known{known}")


def _told(given: Grant, terms: Terms, before: Grant | None) -> str:
    was = " (before: excused)" if before and before.excused and not given.excused else ""
    if before and before.seconds and before.seconds != given.seconds:
        was = f" (before: +{span(before.extension)})"
    if given.excused:
        return f"{given.student}: excused{was}"
    if not given.seconds:
        return f"{given.student}: no extension{was}"
    assert terms.due is not None
    return f"{given.student}: due {terms.local(terms.due + given.extension)}{was}"
