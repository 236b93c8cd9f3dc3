"""Models whose greedy translations are laid down beforehand, so that every case is decisive."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch

from checks.seq2seq.shared.standins import NEGLIGIBLE, random_model
from checks.seq2seq.shared.trees import batch_of, random_graph

from ..shared.scorer import Scorer, Tokens, drawn, greedy

SPECIALS = (6, 2, 4)  # pad_id, bos_id, eos_id
VOCAB_SIZE = 9
STRAY = 12  # nodes off every path, where a search that goes wrong gets lost
LARGE = 1000  # a vocabulary with which the tables are kept small
RECURRENT_STEPS = 8
RECURRENT_LEAD = 0.15  # more than any rounding of logits that another check is about
LEADS = (0.2, 1.2)  # of each token of a path over the second best, the smallest and largest


def said(
    generator: torch.Generator,
    lengths: Sequence[int],
    steps: int,
    specials: tuple[int, int, int] = SPECIALS,
    words: Sequence[int] = range(VOCAB_SIZE),
    again: bool = False,
) -> list[Tokens]:
    """What rows that are never stopped say in so many steps: EOS is token number `lengths[i]`.

    All the words come if there is room for them, one of them twice in a row; the lowest and the
    highest id last, so that a row that goes wrong at once does not seem to avoid them. After EOS
    a row says further words, or EOS `again` and again. No two rows begin with the same word.
    """
    eos_id = specials[2]
    usable = sorted(word for word in words if word not in specials)
    edges = [usable[0], usable[-1]]
    inner = [usable[1 + i] for i in torch.randperm(len(usable) - 2, generator=generator).tolist()]
    assert len(lengths) <= len(inner)
    paths = []
    for row, length in enumerate(lengths):
        turned = inner[row:] + inner[:row]
        order = [*turned, turned[-1], *edges]
        endless = [order[i % len(order)] for i in range(steps)]
        tail = [eos_id] * steps if again else endless[length:]
        paths.append(tuple([*endless[: length - 1], eos_id, *tail][:steps]))
    return paths


def laid(
    generator: torch.Generator,
    paths: Sequence[Tokens],
    vocab_size: int = VOCAB_SIZE,
    specials: tuple[int, int, int] = SPECIALS,
    close: float = 0.0,
) -> dict[str, Any]:
    """A random graph in which row i says `paths[i]`, each token at a node of its own.

    A step off a path leads astray and never back to one. With `close` the best token leads the
    word of the lowest id by no more than that, and every other by much.
    """
    nodes = sum(map(len, paths)) + len(paths) + STRAY
    # a stand-in reads the mean of four copies of a node's number, and takes numbers that are out
    # of range for the first or the last: no node in use is near another, or one of these
    apart = 3 if vocab_size < LARGE else 1
    graph = random_graph(
        generator,
        vocab_size=vocab_size,
        specials=specials,
        rows=len(paths),
        nodes=apart * (nodes + 2),
    )
    lowest = min(set(range(vocab_size)) - set(specials))
    places = apart * (1 + torch.randperm(nodes, generator=generator))
    astray, free = places[:STRAY], iter(places[STRAY:].tolist())
    logits, children = graph["logits"], astray[graph["children"] % STRAY]
    graph["children"] = children
    for row, path in enumerate(paths):
        node, token = next(free), graph["bos_id"]
        graph["starts"][row] = node
        for best in path:
            step = next(free)
            children[node, token] = step
            node, token = step, best
            smallest, largest = LEADS
            lead = smallest + (largest - smallest) * float(torch.rand((), generator=generator))
            logits[node, best] = -torch.inf  # so that the lead is over the others
            logits[node, best] = logits[node].max() + lead
            if close and best != lowest:
                logits[node, best] += 1.0
                logits[node, lowest] = logits[node, best] - close
    return graph


def by_last_word(
    generator: torch.Generator, clearly: bool = False
) -> tuple[dict[str, Any], Scorer]:
    """A model with one sentence in which the last word alone decides on the next, or `clearly` so.

    So it says the same from any state, and whoever hands on the wrong one can show the rest. Also
    the least probable word after each leads to others.
    """
    _, bos_id, eos_id = SPECIALS
    apart, words = 3, [word for word in range(VOCAB_SIZE) if word not in SPECIALS]

    def draw() -> dict[str, Any]:
        graph = random_graph(generator, specials=SPECIALS, rows=1, nodes=apart * (VOCAB_SIZE + 2))
        places = apart * (1 + torch.randperm(VOCAB_SIZE, generator=generator))  # of each word
        graph["children"] = places.repeat(len(graph["children"]), 1)
        logits = 3.0 * torch.randn(VOCAB_SIZE, VOCAB_SIZE, generator=generator)
        logits = logits.clamp(max=5.0)
        logits[:, eos_id] = 0.0  # neither the least nor, off the path, the most probable
        order = [words[i] for i in torch.randperm(len(words), generator=generator).tolist()]
        path = [bos_id, *order, eos_id, order[2]]
        for word, following in itertools.pairwise(path):
            logits[word, following] = -torch.inf
            logits[word, following] = 9.0 if clearly else logits[word].max() + 0.3
        graph["logits"][places] = logits
        return graph

    def varied(scorer: Scorer) -> bool:
        tokens: Tokens = ()
        while len(tokens) < 6:
            values = scorer.log_probs(0, [tokens])[0]
            tokens = (*tokens, values.index(min(values)))
        return len({*tokens}) > 2 and eos_id not in tokens

    return drawn(generator, f"by the last word {clearly}", draw, varied)


def case(
    generator: torch.Generator,
    lengths: Sequence[int],
    steps: int,
    vocab_size: int = VOCAB_SIZE,
    specials: tuple[int, int, int] = SPECIALS,
    words: Sequence[int] | None = None,
    again: bool = False,
    close: float = 0.0,
) -> tuple[dict[str, Any], Scorer]:
    """A model with a sentence for each of `lengths`, whose translation has so many tokens."""
    known = words or range(vocab_size)

    def draw() -> dict[str, Any]:
        paths = said(generator, lengths, steps, specials, known, again)
        return laid(generator, paths, vocab_size, specials, close)

    name = f"laid {list(lengths)} {steps} {vocab_size} {specials} {words} {again} {close}"
    return drawn(generator, name, draw, lambda scorer: True)  # every draw will do


def specials_said(generator: torch.Generator) -> tuple[dict[str, Any], Scorer]:
    """A model whose translations hold PAD and BOS: first, inside and last.

    Two of five tokens, and two that are cut at six.
    """
    pad_id, bos_id, eos_id = SPECIALS
    a, b, c = 1, 3, 5

    def draw() -> dict[str, Any]:
        paths = [
            (pad_id, a, bos_id, b, eos_id),
            (bos_id, c, a, pad_id, eos_id),
            (b, bos_id, pad_id, pad_id, pad_id, pad_id),
            (c, pad_id, bos_id, bos_id, bos_id, bos_id),
        ]
        return laid(generator, paths)

    return drawn(generator, "specials said", draw, lambda scorer: True)


def recurrent_case(generator: torch.Generator) -> tuple[dict[str, Any], Scorer]:
    """A recurrent model with two sentences that never end, and without a close decision.

    About one draw in three is such a case.
    """

    def draw() -> dict[str, Any]:
        model = random_model(generator, [[7, 8], [5, 1, 7]], 11, SPECIALS)
        weights = model["weights"]
        weights["output"] = weights["output"] * 4  # spreads the logits
        weights["output"][SPECIALS[2]] = 0.0
        weights["bias"][SPECIALS[2]] = NEGLIGIBLE
        return model

    def clear(scorer: Scorer) -> bool:
        one, other = (greedy(scorer, row, RECURRENT_STEPS) for row in range(2))
        varied = one[0] != other[0] and min(len(set(one[0])), len(set(other[0]))) > 2
        return varied and min(one[1], other[1]) >= RECURRENT_LEAD

    return drawn(generator, "recurrent", draw, clear)


def noisy(model: dict[str, Any], generator: torch.Generator) -> dict[str, torch.Tensor]:
    """The model's sentences with any words at padded positions, and two columns more of them."""
    inputs = batch_of(model)
    source, lengths = inputs["source"], inputs["source_lengths"]
    rows, width = source.shape
    words = torch.tensor(model["sources"][0])  # (length,)
    noise = words[torch.randint(len(words), (rows, width + 2), generator=generator)]
    real = torch.arange(width) < lengths[:, None]
    noise[:, :width] = torch.where(real, source, noise[:, :width])
    return {"source": noise, "source_lengths": lengths}


def same_words(model: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Sentences that differ in nothing but their length: the padding goes on as the others do.

    Changes what the model calls its sentences; returns `source` and `source_lengths`, two columns
    wider than the longest sentence.
    """
    specials = {model["pad_id"], model["bos_id"], model["eos_id"]}
    words = [word for word in range(model["logits"].shape[1]) if word not in specials]
    rows = len(model["sources"])
    model["sources"] = [words[: row + 1] for row in range(rows)]
    source = torch.tensor([words[: rows + 2]] * rows)
    return {"source": source, "source_lengths": torch.arange(1, rows + 1)}
