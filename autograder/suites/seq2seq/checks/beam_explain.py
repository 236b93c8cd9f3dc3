"""Says in words what is wrong with the hypotheses found on the trees of `beam_trees.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from autograder.checks.expect import expect

from .answers import Found
from .beam_trees import near
from .trees import WORDS

GARDEN_PATH_MISTAKES = {  # what is spelled, with two places and four steps -> (what it is, help)
    "b": ("the EOS is missing", "EOS is the last token of a finished hypothesis"),
    "b <eos>": (
        "only the best hypothesis is returned",
        "return the beam_width best of the pool, best first",
    ),
    "b <eos> | a <eos>": (
        "a candidate with EOS was kept that is not among the beam_width best of its step",
        "first keep the beam_width best of all candidates, then move those with EOS to the pool",
    ),
    "b <eos> | a a": (
        "the search stops when the first or best hypothesis ends",
        "go on while any live hypothesis is left: a later one may still be better",
    ),
}

REFILL_MISTAKES = {
    "<eos> | a a a": "finished hypotheses keep their place in the beam; the beam should be "
    "refilled: at each step take beam_width candidates from the live hypotheses alone",
    "<eos> | b b a": "the EOS candidate took no place among the beam_width best of its step: "
    "first keep the beam_width best candidates, then take those that end in EOS out",
    "<eos> | a": "the search stops when the first or best hypothesis ends; it goes on while any "
    "live hypothesis is left",
    "<eos>": "truncated hypotheses are thrown away; what is still live after max_length tokens "
    "joins the pool",
    "<eos> | a b a <eos>": "a truncated hypothesis got an EOS; it joins the pool as it is",
}


def expect_tokens(row: list[Found], max_length: int) -> None:
    """The tokens of each hypothesis are some that a search could return."""
    pad_id, bos_id, eos_id = (WORDS.index(name) for name in ("<pad>", "<bos>", "<eos>"))
    expect(
        not all(found.tokens[:1] == (bos_id,) for found in row),
        "a hypothesis's tokens contain BOS",
        "BOS is only the first input of the decoder, not part of a hypothesis",
    )
    expect(
        all(found.tokens for found in row),
        "a hypothesis has no tokens at all: the EOS is missing from one that ends at once",
        "EOS is the last token of a finished hypothesis",
    )
    expect_possible(row)
    expect(
        not any({pad_id, bos_id} & set(found.tokens) for found in row),
        "a hypothesis holds PAD or BOS, to which the tree gives practically no probability",
        "log_softmax runs over the vocabulary (dim=-1), a distribution for each live hypothesis; "
        "and tokens are not padded",
    )
    longer = [found.tokens for found in row if len(found.tokens) > max_length]
    expect(
        not longer or any(tokens[-1] != eos_id for tokens in longer),
        f"a hypothesis that was cut after max_length {max_length} tokens got an EOS",
        "a truncated hypothesis joins the pool as it is, without an EOS and with no other score",
    )
    expect(
        not longer,
        f"a hypothesis has more than max_length {max_length} tokens",
        "extend max_length times, each time by one token; BOS does not count",
    )
    expect(
        all(a.score >= b.score - 1e-4 for a, b in pairwise(row)),
        "the hypotheses are not in the order of their scores: the best score should come first",
        "sort the pool by score, descending, before you cut it to beam_width",
    )


def expect_possible(row: list[Found]) -> None:
    """No hypothesis goes on after EOS, and none stands twice."""
    eos_id = WORDS.index("<eos>")
    expect(
        not any(eos_id in found.tokens[:-1] for found in row),
        "a hypothesis goes on after its EOS",
        "a candidate that ends in EOS (model.eos_id; 0 is an id like any other) leaves the beam: "
        "it joins the pool and is not extended any more; and a hypothesis's tokens follow those of "
        "its own parent",
    )
    different = len({found.tokens for found in row})
    expect(
        different == len(row) or different == len({(f.tokens, f.log_prob) for f in row}),
        "the same tokens are returned more than once, with different log_prob",
        "parent and token are mixed up: with a flat index over (live, vocabulary), the parent is "
        "index // vocab_size and the token is index % vocab_size; or hypotheses share one list: "
        "extend a copy, as tokens + [token] does",
    )
    expect(
        different == len(row),
        "the same hypothesis is returned more than once",
        "start from one empty hypothesis a sentence, not from beam_width equal ones, and keep "
        "nothing from an earlier sentence or call",
    )


def log_prob_help(given: float, steps: list[float]) -> str:
    """The likeliest reason for a wrong log-probability."""
    total, length = sum(steps), len(steps)
    mistakes = {
        "this is the probability: return its logarithm": math.exp(total),
        "the sign is turned round: a log-probability is at most 0": -total,
        "log-probabilities are not accumulated: this is the last token's alone": steps[-1],
        "the last token's own log-probability is part of the sum": total - steps[-1],
        "this is divided by the length: only `score` is normalised": total / length,
        "probabilities are added up: add log_softmax(logits)": sum(map(math.exp, steps)),
    }
    for help, value in mistakes.items():
        if near(given, value):
            return help
    if abs(given - total) < 5e-3:
        return (
            "nearly right: add up in float32 or better, not in half precision, and add nothing else"
        )
    return (
        "add up log_softmax(logits), over the vocabulary, of the hypothesis's tokens; begin with "
        "BOS; and after each step give every survivor its parent's tokens and its parent's new "
        "state, h and c of every layer (is the state re-ordered with the parents?)"
    )


def width_one_help(spelled: str, expected: str, max_length: int) -> str:
    """The likeliest reason for a wrong hypothesis with one place in the beam."""
    if spelled == f"{expected} <eos>":
        return "a hypothesis that is cut at max_length joins the pool as it is, without an EOS"
    words = expected.split()
    if len(words) == max_length and spelled.split() == words[:-1]:
        return "take max_length steps, each of which adds one token: BOS does not count as one"
    return "with one place in the beam the best candidate alone goes on, until it ends"


def few_help(spelled: list[str], expected: list[str]) -> str:
    """The likeliest reason for too few or too many hypotheses where all there are have room."""
    if set(spelled) - set(expected):
        return "candidates whose total log-probability is -inf are dropped"
    missing = set(expected) - set(spelled)
    cut = [words for words in spelled if not words.endswith("<eos>")]
    if len(cut) > 1 and missing and {w[-1] for w in missing} <= {w[-1] for w in cut}:
        return (
            "some hypotheses get lost on the way: two with the same last word are different ones, "
            "and each step keeps the best of all candidates"
        )
    if missing and not any(words.endswith("<eos>") for words in missing):
        return "what is live after max_length tokens joins the pool, all of it"
    return (
        "each live hypothesis is extended by every token, and the step keeps min(beam_width, "
        "number of these candidates), which may exceed the vocabulary"
    )


def score_help(row: list[Found], penalty: float) -> str:
    """The likeliest reason for wrong scores: a mistake that explains the whole row."""
    mistakes: dict[str, Callable[[int], float]] = {
        "this is log_prob: the length penalty is not applied; (5 + length) / 6 is a fraction, so "
        "divide by /, not by //": lambda length: 1.0,
        "score counts BOS: the length is that of `tokens`": lambda length: (6 + length) / 6,
        "the length is off by one: EOS counts": lambda length: (4 + length) / 6,
        "this divides by length ** length_penalty": lambda length: length,
        "this multiplies; divide by the penalty": lambda length: 6 / (5 + length),
    }
    for help, base in mistakes.items():
        if all(near(f.score, f.log_prob / base(len(f.tokens)) ** penalty) for f in row):
            return help
    if all(near(found.score, found.log_prob / len(found.tokens)) for found in row):
        return "this divides by the length, whatever length_penalty is"
    divisors = [found.log_prob / found.score if found.score else 0.0 for found in row]
    counted = [6 * divisor - 5 - len(f.tokens) for divisor, f in zip(divisors, row, strict=True)]
    if penalty == 1.0 and (alike(divisors) or alike(counted)):
        return (
            "the length is that of `tokens`, each hypothesis's own: neither the number of steps "
            "nor max_length, and the source does not count"
        )
    return "the exponent stands over the whole of (5 + length) / 6; with 0 score is log_prob"


def alike(values: list[float]) -> bool:
    """All equal but for rounding."""
    return all(near(value, values[0]) for value in values)
