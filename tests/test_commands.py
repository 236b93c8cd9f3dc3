"""Why an nbgrader command failed is said in one line, and the line holds the cause itself."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.commands import last_error

from .ordinary import run_module
from .repository import copy_repository

Breakage = Callable[[Path], None]
POINTERS = ("see the", "above", "traceback", "There was an error processing")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone in which one student has handed in, and no release was made."""
    folder = tmp_path_factory.mktemp("clone")
    copy_repository(folder, without="(tests|docs|data)/")
    handed_in = folder / "submitted" / "ann" / "seq2seq"
    handed_in.mkdir(parents=True)
    shutil.copyfile(folder / "assignments/seq2seq/seq2seq.ipynb", handed_in / "seq2seq.ipynb")
    return folder


@pytest.fixture(scope="module")
def empty(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A gradebook that knows a student and no assignment."""
    database = tmp_path_factory.mktemp("empty") / "gradebook.db"
    terms = ("db", "student", "add", "ann", f"--db=sqlite:///{database}")
    done = run_module(clone, "nbgrader", *terms)
    assert done.returncode == 0, done.stderr
    return database.read_bytes()


@pytest.fixture
def course(clone: Path, empty: bytes, tmp_path: Path) -> Path:
    """The clone with that gradebook."""
    folder = tmp_path / "course"
    shutil.copytree(clone, folder)
    (folder / "gradebook.db").write_bytes(empty)
    return folder


def whole(course: Path) -> None:
    """Break nothing."""


def no_driver(course: Path) -> None:
    """Name a database whose driver is not installed."""
    with (course / "nbgrader_config.py").open("a") as file:
        file.write('c.CourseDirectory.db_url = "mysql://nobody@localhost/grades"\n')


def damaged(course: Path) -> None:
    """Write something else over the gradebook."""
    (course / "gradebook.db").write_bytes(b"no database" * 1000)


def cut_off(course: Path) -> None:
    """Leave half of the gradebook, as a full disk does."""
    data = (course / "gradebook.db").read_bytes()
    (course / "gradebook.db").write_bytes(data[: len(data) // 2])


def of_another_version(course: Path) -> None:
    """Take a column away that nbgrader reads."""
    with sqlite3.connect(course / "gradebook.db") as connection:
        connection.execute("ALTER TABLE student DROP COLUMN lms_user_id")


def read_only(course: Path) -> None:
    """Let nobody write the gradebook."""
    with sqlite3.connect(course / "gradebook.db") as connection:
        connection.execute("DELETE FROM student")
    (course / "gradebook.db").chmod(0o444)
    course.chmod(0o555)


def wrong_syntax(course: Path) -> None:
    """Misspell the configuration."""
    with (course / "nbgrader_config.py").open("a") as file:
        file.write("c.CourseDirectory.course_id = \n")


def wrong_name(course: Path) -> None:
    """Name a plug-in that is not there."""
    with (course / "nbgrader_config.py").open("a") as file:
        file.write('c.ExportApp.plugin_class = "autograder.nowhere.Csv"\n')


def wrong_value(course: Path) -> None:
    """Give a setting a value of another kind."""
    with (course / "nbgrader_config.py").open("a") as file:
        file.write("c.CourseDirectory.course_id = 3\n")


@pytest.mark.parametrize(
    ("command", "breakage", "cause"),
    [
        ("autograde", whole, "the gradebook has no assignment 'seq2seq'; `make release`"),
        ("autograde", no_driver, "pip install mysqlclient"),
        ("autograde", damaged, "the gradebook is damaged"),
        ("autograde", cut_off, "the gradebook is damaged"),
        ("autograde", of_another_version, "nbgrader db upgrade"),
        ("autograde", read_only, "the gradebook cannot be written"),
        ("autograde", wrong_syntax, "SyntaxError"),
        ("export", no_driver, "pip install mysqlclient"),
        ("export", damaged, "the gradebook is damaged"),
        ("export", wrong_name, "autograder.nowhere"),
        ("export", wrong_value, "course_id"),
        ("generate_feedback", whole, "No notebooks were matched"),
        ("generate_assignment", whole, "No notebooks were matched"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_the_line_of_a_failed_command_is_the_cause(
    course: Path, command: str, breakage: Breakage, cause: str
) -> None:
    breakage(course)
    options = [] if command == "export" else ["seq2seq"]
    raising = {"TRAITLETS_APPLICATION_RAISE_CONFIG_FILE_ERROR": "1"}
    done = run_module(course, "nbgrader", command, *options, **raising)
    assert done.returncode != 0
    line = last_error(done.stderr)
    assert cause in line, done.stderr
    assert len(line.splitlines()) == 1
    assert not [words for words in POINTERS if words in line]


@pytest.mark.long
@pytest.mark.parametrize(
    ("breakage", "cause"),
    [
        (whole, "the gradebook has no assignment 'seq2seq'; `make release` puts it there"),
        (no_driver, "pip install mysqlclient"),
        (damaged, "the gradebook is damaged"),
        (of_another_version, "nbgrader db upgrade"),
        (wrong_syntax, "nbgrader_config.py: SyntaxError"),
        (wrong_value, "course_id"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_class_that_cannot_be_graded_says_why_in_one_line(
    course: Path, breakage: Breakage, cause: str
) -> None:
    breakage(course)
    done = run_module(course, "autograder", "class", "seq2seq")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert cause in done.stderr


def test_a_fresh_clone_says_what_to_make_first(clone: Path) -> None:
    done = run_module(clone, "autograder", "class", "seq2seq")
    assert done.returncode == 1
    assert "there is no gradebook yet" in done.stderr
    assert "`make release` makes it" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (clone / "gradebook.db").exists()


def test_a_command_that_says_nothing_gets_a_line_too() -> None:
    assert last_error("") == "no message"
    assert last_error("[AutogradeApp | INFO] all is well\n") == "no message"
