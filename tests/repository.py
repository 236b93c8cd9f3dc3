"""A copy of the repository, as a clone would have it, and a course in which it is released."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from autograder.assignment import ROOT

from .ordinary import run_module

BUILT = {".git", ".venv", "build", "__pycache__", "submitted", "reports", "feedback", "autograded"}


def copy_repository(target: Path, without: str) -> None:
    """Copy what git knows or would take, but no path that begins with the pattern `without`."""
    for name in _files():
        if (ROOT / name).is_file() and not re.match(without, name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)


def _files() -> list[str]:
    """The paths that a clone would have; where there is no git, all but what is built."""
    if shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return listed.stdout.splitlines()
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [str(path) for path in paths if not BUILT & set(path.parts)]


def released_course(factory: pytest.TempPathFactory) -> Path:
    """A course of one's own whose release is in the gradebook.

    It is a copy: one is made for all tests of a run, by whichever process comes first.
    """
    run = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # whose folder lies in that of the run
        run = run.parent
    made = run / "released"
    with (run / "released.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _release(run / "being-released")
            (run / "being-released").rename(made)
    course = factory.mktemp("released") / "course"
    shutil.copytree(made, course)
    return course


def _release(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # of one who was broken off
    copy_repository(folder, without="(tests/test_|tests/submissions|docs/)")
    for arguments in (
        ("autograder", "source", "seq2seq"),
        ("nbgrader", "generate_assignment", "seq2seq", "--force", "--ProveRelease.grading=False"),
    ):
        done = run_module(folder, *arguments)
        assert done.returncode == 0, done.stderr
