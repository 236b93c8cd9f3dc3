"""Renderings of a report: HTML for feedback, text for the terminal. Nothing here decides."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from autograder.text import without_controls
from checks.verdicts import FOLLOWS, Verdict, sign, words

from .record import Report, TaskReport
from .view import LineView, TaskView, shown_task

NOT_TOLD = sign(Verdict.SKIPPED)
FOLLOW = f"these fail too, which {FOLLOWS}:"


def task_html(task: TaskReport, findings: Sequence[str] = ()) -> str:
    """One task's verdicts as a small page: what is shown below its test cell."""
    parts = [f"<div>About your notebook: {_html(finding)}.</div>" for finding in findings]
    view = shown_task(task)
    parts.append(f"<div><b>{_html(_title(view))}</b></div>")
    if view.lines:
        parts.append("<table><tr><th>what counts</th><th>points</th></tr>")
        for line in view.lines:
            says = f"{_tick(line)} {_html(line.says)}{_below(line.why)}"
            points = f"{line.points:g} of {line.max_points:g}"
            parts.append(f"<tr><td>{says}</td><td>{points}</td></tr>")
        parts.append("</table>")
    if view.limit:
        parts.append(f"<div>{_html(view.limit)}.</div>")
    parts.append("<ul>")
    for check in view.told:
        said = _below(words(check))
        parts.append(f"<li>{sign(check.verdict)} {_html(check.sentence)}{said}</li>")
    if view.following:
        parts.append(f"<li>{NOT_TOLD} {_html(FOLLOW)}")
        parts.append(_below([check.sentence for check in view.following]) + "</li>")
    return "".join([*parts, "</ul>"])


def task_text(task: TaskReport) -> list[str]:
    """One task's verdicts as lines of text."""
    if task.by_hand:
        return [f"{task.key}: graded by hand, up to {task.max_points:g} points"]
    view = shown_task(task)
    lines = [_title(view)]
    for one in view.lines:
        lines.append(f"  {_tick(one)} {one.points:g} of {one.max_points:g}: {one.says}")
        lines += [f"      {line}" for line in one.why]
    lines += [f"  {view.limit}"] if view.limit else []
    lines += ["  checks:"] if view.lines else []
    for check in view.told:
        lines.append(f"  {sign(check.verdict)} {check.sentence}")
        lines += [f"      {line}" for line in words(check)]
    if view.following:
        lines.append(f"  {NOT_TOLD} {FOLLOW}")
        lines += [f"      {check.sentence}" for check in view.following]
    return [_line(line) for line in lines]


def _title(view: TaskView) -> str:
    return f"{view.key}: {view.points:g} of {view.max_points:g} points"


def _tick(line: LineView) -> str:
    return sign(Verdict.PASSED if line.full else Verdict.WRONG)


def _below(lines: Sequence[str]) -> str:
    said = "".join(f"<li><i>{_html(line)}</i></li>" for line in lines)
    return f"<ul>{said}</ul>" if said else ""


def report_text(report: Report) -> str:
    """The whole report for a terminal."""
    lines = [f"{report.assignment}: {report.points:g} of {report.max_points:g} points"]
    lines += [_line(f"about the notebook: {finding}") for finding in report.findings]
    for task in report.tasks:
        lines += ["", *task_text(task)]
    facts = [(name, value) for name, value in report.beside.items() if not isinstance(value, dict)]
    lines += ["", *(f"{name}: {value}" for name, value in facts)]
    bound = f", bounded by {report.bound}" if report.bound else ""
    lines += [f"graded behind: {report.wall}{bound}"]
    return "\n".join(lines)


def outcome_line(notebook: Path, report: Report) -> str:
    """A notebook's points and the first thing to fix, on one line."""
    return _line(f"{notebook}: {report.points:g} of {report.max_points:g}: {first_words(report)}")


def first_words(report: Report) -> str:
    """The first thing to fix, on one line."""
    if report.first_to_fix is None:
        return "nothing"
    task, check = report.first_to_fix
    if report.findings:
        return _line(report.findings[0])
    return _line(f"{task.key}: {check.rationale or check.sentence}")


def _line(text: str) -> str:
    """Text that stays on its line: an exception's message could else write lines of its own."""
    return " ".join(without_controls(text).splitlines())


def _html(text: str) -> str:
    return escape(without_controls(text))
