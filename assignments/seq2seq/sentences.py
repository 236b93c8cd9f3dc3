"""The sentences of section 5: the course's own, or real ones from a file of yours."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from data.pairs import Pair, load_pairs, tokenize
from data.vocabulary import Vocabulary

DATA = Path(__file__).with_name("data")
MAX_LENGTH = 12  # tokens a side: of real sentences longer ones are left out
MIN_COUNT = 2  # of real words rarer ones become <unk>, the unknown word
VALIDATION_SHARE = 0.1  # of real sentences


class Corpus(NamedTuple):
    """Pairs to learn from, others to measure with, and the words of the first."""

    training: list[Pair]
    validation: list[Pair]
    source_vocabulary: Vocabulary
    target_vocabulary: Vocabulary


def load_corpus(file: str | Path | None = None) -> Corpus:
    """Return the course's corpus, or that of a tab-separated file, and print what is in it.

    Lines of a file are: English, a tab, French; more columns are ignored, as in the files of the
    Tatoeba project. Pairs of more than `MAX_LENGTH` tokens on a side are left out, words that
    occur fewer than `MIN_COUNT` times in the training pairs are unknown, and all translations of
    one English sentence are in one part.

    Raises:
        FileNotFoundError, data.pairs.PairsError: the file is not there or not of this kind.
        ValueError: all its sentences fell into one part: too few.
    """
    if file is None:
        training, validation = load_pairs(DATA / "train.tsv"), load_pairs(DATA / "dev.tsv")
        corpus = _with_vocabularies(training, validation, min_count=1)
    else:
        pairs = load_pairs(file, max_length=MAX_LENGTH)
        total = len(load_pairs(file))
        print(f"{len(pairs)} of {total} pairs have at most {MAX_LENGTH} tokens a side")
        held_out = {pair for pair in pairs if _fraction(pair.source) < VALIDATION_SHARE}
        training = [pair for pair in pairs if pair not in held_out]
        validation = _one_each([pair for pair in pairs if pair in held_out])
        if not training or not validation:
            raise ValueError(
                f"{str(file)!r}: expected sentences for training and for validation, got "
                f"{len(training)} and {len(validation)} pairs; use a file with more sentences"
            )
        corpus = _with_vocabularies(training, validation, min_count=MIN_COUNT)
    print(f"{len(corpus.training)} training pairs, {len(corpus.validation)} validation pairs")
    print(
        f"{len(corpus.source_vocabulary)} English words, {len(corpus.target_vocabulary)} French"
        " words, the four special ones among them"
    )
    if file is not None:
        _tell_unknown(corpus)
    return corpus


def _with_vocabularies(training: list[Pair], validation: list[Pair], min_count: int) -> Corpus:
    return Corpus(
        training,
        validation,
        Vocabulary.from_sentences((pair.source for pair in training), min_count),
        Vocabulary.from_sentences((pair.target for pair in training), min_count),
    )


def _fraction(sentence: str) -> float:
    """Return a number from 0 to 1 that looks random and is always the same for a sentence."""
    return int.from_bytes(hashlib.sha256(sentence.encode()).digest()[:4], "big") / 2**32


def _one_each(pairs: list[Pair]) -> list[Pair]:
    """Return the first pair of each source."""
    return list({pair.source: pair for pair in reversed(pairs)}.values())[::-1]


def _tell_unknown(corpus: Corpus) -> None:
    """Print which share of the validation words is unknown, on each side, and the commonest."""
    for side, language, vocabulary in (
        ("source", "English", corpus.source_vocabulary),
        ("target", "French", corpus.target_vocabulary),
    ):
        words = [word for pair in corpus.validation for word in tokenize(getattr(pair, side))]
        unknown = Counter(word for word in words if word not in vocabulary)
        share = 100 * sum(unknown.values()) / len(words)
        print(
            f"{share:.1f} % of the {language} validation words are unknown"
            + (f": {', '.join(word for word, _ in unknown.most_common(8))}" if unknown else "")
        )
