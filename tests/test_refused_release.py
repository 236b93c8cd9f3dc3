"""A release that is refused, or fails on its way, leaves everything as it was."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.commands import programs_first
from autograder.files import exchange, tree_digest
from autograder.notebook.lesson import lesson_notebook
from autograder.release.leaks import solution_lines

from .repository import released_course

pytestmark = pytest.mark.long

Edit = Callable[[Path], None]
LESSON = Path("solutions", "seq2seq", "seq2seq.py")
RUBRIC = Path("checks", "seq2seq", "rubric.toml")
WITHOUT_GRADING = "--ProveRelease.grading=False"


@pytest.fixture(autouse=True, scope="module")
def path() -> Iterator[None]:
    """nbgrader calls `alembic` by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", programs_first())
        yield


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose release is in the gradebook."""
    return released_course(tmp_path_factory)


def run(course: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in the course's folder."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)


def generate(course: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run nbgrader's own command."""
    return run(course, "nbgrader", "generate_assignment", "seq2seq", *options)


def points(course: Path) -> dict[str, float]:
    """What the gradebook says each task is worth."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        notebook = gradebook.find_notebook("seq2seq", "seq2seq")
        return {cell.name: cell.max_score for cell in notebook.grade_cells}


def replaced(old: str, new: str, file: Path = LESSON) -> Edit:
    """A change to a file of the course."""

    def edit(course: Path) -> None:
        text = (course / file).read_text(encoding="utf-8")
        assert old in text
        (course / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


MISSTATED = replaced("`Encoder` | {{points encoder}} |", "`Encoder` | 25 |")
# of the encoder's first line: the lesson, whose text takes points from there, follows
RAISED = replaced("points = 5", "points = 10", RUBRIC)


def leaks(course: Path) -> None:
    """A module beside the lesson holds a line of the solution."""
    line = max(solution_lines(lesson_notebook(course / LESSON)), key=len)
    with (course / LESSON).with_name("training.py").open("a", encoding="utf-8") as module:
        module.write(f"# the same as in\n{line}\n")


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([MISSTATED], "'encoder' has 25 points, its cell has 20"),
        ([replaced("### END SOLUTION", "### END SOLUTOIN")], "looks like a misspelt marker"),
        ([RAISED, leaks], "a line of the solution survives in training.py"),
        (
            [RAISED, replaced("class Encoder(nn.Module):", "class Encoder0(nn.Module):")],
            "the solution loses points in 'encoder'",
        ),
    ],
)
def test_a_refused_release_leaves_folder_and_gradebook_as_they_were(
    course: Path, edits: list[Edit], words: str, tmp_path: Path
) -> None:
    edited = [course / RUBRIC, *(course / "solutions" / "seq2seq").glob("*.py")]
    kept = {file: file.read_bytes() for file in edited}
    before = tree_digest(course / "assignments"), points(course)
    try:
        for edit in edits:
            edit(course)
        assert run(course, "autograder", "source", "seq2seq").returncode == 0
        refused = generate(course, "--force")
        assert refused.returncode != 0
        assert words in refused.stderr
        assert (tree_digest(course / "assignments"), points(course)) == before
    finally:
        for file, content in kept.items():
            file.write_bytes(content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("data/pairs.py", "data/no_such_file.py"), "no_such_file.py"),
        (("data.corpus", "data.no_such_module"), "no_such_module"),
        (("[generate]", "[generate"), "assignment.toml"),
    ],
)
def test_a_source_that_cannot_be_built_leaves_the_last_one(
    course: Path, change: tuple[str, str], words: str
) -> None:
    before = tree_digest(course / "build" / "source" / "seq2seq")
    terms = course / "solutions" / "seq2seq" / "assignment.toml"
    kept = terms.read_text()
    terms.write_text(kept.replace(*change))
    try:
        failed = run(course, "autograder", "source", "seq2seq")
    finally:
        terms.write_text(kept)
    assert failed.returncode == 1
    assert words in failed.stderr
    assert len(failed.stderr.splitlines()) == 1
    assert tree_digest(course / "build" / "source" / "seq2seq") == before


def test_our_own_command_refuses_with_the_same_words(course: Path) -> None:
    kept = (course / LESSON).read_bytes()
    before = tree_digest(course / "assignments"), points(course)
    MISSTATED(course)
    try:
        refused = run(course, "autograder", "release", "seq2seq")
    finally:
        (course / LESSON).write_bytes(kept)
    assert refused.returncode == 1
    assert "'encoder' has 25 points, its cell has 20" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert (tree_digest(course / "assignments"), points(course)) == before


def test_without_force_nbgrader_keeps_what_is_released(course: Path) -> None:
    assert run(course, "autograder", "source", "seq2seq").returncode == 0
    mark = course / "assignments" / "seq2seq" / "data" / "mine.txt"
    mark.write_text("kept")
    kept = generate(course, WITHOUT_GRADING)
    assert kept.returncode == 0
    assert "Skipping existing assignment" in kept.stderr
    assert mark.exists()
    assert generate(course, "--force", WITHOUT_GRADING).returncode == 0
    assert not mark.exists()
    shutil.rmtree(course / "assignments" / "seq2seq")
    assert generate(course, WITHOUT_GRADING).returncode == 0
    assert (course / "assignments" / "seq2seq" / "seq2seq.ipynb").exists()
    assert [path.name for path in (course / "assignments").iterdir()] == ["seq2seq"]


def test_what_cannot_be_put_in_its_place_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "assignments" / "seq2seq"
    place.mkdir(parents=True)
    (place / "old").touch()
    with pytest.raises(OSError, match="built"):
        exchange(tmp_path / "built", place)
    assert (place / "old").exists()
    built = tmp_path / "built"
    built.mkdir()
    (built / "new").touch()
    exchange(built, place)
    assert [path.name for path in place.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["assignments"]
