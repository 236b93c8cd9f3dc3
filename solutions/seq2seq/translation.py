"""Translates English sentences to French, and measures how good the translations are."""

import math
from collections.abc import Sequence

from sacrebleu.metrics import BLEU, CHRF
from training import Model, Toolbox

from data.pairs import Pair

MAX_LENGTH = 40  # tokens of a translation: longer than any sentence of the corpus
BATCH_SIZE = 64  # sentences that are encoded together, if nothing else is given


def translate(
    model: Model,
    tools: Toolbox,
    sentences: Sequence[str],
    *,
    beam_width: int | None = None,
    length_penalty: float = 0.0,
    reverse_source: bool = True,
) -> list[str]:
    """Translate by greedy decoding, or by beam search if a `beam_width` is given."""
    best = search(
        model,
        tools,
        sentences,
        beam_width=beam_width,
        length_penalty=length_penalty,
        reverse_source=reverse_source,
    )
    return [tools.target_vocabulary.decode(tokens) for tokens, _ in best]


def search(
    model: Model,
    tools: Toolbox,
    sentences: Sequence[str],
    *,
    beam_width: int | None = None,
    length_penalty: float = 0.0,
    reverse_source: bool = True,
    batch_size: int = BATCH_SIZE,
) -> list[tuple[list[int], float]]:
    """Return the best tokens of each sentence and their log-probability (greedy: NaN)."""
    results: list[tuple[list[int], float]] = []
    for start in range(0, len(sentences), batch_size):
        pairs = [Pair(sentence, "") for sentence in sentences[start : start + batch_size]]
        source, source_lengths, _ = tools.batch(pairs, reverse_source)
        if beam_width is None:
            rows = tools.greedy_decode(model, source, source_lengths, MAX_LENGTH)
            results += [(tokens, math.nan) for tokens in rows]
        else:
            beams = tools.beam_search(
                model, source, source_lengths, beam_width, MAX_LENGTH, length_penalty
            )
            results += [(beam[0][0], beam[0][1]) for beam in beams]
    return results


def scores(hypotheses: Sequence[str], references: Sequence[str]) -> tuple[float, float]:
    """Return the corpus BLEU and chrF of `hypotheses`, both from 0 to 100 (sacrebleu)."""
    together = [list(references)]  # one list of references: every sentence has one
    bleu = BLEU().corpus_score(list(hypotheses), together).score
    chrf = CHRF().corpus_score(list(hypotheses), together).score
    return bleu, chrf
