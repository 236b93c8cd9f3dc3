"""Beam search as the contract words it, in plain Python, and its known mistakes."""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass

from checks.seq2seq.beam_search.mending import score_by
from checks.seq2seq.shared.answers import Hypothesis

from ..shared.scorer import Scorer, Tokens


@dataclass(frozen=True)
class Rule:
    """The published rule; with a field changed, what a known mistake makes of it."""

    finished: str = "refilled"  # or "kept", "shrinking", "doubled", "extended"
    stop: str = "empty"  # or "first", "best", "best of all", "enough", "beaten"
    truncated: str = "compete"  # or "dropped", "last resort", "room", "one", "closed"
    width: str = "asked"  # or "less" by one, "one", "all"
    children: str = "all"  # or of each parent "one", an equal "share", of all "one a word"
    banned: str = "nothing"  # or "EOS at once"
    returned: str = "all"  # or "best", or "fewer" where there are fewer places
    prune: str = "sum"  # or "score"
    pool: str = "ranked"  # or cut to the width before that: "first come", "log_prob", "worst"
    sums: str = "log_softmax"  # or "logits", "last", "probabilities"
    formula: str = ""  # of the score, or a name out of `FORMULAS`
    start: str = "one"  # or "equal": as many empty hypotheses as there are places
    steps: int = 0  # more than max_length
    ends: str = "EOS"  # what does: or "nothing", or the word of this number
    queue: str = ""  # or best-first search by "sum" or "mean"


def search(
    scorer: Scorer, row: int, width: int, max_length: int, penalty: float, rule: Rule | None = None
) -> tuple[list[Hypothesis], float]:
    """Beam search of one row, best first, and the smallest margin of any decision in it."""
    ranked, margin, most = searched(scorer, row, width, max_length, penalty, rule or Rule())
    return ranked[:most], margin


def pool(
    scorer: Scorer, row: int, width: int, max_length: int, penalty: float, rule: Rule
) -> list[Hypothesis]:
    """All that beam search of one row may choose from in the end, best first."""
    return searched(scorer, row, width, max_length, penalty, rule)[0]


def searched(
    scorer: Scorer, row: int, width: int, max_length: int, penalty: float, rule: Rule
) -> tuple[list[Hypothesis], float, int]:
    """The pool, best first, the smallest margin, and how many are returned at most."""
    options = (row, width, max_length, penalty, rule)
    if options not in scorer.searches:
        find = _best_first if rule.queue else _search
        scorer.searches[options] = find(scorer, *options)
    return scorer.searches[options]


Live = list[tuple[Tokens, float]]
NO_END = Hypothesis((-1,), math.nan, math.nan)  # in place of what would be found: nobody answers it


def far_too_many(width: int, max_length: int) -> int:
    """So many decoder rows for one sentence are many times what any search needs.

    At most width live hypotheses a step, each of them with all its tokens read again.
    """
    return 4 * width * max_length * (max_length + 1)


def live_words(scorer: Scorer, row: int, width: int, max_length: int) -> list[list[int]]:
    """The last words of what is live after each step that another follows."""
    live: Live = [((), 0.0)]
    words = []
    for _ in range(max_length - 1):
        kept, _ = best_candidates(scorer, row, live, [], width, 0.0, Rule())
        live = [candidate for candidate in kept if not ends(candidate, scorer, Rule())]
        if not live:
            break
        words.append([tokens[-1] for tokens, _ in live])
    return words


def _search(
    scorer: Scorer, row: int, width: int, max_length: int, penalty: float, rule: Rule
) -> tuple[list[Hypothesis], float, int]:
    live: Live = [((), 0.0)] * (width if rule.start == "equal" else 1)
    pool: Live = []
    room = {"asked": width, "less": max(1, width - 1), "one": 1, "all": 10**6}[rule.width]
    most, width = width, min(room, width)
    most = {"all": most, "best": 1, "fewer": width}[rule.returned]
    margin = math.inf
    rows = 0
    for step in range(max_length + rule.steps):
        rows += len(live)
        if rows > far_too_many(width, max_length):
            return [NO_END], margin, most  # so would the run be stopped
        kept, lead = best_candidates(scorer, row, live, pool, room, penalty, rule)
        margin = min(margin, lead)
        ended = [c for rank, c in enumerate(kept) if ends(c, scorer, rule) and rank < room]
        pool = ended if rule.finished == "kept" else pool + ended
        live = [c for c in kept if not ends(c, scorer, rule) or rule.finished == "extended"][:room]
        if rule.finished == "shrinking":
            room = width - len(pool)
            live = live if room > 0 else []
        if not live or not room or stops(rule, kept, live, pool, width, scorer):
            break
        if rule.finished == "extended" and step == max_length + rule.steps - 1:
            live = [c for c in live if not ends(c, scorer, rule)]
    pool = pool + [c for c in leftovers(scorer, row, live, pool, width, rule) if c[0]]
    if rule.pool == "log_prob":
        pool.sort(key=lambda candidate: -candidate[1])
    worth = {c: value(c, scorer, penalty, rule.formula) for c in pool}
    if rule.pool == "worst":
        pool.sort(key=lambda candidate: worth[candidate])
    if rule.pool != "ranked":
        pool = pool[:width]
    pool.sort(key=lambda candidate: -worth[candidate])
    gaps = [worth[a] - worth[b] for a, b in itertools.pairwise(pool[: most + 1])]
    ranked = [Hypothesis(t, p, worth[t, p]) for t, p in pool]
    return ranked, min([margin, *gaps]), most


def _best_first(
    scorer: Scorer, row: int, width: int, max_length: int, penalty: float, rule: Rule
) -> tuple[list[Hypothesis], float, int]:
    """The best of all hypotheses is extended next, whatever its length."""
    queue: list[tuple[float, Tokens, float]] = [(0.0, (), 0.0)]
    done: list[Hypothesis] = []
    for _ in range(20 * width * max_length):
        if not queue or len(done) == width:
            break
        _, tokens, total = heapq.heappop(queue)
        if tokens and (tokens[-1] == scorer.eos_id or len(tokens) == max_length):
            done.append(Hypothesis(tokens, total, score(tokens, total, penalty)))
            continue
        values = scorer.log_probs(row, [tokens])[0]
        for token in heapq.nlargest(width, range(len(values)), key=values.__getitem__):
            longer = total + values[token]
            worth = longer / (len(tokens) + 1) if rule.queue == "mean" else longer
            heapq.heappush(queue, (-worth, (*tokens, token), longer))
    return sorted(done, key=lambda one: -one.score), math.inf, width


def best_candidates(
    scorer: Scorer,
    row: int,
    live: Live,
    pool: Live,
    room: int,
    penalty: float,
    rule: Rule,
) -> tuple[Live, float]:
    """The extensions that survive a step, best first, and the last one's lead over the next."""
    candidates = list(pool) if rule.finished == "kept" else []
    places = 2 * room if rule.finished == "doubled" else room
    prefixes = [tokens for tokens, _ in live]
    every = scorer.log_probs(row, prefixes)
    added = scorer.logits(row, prefixes) if rule.sums == "logits" else every
    for (tokens, total), values, gains in zip(live, every, added, strict=True):
        allowed = list(range(len(values)))
        if rule.banned == "EOS at once" and not tokens:
            allowed.remove(scorer.eos_id)
        # no more of one parent's children than are kept, and the next best, can matter
        most = places + 1
        if rule.children == "one" and len(live) > 1:
            most = 1
        if rule.children == "share":
            most = -(-room // len(live))
        for token in heapq.nlargest(most, allowed, key=values.__getitem__):
            if values[token] > -math.inf:
                gain = math.exp(values[token]) if rule.sums == "probabilities" else gains[token]
                longer = gain if rule.sums == "last" else total + gain
                candidates.append(((*tokens, token), longer))

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


def ends(candidate: tuple[Tokens, float], scorer: Scorer, rule: Rule) -> bool:
    """Whether a candidate is finished."""
    last = candidate[0][-1]
    return last == scorer.eos_id if rule.ends == "EOS" else str(last) == rule.ends


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
        "best": ends(kept[0], scorer, rule),
        "best of all": bool(pool) and max(p for _, p in pool) > max(p for _, p in live),
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


def value(candidate: tuple[Tokens, float], scorer: Scorer, penalty: float, formula: str) -> float:
    """The score of a candidate."""
    tokens, total = candidate
    ended = tokens[-1] == scorer.eos_id
    return score_by(formula, total, len(tokens), ended, penalty)


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
