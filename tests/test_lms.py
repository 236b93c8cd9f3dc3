"""Marks go out in the very files that learning platforms export, and in no cell is a formula."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.__main__ import main
from autograder.commands import nbgrader
from autograder.course import Course
from autograder.desk.changes.extension import grant
from autograder.desk.marks.lms import SYSTEMS, filled
from autograder.desk.marks.marks import StudentMark
from autograder.desk.people.sheet import Sheet, plain
from autograder.desk.people.students import Student

from .desks import course, enrolled, gradebook_of_two, graded

__all__ = ["course", "gradebook_of_two"]  # fixtures

EXPORTED = Path(__file__).parent / "exported"  # files in the formats of these systems
CANVAS, WORKSHEET, MOODLE, BLACKBOARD = (
    (EXPORTED / f"{name}.csv").read_text()
    for name in (
        *("canvas_gradebook", "moodle_worksheet", "moodle_gradebook", "blackboard_gradecenter"),
    )
)


@pytest.fixture
def marked(course: Course) -> Course:
    """Ada has 43 of 50, Emmy handed in nothing, Grace is excused, Marie waits for a person."""
    course.students.write_text(
        "id,first,last,email,section,lms\nada,Ada,Lovelace,ada@example.org,A,101\n"
        "emmy,=Emmy,Noether,emmy@example.org,B,102\ngrace,Grace,,grace@example.org,A,103\n"
        "marie,Marie,,marie@example.org,A,104\n"
    )
    enrolled(course, "ada", "emmy", "grace", "marie")
    graded(course, "ada", points=15.555, by_hand=7.4449)
    graded(course, "marie")
    grant(course, "seq2seq", "grace", "excused", "ill")
    return course


def sent(course: Course, what: str, content: bytes | str = b"", *options: str) -> list[list[str]]:
    """The cells of what the command writes for a system that has exported something."""
    source, target = course.root / "exported.csv", course.root / "out.csv"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    arguments = ["marks", what, "--list", str(source), "--to", str(target)]
    assert main([*arguments, "--assignment", "seq2seq", *options]) in (0, 1)
    sheet = Sheet.read(target)
    return [list(sheet.header), *map(list, sheet.rows)]


def column(cells: list[list[str]], name: str) -> list[str]:
    place = cells[0].index(name)
    return [row[place] for row in cells[1:]]


def test_canvas_gets_its_own_ids_sections_and_column_back(
    marked: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = sent(marked, "canvas", CANVAS)
    assert cells[0] == [
        *("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "seq2seq (4711)")
    ]
    assert cells[1:] == [
        ["", "", "", "", "", "Manual Posting"],
        ["Points Possible", "", "", "", "", "50.00"],
        ["Lovelace, Ada", "101", "U0001", "ada", "Section A", "43"],
        ["Noether, Emmy", "102", "U0002", "emmy", "Section B", "41.50"],  # as it was
        ["Hopper, Grace", "103", "U0003", "grace", "Section A and Section B", "EX"],
        ["Curie, Marie", "104", "U0004", "marie", "Section A", ""],
        ["Turing, Alan", "105", "U0005", "alan", "Section A", ""],
    ]
    said = capsys.readouterr()
    assert "1 marks in" in said.out
    assert "left out, for a person has yet to grade them: marie" in said.out
    assert "not in the class: line 8" in said.err


def test_canvas_makes_a_column_that_it_does_not_have(marked: Course) -> None:
    cells = sent(marked, "canvas", CANVAS, "--column", "Homework 4")
    assert column(cells, "Homework 4") == ["50", "43", "", "EX", "", ""]


def test_where_semicolons_part_cells_commas_part_decimals(marked: Course) -> None:
    rows = list(csv.reader(io.StringIO(CANVAS)))
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    european = text.getvalue().replace("50.00", "50,00").replace("41.50", "41,50")
    graded(marked, "ada", points=15.5, by_hand=7.0)
    cells = sent(marked, "canvas", european.encode("utf-8-sig"))
    assert column(cells, "seq2seq (4711)")[2:4] == ["42,5", "41,50"]
    raw = (marked.root / "out.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfStudent;ID;")


def test_moodles_worksheet_keeps_what_moodle_looks_for(marked: Course) -> None:
    cells = sent(marked, "moodle", WORKSHEET)
    assert cells[0] == [
        *("Identifier", "Full name", "ID number", "Email address", "Maximum Grade"),
        *("Grade can be changed", "Last modified (grade)", "Grade"),
    ]
    assert column(cells, "Identifier") == [f"Participant 710{n}" for n in range(1, 5)]
    assert column(cells, "Grade") == ["43", "41.50", "", ""]
    assert column(cells, "Last modified (grade)")[:2] == ["", "Friday, 20 November 2026, 10:00 AM"]


def test_moodle_with_decimal_commas_gets_them_back(marked: Course) -> None:
    graded(marked, "ada", points=15.5, by_hand=7.0)
    text = WORKSHEET.replace("50.00", '"50,00"').replace("41.50", '"41,50"')
    assert column(sent(marked, "moodle", text), "Grade")[:2] == ["42,5", "41,50"]


def test_moodles_gradebook_is_matched_by_address_and_keeps_its_groups(marked: Course) -> None:
    cells = sent(marked, "moodle", MOODLE)
    assert cells[0] == [
        *("First name", "Surname", "ID number", "Email address", "Groups", "seq2seq")
    ]
    assert cells[1] == ["Ada", "Lovelace", "", "Ada@example.org", "Group 1, Group 2", "43"]
    assert column(cells, "seq2seq") == ["43", "", "", ""]


@pytest.mark.parametrize("write", [str.encode, lambda text: text.encode("utf-8-sig")])
def test_blackboard_gets_usernames_and_the_number_of_its_column_back(
    marked: Course, write: Callable[[str], bytes]
) -> None:
    cells = sent(marked, "blackboard", write(BLACKBOARD))
    assert cells[0] == [
        *("Last Name", "First Name", "Username", "Student ID"),
        "seq2seq [Total Pts: 50 Score] |3391",
    ]
    assert cells[1] == ["Lovelace", "Ada", "ada", "0001", "43"]
    raw = (marked.root / "out.csv").read_bytes()
    assert b'"Lovelace","Ada","ada","0001","43"\r\n' in raw


def test_blackboards_own_kind_of_file_is_tabs_in_utf_16(marked: Course) -> None:
    cells = sent(marked, "blackboard", BLACKBOARD.replace('","', '"\t"').encode("utf-16"))
    assert cells[1] == ["Lovelace", "Ada", "ada", "0001", "43"]
    text = (marked.root / "out.csv").read_bytes().decode("utf-16")
    assert '"Lovelace"\t"Ada"\t"ada"\t"0001"\t"43"\r\n' in text


def test_a_column_worth_something_else_is_refused_or_scaled(
    marked: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    for what, text, worth in (
        ("canvas", CANVAS, "seq2seq (4711)"),
        ("moodle", WORKSHEET, "Grade"),
        ("blackboard", BLACKBOARD, "seq2seq [Total Pts: 10 Score] |3391"),
    ):
        text = text.replace("50.00", "10.00").replace("Total Pts: 50", "Total Pts: 10")
        (marked.root / "exported.csv").write_text(text)
        options = ["--list", str(marked.root / "exported.csv"), "--assignment", "seq2seq"]
        assert main(["marks", what, *options]) == 1
        assert "is worth 10 there and 50 here" in capsys.readouterr().err
        assert "8.6" in column(sent(marked, what, text, "--scaled"), worth)


@pytest.mark.parametrize(
    ("what", "text", "words"),
    [
        ("canvas", "Name,Mark\nAda,1\n", "none of the columns SIS Login ID"),
        ("blackboard", BLACKBOARD.replace("seq2seq", "other"), "no column 'seq2seq'; make one"),
        ("canvas", CANVAS.replace("Warm-up (4710)", "seq2seq (4710)"), "which column?"),
        ("canvas", CANVAS.replace("105,U0005,alan", "101,U0001,ada"), "are both ada's"),
    ],
)
def test_a_file_that_cannot_be_filled_in_is_named(
    marked: Course, capsys: pytest.CaptureFixture[str], what: str, text: str, words: str
) -> None:
    source = marked.root / "exported.csv"
    source.write_text(text)
    assert main(["marks", what, "--list", str(source), "--assignment", "seq2seq"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(source) in line
    assert words in line
    assert not list(marked.root.glob("build/marks/*.csv"))


def test_a_mark_without_a_place_is_an_error_that_names_the_student(
    marked: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    source = marked.root / "exported.csv"
    source.write_text("\n".join(row for row in CANVAS.splitlines() if "Ada" not in row) + "\n")
    options = ["--list", str(source), "--assignment", "seq2seq"]
    assert main(["marks", "canvas", *options]) == 1
    assert "error: a mark, and no place for it: ada" in capsys.readouterr().err


def test_what_waits_for_a_person_goes_out_only_when_asked_for(marked: Course) -> None:
    assert column(sent(marked, "blackboard", BLACKBOARD), "Username")[3] == "marie"
    name = "seq2seq [Total Pts: 50 Score] |3391"
    assert column(sent(marked, "blackboard", BLACKBOARD), name)[3] == ""
    assert column(sent(marked, "blackboard", BLACKBOARD, "--partial"), name)[3] == "36"


FORMULA = ("=", "+", "-", "@", "\t", "\r")
CELLS = st.text(st.characters(exclude_categories=["C"]), max_size=8)


@given(
    st.sampled_from(["canvas", "moodle", "blackboard"]),
    st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=4, unique_by=lambda one: plain(one[0])),
    st.floats(0, 50),
)
def test_no_cell_of_any_file_is_a_formula(
    what: str, names: list[tuple[str, str, str]], score: float
) -> None:
    keys = {"canvas": "SIS Login ID", "moodle": "Username", "blackboard": "Username"}
    title = "x [Total Pts: 50 Score] |1" if what == "blackboard" else "x"
    marks = [StudentMark(Student(name), "graded", 50.0, raw=score) for name, *_ in names if name]
    header = ("Student", keys[what], "Section" if what == "canvas" else "Last name", title)
    rows = [(first, name, last, last) for name, first, last in names]
    sheet = Sheet(header, tuple(rows), tuple(range(2, len(rows) + 2)))
    done = filled(SYSTEMS[what], sheet, marks, "x")
    for row in (done.sheet.header, *done.sheet.rows):
        assert not [cell for cell in row if cell.startswith(FORMULA)]


def test_letters_have_an_address_a_mark_and_what_to_fix_first(marked: Course) -> None:
    assert main(["marks", "mail", "--assignment", "seq2seq"]) == 0
    file = marked.root / "build" / "marks" / "seq2seq-mail.csv"
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert [row["status"] for row in rows] == [
        *("graded", "missing", "excused", "graded, waits for a person")
    ]
    ada, emmy, *_ = rows
    assert (ada["email"], ada["score"], ada["max_score"]) == ("ada@example.org", "43.0", "50.0")
    assert ada["first_to_fix"] == "encoder: it was shallow"
    assert ada["page"] == "feedback/ada/seq2seq/seq2seq.html"
    assert (emmy["first_name"], emmy["score"], emmy["page"]) == ("'=Emmy", "", "")


def test_feedback_is_one_archive_a_section_of_whom_nobody_has_yet_to_grade(
    marked: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    graded(marked, "emmy", by_hand=1.0)
    folder = marked.root / "out"
    arguments = ["marks", "feedback", "--to", str(folder), "--assignment", "seq2seq"]
    assert main(arguments) == 0
    assert "yet to grade them: marie" in capsys.readouterr().out
    assert members(folder) == {"seq2seq-A.zip": ["ada.html"], "seq2seq-B.zip": ["emmy.html"]}
    first = (folder / "seq2seq-A.zip").read_bytes()
    assert main([*arguments, "--partial"]) == 0
    assert members(folder)["seq2seq-A.zip"] == ["ada.html", "marie.html"]
    assert main(arguments) == 0
    assert (folder / "seq2seq-A.zip").read_bytes() == first
    marked.page("seq2seq", "emmy").unlink()
    assert main(arguments) == 1
    assert "no place for it: emmy" in capsys.readouterr().err


def members(folder: Path) -> dict[str, list[str]]:
    return {path.name: zipfile.ZipFile(path).namelist() for path in sorted(folder.iterdir())}


def test_gradescope_gets_a_record_for_each_who_was_graded(marked: Course) -> None:
    folder = marked.root / "out"
    assert main(["marks", "gradescope", "--to", str(folder), "--assignment", "seq2seq"]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["ada", "marie"]
    record = json.loads((folder / "ada" / "results.json").read_text())
    assert record["score"] == sum(test["score"] for test in record["tests"]) == 28
    assert {test["name"] for test in record["tests"]} == {"encoder", "greedy"}
    assert record["visibility"] == "visible"


def test_late_marks_go_out_with_what_being_late_has_cost(marked: Course) -> None:
    with marked.gradebook() as gradebook:
        gradebook.update_or_create_assignment("seq2seq", duedate="2026-11-20 12:00:00 UTC")
    graded(marked, "ada", points=15.555, by_hand=7.4449, came=datetime(2026, 11, 21))
    name = "seq2seq [Total Pts: 50 Score] |3391"
    assert column(sent(marked, "blackboard", BLACKBOARD), name)[0] == "38.7"


def test_the_exported_grades_have_a_column_a_task_rounded_as_shown(marked: Course) -> None:
    done = nbgrader("export", f"--to={marked.grades}", root=marked.root)
    assert done.returncode == 0, done.stderr
    with marked.grades.open(newline="") as file:
        every = [row for row in csv.DictReader(file) if row["assignment"] == "seq2seq"]
    rows = {row["student_id"]: row for row in every}
    assert list(rows["ada"])[-4:-1] == ["task: encoder", "task: greedy", "task: translation"]
    assert [rows["ada"][f"task: {name}"] for name in ("encoder", "greedy", "translation")] == [
        *("15.55", "20.0", "7.44")
    ]
    assert (rows["ada"]["score"], rows["ada"]["section"]) == ("43.0", "A")
    assert (rows["marie"]["task: translation"], rows["grace"]["status"]) == ("", "excused")
    assert not [cell for row in every for cell in row.values() if cell.startswith(FORMULA)]
