"""What parts two reports of one submission: for whoever has graded it twice."""

from __future__ import annotations

from collections.abc import Iterator

from checks.verdicts import CheckResult, Verdict, words

from .record import Report, TaskReport


def changed_tasks(before: Report, after: Report) -> list[tuple[TaskReport, TaskReport]]:
    """The tasks whose points differ."""
    was = {task.key: task for task in before.tasks}
    pairs = [(was[task.key], task) for task in after.tasks if task.key in was]
    return [
        (old, new)
        for old, new in pairs
        if (old.points, old.max_points) != (new.points, new.max_points)
    ]


def compared(before: Report, after: Report) -> Iterator[str]:
    """What has changed from one report to the other, a line of text each; none if nothing has."""
    if before.points != after.points or before.max_points != after.max_points:
        was_of = _of(before.points, before.max_points)
        yield f"total: {was_of} → {_of(after.points, after.max_points)}"
    was = {task.key: task for task in before.tasks}
    for task in after.tasks:
        old = was.get(task.key)
        if old is None:
            yield f"{task.key}: new"
        elif not task.by_hand:
            lines = list(_of_task(old, task))
            points = f"{old.points:g} → {_of(task.points or 0.0, task.max_points)}"
            if old.points != task.points or lines:
                yield f"{task.key}: {points if old.points != task.points else 'as before'}"
            yield from (f"  {line}" for line in lines)
    for key in was.keys() - {task.key for task in after.tasks}:
        yield f"{key}: no longer there"
    for finding in after.findings:
        if finding not in before.findings:
            yield f"about the notebook, new: {finding}"
    for finding in before.findings:
        if finding not in after.findings:
            yield f"about the notebook, no longer: {finding}"


def _of_task(old: TaskReport, new: TaskReport) -> Iterator[str]:
    was = {one.line.key: one for one in old.mark.lines}
    for one in new.mark.lines:
        before = was.get(one.line.key)
        if one.line.key and before is not None and before.points != one.points:
            points = f"{before.points:g} → {_of(one.points, one.line.points)}"
            yield f"line {one.line.key}: {points}"
    checks = {check.check: check for check in old.decided}
    for check in new.decided:
        if check.check not in checks:
            yield f"new check {check.check}: {check.verdict}"
        elif _said(checks[check.check]) != _said(check):
            earlier = checks[check.check]
            verdicts = f"{earlier.verdict} → {check.verdict}"
            same = earlier.verdict == check.verdict
            yield f"{check.check}: {f'{check.verdict} as before' if same else verdicts}"
            if check.verdict is not Verdict.PASSED or check.rationale:
                yield from (f"  {said}" for said in words(check))
    for name in checks.keys() - {check.check for check in new.decided}:
        yield f"check {name}: no longer there"


def _said(check: CheckResult) -> tuple[object, ...]:
    return check.verdict, *words(check)


def _of(points: float, most: float) -> str:
    return f"{points:g} of {most:g}"
