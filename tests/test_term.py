"""The commands about people and marks, as the instructor's page has them, in its order."""

from __future__ import annotations

import copy
import csv
import re
import shlex
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.assignment import ROOT, Assignment, released_notebook
from autograder.notebook.lesson import grade_id

from .ordinary import run_module
from .repository import released_course

PAGE = ROOT / "docs" / "instructor.md"
LIST = """\
Student,ID,SIS User ID,SIS Login ID,Section,seq2seq (4711)
    Points Possible,,,,,100
"Lovelace, Ada",101,U1,ada,A,
"Noether, Emmy",102,U2,en5,B,
"Hopper, Grace",103,U3,grace,A,
"Curie, Marie",104,U4,marie,A,
"Who, Left",105,U5,bob,B,
"""
MOODLE = """\
First name,Surname,ID number,Email address,Groups
Ada,Lovelace,ada,,Group 1
Emmy,Noether,emmy,,Group 1
Grace,Hopper,grace,,Group 1
"""
BLACKBOARD = """\
"Last Name","First Name","Username","seq2seq [Total Pts: 100 Score] |3391"
"Lovelace","Ada","ada",""
"Noether","Emmy","emmy",""
"Hopper","Grace","grace",""
"""
STANDS_FOR = {
    "LIST.csv": ["list.csv"],
    "OLD": ["en5"],
    "NEW": ["emmy-n"],
    "FROM": ["emmy-n"],
    "INTO": ["emmy"],
    "NAME...": ["bob"],
    "STUDENT": ["ada"],
    "Section A": ["A"],
}


def lines(heading: str) -> list[list[str]]:
    """The commands in a section's code blocks, without `python -m`."""
    section = re.search(rf"^## {heading}\n(.*?)^## ", PAGE.read_text(), re.DOTALL | re.M)
    assert section is not None
    blocks = re.findall(r"^```\n(.*?)^```", section[1], re.DOTALL | re.M)
    words = [shlex.split(line) for block in blocks for line in block.splitlines()]
    return [line[2:] for line in words if line[:3] == ["python", "-m", "autograder"]]


def run(course: Path, *words: str) -> str:
    """Run a command as it stands on the page, and return what it printed."""
    arguments = [found for word in words for found in STANDS_FOR.get(word, [word])]
    if "EXPORT.csv" in arguments:
        arguments[arguments.index("EXPORT.csv")] = f"{arguments[2]}-export.csv"
    done = run_module(course, *arguments, AUTOGRADER_SALT="a term", OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def rows(course: Path) -> dict[str, dict[str, str]]:
    """The rows of the exported grades."""
    with (course / "grades.csv").open(newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def hand_in(folder: Path) -> Path:
    """Hand in a notebook with one task solved, and an answer for a person to read."""
    assignment = Assignment("seq2seq")
    solved = {grade_id(cell): cell.source for cell in assignment.source.cells}
    notebook = copy.deepcopy(released_notebook(assignment))
    for cell in notebook.cells:
        if grade_id(cell) in ("encoder", "translation"):
            cell.source = solved[grade_id(cell)]
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "seq2seq.ipynb")
    return folder


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released course in which three of five have handed in, two of them after the due date."""
    folder = released_course(tmp_path_factory)
    (folder / "offering.toml").write_text(
        'time_zone = "Europe/Berlin"\n[seq2seq]\ndue = 2026-11-30T18:00:00\n'
    )
    (folder / "list.csv").write_text(LIST)
    (folder / "canvas-export.csv").write_text(LIST.replace("en5", "emmy"))
    (folder / "moodle-export.csv").write_text(MOODLE)
    (folder / "blackboard-export.csv").write_text(BLACKBOARD)
    for student, day in (("ada", 2), ("emmy", 1), ("grace", 2)):
        beside = hand_in(folder / "submitted" / student / "seq2seq")
        (beside / "timestamp.txt").write_text(f"2026-12-{day:02} 10:00:00 UTC")
    return folder


@pytest.fixture(scope="module")
def told(course: Path) -> str:
    """The table of the class, after the list was taken in and extensions were granted."""
    for heading in ("Who is in the class", "Late work and extensions"):
        for words in lines(heading):
            run(course, *words)
    return run(course, "autograder", "class", "seq2seq")


def test_everybody_of_the_list_is_in_the_table_with_section_and_lateness(
    course: Path, told: str
) -> None:
    found = rows(course)
    assert sorted(found) == ["ada", "emmy", "grace", "marie"]
    assert (found["marie"]["status"], found["marie"]["score"]) == ("missing", "")
    assert (found["emmy"]["section"], found["emmy"]["first_name"]) == ("B", "Emmy")
    table = " ".join(told[told.index("4 students") :].split())
    places = [table.index(f" {word} ") for word in ("A", "ada", "grace", "marie", "B", "emmy")]
    assert places == sorted(places)
    assert "2 days late: −4 points" in table
    assert "3 d longer" in table


def test_what_being_late_costs_is_the_same_in_gradebook_table_and_page(
    course: Path, told: str
) -> None:
    found = rows(course)
    for student, share in (("ada", 0.2), ("emmy", 0.1), ("grace", 0.0)):
        raw, taken = (float(found[student][k]) for k in ("raw_score", "late_submission_penalty"))
        assert raw > 0
        assert taken == round(raw * share, 2)
    page = (course / "feedback" / "emmy" / "seq2seq" / "seq2seq.html").read_text()
    assert "1 day late has begun, 10 % of the points earned are taken off" in page
    taken = float(found["emmy"]["late_submission_penalty"])
    assert f"are taken off: {taken:g}." in page
    page = (course / "feedback" / "grace" / "seq2seq" / "seq2seq.html").read_text()
    assert "was extended from 2026-11-30 18:00 CET to 2026-12-03 18:00 CET" in page
    assert "fire drill" not in page


def test_nothing_is_left_of_who_was_renamed_merged_or_removed(course: Path, told: str) -> None:
    for name in ("en5", "emmy-n", "bob"):
        assert not list(course.glob(f"*/{name}"))
        for file in ("grades.csv", "students.csv", "extensions.jsonl"):
            assert name not in (course / file).read_text()


@pytest.fixture(scope="module")
def sent(course: Path, told: str) -> str:
    """What the commands of marks said, after somebody has graded the written answers by hand."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        for submission in gradebook.assignment_submissions("seq2seq"):
            for grade in submission.notebooks[0].grades:
                if grade.needs_manual_grade:
                    grade.manual_score, grade.needs_manual_grade = 8.0, False
        gradebook.db.commit()
    return "".join(run(course, *words) for words in lines("Out to where marks live"))


def test_marks_reach_every_file_with_the_penalty_of_points_given_by_hand(
    course: Path, sent: str
) -> None:
    run(course, "nbgrader", "export")
    found = rows(course)
    assert {row["status"] for row in found.values()} == {"graded", "missing"}
    score = f"{float(found['ada']['score']):g}"
    assert float(score) == round(float(found["ada"]["raw_score"]) * 0.8, 2)
    built = course / "build" / "marks"
    files = (
        *(course / "canvas.csv", built / "seq2seq-moodle.csv", built / "seq2seq-blackboard.csv"),
        built / "seq2seq-mail.csv",
    )
    for file in files:
        cells = csv.reader(file.read_text(encoding="utf-8-sig").splitlines())
        (ada,) = [row for row in cells if "ada" in row]
        assert {score, found["ada"]["score"]} & {*ada}
    names = sorted(str(path.relative_to(built)) for path in built.rglob("*.*"))
    assert names == [
        *("feedback/seq2seq-A.zip", "feedback/seq2seq-B.zip"),
        *(f"gradescope/{student}/results.json" for student in ("ada", "emmy", "grace")),
        *("seq2seq-blackboard.csv", "seq2seq-mail.csv", "seq2seq-moodle.csv"),
    ]


def test_every_command_of_the_desk_is_on_the_page_and_was_run(course: Path, sent: str) -> None:
    headings = ("Who is in the class", "Late work and extensions", "Out to where marks live")
    named = {words[1] for heading in headings for words in lines(heading)}
    assert named == {"roster", "rename", "merge", "remove", "extension", "marks"}
