"""Search trees as table stand-ins: written out by hand as probabilities, or drawn at random."""

from __future__ import annotations

import math
from typing import Any

import torch

from .standins import NEGLIGIBLE

WORDS = [
    "<eos>",
    "a",
    "b",
    "<pad>",
    "c",
    "<bos>",
]  # the specials stand anywhere: no id may be assumed
SPECIALS = (3, 5, 0)  # pad_id, bos_id, eos_id

Row = dict[str, float]  # word -> probability


def tree_model(trees: list[dict[str, Row]], words: list[str] = WORDS) -> dict[str, Any]:
    """Build a table `StandIn` that translates sentence [1, row + 1, ...] along `trees[row]`.

    Every other sentence is longer by a word, so that a batch of several is padded, and not sorted.

    A tree maps a prefix, words with spaces between, to the probabilities of the next word; ""
    is the start and "*" stands for every prefix that is not written. A word that is left out is
    practically impossible, one with 0.0 exactly so.
    """
    logits: list[list[float]] = []
    children: list[list[int]] = []
    starts = []
    pad_id, bos_id, eos_id = (words.index(name) for name in ("<pad>", "<bos>", "<eos>"))
    for tree in trees:
        first = len(logits)  # of this tree: a node for every other prefix, one before BOS, the rest
        prefixes = {tuple(prefix.split()[:n]) for prefix in tree for n in range(99)} | {()}
        prefixes = {prefix for prefix in prefixes if "*" not in prefix}
        nodes = {prefix: first + 2 + i for i, prefix in enumerate(sorted(prefixes))}
        starts.append(first + 1)
        for name in (None, "start", *nodes):
            row = tree.get(" ".join(name), tree.get("*")) if isinstance(name, tuple) else None
            row = row or tree.get("*") or tree[""]
            logits.append([logit(row, word) for word in words])
            after = [
                nodes.get((*name, word), first) if isinstance(name, tuple) else first
                for word in words
            ]
            if name == "start":
                after[bos_id] = nodes[()]
            children.append(after)
    return {
        "kind": "table",
        "pad_id": pad_id,
        "bos_id": bos_id,
        "eos_id": eos_id,
        "sources": [[1, row + 1, *[2] * (row % 2)] for row in range(len(trees))],
        "starts": starts,
        "logits": torch.tensor(logits),
        "children": torch.tensor(children),
    }


def logit(row: Row, word: str) -> float:
    """The logit of a word in a row of probabilities."""
    if word not in row:
        return NEGLIGIBLE
    return math.log(row[word]) if row[word] else -math.inf


def random_graph(
    generator: torch.Generator,
    vocab_size: int = 9,
    specials: tuple[int, int, int] = (6, 2, 4),
    rows: int = 3,
    nodes: int = 40,
    spread: float = 1.5,
    eos_bonus: float = 0.0,
) -> dict[str, Any]:
    """Draw a table `StandIn` in which what comes next depends on all that came before.

    `specials` are pad_id, bos_id, eos_id. PAD and BOS are practically impossible.
    """
    pad_id, bos_id, eos_id = specials
    logits = torch.randn(nodes, vocab_size, generator=generator) * spread
    logits[:, eos_id] += eos_bonus
    logits[:, [pad_id, bos_id]] = NEGLIGIBLE
    words = [word for word in range(vocab_size) if word not in specials]
    return {
        "kind": "table",
        "pad_id": pad_id,
        "bos_id": bos_id,
        "eos_id": eos_id,
        "sources": [
            [words[(row + i) % len(words)] for i in range(1 + 2 * row % 5)] for row in range(rows)
        ],
        "starts": torch.randperm(nodes, generator=generator)[:rows].tolist(),
        "logits": logits,
        "children": torch.randint(nodes, (nodes, vocab_size), generator=generator),
    }


def batch_of(model: dict[str, Any], rows: list[int] | None = None) -> dict[str, Any]:
    """The model's sentences, or these rows of them, as `source` and `source_lengths`."""
    sources = [model["sources"][row] for row in (rows or range(len(model["sources"])))]
    lengths = [len(source) for source in sources]
    padded = [source + [model["pad_id"]] * (max(lengths) - len(source)) for source in sources]
    return {"source": torch.tensor(padded), "source_lengths": torch.tensor(lengths)}
