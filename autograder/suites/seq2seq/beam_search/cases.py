"""What a hidden check of `beam_search` asks, and how it runs and compares the answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from checks.expect import Wrong, mended
from checks.seq2seq.beam_search.explain import first_input
from checks.seq2seq.beam_search.mending import (
    NOTHING,
    UNKNOWN,
    Rows,
    for_one_row,
    joined,
    near,
    put_right,
)
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import Hypothesis, hypothesis_rows, runs
from checks.seq2seq.shared.trees import batch_of

from ..shared.scorer import Scorer, Tokens
from .oracle import Rule, far_too_many, live_words, pool, search

OWN = -99  # as `steps` of a rule: as many as the hypotheses without EOS have tokens
POOLS = ("ranked", "first come", "log_prob", "worst")


@dataclass(frozen=True)
class SearchCase:
    """Sentences with their stand-in, and the options of one call."""

    model: dict[str, Any]
    scorer: Scorer
    width: int
    max_length: int
    penalty: float = 0.0
    only: tuple[int, ...] = ()  # the sentences that are asked for, in this order; () is all
    any_start: bool = True  # who starts from another word than BOS is judged as if that were BOS

    @property
    def rows(self) -> tuple[int, ...]:
        """The sentences that are asked for."""
        return self.only or tuple(range(len(self.scorer)))

    def alone(self) -> list[SearchCase]:
        """The same for each sentence by itself."""
        return [replace(self, only=(row,)) for row in self.rows]

    def by(self, rule: Rule | None = None) -> list[list[Tokens]]:
        """The tokens that the published rule gives, or a mistaken one, for every sentence."""
        options = (self.width, self.max_length, self.penalty, rule)
        return [tokens_of(search(self.scorer, n, *options)[0]) for n in self.rows]

    def explained(self, rule: Rule, rows: Rows) -> bool:
        """Whether a rule gives just these hypotheses, but for what was put right in them."""
        if not rows.fits:
            return False
        sums = rule.sums if rows.sums == "log_softmax" else rows.sums
        formulas = {"", rows.formula} - {"?"}  # a wrong score may be told, and not ranked by
        rules = [replace(rule, sums=sums, formula=formula) for formula in sorted(formulas)]
        return any(
            all(
                self._explains(each, number, row, rows)
                for number, row in zip(self.rows, rows, strict=True)
            )
            for each in rules
        )

    def _explains(self, rule: Rule, number: int, row: list[Hypothesis], rows: Rows) -> bool:
        said = tokens_of(row)
        steps = self.max_length
        if rule.steps == OWN:
            cut = {len(tokens) for tokens in said if tokens[-1:] != (self.scorer.eos_id,)}
            steps = max(cut, default=steps)
            if len(cut) > 1 or not 0 < steps <= 2 * self.max_length:
                return False
            rule = replace(rule, steps=0)
        options = (number, self.width, steps, self.penalty)
        if rows.formula == "?":  # it is not known which are the best by it
            every = tokens_of(pool(self.scorer, *options, rule))
            return set(said) <= set(every) and len(said) == min(self.width, len(every))
        if not rows.unsorted:
            return in_order(said, search(self.scorer, *options, rule)[0])
        rules = [replace(rule, pool=name) for name in POOLS]
        found = [tokens_of(search(self.scorer, *options, each)[0]) for each in rules]
        return sorted(said) in map(sorted, found)

    def totals_explained(self, rows: Rows) -> bool:
        """Whether the published rule gives these log_probs, whatever the tokens are."""
        options = (self.width, self.max_length, self.penalty)
        return all(
            len(row) == len(right)
            and all(
                near(given, due)
                for given, due in zip(
                    sorted(one.log_prob for one in row),
                    sorted(one.log_prob for one in right),
                    strict=True,
                )
            )
            for row, right in zip(
                rows, (search(self.scorer, n, *options)[0] for n in self.rows), strict=True
            )
        )

    def ask(self, student: Probed, **options: Any) -> Rows:
        """The student's hypotheses, put right; `options` beside or instead of the case's own."""
        return self.answer(student, **options)[1]

    def answer(self, student: Probed, **options: Any) -> tuple[SearchCase, Rows]:
        """The student's hypotheses, and the case that they answer.

        Who starts from another word than BOS answers another one.
        """
        return self.read(student, self.run(student, **options), **options)

    def inputs(self, **options: Any) -> dict[str, Any]:
        """What a search is given; `options` beside or instead of the case's own."""
        own: dict[str, Any] = {"beam_width": self.width, "max_length": self.max_length}
        if self.penalty:
            own["length_penalty"] = self.penalty
        return {**batch_of(self.model, list(self.only) or None), **own, **options}

    def run(self, student: Probed, **options: Any) -> dict[str, Any]:
        """A run, stopped when it works far too much."""
        inputs = self.inputs(**options)
        rows, steps, width = len(inputs["source"]), inputs["max_length"], inputs["beam_width"]
        limited = {**self.model, "max_rows": rows * far_too_many(width, steps)}
        return run_of(student, limited, **inputs)

    def read(self, student: Probed, run: dict[str, Any], **options: Any) -> tuple[SearchCase, Rows]:
        """The hypotheses of a run, put right, and the case that they answer."""
        inputs = self.inputs(**options)
        rows, width = len(inputs["source"]), inputs["beam_width"]
        if run["unknown"]:
            raise Wrong(*UNKNOWN, line="rows", share=1.0)
        if run["result"] is None and run["inputs"] and not run["over"] and self.fed(student):
            mended(*NOTHING, line="ranking", share=1.0)
            steps, penalty = inputs["max_length"], inputs.get("length_penalty", 0.0)
            found = [search(self.scorer, n, width, steps, penalty)[0] for n in self.rows]
            return self, Rows(found, run)
        if for_one_row(run["result"], rows):
            names = batch_of(self.model)
            each = [{name: inputs[name][n : n + 1] for name in names} for n in range(rows)]
            run = joined(run, [self.run(student, **{**options, **one}) for one in each])
        answer = self._put_right(Rows(hypothesis_rows(run, rows, width, empty=True), run), inputs)
        if width > 1:
            one = replace(self, width=1)
            answer[1].fits_with_one_place = lambda: one.ask(student).some
        return answer

    def _put_right(self, rows: Rows, inputs: dict[str, Any]) -> tuple[SearchCase, Rows]:
        options: dict[str, Any] = {
            "penalty": inputs.get("length_penalty", 0.0),
            "max_length": inputs["max_length"],
            "bos_id": self.model["bos_id"],
            "eos_id": self.model["eos_id"],
        }
        given = list(rows)
        put_right(rows, Scores(self), **options)
        first = set(rows.run["inputs"][0]) if rows.run["inputs"] else set()
        if rows.fits or len(first) != 1 or not self.any_start:
            return self, rows
        start = first.pop()
        if start == self.model["bos_id"] or start not in range(self.scorer.vocab_size):
            return self, rows
        other = replace(self, scorer=self.scorer.starting_from(start))
        again = Rows(given, rows.run)
        put_right(again, Scores(other), **options)
        if not again.fits:
            return self, rows
        says, help, line, share = first_input(start, self.model)
        mended(says, help, line=line, share=share or 0.0)
        return other, again

    def fed(self, student: Probed) -> bool:
        """Whether each sentence's last words are given to the decoder as the rule does it."""
        for one in self.alone():
            run = one.run(student)
            words = live_words(self.scorer, one.only[0], self.width, self.max_length)
            if not follows(run["inputs"], [[self.model["bos_id"]], *words]):
                return False
        return True


def in_order(said: list[Tokens], found: list[Hypothesis]) -> bool:
    """Whether these are the tokens of hypotheses, in their order but for equal scores."""
    if said == tokens_of(found):
        return True
    scores = {one.tokens: one.score for one in found}
    return sorted(said) == sorted(tokens_of(found)) and all(
        near(scores[tokens], one.score) for tokens, one in zip(said, found, strict=True)
    )


def follows(inputs: list[tuple[int, ...]], words: list[list[int]]) -> bool:
    """Whether decoder calls were given these words, one call a step or one a word."""
    one_by_one = [call[0] for call in inputs if len(call) == 1]
    if len(one_by_one) == len(inputs) and any(len(step) > 1 for step in words):
        every: list[int] = []
        given: list[int] = []
        whole = 0  # steps of which every word was given
        for step in words:
            at = len(every)
            if at + len(step) > len(one_by_one):
                break
            every += sorted(step)
            given += sorted(one_by_one[at : at + len(step)])
            whole += 1
        return len(every) > 3 and whole > 1 and given == every
    pairs = list(zip(inputs, words, strict=False))
    enough = len(pairs) > 2 or 1 < len(pairs) == len(inputs) == len(words)
    return enough and all(set(call) >= set(step) for call, step in pairs)


class Scores:
    """What the model of a case says of the sentences that are asked for."""

    def __init__(self, case: SearchCase) -> None:
        self._scorer, self._rows = case.scorer, case.rows

    def steps(self, row: int, tokens: Tokens) -> list[float]:
        """The log-probability of each token; see `Scorer`."""
        return self._scorer.steps(self._rows[row], tokens)

    def sum_of_logits(self, row: int, tokens: Tokens) -> float:
        """What a search that forgets the softmax adds up."""
        return self._scorer.sum_of_logits(self._rows[row], tokens)


def run_of(student: Probed, model: dict[str, Any], **options: Any) -> dict[str, Any]:
    """All there is to know about one run over all sentences of a model."""
    return runs(student.beam(model=model, **{**batch_of(model), **options}), 1)[0]


def tokens_of(row: list[Hypothesis]) -> list[Tokens]:
    """The tokens of each hypothesis of a row."""
    return [hypothesis.tokens for hypothesis in row]


def same(a: list[Hypothesis], b: list[Hypothesis]) -> bool:
    """Equal tokens, and numbers equal but for rounding."""
    return tokens_of(a) == tokens_of(b) and all(
        near(x.log_prob, y.log_prob) and near(x.score, y.score) for x, y in zip(a, b, strict=True)
    )
