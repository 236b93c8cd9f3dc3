"""Late work costs the same however it came, and who was granted more time pays nothing for it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, LoggingConfigurable

from autograder.__main__ import main
from autograder.course import Course, opened
from autograder.desk.changes.extension import grant, length_of
from autograder.desk.marks.marks import marks_of
from autograder.desk.people.grants import all_grants
from autograder.desk.submissions import lateness
from autograder.desk.submissions.lateness import RULE, settle, told
from autograder.errors import NotAmended
from autograder.pull import command, importing
from autograder.pull.command import extension_of
from autograder.pull.grading import Conditions
from autograder.pull.outcome import GRADED, Outcome
from autograder.pull.pages.folder import clear, write_pages
from autograder.terms import Terms, read_terms

from .desks import course, enrolled, gradebook_of_two, graded
from .pulls import Host, judge, report, request
from .pulls import graded as graded_request

__all__ = ["course", "gradebook_of_two"]  # fixtures

ZONE = 'time_zone = "Europe/Berlin"\n'
DUE = datetime(2026, 10, 23, 16, 0, tzinfo=UTC)  # 18:00 there, two days before the clocks go back
SETTINGS = f"{ZONE}[seq2seq]\ndue = 2026-10-23T18:00:00\n"


def offering(course: Course, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a course have these terms."""
    file = course.root / "offering.toml"
    file.write_text(text)
    monkeypatch.setattr(lateness, "read_terms", partial(read_terms, file=file))


@pytest.fixture
def due(course: Course, monkeypatch: pytest.MonkeyPatch) -> Course:
    """The course, whose assignment is due."""
    offering(course, SETTINGS, monkeypatch)
    return course


def after(**length: float) -> datetime:
    """A time after the due date, as the gradebook has it."""
    return (DUE + timedelta(**length)).replace(tzinfo=None)


def penalties(course: Course) -> dict[str, float]:
    """What lies in the gradebook, by student."""
    with course.gradebook() as gradebook:
        settle(course, gradebook, "seq2seq")
        submissions = gradebook.assignment_submissions("seq2seq")
        return {sub.student.id: sub.late_submission_penalty for sub in submissions}


def test_the_penalty_is_of_the_points_earned_and_follows_what_a_person_gives(due: Course) -> None:
    graded(due, "ann", came=after(minutes=9))
    graded(due, "bob", came=after(minutes=11))
    graded(due, "cyd", came=after(days=2, hours=1))  # two days: the clocks went back
    graded(due, "dan", came=after(days=2, hours=1, minutes=1))
    graded(due, "eve", came=after(days=9))
    graded(due, "fay")  # nobody knows when
    found = {"ann": 0, "bob": 3.6, "cyd": 7.2, "dan": 10.8, "eve": 36, "fay": 0}
    assert penalties(due) == found
    with due.gradebook() as gradebook:
        grade = gradebook.find_grade("translation", "seq2seq", "seq2seq", "bob")
        grade.manual_score, grade.needs_manual_grade = 10.0, False
        gradebook.db.commit()
    assert penalties(due)["bob"] == 4.6


def test_nbgraders_due_date_becomes_that_of_the_offering_and_holds_without_one(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment("seq2seq", duedate="2026-10-20 12:00:00 UTC")
    graded(course, "ann", came=datetime(2026, 10, 21, 11))
    offering(course, ZONE, monkeypatch)
    assert penalties(course) == {"ann": 3.6}
    offering(course, SETTINGS, monkeypatch)
    assert penalties(course) == {"ann": 0}
    with course.gradebook() as gradebook:
        assert gradebook.find_assignment("seq2seq").duedate == DUE.replace(tzinfo=None)


def test_another_plugin_of_the_configuration_is_left_alone(
    due: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded(due, "ann", came=after(days=3))
    monkeypatch.setattr(due, "late_rule", "mine.Plugin")
    assert penalties(due) == {"ann": 0}


def test_nbgraders_own_commands_go_by_the_rule_that_is_configured() -> None:
    application = LoggingConfigurable()
    directory = CourseDirectory(parent=application)  # as they do, before they are configured
    application.config = Config(AssignLatePenalties={"plugin_class": RULE})
    assert Course(directory).late_rule == RULE


@pytest.mark.parametrize(
    ("days", "percent"), [(0, 0), (1, 5), (2, 15), (3, 30), (4, 30), (6, 30), (7, 100)]
)
def test_a_curve_says_what_each_day_costs(days: int, percent: float) -> None:
    curve = Terms(due=DUE, late_percents=(5, 15, 30), late_days=6)
    assert curve.penalty_percent(DUE + timedelta(days=days)) == percent


@given(
    st.lists(st.floats(0, 100), max_size=5),
    st.floats(0, 50),
    st.floats(0, 100),
    st.integers(0, 10_000),
)
def test_whatever_the_curve_no_penalty_is_above_the_cap_while_anything_counts(
    curve: list[float], daily: float, cap: float, minutes: int
) -> None:
    terms = Terms(
        due=DUE, late_percents=tuple(curve), late_percent_per_day=daily, late_percent_at_most=cap
    )
    assert 0 <= terms.penalty_percent(DUE + timedelta(minutes=minutes)) <= cap


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("1d", "2026-10-24T16:00"),
        ("2d", "2026-10-25T17:00"),  # 18:00 again, after the clocks went back
        ("48h", "2026-10-25T16:00"),
        ("1w", "2026-10-30T17:00"),
        ("1d12h", "2026-10-25T04:00"),
        ("1D 30min", "2026-10-24T16:30"),
        ("90m", "2026-10-23T17:30"),
        ("2026-10-25T12:00", "2026-10-25T11:00"),
        ("2026-10-25T12:00+00:00", "2026-10-25T12:00"),
    ],
)
def test_an_extension_ends_when_the_clocks_of_the_course_say(text: str, until: str) -> None:
    terms = Terms(due=DUE, zone=ZoneInfo("Europe/Berlin"))
    assert (DUE + length_of(text, terms)).replace(tzinfo=None) == datetime.fromisoformat(until)


@pytest.mark.parametrize("text", ["", "soon", "2", "-2d", "0d", "900d", "2026-10-01", "d"])
def test_a_length_that_cannot_be_meant_is_refused(due: Course, text: str) -> None:
    enrolled(due, "ann")
    with pytest.raises(NotAmended, match=r"no length such as|within a year"):
        grant(due, "seq2seq", "ann", text, "because")
    assert not due.extensions.exists()


def test_without_a_due_date_there_is_nothing_to_extend(course: Course) -> None:
    enrolled(course, "ann")
    with pytest.raises(NotAmended, match="no due date"):
        grant(course, "seq2seq", "ann", "2d", "because")


def test_an_extension_lies_where_nbgrader_keeps_it_and_its_reason_beside(
    due: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    graded(due, "ann", came=after(hours=30))
    assert penalties(due) == {"ann": 7.2}
    assert main(["extension", "ann", "1d", "--why", "ill", "--assignment", "seq2seq"]) == 0
    assert capsys.readouterr().out.startswith("ann: due 2026-10-24 18:00 CEST\n")
    with due.gradebook() as gradebook:
        submission = gradebook.find_submission("seq2seq", "ann")
        assert submission.extension == timedelta(days=1)
        assert submission.total_seconds_late == 6 * 3600
        assert submission.late_submission_penalty == 3.6
    (kept,) = all_grants(due.extensions)
    assert (kept.student, kept.seconds, kept.why) == ("ann", 86400, "ill")
    main(["extension", "ann", "none", "--why", "a mistake"])
    assert "ann: no extension (before: +1 d)" in capsys.readouterr().out
    assert penalties(due) == {"ann": 7.2}
    assert [one.why for one in all_grants(due.extensions)] == ["ill", "a mistake"]


def test_who_has_handed_in_nothing_is_granted_it_all_the_same_and_still_missing(
    due: Course,
) -> None:
    enrolled(due, "ann")
    grant(due, "seq2seq", "ann", "2d", "ill")
    with due.gradebook() as gradebook:
        (mark,) = marks_of(due, gradebook, "seq2seq")
        assert (mark.status, mark.score) == ("missing", None)
        assert mark.extension == timedelta(days=2, hours=1)
        assert not gradebook.find_submission("seq2seq", "ann").needs_manual_grade
    graded(due, "ann", came=after(days=2, hours=1, minutes=5))
    assert penalties(due) == {"ann": 0}


def test_a_section_or_group_is_granted_it_at_once(due: Course) -> None:
    due.students.write_text("id,section,group\nann,A,\nbob,a,\ncyd,B,G1\n")
    assert len(grant(due, "seq2seq", "A", "1d", "a fire drill")) == 2
    grant(due, "seq2seq", "g1", "2d", "a strike")
    granted = {one.student: (one.seconds, one.section) for one in all_grants(due.extensions)}
    assert granted == {"ann": (86400, "A"), "bob": (86400, "A"), "cyd": (176400, "g1")}


def test_a_name_that_means_nobody_or_both_is_refused(due: Course) -> None:
    due.students.write_text("id,section\nann,A\nA,B\n")
    with pytest.raises(NotAmended, match="add --section"):
        grant(due, "seq2seq", "A", "1d", "because")
    assert len(grant(due, "seq2seq", "A", "1d", "because", section=True)) == 1
    with pytest.raises(NotAmended, match="no student or section 'an' is known; sections: A, B"):
        grant(due, "seq2seq", "an", "1d", "because")
    with pytest.raises(NotAmended, match="say why"):
        grant(due, "seq2seq", "ann", "1d", " ")


def test_who_is_excused_is_not_missing_and_has_no_mark(due: Course) -> None:
    enrolled(due, "ann", "bob")
    graded(due, "cyd", by_hand=5.0)
    (due.submitted / "bob").mkdir()
    (due.submitted / "bob" / "seq2seq (1).ipynb").write_text("{}")
    for student in ("ann", "bob", "cyd"):
        grant(due, "seq2seq", student, "excused", "in hospital")
    with due.gradebook() as gradebook:
        marks = list(marks_of(due, gradebook, "seq2seq"))
    assert [(mark.status, mark.score) for mark in marks] == [("excused", None)] * 3
    grant(due, "seq2seq", "cyd", "none", "a mistake")
    with due.gradebook() as gradebook:
        marks = list(marks_of(due, gradebook, "seq2seq"))
    assert [(mark.status, mark.score) for mark in marks][2] == ("graded", 41)


def test_the_page_says_what_being_late_has_cost_and_why(due: Course) -> None:
    graded(due, "ann", came=after(hours=30))
    graded(due, "bob", came=after(hours=30))
    graded(due, "cyd", came=after(hours=-1))
    grant(due, "seq2seq", "bob", "2d", "a secret")
    assert penalties(due)["bob"] == 0
    with due.gradebook() as gradebook:
        said = told(due, gradebook, "seq2seq")
    assert said == {
        "ann": (
            "Handed in at 2026-10-25 00:00 CEST, due at 2026-10-23 18:00 CEST: 2 days late have "
            "begun, 20 % of the points earned are taken off: 7.2."
        ),
        "bob": ("Your due date was extended from 2026-10-23 18:00 CEST to 2026-10-25 18:00 CET."),
    }


def requested(course: Course, login: str, came: datetime, percent: float) -> Path:
    """What `pr` leaves of a request, with the penalty that it saw."""
    folder = course.root / "graded" / login
    clear(folder)
    moment = f"{came.isoformat()}Z"
    outcome = Outcome(GRADED, login, 7, "seq2seq", came=moment, penalty_percent=percent)
    write_pages(folder, outcome, replace(report({"encoder": False}), student=login))
    return folder


def test_collected_hand_placed_and_requested_work_of_one_time_costs_the_same(
    due: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "ROOT", due.root)
    due.students.write_text("id,login\nann,\nbob,bob-git\ncyd,cyd-git\ndan,\n")
    came = after(hours=30)
    graded(due, "ann", points=8.0, came=came)
    graded(due, "dan", points=8.0, came=came)
    for student in ("cyd", "dan"):
        grant(due, "seq2seq", student, "1d", "ill")
    requested(due, "bob-git", came, 20.0)
    requested(due, "cyd-git", came, 20.0)  # graded where nobody knew of the extension
    database = f"sqlite:///{due.root / 'gradebook.db'}"
    assert main(["import", str(due.root / "graded"), "--db", database]) == 0
    with opened(database) as gradebook:
        found = gradebook.assignment_submissions("seq2seq")
        lost = {sub.student.id: sub.late_submission_penalty for sub in found}
    assert lost == {"ann": 5.6, "bob": 5.6, "cyd": 2.8, "dan": 2.8}


def test_a_request_is_told_the_students_own_due_date(
    due: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    due.students.write_text("id,login\nann,Alice\n")
    enrolled(due, "ann")
    grant(due, "seq2seq", "ann", "28d", "ill")
    monkeypatch.setattr(command, "ROOT", due.root)
    assert extension_of("seq2seq", "bob") == timedelta(0)
    host = Host(tmp_path / "host")
    head = host.open({"submissions/alice/seq2seq.ipynb": "deep"})
    file = due.root / "offering.toml"
    late = Conditions(judge, ["seq2seq"], offering=file)
    in_time = Conditions(judge, ["seq2seq"], offering=file, extension=extension_of)
    for door, percent in ((late, 100), (in_time, 0)):
        outcome, fault = graded_request(host, request(host, head), door)
        assert (outcome.penalty_percent, fault) == (percent, "")
    record = json.loads((host.folder / "out" / "outcome.json").read_text())
    assert record["due"] == "2026-11-20T17:00:00Z"
