"""A vocabulary: the words of one language and their ids."""

from collections import Counter
from collections.abc import Iterable, Sequence

from data.pairs import detokenize, tokenize

SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")


class Vocabulary:
    """Words and their ids; ids 0 to 3 are padding, begin, end of sentence and unknown word.

    Words are ordered by falling count, equal counts alphabetically, so equal sentences give
    equal ids on every machine.
    """

    pad_id, bos_id, eos_id, unk_id = range(len(SPECIAL))

    def __init__(self, words: Sequence[str]) -> None:
        """Number `words` in their order, after the four special ones.

        Raises ValueError if a word stands twice or is one of the special ones.
        """
        self.words: list[str] = [*SPECIAL, *words]
        self._ids = {word: index for index, word in enumerate(self.words)}
        if len(self._ids) != len(self.words):
            twice = [word for word, count in Counter(self.words).items() if count > 1]
            raise ValueError(f"expected every word once, got more than once: {twice[:5]!r}")

    @classmethod
    def from_sentences(cls, sentences: Iterable[str], min_count: int = 1) -> "Vocabulary":
        """Return the vocabulary of the words that occur at least `min_count` times."""
        if min_count < 1:
            raise ValueError(f"min_count is {min_count!r}; expected an integer of at least 1")
        counts = Counter(word for sentence in sentences for word in tokenize(sentence))
        frequent = [word for word, count in counts.items() if count >= min_count]
        return cls(sorted(frequent, key=lambda word: (-counts[word], word)))

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} words)"

    def encode(self, sentence: str) -> list[int]:
        """Return the ids of the tokens of `sentence`, without BOS and EOS; unknown → `unk_id`."""
        return [self._ids.get(token, self.unk_id) for token in tokenize(sentence)]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the sentence for `ids` up to the first EOS, BOS and PAD left out.

        Raises ValueError for an id that the vocabulary does not have.
        """
        tokens = []
        for index in ids:
            if not 0 <= index < len(self):
                raise ValueError(f"id {index!r}; expected 0 to {len(self) - 1} for {self!r}")
            if index == self.eos_id:
                break
            if index not in (self.pad_id, self.bos_id):
                tokens.append(self.words[index])
        return detokenize(tokens)
