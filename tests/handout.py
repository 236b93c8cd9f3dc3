"""A small folder as students get it, and ways of working in it: Python, IPython, pytest."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import nbformat

from autograder.assignment import ROOT, Assignment
from autograder.release.source import copy_checks

from .notebooks import handed_in

RIGHT = "def twice(x):\n    return 2 * x"
PROBES = """
def twice(lesson, x):
    return lesson.twice(x)
"""
CHECKS = '''
import pytest
from checks.expect import expect

@pytest.mark.graded(on_crash="is x a number?")
def test_answers(student):
    """You return a number."""
    expect(isinstance(student.twice(x=1), int), "no number came back", "is a `return` missing?")

@pytest.mark.graded(needs=["answers"])
def test_doubles(student):
    """You return twice the number."""
    expect(student.twice(x=3) == 6, "twice 3 was not 6")

@pytest.mark.graded(needs=["doubles"])
def test_doubles_zero(student):
    """You double zero too."""
    expect(student.twice(x=0) == 0, "twice 0 was not 0")
'''


def hand_out(folder: Path, code: str = RIGHT, checks: str = CHECKS) -> Path:
    """Write the folder: the public checks of a task `twice`, and the notebook with an answer."""
    folder.mkdir(parents=True)
    own = folder.parent / "suite" / "small"
    own.mkdir(parents=True, exist_ok=True)
    (own / "__init__.py").write_text("")
    (own / "probes.py").write_text(PROBES)
    (own / "test_twice.py").write_text(checks)
    small = cast(Assignment, SimpleNamespace(name="small", checks=own))
    copy_checks(small, folder / "checks")
    shutil.copy(ROOT / "autograder/release/handout/pytest.ini", folder)
    nbformat.write(handed_in(code), folder / "small.ipynb")
    return folder


@dataclass(frozen=True)
class Done:
    """What came of a program."""

    code: int
    stdout: str
    stderr: str


def in_python(
    folder: Path,
    program: str,
    *,
    cwd: Path | None = None,
    encoding: str = "utf-8",
    variables: dict[str, str] | None = None,
) -> Done:
    """Run a program in the folder."""
    return _forked("in_python", program, cwd or folder, [folder], encoding, variables or {})


def in_ipython(
    folder: Path,
    *cells: str | tuple[str, str],
    encoding: str = "utf-8",
    variables: dict[str, str] | None = None,
) -> Done:
    """Run cells one after the other in a shell; a pair brings the id that a front end sends."""
    pairs = [(cell, None) if isinstance(cell, str) else cell for cell in cells]
    variables = {"IPYTHONDIR": str(folder.parent / "ipython"), **(variables or {})}
    return _forked("in_ipython", pairs, folder, [folder], encoding, variables)


def in_pytest(folder: Path, *arguments: str) -> Done:
    """Run plain `pytest` in the folder, as `make check` does."""
    variables = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return _forked("in_pytest", list(arguments), folder, [], "utf-8", variables)


@cache
def _server() -> subprocess.Popen[str]:
    script = Path(__file__).with_name("forks.py")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    server = subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**environment, "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"},
        text=True,
    )
    atexit.register(server.communicate)  # the end of its input is the end of it
    return server


def _forked(
    way: str, given: Any, cwd: Path, path: list[Path], encoding: str, variables: dict[str, str]
) -> Done:
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    request = {
        "way": way,
        "given": [given],
        "cwd": str(cwd),
        "path": [str(folder) for folder in path],
        "encoding": encoding,
        "environment": variables,
    }
    print(json.dumps(request), file=server.stdin, flush=True)
    return Done(**json.loads(server.stdout.readline()))
