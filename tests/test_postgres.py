"""The gradebook in PostgreSQL: what is done with one in SQLite, and by several graders at once."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import PyFileConfigLoader

from autograder.__main__ import main
from autograder.assignment import ROOT, Assignment
from autograder.commands import nbgrader, programs_first
from autograder.course import CONFIG, Course
from autograder.errors import ReleaseRefused
from autograder.files import tree_digest
from autograder.release import prove
from autograder.release.inputs import inputs_digest

from .desks import fill, graded
from .postgres import Server, program, server

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(program("initdb") is None, reason="PostgreSQL is not installed here"),
    pytest.mark.skipif(find_spec("psycopg") is None, reason="psycopg is not: '.[postgres]'"),
]
STUDENTS = ("ann", "ben", "cyd", "dan", "eva", "fay")


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """A server for all tests of this file."""
    with server() as started:
        yield started


@pytest.fixture
def course(running: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Course]:
    """A course whose gradebook is a database of the server, with two assignments."""
    monkeypatch.setenv("PATH", programs_first())
    shutil.copy(ROOT / CONFIG, tmp_path)
    with (tmp_path / CONFIG).open("a") as file:
        file.write(f'\nc.CourseDirectory.db_url = "{running.url("grades")}"\n')
    (tmp_path / "submitted").mkdir()
    running.run("createdb", "grades")
    fill(running.url("grades"))
    found = Course.at(tmp_path)
    monkeypatch.setattr(Course, "at", lambda *_: found)
    yield found
    running.run("dropdb", "--force", "grades")


def marks(database: str) -> dict[str, float]:
    """Everybody's mark for the first assignment."""
    with Gradebook(database, "deep-learning") as gradebook:
        return {one.student.id: one.score for one in gradebook.assignment_submissions("seq2seq")}


def test_a_release_is_proved_once_and_again_only_where_the_gradebook_does_not_know_it(
    course: Course, running: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a file says was proved does not help a gradebook that is empty."""
    assignment = Assignment("seq2seq")
    (tmp_path / "build").mkdir()
    stamp = tmp_path / "build" / "seq2seq.released"
    stamp.write_text(inputs_digest(assignment) + tree_digest(assignment.release))
    begun = list[str]()

    def build(*terms: str) -> subprocess.CompletedProcess[str]:
        begun.append(terms[0])
        return subprocess.CompletedProcess(terms, 1, "", "")

    monkeypatch.setattr(prove, "ROOT", tmp_path)
    monkeypatch.setattr(prove, "build_source", lambda *_: None)
    monkeypatch.setattr(prove, "nbgrader", build)
    assert not prove.release(assignment)
    assert begun == []
    running.run("dropdb", "--force", "grades")
    running.run("createdb", "grades")
    with pytest.raises(ReleaseRefused):
        prove.release(assignment)
    assert begun == ["generate_assignment"]


def test_grading_by_hand_and_export_are_as_with_sqlite(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    graded(course, "ann", by_hand=7.5)
    graded(course, "ben")
    assert main(["shares", "seq2seq", "--grader", "Eva", "--grader", "Max", "--twice", "2"]) == 0
    said = capsys.readouterr().out
    assert "1 of 1 graded, mean 7.50 points; a second time 0 of 1" in said
    done = nbgrader("export", f"--to={course.grades}", root=course.root)
    assert done.returncode == 0, done.stderr
    with course.grades.open() as file:
        rows = {
            row["student_id"]: row for row in csv.DictReader(file) if row["assignment"] == "seq2seq"
        }
    assert rows["ann"]["score"] == "43.5"
    assert rows["ben"]["status"] == "graded, waits for a person"


def test_formgraders_tables_say_who_waits(course: Course) -> None:
    graded(course, "ann", by_hand=7.5)
    graded(course, "ben")
    config = PyFileConfigLoader(CONFIG, path=str(course.root)).load_config()
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    rows = {row["student"]: row for row in api.get_submissions("seq2seq")}
    assert (rows["ann"]["score"], rows["ann"]["needs_manual_grade"]) == (43.5, False)
    assert rows["ben"]["needs_manual_grade"]
    books = {row["student"]: row for row in api.get_notebook_submissions("seq2seq", "seq2seq")}
    assert books["ann"]["written_score"] == 7.5


def test_several_graders_at_once_lose_nobodys_mark(course: Course) -> None:
    for student in STUDENTS:
        graded(course, student)

    def grade(number: int) -> None:
        with course.gradebook() as gradebook:
            for points in range(1, 6):
                for student in STUDENTS[number::3]:
                    found = gradebook.find_grade("translation", "seq2seq", "seq2seq", student)
                    found.manual_score, found.needs_manual_grade = float(points), False
                    gradebook.db.commit()

    with ThreadPoolExecutor(3) as graders:
        list(graders.map(grade, range(3)))
    assert marks(course.database) == dict.fromkeys(STUDENTS, 16.0 + 20.0 + 5.0)


def test_a_backup_holds_every_mark_and_is_put_back(course: Course, running: Server) -> None:
    for number, student in enumerate(STUDENTS):
        graded(course, student, by_hand=number / 2)
    kept = marks(course.database)
    dumped = running.run("pg_dump", "--format=custom", "grades")
    running.run("createdb", "restored")
    try:
        running.run("pg_restore", "--exit-on-error", "--dbname=restored", given=dumped)
        assert marks(running.url("restored")) == kept
    finally:
        running.run("dropdb", "--force", "restored")


def test_the_gradebook_of_a_server_that_is_gone_is_one_clear_line(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    course.database = course.database.replace("/grades", "/nowhere")
    assert main(["shares", "seq2seq"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert 'database "nowhere" does not exist' in said
    assert len(said.splitlines()) == 1


def test_a_server_that_does_not_answer_is_one_clear_line(
    course: Course, running: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    course.database = course.database.replace(f":{running.port}/", ":1/")
    assert main(["shares", "seq2seq"]) == 1
    assert capsys.readouterr().err.startswith("error: the database server that db_url names does")
