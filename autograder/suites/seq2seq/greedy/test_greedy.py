"""Hidden checks of `greedy_decode`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from checks.expect import Wrong, expect, priced
from checks.seq2seq.greedy import asking
from checks.seq2seq.greedy.asking import tell
from checks.seq2seq.greedy.explain import BEYOND, CALLED_ON
from checks.seq2seq.greedy.forms import token_rows
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import runs, too_many
from checks.seq2seq.shared.trees import batch_of
from checks.simulated_gpu.elsewhere import expect_at_home

from ..shared import quality
from ..shared.indifference import expect_heed, parts
from ..shared.purity import (
    SEEDS,
    expect_answered_anew,
    expect_eval_mode,
    expect_modes,
    expect_no_graph,
    expect_untouched,
    expect_world_untouched,
)
from ..shared.scorer import Scorer, Tokens
from .cases import (
    RECURRENT_STEPS,
    by_last_word,
    case,
    noisy,
    recurrent_case,
    same_words,
    specials_said,
)
from .mistakes import (
    Answer,
    ask,
    decode,
    expect_greedy,
    expect_words,
    judged,
)
from .replays import HANDED_ON

WORDS = "chooses_the_most_probable_word_and_feeds_it_back"
CORE = "chooses_the_best_token_at_every_step"
STATE = "hands_on_the_whole_state"
CHOICE = [WORDS, CORE]
# what goes wrong with any of these goes wrong on a trained translator too
SEARCH = [*CHOICE, STATE, "only_the_largest_logit_counts", "each_row_ends_by_itself"]
ALL_WORDS = 8  # tokens in which every word of a small vocabulary has been said, and EOS
NEVER = 99  # the length of a translation that does not end within any `max_length` here
RARE, FEW = 0.2, 0.15  # of a line: what a mistake costs at most that shows with odd ids alone
MADE_UP = -3.0  # the mean log-probability of words that have little to do with the model


@pytest.mark.graded(line="choice", weight=0)
def test_heeds_the_model(student: Probed, generator: torch.Generator) -> None:
    """Other models give other translations of the same sentences."""
    # what is least probable tells with one sentence; a word of the batch's with several
    pairs = [
        [by_last_word(generator, clearly)[0] for clearly in (True, False)],
        [case(generator, (6, 6, 6), 8)[0] for _ in range(2)],
    ]

    def said(one: dict[str, Any], other: dict[str, Any], **options: Any) -> list[list[Any]]:
        asked = {**batch_of(one), "max_length": 8, **options}
        models = [one, {**other, "sources": one["sources"]}]
        reports = [runs(student.greedy(model=model, **asked), 1)[0] for model in models]
        return [parts(report, "result", "inputs") for report in reports]

    for pair in pairs:
        answers = said(*pair)
        if repr(answers[0]) != repr(answers[1]):
            return
    answers = said(*pairs[0], forgetting=True)  # it may be the first answer, kept for ever
    expect_heed(answers, "take the argmax of the logits that the decoder returns, and feed it back")


@pytest.mark.graded(line="choice", weight=0)
def test_its_words_are_the_models(student: Probed, generator: torch.Generator) -> None:
    """What you return depends on what the decoder says, from the first word to the last."""
    _, scorer = by_last_word(generator, clearly=True)
    with stopping():
        answer = decode(student, scorer, 12)
    if from_a_model(answer):
        return
    said = token_rows(answer.run, 1, scorer.eos_id, 12)[0]
    known = [token for token in said if 0 <= token < scorer.vocab_size]
    steps = [max(step, -12.0) for step in scorer.steps(0, tuple(known))]
    if len(said) == len(known) > 2 and sum(steps) / len(steps) > MADE_UP:
        return  # drawn at random, say, but from the model
    _, scorer = case(generator, (ALL_WORDS, ALL_WORDS, ALL_WORDS), 10)
    expect(
        from_a_model(decode(student, scorer, 10)),
        "what you return has little to do with what the decoder says",
        "append each row's own argmax of the logits at each step, and feed it back",
    )


def from_a_model(answer: Answer) -> bool:
    """Whether an answer is known to come from a loop over the decoder's steps.

    A way of choosing words that explains other answers too is one. Else a row with two words
    tells; who returns nothing is known to have found the words.
    """
    if not answer.known or answer.run["result"] is None:
        return answer.known
    way = answer.way
    if way is not None and way.sure and not way.core and way.chooser != "right":
        return True
    eos_id = answer.scorer.eos_id
    rows = token_rows(answer.run, len(answer.right), eos_id, answer.max_length)
    return max(len({*row} - {eos_id}) for row in rows) > 1


@pytest.mark.graded(line="choice", weight=3)
def test_chooses_the_most_probable_word_and_feeds_it_back(
    student: Probed, generator: torch.Generator
) -> None:
    """From BOS on you choose the most probable word of all, and feed it back."""
    _, scorer = by_last_word(generator)  # what becomes of the state is another check's business
    expect_words(decode(student, scorer, 10))


@pytest.mark.graded(line="choice", weight=3, after=[WORDS])
def test_chooses_the_best_token_at_every_step(student: Probed, generator: torch.Generator) -> None:
    """On models you have not seen, each token is the most probable one after all those before."""
    # how rows end that end at different steps is another check's business, here and below
    for lengths in ((ALL_WORDS,), (ALL_WORDS, ALL_WORDS)):
        _, scorer = case(generator, lengths, 10)
        answer = decode(student, scorer, 10)
        expect_greedy(answer, student)
        expect_words(answer)


@pytest.mark.graded(line="choice", weight=1, after=CHOICE)
def test_pad_and_bos_may_be_said_anywhere(student: Probed, generator: torch.Generator) -> None:
    """Where PAD or BOS is the most probable it is the next word, first, inside or last."""
    _, scorer = specials_said(generator)
    for row in range(len(scorer)):
        with stopping():
            answer = decode(student, scorer, 6, rows=[row])
        expect_greedy(answer)


@pytest.mark.graded(
    line="choice", weight=3, after=CHOICE, stays="names the part of the state that stays behind"
)
def test_hands_on_the_whole_state(student: Probed, generator: torch.Generator) -> None:
    """The whole state, h and c of every layer, goes from each step to the next."""
    _, scorer = recurrent_case(generator)
    # a step more than is compared: how a translation is cut is another check's business
    with stopping():
        answer = decode(student, scorer, RECURRENT_STEPS + 1)
    cut = [[tokens[:RECURRENT_STEPS] for tokens in rows] for rows in (answer.rows, answer.right)]
    answer = answer._replace(rows=cut[0], right=cut[1], max_length=RECURRENT_STEPS)
    with priced("choice", HANDED_ON.share or 0.0):
        expect_greedy(answer)


@pytest.mark.graded(line="choice", weight=1, after=CHOICE)
def test_only_the_largest_logit_counts(student: Probed, generator: torch.Generator) -> None:
    """You choose the largest logit, also if all are very large or the next one is nearly equal."""
    model, _ = case(generator, (ALL_WORDS, ALL_WORDS), 10, close=0.02)
    vocab_size = model["logits"].shape[1]
    signs = torch.randint(2, (vocab_size,), generator=generator) * 2.0 - 1.0  # (vocabulary,)
    # added to all logits after a token, so to no effect on probabilities
    model["offset"] = 120.0 * signs
    expect(
        decode(student, Scorer(model), 10, sure=True).known,
        "where all logits are far above or below zero and two are close, you choose a token that "
        "is not the most probable",
        "take the argmax of the logits or of their log_softmax, in float32 or better: exp() and "
        "sigmoid() overflow or vanish, and rounding, clamping or half precision makes equal values",
    )


@pytest.mark.graded(line="choice", weight=1, after=CHOICE)
def test_special_ids_may_be_any_ids(student: Probed, generator: torch.Generator) -> None:
    """PAD, BOS and EOS may be any ids; you take them from the model."""
    for specials in ((8, 5, 0), (5, 0, 8), (1, 8, 7)):
        _, scorer = case(generator, (6, 6), 7, specials=specials)
        expect_greedy(decode(student, scorer, 7, most=RARE))
    words = [300, 2049, 2051, 7, 513]
    _, scorer = case(generator, (6,), 7, 2600, (259, 2571, 2593), words)
    answer = decode(student, scorer, 7, most=FEW)
    expect(
        {*answer.rows[0]} <= {*words, scorer.eos_id},
        "in a large vocabulary you return ids that the model did not choose",
        "ids are int64: uint8 ends at 255, and half precision does not know every id above 2048",
        line="choice",
        share=0.28,
    )
    expect_greedy(answer)


@pytest.mark.graded(
    line="rows",
    weight=3,
    after=CHOICE,
    stays="names what the end of a row does to it and to others",
)
def test_each_row_ends_by_itself(student: Probed, generator: torch.Generator) -> None:
    """A row that has ended stays ended, and the others go on to their own end."""
    for lengths, again in (
        ((1, 5, 3), False),
        ((6, 2, 1), False),
        ((2, 7, 4), True),
    ):
        _, scorer = case(generator, lengths, 7, again=again)
        expect_greedy(decode(student, scorer, 7), student)


@pytest.mark.graded(line="rows", weight=1, after=CHOICE)
def test_a_row_decodes_as_it_does_alone(student: Probed, generator: torch.Generator) -> None:
    """A sentence is translated in a batch as it is alone, wherever it stands, once or twice."""
    model, scorer = case(generator, (4, 1, 3, 6), 6)
    together = decode(student, scorer, 6)
    expect_greedy(together, student)
    for row in range(len(scorer)):
        expect(
            decode(student, scorer, 6, rows=[row]).known,
            "a sentence is not translated in a batch as it is alone",
            "keep rows apart: nothing may be computed over the batch dimension, a batch of one "
            "keeps its dimension (no squeeze()), and a row that ends must not end the others",
        )
    order = [2, 0, 3, 1, 0]
    inputs = batch_of(model, order)
    (run,) = ask(student, model, **inputs, max_length=6)
    merged = merged_rows(run, together.right, order)
    if merged is not None:
        raise Wrong(merged.rationale, merged.help, line="rows", share=0.4)
    moved = judged(student, scorer, run, order, {**inputs, "max_length": 6})
    expect(
        moved.known,
        "with the sentences in another order, one of them twice, the translations are in the "
        "wrong order",
        "the result's entry b belongs to row b of `source`, even if another row is equal to it",
    )


def merged_rows(run: dict[str, Any], right: list[Tokens], order: list[int]) -> Wrong | None:
    """What is wrong if equal sentences got one translation."""
    result = run["result"]
    if not isinstance(result, list) or len(result) != len(set(order)):
        return None
    if sorted(map(str, result)) != sorted(str(list(right[row])) for row in set(order)):
        return None
    return too_many("greedy_decode", len(result), len(order))


@pytest.mark.graded(line="rows", weight=1, after=CHOICE)
def test_padding_says_nothing(student: Probed, generator: torch.Generator) -> None:
    """What stands at padded positions, and how many there are, does not change a translation."""
    model, _ = case(generator, (5, 5, 5), 6)
    inputs = same_words(model)
    answer = decode(student, Scorer(model), 6, None, RARE, True, **inputs)
    if answer.run["unknown"]:
        return  # which were meant, cannot be told
    expect(
        answer.known,
        "sentences that differ only in where their padding begins are not told apart",
        "a sentence is the first source_lengths[b] ids of its row; what stands after them is "
        "arbitrary, and no key or comparison may depend on it",
        line="rows",
        share=RARE if len({*answer.rows}) < len(answer.rows) else None,
    )


@pytest.mark.graded(line="ending", weight=1, after=CHOICE)
def test_unfinished_rows_are_cut_at_max_length(student: Probed, generator: torch.Generator) -> None:
    """A row without EOS has exactly max_length tokens, few or many, all the model's choice."""
    _, scorer = case(generator, (NEVER, 7, NEVER), 9)  # one would end just after the cut
    for max_length in (1, 3, 6):
        with stopping():
            answer = decode(student, scorer, max_length)
        expect_greedy(answer, student, cut_right=max_length > 1)
    _, scorer = case(generator, (2, 8, 4), 9)
    with stopping():
        expect_greedy(decode(student, scorer, 6), student, cut_right=True)
    many = 101  # as many as a limit of a hundred cuts
    _, scorer = case(generator, (many + 2,), many + 2)
    expect_greedy(decode(student, scorer, many), cut_right=True)


@contextmanager
def stopping() -> Iterator[None]:
    """Within this, a run that had to be stopped knows no max_length."""
    try:
        yield
    except Wrong as wrong:
        if "was stopped" not in wrong.rationale:
            raise
        raise Wrong(*BEYOND[:2], line=BEYOND.line, share=BEYOND.share) from None


@pytest.mark.graded(line="rows", weight=2, after=CHOICE)
def test_stops_when_all_rows_have_ended(student: Probed, generator: torch.Generator) -> None:
    """The decoder is not called any more once every row has ended."""
    for lengths in ((2, 1, 3), (1, 1, 1)):
        _, scorer = case(generator, lengths, 30)
        answer = decode(student, scorer, 30)
        # every step with all rows, and with the prefix decoded again: more than this is too late
        needed = sum(3 * step for step in range(1, max(lengths) + 1))
        if answer.run["rows"] > needed and answer.whole:
            once = answer.run["rows"] <= needed + 3  # a step, for each row
            tell(CALLED_ON._replace(share=0.15 if once else CALLED_ON.share))
        expect_greedy(answer, student)


@pytest.mark.graded(line="mode", weight=1)
def test_dropout_is_off(student: Probed, generator: torch.Generator) -> None:
    """A model that was in train mode translates without dropout, encoder and decoder."""
    model, _ = case(generator, (5, 5, 5), 6)
    model["dropout"] = 0.5
    (run,) = ask(student, model, max_length=6, training=True)
    with priced("mode", 0.5):
        expect_eval_mode(run)


@pytest.mark.graded(line="mode", weight=1)
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
        off = run["training_after"] is not training or not run["grad_after"]
        with priced("mode", 0.54 if off else 0.18):
            expect_modes(run, training, grad)


@pytest.mark.graded(line="mode", weight=1)
def test_builds_no_graph(student: Probed, generator: torch.Generator) -> None:
    """Decoding builds no gradient graph."""
    model, _ = recurrent_case(generator)
    (run,) = ask(student, model, max_length=RECURRENT_STEPS)
    with priced("mode", 0.42):
        expect_no_graph(run)


@pytest.mark.graded(line="clean", weight=2)
def test_changes_nothing_and_repeats_itself(student: Probed, generator: torch.Generator) -> None:
    """Weights, inputs and the program's settings do not change; a second call gives the same."""
    model, scorer = case(generator, (4, 4, 4), 6)
    inputs = noisy(model, generator)
    each = ask(student, model, **inputs, max_length=6, times=len(SEEDS), seeds=SEEDS)
    first, *_, second = each
    with priced("clean", 1.0):
        expect_untouched(first)
    with priced("clean", 0.7):
        expect_world_untouched(each)
    expect(
        token_rows(first, 3, scorer.eos_id, 6) == token_rows(second, 3, scorer.eos_id, 6),
        "a second call with the same sentences gives other translations",
        "choose by argmax, not by sampling, and keep nothing from one call to the next",
        line="choice",
        share=1.0,
    )
    answer = judged(student, scorer, second, None, {**inputs, "max_length": 6}, most=RARE)
    expect(
        answer.known,
        "with other ids at padded positions your translations are others",
        "a sentence is the first source_lengths[b] ids of its row",
        line="rows",
        share=RARE,
    )
    trained, _ = case(generator, (4, 4, 4), 6)
    before, after = ask(student, model, max_length=6, times=2, becomes=trained)
    expect_answered_anew(before, after, clean="clean")


@pytest.mark.graded(line="choice", weight=0.25, after=SEARCH)
def test_translates_as_well_as_the_model_can(
    student: Probed,
    reference: Probed,
    salt: str,
    record_property: Callable[[str, object], None],
) -> None:
    """On a trained translator and new sentences your translations are those of greedy decoding."""
    sentences = quality.hidden_sentences(salt)
    rows = len(sentences.pairs)
    options: dict[str, Any] = {**sentences.inputs, "max_length": quality.MAX_LENGTH}
    (run,) = asking.ask(student, model=sentences.model, **options)
    best = token_rows(runs(reference.greedy(model=sentences.model, **options), 1)[0], rows)
    some = run["result"]
    begun = [str([*row]) for row in best]
    if isinstance(some, list) and some and [*map(str, some)] == begun[: len(some)]:
        wrong = too_many("greedy_decode", len(some), rows)
        expect(len(some) == rows, wrong.rationale, wrong.help, line="rows", share=0.7)
    got = token_rows(run, rows, sentences.model["eos_id"], quality.MAX_LENGTH)
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


@pytest.mark.graded(line="clean", weight=1)
def test_works_on_another_device(
    student: Probed, generator: torch.Generator, record_property: Callable[[str, object], None]
) -> None:
    """With the model and the sentences on a GPU, the tensors you make are there too."""
    model, _ = case(generator, (3, 5, 2), 6)
    model["max_rows"] = 1000  # should it not end there
    report = student.greedy_on(model=model, **batch_of(model), max_length=6)
    with priced("clean", 0.5):
        expect_at_home(report, "greedy_decode", record_property)
