"""Models for the hidden checks of `beam_search`: of one make for every salt, each in disguise.

Whether a mistake shows in a search depends on the model. Were every salt to draw its own, so would
the mark. A model is therefore drawn once, from a fixed seed, until it makes a case that is clear
by a wide margin and shows the mistakes it is there for; a salt renames its words and moves each
logit a little, which changes no decision. So every salt has its case, and the same mistakes fail.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from autograder.suites.memory import drawn_once
from checks.seq2seq.shared.answers import Hypothesis
from checks.seq2seq.shared.standins import NEGLIGIBLE, random_model
from checks.seq2seq.shared.trees import random_graph

from ..shared.scorer import MARGIN, Scorer, Tokens, drawn
from .cases import SearchCase, tokens_of
from .oracle import Rule, search

# A logit moved by at most JITTER moves a log-probability by at most 2 * JITTER, and the lead of one
# hypothesis over another by 4 * JITTER a step: what leads by so much more still leads by MARGIN.
JITTER = 1e-4
ANY, LAST = "any", "last"  # what the next word depends on: all words said, or the last alone
STEPS = 6  # as many as most searches take

Draw = Callable[[torch.Generator], dict[str, Any]]
Clear = Callable[[Scorer, float], bool]  # whether it is a case, with at least this margin


def settled(
    generator: torch.Generator,
    name: str,
    draw: Draw,
    clear: Clear,
    seed: int = 1,
    steps: int = STEPS,
) -> tuple[dict[str, Any], Scorer]:
    """A clear case of one make for every salt, disguised by `generator`.

    Args:
        steps: how many a search takes on it at most.
    """

    def disguise() -> tuple[dict[str, Any], Scorer]:
        fixed = torch.Generator().manual_seed(seed)
        lead = MARGIN + 4 * JITTER * max(steps, STEPS)
        made, _ = drawn(fixed, name, lambda: draw(fixed), lambda scorer: clear(scorer, lead))
        model = disguised(made, generator)
        scorer = Scorer(model)
        assert clear(scorer, MARGIN), f"{name}: the disguise changes a decision"
        return model, scorer

    model, scorer = drawn_once(generator, f"{name}, disguised", disguise)
    return dict(model), scorer


def disguised(model: dict[str, Any], generator: torch.Generator) -> dict[str, Any]:
    """The same model with its words in another order and its logits moved a little."""
    specials = {model["pad_id"], model["bos_id"], model["eos_id"]}
    size = len(model["logits"][0] if "logits" in model else model["weights"]["bias"])
    words = torch.tensor([i for i in range(size) if i not in specials])
    order = torch.arange(size)  # (vocabulary,), the old id of each new one
    order[words] = words[torch.randperm(len(words), generator=generator)]
    if "logits" in model:
        noise = JITTER * (2 * torch.rand(model["logits"].shape, generator=generator) - 1)
        logits = model["logits"][:, order] + noise
        # PAD and BOS do not tie either, where neither is ever said
        never = model["logits"][:, model["bos_id"]] <= NEGLIGIBLE
        logits[:, model["bos_id"]] -= never.float()
        return {**model, "logits": logits, "children": model["children"][:, order]}
    weights = dict(model["weights"])
    for name in ("embedding", "output", "bias"):
        weights[name] = weights[name][order]
    weights["bias"] += JITTER * (2 * torch.rand(size, generator=generator) - 1)
    weights["bias"][model["bos_id"]] -= 1.0
    return {**model, "weights": weights}


def clear_graph(
    generator: torch.Generator,
    width: int,
    max_length: int,
    penalty: float = 0.0,
    telling: tuple[Rule, ...] = (),
    apart: tuple[Rule, ...] = (),
    mixed: bool = False,
    namesakes: bool = False,
    endless: bool = False,
    shape: str = ANY,
    seed: int = 1,
    **options: Any,
) -> SearchCase:
    """A random graph without close decisions, in which each mistake of `telling` shows.

    Those of them that are in `apart` too give different hypotheses, so each is known by its own.

    Every sentence has a finished hypothesis, with `mixed` one that was cut too, and no two
    sentences begin with the same word or have the same best hypothesis. With `namesakes` two
    hypotheses of some sentence go on from different ones that end in the same word. An `endless`
    model never says EOS. With the `shape` LAST what comes next depends on the last word alone, so
    it does not matter whose state a hypothesis goes on from. `seed` saves time where most draws
    are refused: one whose first draw will do.
    """

    def clear(scorer: Scorer, lead: float) -> bool:
        rows = range(len(scorer))

        def by(rule: Rule | None = None) -> list[tuple[list[Hypothesis], float]]:
            return [search(scorer, row, width, max_length, penalty, rule) for row in rows]

        right = by()
        wanted = [tokens_of(row) for row, _ in right]
        if min(margin for _, margin in right) < lead:
            return False
        ends = [{tokens[-1] == scorer.eos_id for tokens in row} for row in wanted]
        firsts, bests = {row[0][:1] for row in wanted}, {row[0] for row in wanted}
        if not len(firsts) == len(bests) == len(rows):
            return False
        if (
            not endless
            and width > 1
            and any(True not in e or (mixed and False not in e) for e in ends)
        ):
            return False
        if namesakes and not any(map(crossing, wanted)):
            return False
        results = {}
        for rule in telling:
            wrong = by(rule)
            if min(margin for _, margin in wrong) < lead:
                return False
            results[rule] = [tokens_of(row) for row, _ in wrong]
        shown = all(result != wanted for result in results.values())
        return shown and all(results[a] != results[b] for a, b in combinations(apart, 2))

    name = f"{width} {max_length} {penalty} {telling} {apart} {mixed} {namesakes} {options}"

    if endless or shape != ANY:
        name += f" {endless} {shape}"

    def draw(fixed: torch.Generator) -> dict[str, Any]:
        graph = random_graph(fixed, nodes=9 if shape == LAST else 40, **options)
        if shape == LAST:
            graph["children"] = torch.arange(9).expand(9, 9).clone()
        if endless:
            graph["logits"][:, graph["eos_id"]] = NEGLIGIBLE - 3.0
        return graph

    model, scorer = settled(generator, name, draw, clear, seed, max_length)
    return SearchCase(model, scorer, width, max_length, penalty)


def crossing(hypotheses: list[Tokens]) -> bool:
    """Whether two hypotheses go on from different ones of one length that end in the same word."""
    return any(
        a[n - 1] == b[n - 1] and a[:n] != b[:n]
        for a, b in combinations(hypotheses, 2)
        for n in range(1, min(len(a), len(b)))
    )


def last_word_decides(generator: torch.Generator, width: int, max_length: int) -> SearchCase:
    """A graph in which what comes next depends on the last word alone, so mixed-up states do not.

    Nothing else is asked of it: the log-probabilities of whatever is found are reckoned again.
    """

    def draw(fixed: torch.Generator) -> dict[str, Any]:
        graph = random_graph(fixed, rows=2, nodes=9, eos_bonus=0.5)
        return {**graph, "children": torch.arange(9).expand(9, 9).clone()}

    model, scorer = settled(generator, f"last {width} {max_length}", draw, lambda *_: True)
    return SearchCase(model, scorer, width, max_length)


def cut_short(generator: torch.Generator, width: int, max_length: int) -> SearchCase:
    """A random graph where a hypothesis is cut, and with one step more a longer one is found."""

    def clear(scorer: Scorer, lead: float) -> bool:
        for row in range(len(scorer)):
            now, later = (search(scorer, row, width, n, 0.0) for n in (max_length, max_length + 1))
            cut = any(f.tokens[-1] != scorer.eos_id for f in now[0])
            if not cut or max(len(f.tokens) for f in later[0]) <= max_length or now[1] < lead:
                return False
        return True

    name = f"cut {width} {max_length}"
    model, scorer = settled(generator, name, lambda fixed: random_graph(fixed, rows=2), clear)
    return SearchCase(model, scorer, width, max_length)


def one_ends_early(
    generator: torch.Generator, width: int, max_length: int, rows: int
) -> SearchCase:
    """A random graph where nothing is left of the first sentence after two steps, and of no other.

    All hypotheses of the first end at the second step; all others' are longer.
    """

    def draw(fixed: torch.Generator) -> dict[str, Any]:
        graph = random_graph(fixed, rows=rows, nodes=80)
        start = graph["children"][graph["starts"][0], graph["bos_id"]]
        graph["logits"][start, graph["eos_id"]] -= 20.0
        graph["logits"][graph["children"][start], graph["eos_id"]] += 30.0
        return graph

    def clear(scorer: Scorer, lead: float) -> bool:
        every = [search(scorer, row, width, max_length, 0.0) for row in range(rows)]
        lengths = [[len(hypothesis.tokens) for hypothesis in row] for row, _ in every]
        return (
            min(margin for _, margin in every) >= lead
            and max(lengths[0]) == 2
            and all(max(row) > 2 for row in lengths[1:])
        )

    model, scorer = settled(generator, f"early {width} {max_length} {rows}", draw, clear)
    return SearchCase(model, scorer, width, max_length)


def twins(generator: torch.Generator) -> tuple[SearchCase, SearchCase]:
    """A graph with two words equally probable throughout, and the same with one a little ahead.

    All survivors of a step share a node, so which of the twins survives changes no score.
    """
    fixed = torch.Generator().manual_seed(1)
    model = disguised(random_graph(fixed, rows=2, nodes=6, eos_bonus=0.5), generator)
    model["children"] = torch.randint(6, (6, 1), generator=fixed).expand(6, 9).clone()
    one, twin = [word for word in range(9) if word not in (6, 2, 4)][:2]
    logits = model["logits"].clone()
    logits[:, [one, twin]] = logits.amax(1, keepdim=True) + 0.5
    ahead = logits.clone()
    ahead[:, twin] += 4e-6
    equal, unequal = {**model, "logits": logits}, {**model, "logits": ahead}
    return SearchCase(equal, Scorer(equal), 4, 4), SearchCase(unequal, Scorer(unequal), 4, 4)


def recurrent(
    generator: torch.Generator,
    sources: list[list[int]],
    vocab_size: int,
    width: int,
    max_length: int,
    **sizes: Any,
) -> SearchCase:
    """A recurrent model without close decisions."""

    def draw(fixed: torch.Generator) -> dict[str, Any]:
        return random_model(fixed, sources, vocab_size, (6, 2, 4), **sizes)

    def clear(scorer: Scorer, lead: float) -> bool:
        every = [search(scorer, row, width, max_length, 0.0) for row in range(len(sources))]
        return min(margin for _, margin in every) >= lead

    name = f"recurrent {sources} {vocab_size} {width} {max_length} {sizes}"
    model, scorer = settled(generator, name, draw, clear)
    return SearchCase(model, scorer, width, max_length)


def renamed(graph: dict[str, Any], specials: tuple[int, int, int]) -> tuple[dict[str, Any], Tensor]:
    """The same graph with other ids, and the new id of each old one, (V,)."""
    old = (graph["pad_id"], graph["bos_id"], graph["eos_id"])
    size = graph["logits"].shape[1]
    new = torch.zeros(size, dtype=torch.int64)  # (vocabulary,)
    new[list(old)] = torch.tensor(specials)
    new[[i for i in range(size) if i not in old]] = torch.tensor(
        [i for i in range(size) if i not in specials]
    )
    order = new.argsort()  # (vocabulary,), the old id of each new one
    ids = dict(zip(("pad_id", "bos_id", "eos_id"), specials, strict=True))
    sources = [new[source].tolist() for source in graph["sources"]]
    tables = {name: graph[name][:, order] for name in ("logits", "children")}
    return {**graph, **ids, **tables, "sources": sources}, new
