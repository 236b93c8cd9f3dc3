"""A class of odd hand-ins, graded with an ordinary user's rights: nobody is lost, nobody waits."""

from __future__ import annotations

import copy
import csv
import hashlib
import os
import shutil
import stat
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.utils import notebook_hash

from autograder.assignment import Assignment, released_notebook
from autograder.notebook.lesson import grade_id

from .ordinary import run_module
from .repository import released_course

pytestmark = pytest.mark.long

BOOK = "seq2seq.ipynb"
WRITTEN = "class Encoder:\n    pass"
GRADED = ("ann", "bob", "hal", "kim")
LOST = ("cyd", "dan", "eve", "fay", "shut", "silent")
VARIABLES = {"AUTOGRADER_SALT": "odd hand-ins", "OMP_NUM_THREADS": "1"}


def hand_in(course: Path, place: str, mark: str = "", task: str = "encoder") -> Path:
    """Hand a notebook in; with a mark, something was written for a task."""
    notebook: NotebookNode = copy.deepcopy(released_notebook(Assignment("seq2seq")))
    for cell in notebook.cells:
        if mark and grade_id(cell) == task:
            cell.source = f"{WRITTEN}  # {mark}"
    path = course / "submitted" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def hand_in_oddly(course: Path) -> None:
    """Everyone hands in; most of them in a way of their own."""
    beside = hand_in(course, f"ann/seq2seq/{BOOK}", "ann").parent
    (beside / "seq2seq.html").write_text("<script>mine</script>")
    (beside / "seq2seq.html").chmod(0o444)
    (beside / "gradebook.db").write_text("mine")
    (beside / "nbgrader_config.py").write_text("raise SystemExit")
    (beside / "a\nb.txt").write_text("mine")
    (beside / ".ipynb_checkpoints").mkdir()
    shutil.copy(beside / BOOK, beside / ".ipynb_checkpoints" / BOOK)
    shutil.copy(beside / BOOK, beside / "scratch.ipynb")
    beside = hand_in(course, f"bob/seq2seq/{BOOK}", "bob").parent
    (beside / "seq2seq.html").mkdir()
    (beside / "seq2seq.html" / "index.html").write_text("mine")
    (beside / "closed.txt").write_text("mine")
    (beside / "closed.txt").chmod(0)
    (beside / "shut").mkdir(mode=0)
    os.mkfifo(beside / "timestamp.txt")
    os.mkfifo(beside / "pipe")
    (beside / "submission_secret.txt").symlink_to(course / ".salt")
    (beside / "link.html").symlink_to(course / "nbgrader_config.py")
    (beside / "large").touch()
    os.truncate(beside / "large", 3_000_000_000)
    for number in range(3_000):
        (beside / f"{number}.txt").touch()
    hand_in(course, "cyd/seq2seq/seq2seq (1).ipynb", "cyd")
    hand_in(course, "dan/seq2seq/seq2seq/" + BOOK, "dan")
    hand_in(course, "eve/seq2seq/seq2seq.ipynb.txt", "eve")
    hand_in(course, "fay/" + BOOK, "fay")
    (course / "submitted" / "gus" / "seq2seq").mkdir(parents=True)
    hand_in(course, f"hal/seq2seq/{BOOK}")
    hand_in(course, "hal/seq2seq/seq2seq (1).ipynb", "hal", "greedy")
    beside = hand_in(course, f"kim/seq2seq/{BOOK}", "kim").parent
    beside.chmod(0o555)
    hand_in(course, f"shut/seq2seq/{BOOK}", "shut").parent.chmod(0)
    hand_in(course, f"silent/seq2seq/{BOOK}", "silent").chmod(0)


def contents(folder: Path) -> dict[str, tuple[int, str]]:
    """Every path below a folder with its mode and a digest of what is in it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        small = stat.S_ISREG(mode) and path.stat().st_size < 10_000_000
        data = path.read_bytes() if small and os.access(path, os.R_OK) else b""
        found[str(path.relative_to(folder))] = (mode, hashlib.sha256(data).hexdigest())
    return found


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose release is in the gradebook, with a student who handed in nothing."""
    folder = released_course(tmp_path_factory)
    run(folder, "nbgrader", "db", "student", "add", "zoe")
    hand_in_oddly(folder)
    return folder


def run(course: Path, *arguments: str, code: int = 0) -> str:
    """Run a module, and return all that it said."""
    done = run_module(course, *arguments, **VARIABLES)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def before(course: Path) -> dict[str, tuple[int, str]]:
    """What was handed in."""
    return contents(course / "submitted")


@pytest.fixture(scope="module")
def told(course: Path, before: dict[str, tuple[int, str]]) -> str:
    """What `class` said; some were not graded, hence the exit code."""
    return run(course, "autograder", "class", "seq2seq", code=1)


def rows(course: Path) -> dict[str, dict[str, str]]:
    """The rows of the exported grades."""
    with (course / "grades.csv").open(newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def test_everyone_has_a_row_and_nobody_without_a_mark_a_zero(course: Path, told: str) -> None:
    found = rows(course)
    assert sorted(found) == sorted({*GRADED, *LOST, "gus", "zoe"})
    assert {name for name, row in found.items() if row["score"]} == set(GRADED)
    assert {name for name in found if found[name]["status"].startswith("not graded: ")} == {*LOST}
    assert {name for name in found if found[name]["status"] == "missing"} == {"gus", "zoe"}
    assert found["cyd"]["status"] == "not graded: found 'seq2seq (1).ipynb'"
    assert "may not be opened" in found["shut"]["status"]
    assert "may not be read" in found["silent"]["status"]
    for student in found:
        assert f"  {student} " in told


def test_the_table_has_the_commands_each_on_a_line_of_its_own(course: Path, told: str) -> None:
    for words in (
        "cyd 'seq2seq (1).ipynb'",
        "dan seq2seq/seq2seq.ipynb",
        "eve seq2seq.ipynb.txt",
        "fay seq2seq.ipynb",
    ):
        assert f"\npython -m autograder accept seq2seq {words}\n" in told
    assert "error: not graded: cyd, dan, eve, fay, shut, silent;" in told


def test_the_table_names_the_maximum_and_who_waits_for_a_person(told: str) -> None:
    assert "/90" in told
    assert "by hand" in told
    assert "10 more points (translation) are given by hand" in told


def test_without_a_terminal_lines_say_how_far_it_is(told: str) -> None:
    for work in ("grading", "into the gradebook", "feedback pages"):
        assert f"\n{work}: {len(GRADED)} of {len(GRADED)}\n" in f"\n{told}"


def test_a_solved_notebook_beside_an_untouched_one_is_told_on_the_page_too(
    course: Path, told: str
) -> None:
    assert "holds work on greedy" in " ".join(told.split())
    page = (course / "feedback" / "hal" / "seq2seq" / "seq2seq.html").read_text()
    assert "holds work on greedy that is not in it" in page


@pytest.mark.parametrize("folder", ["autograded", "feedback"])
def test_nothing_handed_in_beside_the_notebook_is_copied(
    course: Path, told: str, folder: str
) -> None:
    found = sorted(str(p.relative_to(course / folder)) for p in (course / folder).rglob("*.*"))
    book = BOOK if folder == "autograded" else "seq2seq.html"
    expected = [f"{student}/seq2seq/{book}" for student in GRADED]
    assert found == sorted([*expected, "bob/seq2seq/timestamp.txt"])
    page = (course / "feedback" / "ann" / "seq2seq" / "seq2seq.html").read_text()
    assert "<script>mine" not in page
    assert "encoder" in page


def test_what_was_handed_in_is_as_it_was(
    course: Path, before: dict[str, tuple[int, str]], told: str
) -> None:
    assert contents(course / "submitted") == before


def test_nbgraders_own_commands_leave_nobody_in_silence(course: Path, told: str) -> None:
    said = run(course, "nbgrader", "autograde", "seq2seq", "--force")
    assert "cyd: not graded: found 'seq2seq (1).ipynb'; python -m autograder accept" in said
    assert "silent: not graded: " in said
    assert f"graded: {len(GRADED)} of {len(GRADED)}" in said
    said = run(course, "nbgrader", "generate_feedback", "seq2seq", "--force")
    assert f"feedback written: {len(GRADED)} of {len(GRADED)}" in said
    run(course, "nbgrader", "export")
    assert {name for name, row in rows(course).items() if row["score"]} == set(GRADED)


def test_feedback_is_released_to_everyone_whatever_came_with_it(
    course: Path, told: str, tmp_path: Path
) -> None:
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    for student in ("ann", "kim"):  # as `nbgrader collect` brings them; the others came by hand
        folder = course / "submitted" / student / "seq2seq"
        folder.chmod(0o755)
        (folder / "submission_secret.txt").write_text(f"the secret of {student}")
        (folder / "timestamp.txt").write_text("2026-01-01 00:00:00.000000 UTC")
    (course / "feedback" / "nobody" / "seq2seq").mkdir(parents=True)  # and a stranger's page
    (course / "feedback" / "nobody" / "seq2seq" / "seq2seq.html").write_text("a page")
    run(course, "nbgrader", "autograde", "seq2seq", "--force", "--student=ann")
    run(course, "nbgrader", "autograde", "seq2seq", "--force", "--student=kim")
    run(course, "nbgrader", "generate_feedback", "seq2seq", "--force")
    place = f"--Exchange.root={exchange}"
    waits = "--CompleteReleaseFeedback.waiting=True"
    said = run(course, "nbgrader", "release_feedback", "seq2seq", place, waits, code=1)
    assert "no feedback released for nobody; all others have theirs" in said
    released = exchange / "deep-learning" / "feedback"
    for student in ("ann", "kim"):
        name = notebook_hash(secret=f"the secret of {student}", notebook_id="seq2seq")
        page = course / "feedback" / student / "seq2seq" / "seq2seq.html"
        assert (released / f"{name}.html").read_bytes() == page.read_bytes()
    for student in ("bob", "hal"):
        data = (course / "submitted" / student / "seq2seq" / BOOK).read_bytes()
        name = hashlib.md5(data, usedforsecurity=False).hexdigest()
        assert (released / f"{name}.html").is_file()
        assert f"what {student} handed in has no submission_secret.txt" in said


@pytest.fixture(scope="module")
def mended(course: Path, told: str) -> str:
    """What generating feedback said, after much was changed, and all was graded again.

    A file was accepted, a student removed by hand, one from the gradebook alone; somebody is new,
    and folders of a stranger lie about.
    """
    run(course, "autograder", "accept", "seq2seq", "cyd", "seq2seq (1).ipynb")
    for folder in ("autograded", "feedback"):
        stranger = course / folder / "stranger" / "seq2seq"
        shutil.copytree(course / folder / "ann" / "seq2seq", stranger)
        stranger.chmod(0o555)
    shutil.rmtree(course / "submitted" / "ann")
    run(course, "nbgrader", "db", "student", "remove", "ann", "--force")
    run(course, "nbgrader", "db", "student", "remove", "hal", "--force")
    hand_in(course, f"new/seq2seq/{BOOK}", "new")
    said = run(course, "nbgrader", "generate_feedback", "seq2seq", "--force")
    run(course, "autograder", "class", "seq2seq", code=1)
    return said


def test_an_accepted_file_is_graded_next(course: Path, mended: str) -> None:
    assert rows(course)["cyd"]["status"] == "graded"


def test_strangers_folders_stop_nobodys_feedback(course: Path, mended: str) -> None:
    assert "stranger has no submission in the gradebook and is left out" in mended
    assert "stranger" not in rows(course)
    assert (course / "feedback" / "new" / "seq2seq" / "seq2seq.html").is_file()


def test_a_student_removed_by_hand_is_gone_and_others_are_graded(course: Path, mended: str) -> None:
    assert "ann" not in rows(course)
    assert rows(course)["new"]["status"] == "graded"


def test_a_student_removed_from_the_gradebook_alone_is_graded_again(
    course: Path, mended: str
) -> None:
    assert rows(course)["hal"]["status"] == "graded"


def test_one_command_removes_students_and_strangers(course: Path, mended: str) -> None:
    said = run(course, "autograder", "remove", "bob", "zoe", "stranger")
    assert "removed: bob, zoe, stranger" in said
    assert not [*course.glob("*/bob"), *course.glob("reports/*/bob.json")]
    assert not list(course.glob("*/stranger"))
    assert not {"bob", "zoe"} & set(rows(course))
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        assert not {"bob", "zoe"} & {student.id for student in gradebook.students}
    again = run(course, "autograder", "remove", "bob", code=1)
    assert "error: nothing was kept of bob" in again
    run(course, "autograder", "remove", "../submitted", code=1)
    assert (course / "submitted" / "hal").is_dir()


def test_where_everything_handed_in_is_graded_the_class_succeeds(course: Path, mended: str) -> None:
    run(course, "autograder", "remove", *(name for name in LOST if name != "cyd"))
    said = run(course, "autograder", "class", "seq2seq")
    assert "into the gradebook" not in said  # nothing is graded twice
    assert not [row for row in rows(course).values() if "not graded" in row["status"]]
