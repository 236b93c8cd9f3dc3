"""Says in words what is wrong with the hypotheses found on the trees of `trees.py`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from checks.closed import own
from checks.expect import Wrong, expect, mended
from checks.verdicts import StudentFault

from ..probed import Probed
from ..shared.answers import NONE_AT_ALL, Hypothesis
from ..shared.trees import WORDS, Row
from .mending import LOG_PROB, Rows
from .trees import GARDEN_PATH, search, spell, steps_along

PAD_ID, BOS_ID, EOS_ID = (WORDS.index(name) for name in ("<pad>", "<bos>", "<eos>"))

ASTRAY = ("mixed", "elsewhere")  # where a state that no one gave away comes from

# What a known mistake is, its help line, the line of the rubric that it breaks, and what it costs
# of that line; None: it says too little about what is wrong.
Known = tuple[str, str, str, float | None]

NOT_CALLED: Known = (
    "the decoder was not called",
    "add up log_softmax(logits) of every token: each is chosen by what model.decoder returns",
    "scores",
    None,
)
BEST_ALONE: Known = (
    "only the best hypothesis is returned",
    "return the beam_width best of the pool, best first",
    "ranking",
    0.75,
)
STOP = "the search stops too early; it goes on while any live hypothesis is left"
STOPS: Known = (STOP, "a later hypothesis may still be better", "ending", 0.75)
GREEDY: Known = (
    "your best hypothesis is what greedy decoding gives",
    "extend every live hypothesis by every token and keep the beam_width best of all these "
    "candidates",
    "selection",
    1.0,
)
GARDEN_PATH_MISTAKES: dict[str, Known] = {  # what is spelled, with two places and four steps
    "a a <eos>": GREEDY,
    "b <eos>": BEST_ALONE,
    "b <eos> | a <eos>": (
        "a candidate with EOS was kept that is not among the beam_width best of its step",
        "first keep the beam_width best of all candidates, then move those with EOS to the pool",
        "ending",
        0.65,
    ),
    "b <eos> | a a": STOPS,
    "a | b": STOPS,
}

REFILL: Known = (
    "a hypothesis that has ended takes a place of the beam; the beam should be refilled",
    "at each step take beam_width candidates from the live hypotheses alone, however many have "
    "ended",
    "ending",
    0.95,
)
ONE_STEP_FEWER: Known = (STOP, "take max_length steps: BOS does not count as one", "ending", 0.55)
REFILL_MISTAKES: dict[str, Known] = {
    "<eos> | a a a": REFILL,
    "<eos> | b b a": (
        "the EOS candidate took no place among the beam_width best of its step",
        "first keep the beam_width best candidates, then take those that end in EOS out",
        "ending",
        0.65,
    ),
    "<eos> | a": (STOP, "a later hypothesis may still be better", "ending", 0.9),
    "<eos> | a a": ONE_STEP_FEWER,
    "<eos> | a b a <eos>": (
        "a truncated hypothesis got an EOS",
        "it joins the pool as it is",
        "ending",
        0.5,
    ),
}

GO_ON_MISTAKES: dict[str, Known] = {
    "<eos> | a": (STOP, "that the first or the best has ended is no reason", "ending", 0.9),
    "<eos> | a a": (STOP, "that beam_width hypotheses have ended is no reason", "ending", 0.75),
}
CUT_EARLY: Known = (
    "the pool is cut to beam_width hypotheses before it is sorted by score",
    "sort the whole pool by score, best first, then take the first beam_width",
    "ranking",
    0.9,
)
THROWN_AWAY: Known = (
    "truncated hypotheses are thrown away",
    "what is still live after max_length tokens joins the pool and competes by its score: also "
    "where it is all there is, still unfinished after max_length tokens",
    "ending",
    0.65,
)
EMPTY: Known = ("beam_search returned no hypothesis at all for a sentence", NONE_AT_ALL, "", None)
EOS_ALONE: Known = (
    "the translation that is EOS alone is missing; it is a hypothesis like any other",
    "EOS may come at any step, the first included",
    "ending",
    0.4,
)
SAME_MORE_THAN_ONCE: Known = (
    "the same hypothesis is returned more than once",
    "start from one empty hypothesis for each sentence, not from beam_width equal ones, and keep "
    "nothing from an earlier sentence or call",
    "selection",
    1.0,
)
MIXED_UP: Known = (
    "the same tokens are returned more than once, with different log_prob",
    "parent and token are mixed up: with a flat index over (live, vocabulary), the parent is "
    "index // vocab_size and the token is index % vocab_size; or hypotheses share one list: "
    "extend a copy, as tokens + [token] does",
    "bookkeeping",
    1.0,
)
AFTER_EOS: Known = (
    "a hypothesis goes on after its EOS",
    "a candidate that ends in EOS (model.eos_id; 0 is an id like any other) leaves the beam: "
    "it joins the pool and is not extended any more; and a hypothesis's tokens follow those of "
    "its own parent",
    "ending",
    None,
)
KEPT_FROM_BEFORE: Known = (
    "a second call with the same sentences gives other hypotheses",
    "keep nothing from an earlier call (a default argument such as pool=[] is shared by all "
    "calls), and keep the best candidates: nothing is drawn at random",
    "rows",
    1.0,
)
KEPT_AND_REPEATED: Known = (SAME_MORE_THAN_ONCE[0], KEPT_FROM_BEFORE[1], "rows", 1.0)
INFLUENCE: Known = (
    "the rows of a batch influence each other: a sentence gets other hypotheses in a batch than "
    "alone",
    "row b owns the decoder rows b * beam_width to (b + 1) * beam_width - 1: use "
    "repeat_interleave, not repeat; choose candidates within a row; and stop a row only "
    "when that row is done, not when another is",
    "rows",
    1.0,
)


# mistakes that break more than one line: (which else, what it costs of that)
ALSO: dict[Known, list[tuple[str, float]]] = {
    KEPT_FROM_BEFORE: [("ending", 0.4), ("mode", 1.0)],
    KEPT_AND_REPEATED: [("ending", 0.4), ("mode", 1.0)],
}


def refuse(known: Known, before: str = "") -> None:
    """Raise `Wrong` for a mistake, with what was observed before it."""
    says, help, line, share = known
    for other, its_share in ALSO.get(known, []):
        mended(says, help, line=other, share=its_share)
    raise Wrong(f"{before}: {says}" if before else says, help, line=line, share=share)


@contextmanager
def float_is_no_index() -> Iterator[None]:
    """A crash within this that comes of a float used as an index is a known mistake."""
    try:
        yield
    except StudentFault as fault:
        if not FLOAT_INDEX.search(fault.rationale):
            raise
        raise Wrong(
            "the search fails, since a float is no index",
            "parents are found with //, which keeps them ints: index // vocab_size",
            line="bookkeeping",
            share=1.0,
        ) from fault


FLOAT_INDEX = re.compile(r"indices must be integers|used as indices must be|float.*as an index")


def go_on_mistake(spelled: str, calls: int) -> Known | None:
    """What was found on GO_ON, by so many calls of the decoder."""
    if spelled == "<eos> | a <eos>":
        return CUT_EARLY if calls > 2 else GO_ON_MISTAKES["<eos> | a a"]
    return BEST_ALONE if spelled == "<eos>" else GO_ON_MISTAKES.get(spelled)


def expect_tokens(row: list[Hypothesis], max_length: int, run: dict[str, Any]) -> None:
    """The tokens of each hypothesis are some that a search could return."""
    expect(
        all(hypothesis.tokens for hypothesis in row),
        "a hypothesis has no tokens at all: the EOS is missing from one that ends at once",
        "EOS is the last token of a finished hypothesis",
    )
    expect_possible(row, run)
    expect(
        not any({PAD_ID, BOS_ID} & set(hypothesis.tokens) for hypothesis in row),
        "a hypothesis holds PAD or BOS, to which the tree gives practically no probability",
        "log_softmax runs over the vocabulary (dim=-1), a distribution for each live hypothesis; "
        "and tokens are not padded",
    )
    longer = [hypothesis.tokens for hypothesis in row if len(hypothesis.tokens) > max_length]
    expect(
        not longer or any(tokens[-1] != EOS_ID for tokens in longer),
        f"a hypothesis that was cut after max_length {own(max_length)} tokens got an EOS",
        "a truncated hypothesis joins the pool as it is, without an EOS and with no other score",
        line="ending",
        share=0.5,
    )
    expect(
        not longer,
        f"a hypothesis has more than max_length {own(max_length)} tokens",
        "extend max_length times, each time by one token; BOS does not count",
        line="ending",
        share=0.5,
    )


def expect_possible(row: list[Hypothesis], run: dict[str, Any]) -> None:
    """No hypothesis goes on after EOS, and none stands twice."""
    if any(EOS_ID in hypothesis.tokens[:-1] for hypothesis in row):
        refuse(AFTER_EOS)
    expect_different(row, run)


def expect_different(row: list[Hypothesis], run: dict[str, Any]) -> None:
    """No hypothesis stands twice."""
    different = len({hypothesis.tokens for hypothesis in row})
    if different == len(row):
        return
    if different < len({(one.tokens, round(one.log_prob, 3)) for one in row}):
        refuse(MIXED_UP)
    second = run["inputs"][1] if len(run["inputs"]) > 1 else ()
    refuse(KEPT_AND_REPEATED if len(set(second)) > 1 else SAME_MORE_THAN_ONCE)


def expect_fits(rows: Rows) -> None:
    """Every log_prob is what the tree gives for the tokens, once known mistakes are put right."""
    if not rows.fits:
        refuse(explain_misfit(rows, BOS_ID), LOG_PROB)


def expect_sound(rows: Rows) -> None:
    """What is returned could be the answer of a search."""
    for row in rows:
        expect_possible(row, rows.run)
    expect_fits(rows)


def expect_spelled(
    rows: Rows, expected: str, mistake: Known | None = None, help: str = "", said: str = ""
) -> None:
    """What is found for the one sentence is this; if not, say which mistake makes it.

    Args:
        mistake: what explains all that was found, if it is known.
        help: what to say where it is not.
        said: what was asked, if that is to be said.
    """
    spelled = spell(rows[0])
    if spelled == expected:
        return
    if rows.sums != "log_softmax" or rows.unsorted or rows.formula:
        return  # charged, and told, as it was put right: it may well choose others
    if not rows[0] and mistake is None:
        mistake = EMPTY
    said = f'expected "{expected}"{said}, got "{spelled}"'
    if mistake is not None:
        refuse(mistake, said)
    raise Wrong(said, help)


def expect_none_impossible(rows: Rows, tree: dict[str, Row]) -> None:
    """No hypothesis has probability zero."""
    impossible = [f for row in rows for f in row if -math.inf in steps_along(tree, f.tokens)]
    expect(
        not impossible,
        f'"{spell(impossible[:1])}" is returned, which has probability zero',
        "candidates whose total log-probability is -inf are dropped; and no constant is added to "
        "a probability before its logarithm",
        share=0.27,
    )


def expect_garden_path(rows: Rows) -> None:
    """What is found on GARDEN_PATH, with two places and four steps, is what the rule gives."""
    expect_sound(rows)
    known = GARDEN_PATH_MISTAKES.get(spell(rows[0]))
    expect_spelled(rows, "b <eos> | a a <eos>", known, GREEDY[1])


def expect_ordinary(student: Probed) -> None:
    """A search in which nothing unusual is asked; a check of something unusual comes after."""
    expect_garden_path(search(student, [GARDEN_PATH], beam_width=2, max_length=4))


def explain_misfit(rows: Rows, bos_id: int) -> Known:
    """Why log_probs do not fit the tokens."""
    known = explain_states(rows.run, bos_id)
    return known if known is not STATE or rows.fits_with_one_place() else NOT_A_SUM


def explain_states(run: dict[str, Any], bos_id: int) -> Known:
    """What is wrong with what the decoder was given, where log_probs do not fit the tokens."""
    inputs, handed = run["inputs"], run["handed"]
    if not inputs or not handed:
        return NOT_CALLED
    if any(token != bos_id for token in inputs[0]):
        return first_input(inputs[0][0], {"pad_id": PAD_ID, "eos_id": EOS_ID})
    if handed[0] in ASTRAY:
        return (
            "the decoder's first state is not one that the encoder returned",
            "start from (h, c) of model.encoder(source, source_lengths), all layers of both",
            "bookkeeping",
            1.0,
        )
    if len(handed) > 1 and set(handed) == {"encoder"}:
        return (
            "every step starts from the encoder's state: the decoder's state never advances",
            "pass the new h and the new c that the decoder returned to its next call",
            "bookkeeping",
            1.0,
        )
    if set(ASTRAY) & set(handed):
        return (
            "a hypothesis goes on from a state of which a part is another hypothesis's",
            "the whole state is re-ordered with the parents: h and c, every layer, by the same "
            "index (dimension 1)",
            "bookkeeping",
            0.75,
        )
    return STATE


def first_input(token: int, model: dict[str, Any]) -> Known:
    """The mistake of a search that starts from this token: a special one, or a fixed number."""
    return (
        "the first input of the decoder is not BOS",
        "start every sentence from model.bos_id, whatever number that is",
        "selection",
        0.9 if token in (model["pad_id"], model["eos_id"]) else 0.5,
    )


NOT_A_SUM: Known = (
    "it is another number, with one place in the beam too",
    "log_prob is the sum of log_softmax(logits)[token] of all its tokens; log_softmax runs over "
    "the vocabulary (dim=-1)",
    "scores",
    None,
)
STATE: Known = (
    "a hypothesis goes on from the state of another",
    "the state is not re-ordered with the parents: after each step pick, for every survivor, the "
    "state column of its parent, in h and in c (dimension 1), and of its own sentence",
    "bookkeeping",
    0.75,
)

NORMALISED: Known = (
    "with a length penalty a log_prob is no more the sum of log-probabilities",
    "the length penalty divides `score`; log_prob and the search stay as they are",
    "ranking",
    1.0,
)
SPECIALS_SHARE = 0.43
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


WIDTH_ONE = "with one place in the beam the best candidate alone goes on, until it ends"


def width_one_mistake(spelled: str, expected: str, max_length: int) -> Known | None:
    """What makes a wrong hypothesis with one place in the beam, if it is known."""
    if spelled == f"{expected} <eos>":
        return REFILL_MISTAKES["<eos> | a b a <eos>"]
    words = expected.split()
    if not spelled and len(words) == max_length:
        return THROWN_AWAY
    if len(words) == max_length and spelled.split() == words[:-1]:
        return (
            "a token is missing",
            "take max_length steps, each of which adds one token: BOS does not count as one",
            "ending",
            0.5,
        )
    return None


def few_mistake(spelled: str, expected: str) -> Known | None:
    """What lost hypotheses where all there are have room, if it is known."""
    missing = set(expected.split(" | ")) - set(spelled.split(" | "))
    if spelled == "a | b | <eos>":
        return ONE_STEP_FEWER
    if not missing or set(spelled.split(" | ")) - set(expected.split(" | ")):
        return None
    help = few_help(spelled.split(" | "), expected.split(" | "))
    unfinished = {words for words in expected.split(" | ") if not words.endswith("<eos>")}
    if missing == unfinished:
        return (*THROWN_AWAY[:1], help, "ending", 0.65)
    if missing < unfinished and help == ALL_OF_IT:
        return ("some hypotheses that were cut are missing", help, "ending", 0.5)
    if missing == {"<eos>"}:
        return EOS_ALONE
    if missing < unfinished:
        return ("some hypotheses are missing", help, "selection", 0.3)
    return None


ALL_OF_IT = "what is live after max_length tokens joins the pool, all of it"


def few_help(spelled: list[str], expected: list[str]) -> str:
    """The likeliest reason for too few or too many hypotheses where all there are have room."""
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
        return ALL_OF_IT
    return (
        "each live hypothesis is extended by every token, and the step keeps min(beam_width, "
        "number of these candidates), which may exceed the vocabulary"
    )
