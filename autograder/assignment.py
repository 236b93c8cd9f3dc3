"""An assignment: where its lesson, suites and release lie, and what its tasks are worth."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from .errors import AssignmentError, RecordError, UnknownAssignment
from .files import read_typed
from .questions import FILE as QUESTIONS
from .questions import Question, read_questions
from .records import read_toml, typed
from .rubric import FILE as RUBRIC
from .rubric import NONE, Rubric, read_rubrics

ROOT = Path(__file__).resolve().parent.parent
Notebook = Any  # a `nbformat.NotebookNode`, which has no types of its own; see `source`
TEST_PREFIX = "test_"
DECLARED = "assignment.toml"  # in the lesson's folder
# solutions, hidden checks, answers and what a course holds are never copied as they are
NOT_FOR_STUDENTS = frozenset(
    {"solutions", "autograder", "tests", "build", "submitted", "autograded", "feedback", "reports"}
    | {"gradebook.db", "grades.csv", "nbgrader_config.py", "offering.toml", "excused.jsonl"}
)


class Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an assignment needs beyond its own folders, as its `assignment.toml` says it.

    Attributes:
        copy: files of this repository to hand out.
        generate: programs that write what is handed out: folder = module.
        marks_depend_on: files of this repository that its hidden checks use, as patterns.
        devices: the module whose `compare` holds a submission on a device against the CPU.
    """

    copy: tuple[str, ...] = ()
    generate: dict[str, str] = {}
    marks_depend_on: tuple[str, ...] = ()
    devices: str = ""

    def __post_init__(self) -> None:
        """Refuse what points out of the repository: msgspec names the file that says so."""
        for name in (*self.copy, *self.generate, *self.marks_depend_on):
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.parts:
                raise ValueError(f"expected a path within this repository, got {name!r}")
        for name in self.copy:
            first = PurePosixPath(name).parts[0]
            if first in NOT_FOR_STUDENTS or first.startswith("."):
                raise ValueError(f"expected a file that students may see, got {name!r}")


@dataclass(frozen=True)
class Task:
    """One task: its key is the stub's grade id, the suite's file name and the report's row."""

    key: str
    points: float
    by_hand: bool  # graded by a person, in nbgrader
    rubric: Rubric = NONE


@dataclass(frozen=True)
class Assignment:
    """An assignment, known by its name: the folder in `solutions/` and in the suites."""

    name: str

    def __post_init__(self) -> None:
        if not self.lesson.is_file():
            raise UnknownAssignment(
                f"no assignment {self.name!r}: {self.lesson} is not there; known: "
                f"{', '.join(declared_assignments()) or 'none'}"
            )

    @property
    def lesson(self) -> Path:
        """The percent-format source of the notebook, with its solutions."""
        return ROOT / "solutions" / self.name / f"{self.name}.py"

    @property
    def suite(self) -> Path:
        """The folder of the hidden suites."""
        return ROOT / "autograder" / "suites" / self.name

    @property
    def checks(self) -> Path:
        """The folder of what students and their process hold: public checks and probes."""
        return ROOT / "checks" / self.name

    @property
    def release(self) -> Path:
        """What students get."""
        return ROOT / "assignments" / self.name

    @cached_property
    def declared(self) -> Declared:
        """What it needs beyond its own folders.

        Raises:
            AssignmentError: `assignment.toml` is not in order; which field, and why.
            OSError: it cannot be read.
        """
        file = self.lesson.parent / DECLARED
        try:
            return typed(read_toml(read_typed(file)), Declared)
        except FileNotFoundError:
            raise AssignmentError(
                f"{file.relative_to(ROOT)} is missing; an empty file will do"
            ) from None
        except RecordError as error:
            raise AssignmentError(f"{file.relative_to(ROOT)}: {error}") from error

    @property
    def declared_files(self) -> list[Path]:
        """The files that its hidden checks use beyond its own folders.

        Raises:
            AssignmentError: a pattern matches none.
        """
        files: dict[Path, None] = {}
        for pattern in self.declared.marks_depend_on:
            file = (self.lesson.parent / DECLARED).relative_to(ROOT)
            try:
                matched = [path for path in sorted(ROOT.glob(pattern)) if path.is_file()]
            except ValueError as error:
                raise AssignmentError(f"{file}: marks_depend_on: {pattern!r}: {error}") from error
            if not matched:
                raise AssignmentError(f"{file}: marks_depend_on: no file matches {pattern!r}")
            files.update(dict.fromkeys(matched))
        return list(files)

    def comparison(self) -> str:
        """The module that compares devices.

        Raises:
            AssignmentError: none is declared.
        """
        if not self.declared.devices:
            raise AssignmentError(
                f"{self.name!r} has no comparison of devices: leave --device out, or write one "
                f"and name it in {(self.lesson.parent / DECLARED).relative_to(ROOT)}: devices"
            )
        return self.declared.devices

    @cached_property
    def rubrics(self) -> dict[str, Rubric]:
        """The rubrics of its tasks; a task without one is marked by its checks' weights alone.

        Raises:
            AssignmentError: they are not in order; which field, and why.
            OSError: they cannot be read.
        """
        file = self.checks / RUBRIC
        if not file.is_file():
            return {}
        return read_rubrics(read_typed(file), str(file.relative_to(ROOT)))

    @cached_property
    def questions(self) -> dict[str, Question]:
        """What its lesson asks before something is run.

        Raises:
            AssignmentError: the questions are not in order; which field, and why.
            OSError: they cannot be read.
        """
        file = self.lesson.parent / QUESTIONS
        if not file.is_file():
            return {}
        return read_questions(read_typed(file), str(file.relative_to(ROOT)))

    @cached_property
    def source(self) -> Notebook:
        """The notebook with its solutions; points, rubrics and questions are filled in."""
        # 0.4 s: jupytext and nbformat; a sandbox is begun before
        from autograder.notebook.lesson import lesson_notebook

        return lesson_notebook(self.lesson, self.rubrics, self.questions)

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks in the order of the notebook."""
        tasks = []
        for cell in self.source.cells:
            terms = cell.metadata.get("nbgrader", {})
            if terms.get("grade"):
                key = terms["grade_id"].removeprefix(TEST_PREFIX)
                rubric = self.rubrics.get(key, NONE)
                by_hand = bool(terms.get("solution"))
                tasks.append(Task(key, float(terms["points"]), by_hand, rubric))
        return tuple(tasks)

    @cached_property
    def names(self) -> frozenset[str]:
        """The classes and functions that students write."""
        from autograder.notebook.lesson import is_solution  # 0.4 s: see `source`

        cells = [cell for cell in self.source.cells if is_solution(cell)]
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        return frozenset(re.findall(r"^(?:class|def) (\w+)", code, re.MULTILINE))

    @property
    def graded_tasks(self) -> tuple[Task, ...]:
        """The tasks that the suites grade."""
        return tuple(task for task in self.tasks if not task.by_hand)

    def require_tasks(self, keys: Iterable[str]) -> None:
        """Raise `UnknownAssignment` for a key that names no graded task."""
        known = [task.key for task in self.graded_tasks]
        for key in keys:
            if key not in known:
                raise UnknownAssignment(f"no graded task {key!r}; the tasks: {', '.join(known)}")

    def suite_files(self, key: str) -> list[Path]:
        """The public, then the hidden checks of a task."""
        name = f"{TEST_PREFIX}{key}.py"
        return [path for folder in (self.checks, self.suite) for path in folder.rglob(name)]


def declared_assignments() -> list[str]:
    """The names of all assignments: the folders of `solutions/` that declare one."""
    return sorted(path.parent.name for path in (ROOT / "solutions").glob(f"*/{DECLARED}"))


def only_assignment() -> str:
    """The one assignment that there is, for commands that name none.

    Raises:
        UnknownAssignment: there are several, or none.
    """
    known = declared_assignments()
    if len(known) != 1:
        there = f"there are {len(known)}: {', '.join(known)}" if known else "there is none"
        raise UnknownAssignment(f"which assignment? {there}")
    return known[0]


def released_notebook(assignment: Assignment) -> Notebook:
    """The notebook students were given.

    Raises:
        FileNotFoundError: there is no release yet.
    """
    path = assignment.release / f"{assignment.name}.ipynb"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; build it with `make release`")
    import nbformat  # 0.15 s: see `Assignment.source`

    return nbformat.read(path, as_version=4)
