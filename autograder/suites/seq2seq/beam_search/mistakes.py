"""Names what is wrong with the hypotheses of a beam search."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from checks.expect import Wrong, expect
from checks.seq2seq.beam_search.explain import explain_log_prob, score_help
from checks.seq2seq.beam_search.trees import TOLERANCE, Rows, near
from checks.seq2seq.shared.answers import Hypothesis

from ..shared.scorer import Scorer
from .cases import SearchCase
from .oracle import Rule, score

Answer = tuple[SearchCase, Rows]  # what was asked and what a student's search found

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
    Rule(truncated="one"): (
        "only the best of the truncated hypotheses is kept",
        "what is still live after max_length tokens joins the pool, all of it",
    ),
    Rule(width="less"): (
        "fewer than beam_width candidates are kept at each step",
        "keep the beam_width best of all candidates, those that end among them",
    ),
    Rule(width="one"): (
        "only the best candidate of each step is kept, as in greedy decoding",
        "keep the beam_width best candidates of all live hypotheses together at each step",
    ),
    Rule(children="one"): (
        "only the best child of each live hypothesis is kept",
        "every live hypothesis is extended by every token; keep the beam_width best of all these",
    ),
    Rule(children="one a word"): (
        "of several live hypotheses that end in the same word only one is kept",
        "hypotheses with the same last word are different ones: keep the beam_width best of all",
    ),
    Rule(banned="EOS at once"): (
        "the translation that is EOS alone is missing; it is a hypothesis like any other",
        "EOS may come at any step, the first included",
    ),
    Rule(returned="best"): (
        "only the best hypothesis is returned",
        "return the beam_width best of the pool, best first",
    ),
    Rule(prune="last"): (
        "log-probabilities are not accumulated: candidates are compared by their last token alone",
        "add each token's log-probability to its parent's total",
    ),
}

# the mistakes that a check looks for, and that its model is drawn to show
FINISHED = tuple(rule for rule in RULES if rule.finished != "refilled")
CUT = (
    *(Rule(truncated=fate) for fate in ("dropped", "last resort", "room", "closed")),
    Rule(pool="first come"),
)
STOPS = (Rule(stop="first"), Rule(stop="best"), Rule(stop="enough"))


def expect_well_formed(rows: list[list[Hypothesis]], scorer: Scorer, max_length: int) -> None:
    """Every hypothesis could be one, none stands twice, and the best comes first."""
    for row in rows:
        for hypothesis in row:
            expect(
                1 <= len(hypothesis.tokens) <= max_length,
                "a hypothesis is empty or longer than max_length",
                "take max_length steps, each of which adds one token; BOS does not count",
            )
            expect(
                scorer.eos_id not in hypothesis.tokens[:-1],
                "a hypothesis goes on after its EOS",
                "a candidate that ends in EOS joins the pool and is not extended any more",
            )
            expect(
                not scorer.specials & set(hypothesis.tokens),
                "a hypothesis holds BOS or PAD, which the model practically never chooses",
                "BOS is only the decoder's first input, and tokens are not padded",
            )
            expect_known(hypothesis, scorer)
        expect(
            len({hypothesis.tokens for hypothesis in row}) == len(row),
            "the same hypothesis is returned more than once",
            "start from one empty hypothesis a sentence, not from beam_width equal ones",
        )
    expect_sorted([rows])


def expect_known(hypothesis: Hypothesis, scorer: Scorer) -> None:
    """There are tokens, and all are words of the vocabulary."""
    expect(
        bool(hypothesis.tokens),
        "a hypothesis has no tokens",
        "a step adds one token to each hypothesis, and EOS is one",
    )
    expect(
        set(hypothesis.tokens) <= set(range(scorer.vocab_size)),
        "a hypothesis holds an id that is not in the vocabulary",
        "with a flat index over (live, vocabulary), the token is index % vocab_size",
    )


def expect_own_log_probs(rows: Rows, scorer: Scorer, penalty: float = 0.0) -> None:
    """Every log_prob is what the model gives for these tokens.

    With a penalty it is taken to be right without one.
    """
    for number, row in enumerate(rows):
        for hypothesis in row:
            expect_known(hypothesis, scorer)
            steps = scorer.steps(number, hypothesis.tokens)
            if near(hypothesis.log_prob, sum(steps)):
                continue
            expect(
                not penalty,
                "with a length penalty a log_prob is no more the sum of log-probabilities",
                "the length penalty divides `score`; log_prob and the search stay as they are",
            )
            logits = scorer.sum_of_logits(number, hypothesis.tokens)
            mistake, help = explain_log_prob(
                hypothesis.log_prob, steps, logits, rows.run, scorer.model.bos_id
            )
            raise Wrong(
                f"log_prob is not the log-probability that the model gives these tokens: {mistake}",
                help,
            )


def expect_own_scores(rows: list[list[Hypothesis]], penalty: float, eos_id: int) -> None:
    """Every score is the formula's value for this hypothesis's own log_prob and tokens."""
    every = [hypothesis for row in rows for hypothesis in row]
    wrong = [f for f in every if not near(f.score, score(f.tokens, f.log_prob, penalty))]
    if not wrong:
        return
    ended = sum(hypothesis.tokens[-1:] == (eos_id,) for hypothesis in every)
    expect(
        not ended or any(hypothesis.tokens[-1:] == (eos_id,) for hypothesis in wrong),
        "the scores of finished hypotheses are right, those of truncated ones are not",
        "a truncated hypothesis is scored like any other, by the tokens it has: no EOS is added, "
        "and none counts",
    )
    raise Wrong(
        "score is not log_prob / ((5 + length) / 6) ** length_penalty",
        score_help(every, penalty, eos_id),
    )


def expect_sorted(answers: Iterable[list[list[Hypothesis]]]) -> None:
    """The best score comes first."""
    rows = [row for rows in answers for row in rows]
    expect(
        all(a.score >= b.score - TOLERANCE for row in rows for a, b in pairwise(row)),
        "the hypotheses are not sorted by their score, best first",
        "sort the pool by score, not by log_prob, in descending order before you cut it",
    )


def expect_steps(answers: list[Answer]) -> None:
    """What has no EOS has been searched to the end."""
    unfinished = [
        len(hypothesis.tokens) == case.max_length
        for case, rows in answers
        for row in rows
        for hypothesis in row
        if hypothesis.tokens[-1:] != (case.scorer.eos_id,)
    ]
    expect(
        all(unfinished),
        "a hypothesis without EOS is shorter than max_length: its search stopped while it was live",
        "take max_length steps, whatever the length of the source, and stop before only when "
        "nothing is live",
    )
