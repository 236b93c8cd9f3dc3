"""Hidden checks of `greedy_decode`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch

from autograder.checks.expect import expect
from autograder.checks.student import Student
from autograder.suites.seq2seq import quality
from autograder.suites.seq2seq.checks.answers import runs, token_rows
from autograder.suites.seq2seq.checks.explain import explain_tokens
from autograder.suites.seq2seq.checks.standins import random_model
from autograder.suites.seq2seq.checks.trees import batch_of, random_graph
from autograder.suites.seq2seq.purity import (
    expect_eval_mode,
    expect_modes,
    expect_no_graph,
    expect_untouched,
)
from autograder.suites.seq2seq.search_oracles import MARGIN, Scorer, Tokens, drawn, greedy

SPECIALS = (6, 2, 4)  # pad_id, bos_id, eos_id
CORE = "chooses_the_best_token_at_every_step"


def clear_graph(
    generator: torch.Generator,
    max_length: int,
    lengths: tuple[int, ...] | None = None,
    repeats: bool = False,
    **options: Any,
) -> tuple[dict[str, Any], Scorer]:
    """A random graph without close decisions; `lengths` are those of its translations.

    With `repeats` the first of them says a word twice in a row.
    """

    def clear(scorer: Scorer) -> bool:
        decoded = [greedy(scorer, row, max_length) for row in range(len(scorer))]
        for row, (tokens, margin) in enumerate(decoded):
            if margin < MARGIN or (lengths and len(tokens) != min(lengths[row], max_length)):
                return False
            if lengths and ends_again(scorer.values, row, tokens, min(max(lengths), max_length)):
                return False
        if repeats and all(a != b for a, b in pairwise(decoded[0][0])):
            return False
        longest = max((tokens for tokens, _ in decoded), key=len)
        return len(set(longest)) >= min(3, len(longest))

    def draw() -> dict[str, Any]:
        graph = random_graph(generator, **options)
        return steered(graph, lengths) if lengths else graph

    return drawn(generator, f"{max_length} {lengths} {repeats} {options}", draw, clear)


def steered(graph: dict[str, Any], lengths: tuple[int, ...]) -> dict[str, Any]:
    """Make the translation of row i end after `lengths[i]` tokens."""
    eos_id = graph["eos_id"]
    graph["logits"][:, eos_id] -= 20.0
    for row, length in enumerate(lengths):
        node, token = graph["starts"][row], graph["bos_id"]
        for _ in range(length):
            node = int(graph["children"][node, token])
            token = int(graph["logits"][node].argmax())
        graph["logits"][node, eos_id] += 30.0
    return graph


def ends_again(graph: dict[str, Any], row: int, tokens: Tokens, steps: int) -> bool:
    """Whether a row that is decoded on after its end, while others are, says EOS once more."""
    node = int(graph["children"][graph["starts"][row], graph["bos_id"]])
    for step in range(steps):
        token = int(graph["logits"][node].argmax())
        if step >= len(tokens) and token == graph["eos_id"]:
            return True
        node = int(graph["children"][node, token])
    return False


def decode(
    student: Student, model: dict[str, Any], **options: Any
) -> tuple[list[Tokens], dict[str, Any]]:
    """The translations of all sentences of a model, and the run they are from."""
    inputs = {**batch_of(model), **options}
    rows = len(inputs["source"])
    steps = options["max_length"]
    limited = {**model, "max_rows": 4 * rows * steps * (steps + 1)}
    (run,) = runs(student.greedy(model=limited, **inputs), 1)
    return token_rows(run, rows), run


def expect_greedy(
    decoded: tuple[list[Tokens], dict[str, Any]], scorer: Scorer, max_length: int
) -> None:
    """Compare translations with the right ones; name the mistake where it is a known one."""
    found, run = decoded
    right = [greedy(scorer, row, max_length)[0] for row in range(len(found))]
    expect(
        found == right or sorted(found) != sorted(right),
        "the translations are right, but not in the order of the rows of `source`",
        "the result's entry b belongs to row b: if you sort the batch, put its order back",
    )
    model = scorer.model
    ids = {"pad_id": model.pad_id, "bos_id": model.bos_id, "eos_id": model.eos_id}
    for tokens, best in zip(found, right, strict=True):
        expect(tokens == best, *explain_tokens(tokens, best, ids, max_length, run))


@pytest.mark.graded(weight=3)
def test_chooses_the_best_token_at_every_step(student: Student, generator: torch.Generator) -> None:
    """On models you have not seen, each token is the most probable one after all those before."""
    # how rows end that end at different steps is another check's business, here and below
    for lengths in ((6,), (5, 5)):
        model, scorer = clear_graph(generator, 7, lengths, repeats=True, rows=len(lengths))
        expect_greedy(decode(student, model, max_length=7), scorer, 7)


@pytest.mark.graded(weight=2, needs=[CORE])
def test_hands_on_the_whole_state(student: Student, generator: torch.Generator) -> None:
    """The whole state, h and c of every layer, goes from each step to the next."""

    def draw() -> dict[str, Any]:
        sources = [[7, 8], [3], [5, 1, 7]]
        return random_model(generator, sources, 11, SPECIALS, eos_bonus=-2.0)

    def clear(scorer: Scorer) -> bool:
        decoded = [greedy(scorer, row, 8) for row in range(3)]
        varied = len({tokens for tokens, _ in decoded}) == 3
        return varied and all(m >= MARGIN and len(set(t)) > 2 for t, m in decoded)

    model, scorer = drawn(generator, "recurrent", draw, clear)
    found, run = decode(student, model, max_length=8)
    # how a translation is cut is another check's business
    expect_greedy(([tokens[:8] for tokens in found], run), scorer, 8)


@pytest.mark.graded(weight=1, needs=[CORE])
def test_special_ids_may_be_any_ids(student: Student, generator: torch.Generator) -> None:
    """PAD, BOS and EOS may be any ids; you take them from the model."""
    for specials in ((8, 5, 0), (0, 1, 2), (1, 8, 7)):
        model, scorer = clear_graph(generator, 6, (4, 4, 4), specials=specials)
        expect_greedy(decode(student, model, max_length=6), scorer, 6)


@pytest.mark.graded(weight=3, needs=[CORE])
def test_each_row_ends_by_itself(student: Student, generator: torch.Generator) -> None:
    """A row that has ended stays ended, and the others go on to their own end."""
    for lengths in ((1, 5, 3), (6, 2, 1), (2, 2, 4), (2, 7, 4)):
        model, scorer = clear_graph(generator, 7, lengths)
        expect_greedy(decode(student, model, max_length=7), scorer, 7)


@pytest.mark.graded(weight=1, needs=[CORE])
def test_a_row_decodes_as_it_does_alone(student: Student, generator: torch.Generator) -> None:
    """A sentence is translated in a batch as it is alone, and in whatever order the rows stand."""
    model, scorer = clear_graph(generator, 6, (4, 1, 3, 6), rows=4)
    together, _ = decode(student, model, max_length=6)
    for row in range(len(scorer)):
        alone, _ = decode(student, model, **batch_of(model, [row]), max_length=6)
        expect(
            alone == [together[row]],
            "a sentence is translated in a batch otherwise than alone",
            "keep rows apart: nothing may be computed over the batch dimension, a batch of one "
            "keeps its dimension (no squeeze()), and a row that ends must not end the others",
        )
    order = [2, 0, 3, 1]
    moved, _ = decode(student, model, **batch_of(model, order), max_length=6)
    expect(
        moved == [together[row] for row in order],
        "with the sentences of a batch in another order the translations do not follow it",
        "the result's entry b belongs to row b of `source`",
    )


@pytest.mark.graded(weight=1, needs=[CORE])
def test_padding_says_nothing(student: Student, generator: torch.Generator) -> None:
    """What stands at padded positions, and how many there are, does not change a translation."""
    model, scorer = clear_graph(generator, 6, (5, 5, 5))
    inputs = batch_of(model)
    rows, width = inputs["source"].shape
    noise = torch.randint(9, (rows, width + 2), generator=generator)
    noise[:, :width] = torch.where(
        torch.arange(width) < inputs["source_lengths"][:, None], inputs["source"], noise[:, :width]
    )
    found = decode(student, model, source=noise, max_length=6)
    expect_greedy(found, scorer, 6)


@pytest.mark.graded(weight=1, needs=[CORE])
def test_unfinished_rows_are_cut_at_max_length(
    student: Student, generator: torch.Generator
) -> None:
    """A row without EOS has exactly max_length tokens, all of them the model's choice."""
    model, scorer = clear_graph(generator, 6, (9, 9, 9))
    for max_length in (6, 1, 3):
        expect_greedy(decode(student, model, max_length=max_length), scorer, max_length)


@pytest.mark.graded(weight=2, needs=[CORE])
def test_stops_when_all_rows_have_ended(student: Student, generator: torch.Generator) -> None:
    """The decoder is not called any more once every row has ended."""
    model, scorer = clear_graph(generator, 30, (2, 1, 3))
    report = student.greedy(model=model, **batch_of(model), max_length=30)
    run = runs(report, 1)[0]
    expect_greedy((token_rows(run, 3), run), scorer, 30)
    # 3 steps of 3 rows, with prefixes decoded again at each step, and a step to spare
    expect(
        run["rows"] <= 3 * (1 + 2 + 3) + 3,
        "the decoder is still called after every row has chosen EOS",
        "break out of the loop when all rows are finished",
    )


@pytest.mark.graded(weight=1, needs=[CORE])
def test_dropout_is_off(student: Student, generator: torch.Generator) -> None:
    """A model that was in train mode translates without dropout, encoder and decoder."""
    model, scorer = clear_graph(generator, 6, (5, 5, 5))
    model["dropout"] = 0.5
    run = runs(student.greedy(model=model, **batch_of(model), max_length=6, training=True), 1)[0]
    found = token_rows(run, 3)
    expect_eval_mode(run)
    expect_greedy((found, run), scorer, 6)


@pytest.mark.graded(weight=1, needs=[CORE])
def test_modes_are_as_before(student: Student, generator: torch.Generator) -> None:
    """The model's training flag and the program's gradient mode are afterwards what they were."""
    early, _ = clear_graph(generator, 6, (1, 1, 1))
    late, _ = clear_graph(generator, 6, (3, 9, 2))
    for model in (early, late):
        for training, grad in ((True, True), (False, True), (True, False), (False, False)):
            modes = {"training": training, "grad": grad}
            report = student.greedy(model=model, **batch_of(model), max_length=6, **modes)
            expect_modes(runs(report, 1)[0], training, grad)


@pytest.mark.graded(weight=1, needs=[CORE])
def test_builds_no_graph(student: Student, generator: torch.Generator) -> None:
    """Decoding builds no gradient graph."""
    model = random_model(generator, [[7, 8], [3]], 11, SPECIALS)
    run = runs(student.greedy(model=model, **batch_of(model), max_length=4), 1)[0]
    token_rows(run, 2)
    expect_no_graph(run)


@pytest.mark.graded(weight=2, needs=[CORE])
def test_changes_nothing_and_repeats_itself(student: Student, generator: torch.Generator) -> None:
    """Weights and inputs stay untouched, and a second call gives the same translations."""
    model, scorer = clear_graph(generator, 6, (4, 4, 4))
    report = student.greedy(model=model, **batch_of(model), max_length=6, times=2)
    first, second = runs(report, 2)
    expect_untouched(first)
    expect(
        token_rows(first, 3) == token_rows(second, 3),
        "a second call with the same sentences gives other translations",
        "choose by argmax, not by sampling, and keep nothing from one call to the next",
    )
    expect_greedy((token_rows(second, 3), second), scorer, 6)


@pytest.mark.graded(weight=2, needs=[CORE])
def test_translates_as_well_as_the_model_can(
    student: Student,
    reference: Student,
    salt: str,
    record_property: Callable[[str, object], None],
) -> None:
    """On a trained translator and new sentences your translations are those of greedy decoding."""
    case = quality.case(salt)
    rows = len(case.pairs)
    options = {"model": case.model, **case.inputs, "max_length": quality.MAX_LENGTH}
    found = token_rows(runs(student.greedy(**options), 1)[0], rows)
    best = token_rows(runs(reference.greedy(**options), 1)[0], rows)
    record_property("greedy BLEU on hidden sentences", round(quality.bleu(case, found), 1))
    expect(
        all(found) and quality.regret(case, found, best) <= quality.REGRET,
        "on a trained translator your translations are less probable than greedy ones should be",
        "the earlier checks name the step that goes wrong",
    )
