"""Lets plain `pytest` run the public checks on the notebook in the folder above."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from .cells import as_when_graded, code_to_run
from .feedback import Feedback
from .plugin import PUBLIC_SALT, Grading, Overtime, brief, declared_checks
from .printable import print_any_sign, printable
from .program import Cell, Lesson, Program, fresh_module
from .selfcheck import SECONDS, of_this_release
from .student import LocalRunner, Student

FOLDER = Path(__file__).resolve().parent


def pytest_configure(config: pytest.Config) -> None:
    """Run the notebook's cells once and offer them as the fixture `student`."""
    print_any_sign()
    code = read(the_notebook(FOLDER.parent))
    module = fresh_module("__main__")
    ran = Program(code)
    with as_when_graded(FOLDER.parent):
        ran.run(module)
    whole = {cell.label for cell in code if cell.whole}
    for trouble in ran.troubles.values():
        if trouble.label in whole and not trouble.stub:
            print(
                f"cell `{trouble.label}`, line {trouble.line}: {trouble.type_name}: "
                f"{trouble.message}"
            )
    for one in ran.left_out:
        print(one.sentence())
    probes = importlib.import_module(f".{of_this_release().name}.probes", __package__)
    student = Student(LocalRunner(Lesson(module.__dict__, ran.left_out), probes), probes)
    config.pluginmanager.register(Grading(student, None, PUBLIC_SALT), "grading")
    config.pluginmanager.register(Overtime(SECONDS), "patience")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """All is well only if every check has passed that the files declare, or that was chosen."""
    options = session.config.option
    if exitstatus != pytest.ExitCode.OK or options.collectonly:
        return
    chosen = options.keyword or options.markexpr or options.deselect
    asked = [Path(name).resolve() for name in session.config.args]
    chosen = chosen or not all(place.is_dir() for place in asked)
    every = [] if chosen else sorted(of_this_release().rglob("test_*.py"))
    files = [file for file in every if any(file.is_relative_to(place) for place in asked)]
    grading = grading_of(session.config)
    declared = (name for file in files for name in declared_checks(file))
    grading.problems += grading.missing_evidence(declared)
    if grading.problems:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say of every task what `check(...)` says of it in the notebook."""
    grading = grading_of(config)
    if grading.problems:
        terminalreporter.write_line(f"the checks could not all run: {brief(grading.problems)}")
    for task in dict.fromkeys(result.task for result in grading.results.values()):
        results = [result for result in grading.results.values() if result.task == task]
        terminalreporter.write_line(printable(Feedback(task, results).text))


def grading_of(config: pytest.Config) -> Grading:
    """What `pytest_configure` has put there."""
    grading = config.pluginmanager.get_plugin("grading")
    assert isinstance(grading, Grading)
    return grading


def the_notebook(folder: Path) -> Path:
    """The one notebook in a folder.

    Raises:
        pytest.UsageError: there is none, or more than one.
    """
    notebooks = sorted(path for path in folder.glob("*.*") if path.suffix.lower() == ".ipynb")
    if not notebooks:
        raise pytest.UsageError(f"no notebook lies beside `checks`: put yours into {folder}")
    if len(notebooks) > 1:
        names = ", ".join(repr(path.name) for path in notebooks)
        raise pytest.UsageError(
            f"{len(notebooks)} notebooks lie beside `checks`: {names}; leave the one that you hand "
            "in, and move the others to another folder"
        )
    return notebooks[0]


def read(notebook: Path) -> list[Cell]:
    """The code of a notebook.

    Raises:
        pytest.UsageError: it cannot be read.
    """
    try:
        return code_to_run(json.loads(notebook.read_text(encoding="utf-8-sig"))["cells"])
    except json.JSONDecodeError as error:
        why = f"no JSON at line {error.lineno}, column {error.colno}"
    except (ValueError, OSError) as error:
        why = str(error)
    except (KeyError, TypeError, AttributeError):
        why = "it has no list of cells as Jupyter writes it"
    raise pytest.UsageError(
        f"{notebook.name!r} is not a readable notebook ({why}): open it in Jupyter and save it "
        "again, or start from the one handed out"
    )
