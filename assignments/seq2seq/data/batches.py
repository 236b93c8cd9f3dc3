"""Batches: sentence pairs as padded tensors of word ids."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from data.pairs import Pair
from data.vocabulary import Vocabulary

POOL = 32  # batches whose pairs are sorted by length together: small padding, random company

Row = tuple[list[int], list[int]]  # the ids of one pair: source words, BOS target EOS


class Batch(NamedTuple):
    """Padded word ids of B sentence pairs, all int64 and on one device."""

    source: torch.Tensor  # (B, S) words, PAD
    source_lengths: torch.Tensor  # (B,)
    target: torch.Tensor  # (B, T) BOS, words, EOS, PAD


def make_batch(
    pairs: Sequence[Pair],
    source_vocabulary: Vocabulary,
    target_vocabulary: Vocabulary,
    *,
    device: torch.device | str = "cpu",
    reverse_source: bool = False,
) -> Batch:
    """Return `pairs`, in their order, as one batch.

    `reverse_source` turns the words of each source round, padding still at the right
    (Sutskever, Vinyals & Le 2014, section 3.3).

    Raises ValueError if there is no pair or a source has no words.
    """
    if not pairs:
        raise ValueError("expected at least one pair to make a batch, got none")
    rows = _encode(pairs, source_vocabulary, target_vocabulary, reverse_source)
    return _pad(rows, source_vocabulary.pad_id, target_vocabulary.pad_id, device)


def batches(
    pairs: Sequence[Pair],
    source_vocabulary: Vocabulary,
    target_vocabulary: Vocabulary,
    *,
    batch_size: int,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
    reverse_source: bool = False,
) -> Iterator[Batch]:
    """Yield every pair once, in random batches of pairs of like length.

    The pairs are shuffled, sorted by length inside pools of `POOL` batches, cut into batches,
    and the batches shuffled. `generator`, on the CPU, decides all of it. The batch with what is
    left over may be smaller than `batch_size`.

    Raises ValueError as `make_batch` does, and for a `batch_size` below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size!r}; expected an integer of at least 1")
    rows = _encode(pairs, source_vocabulary, target_vocabulary, reverse_source)
    for indices in _buckets(rows, batch_size, generator):
        chosen = [rows[index] for index in indices]
        yield _pad(chosen, source_vocabulary.pad_id, target_vocabulary.pad_id, device)


def _buckets(rows: Sequence[Row], batch_size: int, generator: torch.Generator) -> list[list[int]]:
    """Return the indices of `rows`, cut into batches of like length, in random order."""
    order = torch.randperm(len(rows), generator=generator).tolist()
    cut: list[list[int]] = []
    for start in range(0, len(order), POOL * batch_size):
        pool = order[start : start + POOL * batch_size]
        pool.sort(key=lambda index: (len(rows[index][0]), len(rows[index][1])))
        cut += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    return [cut[i] for i in torch.randperm(len(cut), generator=generator).tolist()]


def _encode(
    pairs: Sequence[Pair],
    source_vocabulary: Vocabulary,
    target_vocabulary: Vocabulary,
    reverse_source: bool,
) -> list[Row]:
    """Return the ids of every pair."""
    rows = []
    for pair in pairs:
        source = source_vocabulary.encode(pair.source)
        if not source:
            raise ValueError(f"expected a source of at least one word, got {pair!r}")
        target = target_vocabulary.encode(pair.target)
        framed = [target_vocabulary.bos_id, *target, target_vocabulary.eos_id]
        rows.append((source[::-1] if reverse_source else source, framed))
    return rows


def _pad(
    rows: Sequence[Row], source_pad: int, target_pad: int, device: torch.device | str
) -> Batch:
    """Return `rows` as tensors, padded at the right to the longest of each side."""
    return Batch(
        _rectangle([source for source, _ in rows], source_pad).to(device),  # (B, S)
        torch.tensor([len(source) for source, _ in rows]).to(device),  # (B,)
        _rectangle([target for _, target in rows], target_pad).to(device),  # (B, T)
    )


def _rectangle(lists: Sequence[list[int]], pad: int) -> torch.Tensor:
    """Return the lists of ids as one (rows, longest) tensor, filled up with `pad`."""
    width = max(len(ids) for ids in lists)
    return torch.tensor([ids + [pad] * (width - len(ids)) for ids in lists])
