"""Checks one task from inside the notebook, in seconds, with words instead of a traceback."""

from __future__ import annotations

import contextlib
import importlib
import sys
from pathlib import Path
from typing import Any

from .cells import lost_when_graded
from .feedback import Feedback
from .plugin import PUBLIC_SALT, Grading, Overtime, brief, run_suite
from .printable import printable
from .program import Lesson, NotDefined, describe
from .runs import doubt_of
from .student import LocalRunner, Student, place, source_line
from .verdicts import CheckResult

FOLDER = Path(__file__).resolve().parent
SECONDS = 30.0  # for one check; the first use of a library may take a good part of it


class _Plain(BaseException):
    """An exception that notebooks show as its own words, without a traceback."""

    def _render_traceback_(self) -> list[str]:  # IPython's name for "show me like this"
        return [str(self)]


class CheckFailed(_Plain, AssertionError):
    """Some public checks of a task did not pass."""


class ChecksNotRun(_Plain, RuntimeError):
    """The checks themselves could not run, which says nothing about the student's code."""


class Misspelt(_Plain, ValueError):
    """`check` was called in another way than it is meant to be."""


class Stopped(_Plain, KeyboardInterrupt):
    """The student stopped a check."""


def of_this_release() -> Path:
    """The folder of the checks of the one assignment that was handed out with this package."""
    folders = [probes.parent for probes in FOLDER.glob("*/probes.py")]
    if len(folders) != 1:  # where the grader itself lies
        raise Misspelt(
            f"{FOLDER} is not in a folder that was handed out: open the notebook that lies in one, "
            "and run it from the top"
        )
    return folders[0]


class OpenLesson(Lesson):
    """The names of an open notebook, with doubts about those that are not what its cells say."""

    def __init__(self, names: dict[str, Any]) -> None:
        super().__init__(names)
        self.doubt = ""

    def __getattr__(self, name: str) -> Any:
        self.doubt = self.doubt or doubt_of(name, self._names)
        if self.doubt:
            raise NotDefined(name)  # nothing to check: what there is, is not what is written
        return super().__getattr__(name)


def check(task: str, names: dict[str, Any] | None) -> None:
    """Run a task's public checks on the functions of a notebook, and show what came of it.

    Args:
        task: the task's key.
        names: the notebook's names: pass `globals()`.

    Raises:
        CheckFailed: a check did not pass. In a notebook the page above it says which and where to
            look; elsewhere its text does.
        ChecksNotRun: not every check could be run.
        Stopped: the student interrupted it.
        Misspelt: there is no such task, or no names are passed.
    """
    lesson, results = _judged(task, names)
    if lesson.doubt:
        _show(Feedback(task, [], [lesson.doubt]))
    else:
        _show(Feedback(task, results, lost(lesson, names or {})))


def passes(task: str, names: dict[str, Any] | None) -> bool:
    """Whether a task's public checks all pass; nothing is shown.

    Raises:
        ChecksNotRun, Stopped, Misspelt: as `check` does.
    """
    lesson, results = _judged(task, names)
    return not lesson.doubt and Feedback(task, results, []).passed


def _judged(task: str, names: dict[str, Any] | None) -> tuple[OpenLesson, list[CheckResult]]:
    """Run a task's public checks: the names as they were looked up, and what came of each check."""
    folder = of_this_release()
    files = {path.stem.removeprefix("test_"): path for path in folder.rglob("test_*.py")}
    if task not in files:
        raise Misspelt(f"no task {task!r}; the tasks are {', '.join(sorted(files))}")
    if not isinstance(names, dict):
        raise Misspelt(f'write check("{task}", globals()): the checks need the notebook\'s names')
    lesson = OpenLesson(names)
    probes = importlib.import_module(f".{folder.name}.probes", __package__)
    grading = Grading(Student(LocalRunner(lesson, probes), probes), None, PUBLIC_SALT)
    try:
        run_suite([files[task]], grading, Overtime(SECONDS))
    except KeyboardInterrupt as error:
        where = place(describe(error), source_line(error))
        raise Stopped(f"{task}: stopped{f' at {where}' if where else ''}") from None
    if grading.problems:
        raise ChecksNotRun(
            f"{task}: the checks could not run: {brief(grading.problems)}. This says nothing about "
            "your code; restart the kernel and try again, and if it stays, tell your instructor"
        )
    return lesson, list(grading.results.values())


def lost(lesson: Lesson, names: dict[str, Any]) -> list[str]:
    """What the task's code uses and will not find when it is graded, as far as can be told here."""
    ran = names.get("In")  # IPython's list of what was run
    if not isinstance(ran, list) or not in_notebook():
        return []
    with contextlib.suppress(Exception):  # nothing is better than our own failure
        return lost_when_graded(ran, names, lesson.asked, FOLDER.parent)
    return []


def in_notebook() -> bool:
    """Whether IPython runs this, here or in a browser."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _show(feedback: Feedback) -> None:
    """Show it as the surroundings can.

    Raises:
        CheckFailed: not everything has passed.
    """
    if in_notebook():
        sys.modules["IPython"].display.display(feedback)
        if not feedback.passed:
            raise CheckFailed(f"{feedback.headline}; see above what to do first")
    elif feedback.passed:
        print(printable(feedback.text), flush=True)
    else:
        raise CheckFailed(printable(feedback.text, sys.stderr))
