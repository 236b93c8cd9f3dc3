"""Vocabulary: words, ids and the frequency cut-off."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.pairs import tokenize
from data.vocabulary import Vocabulary

WORDS = st.sampled_from(["le", "chat", "dort", "l'", "été", "?", "."])
SENTENCES = st.lists(WORDS, max_size=8).map(" ".join)


def test_the_special_ids_are_the_first_four() -> None:
    vocabulary = Vocabulary([])
    ids = [vocabulary.pad_id, vocabulary.bos_id, vocabulary.eos_id, vocabulary.unk_id]
    assert ids == [0, 1, 2, 3]
    assert len(vocabulary) == 4


@given(st.lists(SENTENCES), st.randoms())
def test_ids_do_not_depend_on_the_order_of_the_sentences(
    sentences: list[str], rng: random.Random
) -> None:
    shuffled = rng.sample(sentences, len(sentences))
    first, second = Vocabulary.from_sentences(sentences), Vocabulary.from_sentences(shuffled)
    assert first.words == second.words


@given(st.lists(SENTENCES), st.integers(1, 4))
def test_the_cut_off_keeps_exactly_the_frequent_words(sentences: list[str], least: int) -> None:
    vocabulary = Vocabulary.from_sentences(sentences, min_count=least)
    seen = " ".join(sentences).split()
    assert set(vocabulary.words[4:]) == {word for word in seen if seen.count(word) >= least}


@given(SENTENCES)
def test_known_words_come_back(sentence: str) -> None:
    vocabulary = Vocabulary.from_sentences([sentence])
    ids = vocabulary.encode(sentence)
    assert tokenize(vocabulary.decode(ids)) == tokenize(sentence)
    assert vocabulary.unk_id not in ids


def test_decoding_stops_at_the_first_eos_and_drops_bos_and_pad() -> None:
    vocabulary = Vocabulary(["chat", "dort"])
    assert vocabulary.decode([1, 4, 0, 5, 2, 4]) == "chat dort"
    assert vocabulary.decode([3, 4]) == "<unk> chat"


def test_an_unknown_word_is_unk() -> None:
    vocabulary = Vocabulary(["chat"])
    assert vocabulary.encode("chat chien") == [4, vocabulary.unk_id]
    assert "chat" in vocabulary
    assert "chien" not in vocabulary


def test_errors_name_what_came() -> None:
    with pytest.raises(ValueError, match=r"more than once: \['chat'\]"):
        Vocabulary(["chat", "chat"])
    with pytest.raises(ValueError, match=r"more than once: \['<eos>'\]"):
        Vocabulary(["<eos>"])
    with pytest.raises(ValueError, match="id 9; expected 0 to 4"):
        Vocabulary(["chat"]).decode([9])
    with pytest.raises(ValueError, match="min_count is 0"):
        Vocabulary.from_sentences([], min_count=0)
