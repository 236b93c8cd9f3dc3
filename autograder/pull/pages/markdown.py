"""The summary that a student reads below the pull request, in GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.pull.outcome import GRADED, GRADER_ERROR, Outcome
from autograder.report.view import TaskView, View
from autograder.terms import Reveal
from autograder.text import markdown
from checks.verdicts import FOLLOWS, CheckResult, Verdict, sign, words

LIMIT = 60_000  # characters; GitHub takes 65,536 in a comment
MARK = "<!-- autograder -->"  # by which the comment is found again
LEFT_OUT = "Further details do not fit here; run `make check` for the public checks."


def summary(outcome: Outcome, view: View | None = None, before: View | None = None) -> str:
    """The whole page.

    Args:
        view: what may be shown of the report; None if there is none.
        before: the same of the attempt before, None if it is not known.
    """
    parts = [MARK, *_head(outcome, view)]
    if view is not None:
        parts += [*_table(view), *_first(view), *_changed(view, before)]
        length = sum(map(len, parts)) + len(LEFT_OUT) + 2_000  # what follows the details
        for part in _details(view):
            length += len(part) + 2
            if length > LIMIT:
                parts.append(LEFT_OUT)
                break
            parts.append(part)
    return "\n\n".join([*parts, *_foot(outcome, view)]) + "\n"


def _head(outcome: Outcome, view: View | None) -> Iterator[str]:
    name = markdown(outcome.assignment or "pull request")
    if outcome.status == GRADER_ERROR:
        yield f"## {name}: our fault"
        yield "The grader failed. It costs you nothing; your instructor has to look."
    elif outcome.status != GRADED:
        yield f"## {name}: not graded"
    elif view is None or view.points is None:
        yield f"## {name}: received and graded"
        yield "The marks are not shown yet."
    else:
        yield f"## {name}: {view.points:g} of {view.max_points:g} points"
        if outcome.penalty_percent:
            left = round(view.points * (1 - outcome.penalty_percent / 100), 2)
            yield f"Less {outcome.penalty_percent:g} % for lateness: {left:g} points."
    yield from (markdown(said, 2_000) for said in outcome.words)
    if view is not None:
        yield from (f"About your notebook: {markdown(finding)}." for finding in view.findings)


def _table(view: View) -> Iterator[str]:
    if view.tasks:
        rows = ["| | task | points |", "|---|---|---:|"]
        for task in view.tasks:
            if task.points is None:
                rows.append(f"| ✎ | {_key(task)} | by hand, up to {task.max_points:g} |")
            else:
                mark = "✓" if task.full else "✗"
                rows.append(f"| {mark} | {_key(task)} | {task.points:g} of {task.max_points:g} |")
        yield "\n".join(rows)


def _first(view: View) -> Iterator[str]:
    if view.first_to_fix is not None:
        task, check = view.first_to_fix
        said = [f"- {markdown(said)}" for said in words(check)]
        first = f"**Fix this first**, in {_key(task)}: {markdown(check.sentence)}"
        yield "\n".join([first, *said])
    elif view.level >= Reveal.CHECKS:
        yield "Nothing is left to fix."


def _changed(view: View, before: View | None) -> Iterator[str]:
    if before is None or not view.tasks:
        return
    was = {task.key: task for task in before.tasks}
    lines = []
    for task in view.tasks:
        old = was.get(task.key)
        if old is None or old.points is None or task.points is None:
            continue
        if old.points != task.points:
            lines.append(f"- {_key(task)}: {old.points:g} → {task.points:g} points")
        passed = {check.check for check in old.checks if check.verdict is Verdict.PASSED}
        failed = {check.check for check in old.checks} - passed
        for check in task.checks:
            if check.verdict is Verdict.PASSED and check.check in failed:
                lines.append(f"- passes now: {markdown(check.sentence)}")
            elif check.verdict is not Verdict.PASSED and check.check in passed:
                lines.append(f"- passed before: {markdown(check.sentence)}")
    yield "**Since your last attempt**" + (": nothing has changed." if not lines else "")
    if lines:
        yield "\n".join(lines)


def _details(view: View) -> Iterator[str]:
    for task in view.tasks:
        if not task.checks or task.points is None:
            continue
        title = f"{_key(task)}: {task.points:g} of {task.max_points:g} points"
        lines = [said for check in task.told for said in _check(check)]
        if task.following:
            lines.append(f"- {sign(Verdict.SKIPPED)} these fail too, which {FOLLOWS}:")
            lines += [f"  - {markdown(check.sentence)}" for check in task.following]
        body = "\n\n".join([*_rubric(task), "\n".join(lines)])
        yield f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"
    if view.beside:
        rows = "\n".join(f"- {markdown(k)}: {markdown(str(v))}" for k, v in view.beside.items())
        yield f"<details><summary>beside the mark</summary>\n\n{rows}\n\n</details>"


def _rubric(task: TaskView) -> Iterator[str]:
    """The lines of a task's rubric with what each earned, and why not more."""
    if task.lines:
        rows = ["| | what counts | points |", "|---|---|---:|"]
        for line in task.lines:
            mark = "✓" if line.full else "✗"
            says = markdown(line.says)
            rows.append(f"| {mark} | {says} | {line.points:g} of {line.max_points:g} |")
        yield "\n".join(rows)
    if task.limit:
        yield f"{markdown(task.limit)}."


def _check(check: CheckResult) -> Iterator[str]:
    yield f"- {sign(check.verdict)} {markdown(check.sentence)}"
    yield from (f"  - {markdown(said)}" for said in words(check))


def _foot(outcome: Outcome, view: View | None) -> Iterator[str]:
    facts = []
    if outcome.path:
        facts.append(f"{markdown(outcome.path)} at {markdown(outcome.head[:12])}")
    if outcome.came:
        facts.append(f"received {markdown(outcome.came)}, by the server's clock")
    if outcome.committed:
        facts.append(f"committed {markdown(outcome.committed)}, as the commit says")
    if outcome.attempt:
        facts.append(f"attempt {outcome.attempt} of the day")
    if view is not None:
        facts.append(f"graded behind {markdown(view.wall)}")
    if facts:
        yield f"<sub>{'; '.join(facts)}.</sub>"


def _key(task: TaskView) -> str:
    return markdown(task.key)
