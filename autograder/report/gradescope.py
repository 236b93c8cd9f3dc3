"""Gradescope's `results.json`: a test a task, hidden or shown as the offering says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from autograder.terms import Reveal, Terms
from autograder.text import line
from checks.verdicts import words

from .record import Report, TaskReport
from .view import View, shown

VISIBLE, AFTER_DUE, HIDDEN = "visible", "after_due_date", "hidden"


def gradescope(told: Sequence[str], report: Report | None, level: Reveal, terms: Terms) -> str:
    """The whole file. All of it is plain text to Gradescope, never HTML or Markdown.

    Late penalties are Gradescope's own, so the score is the judge's.

    Args:
        told: what the student is told besides the report.
    """
    if report is None:
        record: dict[str, Any] = {"output": "\n".join(told), "tests": []}
        # without a score Gradescope reports an error of the autograder, which this is
        return json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    view = shown(report, level)
    record = {
        "score": report.points,
        "visibility": VISIBLE if level >= Reveal.TOTAL else _later(terms, Reveal.TOTAL),
        "output_format": "text",
        "output": "\n".join(line(said) for said in (*told, *view.findings)),
        "tests": [_test(task, view, terms) for task in report.tasks if not task.by_hand],
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _test(task: TaskReport, view: View, terms: Terms) -> dict[str, Any]:
    told = next((known for known in view.tasks if known.key == task.key), None)
    passed = task.points == task.max_points
    said = []
    for one in told.lines if told else ():
        said.append(f"{one.points:g} of {one.max_points:g}: {line(one.says)}")
        said += [f"    {line(text)}" for text in one.why]
    said += [line(told.limit)] if told and told.limit else []
    for check in told.checks if told else ():
        said.append(f"{check.verdict}: {line(check.sentence)}")
        said += [f"    {line(text)}" for text in words(check)]
    return {
        "name": task.key,
        "score": task.points,
        "max_score": task.max_points,
        "status": "passed" if passed else "failed",
        "output_format": "text",
        "output": "\n".join(said),
        "visibility": VISIBLE if told else _later(terms, Reveal.TASKS),
    }


def _later(terms: Terms, needed: Reveal) -> str:
    return AFTER_DUE if terms.due and terms.reveal_after_due >= needed else HIDDEN
