"""Public checks of `beam_search`, on search trees small enough to follow with a finger.

The words are `WORDS` of `trees.py`; a tree gives, for what has been said so far, the probability
of each next word. A hypothesis's probability is the product along its path; log_prob is its
logarithm. The trees are in `beam_trees.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from autograder.checks.expect import expect
from autograder.checks.student import Student

from .beam_explain import (
    GARDEN_PATH_MISTAKES,
    REFILL_MISTAKES,
    expect_possible,
    expect_tokens,
    few_help,
    log_prob_help,
    score_help,
    width_one_help,
)
from .beam_trees import (
    FEW,
    GARDEN_PATH,
    REFILL,
    SHORT,
    TWO_LENGTHS,
    near,
    search,
    search_again,
    spell,
    steps_along,
)

FORM = "returns_the_hypotheses_of_each_sentence"


@pytest.mark.graded(
    weight=1,
    on_crash="the beam may hold a single hypothesis: squeeze() without a dimension loses a "
    "dimension then; and parents are found with //, which keeps them ints",
)
def test_returns_the_hypotheses_of_each_sentence(student: Student) -> None:
    """For each sentence you return at most beam_width hypotheses (tokens, log_prob, score)."""
    options: dict[str, Any] = {"beam_width": 3, "max_length": 4}
    first, second = search_again(student, [GARDEN_PATH, REFILL], 2, **options)
    for row in first:
        expect_tokens(row, 4)
    expect(
        [spell(row) for row in first] == [spell(row) for row in second],
        "a second call with the same sentences gives other hypotheses",
        "keep nothing from an earlier call (a default argument such as pool=[] is shared by all "
        "calls), and keep the best candidates: nothing is drawn at random",
    )


@pytest.mark.graded(weight=2, needs=[FORM])
def test_log_prob_belongs_to_the_tokens(student: Student) -> None:
    """log_prob is the sum of the log-probabilities of the hypothesis's tokens, EOS included."""
    for tree in (GARDEN_PATH, TWO_LENGTHS, REFILL):
        row = search(student, [tree], beam_width=2, max_length=3)[0]
        expect_possible(row)
        for found in row:
            steps = steps_along(tree, found)
            expect(
                near(found.log_prob, sum(steps)),
                f'the tree gives "{spell([found])}" the log-probability {sum(steps):.4f}, '
                f"got {found.log_prob:.4f}",
                log_prob_help(found.log_prob, steps),
            )


@pytest.mark.graded(weight=2, needs=[FORM])
def test_finds_what_greedy_misses(student: Student) -> None:
    """With two places in the beam you find a sentence that is better than the greedy one."""
    expected = "b <eos> | a a <eos>"
    spelled = spell(search(student, [GARDEN_PATH], beam_width=2, max_length=4)[0])
    said = f'expected "{expected}", got "{spelled}"'
    expect(
        not spelled.startswith("a a <eos>"),
        f"{said}: your best hypothesis is what greedy decoding gives",
        "extend every live hypothesis by every token and keep the beam_width best of all these "
        "candidates",
    )
    mistake, help = GARDEN_PATH_MISTAKES.get(spelled, ("", ""))
    expect(
        spelled == expected,
        f"{said}: {mistake}" if mistake else said,
        help
        or "at each step keep the beam_width best candidates by total log-probability; those "
        "that end in EOS go to the pool; at the end the best of the pool by score are returned",
    )


@pytest.mark.graded(
    weight=1,
    needs=[FORM],
    on_crash="when the only live hypothesis ends nothing is live: that sentence is done",
)
def test_width_one_is_greedy(student: Student) -> None:
    """With beam_width 1 you find the greedy sentence, cut at max_length where it does not end."""
    for max_length, words in ((5, "a a <eos>"), (2, "a a")):
        spelled = spell(search(student, [GARDEN_PATH], beam_width=1, max_length=max_length)[0])
        expect(
            spelled == words,
            f'expected "{words}" for max_length {max_length}, got "{spelled}"',
            width_one_help(spelled, words, max_length),
        )


@pytest.mark.graded(weight=1, needs=[FORM])
def test_refills_the_beam_when_a_hypothesis_ends(student: Student) -> None:
    """A finished hypothesis leaves the beam, and the next step again has beam_width live ones."""
    spelled = spell(search(student, [REFILL], beam_width=2, max_length=3)[0])
    mistake = REFILL_MISTAKES.get(spelled, "")
    if not mistake and "<eos>" not in spelled.split(" | "):
        mistake = "the translation that is EOS alone is missing; it is a hypothesis like any other"
    expect(
        spelled == "<eos> | a b a",
        f'expected "<eos> | a b a", got "{spelled}"' + (f": {mistake}" if mistake else ""),
        "follow the rule of the text step by step: keep beam_width candidates, move those with "
        "EOS to the pool, go on with the rest, and let what is left at max_length join the pool",
    )


@pytest.mark.graded(weight=2, needs=[FORM])
def test_length_penalty_divides_the_score(student: Student) -> None:
    """score = log_prob / ((5 + length) / 6) ** length_penalty, where length counts EOS, not BOS."""
    options: dict[str, Any] = {"beam_width": 2, "max_length": 4}
    rows = [
        (search(student, [TWO_LENGTHS], **options)[0], 0.0),
        (search(student, [TWO_LENGTHS], length_penalty=1.0, **options)[0], 1.0),
    ]
    for row, penalty in rows:
        for found in row:
            expect(
                near(found.log_prob, sum(steps_along(TWO_LENGTHS, found))),
                f"with length_penalty {penalty} a log_prob is no more the sum of log-probabilities",
                "the length penalty divides `score`; log_prob and the search stay as they are",
            )
            right = found.log_prob / ((5 + len(found.tokens)) / 6) ** penalty
            expect(
                near(found.score, right),
                f"with length_penalty {penalty} and log_prob {found.log_prob:.4f} a hypothesis "
                f"of {len(found.tokens)} tokens should score {right:.4f}, got {found.score:.4f}",
                score_help(row, penalty),
            )
    plain, penalised = spell(rows[0][0]), spell(rows[1][0])
    expect(plain == "a <eos> | b c <eos>", f'without penalty: got "{plain}"', "sort by score")
    expect(
        penalised == "b c <eos> | a <eos>",
        f'length_penalty 1.0 should put the longer sentence first, got "{penalised}"',
        "the pool is sorted by score, not by log_prob; the beam is pruned by log_prob alone",
    )


@pytest.mark.graded(
    weight=1,
    needs=[FORM],
    on_crash="topk takes at most as many as there are: min(beam_width, number of candidates)",
)
def test_beam_may_be_wider_than_all_there_is(student: Student) -> None:
    """With more places than hypotheses you return all there are, none of probability zero."""
    expected = "a a | a b | b a | a <eos> | <eos> | b b | b <eos>"
    row = search(student, [FEW], beam_width=9, max_length=2)[0]
    expect_possible(row)
    expect(
        spell(row) == expected,
        f'expected "{expected}", got "{spell(row)}"',
        few_help(spell(row).split(" | "), expected.split(" | ")),
    )


@pytest.mark.graded(weight=1, needs=["log_prob_belongs_to_the_tokens"])
def test_rows_do_not_influence_each_other(student: Student) -> None:
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
