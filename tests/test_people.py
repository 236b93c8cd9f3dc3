"""Who is in the class: lists as they are exported, and students who come, go and are two."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.__main__ import main
from autograder.course import Course
from autograder.desk.changes.renaming import merge, remove, rename
from autograder.desk.marks.marks import marks_of
from autograder.desk.people.grants import Grant, all_grants, keep
from autograder.desk.people.sheet import Sheet
from autograder.desk.people.students import Student, read_students, write_students
from autograder.errors import NotAmended, SheetError
from autograder.pull.importing import accounts
from autograder.pull.outcome import GRADED, Outcome
from autograder.pull.pages.folder import clear, write_pages
from autograder.report.attempts import Attempt
from autograder.report.attempts import keep as keep_attempt
from autograder.report.record import Report

from .desks import course, enrolled, gradebook_of_two, graded, left_of
from .pulls import report

__all__ = ["course", "gradebook_of_two"]  # fixtures

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (4711),Current Score,Final Score
,,,,,Manual Posting,,
    Points Possible,,,,,50.00,(read only),(read only)
"Lovelace, Ada",101,U0001,ada,Section A,,,
"Noether, Emmy",102,U0002,emmy,Section B,41.50,83.00,83.00
"Student, Test",999,,5f2e1a0b9c8d7e6f,Section A,,,
"""
MOODLE = """\
First name,Last name,ID number,Institution,Department,Email address,Groups
Ada,Lovelace,ada,,,ada@example.org,"Group 1, Group 2"
Emmy,Noether,emmy,,,emmy@example.org,Group 1
"""
BLACKBOARD = """\
"Last Name","First Name","Username","Student ID","Availability","HW [Total Pts: 50 Score] |3391"
"Lovelace","Ada","ada","0001","Yes",""
"Noether","Emmy","emmy","0002","Yes","41.50"
"""
GRADESCOPE = """\
Name,SID,Email,Role,Section
Ada Lovelace,ada,ada@example.org,Student,Section A
Emmy Noether,emmy,emmy@example.org,Student,Section B
"""
OURS = """\
id,first,last,e-mail,section,group
ada,Ada,Lovelace,ada@example.org,Section A,
emmy,Emmy,Noether,emmy@example.org,Section B,Group 1
"""


def as_is(text: str) -> bytes:
    return text.encode()


def by_excel(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-8-sig")


def by_blackboard(text: str) -> bytes:
    return text.replace('","', '"\t"').encode("utf-16")


def in_europe(text: str) -> bytes:
    rows = csv.reader(text.splitlines())
    cells = ([f'"{cell}"' if "," in cell else cell for cell in row] for row in rows)
    return "\n".join(map(";".join, cells)).encode("utf-8-sig")


def named_in_the_first_line(text: str) -> bytes:
    return b"sep=;\r\n" + in_europe(text).removeprefix(b"\xef\xbb\xbf")


@pytest.mark.parametrize("text", [CANVAS, MOODLE, BLACKBOARD, GRADESCOPE, OURS])
@pytest.mark.parametrize(
    "write", [as_is, by_excel, by_blackboard, in_europe, named_in_the_first_line]
)
def test_lists_are_read_as_learning_platforms_and_spreadsheets_write_them(
    tmp_path: Path, text: str, write: Callable[[str], bytes]
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(write(text))
    ada, emmy = read_students(file)
    assert [(s.id, s.first, s.last) for s in (ada, emmy)] == [
        ("ada", "Ada", "Lovelace"),
        ("emmy", "Emmy", "Noether"),
    ]
    assert ada.email == ("ada@example.org" if "ada@" in text else "")
    assert emmy.section == ("Section B" if "Section" in text else "")
    assert emmy.group == ("Group 1" if "Group 1" in text else "")
    assert ada.lms == ("101" if text == CANVAS else "")


def test_the_column_of_ids_can_be_named(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(CANVAS)
    assert [s.id for s in read_students(file, "sis user id")] == ["U0001", "U0002"]
    with pytest.raises(SheetError, match="no column of 'Matrikel'; its columns: Student, ID"):
        read_students(file, "Matrikel")


def test_where_moodle_has_no_numbers_addresses_are_ids(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(MOODLE.replace(",ada,", ",,").replace(",emmy,", ",,"))
    assert [s.id for s in read_students(file)] == ["ada@example.org", "emmy@example.org"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("name\nAda\n", "no column of ids"),
        ("id,first\nada,Ada\n,Emmy\n", "line 3: no id"),
        ("id\nada\n\nada\n", "lines 2 and 4: 'ada' twice"),
        ("id\n../ada\n", "line 2: '../ada' cannot be an id: it begins with '.'"),
        ("id\n.ada\n", "cannot be an id"),
        ("id\na*\n", "cannot be an id"),
        ("id,name\nada,Lovelace, Ada\n", "line 2: 3 cells, and 2 columns"),
        ('id,name\nada,"Lovelace\n', "line 2"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused_by_line(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(text)
    with pytest.raises(SheetError, match=re.escape(words)):
        read_students(file)


NAMES = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=","), max_size=12)


@given(st.lists(st.tuples(NAMES, NAMES), max_size=5), st.sampled_from([",", ";", "\t"]))
def test_whatever_students_are_called_is_written_and_read_back(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str]], delimiter: str
) -> None:
    file = tmp_path_factory.mktemp("list") / "students.csv"
    wanted = [Student(f"s{n}", first, last, "x") for n, (first, last) in enumerate(names)]
    write_students(file, wanted)
    replace(Sheet.read(file), delimiter=delimiter).write(file)
    if any(first or last for first, last in names):
        assert read_students(file) == wanted


def test_everybody_of_the_list_is_a_student_of_the_gradebook_and_has_a_row(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    graded(course, "ada", by_hand=7.0)
    enrolled(course, "bob")
    (course.root / "canvas.csv").write_text(CANVAS)
    assert main(["roster", str(course.root / "canvas.csv")]) == 0
    said = capsys.readouterr().out
    assert said.splitlines() == [
        "2 students: 1 new",
        "not in the list: bob; to remove: python -m autograder remove bob",
    ]
    with course.gradebook() as gradebook:
        emmy = gradebook.find_student("emmy")
        assert (emmy.first_name, emmy.last_name, emmy.lms_user_id) == ("Emmy", "Noether", "102")
        rows = {mark.student.id: mark for mark in marks_of(course, gradebook, "seq2seq")}
    assert {name: row.status for name, row in rows.items()} == {
        "ada": "graded",
        "bob": "missing",
        "emmy": "missing",
    }
    assert rows["emmy"].student.section == "Section B"
    assert rows["ada"].tasks == {"encoder": 16, "greedy": 20, "translation": 7}


def test_a_new_list_keeps_what_only_the_old_one_said(course: Course) -> None:
    course.students.write_text("id,login,group\nada,ada-on-git,Group 9\ngone,g,\n")
    (course.root / "canvas.csv").write_text(CANVAS)
    assert main(["roster", str(course.root / "canvas.csv")]) == 0
    ada, _ = read_students(course.students)
    assert (ada.login, ada.group, ada.section) == ("ada-on-git", "Group 9", "Section A")


def test_accounts_of_pull_requests_stand_in_the_list(course: Course) -> None:
    course.students.write_text("id,login\nada,Ada-On-Git\nbob,\n")
    assert accounts(course) == {"ada-on-git": "ada"}
    course.students.write_text("id\nada\n")
    with pytest.raises(OSError, match="no column `login`"):
        accounts(course)


def pull_request_of(course: Course, login: str, found: Report) -> None:
    """What `pr` has left of a request."""
    keep_attempt(course.root / "attempts.jsonl", Attempt("seq2seq", login, "2026-11-20", "0" * 40))
    folder = course.root / "graded" / f"request of {login}"
    clear(folder)
    write_pages(folder, Outcome(GRADED, login, 7, "seq2seq"), replace(found, student=login))


def full_course(course: Course) -> None:
    """A course that keeps all there is of two students."""
    course.students.write_text(
        OURS.replace("emmy@", "e@").replace("group", "login").replace("Group 1", "emmy-git")
    )
    for name in ("seq2seq", "warmup"):
        for student in ("ada", "emmy"):
            graded(course, student, name=name, came=datetime(2026, 11, 20))
    keep(course.extensions, [Grant("seq2seq", student, 60.0) for student in ("ada", "emmy")])
    for login in ("ada", "emmy-git"):
        pull_request_of(course, login, report())
    results = course.root / "build" / "results"
    results.mkdir(parents=True)
    (results / "key.json").write_text("what emmy did")
    course.grades.write_text("emmy")


def test_removing_a_student_leaves_nothing_behind(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    full_course(course)
    assert "submitted/emmy" in left_of(course, "emmy")
    assert main(["remove", "emmy"]) == 0
    with course.gradebook() as gradebook:  # SQLite keeps what was deleted until it needs the room
        assert [student.id for student in gradebook.students] == ["ada"]
    assert [place for place in left_of(course, "emmy") if place != "gradebook.db"] == []
    assert "graded/request of ada" in left_of(course, "ada")
    assert main(["remove", "emmy"]) == 1
    assert "nothing was kept of emmy" in capsys.readouterr().err


def test_removing_stops_before_anything_is_gone_where_a_file_is_not_in_order(
    course: Course,
) -> None:
    full_course(course)
    course.extensions.write_text("{}\n")
    before = left_of(course, "emmy")
    assert main(["remove", "emmy"]) == 1
    assert left_of(course, "emmy") == before


def test_a_renamed_student_keeps_all_and_leaves_nothing_behind(course: Course) -> None:
    full_course(course)
    with course.gradebook() as gradebook:
        before = gradebook.find_submission("seq2seq", "emmy").id
    rename(course, "emmy", "noether")
    left = set(left_of(course, "emmy"))
    texts = {str(path.relative_to(course.root)) for path in course.root.rglob("*.ipynb")}
    ours = {"build", "build/results/key.json", "gradebook.db", "students.csv", "attempts.jsonl"}
    assert {place for place in left - texts - ours if not place.startswith("graded/")} == set()
    assert [s.id for s in read_students(course.students)] == ["ada", "noether"]
    assert [one.student for one in all_grants(course.extensions)] == ["ada", "noether"]
    with course.gradebook() as gradebook:
        assert {student.id for student in gradebook.students} == {"ada", "noether"}
        submission = gradebook.find_submission("seq2seq", "noether")
        assert (submission.id, submission.score) == (before, 36)
    assert Report.from_json(course.report("warmup", "noether").read_text()).student == "noether"
    assert course.page("seq2seq", "noether").is_file()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("emmy", "ada", "python -m autograder merge emmy ada"),
        ("nobody", "somebody", "nothing is kept of 'nobody'"),
        ("emmy", "e/m", "no student's folder"),
        ("emmy", "e*", "cannot be a student's id"),
    ],
)
def test_a_name_that_cannot_be_given_changes_nothing(
    course: Course, old: str, new: str, words: str
) -> None:
    full_course(course)
    before = {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file()}
    with pytest.raises(NotAmended, match=words):
        rename(course, old, new)
    assert {p: p.read_bytes() for p in course.root.rglob("*") if p.is_file()} == before


def test_of_two_who_are_one_what_came_last_counts_and_both_notebooks_are_kept(
    course: Course,
) -> None:
    graded(course, "emmy", points=20.0, by_hand=9.0, came=datetime(2026, 11, 21))
    graded(course, "noether", points=4.0, by_hand=3.0, came=datetime(2026, 11, 20))
    graded(course, "emmy", name="warmup", came=datetime(2026, 11, 21))
    keep(course.extensions, [Grant("seq2seq", "noether", 60.0), Grant("seq2seq", "emmy", 90.0)])
    assert merge(course, "emmy", "noether") == ["seq2seq: what emmy handed in counts"]
    with course.gradebook() as gradebook:
        assert [student.id for student in gradebook.students] == ["noether"]
        assert gradebook.find_submission("seq2seq", "noether").score == 49
        assert gradebook.find_submission("warmup", "noether").score == 36
    folder = course.notebook("seq2seq", "noether").parent
    assert {path.name: path.read_text() for path in folder.glob("*.ipynb")} == {
        "seq2seq.ipynb": "the notebook of emmy",
        "seq2seq before 1.ipynb": "the notebook of noether",
    }
    assert (folder / "timestamp.txt").read_text().startswith("2026-11-21")
    assert not (course.submitted / "emmy").exists()
    assert [(one.student, one.seconds) for one in all_grants(course.extensions)] == [
        ("noether", 60.0),
        ("noether", 90.0),
    ]


def test_of_two_who_are_one_the_earlier_work_counts_if_it_is_named(course: Course) -> None:
    graded(course, "emmy", points=4.0, by_hand=3.0)
    graded(course, "noether", points=20.0, by_hand=9.0)
    with pytest.raises(NotAmended, match="nobody knows which came last"):
        merge(course, "emmy", "noether")
    assert merge(course, "emmy", "noether", "noether")
    with course.gradebook() as gradebook:
        assert gradebook.find_submission("seq2seq", "noether").score == 49
    names = {path.name for path in course.notebook("seq2seq", "noether").parent.iterdir()}
    assert names == {"seq2seq.ipynb", "seq2seq before 1.ipynb"}
    assert not list(course.root.glob("*/emmy"))
    assert not course.report("seq2seq", "emmy").exists()


@pytest.mark.parametrize("listed", [False, True])
def test_who_is_merged_into_somebody_without_work_brings_all(course: Course, listed: bool) -> None:
    graded(course, "emmy", by_hand=9.0)
    (course.submitted / "emmy" / "notes.txt").write_text("mine")
    course.students.write_text("id,section\nemmy,A\n" + "noether,B\n" * listed)
    enrolled(course, "noether")
    assert main(["merge", "emmy", "noether"]) == 0
    with course.gradebook() as gradebook:
        assert gradebook.find_submission("seq2seq", "noether").score == 45
    assert (course.submitted / "noether" / "notes.txt").read_text() == "mine"
    section = "B" if listed else "A"
    assert [(s.id, s.section) for s in read_students(course.students)] == [("noether", section)]


def test_a_list_is_changed_as_it_was_written(course: Course) -> None:
    course.students.write_bytes(by_blackboard(BLACKBOARD))
    enrolled(course, "ada", "emmy")
    rename(course, "emmy", "noether")
    remove(course, ["ada"])
    text = course.students.read_bytes().decode("utf-16")
    assert text.splitlines()[0] == BLACKBOARD.splitlines()[0].replace('","', '"\t"')
    assert text.splitlines()[1].startswith('"Noether"\t"Emmy"\t"noether"\t"0002"')
    assert len(text.splitlines()) == 2
