"""Asks for greedy translations, and judges them as they would be without the mistakes it knows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import torch

from checks.expect import Wrong, meeting
from checks.seq2seq.greedy.asking import ask as ask_somehow
from checks.seq2seq.greedy.asking import expect_sentences, tell
from checks.seq2seq.greedy.explain import Mistake, explain_tokens
from checks.seq2seq.greedy.forms import token_rows
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import odd_result
from checks.seq2seq.shared.trees import batch_of

from ..shared.scorer import Scorer, Tokens, greedy
from .cases import case, specials_said
from .replays import (
    IN_A_BATCH,
    NOT_THE_BEST,
    Case,
    Explanation,
    ending,
    explanations,
    gives,
)

KEEPS = "keep nothing from one call to the next: no global memory, no mutable default"
REMEMBERED = (
    Mistake("the answer is that of an earlier call, with other sentences", KEEPS, "clean", 1.0),
    Mistake("an earlier call decides what is said", KEEPS, "choice", 0.55),
)
NOT_RETURNED = (
    Mistake(odd_result("greedy_decode", None).rationale, "is a `return` missing?", "clean", 1.0),
    ending("no translation is returned", "is a `return` missing?", 0.95),
)
WHERE_IT_ENDS = ending(
    "each word is the right one, but a translation does not end where it should",
    "a row ends with its first EOS, included, or after max_length tokens",
    0.5,
)


REMEMBER = 10_000  # explanations


class Answer(NamedTuple):
    """What `greedy_decode` answered to one question."""

    rows: list[Tokens]  # the translations, right ones where all that is wrong is known
    right: list[Tokens]
    run: dict[str, Any]
    scorer: Scorer
    numbers: list[int]  # of the scorer's sentences
    max_length: int
    way: Explanation | None = None  # how it is explained, if it is not right as it came

    @property
    def core(self) -> bool:
        """Whether what is known is no greedy decoding at all."""
        return self.way is not None and self.way.core

    @property
    def whole(self) -> bool:
        """Whether the words chosen are the right ones, and none is left out."""
        return self.known and (self.way is None or not self.way.mistakes)

    @property
    def known(self) -> bool:
        """Whether the translations are right, but for mistakes that were told."""
        return self.rows == self.right

    @property
    def facts(self) -> dict[str, Any]:
        """Of the model, as `explain_tokens` wants them."""
        ids = {name: self.scorer.values[name] for name in ("pad_id", "bos_id", "eos_id")}
        return ids | {"vocab_size": self.scorer.vocab_size, "rows": len(self.rows)}


def ask(student: Probed, model: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    """The runs of `greedy_decode` on all sentences of a model; one without an end is stopped."""
    inputs = {**batch_of(model), **options}
    steps = options["max_length"]
    limited = {**model, "max_rows": 4 * len(inputs["source"]) * steps * (steps + 1)}
    return ask_somehow(student, model=limited, **inputs)


def decode(
    student: Probed,
    scorer: Scorer,
    max_length: int,
    rows: list[int] | None = None,
    most: float = 1.0,
    sure: bool = False,
    **options: Any,
) -> Answer:
    """Ask for translations; mistakes that explain the answers are told, and mended.

    Args:
        rows: the sentences that are asked for; all.
        most: what a mistake may cost where it shows here and nowhere else.
        sure: only mistakes count that explain the answers to other questions too.
        options: as of the probe; other inputs than the model's sentences as they are, too.
    """
    model = scorer.values
    inputs = batch_of(model, rows)
    options = {**inputs, **options, "max_length": max_length}
    (run,) = ask(student, model, **options)
    return judged(student, scorer, run, rows, options, most, sure)


def judged(
    student: Probed,
    scorer: Scorer,
    run: dict[str, Any],
    rows: list[int] | None,
    options: dict[str, Any],
    most: float = 1.0,
    sure: bool = False,
) -> Answer:
    """What a run answers, as `decode` returns it."""
    question = Question(scorer, list(rows or range(len(scorer))), options)
    right, run = question.right, dict(run)
    expect_sentences(run, most)
    answer = Answer(right, right, run, scorer, question.rows, options["max_length"])
    if run["result"] is None and not run["over"] and as_fed(right, run):
        tell(*NOT_RETURNED, most=most)
        return answer
    got: list[Tokens] = []
    odd: Wrong | None = None
    try:
        got = question.read(run)
    except Wrong as wrong:
        odd = wrong
    if odd is None and got == right:
        return answer
    way = explained(student, question, run, got) if odd is None else None
    if way is None or (sure and not way.sure):
        (again,) = ask(student, scorer.values, **{**options, "forgetting": True})
        with meeting():
            other = question.read_or_none(again)
        if other is not None and other != got:
            way = explained(student, question, again, other, forgetting=True)
            if way is not None:
                tell(*REMEMBERED, most=most)
                answer = answer._replace(run=again)
    if odd is not None and way is None:
        raise odd
    if way is not None and (way.sure or not sure):
        if not way.core:
            tell(*way.mistakes, most=most)
        return answer._replace(way=way)
    return answer._replace(rows=got)


@dataclass
class Question:
    """What was asked: the sentences of a scorer's model, by number, and the probe's options."""

    scorer: Scorer
    rows: list[int]
    options: dict[str, Any]

    @property
    def right(self) -> list[Tokens]:
        """The right answer."""
        return [greedy(self.scorer, row, self.options["max_length"])[0] for row in self.rows]

    def case(self, run: dict[str, Any]) -> Case:
        """The question as it can be answered with mistakes."""
        lengths = self.options["source_lengths"].tolist()
        width = self.options["source"].shape[1]
        return Case(self.scorer, self.rows, self.options["max_length"], width, lengths, run)

    def read(self, run: dict[str, Any]) -> list[Tokens]:
        """The translations that came back."""
        return token_rows(run, len(self.rows), self.scorer.eos_id, self.options["max_length"])

    def read_or_none(self, run: dict[str, Any]) -> list[Tokens] | None:
        """The same, None if they cannot be read."""
        try:
            return self.read(run)
        except Wrong:
            return None


def explained(
    student: Probed,
    question: Question,
    run: dict[str, Any],
    got: list[Tokens],
    forgetting: bool = False,
) -> Explanation | None:
    """The mistakes that explain an answer: those that explain others too, else the cheapest.

    What explains the answers to `others` is looked for once; most often it is what is wrong here.
    """
    if got == question.right:
        return Explanation("right", "all", "own", (), sure=True)
    known: list[Explanation] = []
    odd = False
    answers: list[tuple[Case, list[Tokens]]] = []
    for other in others():
        with meeting():
            (there,) = ask(student, other.scorer.values, **other.options, forgetting=forgetting)
            answer = other.read_or_none(there)
        if answer == other.right:
            continue
        ways = search(other, there, answer) if answer is not None else []
        odd = odd or not ways
        if answer is not None and ways:
            answers.append((other.case(there), answer))
            known += ways
    case_here = question.case(run)
    ways = [way for way in dict.fromkeys(known) if gives(case_here, way, got)]
    best = [sum(gives(case_there, way, answer) for case_there, answer in answers) for way in ways]
    if ways:
        most = max(best)
        ways = [way for way, count in zip(ways, best, strict=True) if count == most]
        return min(ways, key=lambda way: way.price)._replace(sure=True)
    if odd or any(way.core for way in known):
        return None  # something is wrong that is none of these, and all can be explained somehow
    ways = [way for way in explanations(case_here, got) if not way.core]
    return min(ways, key=lambda way: way.price, default=None)


_found: dict[str, list[Explanation]] = {}  # for the answers to `others`


def search(question: Question, run: dict[str, Any], got: list[Tokens]) -> list[Explanation]:
    """The `explanations` of an answer to one of the `others`, from memory if there was the same."""
    hints = (run["inputs"][:2], run["origins"][:2])
    key = f"{question.options['max_length']} {got} {hints}"
    if key not in _found:
        if len(_found) >= REMEMBER:
            _found.clear()
        _found[key] = explanations(question.case(run), got)
    return _found[key]


@cache
def others() -> list[Question]:
    """Questions that tell mistakes apart: the same for all, so that much is found once.

    No mark is given for the answers.
    """
    generator = torch.Generator().manual_seed(3)
    model, many = case(generator, (3, 6, 9, 2), 12)
    special_model, special = specials_said(generator)
    return [
        Question(many, list(range(4)), {**batch_of(model), "max_length": 7}),
        Question(special, list(range(4)), {**batch_of(special_model), "max_length": 6}),
    ]


def as_fed(right: list[Tokens], run: dict[str, Any]) -> bool:
    """Whether the decoder was given the right words, as far as a run tells.

    All rows at once, or one after the other. What is said last is given to nobody.
    """
    columns = run["inputs"]
    if not columns:
        return False
    if len(right) > 1 and all(len(column) == 1 for column in columns):
        bos_id = columns[0][0]
        words = [token for row in right for token in (bos_id, *row[:-1])]
        return [column[0] for column in columns] == words[: len(columns)]
    if any(len(column) != len(right) for column in columns):
        return False
    fed = list(zip(*columns[1:], strict=True)) or [()] * len(right)
    seen = len(columns) - 1
    longest = max(map(len, right))
    enough = seen >= longest - 1 or seen >= 11
    return enough and all(
        tokens[: len(row) - 1] == row[: min(len(row) - 1, seen)]
        for tokens, row in zip(fed, right, strict=True)
    )


def expect_greedy(answer: Answer, student: Probed | None = None, **more: Any) -> None:
    """Refuse translations that are not the right ones; name the mistake they look like.

    Args:
        student: where given, it is asked for the rows that go wrong by themselves.
        more: facts for `explain_tokens`.
    """
    pairs = list(zip(answer.rows, answer.right, strict=True))
    if answer.known:
        return
    wrong = [row for row, (got, best) in enumerate(pairs) if got != best]
    if student is not None and len(pairs) > 1 and right_alone(student, answer, wrong):
        tell(IN_A_BATCH)
        return
    if all(fits(got, best) for got, best in pairs) and any(len(got) > 1 for got, _ in pairs):
        tell(WHERE_IT_ENDS)
        return
    row = wrong[0]
    facts = {**answer.facts, "row": row, **more}
    mistake = explain_tokens(*pairs[row], facts, answer.max_length, answer.run)
    raise Wrong(mistake.says, mistake.help)


def expect_words(answer: Answer) -> None:
    """The same, and what is explained by another choice than the best is refused too."""
    expect_greedy(answer)
    if answer.core:
        raise Wrong(*NOT_THE_BEST[:2])


def fits(got: Tokens, best: Tokens) -> bool:
    """Whether one goes on where the other has ended."""
    shorter = min(len(got), len(best))
    return shorter > 0 and got[:shorter] == best[:shorter]


def right_alone(student: Probed, answer: Answer, rows: list[int]) -> bool:
    """Whether sentences that go wrong in a batch are right by themselves, and others too."""
    first = others()[0]
    steps = first.options["max_length"]
    alone = [(answer.scorer, answer.numbers[row], answer.max_length) for row in rows]
    alone += [(first.scorer, row, steps) for row in first.rows]
    for scorer, row, max_length in alone:
        options = {**batch_of(scorer.values, [row]), "max_length": max_length}
        question = Question(scorer, [row], options)
        with meeting() as faults:
            (run,) = ask(student, scorer.values, **options)
            got = question.read_or_none(run)
        if faults or got != question.right:
            return False
    return True
