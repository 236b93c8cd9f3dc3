"""Says in words what is wrong with the hypotheses found on the trees of `trees.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from checks.expect import Wrong, expect

from ..probed import Probed
from ..shared.answers import Hypothesis
from ..shared.trees import WORDS, Row
from .trees import GARDEN_PATH, Rows, near, search, spell, steps_along, sum_of_logits

PAD_ID, BOS_ID, EOS_ID = (WORDS.index(name) for name in ("<pad>", "<bos>", "<eos>"))
ROUGHLY = 0.02  # what rounding a token's log-probability to half precision makes wrong, at most

ADD = "add each token's log-probability to its parent's total"
CONSTANT = "take log_softmax(logits): it needs no constant, and -inf is the logarithm of 0"
NOT_CALLED = ("the decoder was not called", "each token is chosen by what model.decoder returns")
ASTRAY = ("mixed", "elsewhere")  # where a state that no one gave away comes from

GARDEN_PATH_MISTAKES = {  # what is spelled, with two places and four steps -> (what it is, help)
    "b": ("the EOS is missing", "EOS is the last token of a finished hypothesis"),
    "b <eos>": (
        "only the best hypothesis is returned",
        "return the beam_width best of the pool, best first",
    ),
    "b <eos> | a <eos>": (
        "a candidate with EOS was kept that is not among the beam_width best of its step",
        "first keep the beam_width best of all candidates, then move those with EOS to the pool",
    ),
    "b <eos> | a a": (
        "the search stops too early; it goes on while any live hypothesis is left",
        "a later hypothesis may still be better",
    ),
}

STOP = "the search stops too early; it goes on while any live hypothesis is left"
REFILL = (
    "a hypothesis that has ended takes a place of the beam; the beam should be refilled",
    "at each step take beam_width candidates from the live hypotheses alone, however many have "
    "ended",
)
ONE_STEP_FEWER = (STOP, "take max_length steps: BOS does not count as one")
REFILL_MISTAKES = {
    "<eos> | a a a": REFILL,
    "<eos> | b b a": (
        "the EOS candidate took no place among the beam_width best of its step",
        "first keep the beam_width best candidates, then take those that end in EOS out",
    ),
    "<eos> | a": (STOP, "a later hypothesis may still be better"),
    "<eos> | a a": ONE_STEP_FEWER,
    "<eos> | a b a <eos>": (
        "a truncated hypothesis got an EOS",
        "it joins the pool as it is",
    ),
}

GO_ON_MISTAKES = {
    "<eos> | a": (STOP, "that the first or the best has ended is no reason"),
    "<eos> | a a": (STOP, "that beam_width hypotheses have ended is no reason"),
}
CUT_EARLY = (
    "the pool is cut to beam_width hypotheses before it is sorted by score",
    "sort the whole pool by score, best first, then take the first beam_width",
)
THROWN_AWAY = (
    "truncated hypotheses are thrown away",
    "what is still live after max_length tokens joins the pool and competes by its score",
)


def go_on_mistake(spelled: str, calls: int) -> tuple[str, str]:
    """What was found on GO_ON, by so many calls of the decoder, and the help line."""
    if spelled == "<eos> | a <eos>":
        return CUT_EARLY if calls > 2 else GO_ON_MISTAKES["<eos> | a a"]
    return GO_ON_MISTAKES.get(spelled, ("", ""))


def expect_tokens(row: list[Hypothesis], tree: dict[str, Row], max_length: int) -> None:
    """The tokens of each hypothesis are some that a search could return."""
    rest = [hypothesis._replace(tokens=hypothesis.tokens[1:]) for hypothesis in row]
    expect(
        not all(
            hypothesis.tokens[:1] == (BOS_ID,)
            and (near(hypothesis.log_prob, sum(steps_along(tree, later))) or not later.tokens)
            for hypothesis, later in zip(row, rest, strict=True)
        ),
        "a hypothesis's tokens contain BOS",
        "BOS is only the first input of the decoder, not part of a hypothesis",
    )
    expect(
        all(hypothesis.tokens for hypothesis in row),
        "a hypothesis has no tokens at all: the EOS is missing from one that ends at once",
        "EOS is the last token of a finished hypothesis",
    )
    expect_possible(row)
    expect(
        not any({PAD_ID, BOS_ID} & set(hypothesis.tokens) for hypothesis in row),
        "a hypothesis holds PAD or BOS, to which the tree gives practically no probability",
        "log_softmax runs over the vocabulary (dim=-1), a distribution for each live hypothesis; "
        "and tokens are not padded",
    )
    longer = [hypothesis.tokens for hypothesis in row if len(hypothesis.tokens) > max_length]
    expect(
        not longer or any(tokens[-1] != EOS_ID for tokens in longer),
        f"a hypothesis that was cut after max_length {max_length} tokens got an EOS",
        "a truncated hypothesis joins the pool as it is, without an EOS and with no other score",
    )
    expect(
        not longer,
        f"a hypothesis has more than max_length {max_length} tokens",
        "extend max_length times, each time by one token; BOS does not count",
    )
    expect_sorted(row)


def expect_possible(row: list[Hypothesis]) -> None:
    """No hypothesis goes on after EOS, and none stands twice."""
    expect(
        not any(EOS_ID in hypothesis.tokens[:-1] for hypothesis in row),
        "a hypothesis goes on after its EOS",
        "a candidate that ends in EOS (model.eos_id; 0 is an id like any other) leaves the beam: "
        "it joins the pool and is not extended any more; and a hypothesis's tokens follow those of "
        "its own parent",
    )
    different = len({hypothesis.tokens for hypothesis in row})
    expect(
        different == len(row) or different == len({(f.tokens, f.log_prob) for f in row}),
        "the same tokens are returned more than once, with different log_prob",
        "parent and token are mixed up: with a flat index over (live, vocabulary), the parent is "
        "index // vocab_size and the token is index % vocab_size; or hypotheses share one list: "
        "extend a copy, as tokens + [token] does",
    )
    expect(
        different == len(row),
        "the same hypothesis is returned more than once",
        "start from one empty hypothesis a sentence, not from beam_width equal ones, and keep "
        "nothing from an earlier sentence or call",
    )


STATE = (
    "a hypothesis goes on from the state of another",
    "the state is not re-ordered with the parents: after each step pick, for every survivor, the "
    "state column of its parent, in h and in c (dimension 1), and of its own sentence",
)


def expect_own_log_probs(rows: Rows, trees: list[dict[str, Row]], penalty: float = 0.0) -> None:
    """Every log_prob is what the tree gives for the tokens; with a penalty as without one."""
    for row, tree in zip(rows, trees, strict=True):
        for hypothesis in row:
            steps = steps_along(tree, hypothesis)
            if near(hypothesis.log_prob, sum(steps)):
                continue
            expect(
                not penalty,
                f"with length_penalty {penalty} a log_prob is no more the sum of log-probabilities",
                "the length penalty divides `score`; log_prob and the search stay as they are",
            )
            logits = sum_of_logits(tree, hypothesis)
            mistake, help = explain_log_prob(hypothesis.log_prob, steps, logits, rows.run, BOS_ID)
            raise Wrong(
                f'the tree gives "{spell([hypothesis])}" the log-probability {sum(steps):.4f}, '
                f"got {hypothesis.log_prob:.4f}: {mistake}",
                help,
            )


def expect_sorted(row: list[Hypothesis]) -> None:
    """The best score comes first."""
    expect(
        all(a.score >= b.score - 1e-4 for a, b in pairwise(row)),
        "the hypotheses are not in the order of their scores: the best score should come first",
        "sort the pool by score, descending, before you cut it to beam_width",
    )


def expect_own_scores(row: list[Hypothesis], penalty: float = 0.0) -> None:
    """Every score is the formula's value for the hypothesis's own log_prob and tokens."""
    for hypothesis in row:
        right = hypothesis.log_prob / ((5 + len(hypothesis.tokens)) / 6) ** penalty
        expect(
            near(hypothesis.score, right),
            f"with length_penalty {penalty} and log_prob {hypothesis.log_prob:.4f} a hypothesis "
            f"of {len(hypothesis.tokens)} tokens should score {right:.4f}, "
            f"got {hypothesis.score:.4f}",
            score_help(row, penalty, EOS_ID),
        )


def expect_sound(rows: Rows, tree: dict[str, Row]) -> None:
    """What is returned without a penalty is not the answer to another tree, score or order."""
    for row in rows:
        expect_possible(row)
    expect_own_log_probs(rows, [tree])
    for row in rows:
        expect_own_scores(row)
        expect_sorted(row)


def expect_none_impossible(rows: Rows, tree: dict[str, Row]) -> None:
    """No hypothesis has probability zero."""
    impossible = [f for row in rows for f in row if -math.inf in steps_along(tree, f)]
    expect(
        not impossible,
        f'"{spell(impossible[:1])}" is returned, which has probability zero',
        "candidates whose total log-probability is -inf are dropped; and no constant is added to "
        "a probability before its logarithm",
    )


def expect_garden_path(rows: Rows) -> None:
    """What is found on GARDEN_PATH, with two places and four steps, is what the rule gives."""
    expected = "b <eos> | a a <eos>"
    spelled = spell(rows[0])
    said = f'expected "{expected}", got "{spelled}"'
    expect_sound(rows, GARDEN_PATH)
    expect(
        not spelled.startswith("a a <eos>"),
        f"{said}: your best hypothesis is what greedy decoding gives",
        "extend every live hypothesis by every token and keep the beam_width best of all these "
        "candidates",
    )
    mistake, help = GARDEN_PATH_MISTAKES.get(spelled, ("", ""))
    expect(spelled == expected, f"{said}: {mistake}" if mistake else said, help)


def expect_ordinary(student: Probed) -> None:
    """A search in which nothing unusual is asked; a check of something unusual comes after."""
    expect_garden_path(search(student, [GARDEN_PATH], beam_width=2, max_length=4))


def explain_log_prob(
    given: float, steps: list[float], logits: float, run: dict[str, Any], bos_id: int
) -> tuple[str, str]:
    """What a wrong log_prob is, if one mistake makes it, and the help line; else what the run says.

    Args:
        given: the hypothesis's log_prob.
        steps: the log-probability of each of its tokens.
        logits: the sum of its tokens' logits.
        run: which the hypothesis is from.
    """
    if not run["inputs"]:
        return NOT_CALLED
    if given == 0.0:
        return "it is 0", "add up log_softmax(logits) of every token"
    total, length = sum(steps), len(steps)
    natural = "log_softmax is the natural logarithm; leave it as it is"
    rounded = "add up in float32 or better, and hand on nothing in half precision"
    mistakes = [
        ("it is the probability", "return its logarithm", math.exp(total)),
        ("its sign is turned round", "a log-probability is at most 0", -total),
        ("it is a logarithm to base 2", natural, total / math.log(2)),
        ("it is a logarithm to base 10", natural, total / math.log(10)),
        ("logits are added up", "add log_softmax(logits), over the vocabulary (dim=-1)", logits),
    ]
    if length > 1:
        last, missing = "the last token's alone", "the last token's log-probability is missing"
        probabilities = sum(map(math.exp, steps))
        mistakes += [
            (f"log-probabilities are not accumulated: it is {last}", ADD, steps[-1]),
            (missing, "the last token's own is part of the sum, EOS's too", total - steps[-1]),
            ("it is divided by the length", "only `score` is normalised", total / length),
            ("probabilities are added up", "add log_softmax(logits)", probabilities),
        ]
    for constant in (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5):
        value = sum(math.log(math.exp(step) + constant) for step in steps)
        mistakes.append(("a constant is added to the probabilities", CONSTANT, value))
    for mistake, help, value in mistakes:
        if near(given, value):
            return mistake, help
    if abs(given - total) < ROUGHLY * length:
        return "it is nearly right, as a rounded sum is", rounded
    return explain_states(run, bos_id) or STATE


def explain_states(run: dict[str, Any], bos_id: int) -> tuple[str, str] | None:
    """What is wrong with what the decoder was given, if a run shows it."""
    inputs, handed = run["inputs"], run["handed"]
    if not inputs or not handed:
        return NOT_CALLED
    if any(token != bos_id for token in inputs[0]):
        return (
            "the first input of the decoder is not BOS",
            "start every sentence from model.bos_id, whatever number that is",
        )
    if handed[0] in ASTRAY:
        return (
            "the decoder's first state is not one that the encoder returned",
            "start from (h, c) of model.encoder(source, source_lengths), all layers of both",
        )
    if len(handed) > 1 and set(handed) == {"encoder"}:
        return (
            "every step starts from the encoder's state: the decoder's state never advances",
            "hand the new h and the new c that the decoder returned to its next call",
        )
    if set(ASTRAY) & set(handed):
        return (
            "a hypothesis goes on from a state of which a part is another hypothesis's",
            "the whole state is re-ordered with the parents: h and c, every layer, by the same "
            "index (dimension 1)",
        )
    return None


SPECIALS_HELP = (
    "PAD and BOS are words like others here: choose among all ids, extend what ends in one of "
    "them, and leave none out of the tokens you return; EOS alone ends a hypothesis"
)


def explain_specials(
    rows: list[list[Hypothesis]],
    right: list[list[tuple[int, ...]]],
    max_length: int,
    model: dict[str, Any],
) -> tuple[str, str]:
    """What was made of PAD and BOS where the right hypotheses hold them, and the help line."""
    names = {model["pad_id"]: "PAD", model["bos_id"]: "BOS"}
    got = [[hypothesis.tokens for hypothesis in row] for row in rows]
    if got == [[tuple(t for t in tokens if t not in names) for tokens in row] for row in right]:
        return "PAD and BOS are left out of the tokens returned", SPECIALS_HELP
    for token, name in names.items():
        if any(t[-1:] == (token,) and len(t) < max_length for row in got for t in row):
            return f"a hypothesis ends at {name}", SPECIALS_HELP
    for token, name in names.items():
        if not any(token in tokens for row in got for tokens in row):
            return f"{name} is never chosen, where the model wants it", SPECIALS_HELP
    return "where the model wants PAD or BOS the hypotheses are not those of the rule", ""


def width_one_help(spelled: str, expected: str, max_length: int) -> str:
    """The likeliest reason for a wrong hypothesis with one place in the beam."""
    if spelled == f"{expected} <eos>":
        return "a hypothesis that is cut at max_length joins the pool as it is, without an EOS"
    words = expected.split()
    if len(words) == max_length and spelled.split() == words[:-1]:
        return "take max_length steps, each of which adds one token: BOS does not count as one"
    return "with one place in the beam the best candidate alone goes on, until it ends"


def few_help(spelled: list[str], expected: list[str]) -> str:
    """The likeliest reason for too few or too many hypotheses where all there are have room."""
    if set(spelled) == set(expected):
        return "sort the pool by score, best first"
    if set(spelled) - set(expected):
        return ""
    missing = set(expected) - set(spelled)
    cut = [words for words in spelled if not words.endswith("<eos>")]
    if len(cut) > 1 and missing and {w[-1] for w in missing} <= {w[-1] for w in cut}:
        return (
            "some hypotheses get lost on the way: two with the same last word are different ones, "
            "and each step keeps the best of all candidates"
        )
    if missing and not any(words.endswith("<eos>") for words in missing):
        return "what is live after max_length tokens joins the pool, all of it"
    return (
        "each live hypothesis is extended by every token, and the step keeps min(beam_width, "
        "number of these candidates), which may exceed the vocabulary"
    )


def score_help(row: list[Hypothesis], penalty: float, eos_id: int) -> str:
    """The likeliest reason for wrong scores: a mistake that explains the whole row."""

    def by(base: Callable[[int], float], exponent: float = penalty) -> list[float]:
        return [
            hypothesis.log_prob / base(len(hypothesis.tokens)) ** exponent for hypothesis in row
        ]

    before_eos = [len(f.tokens) - (f.tokens[-1:] == (eos_id,)) for f in row]
    mistakes: dict[str, list[float]] = {
        "this is log_prob: the length penalty is not applied; (5 + length) / 6 is a fraction, so "
        "divide by /, not by //": by(lambda length: 1.0),
        "score counts BOS: the length is that of `tokens`, EOS included": by(
            lambda length: (6 + length) / 6
        ),
        "the length is off by one: EOS counts": by(lambda length: (4 + length) / 6),
        "this divides by length ** length_penalty; use ((5 + length) / 6)": by(
            lambda length: length
        ),
        "this multiplies; log_prob is divided by the penalty": by(lambda length: 6 / (5 + length)),
        "length_penalty is an exponent, not a factor": by(
            lambda length: (5 + length) / 6 * penalty if penalty else 1.0, 1.0
        ),
        "this divides by the length, whatever length_penalty is": by(lambda length: length, 1.0),
        "the exponent stands over the whole of (5 + length) / 6, not over 6 alone": by(
            lambda length: (5 + length) / 6**penalty, 1.0
        ),
        "the exponent stands over the whole of (5 + length) / 6, not over 5 + length alone": by(
            lambda length: (5 + length) ** penalty / 6, 1.0
        ),
    }
    for help, values in mistakes.items():
        if all(
            near(hypothesis.score, value) for hypothesis, value in zip(row, values, strict=True)
        ):
            return help
    if all(
        near(hypothesis.score, hypothesis.log_prob / ((5 + length) / 6) ** penalty)
        for hypothesis, length in zip(row, before_eos, strict=True)
    ):
        return "the length is off by one where a hypothesis has ended: EOS counts"
    divisors = [
        hypothesis.log_prob / hypothesis.score if hypothesis.score else 0.0 for hypothesis in row
    ]
    bases = [min(max(d, 0.0), 1e9) ** (1 / penalty) if penalty else 0.0 for d in divisors]
    counted = [6 * base - 5 - len(f.tokens) for base, f in zip(bases, row, strict=True)]
    if penalty and (alike(divisors) or alike(counted)):
        return (
            "the length is that of `tokens`, each hypothesis's own: neither the number of steps "
            "nor max_length, and the source does not count"
        )
    return "" if penalty else "with length_penalty 0 score is log_prob"


def alike(values: list[float]) -> bool:
    """All equal but for rounding."""
    return all(near(value, values[0]) for value in values)
