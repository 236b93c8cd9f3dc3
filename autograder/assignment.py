"""An assignment: where its lesson, suites and release lie, and what its tasks are worth."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import UnknownAssignment

ROOT = Path(__file__).resolve().parent.parent
Notebook = Any  # a `nbformat.NotebookNode`, which has no types of its own; see `source`
TEST_PREFIX = "test_"


@dataclass(frozen=True)
class Task:
    """One task: its key is the stub's grade id, the suite's file name and the report's row."""

    key: str
    points: float
    by_hand: bool  # graded by a person, in nbgrader


@dataclass(frozen=True)
class Assignment:
    """An assignment, known by its name: the folder in `solutions/` and in the suites."""

    name: str

    def __post_init__(self) -> None:
        if not self.lesson.is_file():
            known = sorted(p.parent.name for p in (ROOT / "solutions").glob("*/*.py"))
            raise UnknownAssignment(
                f"no assignment {self.name!r}: {self.lesson} is not there; known: "
                f"{', '.join(sorted(set(known))) or 'none'}"
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
    def source(self) -> Notebook:
        """The notebook with its solutions."""
        # 0.4 s: jupytext and nbformat; a sandbox is begun before
        from autograder.notebook.lesson import lesson_notebook

        return lesson_notebook(self.lesson)

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks in the order of the notebook."""
        tasks = []
        for cell in self.source.cells:
            terms = cell.metadata.get("nbgrader", {})
            if terms.get("grade"):
                key = terms["grade_id"].removeprefix(TEST_PREFIX)
                tasks.append(Task(key, float(terms["points"]), bool(terms.get("solution"))))
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
