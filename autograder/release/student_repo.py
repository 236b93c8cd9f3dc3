"""Writes the students' repository: the release, and what grading by pull request adds to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat

from autograder.assignment import ROOT, Assignment, released_notebook
from autograder.errors import ReleaseRefused
from autograder.files import own_files
from autograder.offering import offering_salt

from .leaks import check_leaks

FOLDER = ROOT / "build" / "student-repo"
TEMPLATE = Path(__file__).resolve().parent / "template"
APPENDED = {"README.md": "README.md", "Makefile": "Makefile"}  # added to the release's own
MADE_HERE = ("__pycache__", ".ipynb_checkpoints", ".pytest_cache")
TELLING_LINE = 40  # characters of a hidden check that stand nowhere else by chance


def write_student_repo(assignment: Assignment, into: Path = FOLDER) -> Path:
    """Write a folder that is ready to be pushed; what is there already is replaced.

    Raises:
        ReleaseRefused: a line of the solutions or the hidden checks, or the salt, is in it.
        FileNotFoundError: there is no release yet.
    """
    released_notebook(assignment)  # there must be one
    folder = into / assignment.name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(assignment.release, folder, ignore=shutil.ignore_patterns(*MADE_HERE))
    for path in sorted(p for p in TEMPLATE.rglob("*") if p.is_file()):
        name = path.relative_to(TEMPLATE)
        text = path.read_text(encoding="utf-8").replace("ASSIGNMENT", assignment.name)
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        own = str(name) in APPENDED and place.is_file()
        before = place.read_text(encoding="utf-8") + "\n" if own else ""
        place.write_text(before + text, encoding="utf-8")
    refuse_leaks(assignment, folder)
    return folder


def refuse_leaks(assignment: Assignment, folder: Path) -> None:
    """Refuse a folder that gives away what is not the students'.

    Raises:
        ReleaseRefused: naming the file and what survives in it.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    released = nbformat.read(folder / f"{assignment.name}.ipynb", as_version=4)
    check_leaks(assignment.source, released, files)
    salt, hidden = offering_salt().encode(), set(hidden_lines(assignment))
    data = {path.read_bytes() for path in hidden_data(assignment)}
    for path in files:
        content = path.read_bytes()
        if salt in content:
            raise ReleaseRefused(f"the salt stands in {path.name}")
        if content in data:
            raise ReleaseRefused(f"{path.name} is hidden data")
        survivors = hidden & {text.strip() for text in content.splitlines()}
        if survivors:
            raise ReleaseRefused(f"a line of a hidden check is in {path.name}: {min(survivors)!r}")


def hidden_lines(assignment: Assignment) -> Iterator[bytes]:
    """Lines of the hidden suites that stand in nothing that is handed out by design."""
    public = set()
    for path in _handed_out(assignment):
        public |= {text.strip() for text in path.read_bytes().splitlines()}
    for path in assignment.suite.rglob("*.py"):
        for text in map(bytes.strip, path.read_bytes().splitlines()):
            if len(text) >= TELLING_LINE and text not in public:
                yield text


def hidden_data(assignment: Assignment) -> Iterator[Path]:
    """Files of the hidden suites that are no code: weights, vocabularies."""
    for path in assignment.suite.rglob("*"):
        if path.is_file() and path.suffix not in (".py", ".pyc") and path.stat().st_size:
            yield path


def _handed_out(assignment: Assignment) -> Iterator[Path]:
    yield from own_files(assignment.checks)
    yield from (ROOT / "checks").glob("*.py")
    yield from (path for path in assignment.lesson.parent.glob("*.py") if path != assignment.lesson)
    yield from (ROOT / name for name in assignment.declared.copy)
