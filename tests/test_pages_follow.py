"""Feedback pages follow whatever they show, and no page is written for another's sake."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook

from autograder.assignment import ROOT
from autograder.desk.plugins.made_of import MAKERS
from autograder.notebook.lesson import grade_id

from .ordinary import run_module, run_program
from .repository import released_course

pytestmark = pytest.mark.long

WRONG = ROOT / "tests/submissions/seq2seq/greedy/wrong/default_dtype_changed.py"
CHECK = "greedy/changes_nothing_and_repeats_itself"  # fails it
VARIABLES = {"AUTOGRADER_SALT": "pages follow", "OMP_NUM_THREADS": "1"}
DUE = "[seq2seq]\ndue = 2026-01-10T12:00:00\nlate_percent_per_day = {}\n"
LATE = "2026-01-11 11:00:00.000000 UTC"
BOOK = "seq2seq.ipynb"


def run(course: Path, *arguments: str) -> str:
    """Run a module, and return all that it said."""
    done = run_module(course, *arguments, **VARIABLES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def hand_in(course: Path, student: str, greedy: str = "", late: bool = False) -> None:
    """Hand in a notebook with this code for one task."""
    book = nbformat.read(course / "assignments/seq2seq" / BOOK, as_version=4)
    for cell in book.cells:
        if greedy and grade_id(cell) == "greedy":
            cell.source = greedy
        if grade_id(cell) == "translation":
            cell.source = f"What {student} has to say."
    place = course / "submitted" / student / "seq2seq"
    place.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, place / BOOK)
    if late:
        (place / "timestamp.txt").write_text(LATE)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of five, one of whom was late, with their pages."""
    folder = released_course(tmp_path_factory)
    (folder / "offering.toml").write_text(DUE.format(10))
    hand_in(folder, "ann", WRONG.read_text(), late=True)
    for student in ("ben", "cyd", "dan", "eve"):
        hand_in(folder, student)
    assert "feedback pages: 5 of 5" in run(folder, "autograder", "class", "seq2seq")
    return folder


def page(course: Path, student: str) -> Path:
    """Where a student's page lies."""
    return course / "feedback" / student / "seq2seq" / "seq2seq.html"


def text(course: Path, student: str) -> str:
    """What a student's page says."""
    return " ".join(
        BeautifulSoup(page(course, student).read_text(), "html.parser").get_text().split()
    )


def everyone(course: Path) -> set[str]:
    """Whoever handed in."""
    return {path.name for path in (course / "submitted").iterdir()}


def written_by(course: Path, *command: str) -> set[str]:
    """Whose page a command writes."""
    before = {path: path.stat().st_mtime_ns for path in course.glob("feedback/*/*/*.html")}
    run(course, *command)
    after = {path: path.stat().st_mtime_ns for path in course.glob("feedback/*/*/*.html")}
    assert before.keys() <= after.keys()
    return {path.parents[1].name for path in after if after[path] != before.get(path)}


def give(course: Path, student: str, points: float, comment: str = "") -> None:
    """Give points for the written answer, and say something, as the Formgrader does."""
    words = ("translation", "seq2seq", "seq2seq", student)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade(*words)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.find_comment(*words).manual_comment = comment or None
        gradebook.db.commit()


CLASS = ("autograder", "class", "seq2seq")
FEEDBACK = ("nbgrader", "generate_feedback", "seq2seq")


def test_a_class_writes_the_pages_that_show_no_longer_what_is_so_and_no_others(
    course: Path,
) -> None:
    """An extension, a mark given by hand, work handed in again, a page lost, a new student."""
    run(course, "autograder", "extension", "ann", "2d", "--why", "ill")
    give(course, "ben", 7.0)
    hand_in(course, "cyd", WRONG.read_text())
    page(course, "eve").unlink()
    hand_in(course, "new")
    assert written_by(course, *CLASS) == {"ann", "ben", "cyd", "eve", "new"}
    assert "Your due date was extended" in text(course, "ann")
    assert "7 of 10 points" in text(course, "ben")
    assert "14.3 of 15 points" in text(course, "cyd")
    assert written_by(course, *CLASS) == set()


def test_nbgraders_own_command_goes_by_the_same_rule(course: Path) -> None:
    """A mark changed once more, a word said, an extension taken back and another penalty."""
    run(course, *FEEDBACK)
    give(course, "ben", 8.5)
    give(course, "dan", 0.0, "A word on beams.")
    run(course, "autograder", "extension", "ann", "none", "--why", "a mistake")
    (course / "offering.toml").write_text(DUE.format(20))
    assert written_by(course, *FEEDBACK) == {"ann", "ben", "dan"}
    assert "Your due date was extended" not in text(course, "ann")
    assert "20 % of the points earned are taken off: 2.86" in text(course, "ann")
    assert "8.5 of 10 points" in text(course, "ben")
    assert "A word on beams." in text(course, "dan")
    (course / "offering.toml").write_text(DUE.format(10))
    assert written_by(course, *FEEDBACK) == {"ann"}
    assert "10 % of the points earned are taken off: 1.43" in text(course, "ann")


def test_an_excused_check_is_on_every_page_and_off_again(course: Path) -> None:
    excuse = ("autograder", "excuse", "seq2seq", CHECK)
    assert written_by(course, *excuse, "--why", "two readings") == everyone(course)
    assert "two readings" in text(course, "ann")
    assert written_by(course, *excuse, "--undo") == everyone(course)
    assert "two readings" not in text(course, "ann")
    assert written_by(course, *FEEDBACK) == set()


def test_all_pages_follow_what_makes_them_and_the_command_that_makes_all(course: Path) -> None:
    template = course / "autograder/desk/pages/templates/feedback_first.html.j2"
    template.write_text(template.read_text().replace("Do this next", "Go on here"))
    assert written_by(course, *FEEDBACK) == everyone(course)
    assert "Go on here" in text(course, "dan")
    assert written_by(course, *FEEDBACK, "--force") == everyone(course)


def test_all_that_the_pages_room_loads_is_among_what_makes_pages() -> None:
    names = {path.stem for path in (ROOT / "autograder/desk/pages").glob("*.py")} - {"__init__"}
    modules = ", ".join(f"autograder.desk.pages.{name}" for name in sorted(names))
    told = "print(*(getattr(one, '__file__', '') for one in [*sys.modules.values()]), sep='\\n')"
    done = run_program(ROOT, sys.executable, "-c", f"import sys, {modules}; {told}")
    assert done.returncode == 0, done.stderr
    files = [Path(line) for line in done.stdout.splitlines() if line.startswith(f"{ROOT}{os.sep}")]
    ours = {path for path in files if not path.is_relative_to(sys.prefix)}  # which may lie there
    makers = {path for pattern in MAKERS for path in ROOT.glob(pattern)}
    assert ROOT / "autograder/report/view.py" in ours
    assert {path for path in ours - makers if path.name != "__init__.py"} == set()
