"""The search trees of the public checks of `beam_search`, and how to read what was found there."""

from __future__ import annotations

import math
from typing import Any

import torch

from autograder.checks.student import Student

from .answers import Found, found_rows, runs
from .standins import NEGLIGIBLE
from .trees import WORDS, Row, batch_of, tree_model

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

# seven hypotheses of at most two words, all the others have probability zero
FEW: dict[str, Row] = {
    "": {"a": 0.6, "b": 0.3, "<eos>": 0.1, "c": 0.0, "<pad>": 0.0, "<bos>": 0.0},
    "*": {"a": 0.5, "b": 0.3, "<eos>": 0.2, "c": 0.0, "<pad>": 0.0, "<bos>": 0.0},
}


def search(student: Student, trees: list[dict[str, Row]], **options: Any) -> list[list[Found]]:
    """Search a batch with one sentence a tree."""
    return search_again(student, trees, 1, **options)[0]


def search_again(
    student: Student, trees: list[dict[str, Row]], times: int, **options: Any
) -> list[list[list[Found]]]:
    """Search the same batch several times."""
    model = tree_model(trees)
    left_out = model["logits"] <= NEGLIGIBLE  # even these are not equally probable: nothing ties
    model["logits"] -= left_out * torch.arange(1.0, len(WORDS) + 1)
    report = student.beam(model=model, **batch_of(model), times=times, **options)
    return [found_rows(run, len(trees), options["beam_width"]) for run in runs(report, times)]


def spell(row: list[Found]) -> str:
    """The hypotheses of a row in words, as in "a b <eos> | c"."""
    return " | ".join(
        " ".join(WORDS[t] if t in range(len(WORDS)) else "?" for t in found.tokens) for found in row
    )


def steps_along(tree: dict[str, Row], found: Found) -> list[float]:
    """The log-probability of each token of a hypothesis."""
    steps = []
    for step in range(len(found.tokens)):
        prefix = spell([found._replace(tokens=found.tokens[:step])])
        word = spell([found._replace(tokens=found.tokens[step : step + 1])])
        steps.append(math.log(tree.get(prefix, OTHERS).get(word, 1e-26)))
    return steps


def near(actual: float, expected: float) -> bool:
    """Equal but for rounding."""
    return math.isclose(actual, expected, abs_tol=1e-4)
