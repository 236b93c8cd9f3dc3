"""Late work: one rule, `offering.toml`'s, for whatever way a submission has come.

nbgrader's gradebook says when a submission came, when it was due and how long it was extended;
`Terms` says what that costs. Penalties lie where nbgrader keeps them. They are of the points
earned, so they are set anew when these change: by hand in Formgrader, or by an extension.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import BasePlugin

from autograder.course import Course
from autograder.terms import Terms, read_terms

from .entries import earned, entries

RULE = "autograder.desk.submissions.lateness.OfferingPenalty"  # as `nbgrader_config.py` names it


class OfferingPenalty(BasePlugin):
    """nbgrader's plug-in for late penalties: as `offering.toml` has it."""

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """What is taken off a score; None if nothing is."""
        gradebook, name = self.parent.gradebook, self.parent.assignment_id
        submission = gradebook.find_submission(name, student_id)
        return penalty(_own(course_terms(gradebook, name), submission), submission, score)


def course_terms(gradebook: Gradebook, name: str) -> Terms:
    """An assignment's terms; its due date is `offering.toml`'s, else nbgrader's.

    nbgrader is told the due date of `offering.toml`, so that Formgrader shows it.

    Raises:
        OfferingError: the file is not in order.
    """
    terms = read_terms(name)
    try:
        assignment = gradebook.find_assignment(name)
    except MissingEntry:
        return terms
    if terms.due is None:
        due = assignment.duedate
        return replace(terms, due=due.replace(tzinfo=UTC) if due else None)
    due = terms.due.replace(tzinfo=None)
    if assignment.duedate != due:
        assignment.duedate = due
        gradebook.db.commit()
    return terms


def _own(terms: Terms, submission: Any) -> Terms:
    """The terms that hold for one submission."""
    return terms.extended(submission.extension or timedelta(0))


def came_at(submission: Any) -> datetime | None:
    """When a submission came; None if nobody knows."""
    stamp = submission.timestamp
    return stamp.replace(tzinfo=UTC) if stamp is not None else None


def penalty(terms: Terms, submission: Any, score: float) -> float | None:
    """What a student's terms take off a score, with two places; None if nothing."""
    percent = terms.penalty_percent(came_at(submission))
    return round(score * percent / 100, 2) or None


def taken_off(submission: Any) -> float:
    """What the gradebook takes off a submission for being late."""
    return float(sum(book.late_submission_penalty or 0.0 for book in submission.notebooks))


def settle(course: Course, gradebook: Gradebook, name: str) -> None:
    """Set the late penalties of an assignment as the rule has them now.

    Nothing is done where the configuration names another plug-in, or nothing is ever due.
    """
    if course.late_rule != RULE:
        return
    terms = course_terms(gradebook, name)
    if terms.due is None:
        return
    for submission in entries(gradebook, name):
        for notebook in submission.notebooks:
            due = penalty(_own(terms, submission), submission, earned(notebook))
            if notebook.late_submission_penalty != due:
                notebook.late_submission_penalty = due
    gradebook.db.commit()


def lateness(course: Course, gradebook: Gradebook, name: str) -> dict[str, str]:
    """By student, in a few words for a table: days late and what that costs, or an extension."""
    terms = course_terms(gradebook, name)
    if terms.due is None or course.late_rule != RULE:
        return {}
    found = {}
    for submission in entries(gradebook, name):
        own, came = _own(terms, submission), came_at(submission)
        parts = [f"{span(submission.extension)} longer"] if submission.extension else []
        if own.late(came):
            days, taken = own.days_late(came), taken_off(submission)
            parts.append(f"{days} {'day' if days == 1 else 'days'} late: −{taken:g} points")
        if parts:
            found[submission.student.id] = ", ".join(parts)
    return found


def told(course: Course, gradebook: Gradebook, name: str) -> dict[str, str]:
    """By student, in sentences for a page: why something was taken off, or not."""
    terms = course_terms(gradebook, name)
    if course.late_rule != RULE:
        return {}
    submissions = entries(gradebook, name)
    sentences = {sub.student.id: " ".join(_sentences(terms, sub)) for sub in submissions}
    return {student: said for student, said in sentences.items() if said}


def _sentences(terms: Terms, submission: Any) -> Iterator[str]:
    own, came = _own(terms, submission), came_at(submission)
    if terms.due is None or own.due is None:
        return
    if submission.extension:
        yield f"Your due date was extended from {terms.local(terms.due)} to {own.local(own.due)}."
    if came is not None and own.late(came):
        days = own.days_late(came)
        when = "1 day late has begun" if days == 1 else f"{days} days late have begun"
        yield (
            f"Handed in at {own.local(came)}, due at {own.local(own.due)}: {when}, "
            f"{own.penalty_percent(came):g} % of the points earned are taken off: "
            f"{taken_off(submission):g}."
        )


def span(length: timedelta) -> str:
    """A length of time in days, hours and minutes."""
    minutes = round(abs(length) / timedelta(minutes=1))
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    told = " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"
    return f"-{told}" if length < timedelta(0) else told
