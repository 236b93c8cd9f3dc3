"""A class goes through nbgrader's own commands in a fresh copy of the repository."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.assignment import ROOT, Assignment
from autograder.course import Course
from autograder.desk.changes.renaming import remove
from autograder.desk.grading.sample import sample_students

from .ordinary import run_module
from .pulls import Host
from .repository import released_course

pytestmark = pytest.mark.long

STUDENTS = (
    "unusual-but-right",
    "untouched",
    "padding-ignored",
    "broken-file",
    "patches-the-grader",
)
SAMPLE = ("unusual-but-right", "untouched")  # those who are graded in the sample's own course
FULL = {"encoder": 20, "decoder": 15, "teacher_forcing": 20, "greedy": 15, "beam_search": 20}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git knows, as a clone would have it, released."""
    return released_course(tmp_path_factory)


@pytest.fixture(scope="module")
def run(course: Path) -> Run:
    """Run a Python module in the course's folder, as a person would."""

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_module(course, *arguments, AUTOGRADER_SALT="end to end")

    return command


@pytest.fixture(scope="module")
def graded(course: Path, run: Run) -> str:
    """The class graded once; what was printed."""
    assert run("autograder", "sample", "seq2seq").returncode == 0
    sample = course / "build" / "sample"
    for student in STUDENTS:
        shutil.copytree(sample / "submitted" / student, course / "submitted" / student)
    for folder in (sample / "submitted").iterdir():
        if folder.name not in SAMPLE:
            shutil.rmtree(folder)
    secret = course / "submitted" / "untouched" / "seq2seq" / "notes.txt"
    secret.symlink_to(course / "nbgrader_config.py")
    done = run("autograder", "class", "seq2seq")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def marks(course: Path) -> dict[str, float]:
    """Every student's score in the exported grades."""
    with (course / "grades.csv").open(newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def report(course: Path, student: str) -> dict[str, float]:
    """A student's points by task, from the stored report."""
    record = json.loads((course / "reports" / "seq2seq" / f"{student}.json").read_text())
    return {task["task"]: task["points"] for task in record["tasks"] if not task["by_hand"]}


@pytest.fixture(scope="module")
def sample(course: Path, run: Run, graded: str) -> str:
    """What grading the sample class printed, in its own course and after one's own class."""
    before = {path: path.read_bytes() for path in kept(course)}
    code = (
        "from autograder.assignment import Assignment\n"
        "from autograder.desk.grading.classroom import grade_class\n"
        "from autograder.course import Course\n"
        "from autograder.desk.grading.sample import HOME\n"
        "from autograder.cluster.choice import engine\n"
        "grade_class(Assignment('seq2seq'), Course.at(HOME), engine(None))\n"
    )
    (course / "grade_sample.py").write_text(code)
    done = run("grade_sample")
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in kept(course)} == before
    return done.stdout


def kept(course: Path) -> list[Path]:
    """The course's own gradebook, grades and reports."""
    return [course / "gradebook.db", course / "grades.csv", *course.glob("reports/*/*")]


def test_the_sample_class_has_a_course_of_its_own(course: Path, sample: str) -> None:
    found = marks(course / "build" / "sample")
    assert found == {"unusual-but-right": 90, "untouched": 0}
    assert "build/sample/feedback/untouched/seq2seq/seq2seq.html" in sample
    assert "grades: build/sample/grades.csv" in sample
    assert (course / "build/sample/feedback/untouched/seq2seq/seq2seq.html").is_file()
    with Gradebook(f"sqlite:///{course / 'build/sample/gradebook.db'}") as gradebook:
        assert {student.id for student in gradebook.students} == {*SAMPLE}


def test_the_table_says_how_many_points_wait_for_a_person(sample: str) -> None:
    assert "/90" in sample
    assert "waits" in sample
    assert "10 more points (translation) are given by hand" in sample
    assert "1 of 2 wait for a person" in sample


def test_a_sample_class_of_an_earlier_version_is_removed_by_one_command(
    course: Path, graded: str, tmp_path: Path
) -> None:
    names = sample_students(Assignment("seq2seq"))
    for name in (*names, "ann"):
        (tmp_path / "submitted" / name).mkdir(parents=True)
    shutil.copyfile(course / "gradebook.db", tmp_path / "gradebook.db")
    found = Course(CourseDirectory(root=str(tmp_path)))
    assert remove(found, names) == list(names)
    assert [path.name for path in found.submitted.iterdir()] == ["ann"]
    with found.gradebook() as gradebook:
        assert gradebook.students == []


def test_each_student_gets_the_mark_deserved(course: Path, graded: str) -> None:
    found = marks(course)
    assert found["unusual-but-right"] == sum(FULL.values())
    assert found["untouched"] == 0
    assert found["broken-file"] == 0
    assert report(course, "padding-ignored") | {"encoder": 0} == FULL | {"encoder": 0}
    assert 0 < report(course, "padding-ignored")["encoder"] < FULL["encoder"]
    assert report(course, "patches-the-grader") == dict.fromkeys(FULL, 0) | {"greedy": 15}


def test_nothing_is_missing_in_a_notebook_as_it_was_handed_out(course: Path, graded: str) -> None:
    report = (course / "reports" / "seq2seq" / "untouched.json").read_text()
    assert json.loads(report)["findings"] == []
    assert "will be missing" not in report


def test_the_table_tells_what_to_fix_first(graded: str) -> None:
    for student in STUDENTS:
        assert student in graded
    assert "padding" in graded
    assert "feedback/untouched/seq2seq/seq2seq.html" in graded


def test_feedback_teaches_and_hides_the_suites(course: Path, graded: str) -> None:
    page = (course / "feedback" / "padding-ignored" / "seq2seq" / "seq2seq.html").read_text()
    assert "after the last column, padding included" in page
    for path in (course / "autograder" / "suites" / "seq2seq").rglob("test_*.py"):
        telling = [line.strip() for line in path.read_text().splitlines() if len(line) > 60]
        code = [line for line in telling if line.endswith(("(", ")", ",")) and '"' not in line]
        assert not [line for line in code if line in page]
    broken = (course / "feedback" / "broken-file" / "seq2seq" / "seq2seq.html").read_text()
    assert "it breaks off" in broken


def test_formulas_of_the_lesson_are_drawn_on_its_page(course: Path, graded: str) -> None:
    page = (course / "feedback" / "padding-ignored" / "seq2seq" / "seq2seq.html").read_text()
    assert page.count("<math ") > 50
    assert "math {" in page  # how they look
    assert "$$" not in page


def test_links_beside_a_notebook_are_not_followed(course: Path, graded: str) -> None:
    for folder in ("autograded", "feedback"):
        assert not list((course / folder).rglob("notes.txt"))


def test_a_second_run_grades_nothing_again(course: Path, run: Run, graded: str) -> None:
    path = course / "reports" / "seq2seq" / "padding-ignored.json"
    before = path.stat().st_mtime_ns
    again = run("autograder", "class", "seq2seq")
    assert again.returncode == 0
    assert path.stat().st_mtime_ns == before


def test_one_notebook_gets_the_same_mark_without_a_database(
    course: Path, run: Run, graded: str, tmp_path: Path
) -> None:
    notebook = "submitted/padding-ignored/seq2seq/seq2seq.ipynb"
    target = tmp_path / "report.json"
    done = run("autograder", "grade", "seq2seq", notebook, "--json", str(target))
    assert done.returncode == 0
    alone = json.loads(target.read_text())
    through_nbgrader = json.loads(
        (course / "reports" / "seq2seq" / "padding-ignored.json").read_text()
    )
    assert alone["tasks"] == through_nbgrader["tasks"]
    jsonschema.validate(alone, json.loads((ROOT / "docs" / "report.schema.json").read_text()))


def test_a_mark_given_by_hand_survives_a_regrade(course: Path, run: Run, graded: str) -> None:
    by_hand = (
        "from nbgrader.api import Gradebook\n"
        "with Gradebook('sqlite:///gradebook.db') as gradebook:\n"
        "    grade = gradebook.find_grade('translation', 'seq2seq', 'seq2seq', 'untouched')\n"
        "    grade.manual_score = 7\n"
        "    grade.needs_manual_grade = False\n"
        "    gradebook.db.commit()\n"
    )
    subprocess.run([sys.executable, "-c", by_hand], cwd=course, check=True)
    done = run("nbgrader", "autograde", "seq2seq", "--force", "--student=untouched")
    assert done.returncode == 0, done.stderr
    assert run("nbgrader", "export").returncode == 0
    assert marks(course)["untouched"] == 7


def test_a_locked_gradebook_is_told_in_a_line_and_a_rerun_finishes(
    course: Path, run: Run, graded: str
) -> None:
    before = marks(course)
    handed_in = course / "submitted" / "untouched" / "seq2seq" / "seq2seq.ipynb"
    handed_in.write_text(handed_in.read_text() + "\n")  # another file, of the same worth
    with closing(sqlite3.connect(course / "gradebook.db", isolation_level=None)) as locking:
        locking.execute("BEGIN EXCLUSIVE")
        done = run("autograder", "class", "seq2seq")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "locked" in done.stderr
    again = run("autograder", "class", "seq2seq")
    assert again.returncode == 0, again.stderr
    assert marks(course) == before


def test_every_door_gives_the_same_marks(
    course: Path, run: Run, graded: str, tmp_path: Path
) -> None:
    """The command line, `nbgrader autograde`, a pull request, and its import into a gradebook."""
    notebooks = {s: course / "submitted" / s / "seq2seq" / "seq2seq.ipynb" for s in STUDENTS}
    alone = tmp_path / "alone"
    done = run(
        "autograder", "grade", "seq2seq", *map(str, notebooks.values()), "--json", str(alone)
    )
    assert done.returncode == 0, done.stderr
    host = Host(tmp_path / "host")
    for number, (student, notebook) in enumerate(notebooks.items(), 1):
        path = f"submissions/{student}/seq2seq.ipynb"
        head = host.open({path: notebook.read_bytes()}, number)
        event = host.event(head, student, number)
        options = ["--repository", str(host.course), "--event", str(event)]
        options += ["--output", str(tmp_path / "pulls" / student)]
        options += ["--again"] * (student == "padding-ignored")  # one of its own, none kept
        done = run("autograder", "pr", *options)
        assert done.returncode == 0, done.stderr
        places = (
            course / "reports" / "seq2seq" / f"{student}.json",
            alone / student / "seq2seq" / "seq2seq.json",
            tmp_path / "pulls" / student / "report.json",
        )
        records = [json.loads(place.read_text()) for place in places]
        for key in ("tasks", "points", "findings", "submission", "suite"):
            assert [record[key] for record in records] == [records[0][key]] * 3, student
    emptied = tmp_path / "imported.db"
    shutil.copyfile(course / "gradebook.db", emptied)
    for student in STUDENTS:
        with Gradebook(f"sqlite:///{emptied}") as gradebook:
            gradebook.remove_student(student)
    roster = "".join(f"{student},{student}\n" for student in STUDENTS)
    (tmp_path / "roster.csv").write_text("login,student_id\n" + roster)
    options = ["--roster", str(tmp_path / "roster.csv"), "--db", f"sqlite:///{emptied}"]
    done = run("autograder", "import", str(tmp_path / "pulls"), *options)
    assert done.returncode == 0, done.stderr
    assert scores(emptied) == scores(course / "gradebook.db")


def scores(database: Path) -> dict[str, dict[str, float]]:
    """Every student's automatic score by cell."""
    with Gradebook(f"sqlite:///{database}") as gradebook:
        return {
            submission.student.id: {
                grade.cell.name: grade.auto_score or 0.0 for grade in submission.notebooks[0].grades
            }
            for submission in gradebook.assignment_submissions("seq2seq")
        }
