"""Batches: padding, lengths, order and coverage."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from data.batches import Batch, batches, make_batch
from data.pairs import Pair
from data.vocabulary import Vocabulary

SENTENCE = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=9).map(" ".join)
PAIRS = st.lists(st.tuples(SENTENCE, SENTENCE).map(lambda sides: Pair(*sides)), min_size=1)
VOCABULARY = Vocabulary(list("abcdefg"))


def rows(batch: Batch) -> list[Pair]:
    """Return the pairs of a batch, read from its tensors alone."""
    found = []
    for source, length, target in zip(*batch, strict=True):
        words, ids = source[:length].tolist(), target.tolist()
        found.append(Pair(" ".join(VOCABULARY.words[i] for i in words), VOCABULARY.decode(ids)))
    return found


@given(PAIRS, st.booleans())
def test_a_batch_is_its_pairs_in_order_padded_at_the_right(
    pairs: list[Pair], reverse: bool
) -> None:
    batch = make_batch(pairs, VOCABULARY, VOCABULARY, reverse_source=reverse)
    turned = [Pair(p.source[::-1], p.target) for p in pairs] if reverse else pairs
    assert rows(batch) == turned
    assert {tensor.dtype for tensor in batch} == {torch.int64}
    assert batch.source.shape == (len(pairs), int(batch.source_lengths.max()))
    assert bool((batch.source_lengths >= 1).all())
    for row, length in zip(batch.source, batch.source_lengths, strict=True):
        assert (row != VOCABULARY.pad_id).tolist() == [i < length for i in range(len(row))]


@given(PAIRS)
def test_a_target_is_bos_words_one_eos_then_padding(pairs: list[Pair]) -> None:
    target = make_batch(pairs, VOCABULARY, VOCABULARY).target
    assert target.shape[1] == 2 + max(len(VOCABULARY.encode(pair.target)) for pair in pairs)
    for row, pair in zip(target.tolist(), pairs, strict=True):
        end = row.index(VOCABULARY.eos_id)
        assert row[0] == VOCABULARY.bos_id
        assert row[1:end] == VOCABULARY.encode(pair.target)
        assert set(row[end + 1 :]) <= {VOCABULARY.pad_id}


@given(PAIRS, st.integers(1, 7), st.integers(0, 100))
def test_a_pass_shows_every_pair_exactly_once(
    pairs: list[Pair], batch_size: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    made = list(batches(pairs, VOCABULARY, VOCABULARY, batch_size=batch_size, generator=generator))
    assert Counter(pair for batch in made for pair in rows(batch)) == Counter(pairs)
    sizes = sorted(len(batch.source) for batch in made)
    assert all(size == batch_size for size in sizes[1:])
    assert sizes[0] <= batch_size


def numbered(count: int) -> list[Pair]:
    """Return pairs of all lengths from 1 to 7, each with another target."""
    digits = [" ".join("abcdefg"[int(d) % 7] for d in f"{i:05d}") for i in range(count)]
    return [Pair("a b c d e f g"[: 2 * (i % 7) + 1], text) for i, text in enumerate(digits)]


def passes(seed: int, times: int) -> list[list[list[Pair]]]:
    """Return the rows of some passes over 500 pairs with one generator."""
    generator = torch.Generator().manual_seed(seed)
    return [
        [
            rows(batch)
            for batch in batches(
                numbered(500), VOCABULARY, VOCABULARY, batch_size=10, generator=generator
            )
        ]
        for _ in range(times)
    ]


def test_the_generator_decides_the_order_and_each_pass_differs() -> None:
    first, second = passes(1, 2)
    assert [first, second] == passes(1, 2)
    assert first != second
    assert first != passes(2, 1)[0]


def test_the_global_random_state_is_left_alone() -> None:
    before = torch.get_rng_state()
    passes(1, 1)
    assert torch.equal(before, torch.get_rng_state())


def test_pairs_of_like_length_share_a_batch_and_batches_come_in_random_order() -> None:
    lengths = [[len(pair.source.split()) for pair in batch] for batch in passes(3, 1)[0]]
    padding = sum(max(batch) * len(batch) - sum(batch) for batch in lengths)
    assert padding < 0.1 * sum(map(sum, lengths))
    means = [sum(batch) / len(batch) for batch in lengths]
    assert means != sorted(means)


def test_errors_name_what_came() -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        make_batch([], VOCABULARY, VOCABULARY)
    with pytest.raises(ValueError, match=r"at least one word, got Pair\(source=''"):
        make_batch([Pair("", "a")], VOCABULARY, VOCABULARY)
    generator = torch.Generator()
    with pytest.raises(ValueError, match="batch_size is 0"):
        next(batches(numbered(3), VOCABULARY, VOCABULARY, batch_size=0, generator=generator))
