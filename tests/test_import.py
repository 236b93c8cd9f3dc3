"""Graded pull requests go into nbgrader's gradebook once, whatever is imported how often."""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder.__main__ import main
from autograder.commands import programs_first
from autograder.desk.submissions.clock import claimed_time
from autograder.pull import importing
from autograder.pull.importing import configured_database, read_roster
from autograder.pull.outcome import GRADED, NOT_GRADED, Outcome, Status
from autograder.pull.pages.folder import clear, write_pages
from autograder.report.record import Report

from .pulls import report

FULL = {"encoder": True, "greedy": True}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A gradebook that knows the assignment and no student."""
    folder = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", programs_first())
        with Gradebook(database(folder)) as gradebook:
            gradebook.add_assignment("seq2seq")
            gradebook.add_notebook("seq2seq", "seq2seq")
            for cell, points in (("test_encoder", 20), ("test_greedy", 20), ("translation", 10)):
                terms = {"max_score": points, "cell_type": "code"}
                gradebook.add_grade_cell(cell, "seq2seq", "seq2seq", **terms)
            gradebook.add_solution_cell("translation", "seq2seq", "seq2seq")
    return (folder / "gradebook.db").read_bytes()


@pytest.fixture
def course(tmp_path: Path, empty: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a roster and a gradebook."""
    monkeypatch.setattr(importing, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", os.environ["PATH"])  # as it was, after an import has changed it
    (tmp_path / "roster.csv").write_text("login,student_id,name\nAlice,a17,x\nbob,b23,x\n")
    (tmp_path / "gradebook.db").write_bytes(empty)
    return tmp_path


def database(course: Path) -> str:
    return f"sqlite:///{course}/gradebook.db"


def leave(
    course: Path,
    name: str,
    found: Report,
    login: str = "alice",
    came: str = "2026-11-20T10:00:00Z",
    percent: float = 0.0,
    status: Status = GRADED,
) -> Path:
    """A folder as `pr` leaves it."""
    folder = course / "graded" / name
    clear(folder)
    outcome = Outcome(status, login, 7, "seq2seq", head=name, came=came, penalty_percent=percent)
    write_pages(folder, outcome, replace(found, student=login) if status == GRADED else None)
    (folder / "seq2seq.ipynb").write_text(name)
    return folder


def bring(course: Path, *folders: Path) -> int:
    options = ["--roster", str(course / "roster.csv"), "--db", database(course)]
    return main(["import", *map(str, folders), *options])


def contents(course: Path) -> list[tuple[Any, ...]]:
    """All rows that can be told apart without nbgrader's random ids."""
    with sqlite3.connect(course / "gradebook.db") as connection:
        return sorted(
            connection.execute(
                "select submitted_assignment.student_id, timestamp, base_cell.name, auto_score, "
                "manual_score, needs_manual_grade, late_submission_penalty from grade "
                "join base_cell on base_cell.id = grade.cell_id "
                "join submitted_notebook on submitted_notebook.id = grade.notebook_id "
                "join submitted_assignment on submitted_assignment.id = "
                "submitted_notebook.assignment_id"
            ),
            key=repr,
        )


def test_a_report_becomes_the_marks_of_its_student(course: Path) -> None:
    assert bring(course, leave(course, "one", report({"encoder": False}))) == 0
    with Gradebook(database(course)) as gradebook:
        submission = gradebook.find_submission("seq2seq", "a17")
        assert submission.score == report({"encoder": False}).points == 28
        assert submission.needs_manual_grade
        grades = {grade.cell.name: grade for grade in submission.notebooks[0].grades}
        assert grades["test_encoder"].auto_score == 8
        assert not grades["test_encoder"].needs_manual_grade
        assert grades["translation"].needs_manual_grade


def test_a_second_import_changes_nothing(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = leave(course, "one", report({"encoder": False}), percent=10)
    assert bring(course, folder) == 0
    before = contents(course)
    assert len(before) == 3
    assert bring(course, folder) == 0
    assert contents(course) == before
    assert "alice, seq2seq → a17: 28 of 40" in capsys.readouterr().out


def test_the_newest_request_counts_in_whatever_order_they_come(course: Path, empty: bytes) -> None:
    folders = [
        leave(course, "one", report({"encoder": False}), came="2026-11-20T10:00:00Z"),
        leave(course, "two", report(FULL), came="2026-11-21T10:00:00Z"),
        leave(course, "three", report({"greedy": False}), "ALICE", "2026-11-19T10:00:00Z"),
    ]
    ways: list[Sequence[Sequence[Path]]] = [
        [[folder] for folder in order] for order in itertools.permutations(folders)
    ]
    found = []
    for way in [*ways, [folders], [[course]]]:
        (course / "gradebook.db").write_bytes(empty)
        for together in way:
            assert bring(course, *together) == 0
        found.append(contents(course))
    assert found == [found[0]] * len(found)
    assert sum(row[3] or 0 for row in found[0]) == 40
    assert (course / "submitted" / "a17" / "seq2seq" / "seq2seq.ipynb").read_text() == "two"


def test_marks_given_by_hand_stay(course: Path) -> None:
    folder = leave(course, "one", report())
    bring(course, folder)
    with Gradebook(database(course)) as gradebook:
        grade = gradebook.find_grade("translation", "seq2seq", "seq2seq", "a17")
        grade.manual_score, grade.needs_manual_grade = 7.0, False
        gradebook.db.commit()
    before = contents(course)
    bring(course, folder)
    assert contents(course) == before
    bring(course, leave(course, "two", report(), came="2026-11-25T10:00:00Z"))
    with Gradebook(database(course)) as gradebook:
        grade = gradebook.find_grade("translation", "seq2seq", "seq2seq", "a17")
        assert (grade.manual_score, grade.needs_manual_grade) == (7.0, True)


def test_lateness_is_the_gradebooks_penalty_and_the_raw_mark_stays(course: Path) -> None:
    bring(course, leave(course, "one", report({"encoder": False}), percent=20))
    with Gradebook(database(course)) as gradebook:
        submission = gradebook.find_submission("seq2seq", "a17")
        assert submission.score == 28
        assert submission.late_submission_penalty == 5.6
        assert submission.timestamp.isoformat() == "2026-11-20T10:00:00"


def test_report_and_notebook_lie_where_nbgrader_looks(course: Path) -> None:
    bring(course, leave(course, "one", report()))
    kept = Report.from_json((course / "reports" / "seq2seq" / "a17.json").read_text())
    assert (kept.student, kept.points) == ("a17", 40)
    folder = course / "submitted" / "a17" / "seq2seq"
    came = claimed_time(folder)
    assert came is not None
    assert came.isoformat() == "2026-11-20T10:00:00+00:00"


def test_what_was_not_graded_is_not_imported(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bring(course, leave(course, "one", report(), status=NOT_GRADED)) == 1
    assert contents(course) == []
    assert "no graded pull request" in capsys.readouterr().err


def test_an_account_that_the_roster_lacks_stops_no_other(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(course, "one", report(), login="stranger")
    leave(course, "two", report(), login="bob")
    assert bring(course, course / "graded") == 1
    assert {row[0] for row in contents(course)} == {"b23"}
    assert "stranger" in capsys.readouterr().err


def test_a_report_of_other_tasks_is_refused(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = report()
    assert bring(course, leave(course, "one", replace(found, tasks=found.tasks[1:]))) == 1
    assert contents(course) == []
    assert "grade again" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["outcome.json", "report.json"])
def test_a_record_that_is_none_is_refused(
    course: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = leave(course, "one", report())
    for text in ("", "{}", (folder / name).read_text().replace("alice", "bob")):
        (folder / name).write_text(text)
        assert bring(course, folder) == 1
        assert "cannot be imported" in capsys.readouterr().err
    assert contents(course) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,id\na,b\n", "expected columns"),
        ("", "expected columns"),
        ("login,student_id\nalice,\n", "line 2"),
        ("login,student_id\nalice,a\nALICE,b\n", "two students"),
        ("login,student_id\nalice,../b\n", "cannot name a folder"),
    ],
)
def test_a_roster_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(text)
    with pytest.raises(OSError, match=words):
        read_roster(file)


def test_the_gradebook_is_that_of_nbgraders_configuration() -> None:
    assert configured_database().startswith("sqlite:///")
    assert configured_database().endswith(f"{os.sep}gradebook.db")
