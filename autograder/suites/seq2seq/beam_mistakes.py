"""Names what is wrong with the hypotheses of a beam search."""

from __future__ import annotations

import math
from itertools import pairwise

from autograder.checks.expect import expect
from autograder.suites.seq2seq.beam_cases import TOLERANCE, Case, near, tokens_of
from autograder.suites.seq2seq.checks.answers import Found
from autograder.suites.seq2seq.search_oracles import Rule, Scorer, greedy, score

Answer = tuple[Case, list[list[Found]]]  # what was asked and what a student's search found

RULES: dict[Rule, tuple[str, str]] = {
    Rule(stop="first"): (
        "the search stops when the first hypothesis ends",
        "go on while any live hypothesis is left: a later one may still be better",
    ),
    Rule(stop="best"): (
        "the search stops when the best candidate of a step ends",
        "go on while any live hypothesis is left: a later one may still be better",
    ),
    Rule(stop="enough"): (
        "the search stops as soon as beam_width hypotheses have ended",
        "a live hypothesis may still beat one of them: stop early only where that is impossible",
    ),
    Rule(truncated="dropped"): (
        "truncated hypotheses are thrown away",
        "what is still live after max_length tokens joins the pool and competes by its score",
    ),
    Rule(truncated="last resort"): (
        "truncated hypotheses count only when none has ended",
        "what is still live after max_length tokens joins the pool and competes by its score",
    ),
    Rule(truncated="room"): (
        "truncated hypotheses only fill the places that finished ones leave over",
        "what is still live after max_length tokens joins the pool, all of it, and competes by "
        "its score",
    ),
    Rule(truncated="closed"): (
        "truncated hypotheses are closed with an EOS of your own",
        "what is still live after max_length tokens joins the pool as it is",
    ),
    Rule(finished="kept"): (
        "finished hypotheses keep their place in the beam (the beam should be refilled)",
        "a candidate with EOS leaves the beam; the next step keeps beam_width candidates again",
    ),
    Rule(finished="kept", stop="best"): (
        "finished hypotheses keep their place in the beam (the beam should be refilled), and the "
        "search stops when the best one has ended",
        "a candidate with EOS leaves the beam; go on while any live hypothesis is left",
    ),
    Rule(finished="kept", prune="score"): (
        "finished hypotheses keep their place in the beam (the beam should be refilled), and the "
        "beam is pruned by score",
        "a candidate with EOS leaves the beam; prune by total log-probability",
    ),
    Rule(finished="shrinking"): (
        "the beam becomes narrower with every hypothesis that ends (it should be refilled)",
        "each step keeps beam_width candidates, however many hypotheses have ended",
    ),
    Rule(finished="doubled"): (
        "candidates that end take no place among the beam_width best of their step",
        "first keep the beam_width best of all candidates, then move those with EOS to the pool",
    ),
    Rule(finished="doubled", stop="enough"): (
        "candidates that end take no place among the beam_width best of their step",
        "first keep the beam_width best of all candidates, then move those with EOS to the pool",
    ),
    Rule(stop="beaten"): (
        "the search stops while a live hypothesis could still win by its score",
        "with length_penalty > 0 a longer hypothesis gains: that its log-probability is behind "
        "does not settle it; go on while any live hypothesis is left",
    ),
    Rule(pool="log_prob"): (
        "the pool is cut to the beam_width best by log_prob, and ranked by score only after that",
        "the length penalty may bring a less probable hypothesis to the front: sort the whole "
        "pool by score, then cut it",
    ),
    Rule(pool="first come"): (
        "the pool is cut to beam_width hypotheses before it is sorted by score",
        "sort the whole pool by score, best first, then take the first beam_width",
    ),
    Rule(prune="last"): (
        "log-probabilities are not accumulated: candidates are compared by their last token alone",
        "add each token's log-probability to its parent's total",
    ),
}

# the mistakes that a check looks for, and that its model is drawn to show
FINISHED = tuple(rule for rule in RULES if rule.finished != "refilled")
CUT = (*(rule for rule in RULES if rule.truncated != "compete"), Rule(pool="first come"))
STOPS = (Rule(stop="first"), Rule(stop="best"), Rule(stop="enough"))

FORMULAS: list[tuple[Rule, str]] = [
    (Rule(length_shift=1), "score counts BOS: the length is that of `tokens`, EOS included"),
    (Rule(length_shift=-1), "the length is off by one: EOS counts"),
    (Rule(length_shift=-5), "the formula is ((5 + length) / 6) ** length_penalty"),
    (Rule(formula="power"), "this is length ** length_penalty; use ((5 + length) / 6)"),
    (Rule(formula="multiplied"), "log_prob is divided by the length penalty, not multiplied"),
    (Rule(formula="absent"), "the length penalty is not applied to the score"),
    (Rule(formula="mean"), "this divides by the length whatever length_penalty says"),
    (Rule(formula="linear"), "length_penalty is an exponent, not a factor"),
]


def expect_well_formed(rows: list[list[Found]], scorer: Scorer, max_length: int) -> None:
    """Every hypothesis could be one, none stands twice, and the best comes first."""
    for row in rows:
        for found in row:
            expect(
                1 <= len(found.tokens) <= max_length,
                "a hypothesis is empty or longer than max_length",
                "take max_length steps, each of which adds one token; BOS does not count",
            )
            expect(
                scorer.eos_id not in found.tokens[:-1],
                "a hypothesis goes on after its EOS",
                "a candidate that ends in EOS joins the pool and is not extended any more",
            )
            expect(
                not scorer.specials & set(found.tokens),
                "a hypothesis holds BOS or PAD, which the model practically never chooses",
                "BOS is only the decoder's first input, and tokens are not padded",
            )
            expect_known(found, scorer)
        expect(
            len({found.tokens for found in row}) == len(row),
            "the same hypothesis is returned more than once",
            "start from one empty hypothesis a sentence, not from beam_width equal ones",
        )
        expect(
            all(a.score >= b.score - TOLERANCE for a, b in pairwise(row)),
            "the hypotheses are not sorted by their score, best first",
            "sort the pool by score in descending order before you cut it",
        )


def expect_known(found: Found, scorer: Scorer) -> None:
    """There are tokens, and all are words of the vocabulary."""
    expect(
        bool(found.tokens),
        "a hypothesis has no tokens",
        "a step adds one token to each hypothesis, and EOS is one",
    )
    expect(
        set(found.tokens) <= set(range(scorer.vocab_size)),
        "a hypothesis holds an id that is not in the vocabulary",
        "with a flat index over (live, vocabulary), the token is index % vocab_size",
    )


def expect_own_log_probs(rows: list[list[Found]], scorer: Scorer, help: str) -> None:
    """Every log_prob is what the model gives for these tokens."""
    for number, row in enumerate(rows):
        for found in row:
            expect_known(found, scorer)
            steps = scorer.steps(number, found.tokens)
            total, last = sum(steps), steps[-1]
            if near(found.log_prob, total):
                continue
            longer = len(steps) > 1
            mistakes = {
                "log-probabilities are not accumulated": longer and near(found.log_prob, last),
                "log_prob is positive: its sign is turned round": near(found.log_prob, -total),
                "log_prob is a probability, not its logarithm": near(
                    found.log_prob, math.exp(total)
                ),
                "log_prob is divided by the length": longer
                and near(found.log_prob, total / len(steps)),
                "the last token's log-probability is missing from log_prob": near(
                    found.log_prob, total - last
                ),
                "log_prob is not a sum of log-probabilities: logits are added up": near(
                    found.log_prob, scorer.sum_of_logits(number, found.tokens)
                ),
            }
            for rationale, seen in mistakes.items():
                expect(not seen, rationale, "add up log_softmax(logits) of every token, EOS too")
            expect(
                False,
                "log_prob is not the log-probability that the model gives these tokens",
                help,
            )


def expect_own_scores(rows: list[list[Found]], penalty: float, eos_id: int) -> None:
    """Every score is the formula's value for this hypothesis's own log_prob and tokens."""
    every = [found for row in rows for found in row]
    wrong = [f for f in every if not near(f.score, score(f.tokens, f.log_prob, penalty))]
    if not wrong:
        return
    ended = sum(found.tokens[-1:] == (eos_id,) for found in every)
    expect(
        not ended or any(found.tokens[-1:] == (eos_id,) for found in wrong),
        "the scores of finished hypotheses are right, those of truncated ones are not",
        "a truncated hypothesis is scored like any other, by the tokens it has: no EOS is added, "
        "and none counts",
    )
    for rule, help in FORMULAS:
        seen = all(near(f.score, score(f.tokens, f.log_prob, penalty, rule)) for f in every)
        expect(not seen, "score is not log_prob / ((5 + length) / 6) ** length_penalty", help)
    expect(
        False,
        "score is not log_prob / ((5 + length) / 6) ** length_penalty",
        "length is the number of returned tokens: EOS counts, BOS does not",
    )


def expect_rule(answers: list[Answer], likely: tuple[Rule, ...] = ()) -> None:
    """The hypotheses are those of the published rule; if not, name the mistake behind them.

    A mistake is named only if it explains all answers; those in `likely` are tried first.
    """
    said = [[tokens_of(row) for row in rows] for _, rows in answers]
    right = [case.by() for case, _ in answers]
    if said == right:
        return
    for rule in [*likely, *RULES]:
        rationale, help = RULES[rule]
        expect(said != [case.by(rule) for case, _ in answers], rationale, help)
    expect_steps(answers)
    best = [
        [greedy(case.scorer, row, case.max_length)[0] for row in range(len(rows))]
        for case, rows in answers
    ]
    firsts = [[row[0] for row in rows] for rows in said]
    expect(
        firsts != best or firsts == [[row[0] for row in rows] for rows in right],
        "your best hypothesis equals the greedy translation in every sentence, also where the "
        "beam should find a better one",
        "keep the beam_width best candidates of all live hypotheses together at each step",
    )
    expect(
        [[sorted(row) for row in rows] for rows in said]
        != [[sorted(row) for row in rows] for rows in right],
        "the right hypotheses in the wrong order",
        "sort the pool by score, best first",
    )
    expect(
        False,
        "the hypotheses are not those of the rule",
        "each step: extend every live hypothesis by every token, keep the beam_width best by "
        "total log-probability, move those with EOS to the pool; at the end add what is live",
    )


def expect_steps(answers: list[Answer]) -> None:
    """What has no EOS has been searched to the end."""
    unfinished = [
        len(found.tokens) == case.max_length
        for case, rows in answers
        for row in rows
        for found in row
        if found.tokens[-1:] != (case.scorer.eos_id,)
    ]
    expect(
        all(unfinished),
        "a hypothesis without EOS is shorter than max_length: its search stopped while it was live",
        "take max_length steps, whatever the length of the source, and stop before only when "
        "nothing is live",
    )
