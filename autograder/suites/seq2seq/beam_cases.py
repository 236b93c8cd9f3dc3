"""Models for the hidden checks of `beam_search`, and how a check runs a search on one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autograder.checks.student import Student
from autograder.suites.seq2seq.beam_mistakes import expect_rule, near
from autograder.suites.seq2seq.checks.answers import Found, found_rows, runs
from autograder.suites.seq2seq.checks.standins import random_model
from autograder.suites.seq2seq.checks.trees import Row, batch_of, random_graph, tree_model
from autograder.suites.seq2seq.search_oracles import MARGIN, Rule, Scorer, drawn, greedy, search


def beam(student: Student, model: dict[str, Any], **options: Any) -> list[list[Found]]:
    """One run over all sentences of a model, stopped when it works far too much."""
    inputs = {**batch_of(model), **options}
    rows, steps, width = len(inputs["source"]), inputs["max_length"], inputs["beam_width"]
    limited = {**model, "max_rows": 4 * rows * width * steps * (steps + 1)}
    return found_rows(runs(student.beam(model=limited, **inputs), 1)[0], rows, width)


def tokens_of(row: list[Found]) -> list[tuple[int, ...]]:
    """The tokens of each hypothesis of a row."""
    return [found.tokens for found in row]


def same(a: list[Found], b: list[Found]) -> bool:
    """Equal tokens, and numbers equal but for rounding."""
    return tokens_of(a) == tokens_of(b) and all(
        near(x.log_prob, y.log_prob) and near(x.score, y.score) for x, y in zip(a, b, strict=True)
    )


def clear_graph(
    generator: torch.Generator,
    width: int,
    max_length: int,
    penalty: float = 0.0,
    telling: Rule | None = None,
    **options: Any,
) -> tuple[dict[str, Any], Scorer]:
    """A random graph without close decisions, in which the mistake `telling` shows.

    Every sentence has a finished hypothesis, and no two sentences begin with the same word, so
    that what a check says does not hang on the luck of a draw.
    """

    def clear(scorer: Scorer) -> bool:
        every = [search(scorer, row, width, max_length, penalty) for row in range(len(scorer))]
        if min(margin for _, margin in every) < MARGIN:
            return False
        ended = [any(t[-1] == scorer.eos_id for t in tokens_of(found)) for found, _ in every]
        firsts = {greedy(scorer, row, 1)[0] for row in range(len(every))}
        bests = {found[0].tokens for found, _ in every}
        different = len(firsts) == len(bests) == len(every)
        if (width > 1 and not all(ended)) or not different:
            return False
        return telling is None or any(
            tokens_of(search(scorer, row, width, max_length, penalty, telling)[0])
            != tokens_of(right)
            for row, (right, _) in enumerate(every)
        )

    name = f"{width} {max_length} {penalty} {telling} {options}"
    return drawn(generator, name, lambda: random_graph(generator, **options), clear)


def cut_short(generator: torch.Generator, width: int, max_length: int) -> dict[str, Any]:
    """A random graph where a hypothesis is cut, and with one step more a longer one is found."""

    def clear(scorer: Scorer) -> bool:
        for row in range(len(scorer)):
            now, later = (search(scorer, row, width, n, 0.0) for n in (max_length, max_length + 1))
            cut = any(f.tokens[-1] != scorer.eos_id for f in now[0])
            if not cut or max(len(f.tokens) for f in later[0]) <= max_length or now[1] < MARGIN:
                return False
        return True

    name = f"cut {width} {max_length}"
    return drawn(generator, name, lambda: random_graph(generator, rows=2), clear)[0]


def one_ends_early(
    generator: torch.Generator, width: int, max_length: int, rows: int
) -> dict[str, Any]:
    """A random graph where nothing is left of the first sentence after two steps, and of no other.

    All hypotheses of the first end at the second step; all others' are longer.
    """

    def draw() -> dict[str, Any]:
        graph = random_graph(generator, rows=rows, nodes=80)
        start = graph["children"][graph["starts"][0], graph["bos_id"]]
        graph["logits"][start, graph["eos_id"]] -= 20.0
        graph["logits"][graph["children"][start], graph["eos_id"]] += 30.0
        return graph

    def clear(scorer: Scorer) -> bool:
        every = [search(scorer, row, width, max_length, 0.0) for row in range(rows)]
        lengths = [[len(found.tokens) for found in row] for row, _ in every]
        return (
            min(margin for _, margin in every) >= MARGIN
            and max(lengths[0]) == 2
            and all(max(row) > 2 for row in lengths[1:])
        )

    return drawn(generator, f"early {width} {max_length} {rows}", draw, clear)[0]


def clear_vocabulary(
    generator: torch.Generator, vocab_size: int, width: int, max_length: int
) -> tuple[dict[str, Any], Scorer]:
    """A recurrent model of many words without close decisions."""

    def draw() -> dict[str, Any]:
        sizes: dict[str, Any] = {"embedding_dim": 4, "hidden_dim": 4, "eos_bonus": -20.0}
        return random_model(generator, [[7, 8]], vocab_size, (6, 2, 4), **sizes)

    def clear(scorer: Scorer) -> bool:
        return search(scorer, 0, width, max_length, 0.0)[1] >= MARGIN

    return drawn(generator, f"{vocab_size} {width} {max_length}", draw, clear)


def overtaken(generator: torch.Generator, rows: int) -> dict[str, Any]:
    """Trees in which a long hypothesis wins by its score, but by log-probability is the last.

    With beam_width 2, max_length 6 and a length_penalty of 2 or more: after two steps "<eos>"
    (0.4 to 0.44) and "a <eos>" (0.45 to 0.5 of 0.35 to 0.4) have ended; "a b" (0.38 to 0.42 of
    the latter) alone is live and ends with almost no further loss after six tokens, where the
    penalty divides by (11 / 6) ** 2: log(0.13) / 3.36 is more than log(0.44).
    """

    def tree() -> dict[str, Row]:
        ends, goes_on = between(generator, 0.40, 0.44), between(generator, 0.35, 0.40)
        short, long = between(generator, 0.45, 0.50), between(generator, 0.38, 0.42)
        sure, rest = between(generator, 0.985, 0.99), 0.002
        return {
            "": {"<eos>": ends, "a": goes_on, "b": 0.5 * (1 - ends - goes_on)},
            "a": {"<eos>": short, "b": long, "c": 0.5 * (1 - short - long)},
            "a b": {"c": sure, "a": rest, "b": 0.5 * rest},
            "a b c": {"b": sure, "a": rest, "c": 0.5 * rest},
            "a b c b": {"a": sure, "c": rest, "b": 0.5 * rest},
            "a b c b a": {"<eos>": sure, "a": rest, "b": 0.5 * rest},
            "*": {"c": 0.4, "b": 0.3, "a": 0.2, "<eos>": 0.1},
        }

    return tree_model([tree() for _ in range(rows)])


def ranked(generator: torch.Generator, rows: int) -> dict[str, Any]:
    """Trees in which the most probable of three hypotheses is the last by its score.

    With beam_width 2, max_length 3 and a length_penalty of 2 or more: "a <eos>" ends at the
    second step; of the third step both "b c a" and "b c <eos>" pass it.
    """

    def tree() -> dict[str, Row]:
        first, other = between(generator, 0.36, 0.38), between(generator, 0.54, 0.56)
        ends, goes_on = between(generator, 0.80, 0.82), between(generator, 0.94, 0.95)
        more, less = between(generator, 0.50, 0.51), between(generator, 0.44, 0.45)
        return {
            "": {"a": first, "b": other, "c": 0.02, "<eos>": 0.01},
            "a": {"<eos>": ends, "b": 0.08, "c": 0.06, "a": 0.05},
            "b": {"c": goes_on, "a": 0.02, "b": 0.02, "<eos>": 0.015},
            "b c": {"a": more, "<eos>": less, "b": 0.03, "c": 0.02},
            "*": {"c": 0.4, "b": 0.3, "a": 0.2, "<eos>": 0.1},
        }

    return tree_model([tree() for _ in range(rows)])


def between(generator: torch.Generator, low: float, high: float) -> float:
    """Draw a number."""
    return low + (high - low) * float(torch.rand((), generator=generator))


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


def expect_against(
    student: Student,
    generator: torch.Generator,
    rule: Rule,
    max_length: int = 5,
    eos_bonus: float = 1.0,
) -> None:
    """The published rule holds on a model where `rule` would give something else."""
    width = 3
    options: dict[str, Any] = {"eos_bonus": eos_bonus, "telling": rule, "rows": 1}
    model, scorer = clear_graph(generator, width, max_length, **options)
    found = beam(student, model, beam_width=width, max_length=max_length)
    expect_rule(found, scorer, width, max_length, 0.0, likely=rule)
