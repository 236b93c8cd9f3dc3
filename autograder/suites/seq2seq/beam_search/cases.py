"""What a hidden check of `beam_search` asks, and how it runs and compares the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checks.seq2seq.beam_search.trees import Rows, near
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import Hypothesis, hypothesis_rows, runs
from checks.seq2seq.shared.trees import batch_of

from ..shared.scorer import Scorer
from .oracle import Rule, search


@dataclass(frozen=True)
class SearchCase:
    """Sentences with their stand-in, and the options of one call."""

    model: dict[str, Any]
    scorer: Scorer
    width: int
    max_length: int
    penalty: float = 0.0

    def by(self, rule: Rule | None = None) -> list[list[tuple[int, ...]]]:
        """The tokens that the published rule gives, or a mistaken one, for every sentence."""
        options = (self.width, self.max_length, self.penalty, rule)
        return [tokens_of(search(self.scorer, n, *options)[0]) for n in range(len(self.scorer))]

    def ask(self, student: Probed, **options: Any) -> Rows:
        """The student's hypotheses; `options` beside or instead of the case's own."""
        own: dict[str, Any] = {"beam_width": self.width, "max_length": self.max_length}
        if self.penalty:
            own["length_penalty"] = self.penalty
        return beam(student, self.model, **{**own, **options})


def run_of(student: Probed, model: dict[str, Any], **options: Any) -> dict[str, Any]:
    """All there is to know about one run over all sentences of a model."""
    return runs(student.beam(model=model, **{**batch_of(model), **options}), 1)[0]


def beam(student: Probed, model: dict[str, Any], **options: Any) -> Rows:
    """One run over all sentences of a model, stopped when it works far too much."""
    inputs = {**batch_of(model), **options}
    rows, steps, width = len(inputs["source"]), inputs["max_length"], inputs["beam_width"]
    limited = {**model, "max_rows": 4 * rows * width * steps * (steps + 1)}
    run = run_of(student, limited, **inputs)
    return Rows(hypothesis_rows(run, rows, width), run)


def tokens_of(row: list[Hypothesis]) -> list[tuple[int, ...]]:
    """The tokens of each hypothesis of a row."""
    return [hypothesis.tokens for hypothesis in row]


def same(a: list[Hypothesis], b: list[Hypothesis]) -> bool:
    """Equal tokens, and numbers equal but for rounding."""
    return tokens_of(a) == tokens_of(b) and all(
        near(x.log_prob, y.log_prob) and near(x.score, y.score) for x, y in zip(a, b, strict=True)
    )
