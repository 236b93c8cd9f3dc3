"""Public checks of `beam_search`, on search trees small enough to follow with a finger.

The words are `WORDS` of `shared/trees.py`; a tree gives, for what has been said so far, the
probability of each next word. A hypothesis's probability is the product along its path; log_prob
is its logarithm. The trees are in `trees.py` here.
"""

from __future__ import annotations

from typing import Any

import pytest

from checks.expect import Wrong, expect
from checks.simulated_gpu.elsewhere import expect_at_home

from ..probed import Probed
from ..shared.answers import expect_as_before, runs
from ..shared.trees import batch_of
from .explain import (
    ONE_STEP_FEWER,
    REFILL_MISTAKES,
    SPECIALS_HELP,
    THROWN_AWAY,
    expect_garden_path,
    expect_none_impossible,
    expect_ordinary,
    expect_own_log_probs,
    expect_own_scores,
    expect_possible,
    expect_sound,
    expect_tokens,
    few_help,
    go_on_mistake,
    width_one_help,
)
from .trees import (
    FEW,
    GARDEN_PATH,
    GO_ON,
    PAD_AND_BOS,
    REFILL,
    SHORT,
    TWO_LENGTHS,
    forest,
    search,
    spell,
)

FORM = "returns_the_hypotheses_of_each_sentence"


@pytest.mark.graded(
    line="ranking",
    weight=1,
    on_crash="the beam may hold a single hypothesis: squeeze() without a dimension loses a "
    "dimension then; and parents are found with //, which keeps them ints",
)
def test_returns_the_hypotheses_of_each_sentence(student: Probed) -> None:
    """For each sentence you return at most beam_width hypotheses (tokens, log_prob, score)."""
    options: dict[str, Any] = {"beam_width": 3, "max_length": 4}
    trees = [GARDEN_PATH, REFILL]
    first, second = (search(student, trees, seeds=[n], **options) for n in range(2))
    for row, tree in zip(first, trees, strict=True):
        expect_tokens(row, tree, 4)
    expect(
        [spell(row) for row in first] == [spell(row) for row in second],
        "a second call with the same sentences gives other hypotheses",
        "keep nothing from an earlier call (a default argument such as pool=[] is shared by all "
        "calls), and keep the best candidates: nothing is drawn at random",
    )


@pytest.mark.graded(line="scores", weight=2, after=[FORM])
def test_log_prob_belongs_to_the_tokens(student: Probed) -> None:
    """log_prob is the sum of the log-probabilities of the hypothesis's tokens, EOS included."""
    for tree in (GARDEN_PATH, TWO_LENGTHS, REFILL):
        rows = search(student, [tree], beam_width=2, max_length=3)
        expect_possible(rows[0])
        expect_own_log_probs(rows, [tree])


@pytest.mark.graded(line="selection", weight=2, after=[FORM])
def test_finds_what_greedy_misses(student: Probed) -> None:
    """With two places in the beam you find a sentence that is better than the greedy one."""
    expect_garden_path(search(student, [GARDEN_PATH], beam_width=2, max_length=4))


@pytest.mark.graded(
    line="ending",
    weight=1,
    after=[FORM],
    on_crash="when the only live hypothesis ends nothing is live: that sentence is done",
)
def test_width_one_is_greedy(student: Probed) -> None:
    """With beam_width 1 you find the greedy sentence, cut at max_length where it does not end."""
    for max_length, words in ((5, "a a <eos>"), (2, "a a")):
        rows = search(student, [GARDEN_PATH], beam_width=1, max_length=max_length)
        spelled = spell(rows[0])
        expect_sound(rows, GARDEN_PATH)
        expect(
            spelled == words,
            f'expected "{words}" for max_length {max_length}, got "{spelled}"',
            width_one_help(spelled, words, max_length),
        )


@pytest.mark.graded(line="ending", weight=1, after=[FORM])
def test_refills_the_beam_when_a_hypothesis_ends(student: Probed) -> None:
    """A finished hypothesis leaves the beam, and the next step again has beam_width live ones."""
    rows = search(student, [REFILL], beam_width=2, max_length=3)
    expect_sound(rows, REFILL)
    spelled = spell(rows[0])
    mistake, help = REFILL_MISTAKES.get(spelled, ("", ""))
    if spelled == "<eos>":
        expect_ordinary(student)
        mistake, help = THROWN_AWAY
    if "<eos>" not in spelled.split(" | "):
        mistake = "the translation that is EOS alone is missing; it is a hypothesis like any other"
    said = f'expected "<eos> | a b a", got "{spelled}"'
    expect(spelled == "<eos> | a b a", f"{said}: {mistake}" if mistake else said, help)


@pytest.mark.graded(line="ending", weight=1, after=[FORM])
def test_goes_on_while_anything_is_live(student: Probed) -> None:
    """You search on, however many hypotheses have ended, as long as one is live."""
    rows = search(student, [GO_ON], beam_width=2, max_length=4)
    expect_sound(rows, GO_ON)
    spelled, expected = spell(rows[0]), "<eos> | a a <eos>"
    if spelled != expected:
        expect_ordinary(student)
    mistake, help = go_on_mistake(spelled, len(rows.run["inputs"]))
    said = f'expected "{expected}", got "{spelled}"'
    expect(spelled == expected, f"{said}: {mistake}" if mistake else said, help)


@pytest.mark.graded(line="selection", weight=1, after=[FORM])
def test_pad_and_bos_are_words_like_others(student: Probed) -> None:
    """Where the model wants PAD or BOS, they are words like others: only EOS is special."""
    rows = search(student, [PAD_AND_BOS], beam_width=2, max_length=3)
    spelled = spell(rows[0])
    expected = "<bos> b <eos> | a <pad> <bos>"
    if spelled == expected:
        return
    expect_possible(rows[0])
    expect_ordinary(student)
    expect(spelled != "<bos> b | a <pad>", *ONE_STEP_FEWER)
    if "<pad>" in spelled and "<bos>" in spelled:
        expect_sound(rows, PAD_AND_BOS)
    raise Wrong(f'expected "{expected}", got "{spelled}"', SPECIALS_HELP)


@pytest.mark.graded(line="ranking", weight=2, after=[FORM])
def test_length_penalty_divides_the_score(student: Probed) -> None:
    """score = log_prob / ((5 + length) / 6) ** length_penalty, where length counts EOS, not BOS."""
    options: dict[str, Any] = {"beam_width": 2, "max_length": 4}
    rows = [
        (search(student, [TWO_LENGTHS], **options), 0.0),
        (search(student, [TWO_LENGTHS], length_penalty=1.0, **options), 1.0),
    ]
    expect_own_log_probs(rows[0][0], [TWO_LENGTHS])
    expect_own_log_probs(rows[1][0], [TWO_LENGTHS], 1.0)
    for (row,), penalty in rows:
        expect_own_scores(row, penalty)
    plain, penalised = spell(rows[0][0][0]), spell(rows[1][0][0])
    if plain != "a <eos> | b c <eos>":
        expect_ordinary(student)
    expect(plain == "a <eos> | b c <eos>", f'without penalty: got "{plain}"')
    expect(
        penalised == "b c <eos> | a <eos>",
        f'length_penalty 1.0 should put the longer sentence first, got "{penalised}"',
        "the pool is sorted by score, not by log_prob; the beam is pruned by log_prob alone",
    )


@pytest.mark.graded(
    line="selection",
    weight=1,
    after=[FORM],
    on_crash="topk takes at most as many as there are: min(beam_width, number of candidates)",
)
def test_beam_may_be_wider_than_all_there_is(student: Probed) -> None:
    """With more places than hypotheses you return all there are, none of probability zero."""
    expected = "a a | a b | b a | a <eos> | <eos> | b b | b <eos>"
    rows = search(student, [FEW], beam_width=9, max_length=2)
    (row,) = rows
    expect_possible(row)
    expect_none_impossible(rows, FEW)
    expect_sound(rows, FEW)
    if spell(row) != expected:
        expect_ordinary(student)
    expect(
        spell(row) == expected,
        f'expected "{expected}", got "{spell(row)}"',
        few_help(spell(row).split(" | "), expected.split(" | ")),
    )


@pytest.mark.graded(line="rows", weight=1, after=["log_prob_belongs_to_the_tokens"])
def test_rows_do_not_influence_each_other(student: Probed) -> None:
    """In a batch each sentence gets the hypotheses it gets alone."""
    trees = [SHORT, REFILL, GARDEN_PATH, TWO_LENGTHS]
    options: dict[str, Any] = {"beam_width": 2, "max_length": 3}
    together = [spell(row) for row in search(student, trees, **options)]
    alone = [spell(search(student, [tree], **options)[0]) for tree in trees]
    for number, (in_batch, by_itself) in enumerate(zip(together, alone, strict=True)):
        expect(
            in_batch == by_itself,
            f'row {number} of a batch gives "{in_batch}", the same sentence alone "{by_itself}": '
            "the rows of a batch influence each other",
            "row b owns the decoder rows b * beam_width to (b + 1) * beam_width - 1: use "
            "repeat_interleave, not repeat; choose candidates within a row; and stop a row only "
            "when that row is done, not when another is",
        )


@pytest.mark.graded(line="mode", weight=1, after=[FORM])
def test_searches_in_eval_mode_and_leaves_all_as_it_was(student: Probed) -> None:
    """You search in eval mode, without gradients, and leave model and sentences as they were."""
    model = forest([GARDEN_PATH, SHORT])
    options: dict[str, Any] = {"beam_width": 2, "max_length": 4}
    for training in (True, False):
        report = student.beam(model=model, **batch_of(model), **options, training=training)
        expect_as_before(runs(report, 1)[0], training, "beam_search")


@pytest.mark.graded(line="mode", weight=1, after=["log_prob_belongs_to_the_tokens"])
def test_makes_its_tensors_where_the_sentences_are(student: Probed) -> None:
    """On a (simulated) GPU you search just as well: tensors that you make are on source.device."""
    model = {**forest([GARDEN_PATH, REFILL]), "max_rows": 500}  # should it not end there
    report = student.beam_on(model=model, **batch_of(model), beam_width=2, max_length=4)
    expect_at_home(report, "beam_search")
