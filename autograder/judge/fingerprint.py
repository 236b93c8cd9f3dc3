"""Names what a mark depends on, and nothing else: when it changes, marks are made anew."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy
import pytest
import torch

from autograder.assignment import ROOT, Assignment, Task
from autograder.files import is_own, own_files
from autograder.offering import Offering
from autograder.rubric import FILE as RUBRIC
from autograder.wall.wall import Wall
from checks.program import Cell

VERSIONS = (platform.python_version(), torch.__version__, numpy.__version__, pytest.__version__)
# of the engine: all that is run between the bytes of a notebook and its points. How marks are asked
# for, shown, and kept in a gradebook decides none of them
ENGINE = (
    *("autograder/assignment.py", "autograder/errors.py", "autograder/files.py"),
    *("autograder/offering.py", "autograder/records.py", "autograder/text.py"),
    *("autograder/report/record.py", "autograder/report/schema.py"),
    *("autograder/report/mark.py", "autograder/report/excuse.py", "autograder/rubric.py"),
    "autograder/questions.py",
    *("autograder/judge/**/*", "autograder/notebook/**/*", "autograder/wall/**/*"),
    *("autograder/suites/*.py", "checks/*.py", "checks/settings.ini", "checks/simulated_gpu/**/*"),
    "constraints.txt",
)


def result_key(offering: Offering, task: Task, cells: Sequence[Cell], wall: Wall) -> str:
    """Names all that a task's mark depends on, without giving the salt away."""
    parts = [
        task_fingerprint(offering, task),
        VERSIONS,
        (wall.level, wall.warm, wall.bound, asdict(wall.limits)),
        [asdict(cell) for cell in cells],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def conditions(assignment: Assignment, wall: Wall) -> dict[str, str]:
    """What two machines must have in common for one mark, each under its name; nothing secret."""
    names = ("Python", "torch", "numpy", "pytest")
    return {
        "suites and engine": files_digest(deciding_files(assignment)),
        **dict(zip(names, VERSIONS, strict=True)),
        "wall": wall.level,
        "warm workers": "yes" if wall.warm else "no",
        "held to limits by": wall.bound,
        "limits": json.dumps(asdict(wall.limits)),
    }


@cache
def suite_fingerprint(offering: Offering) -> str:
    """Names all that a mark depends on but the submission, without giving the salt away.

    Read once a process: the suites, once imported, do not change either.
    """
    return fingerprint_now(offering)


def fingerprint_now(offering: Offering) -> str:
    """The same as the files are now, in 11 ms; whoever grades on may compare them."""
    digest = files_digest(deciding_files(offering.assignment))
    return hashlib.sha256((offering.salt + digest).encode()).hexdigest()[:16]


@cache
def task_fingerprint(offering: Offering, task: Task) -> str:
    """The same for one task's verdicts: what only other tasks' checks say is left out.

    So is what makes points of verdicts, the rubric, and the released notebook, which repeats it: of
    that a task's verdicts depend on the cells alone, which `result_key` names.
    """
    assignment = offering.assignment
    rubric = assignment.checks / RUBRIC
    released = assignment.release / f"{assignment.name}.ipynb"
    others = {
        path
        for other in assignment.tasks
        if other != task
        for path in assignment.suite_files(other.key)
    }
    left_out = {*others, rubric, released}
    digest = files_digest(p for p in deciding_files(assignment) if p not in left_out)
    return hashlib.sha256((offering.salt + digest).encode()).hexdigest()


def deciding_files(assignment: Assignment) -> list[Path]:
    """The files that decide an assignment's marks.

    They are the engine, the assignment's checks and suites, its solution, the notebook that damaged
    cells are put back from, and the files that its `assignment.toml` says its checks use.

    Raises:
        AssignmentError: what is declared is not in order.
    """
    found = {path for pattern in ENGINE for path in ROOT.glob(pattern) if is_own(path)}
    for folder in (assignment.checks, assignment.suite):
        found.update(own_files(folder))
    found |= {assignment.lesson, assignment.release / f"{assignment.name}.ipynb"}
    found |= set(assignment.declared_files)
    return sorted(path for path in found if path.is_file())


def files_digest(files: Iterable[Path]) -> str:
    """A digest of the names and bytes of files of this repository."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
