"""Public checks of `beam_search`, on search trees small enough to follow with a finger.

The words are `WORDS` of `shared/trees.py`; a tree gives, for what has been said so far, the
probability of each next word. A hypothesis's probability is the product along its path; log_prob
is its logarithm. The trees are in `trees.py` here.
"""

from __future__ import annotations

from typing import Any

import pytest

from checks.expect import Wrong, priced
from checks.simulated_gpu.elsewhere import expect_at_home

from ..probed import Probed
from ..shared.answers import expect_as_before, runs
from ..shared.trees import batch_of
from .explain import (
    EMPTY,
    EOS_ALONE,
    INFLUENCE,
    KEPT_FROM_BEFORE,
    NORMALISED,
    ONE_STEP_FEWER,
    REFILL_MISTAKES,
    SPECIALS_HELP,
    SPECIALS_SHARE,
    THROWN_AWAY,
    WIDTH_ONE,
    expect_fits,
    expect_garden_path,
    expect_none_impossible,
    expect_ordinary,
    expect_possible,
    expect_sound,
    expect_spelled,
    expect_tokens,
    few_help,
    few_mistake,
    float_is_no_index,
    go_on_mistake,
    refuse,
    width_one_mistake,
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
    weight=0.5,
    on_crash="the beam may hold a single hypothesis: squeeze() without a dimension loses a "
    "dimension then; and parents are found with //, which keeps them ints",
)
def test_returns_the_hypotheses_of_each_sentence(student: Probed) -> None:
    """For each sentence you return at most beam_width hypotheses (tokens, log_prob, score)."""
    options: dict[str, Any] = {"beam_width": 3, "max_length": 4}
    trees = [GARDEN_PATH, REFILL]
    with float_is_no_index():
        first, second = (search(student, trees, seeds=[n], **options) for n in range(2))
    for row in first:
        expect_tokens(row, 4, first.run)
    if [spell(row) for row in first] != [spell(row) for row in second]:
        refuse(KEPT_FROM_BEFORE)
    if not all(first):
        refuse(EMPTY)


@pytest.mark.graded(line="scores", weight=2, after=[FORM])
def test_log_prob_belongs_to_the_tokens(student: Probed) -> None:
    """log_prob is the sum of the log-probabilities of the hypothesis's tokens, EOS included."""
    for tree in (GARDEN_PATH, TWO_LENGTHS, REFILL):
        rows = search(student, [tree], beam_width=2, max_length=3)
        expect_sound(rows)


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
        expect_sound(rows)
        spelled = spell(rows[0])
        known = width_one_mistake(spelled, words, max_length)
        expect_spelled(rows, words, known, WIDTH_ONE, f" for max_length {max_length}")


@pytest.mark.graded(line="ending", weight=1, after=[FORM])
def test_refills_the_beam_when_a_hypothesis_ends(student: Probed) -> None:
    """A finished hypothesis leaves the beam, and the next step again has beam_width live ones."""
    rows = search(student, [REFILL], beam_width=2, max_length=3)
    expect_sound(rows)
    spelled = spell(rows[0])
    mistake = REFILL_MISTAKES.get(spelled)
    if spelled == "<eos>":
        expect_ordinary(student)
        mistake = THROWN_AWAY
    if spelled and "<eos>" not in spelled.split(" | "):
        mistake = EOS_ALONE
    expect_spelled(rows, "<eos> | a b a", mistake)


@pytest.mark.graded(line="ending", weight=1, after=[FORM])
def test_goes_on_while_anything_is_live(student: Probed) -> None:
    """You search on, however many hypotheses have ended, as long as one is live."""
    rows = search(student, [GO_ON], beam_width=2, max_length=4)
    expect_sound(rows)
    spelled, expected = spell(rows[0]), "<eos> | a a <eos>"
    if spelled != expected:
        expect_ordinary(student)
    expect_spelled(rows, expected, go_on_mistake(spelled, len(rows.run["inputs"])))


@pytest.mark.graded(line="selection", weight=1, after=[FORM])
def test_pad_and_bos_are_words_like_others(student: Probed) -> None:
    """Where the model wants PAD or BOS, they are words like others: only EOS is special."""
    rows = search(student, [PAD_AND_BOS], beam_width=2, max_length=3)
    expected = "<bos> b <eos> | a <pad> <bos>"
    spelled = spell(rows[0])
    if spelled == expected:
        return
    expect_possible(rows[0], rows.run)
    expect_ordinary(student)
    if spelled == "<bos> b | a <pad>":
        refuse(ONE_STEP_FEWER)
    if spelled == "<bos> b <eos>":
        refuse(THROWN_AWAY)
    if "<pad>" in spelled and "<bos>" in spelled:
        expect_fits(rows)
    says = f'expected "{expected}", got "{spelled}"'
    raise Wrong(says, SPECIALS_HELP, share=SPECIALS_SHARE)


@pytest.mark.graded(line="ranking", weight=2, after=[FORM])
def test_length_penalty_divides_the_score(student: Probed) -> None:
    """score = log_prob / ((5 + length) / 6) ** length_penalty, where length counts EOS, not BOS."""
    options: dict[str, Any] = {"beam_width": 2, "max_length": 4}
    plain = search(student, [TWO_LENGTHS], **options)
    penalised = search(student, [TWO_LENGTHS], length_penalty=1.0, **options)
    expect_sound(plain)
    if not penalised.fits:
        refuse(NORMALISED)
    if spell(plain[0]) != "a <eos> | b c <eos>":
        expect_ordinary(student)
    expect_spelled(plain, "a <eos> | b c <eos>", said=" without penalty")
    expect_spelled(
        penalised,
        "b c <eos> | a <eos>",
        help="the pool is sorted by score, not by log_prob; the beam is pruned by log_prob alone",
        said=" with length_penalty 1.0, the longer sentence first",
    )


@pytest.mark.graded(
    line="selection",
    weight=1,
    after=[FORM],
    on_crash="topk takes at most as many as there are: min(beam_width, number of candidates)",
)
def test_beam_may_be_wider_than_all_there_is(student: Probed) -> None:
    """With more places than hypotheses you return all of them, but none of probability zero."""
    expected = "a a | a b | b a | a <eos> | <eos> | b b | b <eos>"
    rows = search(student, [FEW], beam_width=9, max_length=2)
    (row,) = rows
    expect_possible(row, rows.run)
    expect_none_impossible(rows, FEW)
    expect_fits(rows)
    spelled = spell(row)
    if spelled != expected:
        expect_ordinary(student)
    help = few_help(spelled.split(" | "), expected.split(" | "))
    expect_spelled(rows, expected, few_mistake(spelled, expected), help)


@pytest.mark.graded(line="rows", weight=1, after=["log_prob_belongs_to_the_tokens"])
def test_rows_do_not_influence_each_other(student: Probed) -> None:
    """In a batch each sentence gets the hypotheses it gets alone."""
    trees = [SHORT, REFILL, GARDEN_PATH, TWO_LENGTHS]
    options: dict[str, Any] = {"beam_width": 2, "max_length": 3}
    together = [spell(row) for row in search(student, trees, **options)]
    alone = [spell(search(student, [tree], **options)[0]) for tree in trees]
    for number, (in_batch, by_itself) in enumerate(zip(together, alone, strict=True)):
        if in_batch != by_itself:
            refuse(
                INFLUENCE,
                f'row {number} of a batch gives "{in_batch}", the same sentence alone '
                f'"{by_itself}"',
            )


@pytest.mark.graded(line="mode", weight=1, after=[FORM])
def test_searches_in_eval_mode_and_leaves_all_as_it_was(student: Probed) -> None:
    """You search in eval mode, without gradients, and leave model and sentences as they were."""
    model = forest([GARDEN_PATH, SHORT])
    options: dict[str, Any] = {"beam_width": 2, "max_length": 4}
    for training in (True, False):
        report = student.beam(model=model, **batch_of(model), **options, training=training)
        with priced("", 0.7):
            expect_as_before(runs(report, 1)[0], training, "beam_search")


@pytest.mark.graded(line="mode", weight=1, after=["log_prob_belongs_to_the_tokens"])
def test_makes_its_tensors_where_the_sentences_are(student: Probed) -> None:
    """On a (simulated) GPU you search just as well: tensors that you make are on source.device."""
    model = {**forest([GARDEN_PATH, REFILL]), "max_rows": 500}  # should it not end there
    report = student.beam_on(model=model, **batch_of(model), beam_width=2, max_length=4)
    with priced("", 0.9):
        expect_at_home(report, "beam_search")
