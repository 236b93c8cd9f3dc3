"""Names what is wrong with the hypotheses of a beam search, and what it costs."""

from __future__ import annotations

from typing import NamedTuple

from checks.expect import expect
from checks.seq2seq.beam_search.explain import (
    AFTER_EOS,
    BEST_ALONE,
    CUT_EARLY,
    EOS_ALONE,
    SAME_MORE_THAN_ONCE,
    expect_different,
    refuse,
)
from checks.seq2seq.beam_search.mending import Rows

from ..shared.scorer import Scorer
from .cases import OWN, SearchCase
from .oracle import Rule

Answer = tuple[SearchCase, Rows]  # what was asked and what a student's search found


class Mistake(NamedTuple):
    """A mistake that explains all answers: its words, the line it breaks, its price."""

    says: str
    help: str
    line: str
    share: float  # of the line


LATER = "go on while any live hypothesis is left: a later one may still be better"
JOINS = "what is still live after max_length tokens joins the pool and competes by its score"
REFILL = "a candidate with EOS leaves the beam; the next step keeps beam_width candidates again"
AFTER = (AFTER_EOS[0], AFTER_EOS[1], "ending")

RULES: dict[Rule, Mistake] = {
    Rule(stop="first"): Mistake(
        "the search stops when the first hypothesis ends", LATER, "ending", 1.0
    ),
    Rule(stop="best"): Mistake(
        "the search stops when the best candidate of a step ends", LATER, "ending", 0.9
    ),
    Rule(stop="best of all"): Mistake(
        "the search stops when the best hypothesis of all has ended", LATER, "ending", 0.75
    ),
    Rule(stop="enough"): Mistake(
        "the search stops as soon as beam_width hypotheses have ended",
        "a live hypothesis may still beat one of them: stop early only where that is impossible",
        "ending",
        0.75,
    ),
    Rule(truncated="dropped"): Mistake(
        "truncated hypotheses are thrown away", JOINS, "ending", 0.65
    ),
    Rule(truncated="last resort"): Mistake(
        "truncated hypotheses count only when none has ended", JOINS, "ending", 0.55
    ),
    Rule(truncated="room"): Mistake(
        "truncated hypotheses only fill the places that finished ones leave over",
        "what is still live after max_length tokens joins the pool, all of it, and competes by "
        "its score",
        "ending",
        0.4,
    ),
    Rule(truncated="closed"): Mistake(
        "truncated hypotheses are closed with an EOS of your own",
        "what is still live after max_length tokens joins the pool as it is",
        "ending",
        0.5,
    ),
    Rule(finished="kept"): Mistake(
        "finished hypotheses keep their place in the beam (the beam should be refilled)",
        REFILL,
        "ending",
        0.95,
    ),
    Rule(finished="kept", stop="best"): Mistake(
        "finished hypotheses keep their place in the beam (the beam should be refilled), and the "
        "search stops when the best one has ended",
        "a candidate with EOS leaves the beam; go on while any live hypothesis is left",
        "ending",
        1.0,
    ),
    Rule(finished="kept", prune="score"): Mistake(
        "finished hypotheses keep their place in the beam (the beam should be refilled), and the "
        "beam is pruned by score",
        "a candidate with EOS leaves the beam; prune by total log-probability",
        "ending",
        1.0,
    ),
    Rule(finished="shrinking"): Mistake(
        "the beam becomes narrower with every hypothesis that ends (it should be refilled)",
        "each step keeps beam_width candidates, however many hypotheses have ended",
        "ending",
        0.95,
    ),
    Rule(finished="doubled"): Mistake(
        "candidates that end take no place among the beam_width best of their step",
        "first keep the beam_width best of all candidates, then move those with EOS to the pool",
        "ending",
        0.65,
    ),
    Rule(finished="doubled", stop="enough"): Mistake(
        "candidates that end take no place among the beam_width best of their step",
        "first keep the beam_width best of all candidates, then move those with EOS to the pool",
        "ending",
        0.8,
    ),
    Rule(finished="extended"): Mistake(*AFTER, 1.0),
    Rule(ends="nothing"): Mistake(*AFTER, 1.0),
    **{Rule(ends=str(number)): Mistake(*AFTER, 0.4) for number in range(4)},
    Rule(stop="beaten"): Mistake(
        "the search stops while a live hypothesis could still win by its score",
        "with length_penalty > 0 a longer hypothesis gains: a smaller log-probability alone does "
        "not decide; go on while any live hypothesis is left",
        "ending",
        0.33,
    ),
    Rule(pool="log_prob"): Mistake(
        "the pool is cut to the beam_width best by log_prob, and ranked by score only after that",
        "the length penalty may bring a less probable hypothesis to the front: sort the whole "
        "pool by score, then cut it",
        "ranking",
        0.45,
    ),
    Rule(pool="first come"): Mistake(*CUT_EARLY[:3], 0.9),
    Rule(prune="score"): Mistake(
        "the beam is pruned by score",
        "the length penalty ranks the pool in the end; the beam is pruned by total log-probability",
        "ranking",
        0.6,
    ),
    Rule(truncated="one"): Mistake(
        "only the best of the truncated hypotheses is kept",
        "what is still live after max_length tokens joins the pool, all of it",
        "ending",
        0.5,
    ),
    Rule(steps=-1): Mistake(
        "the search takes a step fewer than max_length",
        "take max_length steps, each of which adds one token: BOS does not count as one",
        "ending",
        0.55,
    ),
    Rule(steps=1): Mistake(
        "the search takes more than max_length steps",
        "take max_length steps, each of which adds one token: BOS does not count as one",
        "ending",
        0.5,
    ),
    Rule(steps=OWN): Mistake(
        "a hypothesis without EOS is shorter than max_length: its search stopped while it was live",
        "take max_length steps, whatever the length of the source, and stop before only when "
        "nothing is live",
        "ending",
        0.55,
    ),
    Rule(width="less"): Mistake(
        "fewer than beam_width candidates are kept at each step",
        "keep the beam_width best of all candidates, those that end among them",
        "selection",
        0.85,
    ),
    Rule(width="less", returned="fewer"): Mistake(
        "fewer than beam_width candidates are kept at each step",
        "keep the beam_width best of all candidates, those that end among them",
        "selection",
        0.85,
    ),
    Rule(width="one"): Mistake(
        "only the best candidate of each step is kept, as in greedy decoding",
        "keep the beam_width best candidates of all live hypotheses together at each step",
        "selection",
        1.0,
    ),
    Rule(width="all"): Mistake(
        "all candidates are kept at each step",
        "keep the beam_width best of all candidates at each step",
        "selection",
        1.0,
    ),
    Rule(queue="sum"): Mistake(
        "the most probable hypothesis of any length is extended next, as in best-first search",
        "at each step extend every live hypothesis, and keep the beam_width best of all candidates",
        "selection",
        1.0,
    ),
    Rule(queue="mean"): Mistake(
        "the best hypothesis of any length is extended next, as in best-first search",
        "at each step extend every live hypothesis, and keep the beam_width best of all candidates",
        "selection",
        1.0,
    ),
    Rule(children="one"): Mistake(
        "only the best child of each live hypothesis is kept",
        "every live hypothesis is extended by every token; keep the beam_width best of all these",
        "selection",
        1.0,
    ),
    Rule(children="share"): Mistake(
        "each live hypothesis has a fixed share of the places",
        "every live hypothesis is extended by every token; keep the beam_width best by total "
        "log-probability, whatever their parents are",
        "selection",
        1.0,
    ),
    Rule(children="one a word"): Mistake(
        "of several live hypotheses that end in the same word only one is kept",
        "hypotheses with the same last word are different ones: keep the beam_width best of all",
        "selection",
        0.95,
    ),
    Rule(start="equal"): Mistake(*SAME_MORE_THAN_ONCE[:3], 1.0),
    Rule(banned="EOS at once"): Mistake(*EOS_ALONE[:3], 0.4),
    Rule(returned="best"): Mistake(*BEST_ALONE[:3], 0.75),
}

# the mistakes that a check looks for, and that its model is drawn to show
FINISHED = tuple(rule for rule in RULES if rule.finished in ("kept", "shrinking", "doubled"))
CUT = (
    *(Rule(truncated=fate) for fate in ("dropped", "last resort", "room", "closed")),
    Rule(pool="first come"),
)
STOPS = (Rule(stop="first"), Rule(stop="best"), Rule(stop="enough"))


def expect_well_formed(rows: Rows, scorer: Scorer, max_length: int) -> None:
    """Every hypothesis could be one, and none stands twice."""
    for row in rows:
        for hypothesis in row:
            expect(
                1 <= len(hypothesis.tokens) <= max_length,
                "a hypothesis is empty or longer than max_length",
                "take max_length steps, each of which adds one token; BOS does not count",
            )
            if scorer.eos_id in hypothesis.tokens[:-1]:
                refuse(AFTER_EOS)
            expect(
                not scorer.specials & set(hypothesis.tokens),
                "a hypothesis holds BOS or PAD, which the model practically never chooses",
                "BOS is only the decoder's first input, and tokens are not padded",
            )
            expect(
                set(hypothesis.tokens) <= set(range(scorer.vocab_size)),
                "a hypothesis holds an id that is not in the vocabulary",
                "with a flat index over (live, vocabulary), the token is index % vocab_size",
            )
        expect_different(row, rows.run)
