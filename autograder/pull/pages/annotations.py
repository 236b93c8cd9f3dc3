"""GitHub's annotations: for each task the first thing to fix, at its cell of the notebook."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autograder.pull.outcome import Outcome
from autograder.report.view import View
from autograder.text import command, command_property, line
from checks.verdicts import Verdict, words


def commands(outcome: Outcome, view: View, notebook: bytes) -> str:
    """Workflow commands, a line each."""
    return "".join(f"{said}\n" for said in _commands(outcome, view, notebook))


def _commands(outcome: Outcome, view: View, notebook: bytes) -> Iterator[str]:
    for task in view.tasks:
        check = next((c for c in task.checks if c.verdict is not Verdict.PASSED), None)
        if check is None:
            continue
        message = "\n".join(line(said) for said in (check.sentence, *words(check)))
        place = f"file={command_property(outcome.path)},line={cell_line(notebook, task.key)}"
        yield f"::error {place},title={command_property(task.key)}::{command(message)}"


def cell_line(notebook: bytes, key: str) -> int:
    """The line of a notebook's file on which a cell's id stands, counted from 1; 1 if nowhere.

    Within a cell's code the quotes would be escaped, so only the id itself can match.
    """
    wanted = rf'"grade_id"\s*:\s*"{re.escape(key)}"'.encode()
    match = re.search(wanted, notebook)
    return notebook.count(b"\n", 0, match.start()) + 1 if match else 1
