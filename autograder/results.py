"""Results that are kept, so that unchanged work is not graded again.

A result is one task of one submission, under a key of everything it depends on: the submission's
code, the task's suites and all they share with others, the offering's salt, the wall and its
limits, the versions of what computes. Change one, and just what depends on it is graded again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from .assignment import ROOT, TEST_PREFIX, Assignment, Task
from .checks.program import Cell
from .report import TaskReport, task_from
from .wall import Wall

FOLDER = ROOT / "build" / "results"
VERSIONS = (platform.python_version(), torch.__version__, numpy.__version__, pytest.__version__)


@dataclass(frozen=True)
class Result:
    """What grading one task gave."""

    task: TaskReport
    findings: tuple[str, ...] = ()  # what running the cells brought up
    beside: dict[str, Any] | None = None  # reported beside the mark


class Results:
    """A folder of results. Losing it, or a file in it, costs time and nothing else."""

    def __init__(self, folder: Path | None = FOLDER) -> None:
        """Use a folder, made when needed; None keeps nothing."""
        self._folder = folder

    def get(self, key: str) -> Result | None:
        """The result kept under a key, None if there is none that can be read."""
        if self._folder is None:
            return None
        try:
            record = json.loads((self._folder / f"{key}.json").read_text(encoding="utf-8"))
            return Result(
                task_from(record["task"]), tuple(record["findings"]), dict(record["beside"])
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, result: Result) -> None:
        """Keep a result; on a full disk it is not kept, and will be graded again."""
        if self._folder is None:
            return
        record = {
            "task": result.task.record(),
            "findings": list(result.findings),
            "beside": result.beside or {},
        }
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._folder / f"{key}.json", json.dumps(record, ensure_ascii=False))


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


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees all of it or what was there before.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def require_writable(path: Path) -> None:
    """Refuse a file that could not be written; leaves nothing behind.

    Raises:
        OSError: it is a folder, or nothing can be written beside it.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file")
    try:
        with tempfile.TemporaryFile(dir=path.parent) as file:
            file.write(b"tried")
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror}") from error


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
    folders = [assignment.lesson.parent, ROOT / "autograder", ROOT / "data"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    for path in sorted([*files, ROOT / "constraints.txt"]):
        name = path.relative_to(ROOT)
        if name.name not in without and not NO_INPUT.intersection(name.parts):
            digest.update(str(name).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
