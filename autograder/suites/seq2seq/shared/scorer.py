"""What a stand-in says of each prefix, in float64: greedy search, models without close calls."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.suites.memory import drawn_once
from checks.seq2seq.shared.standins import StandIn

MARGIN = 1e-3  # a case is used only if no decision in it hangs on less

DRAWS = 1000

Tokens = tuple[int, ...]


class Scorer:
    """Gives the log-probabilities of what follows a prefix, in float64, one row of a stand-in.

    States are kept by prefix, so none can be mixed up.
    """

    def __init__(self, model: dict[str, Any]) -> None:
        self.values = model
        self.model = StandIn(**{**model, "max_rows": None}).eval()
        self.eos_id: int = model["eos_id"]
        self.specials = {model["pad_id"], model["bos_id"]}
        table = model["logits"][0] if "logits" in model else model["weights"]["bias"]
        self.vocab_size = len(table)
        self.searches: dict[Any, Any] = {}  # what searches found before
        self._others: dict[int, Scorer] = {}
        self._log_probs: list[dict[Tokens, list[float]]] = []
        self._logits: list[dict[Tokens, list[float]]] = []
        self._starts: list[tuple[Tensor, Tensor]] = []
        self._states: list[dict[Tokens, tuple[Tensor, Tensor]]] = []  # after the prefix is read
        for source in model["sources"]:
            with torch.no_grad():
                _, state = self.model.encoder(torch.tensor([source]), torch.tensor([len(source)]))
            self._starts.append(state)
            self._states.append({})
            self._log_probs.append({})
            self._logits.append({})

    def __len__(self) -> int:
        return len(self._starts)

    def starting_from(self, token: int) -> Scorer:
        """The same for who starts from another token than BOS."""
        if token not in self._others:
            self._others[token] = Scorer({**self.values, "bos_id": token})
        return self._others[token]

    def start(self, row: int) -> tuple[Tensor, Tensor]:
        """The encoder's state of a row, (h, c), each (L, 1, H)."""
        return self._starts[row]

    def log_probs(self, row: int, prefixes: list[Tokens]) -> list[list[float]]:
        """For each prefix the log-probability of every token."""
        known, states = self._log_probs[row], self._states[row]
        missing = [prefix for prefix in prefixes if prefix not in known]
        if missing:
            for prefix in missing:
                if prefix and prefix[:-1] not in known:
                    self.log_probs(row, [prefix[:-1]])
            previous = torch.tensor([p[-1] if p else self.model.bos_id for p in missing])
            before = [states[prefix[:-1]] if prefix else self.start(row) for prefix in missing]
            h = torch.cat([state[0] for state in before], 1)  # (layers, missing, hidden)
            c = torch.cat([state[1] for state in before], 1)  # (layers, missing, hidden)
            with torch.no_grad():
                logits, (h, c) = self.model.decoder(previous, (h, c))
            rows, raw = logits.double().log_softmax(1).tolist(), logits.tolist()
            for i, prefix in enumerate(missing):
                known[prefix] = rows[i]
                self._logits[row][prefix] = raw[i]
                states[prefix] = h[:, i : i + 1], c[:, i : i + 1]
        return [known[prefix] for prefix in prefixes]

    def steps(self, row: int, tokens: Tokens) -> list[float]:
        """The log-probability of each of these tokens after those before it.

        -inf for all of them where one is no word of the vocabulary.
        """
        if not self._knows(tokens):
            return [-math.inf] * len(tokens)
        return [self.log_probs(row, [tokens[:i]])[0][token] for i, token in enumerate(tokens)]

    def _knows(self, tokens: Tokens) -> bool:
        return set(tokens) <= set(range(self.vocab_size))

    def logits(self, row: int, prefixes: list[Tokens]) -> list[list[float]]:
        """For each prefix the logit of every token."""
        self.log_probs(row, prefixes)
        return [self._logits[row][prefix] for prefix in prefixes]

    def sum_of_logits(self, row: int, tokens: Tokens) -> float:
        """What a search that forgets the softmax adds up; NaN where a token is no word."""
        if not self._knows(tokens):
            return math.nan
        return sum(self.logits(row, [tokens[:i]])[0][token] for i, token in enumerate(tokens))


def greedy(scorer: Scorer, row: int, max_length: int) -> tuple[Tokens, float]:
    """The greedy translation, and the smallest lead of a best token over the second best."""
    tokens: Tokens = ()
    margin = math.inf
    while len(tokens) < max_length and scorer.eos_id not in tokens:
        values = scorer.log_probs(row, [tokens])[0]
        best, second = sorted(values)[:-3:-1]
        margin = min(margin, best - second)
        tokens = (*tokens, values.index(best))
    return tokens, margin


def drawn(
    generator: torch.Generator,
    name: str,
    draw: Callable[[], dict[str, Any]],
    clear: Callable[[Scorer], bool],
) -> tuple[dict[str, Any], Scorer]:
    """Draw models until one makes a `clear` case; `name` says what is drawn, for the memory.

    Where one draw in ten makes a case, all DRAWS fail with a probability of 1e-45.
    """

    def clear_one() -> tuple[dict[str, Any], Scorer]:
        for _ in range(DRAWS):
            model = draw()
            scorer = Scorer(model)
            if clear(scorer):
                return model, scorer
        raise RuntimeError(f"{name}: no clear case in {DRAWS} draws; spread the logits wider")

    model, scorer = drawn_once(generator, name, clear_one)
    return dict(model), scorer
