"""Beam search as the contract words it, in plain Python, and its known mistakes."""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass

from checks.seq2seq.shared.answers import Hypothesis

from ..shared.scorer import Scorer, Tokens


@dataclass(frozen=True)
class Rule:
    """The published rule; with a field changed, what a known mistake makes of it."""

    finished: str = "refilled"  # or "kept", "shrinking", "doubled"
    stop: str = "empty"  # or "first", "best", "enough", "beaten"
    truncated: str = "compete"  # or "dropped", "last resort", "room", "one", "closed"
    width: str = "asked"  # or "less" by one, "one"
    children: str = "all"  # or of each parent "one", of all "one a word"
    banned: str = "nothing"  # or "EOS at once"
    returned: str = "all"  # or "best"
    prune: str = "sum"  # or "score", "last"
    pool: str = "ranked"  # or cut to the width before that: "first come", "log_prob"


def search(
    scorer: Scorer, row: int, width: int, max_length: int, penalty: float, rule: Rule | None = None
) -> tuple[list[Hypothesis], float]:
    """Beam search of one row, best first, and the smallest margin of any decision in it."""
    options = (row, width, max_length, penalty, rule or Rule())
    if options not in scorer.searches:
        scorer.searches[options] = _search(scorer, *options)
    return scorer.searches[options]


def _search(
    scorer: Scorer, row: int, width: int, max_length: int, penalty: float, rule: Rule
) -> tuple[list[Hypothesis], float]:
    live: list[tuple[Tokens, float]] = [((), 0.0)]
    pool: list[tuple[Tokens, float]] = []
    width = {"asked": width, "less": max(1, width - 1), "one": 1}[rule.width]
    room = width
    margin = math.inf
    for _ in range(max_length):
        kept, lead = best_candidates(scorer, row, live, pool, room, penalty, rule)
        margin = min(margin, lead)
        ended = [c for rank, c in enumerate(kept) if ends(c, scorer) and rank < room]
        pool = ended if rule.finished == "kept" else pool + ended
        live = [candidate for candidate in kept if not ends(candidate, scorer)][:room]
        if rule.finished == "shrinking":
            room = width - len(pool)
            live = live if room > 0 else []
        if not live or not room or stops(rule, kept, live, pool, width, scorer):
            break
    pool = pool + leftovers(scorer, row, live, pool, width, rule)
    if rule.pool == "log_prob":
        pool.sort(key=lambda candidate: -candidate[1])
    if rule.pool != "ranked":
        pool = pool[:width]
    ranked = [Hypothesis(t, p, score(t, p, penalty)) for t, p in pool]
    ranked.sort(key=lambda one: -one.score)
    gaps = [a.score - b.score for a, b in itertools.pairwise(ranked[: width + 1])]
    return ranked[: 1 if rule.returned == "best" else width], min([margin, *gaps])


def best_candidates(
    scorer: Scorer,
    row: int,
    live: list[tuple[Tokens, float]],
    pool: list[tuple[Tokens, float]],
    room: int,
    penalty: float,
    rule: Rule,
) -> tuple[list[tuple[Tokens, float]], float]:
    """The extensions that survive a step, best first, and the last one's lead over the next."""
    candidates = list(pool) if rule.finished == "kept" else []
    places = 2 * room if rule.finished == "doubled" else room
    prefixes = [tokens for tokens, _ in live]
    for (tokens, total), values in zip(live, scorer.log_probs(row, prefixes), strict=True):
        allowed = list(range(len(values)))
        if rule.banned == "EOS at once" and not tokens:
            allowed.remove(scorer.eos_id)
        # no more of one parent's children than are kept, and the next best, can matter
        most = 1 if rule.children == "one" and len(live) > 1 else places + 1
        for token in heapq.nlargest(most, allowed, key=values.__getitem__):
            if values[token] > -math.inf:
                sum_so_far = values[token] if rule.prune == "last" else total + values[token]
                candidates.append(((*tokens, token), sum_so_far))

    def worth(candidate: tuple[Tokens, float]) -> float:
        tokens, total = candidate
        return score(tokens, total, penalty) if rule.prune == "score" else total

    candidates.sort(key=lambda candidate: -worth(candidate))
    kept, left = candidates[:places], candidates[places:]
    lead = worth(kept[-1]) - worth(left[0]) if left else math.inf
    if rule.children == "one a word":
        best: dict[Tokens, tuple[Tokens, float]] = {}
        for tokens, total in kept:
            best.setdefault(tokens if tokens[-1] == scorer.eos_id else tokens[-1:], (tokens, total))
        kept = list(best.values())
    return kept, lead


def ends(candidate: tuple[Tokens, float], scorer: Scorer) -> bool:
    """Whether a candidate is finished."""
    return candidate[0][-1] == scorer.eos_id


def stops(
    rule: Rule,
    kept: list[tuple[Tokens, float]],
    live: list[tuple[Tokens, float]],
    pool: list[tuple[Tokens, float]],
    width: int,
    scorer: Scorer,
) -> bool:
    """Whether a rule ends the search early, after this step."""
    enough = len(pool) >= width
    return {
        "empty": False,
        "first": bool(pool),
        "best": ends(kept[0], scorer),
        "enough": enough,
        "beaten": enough and max(total for _, total in live) < min(total for _, total in pool),
    }[rule.stop]


def leftovers(
    scorer: Scorer,
    row: int,
    live: list[tuple[Tokens, float]],
    pool: list[tuple[Tokens, float]],
    width: int,
    rule: Rule,
) -> list[tuple[Tokens, float]]:
    """What a rule makes of the hypotheses without EOS at the end."""
    if rule.truncated == "closed":
        values = scorer.log_probs(row, [tokens for tokens, _ in live])
        return [
            ((*tokens, scorer.eos_id), total + value[scorer.eos_id])
            for (tokens, total), value in zip(live, values, strict=True)
        ]
    if rule.truncated == "one":
        return live[:1]
    if rule.truncated == "room":
        return live[: max(0, width - len(pool))]
    dropped = rule.truncated == "dropped" or (rule.truncated == "last resort" and pool)
    return [] if dropped else live


def score(tokens: Tokens, log_prob: float, penalty: float) -> float:
    """log_prob / ((5 + length) / 6) ** penalty (Wu et al. 2016, equation 14)."""
    return log_prob / ((5 + len(tokens)) / 6) ** penalty


def everything(scorer: Scorer, row: int, max_length: int, penalty: float) -> list[Hypothesis]:
    """Every hypothesis there is without PAD and BOS, best first."""
    hypotheses: list[Hypothesis] = []
    live: list[Tokens] = [()]
    for step in range(max_length):
        longer: list[Tokens] = []
        for tokens, values in zip(live, scorer.log_probs(row, live), strict=True):
            for token, value in enumerate(values):
                if token not in scorer.specials and value > -math.inf:
                    longer.append((*tokens, token))
        done = [t for t in longer if t[-1] == scorer.eos_id or step == max_length - 1]
        for tokens in done:
            log_prob = sum(scorer.steps(row, tokens))
            hypotheses.append(Hypothesis(tokens, log_prob, score(tokens, log_prob, penalty)))
        live = [tokens for tokens in longer if tokens[-1] != scorer.eos_id]
    return sorted(hypotheses, key=lambda one: -one.score)
