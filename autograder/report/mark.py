"""What a task earns: its rubric's lines, from the verdicts of its checks.

- A check is evidence about one line. What passes earns its weight, what fails loses it.
- A mistake that was recognised costs its price on the line that it breaks, once, whatever checks it
  trips: these count as if they had passed.
- What follows from a failure that was not recognised says nothing: its weight is shared out by the
  line's other checks, and a line without others by the task's other lines.
- Form alone earns nothing: unless one of the checks holds that a limit of the rubric names, a task
  is worth at most what the limit says. A limit of nothing must be seen to be due: by these checks
  themselves, not by a crash or by what follows from something else.
- Where no hidden check holds a task is worth nothing, since the inputs of public ones are known and
  can be answered by rote.
- A check may be excused or dropped after the release: `excuse.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from autograder.rubric import Limit, Line, Rubric
from checks.verdicts import CheckResult, Fault, Verdict

from .excuse import DROPPED, EXCUSED, Excuse, as_decided, excuse_of

EVERYTHING = ""  # the one line of a task that has no rubric


@dataclass(frozen=True)
class Loss:
    """Why a line lost points: a check that failed, or a mistake that was recognised in one."""

    check: CheckResult
    fault: Fault | None = None


@dataclass(frozen=True)
class LineMark:
    """What one line of a rubric earned."""

    line: Line
    points: float
    judged: bool = True  # False: no check could say anything about it; the other lines decided
    lost: tuple[Loss, ...] = ()  # what it lost points for, each once


@dataclass(frozen=True)
class Mark:
    """What a task earned, line by line, and the limit that cut it, if one did."""

    points: float
    lines: tuple[LineMark, ...]
    limit: Limit | None = None
    by_rote: bool = False  # only public checks hold


def mark(
    max_points: float,
    checks: Sequence[CheckResult],
    rubric: Rubric,
    excuses: Sequence[Excuse] = (),
) -> Mark:
    """Mark one task."""
    lines = rubric.line
    if not lines:
        lines, checks = (Line(EVERYTHING, max_points, ""),), [_of_no_line(c) for c in checks]
    dropped = [excuse for excuse in excuses if excuse.how == DROPPED]
    hidden = [c for c in checks if not c.public and excuse_of(c, dropped) is None]
    by_rote = bool(hidden) and not any(map(_holds, hidden))
    marks = _marked(lines, list(_counted(checks, excuses)))
    points = sum(one.points for one in marks)
    if by_rote:
        return Mark(0.0, marks, by_rote=points > 0)
    if excuses and not any(one.points for one in _marked(lines, checks)):
        return Mark(0.0, _marked(lines, checks))  # an excuse alone is nothing that was done
    broken = [limit for limit in rubric.at_most if _applies(limit, _counted(checks, excuses))]
    limit = min(broken, key=lambda one: one.share, default=None)
    if limit is not None and points > limit.share * max_points:
        return Mark(round(limit.share * max_points, 2), marks, limit)
    return Mark(round(points, 2), marks)


def _marked(lines: Sequence[Line], checks: Sequence[CheckResult]) -> tuple[LineMark, ...]:
    """What each line earns before limits."""
    kept = {line.key: _kept(line.key, checks) for line in lines}
    judged = [(line.points, share) for line in lines if (share := kept[line.key]) is not None]
    # what nothing is known about is taken to be as the rest
    known = sum(points for points, _ in judged)
    rest = sum(points * share for points, share in judged) / known if known else 0.0
    marks = []
    for line in lines:
        share = kept[line.key]
        points = line.points * (rest if share is None else share)
        lost = tuple(_losses(line.key, checks))
        marks.append(LineMark(line, round(points, 2), share is not None, lost))
    return tuple(marks)


def _counted(checks: Sequence[CheckResult], excuses: Sequence[Excuse]) -> Iterator[CheckResult]:
    """The checks as they count after what was decided of them."""
    for check in checks:
        excuse = excuse_of(check, excuses)
        if excuse is None:
            yield check
        elif excuse.how == EXCUSED:  # known: what follows from it counts as passed too
            yield replace(as_decided(check, excuses), known=True)


def _of_no_line(check: CheckResult) -> CheckResult:
    """A check as it counts where there is no rubric: all are evidence about the one line."""
    faults = tuple(replace(fault, line=EVERYTHING) for fault in check.faults)
    return replace(check, line=EVERYTHING, faults=faults)


def _kept(key: str, checks: Sequence[CheckResult]) -> float | None:
    """The share of a line that is kept, None where there is no evidence."""
    by_name = {check.check: check for check in checks}
    passed = lost = 0.0
    for check in checks:
        if check.line != key:
            continue
        if _holds(check):
            passed += check.weight
        elif not check.follows:
            lost += check.weight
        elif (cause := by_name.get(check.follows)) is not None and cause.known:
            passed += check.weight
    costs = [fault.share for check in checks for fault in check.faults if fault.line == key]
    if not (passed or lost):
        return max(0.0, 1.0 - max(costs)) if costs else None
    return max(0.0, 1.0 - max([lost / (passed + lost), *costs]))


def _losses(key: str, checks: Sequence[CheckResult]) -> Iterator[Loss]:
    told = set()
    for check in checks:
        for fault in check.faults:
            if fault.line == key and fault.rationale not in told:
                told.add(fault.rationale)
                yield Loss(check, fault)
        failed = check.verdict is not Verdict.PASSED and not check.known
        if check.line == key and failed and not check.follows and check.weight:
            yield Loss(check)


def _holds(check: CheckResult) -> bool:
    """Whether a check passed, or would have but for mistakes that are charged by themselves."""
    return check.verdict is Verdict.PASSED or (check.verdict is Verdict.WRONG and check.known)


def _applies(limit: Limit, checks: Iterable[CheckResult]) -> bool:
    named = [check for check in checks if check.check.partition("/")[2] in limit.unless]
    if not named or any(map(_holds, named)):  # none: all were dropped
        return False
    return limit.share > 0 or all(
        check.verdict is Verdict.WRONG and not check.follows for check in named
    )
