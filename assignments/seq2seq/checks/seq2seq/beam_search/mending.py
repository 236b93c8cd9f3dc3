"""Puts right what is wrong with the numbers of hypotheses whose tokens are right.

One mistake in a number says nothing about the search: whoever returns logarithms to base 10 may
search as the rule says. So what is known is put right, told and charged once, and judged on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import torch

from checks.expect import expect, mended

from ..shared.answers import MISSING, Hypothesis, expect_end, is_hypothesis
from ..shared.precision import rounded

TOLERANCE = 1e-4
ROUGHLY = 0.02  # what rounding a token's log-probability to half precision makes wrong, at most
LOG_PROB = "log_prob is not the log-probability that the model gives these tokens"
SCORE = "score is not log_prob / ((5 + length) / 6) ** length_penalty"
ADD = "add each token's log-probability to its parent's total"
CONSTANT = "take log_softmax(logits): it needs no constant, and -inf is the logarithm of 0"
NATURAL = "log_softmax is the natural logarithm; leave it as it is"


class Scores(Protocol):
    """What a model says of the tokens of a hypothesis of a sentence."""

    def steps(self, row: int, tokens: tuple[int, ...]) -> list[float]:
        """The log-probability of each token."""

    def sum_of_logits(self, row: int, tokens: tuple[int, ...]) -> float:
        """What a search that forgets the softmax adds up."""


class Rows(list[list[Hypothesis]]):
    """The hypotheses of each sentence, with the run they are from and what was put right."""

    def __init__(self, rows: list[list[Hypothesis]], run: dict[str, Any]) -> None:
        super().__init__(rows)
        self.run = run
        self.fits = True  # every log_prob belongs to the tokens, once put right
        self.sums = "log_softmax"  # what is added up, a name out of `WRONG_SUMS` if not that
        self.zero = False  # every log_prob was 0
        self.formula = ""  # of the score, a name out of `FORMULAS`, "?" if unknown
        self.unsorted = False  # so it was not told which of the pool are the best
        # whether the log_probs fit, and are some, with one place in the beam
        self.fits_with_one_place: Callable[[], bool] = lambda: True

    @property
    def some(self) -> bool:
        """Whether the log_probs belong to the tokens, and are not all 0."""
        return self.fits and not self.zero


@dataclass(frozen=True)
class Slip:
    """A mistake in a number: what it is, the help line, and what it costs of which line."""

    says: str
    help: str
    line: str
    share: float
    selection: float = 0.0  # of that line: what the search chooses by it
    plain: bool = True  # rather this than one of `WRONG_SUMS`
    drops: bool = False  # a token is left out


WRONG_SUMS = {
    "logits": Slip(
        "logits are added up",
        "add log_softmax(logits), over the vocabulary (dim=-1)",
        "scores",
        1.0,
        0.45,
    ),
    "last": Slip(
        "log-probabilities are not accumulated: it is the last token's alone",
        ADD,
        "scores",
        1.0,
        0.75,
    ),
    "probabilities": Slip(
        "probabilities are added up", "add log_softmax(logits)", "scores", 1.0, 0.75
    ),
}
# in the order in which they are tried: where two give the same numbers the plainer comes first
SLIPS: list[tuple[Slip, Callable[[list[float]], float]]] = [
    (
        Slip("it is the probability", "return its logarithm", "ranking", 0.5),
        lambda steps: math.exp(sum(steps)),
    ),
    (
        Slip("its sign is wrong", "a log-probability is at most 0", "ranking", 0.45),
        lambda steps: -sum(steps),
    ),
    (
        Slip("it is a logarithm to base 2", NATURAL, "scores", 0.63),
        lambda steps: sum(steps) / math.log(2),
    ),
    (
        Slip("it is a logarithm to base 10", NATURAL, "scores", 0.63),
        lambda steps: sum(steps) / math.log(10),
    ),
    (
        Slip("it is divided by the length", "only `score` is normalised", "ranking", 0.6),
        lambda steps: sum(steps) / len(steps),
    ),
    (
        Slip(
            "the last token's log-probability is missing",
            "the last token's own is part of the sum, EOS's too",
            "scores",
            0.6,
            drops=True,
        ),
        lambda steps: sum(steps[:-1]),
    ),
    (
        Slip(
            "the first token's log-probability is missing",
            "the sum starts from 0, and every token's own is part of it",
            "scores",
            0.6,
            plain=False,
            drops=True,
        ),
        lambda steps: sum(steps[1:]),
    ),
    *(
        (
            Slip("a constant is added to the probabilities", CONSTANT, "scores", 0.5, plain=False),
            lambda steps, constant=constant: sum(
                math.log(math.exp(step) + constant) for step in steps
            ),
        )
        for constant in (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)
    ),
]
ZERO = Slip("it is 0", "add up log_softmax(logits) of every token", "scores", 1.0)
ROUNDED = Slip(
    "it is nearly right, as a rounded sum is",
    "add up in float32 or better, and pass on nothing in half precision",
    "scores",
    0.8,
)
LENGTH = (
    "the length is that of `tokens`, each hypothesis's own: neither the number of steps nor "
    "max_length, and the source does not count"
)
IMPROBABLE = -20.0  # the log-probability of a word that a model does not say
Example = Callable[[tuple[int, ...]], str] | None
NUMBER_ALONE = 0.45  # of the line: what a wrong score costs that puts nothing in another order
Score = Callable[[float, int, bool, float], float]  # of log_prob, length, whether ended, penalty
# what a score may be instead: name -> (the help line, what it costs of the line, the score)
FORMULAS: dict[str, tuple[str, float, Score]] = {
    "ignored": (
        "this is log_prob: the length penalty is not applied; (5 + length) / 6 is a fraction, so "
        "divide by /, not by //",
        0.75,
        lambda p, n, _, a: p,
    ),
    "bos": (
        "score counts BOS: the length is that of `tokens`, EOS included",
        0.5,
        lambda p, n, _, a: p / ((6 + n) / 6) ** a,
    ),
    "shorter": (
        "the length is off by one: EOS counts",
        0.5,
        lambda p, n, _, a: p / ((4 + n) / 6) ** a,
    ),
    "power": (
        "this divides by length ** length_penalty; use ((5 + length) / 6)",
        0.7,
        lambda p, n, _, a: p / max(n, 1) ** a,
    ),
    "multiplied": (
        "this multiplies; log_prob is divided by the penalty",
        0.75,
        lambda p, n, _, a: p * ((5 + n) / 6) ** a,
    ),
    "factor": (
        "length_penalty is an exponent, not a factor",
        0.6,
        lambda p, n, _, a: p / ((5 + n) / 6 * a) if a else p,
    ),
    "mean": (
        "this divides by the length, whatever length_penalty is",
        1.0,
        lambda p, n, _, a: p / max(n, 1),
    ),
    "one": (
        "this divides by (5 + length) / 6, whatever length_penalty is",
        0.9,
        lambda p, n, _, a: p / ((5 + n) / 6),
    ),
    "six": (
        "the exponent applies to the whole of (5 + length) / 6, not to 6 alone",
        0.9,
        lambda p, n, _, a: p / ((5 + n) / 6**a),
    ),
    "numerator": (
        "the exponent applies to the whole of (5 + length) / 6, not to 5 + length alone",
        0.65,
        lambda p, n, _, a: p / ((5 + n) ** a / 6),
    ),
    "subtracted": (
        "log_prob is divided by the penalty: nothing is subtracted",
        0.75,
        lambda p, n, _, a: p - ((5 + n) / 6) ** a,
    ),
    "whole": (
        "(5 + length) / 6 is a fraction: divide by /, not by //",
        0.65,
        lambda p, n, _, a: p / ((5 + n) // 6) ** a,
    ),
    "words": (
        "the length is off by one where a hypothesis has ended: EOS counts",
        0.5,
        lambda p, n, ended, a: p / ((5 + n - ended) / 6) ** a,
    ),
    "cut ones not": (
        "",
        0.5,
        lambda p, n, ended, a: p / ((5 + n) / 6) ** a if ended else p,
    ),
    "cut ones longer": (
        "",
        0.35,
        lambda p, n, ended, a: p / ((6 + n - ended) / 6) ** a,
    ),
}
CUT_ONES = (
    "the scores of finished hypotheses are right, those of truncated ones are not",
    "a truncated hypothesis is scored like any other, by the tokens it has: no EOS is added, "
    "and none counts",
)


def score_by(formula: str, log_prob: float, length: int, ended: bool, penalty: float) -> float:
    """log_prob / ((5 + length) / 6) ** penalty (Wu et al. 2016, equation 14), or another formula.

    Args:
        formula: "" or a name out of `FORMULAS`.
    """
    if formula in FORMULAS:
        return FORMULAS[formula][2](log_prob, length, ended, penalty)
    return log_prob / ((5 + length) / 6) ** penalty


UNKNOWN = (
    "beam_search gave the encoder a sentence that is not in the batch",
    "pass `source` and `source_lengths` on to model.encoder as they came, each row with its own "
    "length",
)


NOTHING = (
    "beam_search should return a list with one entry for each sentence, got None",
    "is a `return` missing? what is found is to be returned",
)


def expect_something(run: dict[str, Any]) -> None:
    """Something is returned by a search that was made, of the sentences of the batch."""
    expect(not run["unknown"], *UNKNOWN, line="rows", share=1.0)
    expect_end(run, "beam_search")
    expect(run["result"] is not None or not run["inputs"], *NOTHING, line="ranking", share=1.0)


def for_one_row(result: Any, rows: int) -> bool:
    """Whether one sentence's hypotheses came where lists for several should be."""
    if not isinstance(result, list | tuple) or not result or rows < 2:
        return False
    return len(result) == 1 or all(map(is_hypothesis, result))


def joined(run: dict[str, Any], alone: list[dict[str, Any]]) -> dict[str, Any]:
    """A run with the results that its sentences get alone, each as the only one; it is charged.

    It is as it was if these are but the hypothesis that stands for each sentence in it.
    """
    if repr([[one] for one in run["result"]]) == repr([each["result"] for each in alone]):
        return run
    says = "beam_search returns the hypotheses of one sentence for a batch of several"
    help = (
        "the result has a list of Hypothesis(tokens, log_prob, score) for each row of `source`, in "
        "the same order"
    )
    mended(says, help, line="rows", share=1.0)
    mended(says, help, line="ranking", share=0.8)
    first = [one["result"] for one in alone]
    bare = [isinstance(each, list | tuple) and all(map(is_hypothesis, each)) for each in first]
    results = [
        each if is_bare or not isinstance(each, list | tuple) or len(each) != 1 else each[0]
        for each, is_bare in zip(first, bare, strict=True)
    ]
    return {**run, "result": results}


@dataclass
class Read:
    """A hypothesis while it is put right."""

    row: int
    tokens: tuple[int, ...]
    given: float  # its log_prob
    score: float
    counted: int  # the length of its tokens as they came
    steps: list[float]  # the log-probability of each of its tokens

    @property
    def right(self) -> float:
        """The log-probability of its tokens."""
        return sum(self.steps)


def put_right(
    rows: Rows,
    scores: Scores,
    *,
    penalty: float,
    max_length: int,
    bos_id: int,
    eos_id: int,
    example: Example = None,
) -> None:
    """Put right, tell and charge what is known to be wrong with tokens, numbers and order.

    Afterwards `rows.fits` says whether every log_prob belongs to its tokens.

    Args:
        example: says in words that a hypothesis is given something; None: numbers are not shown.
    """
    every = [
        Read(n, one.tokens, one.log_prob, one.score, len(one.tokens), scores.steps(n, one.tokens))
        for n, row in enumerate(rows)
        for one in row
    ]
    _put_tokens_right(every, scores, rows.run["inputs"], max_length, bos_id, eos_id)
    rows.fits = _put_log_probs_right(every, rows, scores, penalty, example)
    if rows.fits:
        rows.unsorted = _unsorted(every, penalty)
        rows.formula = _formula(every, penalty, eos_id, example)
    for number in range(len(rows)):
        row = [
            Hypothesis(
                one.tokens,
                one.right if rows.fits else one.given,
                score_by("", one.right, len(one.tokens), True, penalty) if rows.fits else one.score,
            )
            for one in every
            if one.row == number
        ]
        if rows.unsorted:
            row.sort(key=lambda one: -one.score)
        rows[number] = row


def _put_tokens_right(
    every: list[Read],
    scores: Scores,
    inputs: list[tuple[int, ...]],
    max_length: int,
    bos_id: int,
    eos_id: int,
) -> None:
    """Take BOS off the front, and give the tokens the EOS that their log_prob speaks of."""

    def total(row: int, tokens: tuple[int, ...]) -> float:
        return sum(scores.steps(row, tokens))

    def change(one: Read, tokens: tuple[int, ...]) -> None:
        one.tokens, one.steps = tokens, scores.steps(one.row, tokens)

    if every and all(one.tokens[:1] == (bos_id,) for one in every):
        later = [scores.steps(one.row, one.tokens[1:]) for one in every]
        never = all(one.steps[0] < IMPROBABLE for one in every)
        second = inputs[1] if len(inputs) > 1 else (bos_id,)
        if (never and bos_id not in second) or (
            _alike_in_some_way(every, later)
            and not _alike_in_some_way(every, [one.steps for one in every])
        ):
            mended(
                "a hypothesis's tokens contain BOS",
                "BOS is only the first input of the decoder, not part of a hypothesis",
                line="ranking",
                share=0.8,
            )
            for one in every:
                change(one, one.tokens[1:])
    for one in every:
        tokens = one.tokens
        if near(one.given, one.right):
            continue
        ended = tokens[: tokens.index(eos_id) + 1] if eos_id in tokens else tokens
        if ended != tokens:
            if near(one.given, total(one.row, ended)):
                mended(
                    "a hypothesis's tokens go on after its EOS",
                    "EOS is the last token of a finished hypothesis; tokens are not padded",
                    line="ranking",
                    share=0.5,
                )
                change(one, ended)
        elif tokens[-1:] == (eos_id,):
            if len(tokens) > max_length and near(one.given, total(one.row, tokens[:-1])):
                mended(
                    "a hypothesis that was cut after max_length tokens got an EOS",
                    "a truncated hypothesis joins the pool as it is, without an EOS and with no "
                    "other score",
                    line="ending",
                    share=0.5,
                )
                change(one, tokens[:-1])
        elif near(one.given, total(one.row, (*tokens, eos_id))):
            mended(
                "the EOS is missing from the tokens of a hypothesis that has ended",
                "EOS is the last token of a finished hypothesis",
                line="ranking",
                share=0.75,
            )
            change(one, (*tokens, eos_id))


def _alike_in_some_way(every: list[Read], steps: list[list[float]]) -> bool:
    """Whether all log_probs are the sums of these steps, or what one known mistake makes of it."""
    ways = [sum, *(of for slip, of in SLIPS if not slip.drops)]
    told = [(one.given, each) for one, each in zip(every, steps, strict=True) if each]
    return any(all(near(given, of(each)) for given, each in told) for of in ways)


def _put_log_probs_right(
    every: list[Read], rows: Rows, scores: Scores, penalty: float, example: Example
) -> bool:
    """Whether every log_prob is right, or wrong by one known mistake: then it is charged."""
    wrong = [one for one in every if not near(one.given, one.right) and one.given is not MISSING]
    if not wrong:
        return True
    if not rows.run["inputs"] or not all(one.tokens for one in wrong):
        return False
    told = [one for one in every if one.given is not MISSING and one.tokens]
    given = [one.given for one in told]
    steps = [one.steps for one in told]

    def alike(values: Sequence[float]) -> bool:
        return all(map(near, given, values))

    if penalty:
        scored = [score_by("", one.right, len(one.tokens), True, penalty) for one in told]
        if alike(scored):
            mended(
                "with a length penalty a log_prob is no more the sum of log-probabilities",
                "the length penalty divides `score`; log_prob and the search stay as they are",
                line="ranking",
                share=0.3,
            )
            return True
    sums = {
        "logits": [scores.sum_of_logits(one.row, one.tokens) for one in told],
        "last": [each[-1] for each in steps],
        "probabilities": [sum(map(math.exp, each)) for each in steps],
    }
    known = [slip for slip, of in SLIPS if alike([of(each) for each in steps])]
    names = [] if known and known[0].plain else [name for name in sums if alike(sums[name])]
    if names:
        rows.sums = names[0]
        known = [WRONG_SUMS[names[0]]]
    pairs = zip(given, steps, strict=True)
    nearly = all(abs(a - sum(each)) < ROUGHLY * len(each) for a, each in pairs)
    half = rounded(torch.tensor(given, dtype=torch.float64))
    if not known and nearly and (half or 4 * len(wrong) >= 3 * len(told)):
        known = [ROUNDED]
    if not any(given):
        known = [ZERO]
        rows.sums, rows.zero = "log_softmax", True
    if not known:
        return False
    slip, help = known[0], known[0].help
    if example is not None:
        one = wrong[0]
        help += f" ({example(one.tokens)} log-probability {one.right:.4f}, got {one.given:.4f})"
    mended(f"{LOG_PROB}: {slip.says}", help, line=slip.line, share=slip.share)
    if slip.selection:
        mended(f"{LOG_PROB}: {slip.says}", help, line="selection", share=slip.selection)
    return True


def _unsorted(every: list[Read], penalty: float) -> bool:
    """Whether the best score does not come first; it is charged."""

    def falls(value: Callable[[Read], float]) -> bool:
        pairs = [(a, b) for a, b in pairwise(every) if a.row == b.row]
        return not any(value(a) < value(b) - TOLERANCE for a, b in pairs)

    if falls(lambda one: one.score) or any(one.score is MISSING for one in every):
        return False
    if falls(lambda one: score_by("", one.right, len(one.tokens), True, penalty)):
        return False  # right as it stands, once the numbers are
    by_log_prob = falls(lambda one: one.right)
    mended(
        "the hypotheses are not in the order of their scores: the best score should come first",
        "the pool is sorted by score, not by log_prob, best first; the beam is pruned by log_prob "
        "alone"
        if by_log_prob
        else "sort the pool by score, descending, before you cut it to beam_width",
        line="ranking",
        share=0.5 if by_log_prob else 0.95,
    )
    return True


def _formula(every: list[Read], penalty: float, eos_id: int, example: Example) -> str:
    """The name of the formula that gives the scores, "" for the right one; it is charged."""

    def fits(formula: str, one: Read) -> bool:
        if one.score is MISSING:
            return True
        ended = one.tokens[-1:] == (eos_id,)
        room = TOLERANCE if near(one.given, one.right) else ROUGHLY * len(one.tokens)
        return any(
            near(one.score, value) or (p == one.right and abs(one.score - value) < room)
            for p in (one.right, one.given)
            for n in {len(one.tokens), one.counted}
            for value in [score_by(formula, p, n, ended, penalty)]
        )

    wrong = [one for one in every if not fits("", one)]
    if not wrong:
        return ""
    names = [name for name in FORMULAS if all(fits(name, one) for one in every)]
    if names:
        name = names[0]
        help, share, _ = FORMULAS[name]
    else:
        name, help, share = "?", "", 0.9
        help = "" if penalty else "with length_penalty 0 score is log_prob"
        divisors = [one.right / one.score if one.score else 0.0 for one in every]
        bases = [min(max(d, 0.0), 1e9) ** (1 / penalty) if penalty else 0.0 for d in divisors]
        counted = [6 * base - 5 - len(one.tokens) for base, one in zip(bases, every, strict=True)]
        if penalty and (_alike(every, divisors) or _alike(every, counted)):
            name = "ignored" if _alike(every, divisors) else "?"
            help, share = LENGTH, 0.7
    due = [score_by("", one.right, len(one.tokens), True, penalty) for one in every]
    pairs = zip(pairwise(every), pairwise(due), strict=True)
    if all(a.row != b.row or x >= y - TOLERANCE for (a, b), (x, y) in pairs):
        share = min(share, NUMBER_ALONE)  # as far as one can see they are ranked rightly
    says, help = CUT_ONES if name in ("cut ones not", "cut ones longer") else (SCORE, help)
    if example is not None:
        one = wrong[0]
        right = score_by("", one.right, len(one.tokens), True, penalty)
        help += (
            f" (with length_penalty {penalty} and log_prob {one.right:.4f} a hypothesis of "
            f"{len(one.tokens)} tokens should score {right:.4f}, got {one.score:.4f})"
        )
    mended(says, help, line="ranking", share=share)
    return name


def _alike(every: list[Read], values: list[float]) -> bool:
    """Whether the values of each sentence are equal but for rounding."""
    first: dict[int, float] = {}
    pairs = zip(every, values, strict=True)
    return all(abs(first.setdefault(one.row, value) - value) < 1e-3 for one, value in pairs)


def near(actual: float, expected: float) -> bool:
    """Equal but for the rounding of float32 sums."""
    return math.isclose(actual, expected, rel_tol=1e-5, abs_tol=TOLERANCE)
