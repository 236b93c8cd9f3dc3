"""Checks one task from inside the notebook, in seconds, with words instead of a traceback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .plugin import PUBLIC_SALT, Grading, run_suite, words
from .program import Lesson
from .student import LocalRunner, Student
from .verdicts import CheckResult, Verdict

FOLDER = Path(__file__).resolve().parent


class CheckFailed(AssertionError):
    """Some public checks of a task did not pass. Shown in a notebook as plain text."""

    def _render_traceback_(self) -> list[str]:  # IPython's name for "show me like this"
        return [str(self)]


def check(task: str, names: dict[str, Any]) -> None:
    """Run a task's public checks on the functions of a notebook.

    Args:
        task: the task's key, for example "encoder".
        names: the notebook's names: pass `globals()`.

    Raises:
        CheckFailed: a check did not pass; its text says which and where to look.
        ValueError: there is no such task.
    """
    from . import probes  # type: ignore[attr-defined]  # in a release both lie in one package

    file = FOLDER / f"test_{task}.py"
    if not file.is_file():
        known = sorted(path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))
        raise ValueError(f"no task {task!r}; the tasks are {', '.join(known)}")
    grading = Grading(Student(LocalRunner(Lesson(names), probes)), None, PUBLIC_SALT)
    run_suite([file], grading)
    if grading.problems:
        raise RuntimeError("the checks themselves failed: " + "; ".join(grading.problems))
    results = list(grading.results.values())
    failed = [r for r in results if r.verdict is not Verdict.PASSED]
    if failed:
        raise CheckFailed(_text(task, results))
    print(f"{task}: all {len(results)} public checks pass. Hidden checks follow when it is graded.")
    sys.stdout.flush()


def _text(task: str, results: list[CheckResult]) -> str:
    passed = sum(result.verdict is Verdict.PASSED for result in results)
    lines = [f"{task}: {passed} of {len(results)} public checks pass"]
    for result in results:
        lines.append(f"  {'✓' if result.verdict is Verdict.PASSED else '✗'} {result.sentence}")
        if result.verdict is not Verdict.SKIPPED:
            lines += [f"      {line}" for line in words(result)]
    return "\n".join(lines)
