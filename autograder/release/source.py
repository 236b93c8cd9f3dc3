"""Writes the folder that nbgrader releases from."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from autograder.assignment import DECLARED, ROOT, Assignment
from autograder.errors import AssignmentError, ReleaseRefused
from autograder.files import ASIDE, exchange, own_files
from autograder.questions import as_handed_out
from checks.questions import FILE as QUESTIONS

HANDOUT = Path(__file__).resolve().parent / "handout"  # what runs the public checks
SOURCE = ROOT / "build" / "source"  # nbgrader's source folder: no .py with solutions lies there


def build_source(assignment: Assignment, into: Path = SOURCE) -> Path:
    """Write the folder that nbgrader releases from: the notebook and its supporting files.

    The assignment declares further files of this repository to hand out (`copy`), and programs
    that write some (`generate`: folder = module).

    Raises:
        AssignmentError: what it declares is not in order.
        ReleaseRefused: a program failed.
        OSError: a file is not there or cannot be written.
    """
    folder = into / ASIDE / assignment.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    nbformat.write(assignment.source, folder / f"{assignment.name}.ipynb")
    home = assignment.lesson.parent
    for path in sorted(home.glob("*.py")):
        if path != assignment.lesson:
            _copy(path, folder / path.name)
    for handout in (HANDOUT, home / "handout"):  # its own files take the place of ours
        _copy_tree(handout, folder)
    for name in assignment.declared.copy:
        if not (ROOT / name).is_file():
            raise AssignmentError(
                f"solutions/{assignment.name}/{DECLARED}: copy: there is no file {name!r}"
            )
        _copy(ROOT / name, folder / name)
    for name, module in assignment.declared.generate.items():
        command = [sys.executable, "-m", module, str(folder / name)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["no message"]
            raise ReleaseRefused(f"python -m {module}, which writes {name}, failed: {said[-1]}")
    copy_checks(assignment, folder / "checks")
    if assignment.questions:
        veiled = folder / "checks" / assignment.name / QUESTIONS
        veiled.write_text(as_handed_out(assignment.questions), encoding="utf-8")
    exchange(folder, into / assignment.name)
    return into / assignment.name


def copy_checks(assignment: Assignment, into: Path) -> None:
    """The package `checks` as it is, with no assignment in it but this one."""
    origin = ROOT / "checks"
    files = [*origin.glob("*.py"), *origin.glob("*.ini"), *(origin / "simulated_gpu").rglob("*.py")]
    for path in sorted(files):
        _copy(path, into / path.relative_to(origin))
    for path in own_files(assignment.checks):
        _copy(path, into / assignment.name / path.relative_to(assignment.checks))


def _copy(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)


def _copy_tree(folder: Path, into: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            _copy(path, into / path.relative_to(folder))
