"""Results that are kept, so that unchanged work is not graded again.

A result is one task of one submission, under a key of everything it depends on: the submission's
code, the task's suites and all they share with others, the offering's salt, the wall and its
limits, the versions of what computes. Change one, and just what depends on it is graded again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder.assignment import ROOT
from autograder.files import delete, write_whole
from autograder.records import read_json
from autograder.report.record import TaskReport
from autograder.report.schema import WrittenTask

FOLDER = ROOT / "build" / "results"


@dataclass(frozen=True)
class Result:
    """What grading one task gave."""

    task: TaskReport
    findings: tuple[str, ...] = ()  # what running the cells brought up
    beside: dict[str, Any] | None = None  # reported beside the mark

    def written(self) -> str:
        """The result as its file has it, and as it travels."""
        kept = Kept(self.task.written(), list(self.findings), self.beside or {})
        return json.dumps(asdict(kept), ensure_ascii=False)

    @staticmethod
    def read(text: str) -> Result:
        """Read a result back.

        Raises:
            RecordError: it is none.
        """
        kept = read_json(text, Kept)
        return Result(TaskReport.read(kept.task), tuple(kept.findings), kept.beside)


@dataclass(frozen=True)
class Kept:
    """A result as its file has it."""

    task: WrittenTask
    findings: list[str]
    beside: dict[str, Any]


class Results:
    """A folder of results. Losing it, or a file in it, costs time and nothing else."""

    def __init__(self, folder: Path | None = FOLDER) -> None:
        """Use a folder, made when needed; None keeps nothing."""
        self._folder = folder

    @property
    def beside(self) -> Path | None:
        """Where what results are made with may be kept, to be forgotten with them."""
        return self._folder and self._folder / "judge"

    @property
    def keeps(self) -> bool:
        """Whether anything is kept."""
        return self._folder is not None

    def get(self, key: str) -> Result | None:
        """The result kept under a key, None if there is none that can be read."""
        if self._folder is None:
            return None
        try:
            return Result.read((self._folder / f"{key}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def clear(self) -> None:
        """Forget all results, since nothing in them says whose they are."""
        if self._folder is not None and self._folder.is_dir():
            delete(self._folder)

    def put(self, key: str, result: Result) -> None:
        """Keep a result; on a full disk it is not kept, and will be graded again."""
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._folder / f"{key}.json", result.written())


class Brought(Results):
    """Results of one submission that others made: at hand even where they cannot be kept."""

    def __init__(self, results: Mapping[str, Result], kept: Results) -> None:
        """Keep them among the others."""
        super().__init__(None)
        self._results, self._kept = results, kept
        for key, result in results.items():
            kept.put(key, result)

    def get(self, key: str) -> Result | None:
        """As `Results.get`."""
        return self._results.get(key) or self._kept.get(key)

    def put(self, key: str, result: Result) -> None:
        """As `Results.put`."""
        self._kept.put(key, result)
