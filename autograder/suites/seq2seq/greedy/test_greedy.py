"""Hidden checks of `greedy_decode`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from checks.expect import expect
from checks.seq2seq.greedy.explain import explain_tokens
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import runs, token_rows
from checks.seq2seq.shared.trees import batch_of
from checks.simulated_gpu.elsewhere import expect_at_home

from ..shared import quality
from ..shared.purity import (
    SEEDS,
    expect_eval_mode,
    expect_modes,
    expect_no_graph,
    expect_untouched,
    expect_world_untouched,
)
from ..shared.scorer import Scorer, greedy
from .cases import RECURRENT_STEPS, case, noisy, recurrent_case, same_words, specials_said
from .mistakes import ask, decode, expect_greedy

CORE = "chooses_the_best_token_at_every_step"
# what goes wrong with any of these goes wrong on a trained translator too
SEARCH = ["hands_on_the_whole_state", "only_the_largest_logit_counts", "each_row_ends_by_itself"]
ALL_WORDS = 8  # tokens in which every word of a small vocabulary has been said, and EOS
NEVER = 99  # the length of a translation that does not end within any `max_length` here


@pytest.mark.graded(line="choice", weight=3)
def test_chooses_the_best_token_at_every_step(student: Probed, generator: torch.Generator) -> None:
    """On models you have not seen, each token is the most probable one after all those before."""
    # how rows end that end at different steps is another check's business, here and below
    for lengths in ((ALL_WORDS,), (ALL_WORDS, ALL_WORDS)):
        model, scorer = case(generator, lengths, 10)
        expect_greedy(decode(student, model, max_length=10), scorer, 10, student)


@pytest.mark.graded(line="choice", weight=1, after=[CORE])
def test_pad_and_bos_may_be_said_anywhere(student: Probed, generator: torch.Generator) -> None:
    """Where PAD or BOS is the most probable it is the next word, first, inside or last."""
    model, scorer = specials_said(generator)
    # a step more than is compared: how a translation is cut is another check's business
    for row in range(len(scorer)):
        got, run = decode(student, model, **batch_of(model, [row]), max_length=6)
        said, best = got[0][:5], greedy(scorer, row, 5)[0]
        facts = {"pad_id": model["pad_id"], "bos_id": model["bos_id"], "eos_id": model["eos_id"]}
        expect(said == best, *explain_tokens(said, best, facts, 5, run))


@pytest.mark.graded(line="choice", weight=2, after=[CORE])
def test_hands_on_the_whole_state(student: Probed, generator: torch.Generator) -> None:
    """The whole state, h and c of every layer, goes from each step to the next."""
    model, scorer = recurrent_case(generator)
    # a step more than is compared: how a translation is cut is another check's business
    got, run = decode(student, model, max_length=RECURRENT_STEPS + 1)
    cut = [tokens[:RECURRENT_STEPS] for tokens in got]
    expect_greedy((cut, run), scorer, RECURRENT_STEPS)


@pytest.mark.graded(line="choice", weight=1, after=[CORE])
def test_only_the_largest_logit_counts(student: Probed, generator: torch.Generator) -> None:
    """You choose the largest logit, however large all of them are and however small its lead."""
    model, _ = case(generator, (ALL_WORDS, ALL_WORDS), 10, close=0.02)
    vocab_size = model["logits"].shape[1]
    signs = torch.randint(2, (vocab_size,), generator=generator) * 2.0 - 1.0  # (vocabulary,)
    # added to all logits after a token, so to no effect on probabilities
    model["offset"] = 120.0 * signs
    right = [greedy(Scorer(model), row, 10)[0] for row in range(2)]
    expect(
        decode(student, model, max_length=10)[0] == right,
        "where all logits are far above or below zero and two are close, you choose a token that "
        "is not the most probable",
        "take the argmax of the logits or of their log_softmax, in float32 or better: exp() and "
        "sigmoid() overflow or vanish, and rounding, clamping or half precision makes ties",
    )


@pytest.mark.graded(line="choice", weight=1, after=[CORE])
def test_special_ids_may_be_any_ids(student: Probed, generator: torch.Generator) -> None:
    """PAD, BOS and EOS may be any ids; you take them from the model."""
    for specials in ((8, 5, 0), (5, 0, 8), (1, 8, 7)):
        model, scorer = case(generator, (6, 6), 7, specials=specials)
        expect_greedy(decode(student, model, max_length=7), scorer, 7)
    words = [300, 2049, 2051, 7, 513]
    model, scorer = case(generator, (6,), 7, 2600, (259, 2571, 2593), words)
    got, run = decode(student, model, max_length=7)
    expect(
        {*got[0]} <= {*words, scorer.eos_id},
        "in a large vocabulary you return ids that the model did not choose",
        "ids are int64: uint8 ends at 255, and half precision does not know every id above 2048",
    )
    expect_greedy((got, run), scorer, 7)


@pytest.mark.graded(line="rows", weight=3, after=[CORE])
def test_each_row_ends_by_itself(student: Probed, generator: torch.Generator) -> None:
    """A row that has ended stays ended, and the others go on to their own end."""
    for lengths, again in (
        ((1, 5, 3), False),
        ((6, 2, 1), False),
        ((2, 7, 4), True),
    ):
        model, scorer = case(generator, lengths, 7, again=again)
        expect_greedy(decode(student, model, max_length=7), scorer, 7, student)


@pytest.mark.graded(line="rows", weight=1, after=[CORE])
def test_a_row_decodes_as_it_does_alone(student: Probed, generator: torch.Generator) -> None:
    """A sentence is translated in a batch as it is alone, wherever it stands, once or twice."""
    model, scorer = case(generator, (4, 1, 3, 6), 6)
    together, run = decode(student, model, max_length=6)
    expect_greedy((together, run), scorer, 6, student)
    for row in range(len(scorer)):
        alone, _ = decode(student, model, **batch_of(model, [row]), max_length=6)
        expect(
            alone == [together[row]],
            "a sentence is translated in a batch otherwise than alone",
            "keep rows apart: nothing may be computed over the batch dimension, a batch of one "
            "keeps its dimension (no squeeze()), and a row that ends must not end the others",
        )
    order = [2, 0, 3, 1, 0]
    moved, _ = decode(student, model, **batch_of(model, order), max_length=6)
    expect(
        moved == [together[row] for row in order],
        "with the sentences in another order, one of them twice, the translations do not follow",
        "the result's entry b belongs to row b of `source`, even if another row is equal to it",
    )


@pytest.mark.graded(line="rows", weight=1, after=[CORE])
def test_padding_says_nothing(student: Probed, generator: torch.Generator) -> None:
    """What stands at padded positions, and how many there are, does not change a translation."""
    model, _ = case(generator, (5, 5, 5), 6)
    inputs = same_words(model)
    scorer = Scorer(model)
    right = [greedy(scorer, row, 6)[0] for row in range(len(scorer))]
    expect(
        decode(student, model, **inputs, max_length=6)[0] == right,
        "sentences that differ only in where their padding begins are not told apart",
        "a sentence is the first source_lengths[b] ids of its row; what stands after them is "
        "arbitrary, and no key or comparison may hang on it",
    )


@pytest.mark.graded(line="ending", weight=1, after=[CORE])
def test_unfinished_rows_are_cut_at_max_length(student: Probed, generator: torch.Generator) -> None:
    """A row without EOS has exactly max_length tokens, few or many, all the model's choice."""
    model, scorer = case(generator, (NEVER, 7, NEVER), 9)  # one would end just after the cut
    for max_length in (1, 3, 6):
        decoded = decode(student, model, max_length=max_length)
        expect_greedy(decoded, scorer, max_length, student, cut_right=max_length > 1)
    model, scorer = case(generator, (2, 8, 4), 9)
    expect_greedy(decode(student, model, max_length=6), scorer, 6, student, cut_right=True)
    many = 101  # as many as a limit of a hundred cuts
    model, scorer = case(generator, (many + 2,), many + 2)
    expect_greedy(decode(student, model, max_length=many), scorer, many, cut_right=True)


@pytest.mark.graded(line="rows", weight=2, after=[CORE])
def test_stops_when_all_rows_have_ended(student: Probed, generator: torch.Generator) -> None:
    """The decoder is not called any more once every row has ended."""
    for lengths in ((2, 1, 3), (1, 1, 1)):
        model, scorer = case(generator, lengths, 30)
        got, run = decode(student, model, max_length=30)
        expect_greedy((got, run), scorer, 30, student)
        # every step with all rows, and with the prefix decoded again: more than this is too late
        needed = sum(3 * step for step in range(1, max(lengths) + 1))
        expect(
            run["rows"] <= needed,
            "the decoder is still called after every row has chosen EOS",
            "break out of the loop when all rows are finished, and ask so once the step's new "
            "tokens are taken into account: rows that ended earlier count as finished too",
        )


@pytest.mark.graded(line="mode", weight=1, after=[CORE])
def test_dropout_is_off(student: Probed, generator: torch.Generator) -> None:
    """A model that was in train mode translates without dropout, encoder and decoder."""
    model, scorer = case(generator, (5, 5, 5), 6)
    model["dropout"] = 0.5
    (run,) = ask(student, model, max_length=6, training=True)
    got = token_rows(run, 3)
    expect_eval_mode(run)
    expect_greedy((got, run), scorer, 6)


@pytest.mark.graded(line="mode", weight=1, after=[CORE])
def test_modes_are_as_before(student: Probed, generator: torch.Generator) -> None:
    """The model's training flag and the program's gradient mode are afterwards what they were."""
    early, _ = case(generator, (1, 1, 1), 6)
    late, _ = case(generator, (3, 8, 2), 9)
    for model, training, grad in (
        (early, True, False),
        (early, False, True),
        (late, True, True),
        (late, False, False),
    ):
        (run,) = ask(student, model, max_length=6, training=training, grad=grad)
        expect_modes(run, training, grad)


@pytest.mark.graded(line="mode", weight=1, after=[CORE])
def test_builds_no_graph(student: Probed, generator: torch.Generator) -> None:
    """Decoding builds no gradient graph."""
    model, _ = recurrent_case(generator)
    (run,) = ask(student, model, max_length=RECURRENT_STEPS)
    expect_no_graph(run)


@pytest.mark.graded(line="clean", weight=2, after=[CORE])
def test_changes_nothing_and_repeats_itself(student: Probed, generator: torch.Generator) -> None:
    """Weights, inputs and the program's settings stay as they were, and you repeat yourself."""
    model, scorer = case(generator, (4, 4, 4), 6)
    inputs = noisy(model, generator)
    each = ask(student, model, **inputs, max_length=6, times=len(SEEDS), seeds=SEEDS)
    first, *_, second = each
    expect_untouched(first)
    expect_world_untouched(each)
    expect(
        token_rows(first, 3) == token_rows(second, 3),
        "a second call with the same sentences gives other translations",
        "choose by argmax, not by sampling, and keep nothing from one call to the next",
    )
    expect_greedy((token_rows(second, 3), second), scorer, 6)


@pytest.mark.graded(line="choice", weight=2, after=[CORE, *SEARCH])
def test_translates_as_well_as_the_model_can(
    student: Probed,
    reference: Probed,
    salt: str,
    record_property: Callable[[str, object], None],
) -> None:
    """On a trained translator and new sentences your translations are those of greedy decoding."""
    sentences = quality.hidden_sentences(salt)
    rows = len(sentences.pairs)
    options: dict[str, Any] = {"model": sentences.model, **sentences.inputs}
    options |= {"max_length": quality.MAX_LENGTH}
    got = token_rows(runs(student.greedy(**options), 1)[0], rows)
    best = token_rows(runs(reference.greedy(**options), 1)[0], rows)
    record_property("greedy BLEU on hidden sentences", round(quality.bleu(sentences, got), 1))
    expect(
        quality.complete(sentences, got),
        "on a trained translator some of your translations stop before their EOS, or go on after",
        "the earlier checks name the step that goes wrong",
    )
    expect(
        quality.regret(sentences, got, best) <= quality.REGRET,
        "on a trained translator your translations are less probable than greedy ones should be",
        "the earlier checks name the step that goes wrong",
    )


@pytest.mark.graded(line="clean", weight=1, after=[CORE])
def test_works_on_another_device(
    student: Probed, generator: torch.Generator, record_property: Callable[[str, object], None]
) -> None:
    """With the model and the sentences on a GPU, the tensors you make are there too."""
    model, _ = case(generator, (3, 5, 2), 6)
    model["max_rows"] = 1000  # should it not end there
    report = student.greedy_on(model=model, **batch_of(model), max_length=6)
    expect_at_home(report, "greedy_decode", record_property)
