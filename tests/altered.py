"""What a submission could answer instead of the truth: true answers, altered.

`python -m tests.altered TASK [CASES [EVERY [SEED]]]` alters so many answers (2,000) to the checks
of a task, and tells what went wrong. They are the solution's, or with EVERY those of every so
manieth wrong answer of the corpus, whose checks have more to explain.
"""

from __future__ import annotations

import math
import multiprocessing
import random
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor

from autograder.assignment import Assignment
from autograder.judge.grade import one_thread
from autograder.judge.reference import Remembering, reference
from autograder.report.record import TaskReport
from autograder.suites import probes_of
from autograder.wall.inside.wire import DTYPES, WireError, pack, unpack
from checks.plugin import Grading, check_name, run_suite
from checks.student import Student
from checks.values import Opaque, TooLarge, plain
from checks.verdicts import Verdict

from .corpus import Entry, entries, here

ASSIGNMENT = Assignment("seq2seq")
Path = tuple[Any, ...]  # the keys and places that lead to a part of a value


def parts(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths to all parts of a value, itself first; of many alike, the first and last few."""
    yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from parts(part, (*path, key))
    elif isinstance(value, list | tuple):
        every = range(len(value))
        some = every if len(value) <= 8 else [*every[:4], *every[-4:]]
        for place in some:
            yield from parts(value[place], (*path, place))


def at(value: Any, path: Path) -> Any:
    """The part of a value that a path leads to."""
    for step in path:
        value = value[step]
    return value


DROPPED = object()


def exchanged(value: Any, path: Path, new: Any) -> Any:
    """A value with another part at a path, or without it."""
    if not path:
        return None if new is DROPPED else new
    first, *rest = path
    if isinstance(value, dict):
        items: Any = dict(value)
    else:
        items = list(value)
    if new is DROPPED and not rest:
        del items[first]
    else:
        items[first] = exchanged(value[first], tuple(rest), new)
    return type(value)(items)


ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 7, 2**31, -(2**31), 2**62, -(2**63), 0.0, -0.0, 0.5, -1.5),
    *(1e300, -1e300, 1e-300, math.nan, math.inf, -math.inf, "", "fine", "3", "１", "embedding"),
    *("x" * 3000, "\x00\u202e", [], (), {}, [[]], [None], [[], []], {"": None}, {"tokens": []}),
    *({"results": [None]}, {"0": 1, "1": 2}, [math.nan], [True], ["a"], [2**62], [[[[0]]]]),
    *((1, -1.0, -1.0), ([1, 2], -1.0, -1.0), ([], 0.0, 0.0), [([2**40], -1.0, -1.0)]),
    *(Opaque("SomeModel"), Opaque(""), [Opaque("x")], (None, None), {"tensor": "0"}),
]


def odd_tensors() -> list[Tensor]:
    """Tensors that nobody expects."""
    return [
        torch.tensor(0.0),
        torch.tensor(3),
        torch.tensor(math.nan),
        torch.tensor(-math.inf),
        torch.tensor(True),
        torch.tensor(2**62),
        torch.tensor([]),
        torch.zeros(0, 3),
        torch.zeros(3, 0, 2),
        torch.zeros(1, 1, 1, 1, 1),
        torch.zeros(1, 1, dtype=torch.int64),
        torch.ones(4, dtype=torch.bool),
        torch.full((2, 3), 2**62),
        torch.full((2, 3, 5), math.nan),
        torch.zeros(100_000),
        torch.zeros(2, dtype=torch.float64),
    ]


def other_tensors(value: Tensor, luck: random.Random) -> Tensor:
    """A tensor like another one, but for its shape, type or values."""
    ways: list[Callable[[], Tensor]] = [
        lambda: value[:-1] if value.ndim else value[None],
        lambda: value[..., :-1] if value.ndim else value[None],
        lambda: value[:0] if value.ndim else value[None],
        lambda: torch.cat([value, value], luck.randrange(value.ndim)) if value.ndim else -value,
        lambda: torch.cat([value, value[:1]], 0) if value.ndim else value + 1,
        lambda: value[None],
        lambda: value[..., None],
        lambda: value.reshape(-1),
        lambda: value.transpose(0, -1) if value.ndim else value[None, None],
        lambda: value.squeeze(),
        lambda: value.sum(0) if value.ndim else value.bool(),
        lambda: value.to(luck.choice(sorted(DTYPES, key=str))),
        lambda: value.nan_to_num().to(luck.choice([torch.int64, torch.int32, torch.bool])),
        lambda: value.double() * 1e30,
        lambda: torch.full_like(value, luck.choice([0, 1, 2**30])),
        lambda: -value if value.dtype != torch.bool else ~value,
        lambda: spoiled(value.double(), luck, math.nan),
        lambda: spoiled(value.float(), luck, math.inf),
        lambda: spoiled(value.float(), luck, -math.inf),
        lambda: spoiled(value, luck, 1_000_000),
        lambda: spoiled(value, luck, -1),
        lambda: torch.full_like(value.float(), math.nan),
        lambda: torch.full_like(value.double(), 1e300),
        lambda: value.flip(0) if value.ndim else value,
    ]
    return luck.choice(ways)().contiguous()


def spoiled(value: Tensor, luck: random.Random, number: float) -> Tensor:
    """A tensor with one number exchanged."""
    if not value.numel():
        return value
    changed = value.clone().reshape(-1)
    changed[luck.randrange(len(changed))] = number
    return changed.reshape(value.shape)


def other(value: Any, luck: random.Random) -> Any:
    """Something else in a value's place."""
    chosen = luck.random()
    if chosen < 0.15:
        return deepcopy(luck.choice(ODD))
    if chosen < 0.25:
        return luck.choice(odd_tensors())
    if chosen < 0.35:
        return DROPPED
    if chosen < 0.4:
        return luck.choice([[value], (value,), {"value": value}, [value, value], [[[value]]]])
    if isinstance(value, Tensor):
        if value.ndim and luck.random() < 0.1:
            return value.tolist()
        return other_tensors(value, luck)
    if isinstance(value, dict):
        extra = {luck.choice(["foreign", "results", "0", "value", ""]): deepcopy(luck.choice(ODD))}
        renamed = {key.upper(): part for key, part in value.items()}
        return luck.choice([{**value, **extra}, renamed, list(value.values()), {}, list(value)])
    if isinstance(value, list | tuple):
        ways = [
            [*value, *value],
            [*value, *value[:1]],
            value[:-1],
            value[::-1],
            [],
            [*value, deepcopy(luck.choice(ODD))],
            (list if isinstance(value, tuple) else tuple)(value),
            list(value) * 40,
            dict(zip(map(str, range(len(value))), value, strict=True)),
            [deepcopy(luck.choice(ODD)) for _ in value],
        ]
        return luck.choice(ways)
    if isinstance(value, bool):
        return luck.choice([not value, int(value), str(value), float(value)])
    if isinstance(value, int | float):
        some = [value + 1, value - 1, -value, float(value), str(value), torch.tensor(value)]
        return luck.choice([*some, [value], value * 1000, math.nan, 10**6])
    return deepcopy(luck.choice(ODD))


def altered(answer: Any, luck: random.Random) -> tuple[Any, str]:
    """An answer with one part, seldom two or three, altered, as the judge would read it."""
    said = []
    for _ in range(luck.choice([1, 1, 1, 1, 2, 3])):
        paths = list(parts(answer))
        path = luck.choice(paths)
        new = other(at(answer, path), luck)
        answer = exchanged(answer, path, new)
        said.append(f"{path}: {'dropped' if new is DROPPED else brief(new)}")
    return answer, "; ".join(said)


def brief(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, Tensor):
        return f"{value.dtype} {tuple(value.shape)} {value.reshape(-1)[:3].tolist()}"
    return repr(value)[:120]


@dataclass
class Case:
    """One check that heard something altered."""

    check: str
    says: str


@dataclass
class Liar:
    """Answers as the solution does, but for one answer to each check, and from then on or not."""

    truth: Any
    luck: random.Random
    asked: dict[str, int] = field(default_factory=dict)  # by check: how often when all is true
    cases: dict[str, Case] = field(default_factory=dict)
    lying: bool = False
    check: str = ""
    number: int = 0
    at: int = 0

    def begin(self, check: str) -> None:
        """Begin a check."""
        self.check, self.number = check, 0
        self.at = self.luck.randrange(max(1, self.asked.get(check, 1)))
        self.always = self.luck.random() < 0.3

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """The answer to a question."""
        answer = getattr(self.truth, probe)(**inputs)
        number, self.number = self.number, self.number + 1
        if not self.lying:
            self.asked[self.check] = self.number
            return answer
        if number == self.at or (number > self.at and self.always):
            for _ in range(5):
                lie, says = altered(answer, self.luck)
                try:
                    answer = unpack(pack(plain(lie)))
                except (TooLarge, WireError, RuntimeError):
                    continue
                self.cases.setdefault(self.check, Case(self.check, f"{probe}[{number}] {says}"))
                break
        return answer


class Told(Grading):
    """Tries every check, whatever earlier ones have shown."""

    def __init__(self, liar: Liar, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._liar = liar
        self.errors: dict[str, str] = {}

    def _blocked(self, item: pytest.Item) -> str:
        self._liar.begin(check_name(item))
        return ""

    def _judge(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        before = len(self.problems)
        super()._judge(item, call)
        for problem in self.problems[before:]:
            self.errors[check_name(item)] = problem


@dataclass
class Outcome:
    """What came of altered answers: how many there were, and what went wrong."""

    cases: int = 0
    passed: int = 0
    gains: list[str] = field(default_factory=list)  # where a lie earned more than the truth
    errors: list[str] = field(default_factory=list)  # of the grader itself


def tried(task: str, cases: int, entry: Entry | None = None, seed: int = 0) -> Outcome:
    """Judge so many checks of a task that hear something altered of the solution, or of an entry.

    The same for the same seed.
    """
    name = ASSIGNMENT.name
    solution = reference(ASSIGNMENT)
    truth = Student(Remembering(here(ASSIGNMENT, entry)), None) if entry else solution
    liar = Liar(truth, random.Random(f"{task} {entry.id if entry else ''} {seed}"))
    (of,) = [one for one in ASSIGNMENT.graded_tasks if one.key == task]
    outcome = Outcome()

    def run() -> Told:
        grading = Told(liar, Student(liar, probes_of(name)), solution, "altered")
        liar.cases = {}
        with one_thread():
            run_suite(ASSIGNMENT.suite_files(task), grading)
        return grading

    def points(grading: Told) -> float:
        results = tuple(grading.results.values())
        return TaskReport(task, of.points, results, rubric=of.rubric).points or 0.0

    honest = run()
    outcome.errors += honest.problems
    liar.lying = True
    while outcome.cases < cases:
        grading = run()
        outcome.cases += max(1, len(liar.cases))
        outcome.passed += sum(grading.results[n].verdict is Verdict.PASSED for n in liar.cases)
        outcome.errors += [f"{liar.cases.get(n)}: {e}" for n, e in grading.errors.items()]
        if points(grading) > points(honest):
            outcome.gains.append(f"{points(grading)} for {points(honest)}: {liar.cases}")
    return outcome


def main() -> None:
    """Alter answers, tell what came of it."""
    task, *numbers = sys.argv[1:]
    given = [int(number) for number in numbers]
    cases, every, seed = [*given, *(2000, 0, 0)[len(given) :]]
    wrong: list[Entry | None] = [e for e in entries(ASSIGNMENT, ["wrong"]) if e.task == task]
    chosen = wrong[seed % every :: every] if every else [None]
    reference(ASSIGNMENT)
    total = Outcome()
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:  # none disturbs
        for entry in chosen:
            share = cases // len(chosen)
            one = pool.apply(tried, (task, share, entry, seed))
            total.cases, total.passed = total.cases + one.cases, total.passed + one.passed
            total.errors += one.errors
            total.gains += one.gains
    print(*total.errors, sep="\n")
    print(
        f"{task}: {total.cases} cases, {total.passed} passed, {len(total.errors)} grader errors, "
        f"{len(total.gains)} earned more than the truth"
    )
    sys.exit(bool(total.errors or (total.gains and not every)))


if __name__ == "__main__":
    main()
