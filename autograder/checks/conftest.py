"""Lets plain `pytest` run the public checks on the notebook in the folder above."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from . import probes  # type: ignore[attr-defined]  # in a release both lie in one package
from .cells import as_when_graded, program
from .plugin import PUBLIC_SALT, Grading
from .printable import print_any_sign
from .program import Lesson, Program, fresh_module
from .student import LocalRunner, Student


def pytest_configure(config: pytest.Config) -> None:
    """Run the notebook's cells once and offer them as the fixture `student`."""
    print_any_sign()
    found = sorted(Path(__file__).resolve().parent.parent.glob("*.ipynb"))
    if len(found) != 1:
        raise pytest.UsageError(
            f"expected one notebook beside `checks`, found {[path.name for path in found]}"
        )
    try:
        cells = json.loads(found[0].read_text(encoding="utf-8"))["cells"]
        code = program(cells)
    except (ValueError, KeyError, TypeError) as error:
        raise pytest.UsageError(f"{found[0].name} is not a readable notebook: {error}") from error
    module = fresh_module("__main__")
    ran = Program(code)
    with as_when_graded(found[0].parent):
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
    student = Student(LocalRunner(Lesson(module.__dict__, ran.left_out), probes))
    config.pluginmanager.register(Grading(student, None, PUBLIC_SALT), "grading")
