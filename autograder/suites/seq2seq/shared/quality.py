"""How well a decoder searches on a trained translator, by the judge's own float64 scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import sacrebleu
import torch
from safetensors.torch import load_file

from checks.seq2seq.shared.standins import StandIn
from data.batches import make_batch
from data.corpus import hidden_pairs
from data.pairs import Pair
from data.vocabulary import Vocabulary

from .scorer import Scorer, Tokens
from .train_translator import LAYERS, WEIGHTS, WORDS, Translator

SENTENCES = 12
# Short ones: a search may start every hypothesis again at every step, row by row, and must then be
# done in a fraction of the time there is.
SHORT = 9  # the most words in a reference translation
MAX_LENGTH = 12  # tokens
REGRET = 1e-3  # mean score that a search may lose; differences of rounding lose less


class HiddenSentences(NamedTuple):
    """Hidden sentences, and the stand-in that translates them."""

    pairs: list[Pair]
    model: dict[str, Any]
    inputs: dict[str, torch.Tensor]  # source, source_lengths


@cache
def trained() -> tuple[Translator, Vocabulary, Vocabulary]:
    """The judge's translator and its vocabularies."""
    words = json.loads(WORDS.read_text(encoding="utf-8"))
    source_words, target_words = Vocabulary(words["source"]), Vocabulary(words["target"])
    model = Translator(len(source_words), len(target_words))
    model.load_state_dict(load_file(WEIGHTS))
    return model.eval(), source_words, target_words


def endings(pairs: list[Pair]) -> list[bool]:
    """Whether the translator's greedy translation of each source ends within `MAX_LENGTH`.

    So none is cut: what becomes of one that is, is another check's business.
    """
    model, source_words, target_words = trained()
    batch = make_batch(pairs, source_words, target_words, reverse_source=True)
    previous = torch.full((len(pairs),), target_words.bos_id)  # (batch,)
    ended = torch.zeros(len(pairs), dtype=torch.bool)  # (batch,)
    with torch.no_grad():
        state = model.encode(batch.source, batch.source_lengths)  # (layers, batch, 2 * hidden)
        for _ in range(MAX_LENGTH):
            outputs, state = model.writer(model.target_embedding(previous)[:, None], state)
            previous = model.output(outputs[:, 0]).argmax(1)
            ended |= previous == target_words.eos_id
    return ended.tolist()


@cache
def hidden_sentences(salt: str, count: int = SENTENCES) -> HiddenSentences:
    """Hidden sentences of this offering, with the encoder's states already reckoned."""
    model, source_words, target_words = trained()
    drawn = hidden_pairs(f"{salt}:quality", 12 * count)  # of which about half are short enough
    short = [pair for pair in drawn if len(pair.target.split()) <= SHORT]
    pairs = [pair for pair, ends in zip(short, endings(short), strict=True) if ends][:count]
    batch = make_batch(pairs, source_words, target_words, reverse_source=True)
    with torch.no_grad():
        start = model.encode(batch.source, batch.source_lengths)  # (layers, batch, 2 * hidden)
    h, c = (part.contiguous() for part in start.chunk(2, dim=2))
    writer = model.writer
    weights = {
        "embedding": model.target_embedding.weight,
        "output": model.output.weight,
        "bias": model.output.bias,
    }
    for layer in range(LAYERS):
        weights[f"input_weight_{layer}"] = getattr(writer, f"weight_ih_l{layer}")
        weights[f"hidden_weight_{layer}"] = getattr(writer, f"weight_hh_l{layer}")
        weights[f"input_bias_{layer}"] = getattr(writer, f"bias_ih_l{layer}")
        weights[f"hidden_bias_{layer}"] = getattr(writer, f"bias_hh_l{layer}")
    sources = [
        row[:length]
        for row, length in zip(batch.source.tolist(), batch.source_lengths.tolist(), strict=True)
    ]
    spec = {
        "kind": "recurrent",
        "pad_id": target_words.pad_id,
        "bos_id": target_words.bos_id,
        "eos_id": target_words.eos_id,
        "sources": sources,
        "weights": {name: weight.detach().clone() for name, weight in weights.items()},
        "h": h,
        "c": c,
    }
    inputs = {"source": batch.source, "source_lengths": batch.source_lengths}
    return HiddenSentences(pairs, spec, inputs)


@cache
def hidden_scorer(salt: str) -> Scorer:
    """What the stand-in says of the hidden sentences of this offering."""
    return Scorer(hidden_sentences(salt).model)


def complete(case: HiddenSentences, rows: Sequence[Tokens]) -> bool:
    """Whether every translation ends with its first EOS, or has the length at which it is cut.

    A search that stops halfway would else gain by it: fewer tokens are more probable.
    """
    eos_id = case.model["eos_id"]
    return all(
        eos_id not in row[:-1] and (row[-1:] == (eos_id,) or len(row) == MAX_LENGTH) for row in rows
    )


def log_probs(case: HiddenSentences, rows: Sequence[Tokens]) -> list[float]:
    """The log-probability of one translation for each sentence, in float64.

    An id outside the vocabulary makes a translation impossible: -inf.
    """
    model = StandIn(**case.model).eval()
    size = len(case.model["weights"]["bias"])
    longest = max(map(len, rows), default=0)
    totals = torch.zeros(len(rows), dtype=torch.float64)  # (batch,)
    previous = torch.full((len(rows),), model.bos_id)  # (batch,)
    with torch.no_grad():
        _, state = model.encoder(**case.inputs)
        for step in range(longest):
            logits, state = model.decoder(previous, state)
            there = torch.tensor([step < len(row) for row in rows])  # (batch,)
            ids = torch.tensor([row[step] if step < len(row) else 0 for row in rows])  # (batch,)
            known = (ids >= 0) & (ids < size)
            previous = ids.where(known, 0)
            steps = logits.double().log_softmax(1).gather(1, previous[:, None])[:, 0]
            totals += torch.where(there, steps.where(known, -torch.inf), 0.0)
    return totals.tolist()


def regret(
    case: HiddenSentences,
    got: Sequence[Tokens],
    best: Sequence[Tokens],
    length_penalty: float = 0.0,
) -> float:
    """The mean score by which `got` falls behind `best`, where it does."""
    if list(got) == list(best):
        return 0.0
    losses = []
    for one, other, log_prob, best_log_prob in zip(
        got, best, log_probs(case, got), log_probs(case, best), strict=True
    ):
        ours = log_prob / ((5 + len(one)) / 6) ** length_penalty
        theirs = best_log_prob / ((5 + len(other)) / 6) ** length_penalty
        losses.append(max(0.0, theirs - ours))
    return sum(losses) / len(losses)


def bleu(case: HiddenSentences, rows: Sequence[Tokens]) -> float:
    """The corpus BLEU of one translation for each sentence; no mark depends on it."""
    _, _, target_words = trained()
    known = [[token for token in row if 0 <= token < len(target_words)] for row in rows]
    said = [target_words.decode(row) for row in known]
    return float(sacrebleu.corpus_bleu(said, [[pair.target for pair in case.pairs]]).score)
