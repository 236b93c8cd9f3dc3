"""The search trees of the public checks of `beam_search`, and how to read what was found there."""

from __future__ import annotations

import math
from typing import Any

import torch

from checks.expect import mended

from ..probed import Probed
from ..shared.answers import Hypothesis, hypothesis_rows, runs
from ..shared.standins import NEGLIGIBLE
from ..shared.trees import WORDS, Row, batch_of, tree_model
from .mending import Rows, expect_something, for_one_row, joined, put_right

# added to all logits after a word, which changes no probability: logits are not log-probabilities
OFFSETS = {"<bos>": 1.5, "a": -2.0, "b": 2.5, "c": 0.5, "<eos>": 1.0, "<pad>": 1.0}

RENAMED = ["a", "b", "<eos>", "<pad>", "c", "<bos>"]  # `WORDS` in another order

IMPROBABLE = 1e-26  # about the probability of a word that a tree leaves out

OTHERS: Row = {"c": 0.41, "a": 0.29, "b": 0.19, "<eos>": 0.11}

# the best first word is a, but the best sentence begins with b: 0.4 * 0.9 = 0.36
GARDEN_PATH: dict[str, Row] = {
    "": {"a": 0.5, "b": 0.4, "c": 0.06, "<eos>": 0.04},
    "a": {"a": 0.4, "<eos>": 0.35, "b": 0.2, "c": 0.05},
    "b": {"<eos>": 0.9, "a": 0.05, "b": 0.03, "c": 0.02},
    "a a": {"<eos>": 0.6, "a": 0.2, "b": 0.15, "c": 0.05},
    "*": OTHERS,
}

# with two places: <eos> (0.5) ends at once and leaves the beam, so from "a" both "a a" and "a b"
# go on, and "a b a" (0.3 * 0.35 * 0.85) overtakes "a a a" (0.3 * 0.45 * 0.6)
REFILL: dict[str, Row] = {
    "": {"<eos>": 0.5, "a": 0.3, "b": 0.2},
    "a": {"a": 0.45, "b": 0.35, "<eos>": 0.2},
    "b": {"b": 0.9, "a": 0.06, "<eos>": 0.04},
    "a a": {"a": 0.6, "<eos>": 0.25, "b": 0.15},
    "a b": {"a": 0.85, "<eos>": 0.1, "b": 0.05},
    "b b": {"a": 0.9, "b": 0.06, "<eos>": 0.04},
    "*": OTHERS,
}

# "a <eos>" is more probable (0.4), "b c <eos>" is longer (0.3645)
TWO_LENGTHS: dict[str, Row] = {
    "": {"a": 0.5, "b": 0.45, "c": 0.03, "<eos>": 0.02},
    "a": {"<eos>": 0.8, "a": 0.1, "b": 0.06, "c": 0.04},
    "b": {"c": 0.9, "a": 0.05, "b": 0.03, "<eos>": 0.02},
    "b c": {"<eos>": 0.9, "a": 0.05, "b": 0.03, "c": 0.02},
    "*": OTHERS,
}

# with two places both live hypotheses end at the second step, and nothing is left to extend
SHORT: dict[str, Row] = {
    "": {"a": 0.5, "b": 0.4, "c": 0.06, "<eos>": 0.04},
    "*": {"<eos>": 0.9, "a": 0.05, "b": 0.03, "c": 0.02},
}

# with two places: "<eos>" and "a <eos>" (0.5 * 0.3) have ended after two steps, and "a a" goes on:
# "a a <eos>" (0.5 * 0.45 * 0.9) overtakes the second of them
GO_ON: dict[str, Row] = {
    "": {"a": 0.5, "<eos>": 0.3, "b": 0.12, "c": 0.08},
    "a": {"a": 0.45, "<eos>": 0.3, "b": 0.15, "c": 0.1},
    "a a": {"<eos>": 0.9, "a": 0.05, "b": 0.03, "c": 0.02},
    "*": OTHERS,
}

# PAD and BOS are wanted as a first word, inside, and as the last before the cut at three words
PAD_AND_BOS: dict[str, Row] = {
    "": {"<bos>": 0.5, "a": 0.4, "<pad>": 0.06, "b": 0.04},
    "<bos>": {"b": 0.7, "<eos>": 0.2, "a": 0.1},
    "a": {"<pad>": 0.7, "<eos>": 0.2, "b": 0.1},
    "<bos> b": {"<eos>": 0.8, "a": 0.1, "<pad>": 0.1},
    "a <pad>": {"<bos>": 0.8, "<eos>": 0.1, "c": 0.1},
    "*": OTHERS,
}

# seven hypotheses of at most two words, all the others have probability zero
FEW: dict[str, Row] = {
    "": {"a": 0.6, "b": 0.3, "<eos>": 0.1, "c": 0.0, "<pad>": 0.0, "<bos>": 0.0},
    "*": {"a": 0.5, "b": 0.3, "<eos>": 0.2, "c": 0.0, "<pad>": 0.0, "<bos>": 0.0},
}


class TreeScores:
    """What the trees say of the sentences' hypotheses."""

    def __init__(self, trees: list[dict[str, Row]], names: list[str]) -> None:
        self._trees = trees
        self._names = names

    def steps(self, row: int, tokens: tuple[int, ...]) -> list[float]:
        """The log-probability of each token."""
        return steps_along(self._trees[row], tokens, self._names)

    def sum_of_logits(self, row: int, tokens: tuple[int, ...]) -> float:
        """What a search that forgets the softmax adds up."""
        before = ["<bos>", *words(tokens, self._names).split()[:-1]]
        return sum(self.steps(row, tokens)) + sum(OFFSETS.get(word, 0.0) for word in before)


def search(student: Probed, trees: list[dict[str, Row]], **options: Any) -> Rows:
    """Search a batch with one sentence a tree, and put right what is known to be wrong.

    Where a hypothesis goes on after EOS it is seen whether it does with EOS under another number.
    """
    rows = named(student, trees, WORDS, **options)
    eos_id = WORDS.index("<eos>")
    if any(eos_id in one.tokens[:-1] for row in rows for one in row):
        other = named(student, trees, RENAMED, **options)
        if not any(RENAMED.index("<eos>") in one.tokens[:-1] for row in other for one in row):
            mended(
                "a hypothesis goes on after its EOS, where model.eos_id is 0",
                "a candidate that ends in EOS leaves the beam: it joins the pool and is not "
                "extended any more; EOS is model.eos_id, and 0 is an id like any other",
                line="ending",
                share=0.3,
            )
            for row in other:
                row[:] = [one._replace(tokens=in_words(one.tokens)) for one in row]
            return other
    return rows


def in_words(tokens: tuple[int, ...]) -> tuple[int, ...]:
    """Ids out of `RENAMED` as those out of `WORDS`."""
    return tuple(WORDS.index(RENAMED[t]) if t in range(len(WORDS)) else t for t in tokens)


def named(student: Probed, trees: list[dict[str, Row]], names: list[str], **options: Any) -> Rows:
    """Search a batch with one sentence a tree, the ids of the words being their places in `names`.

    What is known to be wrong is put right.
    """
    model = forest(trees, names)
    width, max_length = options["beam_width"], options["max_length"]

    def ask(rows: list[int] | None = None) -> dict[str, Any]:
        return runs(student.beam(model=model, **batch_of(model, rows), **options), 1)[0]

    run = ask()
    expect_something(run)
    if for_one_row(run["result"], len(trees)):
        run = joined(run, [ask([row]) for row in range(len(trees))])
    rows = Rows(hypothesis_rows(run, len(trees), width, empty=True), run)
    put_right(
        rows,
        TreeScores(trees, names),
        penalty=options.get("length_penalty", 0.0),
        max_length=max_length,
        bos_id=model["bos_id"],
        eos_id=model["eos_id"],
        example=lambda tokens: f'the tree gives "{words(tokens, names)}" the',
    )
    if width > 1:
        narrow = {**options, "beam_width": 1}
        rows.fits_with_one_place = lambda: named(student, trees, names, **narrow).some
    return rows


def forest(trees: list[dict[str, Row]], names: list[str] = WORDS) -> dict[str, Any]:
    """The stand-in that translates sentence i along tree i."""
    model = tree_model(trees, names)
    left_out = model["logits"] <= NEGLIGIBLE  # even these are not equally probable: nothing ties
    model["logits"] -= left_out * torch.arange(1.0, len(names) + 1)
    model["offset"] = torch.tensor([OFFSETS[word] for word in names])
    return model


def spell(row: list[Hypothesis]) -> str:
    """The hypotheses of a row in words, as in "a b <eos> | c"."""
    return " | ".join(words(hypothesis.tokens) for hypothesis in row)


def words(tokens: tuple[int, ...], names: list[str] = WORDS) -> str:
    """Tokens in words, as in "a b <eos>"."""
    return " ".join(names[t] if t in range(len(names)) else "?" for t in tokens)


def steps_along(
    tree: dict[str, Row], tokens: tuple[int, ...], names: list[str] = WORDS
) -> list[float]:
    """The log-probability of each token of a hypothesis."""
    steps = []
    for step in range(len(tokens)):
        row = tree.get(words(tokens[:step], names), tree.get("*", OTHERS))
        chance = row.get(words(tokens[step : step + 1], names), IMPROBABLE)
        steps.append(math.log(chance) if chance else -math.inf)
    return steps
