"""Public checks of `greedy_decode`, on search trees small enough to follow with a finger.

The words are `WORDS` of `trees.py`; a tree gives, for what has been said so far, the probability
of each next word. Note that the ids of <pad>, <bos> and <eos> are not 0, 1 and 2.
"""

from __future__ import annotations

from typing import Any

import pytest

from checks.elsewhere import expect_at_home
from checks.expect import expect
from checks.student import Student

from .answers import runs, token_rows
from .explain import explain_tokens
from .trees import WORDS, Row, batch_of, tree_model

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


Decoded = tuple[list[tuple[int, ...]], dict[str, Any]]  # translations, the run they are from

SHAPES = (
    "the decoder takes previous (B,) and (h, c), and returns logits (B, V): the choice is the "
    "argmax over dimension 1"
)
SQUEEZE = (
    "here the batch has one sentence: squeeze() without a dimension, or [0], loses the batch "
    "dimension"
)


def decode(student: Student, trees: list[dict[str, Row]], **options: Any) -> Decoded:
    """Decode a batch with one sentence a tree."""
    model = tree_model(trees)
    (run,) = runs(student.greedy(model=model, **batch_of(model), **options), 1)
    return token_rows(run, len(trees)), run


def expect_words(decoded: Decoded, row: int, words: str, max_length: int) -> None:
    """Compare one translation with the words it should have."""
    found, run = decoded[0][row], decoded[1]
    expected = tuple(WORDS.index(word) for word in words.split())
    said = " ".join(WORDS[token] if token in range(len(WORDS)) else "?" for token in found)
    facts = {**tree_model([TREE]), "rows": len(decoded[0])}
    rationale, help = explain_tokens(found, expected, facts, max_length, run)
    expect(found == expected, f'expected "{words}", got "{said}": {rationale}', help)


@pytest.mark.graded(weight=1, on_crash=SHAPES)
def test_returns_a_list_of_token_ids_for_each_sentence(student: Student) -> None:
    """You return a list with one list of Python ints for each sentence of the batch."""
    for found in decode(student, [TREE] * 4, max_length=6)[0]:
        expect(
            all(token in range(len(WORDS)) for token in found),
            "a translation holds ids that are not in the vocabulary",
        )
        expect(
            len(found) > 0,
            "a translation is empty",
            "append each chosen token, as a Python int, to the list of its row",
        )


@pytest.mark.graded(
    weight=2, needs=["returns_a_list_of_token_ids_for_each_sentence"], on_crash=SQUEEZE
)
def test_follows_the_best_token_to_the_end(student: Student) -> None:
    """From BOS on you take the most probable token and feed it back, up to the first EOS."""
    expect_words(decode(student, [TREE], max_length=6), 0, "a b b a <eos>", 6)


@pytest.mark.graded(
    weight=1, needs=["returns_a_list_of_token_ids_for_each_sentence"], on_crash=SQUEEZE
)
def test_stops_at_max_length_without_an_eos(student: Student) -> None:
    """A translation that has not ended after max_length tokens is cut there, and gets no EOS."""
    for max_length, words in ((3, "a b b"), (2, "a b"), (1, "a")):
        expect_words(decode(student, [TREE], max_length=max_length), 0, words, max_length)


@pytest.mark.graded(
    weight=1, needs=["returns_a_list_of_token_ids_for_each_sentence"], on_crash=SQUEEZE
)
def test_may_say_nothing_but_eos(student: Student) -> None:
    """When EOS is the best first token, the translation is that EOS alone."""
    expect_words(decode(student, [STOPS_AT_ONCE], max_length=6), 0, "<eos>", 6)


@pytest.mark.graded(weight=1, needs=["follows_the_best_token_to_the_end"])
def test_rows_end_each_at_their_own_eos(student: Student) -> None:
    """In a batch each sentence ends at its own first EOS, however long the others are."""
    decoded = decode(student, [STOPS_AT_ONCE, TREE], max_length=6)
    expect(
        decoded[0][0] != decoded[0][1],
        "two different sentences get the same translation",
        "each row has its own state, its own tokens and its own list",
    )
    expect_words(decoded, 0, "<eos>", 6)
    other = tuple(WORDS.index(word) for word in ["a", "b", "b", "a", "<eos>"])
    inputs, origins = decoded[1]["inputs"], decoded[1]["origins"]
    whole = [len(first) for first in inputs[:1]] == [2]  # both rows in one call
    expect(
        decoded[0][1][:5] == other or not whole or origins[:1] == [("encoder h", "encoder c")],
        "the second sentence goes wrong in a batch, and the decoder's first state is not the one "
        "that the encoder returned",
        "h and c are (layers, batch, hidden): hand them on as they are, without a reshape or view",
    )
    expect(
        decoded[0][1][:5] in (other[: len(decoded[0][1])], other),
        "the second sentence goes wrong once the first has ended; alone it is right",
        "each row starts from BOS and its own state and keeps its own token and state: if you drop "
        "rows that have ended, drop them from the tokens, from h and from c alike, and remember "
        "which rows are left",
    )
    expect_words(decoded, 1, "a b b a <eos>", 6)


@pytest.mark.graded(weight=1, needs=["follows_the_best_token_to_the_end"])
def test_decodes_in_eval_mode_and_puts_the_mode_back(student: Student) -> None:
    """You decode in eval mode, without gradients, and leave the model in the mode you found it."""
    model = tree_model([TREE, STOPS_AT_ONCE])
    for training in (True, False):
        report = student.greedy(model=model, **batch_of(model), max_length=6, training=training)
        run = runs(report, 1)[0]
        expect(
            not run["training_seen"],
            "the model was used in train mode, so dropout was active while it translated",
            "call model.eval() before the first call of the encoder, and put the mode back after "
            "the last row",
        )
        expect(
            run["training_after"] is training,
            f"model.training was {training} before greedy_decode and is {not training} after it, "
            "in the model or in its encoder or decoder",
            "remember model.training at the start and end with model.train(was_training), which "
            "reaches the parts too, also where you return early",
        )
        expect(
            not run["graph_seen"],
            "the state carries a gradient graph, which grows with every step",
            "work under torch.no_grad(), the encoder's call included",
        )
        expect(
            run["grad_after"] is True,
            "gradients are switched off for the whole program after greedy_decode",
            "use `with torch.no_grad():` instead of torch.set_grad_enabled(False)",
        )


@pytest.mark.graded(weight=1, needs=["follows_the_best_token_to_the_end"])
def test_makes_its_tensors_where_the_sentences_are(student: Student) -> None:
    """On a (simulated) GPU you decode just as well: tensors that you make are on source.device."""
    model = {**tree_model([TREE, STOPS_AT_ONCE]), "max_rows": 100}  # should it not end there
    report = student.greedy_on(model=model, **batch_of(model), max_length=6)
    expect_at_home(report, "greedy_decode")
