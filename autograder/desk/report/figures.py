"""The figures of a class: plain numbers, from which page, plots and CSV are made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles

import numpy as np

from autograder.report.record import Report, TaskReport
from checks.verdicts import CheckResult, Verdict, words

from .class_data import ClassData, Graded

BINS = 10  # of the distribution of marks
FEWEST = 5  # students of whom a correlation, or a figure shown to the class, is made
MISTAKES, HIDDEN = 15, 5  # how many are told: of a class, and of a task's hidden checks


@dataclass(frozen=True)
class Spread:
    """How shares are distributed: each from 0 to 1."""

    n: int
    mean: float
    low: float
    lower: float  # quartile
    middle: float
    upper: float  # quartile
    high: float


@dataclass(frozen=True)
class LineFigure:
    """One line of a task's rubric."""

    task: str
    line: str
    says: str
    max_points: float
    difficulty: float  # mean share of its points that was earned
    discrimination: float | None  # correlation with the rest of the mark
    full: int  # students who earned all of it


@dataclass(frozen=True)
class TaskFigure:
    """One task that the suites grade."""

    task: str
    max_points: float
    shares: Spread
    discrimination: float | None
    full: int
    nothing: int
    lines: tuple[LineFigure, ...]
    values: tuple[float, ...]  # everyone's share


@dataclass(frozen=True)
class Mistake:
    """A task's check that is the first to fail for several students, in the same way."""

    task: str
    check: str
    sentence: str
    count: int
    said: tuple[str, ...]  # what most of them read
    example: str  # a student, "" where none is named


@dataclass(frozen=True)
class Gap:
    """What parts those who pass all public checks of a task from its full marks."""

    task: str
    passed_public: int
    full: int  # of these
    hidden: tuple[tuple[str, str, int], ...]  # what they fail, the commonest first: name, sentence


@dataclass(frozen=True)
class SectionFigure:
    """One section of the course."""

    section: str
    shares: Spread
    tasks: tuple[tuple[str, float], ...]  # mean share of each
    values: tuple[float, ...]


@dataclass(frozen=True)
class HandFigure:
    """What a person grades."""

    max_points: float
    given: int
    mean: float | None  # of the points given
    waits: int
    waiting: tuple[str, ...]  # who they are; nobody where none is named


@dataclass(frozen=True)
class DayFigure:
    """The attempts of one day that came by pull request."""

    day: str
    attempts: int
    students: int


@dataclass(frozen=True)
class Figures:
    """All figures of a class."""

    anonymous: bool
    graded: int
    max_points: float
    marks: Spread | None
    values: tuple[float, ...]  # everyone's share of the points
    bins: tuple[int, ...]  # students in each tenth of the points, the last with its upper bound
    tasks: tuple[TaskFigure, ...]
    mistakes: tuple[Mistake, ...]
    gaps: tuple[Gap, ...]
    sections: tuple[SectionFigure, ...]
    hand: HandFigure | None
    days: tuple[DayFigure, ...]
    standing: tuple[tuple[str, int], ...]  # what became of those without a mark
    without: tuple[tuple[str, str], ...]  # who they are

    @property
    def lines(self) -> list[LineFigure]:
        """The lines of all rubrics."""
        return [line for task in self.tasks for line in task.lines]


def figures(data: ClassData, anonymous: bool = False) -> Figures:
    """Count.

    Args:
        anonymous: for showing in class. Nobody is named, no words that may quote a student are
            told, and no figure of fewer than `FEWEST` students.
    """
    graded = list(data.graded)
    if anonymous and len(graded) < FEWEST:
        graded = []
    values = tuple(_share(one.report.points, one.report.max_points) for one in graded)
    standing = Counter(status.partition(":")[0] for status in data.without.values())
    return Figures(
        anonymous=anonymous,
        graded=len(data.graded),
        max_points=graded[0].report.max_points if graded else 0.0,
        marks=spread(values),
        values=values,
        bins=_bins(values),
        tasks=tuple(_tasks(graded)),
        mistakes=tuple(_mistakes(graded, anonymous))[:MISTAKES],
        gaps=tuple(_gaps(graded, anonymous)),
        sections=tuple(_sections(graded, anonymous)),
        hand=_hand(data, anonymous),
        days=tuple(_days(data, anonymous)),
        standing=tuple(standing.most_common()),
        without=() if anonymous else tuple(sorted(data.without.items())),
    )


def spread(values: Sequence[float]) -> Spread | None:
    """How values are distributed; None of none."""
    if not values:
        return None
    several = len(values) > 1
    low, mid, up = quantiles(values, n=4, method="inclusive") if several else [values[0]] * 3
    return Spread(len(values), fmean(values), min(values), low, mid, up, max(values))


def correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Pearson's; None where there are too few, or one side is all alike."""
    if len(left) < FEWEST or np.ptp(left) < 1e-9 or np.ptp(right) < 1e-9:
        return None
    return float(np.corrcoef(left, right)[0, 1])


def _share(points: float, most: float) -> float:
    return points / most if most else 0.0


def _bins(values: Sequence[float]) -> tuple[int, ...]:
    counts = Counter(min(int(value * BINS + 1e-9), BINS - 1) for value in values)
    return tuple(counts[number] for number in range(BINS))


def _tasks(graded: Sequence[Graded]) -> Iterator[TaskFigure]:
    for key, rows in _by_task(graded).items():
        parts = [task for _, task in rows]
        most = parts[0].max_points
        earned = [task.points or 0.0 for task in parts]
        totals = [report.points for report, _ in rows]
        values = tuple(_share(task.points or 0.0, task.max_points) for task in parts)
        shares = spread(values)
        assert shares is not None
        yield TaskFigure(
            task=key,
            max_points=most,
            shares=shares,
            discrimination=correlation(earned, np.subtract(totals, earned).tolist()),
            full=sum(task.points == task.max_points for task in parts),
            nothing=sum(not points for points in earned),
            lines=tuple(_lines(key, parts, totals)),
            values=values,
        )


def _by_task(graded: Sequence[Graded]) -> dict[str, list[tuple[Report, TaskReport]]]:
    """Everyone's report and part of it, by task; tasks that a person grades are left out."""
    found: dict[str, list[tuple[Report, TaskReport]]] = defaultdict(list)
    for one in graded:
        for task in one.report.tasks:
            if not task.by_hand:
                found[task.key].append((one.report, task))
    return found


def _lines(key: str, parts: Sequence[TaskReport], totals: Sequence[float]) -> Iterator[LineFigure]:
    """The lines that everybody was marked by: a rubric that was changed since may have others."""
    marks = [{one.line.key: one for one in task.mark.lines} for task in parts]
    for one in parts[-1].mark.lines:
        if not one.line.key or not all(one.line.key in lines for lines in marks):
            continue
        own = [lines[one.line.key] for lines in marks]
        earned = [mark.points for mark in own]
        yield LineFigure(
            task=key,
            line=one.line.key,
            says=one.line.says,
            max_points=one.line.points,
            difficulty=fmean(_share(mark.points, mark.line.points) for mark in own),
            discrimination=correlation(earned, np.subtract(totals, earned).tolist()),
            full=sum(mark.points == mark.line.points for mark in own),
        )


def _mistakes(graded: Sequence[Graded], anonymous: bool) -> Iterator[Mistake]:
    """What fails first in each task, the commonest first."""
    met: dict[tuple[str, str, str], list[tuple[str, CheckResult]]] = defaultdict(list)
    for one in graded:
        for task in one.report.tasks:
            check = task.first_to_fix
            if check is not None:
                met[_kind(check)].append((one.student, check))
    for found in sorted(met.values(), key=len, reverse=True):
        if anonymous and len(found) < FEWEST:
            continue
        checks = [check for _, check in found]
        said = Counter(tuple(words(check)) for check in checks)
        common = next(iter(said.most_common(1)))[0]
        # numbers and names in it are one student's: the first who reads it is the example
        who, first = next(pair for pair in found if tuple(words(pair[1])) == common)
        if anonymous:
            common = tuple(_judges_words(first))
        yield Mistake(
            first.task, first.check, first.sentence, len(found), common, "" if anonymous else who
        )


def _kind(check: CheckResult) -> tuple[str, str, str]:
    """What makes two failures the same: the check, and its cause as far as it is known."""
    cause = check.faults[0].rationale if check.faults else check.help
    return check.check, str(check.verdict), cause


def _judges_words(check: CheckResult) -> Iterator[str]:
    """What is said of a failure in words that quote nobody."""
    if check.verdict is not Verdict.WRONG:
        yield str(check.verdict)
    yield from [check.help] if check.help else []


def _gaps(graded: Sequence[Graded], anonymous: bool) -> Iterator[Gap]:
    for key, rows in _by_task(graded).items():
        passed = [
            task
            for _, task in rows
            if all(c.verdict is Verdict.PASSED for c in task.decided if c.public)
        ]
        lost = [task for task in passed if task.points != task.max_points]
        failed = Counter(
            (check.check, check.sentence)
            for task in lost
            for check in task.decided
            if not check.public and check.verdict is not Verdict.PASSED and not check.follows
        )
        common = failed.most_common(HIDDEN)
        told = [(*said, n) for said, n in common if not anonymous or n >= FEWEST]
        yield Gap(key, len(passed), len(passed) - len(lost), tuple(told))


def _sections(graded: Sequence[Graded], anonymous: bool) -> Iterator[SectionFigure]:
    by_section: dict[str, list[Graded]] = defaultdict(list)
    for one in graded:
        by_section[one.section].append(one)
    if not set(by_section) - {""}:
        return
    for section in sorted(by_section):
        members = by_section[section]
        if anonymous and len(members) < FEWEST:
            continue
        values = tuple(_share(one.report.points, one.report.max_points) for one in members)
        shares = spread(values)
        assert shares is not None
        tasks = tuple(
            (key, fmean(_share(task.points or 0.0, task.max_points) for _, task in rows))
            for key, rows in _by_task(members).items()
        )
        yield SectionFigure(section or "no section", shares, tasks, values)


def _hand(data: ClassData, anonymous: bool) -> HandFigure | None:
    if not data.by_hand_points:
        return None
    given = [one.by_hand for one in data.graded if one.by_hand is not None]
    few = not given or (anonymous and len(given) < FEWEST)
    waiting = tuple(one.student for one in data.graded if one.by_hand is None)
    return HandFigure(
        max_points=data.by_hand_points,
        given=len(given),
        mean=None if few else fmean(given),
        waits=len(waiting),
        waiting=() if anonymous else waiting,
    )


def _days(data: ClassData, anonymous: bool) -> Iterator[DayFigure]:
    if anonymous and len({attempt.login.lower() for attempt in data.attempts}) < FEWEST:
        return
    days: dict[str, list[str]] = defaultdict(list)
    for attempt in data.attempts:
        days[attempt.day].append(attempt.login.lower())
    for day in sorted(days):
        yield DayFigure(day, len(days[day]), len(set(days[day])))
