"""Models for the hidden checks of `beam_search`, each of which tells how some mistakes go wrong."""

from __future__ import annotations

import math
from typing import Any

import torch

from checks.seq2seq.shared.trees import Row, tree_model

from ..shared.scorer import Scorer
from .cases import SearchCase
from .graphs import LAST, clear_graph, settled
from .mistakes import CUT, FINISHED, STOPS
from .oracle import Rule, search

NEVER = {"c": 0.0, "<pad>": 0.0, "<bos>": 0.0}
SILENCE: dict[str, Row] = {"": {"<eos>": 1.0, "a": 0.0, "b": 0.0, **NEVER}}


def some_end(generator: torch.Generator) -> SearchCase:
    """A graph in which each mistake about finished hypotheses shows."""
    apart = (Rule(finished="kept"), Rule(finished="shrinking"), Rule(finished="doubled"))
    options: dict[str, Any] = {"rows": 3, "eos_bonus": 1.0, "seed": 22}
    return clear_graph(generator, 3, 5, telling=FINISHED, apart=apart, **options)


def some_are_cut(generator: torch.Generator) -> SearchCase:
    """A graph in which each mistake about truncated hypotheses shows."""
    apart = (Rule(truncated="dropped"), Rule(truncated="room"), Rule(pool="first come"))
    options: dict[str, Any] = {"rows": 3, "eos_bonus": 0.8, "seed": 32}
    return clear_graph(generator, 3, 3, telling=CUT, apart=apart, **options)


def some_go_on(generator: torch.Generator) -> SearchCase:
    """A graph in which it shows when a search stops too early."""
    options: dict[str, Any] = {"rows": 3, "eos_bonus": 1.0, "seed": 30}
    return clear_graph(generator, 3, 5, telling=STOPS, apart=STOPS, **options)


def end_alike(generator: torch.Generator) -> list[SearchCase]:
    """As `some_end`, on models whose every word depends on the word before alone."""
    kept, doubled = FINISHED[:4], FINISHED[4:]
    options: dict[str, Any] = {"rows": 1, "eos_bonus": 1.0, "shape": LAST}
    return [clear_graph(generator, 3, 5, telling=some, **options) for some in (kept, doubled)]


def cut_alike(generator: torch.Generator) -> list[SearchCase]:
    """As `some_are_cut`, on models whose every word depends on the word before alone."""
    options: dict[str, Any] = {"rows": 1, "eos_bonus": 0.8, "shape": LAST}
    return [clear_graph(generator, 3, 3, telling=some, **options) for some in (CUT[:3], CUT[3:])]


def go_on_alike(generator: torch.Generator) -> list[SearchCase]:
    """As `some_go_on`, on models whose every word depends on the word before alone."""
    options: dict[str, Any] = {"rows": 1, "eos_bonus": 1.0, "shape": LAST}
    return [
        clear_graph(generator, 3, 5, telling=STOPS, **options),
        clear_graph(generator, 2, 6, 2.0, telling=(Rule(stop="beaten"),), **options),
    ]


def ranked_alike(generator: torch.Generator) -> list[SearchCase]:
    """As `ranked`, on models whose every word depends on the word before alone."""
    options: dict[str, Any] = {"rows": 1, "eos_bonus": 0.8, "shape": LAST}
    return [clear_graph(generator, 2, 4, 2.0, telling=(Rule(pool="log_prob"),), **options)]


def all_alike(generator: torch.Generator) -> list[SearchCase]:
    """All of these."""
    alike = (end_alike, cut_alike, go_on_alike, ranked_alike)
    return [case for story in alike for case in story(generator)]


def overtaken(generator: torch.Generator) -> SearchCase:
    """Trees in which a long hypothesis wins by its score, but by log-probability is the last.

    After two steps "<eos>" (0.43) and "a <eos>" (0.29) have ended, and "a b" (0.17) alone is
    live. It ends after six tokens with almost no further loss, where a penalty of 2 divides by
    (11 / 6) ** 2: log(0.16) / 3.36 is more than log(0.43). With one token more, at (8 / 6) ** 2,
    it would be behind both: to stop by that bound is too early.
    """
    end: dict[str, Row] = {
        "a b": {"c": 0.985, "a": 0.002, "b": 0.001},
        "a b c": {"b": 0.985, "a": 0.002, "c": 0.001},
        "a b c b": {"a": 0.985, "c": 0.002, "b": 0.001},
        "a b c b a": {"<eos>": 0.985, "a": 0.002, "b": 0.001},
        "*": {"c": 0.4, "b": 0.3, "a": 0.2, "<eos>": 0.1},
    }
    one: dict[str, Row] = {
        "": {"<eos>": 0.43, "a": 0.49, "b": 0.06, "c": 0.01},
        "a": {"<eos>": 0.59, "b": 0.35, "c": 0.05, "a": 0.01},
    }
    two: dict[str, Row] = {
        "": {"<eos>": 0.41, "a": 0.5, "b": 0.05, "c": 0.02},
        "a": {"<eos>": 0.57, "b": 0.36, "c": 0.04, "a": 0.02},
    }
    return told(generator, [{**one, **end}, {**two, **end}], 2, 6, 2.0)


def ranked(generator: torch.Generator) -> SearchCase:
    """Trees in which the most probable of three hypotheses is the last by its score.

    "a <eos>" ends at the second step; of the third step both "b c a" and "b c <eos>" pass it.
    """
    end: dict[str, Row] = {
        "b": {"c": 0.945, "a": 0.02, "b": 0.019, "<eos>": 0.015},
        "*": {"c": 0.4, "b": 0.3, "a": 0.2, "<eos>": 0.1},
    }
    one: dict[str, Row] = {
        "": {"a": 0.37, "b": 0.55, "c": 0.02, "<eos>": 0.01},
        "a": {"<eos>": 0.81, "b": 0.08, "c": 0.06, "a": 0.05},
        "b c": {"a": 0.505, "<eos>": 0.445, "b": 0.03, "c": 0.02},
    }
    two: dict[str, Row] = {
        "": {"a": 0.36, "b": 0.54, "c": 0.03, "<eos>": 0.02},
        "a": {"<eos>": 0.82, "b": 0.07, "c": 0.05, "a": 0.04},
        "b c": {"a": 0.51, "<eos>": 0.45, "b": 0.025, "c": 0.015},
    }
    return told(generator, [{**one, **end}, {**two, **end}], 2, 3, 2.0)


def few(generator: torch.Generator, width: int, max_length: int) -> SearchCase:
    """Trees with few hypotheses: two words, one of which begins almost never, or EOS alone."""
    hardly = 1e-12  # still no reason to drop a hypothesis, and in float32 no reason to lose it
    two: dict[str, Row] = {
        "": {"a": 0.3, "b": hardly, "<eos>": 0.7, **NEVER},
        "*": {"a": 0.65, "b": 0.0, "<eos>": 0.35, **NEVER},
    }
    return told(generator, [two, SILENCE, two], width, max_length, 0.0)


def specials_said(generator: torch.Generator) -> SearchCase:
    """Trees in which PAD or BOS is said first, inside, and as the last word before the cut."""
    one: dict[str, Row] = {
        "": {"<pad>": 0.5, "a": 0.35, "<bos>": 0.08, "b": 0.05, "<eos>": 0.02},
        "<pad>": {"b": 0.7, "<eos>": 0.15, "a": 0.1, "<pad>": 0.05},
        "a": {"<bos>": 0.65, "<eos>": 0.2, "b": 0.1, "<pad>": 0.05},
        "<pad> b": {"<eos>": 0.8, "a": 0.15, "<bos>": 0.05},
        "a <bos>": {"<pad>": 0.75, "<eos>": 0.15, "a": 0.1},
        "*": {"c": 0.4, "b": 0.3, "a": 0.2, "<eos>": 0.1},
    }
    two: dict[str, Row] = {
        "": {"<bos>": 0.48, "b": 0.37, "<pad>": 0.08, "a": 0.04, "<eos>": 0.03},
        "<bos>": {"a": 0.72, "<eos>": 0.15, "b": 0.1, "<bos>": 0.03},
        "b": {"<pad>": 0.62, "<eos>": 0.22, "a": 0.1, "<bos>": 0.06},
        "<bos> a": {"<pad>": 0.77, "a": 0.15, "<eos>": 0.08},
        "b <pad>": {"<eos>": 0.79, "<bos>": 0.13, "a": 0.08},
        "*": {"b": 0.4, "c": 0.3, "a": 0.2, "<eos>": 0.1},
    }
    return told(generator, [one, two], 2, 3, 0.0)


def hardly_possible(generator: torch.Generator) -> SearchCase:
    """A tree with room for all hypotheses, the longest far too improbable for a product.

    After each word "a" the next one has a probability of e^-80, which float32 still holds to all
    its digits, and EOS almost all of the rest. Ten steps lead to e^-800: too little for float64.
    """
    one: dict[str, Row] = {"": {"<eos>": 1.0, "a": math.exp(-80), "b": 0.0, **NEVER}}
    return told(generator, [{**one, "*": one[""]}], 11, 10, 0.0)


def nothing_to_say(rows: int) -> dict[str, Any]:
    """A model whose every translation is EOS alone."""
    return tree_model([SILENCE] * rows)


def told(
    generator: torch.Generator,
    trees: list[dict[str, Row]],
    width: int,
    max_length: int,
    penalty: float,
) -> SearchCase:
    """Trees in which no decision is close, in disguise."""

    def clear(scorer: Scorer, lead: float) -> bool:
        rows = range(len(trees))
        return all(search(scorer, n, width, max_length, penalty)[1] >= lead for n in rows)

    name = f"{trees} {width} {max_length} {penalty}"
    model, scorer = settled(generator, name, lambda _: tree_model(trees), clear)
    return SearchCase(model, scorer, width, max_length, penalty)
