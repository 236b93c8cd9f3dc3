"""Whatever lies in `submitted/` gets a row, and a sentence that says what to do about it."""

from __future__ import annotations

import copy
import io
import os
import shlex
import tarfile
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory

from autograder.__main__ import main
from autograder.assignment import Assignment, released_notebook
from autograder.course import Course
from autograder.desk.changes.amend import accept
from autograder.desk.submissions.roster import MISSING, RosterEntry, hand_ins, overlooked
from autograder.errors import NotAmended
from autograder.files import delete
from autograder.notebook.lesson import grade_id

NAME = "seq2seq"
BOOK = "seq2seq.ipynb"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course in which nothing was handed in."""
    found = Course(CourseDirectory(root=str(tmp_path)))
    found.submitted.mkdir()
    return found


@pytest.fixture(scope="module")
def release() -> NotebookNode:
    """What students were given."""
    return released_notebook(Assignment(NAME))


def solved(release: NotebookNode, *tasks: str) -> str:
    """A notebook in which something was written for these tasks."""
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        if grade_id(cell) in tasks:
            cell.source = "work = 1"
    return str(nbformat.writes(notebook))


def put(course: Course, place: str, text: str = '{"cells": []}') -> Path:
    """Hand something in."""
    path = course.submitted / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def row(course: Course, student: str, *others: str) -> RosterEntry:
    """The row of one student."""
    (found,) = [row for row in hand_ins(course, NAME, (), others) if row.student == student]
    return found


@pytest.mark.parametrize(
    "place",
    [
        "seq2seq/seq2seq (1).ipynb",
        "seq2seq/Copy of seq2seq.ipynb",
        "seq2seq/seq2seq-Copy1.ipynb",
        "seq2seq/seq2seq_final.ipynb",
        "seq2seq/ann_seq2seq.ipynb",
        "seq2seq/Seq2Seq.ipynb",
        "seq2seq/seq2seq.IPYNB",
        "seq2seq/seq2seq.ipynb.txt",
        "seq2seq/seq2seq.ipynb ",
        "seq2seq/seq2seq/seq2seq.ipynb",
        "seq2seq/new folder/deep/seq2seq.ipynb",
        "seq2seq.ipynb",
        "Seq2Seq/seq2seq.ipynb",
        "seq2seq (1)/seq2seq.ipynb",
        "homework/seq2seq.ipynb",
        "seq2seq/a\nb.ipynb",
        "seq2seq/-final.ipynb",
        "seq2seq/'; rm -r *.ipynb",
    ],
)
def test_a_notebook_of_another_name_is_no_silence_and_the_command_shown_accepts_it(
    course: Course, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(course, f"ann/{place}", '{"cells": [], "mine": 1}')
    put(course, f"ann/{Path(place).parent}/notes.txt")
    found = row(course, "ann", "other")
    assert found.lost
    assert found.status.startswith("not graded: found ")
    assert repr(Path(place).name)[1:-1] in found.status
    words = shlex.split(found.mend)
    assert words[:3] == ["python", "-m", "autograder"]
    monkeypatch.setattr(Course, "at", lambda: course)
    assert main(words[3:]) == 0
    assert row(course, "ann").there
    assert "mine" in course.notebook(NAME, "ann").read_text()
    assert (course.submitted / "ann" / place).exists()  # what was handed in stays


@pytest.mark.parametrize("place", ["seq2seq/", "", "seq2seq/.ipynb_checkpoints/", "other/"])
def test_where_nothing_was_handed_in_it_is_missing(course: Course, place: str) -> None:
    folder = course.submitted / "ann" / place
    folder.mkdir(parents=True)
    if "." in place or place == "other/":
        (folder / BOOK).write_text("{}")
    found = row(course, "ann", "other")
    assert (found.status, found.lost, found.mend) == (MISSING, False, "")


def test_students_who_are_known_and_handed_in_nothing_have_a_row(course: Course) -> None:
    put(course, f"bob/{NAME}/{BOOK}")
    rows = hand_ins(course, NAME, {"ann", "bob"})
    assert [(r.student, r.there, r.status) for r in rows if not r.there] == [
        ("ann", False, "missing")
    ]
    assert [r.student for r in rows] == ["ann", "bob"]


def test_a_packed_hand_in_is_to_be_unpacked(course: Course) -> None:
    folder = course.submitted / "ann" / NAME
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "seq2seq.ipynb.zip", "w") as packed:
        packed.writestr(BOOK, "{}")
    assert "unpack 'seq2seq.ipynb.zip'" in row(course, "ann").mend
    with tarfile.open(folder / "work.tar.gz", "w:gz") as packed_too:
        packed_too.addfile(tarfile.TarInfo(BOOK), io.BytesIO())
    assert "'work.tar.gz'" in row(course, "ann").status
    with pytest.raises(NotAmended, match="cannot be accepted"):
        accept(course, NAME, "ann", "seq2seq.ipynb.zip")


def test_what_is_no_notebook_is_asked_for(course: Course) -> None:
    put(course, f"ann/{NAME}/seq2seq.py")
    assert row(course, "ann").status == "not graded: found 'seq2seq.py'"
    assert "ask for the notebook" in row(course, "ann").mend


def test_a_file_beside_the_folders_waits_for_its_students_name(course: Course) -> None:
    put(course, "ann_seq2seq.ipynb", '{"cells": [], "mine": 1}')
    put(course, "README.txt")
    assert [r.student for r in hand_ins(course, NAME, ())] == ["ann_seq2seq.ipynb"]
    words = shlex.split(row(course, "ann_seq2seq.ipynb").mend)
    assert words[5] == "STUDENT"
    accept(course, NAME, "ann", words[6])
    assert [(r.student, r.there) for r in hand_ins(course, NAME, ())] == [("ann", True)]


def test_many_files_are_not_all_named_and_the_most_likely_one_comes_first(course: Course) -> None:
    for number in range(3_000):
        put(course, f"ann/{NAME}/data/{number}.txt")
    put(course, f"ann/{NAME}/seq2seq (2).ipynb")
    found = row(course, "ann")
    assert found.status.startswith("not graded: found 'seq2seq (2).ipynb', ")
    assert len(found.status) < 200


@pytest.mark.parametrize("name", ["ann [1]", "a*", "a?", "a\nb", "a\x7f", "a\udc80"])
def test_a_folder_whose_name_nbgrader_cannot_work_with_is_told(course: Course, name: str) -> None:
    os.makedirs(os.fsencode(course.submitted / name / NAME))
    path = os.path.join(course.submitted / name / NAME, BOOK)
    with open(os.fsencode(path), "w") as file:
        file.write("{}")
    found = row(course, name)
    assert not found.there
    assert "rename it" in found.status


def test_a_folder_that_is_a_link_to_anothers_is_not_graded(course: Course) -> None:
    put(course, f"ann/{NAME}/{BOOK}")
    (course.submitted / "eve").mkdir()
    (course.submitted / "eve" / NAME).symlink_to(course.submitted / "ann" / NAME)
    assert row(course, "eve").status == "not graded: its folder 'seq2seq' is a link"


def test_accepting_keeps_what_was_there_and_takes_stamp_and_secret_along(course: Course) -> None:
    put(course, f"ann/{NAME}/{BOOK}", "old")
    put(course, "ann/late/seq2seq (1).ipynb", '{"cells": [1]}')
    put(course, "ann/late/timestamp.txt", "2026-01-01 00:00:00 UTC")
    put(course, "ann/late/submission_secret.txt", "s")
    put(course, f"ann/{NAME}/submission_secret.txt", "mine")
    accept(course, NAME, "ann", "late/seq2seq (1).ipynb")
    folder = course.submitted / "ann" / NAME
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        BOOK: '{"cells": [1]}',
        "seq2seq before 1.ipynb": "old",
        "timestamp.txt": "2026-01-01 00:00:00 UTC",
        "submission_secret.txt": "mine",
    }


@pytest.mark.parametrize(
    ("student", "name", "words"),
    [
        ("ann", "nothing.ipynb", "is not there"),
        ("ann", BOOK, "is the notebook that is graded already"),
        ("ann", "link.ipynb", "cannot be accepted"),
        ("ann", "broken.ipynb", "breaks off"),
        ("../ann", BOOK, "no student's folder"),
        ("", BOOK, "no student's folder"),
    ],
)
def test_what_cannot_be_accepted_changes_nothing(
    course: Course, student: str, name: str, words: str
) -> None:
    book = put(course, f"ann/{NAME}/{BOOK}")
    put(course, f"ann/{NAME}/broken.ipynb", "{")
    (book.parent / "link.ipynb").symlink_to(book)
    before = sorted(course.submitted.rglob("*"))
    with pytest.raises(NotAmended, match=words):
        accept(course, NAME, student, name)
    assert sorted(course.submitted.rglob("*")) == before


@pytest.mark.parametrize("place", ["seq2seq (1).ipynb", "deep/seq2seq.ipynb", "../seq2seq.ipynb"])
def test_a_solved_notebook_beside_an_untouched_one_is_told(
    course: Course, release: NotebookNode, place: str
) -> None:
    book = put(course, f"hal/{NAME}/{BOOK}", nbformat.writes(release))
    put(course, f"hal/{NAME}/{place}", solved(release, "encoder", "greedy"))
    (told,) = overlooked(book, release)
    assert place in told
    assert "encoder, greedy" in told


def test_other_notebooks_without_more_in_them_are_not_spoken_of(
    course: Course, release: NotebookNode
) -> None:
    book = put(course, f"hal/{NAME}/{BOOK}", solved(release, "encoder"))
    put(course, f"hal/{NAME}/seq2seq (1).ipynb", nbformat.writes(release))
    put(course, f"hal/{NAME}/older.ipynb", solved(release, "encoder"))
    put(course, f"hal/{NAME}/scratch.ipynb")
    put(course, f"hal/{NAME}/broken.ipynb", "{")
    put(course, f"hal/{NAME}/.ipynb_checkpoints/{BOOK}", solved(release, "greedy"))
    os.mkfifo(book.parent / "pipe.ipynb")
    (book.parent / "link.ipynb").symlink_to("/dev/zero")
    assert overlooked(book, release) == []


def test_a_name_says_no_more_than_a_name_does(course: Course, release: NotebookNode) -> None:
    long = f"{'so well done ' * 10}.ipynb"
    book = put(course, f"hal/{NAME}/{BOOK}", nbformat.writes(release))
    put(course, f"hal/{NAME}/{'deep/' * 20}{long}", solved(release, "encoder"))
    (told,) = overlooked(book, release)
    assert len(told) < 250
    assert len(RosterEntry("hal", NAME, others=(long, long)).status) < 250


def test_a_folder_is_deleted_whatever_its_modes(tmp_path: Path) -> None:
    folder = tmp_path / "ann"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "deep" / "deeper" / "file").write_text("")
    (folder / "link").symlink_to(tmp_path)
    for path in (folder / "deep" / "deeper", folder / "deep", folder):
        path.chmod(0o500)
    delete(folder)
    assert list(tmp_path.iterdir()) == []
    delete(folder)  # and once more
