"""The sentences of section 5: those of the course, or real ones from your own file."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from data.pairs import Pair, load_pairs, tokenize
from data.vocabulary import Vocabulary

DATA = Path(__file__).with_name("data")
MAX_LENGTH = 12  # tokens on a side: longer real sentences are left out
MIN_COUNT = 2  # rarer real words become <unk>, the unknown word
VALIDATION_SHARE = 0.1  # of real sentences


class Corpus(NamedTuple):
    """Pairs for training, other pairs for validation, and the words of the training pairs."""

    training: list[Pair]
    validation: list[Pair]
    source_vocabulary: Vocabulary
    target_vocabulary: Vocabulary


def load_corpus(file: str | Path | None = None) -> Corpus:
    """Return the corpus of the course, or of a tab-separated file, and print what is in it.

    Each line of a file is English, a tab, French. More columns are ignored: files of the Tatoeba
    project have them. Pairs of more than `MAX_LENGTH` tokens on a side are left out. Words that
    occur fewer than `MIN_COUNT` times in the training pairs are unknown. All translations of one
    English sentence are in one part, training or validation.

    Raises:
        FileNotFoundError, data.pairs.PairsError: the file is not there, or has other lines.
        ValueError: it has too few sentences, so that one part is empty.
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
    """Return a number from 0 to 1 that looks random but is always the same for one sentence."""
    return int.from_bytes(hashlib.sha256(sentence.encode()).digest()[:4], "big") / 2**32


def _one_each(pairs: list[Pair]) -> list[Pair]:
    """Return the first pair of each source."""
    return list({pair.source: pair for pair in reversed(pairs)}.values())[::-1]


def _tell_unknown(corpus: Corpus) -> None:
    """Print, for each side, which share of the validation words is unknown, and the most common."""
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
