"""The search trees of the public checks of `beam_search`, and how to read what was found there."""

from __future__ import annotations

import math
from typing import Any

import torch

from ..probed import Probed
from ..shared.answers import Hypothesis, hypothesis_rows, runs
from ..shared.standins import NEGLIGIBLE
from ..shared.trees import WORDS, Row, batch_of, tree_model

TOLERANCE = 1e-4
# added to all logits after a word, which changes no probability: logits are not log-probabilities
OFFSETS = {"<bos>": 1.5, "a": -2.0, "b": 2.5, "c": 0.5, "<eos>": 1.0, "<pad>": 1.0}

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


class Rows(list[list[Hypothesis]]):
    """The hypotheses of each sentence, with the run they are from."""

    def __init__(self, rows: list[list[Hypothesis]], run: dict[str, Any]) -> None:
        super().__init__(rows)
        self.run = run


def search(student: Probed, trees: list[dict[str, Row]], **options: Any) -> Rows:
    """Search a batch with one sentence a tree."""
    model = forest(trees)
    (run,) = runs(student.beam(model=model, **batch_of(model), **options), 1)
    return Rows(hypothesis_rows(run, len(trees), options["beam_width"]), run)


def forest(trees: list[dict[str, Row]]) -> dict[str, Any]:
    """The stand-in that translates sentence i along tree i."""
    model = tree_model(trees)
    left_out = model["logits"] <= NEGLIGIBLE  # even these are not equally probable: nothing ties
    model["logits"] -= left_out * torch.arange(1.0, len(WORDS) + 1)
    model["offset"] = torch.tensor([OFFSETS[word] for word in WORDS])
    return model


def spell(row: list[Hypothesis]) -> str:
    """The hypotheses of a row in words, as in "a b <eos> | c"."""
    return " | ".join(
        " ".join(WORDS[t] if t in range(len(WORDS)) else "?" for t in hypothesis.tokens)
        for hypothesis in row
    )


def steps_along(tree: dict[str, Row], hypothesis: Hypothesis) -> list[float]:
    """The log-probability of each token of a hypothesis."""
    steps = []
    for step in range(len(hypothesis.tokens)):
        prefix = spell([hypothesis._replace(tokens=hypothesis.tokens[:step])])
        word = spell([hypothesis._replace(tokens=hypothesis.tokens[step : step + 1])])
        row = tree.get(prefix, tree.get("*", OTHERS))
        chance = row.get(word, IMPROBABLE)
        steps.append(math.log(chance) if chance else -math.inf)
    return steps


def sum_of_logits(tree: dict[str, Row], hypothesis: Hypothesis) -> float:
    """What a search that forgets the softmax adds up for the tokens of a hypothesis."""
    before = ["<bos>", *spell([hypothesis]).split()[:-1]]
    return sum(steps_along(tree, hypothesis)) + sum(OFFSETS.get(word, 0.0) for word in before)


def near(actual: float, expected: float) -> bool:
    """Equal but for the rounding of float32 sums."""
    return math.isclose(actual, expected, rel_tol=1e-5, abs_tol=TOLERANCE)
