"""Code alike beyond what all were given and what a class shares; which pairs, and how rarely.

Compared is the code of the tasks' cells, as runs of tokens: without comments, docstrings and
layout, and with one word for every name that the cell itself gives. Runs of the release and of the
lesson's solution are left out. Every other run weighs log((n + 1) / d) where d of n students have
it: what all write alike counts next to nothing. Two students share the weight of their common runs.

How much that would be by chance is measured on the class itself: imaginary students get the cell
of one student for one task and of another for the next, so that nobody has copied all of anything.
The rate is the share of pairs of them that have as much in common. It is no probability of
copying: friends who talked, or a page that several read, look the same. Who has
copied a single task, of several, is found only where it is more than what pairs of cells share.

copydetect (winnowing, with Pygments) does not fit: it compares whole files, gives every common run
the same weight, tells no rate by chance, and its page has no cells. What would be left of it are a
tokenizer and sets, which Python has. MOSS is a service, and JPlag wants Java.
"""

from __future__ import annotations

import ast
import io
import keyword
import math
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RUN = 12  # tokens: a line or two
# imaginary classes: as many as give so many pairs, within these bounds
SHUFFLES, FEWEST, DRAWN = 200, 20, 10_000_000
SEED = 0
SPARED = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
)
Weights = NDArray[np.float64]
Places = NDArray[np.intp]
Runs = Mapping[tuple[str, ...], frozenset[int]]  # each run, and the lines it stands on


def runs(source: str) -> Runs:
    """The runs of tokens in code, with the lines, from 1, on which each stands."""
    tokens = list(_tokens(source, _given_names(source)))
    found: dict[tuple[str, ...], set[int]] = {}
    for start in range(len(tokens) - RUN + 1):
        part = tokens[start : start + RUN]
        found.setdefault(tuple(word for word, _ in part), set()).update(row for _, row in part)
    return {run: frozenset(rows) for run, rows in found.items()}


def _tokens(source: str, given: frozenset[str]) -> Iterator[tuple[str, int]]:
    begins = True  # a statement: a string alone there is a docstring
    # code that does not parse is compared up to there
    with suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            docstring = begins and token.type == tokenize.STRING
            if token.type in SPARED:
                begins = begins or token.type != tokenize.COMMENT
                continue
            begins = False
            if docstring or token.type == tokenize.ENDMARKER:
                continue
            yield ("name" if token.string in given else token.string), token.start[0]


def _given_names(source: str) -> frozenset[str]:
    """The names that code gives: of variables, arguments, attributes, functions and classes."""
    names = set()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        words = tokenize.generate_tokens(io.StringIO(source).readline)
        with suppress(tokenize.TokenError, SyntaxError):
            names = {word.string for word in words if word.type == tokenize.NAME}
        return frozenset(names - {*keyword.kwlist})
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                names.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(asname=str(name)):
                names.add(name)
            case _:
                pass
    return frozenset(names)


@dataclass(frozen=True)
class Cell:
    """One task's code of the two of a pair; a line is marked where it stands in a common run."""

    task: str
    share: float  # of the smaller one's weight that is common
    left: Sequence[tuple[str, bool]]
    right: Sequence[tuple[str, bool]]


@dataclass(frozen=True)
class Pair:
    """Two students whose code is alike.

    Attributes:
        share: of the smaller one's weight that is common, over all tasks.
        rate: share of pairs of imaginary students that have as much in common.
    """

    left: str
    right: str
    share: float
    rate: float
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Likeness:
    """What of a class is alike.

    Attributes:
        most: listed are pairs of which a class as this has fewer than so many by chance.
        expected: how many it has, by chance, with as much in common as the last that is listed.
    """

    students: int
    pairs: Sequence[Pair]
    most: float
    expected: float
    tasks: int

    @property
    def compared(self) -> int:
        """How many pairs there are."""
        return self.students * (self.students - 1) // 2


def likeness(
    code: Mapping[str, Mapping[str, str]], known: Iterable[str], most: float = 1.0
) -> Likeness:
    """Compare everybody with everybody.

    Args:
        code: by student, by task: the code of its cell.
        known: code that all hold: the release's and the solution's cells.
        most: list pairs of which a class as this has, by chance, fewer than so many.
    """
    students = sorted(code)
    tasks = sorted({task for own in code.values() for task in own})
    spared = {run for text in known for run in runs(text)}
    found = {
        task: [_without(runs(code[student].get(task, "")), spared) for student in students]
        for task in tasks
    }
    common = {task: _common(own) for task, own in found.items()}
    number = len(students)
    rows, columns = np.triu_indices(number, 1)
    total = sum(common.values(), np.zeros((number, number)))
    scores = total[rows, columns]
    if not len(scores) or not tasks:
        return Likeness(number, (), most, 0.0, len(tasks))
    chance = np.sort(_by_chance(list(common.values()), rows, columns))
    above = len(chance) - np.searchsorted(chance, scores - 1e-9)
    rates = (above + 1) / (len(chance) + 1)  # none of so many is no proof of never
    listed = [
        one
        for one in np.argsort(-scores, kind="stable")
        if scores[one] > 0 and rates[one] * len(scores) < most
    ]
    pairs = []
    for one in listed:
        i, j = int(rows[one]), int(columns[one])
        cells = tuple(
            _cell(task, code, (students[i], students[j]), found[task], common[task], (i, j))
            for task in tasks
            if common[task][i, j] > 0
        )
        share = float(scores[one] / min(total[i, i], total[j, j]))
        pairs.append(Pair(students[i], students[j], share, float(rates[one]), cells))
    expected = max((one.rate for one in pairs), default=0.0) * len(scores)
    return Likeness(number, tuple(pairs), most, expected, len(tasks))


def _without(own: Runs, spared: set[tuple[str, ...]]) -> Runs:
    return {run: rows for run, rows in own.items() if run not in spared}


def _common(own: Sequence[Runs]) -> Weights:
    """The weight that each two have in common, (students, students); with oneself: all of it."""
    having = Counter(run for one in own for run in one)
    places = {run: place for place, run in enumerate(r for r in having if having[r] > 1)}
    root = np.zeros((len(own), len(places)), dtype=np.float32)
    alone = np.zeros(len(own))  # what nobody else has: most runs, which need no column
    for row, one in enumerate(own):
        for run in one:
            weight = math.log((len(own) + 1) / having[run])
            if run in places:
                root[row, places[run]] = math.sqrt(weight)
            else:
                alone[row] += weight
    return np.asarray(root @ root.T, dtype=np.float64) + np.diag(alone)


def _by_chance(common: Sequence[Weights], rows: Places, columns: Places) -> Weights:
    """What pairs of imaginary students have in common, whose cells are of different people."""
    random = np.random.default_rng(SEED)
    number = common[0].shape[0]
    drawn = []
    for _ in range(max(FEWEST, min(SHUFFLES, DRAWN // len(rows)))):
        orders = [random.permutation(number) for _ in common]
        drawn.append(
            sum(one[order[rows], order[columns]] for one, order in zip(common, orders, strict=True))
        )
    return np.concatenate(drawn)


def _cell(
    task: str,
    code: Mapping[str, Mapping[str, str]],
    students: tuple[str, str],
    found: Sequence[Runs],
    common: Weights,
    places: tuple[int, int],
) -> Cell:
    i, j = places
    both = found[i].keys() & found[j].keys()
    sides = []
    for student, own in zip(students, (found[i], found[j]), strict=True):
        marked = {row for run in both for row in own[run]}
        lines = code[student][task].splitlines()
        sides.append(tuple((line, row in marked) for row, line in enumerate(lines, 1)))
    share = float(common[i, j] / min(common[i, i], common[j, j]))
    return Cell(task, share, *sides)
