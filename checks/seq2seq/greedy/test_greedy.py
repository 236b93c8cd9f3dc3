"""Public checks of `greedy_decode`, on search trees small enough to follow with a finger.

The words are `WORDS` of `shared/trees.py`; a tree gives, for what has been said so far, the
probability of each next word. Note that the ids of <pad>, <bos> and <eos> are not 0, 1 and 2.
"""

from __future__ import annotations

from typing import Any

import pytest
from torch.nn.functional import pad

from checks.expect import Wrong, expect, mended, priced
from checks.simulated_gpu.elsewhere import expect_at_home

from ..probed import Probed
from ..shared.answers import expect_as_before
from ..shared.trees import WORDS, Row, batch_of, tree_model
from .asking import ask, expect_sentences, price
from .explain import BEYOND, CALLED_ON, ORDER, Mistake, explain_tokens
from .forms import token_rows

ENDS: Row = {"<eos>": 0.9, "a": 0.04, "b": 0.03, "c": 0.03}

# after each prefix the best word is: a, b, b, a, then the end; after anything else: c
TREE: dict[str, Row] = {
    "": {"a": 0.5, "b": 0.3, "c": 0.1, "<eos>": 0.1},
    "a": {"b": 0.6, "a": 0.1, "c": 0.2, "<eos>": 0.1},
    "a b": {"b": 0.4, "a": 0.3, "c": 0.2, "<eos>": 0.1},
    "a b b": {"a": 0.5, "c": 0.3, "b": 0.1, "<eos>": 0.1},
    "a b b a": ENDS,
    "*": {"c": 0.7, "a": 0.1, "b": 0.15, "<eos>": 0.05},
}
STOPS_AT_ONCE: dict[str, Row] = {"": ENDS, "*": {"b": 0.7, "a": 0.2, "c": 0.05, "<eos>": 0.05}}


# two sentences, five steps, and all that was said read again at each
MOST_ROWS = 2 * sum(range(1, 6))

# other ids: BOS is the first, PAD the last of all, and both are said first, inside, and at the end
OTHER_WORDS = ["<bos>", "b", "<eos>", "a", "c", "<pad>"]
SPECIALS_SAID = (
    "<pad> a <bos> b <eos>",
    "<bos> c <pad> a <eos>",
    "a <bos> <pad> <pad> <pad> <pad>",
)


def said(words: str) -> dict[str, Row]:
    """A tree along which the most probable words are these."""
    path = words.split()
    others: Row = {"c": 0.15, "a": 0.13, "b": 0.12, "<eos>": 0.1}
    rows = {" ".join(path[:n]): {**others, word: 0.5} for n, word in enumerate(path)}
    return {**rows, "*": {"c": 0.7, "a": 0.1, "b": 0.15, "<eos>": 0.05}}


LITTLE = 0.05  # of a line

Decoded = tuple[list[tuple[int, ...]], dict[str, Any]]  # translations, the run they are from

SHAPES = (
    "the decoder takes previous (B,) and (h, c), and returns logits (B, V): the choice is the "
    "argmax over dimension 1"
)
SQUEEZE = (
    "here the batch has one sentence: squeeze() without a dimension, or [0], loses the batch "
    "dimension"
)


def decode(
    student: Probed, trees: list[dict[str, Row]], words: list[str] = WORDS, **options: Any
) -> Decoded:
    """Decode a batch with one sentence a tree."""
    model = tree_model(trees, words)
    steps = options["max_length"]
    model["max_rows"] = 4 * len(trees) * steps * (steps + 1)  # should it not end
    (run,) = ask(student, model=model, **{**batch_of(model), **options})
    if run["over"]:
        raise told(BEYOND, f"{BEYOND.says}: it had to be stopped")
    expect_sentences(run, LITTLE)  # hidden checks know how much
    return token_rows(run, len(trees), model["eos_id"], options["max_length"]), run


def expect_words(
    decoded: Decoded,
    row: int,
    words: str,
    max_length: int,
    ids: list[str] = WORDS,
    cut_right: bool = False,
) -> None:
    """Compare one translation with the words it should have."""
    got, run = decoded[0][row], decoded[1]
    expected = tuple(ids.index(word) for word in words.split())
    spelled = " ".join(ids[token] if token in range(len(ids)) else "?" for token in got)
    facts = {**tree_model([TREE], ids), "rows": len(decoded[0]), "row": row}
    facts["cut_right"] = cut_right
    if got != expected:
        mistake = explain_tokens(got, expected, facts, max_length, run)
        raise told(mistake, f'expected "{words}", got "{spelled}": {mistake.says}')


def told(mistake: Mistake, says: str) -> Wrong:
    """The error for a mistake that a translation looks like.

    On these few trees it may look like another: what it costs, hidden checks decide. They do not
    tell it again.
    """
    if mistake.share is None:
        return Wrong(says, mistake.help)
    mended(mistake.says, mistake.help, line=mistake.line, share=LITTLE)
    return Wrong(says, mistake.help, line=mistake.line, share=LITTLE)


@pytest.mark.graded(line="rows", weight=0.25, on_crash=SHAPES)
def test_returns_a_list_of_token_ids_for_each_sentence(student: Probed) -> None:
    """You return a list with one list of Python ints for each sentence of the batch."""
    for got in decode(student, [TREE] * 4, max_length=6)[0]:
        expect(
            all(token in range(len(WORDS)) for token in got),
            "a translation holds ids that are not in the vocabulary",
        )
        expect(
            len(got) > 0,
            "a translation is empty",
            "append each chosen token, as a Python int, to the list of its row",
        )


@pytest.mark.graded(
    line="choice",
    weight=0.25,
    after=["returns_a_list_of_token_ids_for_each_sentence"],
    on_crash=SQUEEZE,
)
def test_follows_the_best_token_to_the_end(student: Probed) -> None:
    """From BOS on you take the most probable token and feed it back, up to the first EOS."""
    expect_words(decode(student, [TREE], max_length=6), 0, "a b b a <eos>", 6)


@pytest.mark.graded(
    line="ending",
    weight=0.25,
    after=["returns_a_list_of_token_ids_for_each_sentence", "follows_the_best_token_to_the_end"],
    on_crash=SQUEEZE,
)
def test_stops_at_max_length_without_an_eos(student: Probed) -> None:
    """A translation that has not ended after max_length tokens is cut there, and gets no EOS."""
    for max_length, words in ((1, "a"), (2, "a b"), (3, "a b b")):
        decoded = decode(student, [TREE], max_length=max_length)
        expect_words(decoded, 0, words, max_length, cut_right=max_length > 1)


@pytest.mark.graded(
    line="ending",
    weight=0.25,
    after=["returns_a_list_of_token_ids_for_each_sentence", "follows_the_best_token_to_the_end"],
    on_crash=SQUEEZE,
)
def test_may_say_nothing_but_eos(student: Probed) -> None:
    """When EOS is the best first token, the translation is that EOS alone."""
    expect_words(decode(student, [STOPS_AT_ONCE], max_length=6), 0, "<eos>", 6)


@pytest.mark.graded(line="rows", weight=0.25, after=["follows_the_best_token_to_the_end"])
def test_rows_end_each_at_their_own_eos(student: Probed) -> None:
    """In a batch each sentence ends at its own first EOS, however long the others are."""
    trees = [STOPS_AT_ONCE, TREE]
    wide = pad(batch_of(tree_model(trees))["source"], (0, 1), value=WORDS.index("<pad>"))
    decoded = decode(student, trees, max_length=6, source=wide)  # padded, the longest too
    expect(
        decoded[0][0] != decoded[0][1],
        "two different sentences get the same translation",
        "each row has its own state, its own tokens and its own list",
    )
    other = tuple(WORDS.index(word) for word in ["a", "b", "b", "a", "<eos>"])
    if decoded[0] == [other, (WORDS.index("<eos>"),)]:
        raise told(ORDER, ORDER.says)
    expect_words(decoded, 0, "<eos>", 6)
    inputs, origins = decoded[1]["inputs"], decoded[1]["origins"]
    whole = [len(first) for first in inputs[:1]] == [2]  # both rows in one call
    expect(
        decoded[0][1][:5] == other or not whole or origins[:1] == [("encoder h", "encoder c")],
        "the second sentence goes wrong in a batch, and the decoder's first state is not the one "
        "that the encoder returned",
        "h and c are (layers, batch, hidden): pass them on as they are, without a reshape or view",
    )
    expect(
        decoded[0][1][:5] in (other[: len(decoded[0][1])], other),
        "the second sentence goes wrong once the first has ended; alone it is right",
        "each row starts from BOS and its own state and keeps its own token and state: if you drop "
        "rows that have ended, drop them from the tokens, from h and from c alike, and remember "
        "which rows are left",
    )
    expect_words(decoded, 1, "a b b a <eos>", 6)


@pytest.mark.graded(line="mode", weight=0.25, after=["follows_the_best_token_to_the_end"])
def test_decodes_in_eval_mode_and_leaves_all_as_it_was(student: Probed) -> None:
    """You decode in eval mode, without gradients, and leave model and sentences as they were."""
    model = tree_model([TREE, STOPS_AT_ONCE])
    for training in (True, False):
        (run,) = ask(student, model=model, **batch_of(model), max_length=6, training=training)
        with priced(*price(run, training)):
            expect_as_before(run, training, "greedy_decode")


@pytest.mark.graded(line="choice", weight=0.25, after=["follows_the_best_token_to_the_end"])
def test_pad_and_bos_are_words_like_others(student: Probed) -> None:
    """Where PAD or BOS is the most probable, it is the next word: only EOS is special."""
    for words in SPECIALS_SAID:
        # what is compared ends before the cut: how a translation is cut is another check's business
        (got,), run = decode(student, [said(words)], OTHER_WORDS, max_length=6)
        expect_words(([got[:5]], run), 0, " ".join(words.split()[:5]), 5, OTHER_WORDS)


@pytest.mark.graded(line="rows", weight=0.25, after=["rows_end_each_at_their_own_eos"])
def test_stops_with_the_last_row(student: Probed) -> None:
    """Once every sentence has ended, the decoder is not called any more."""
    got, run = decode(student, [STOPS_AT_ONCE, TREE], max_length=30)
    ended = [tuple(map(WORDS.index, words.split())) for words in ("<eos>", "a b b a <eos>")]
    if not all(row[: len(right)] == right for row, right in zip(got, ended, strict=True)):
        return  # they have not ended where they should: another check's business
    expect(run["rows"] <= MOST_ROWS, *CALLED_ON[:2], line=CALLED_ON.line, share=CALLED_ON.share)


@pytest.mark.graded(line="clean", weight=0.25, after=["follows_the_best_token_to_the_end"])
def test_makes_its_tensors_where_the_sentences_are(student: Probed) -> None:
    """On a (simulated) GPU you decode just as well: tensors that you make are on source.device."""
    model = {**tree_model([TREE, STOPS_AT_ONCE]), "max_rows": 100}  # should it not end there
    report = student.greedy_on(model=model, **batch_of(model), max_length=6)
    with priced("clean", 0.5):
        expect_at_home(report, "greedy_decode")
