"""Names everything that a mark depends on."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache

import numpy
import pytest
import torch

from autograder.assignment import ROOT, TEST_PREFIX, Assignment, Task
from autograder.wall.wall import Wall
from checks.program import Cell

VERSIONS = (platform.python_version(), torch.__version__, numpy.__version__, pytest.__version__)


def result_key(
    assignment: Assignment, task: Task, cells: Sequence[Cell], wall: Wall, salt: str
) -> str:
    """Names all that a task's mark depends on, without giving the salt away."""
    parts = [
        task_fingerprint(assignment, task, salt),
        VERSIONS,
        (wall.level, wall.warm, asdict(wall.limits)),
        [asdict(cell) for cell in cells],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def suite_fingerprint(assignment: Assignment, salt: str) -> str:
    """Names all that a mark depends on but the submission, without giving the salt away.

    Read once a process: the suites, once imported, do not change either.
    """
    return hashlib.sha256((salt + inputs_digest(assignment)).encode()).hexdigest()[:16]


@cache
def task_fingerprint(assignment: Assignment, task: Task, salt: str) -> str:
    """The same for one task: what only other tasks' checks say is left out."""
    others = tuple(f"{TEST_PREFIX}{other.key}.py" for other in assignment.tasks if other != task)
    return hashlib.sha256((salt + inputs_digest(assignment, others)).encode()).hexdigest()


# compiled files, and how a graded pull request is told: no mark depends on them
NO_INPUT = frozenset({"__pycache__", "pull"})


def inputs_digest(assignment: Assignment, without: tuple[str, ...] = ()) -> str:
    """A digest of everything a release is made from and graded with, but files of these names."""
    digest = hashlib.sha256()
    folders = [assignment.lesson.parent, ROOT / "autograder", ROOT / "checks", ROOT / "data"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    for path in sorted([*files, ROOT / "constraints.txt"]):
        name = path.relative_to(ROOT)
        if name.name not in without and not NO_INPUT.intersection(name.parts):
            digest.update(str(name).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
