"""Says in words how a translation differs from the right one."""

from __future__ import annotations

from typing import Any, NamedTuple

Tokens = tuple[int, ...]


class Mistake(NamedTuple):
    """A mistake in a student's words, and what it costs once it is known to be the one."""

    says: str
    help: str
    line: str = ""  # of the rubric
    share: float | None = None  # of that line; None where it is a guess


HAND_ON = "pass the new h and the new c that the decoder returned to its next call"
HANDED = {  # where the h and the c of the second step came from -> what that means
    ("encoder h", "encoder c"): Mistake(
        "every step starts from the encoder's state: the decoder's state never advances",
        HAND_ON,
        "choice",
        1.0,
    ),
    ("encoder h", "last c"): Mistake(
        "the hidden state h stays the encoder's, only c advances", HAND_ON, "choice", 0.85
    ),
    ("last h", "encoder c"): Mistake(
        "the cell state c stays the encoder's, only h advances", HAND_ON, "choice", 0.85
    ),
    ("last c", "last h"): Mistake(
        "h and c change places between two steps", HAND_ON, "choice", 1.0
    ),
    ("last h", "last h"): Mistake("h is given as the cell state too", HAND_ON, "choice", 0.85),
    ("last c", "last c"): Mistake("c is given as the hidden state too", HAND_ON, "choice", 0.85),
}
FIRST_INPUT = Mistake(
    "the first input of the decoder is not BOS",
    "start every row from model.bos_id, whatever number that is",
    "choice",
    0.72,
)
FIRST_STATE = Mistake(
    "the decoder's first state is not the one that the encoder returned",
    "start from (h, c) of model.encoder(source, source_lengths), all layers of both",
    "choice",
    0.8,
)
ALWAYS_BOS = Mistake(
    "the decoder is given BOS at every step",
    "feed back the token chosen at the step before",
    "choice",
    1.0,
)
FEWER = Mistake(
    "a translation has one token fewer than max_length allows",
    "take max_length steps; BOS does not count as one of them",
    "ending",
    0.3,
)
MORE = Mistake(
    "a translation has more than max_length tokens",
    "take max_length steps; a step adds one token",
    "ending",
    0.3,
)
BEYOND = Mistake(
    "a translation goes on to its EOS, beyond max_length",
    "stop after max_length tokens, EOS counted, and keep nothing from an earlier call",
    "ending",
    0.7,
)
WITH_BOS = Mistake(
    "your translation begins with BOS",
    "BOS is only the first input of the decoder, not part of the translation",
    "ending",
    0.38,
)
PADDED = Mistake(
    "a translation holds BOS or PAD, which the model never chooses",
    "each row's list ends with its first EOS; add nothing to it after that, and no "
    "padding: the lists may have different lengths",
    "ending",
    0.5,
)
NO_EOS = Mistake(
    "the EOS is missing from the end of a translation",
    "append every token that you choose, EOS too, and then test whether it is EOS",
    "ending",
    0.4,
)
WITHOUT_EOS = Mistake(
    "EOS is left out of a translation, and what the model says after it is kept",
    "append EOS and end the row there: what comes after its first EOS is no part of it",
    "ending",
    1.0,
)
GOES_ON = Mistake(
    "a translation goes on after its first EOS",
    "a row that has chosen EOS (model.eos_id, any number) is finished and stays so: keep a "
    "flag for each row, or remember which rows are left if you drop the ended ones",
    "ending",
    0.77,
)
EOS_ADDED = Mistake(
    "a translation that was cut at max_length got an EOS in addition",
    "return the max_length tokens as they are: EOS is not put at their end, and where the "
    "model chooses it, it is one of them",
    "ending",
    0.3,
)
EOS_INSTEAD = Mistake(
    "the last token of a translation that was cut at max_length was replaced by EOS",
    "return the max_length tokens as they are",
    "ending",
    0.3,
)
TOO_EARLY = Mistake(
    "a translation stops before it has ended",
    "stop only when every row by itself has chosen EOS (model.eos_id, any number), or "
    "after max_length tokens: no other id ends a row, nor does the length of the source",
    "ending",
    0.4,
)
FIRST_DROPPED = Mistake(
    "the first token you choose is missing from the translation",
    "append every token that you choose, from the first step on",
    "ending",
    0.77,
)
WORDS_LIKE_OTHERS = (
    "PAD and BOS are words like others here: take the argmax over all ids, from the first to "
    "the last, feed it back, go on, and leave none out of what you return; EOS alone ends a row"
)
LEFT_OUT = Mistake(
    "PAD or BOS, chosen by the model, is left out of a translation",
    WORDS_LIKE_OTHERS,
    "ending",
    0.22,
)
EOS_ANY_STEP = (
    "EOS may come at any step, the first included, and is chosen as any other token, "
    "whatever its id: by the argmax over all ids, by this step's logits alone"
)
REPEATED = Mistake(
    "a token that was said before is the most probable again, and another was chosen",
    "forbid and penalise nothing: take the argmax over all ids, and feed back the token "
    "just chosen with the new state",
    "choice",
    0.38,
)
FIRST_OR_LAST_ID = Mistake(
    "the first or the last id of the vocabulary is the most probable, and another was chosen",
    "take the argmax over all ids: no id is special, and a slice must not leave one out",
    "choice",
    0.17,
)
ORDER = Mistake(
    "the translations are right, but not in the order of the rows of `source`",
    "the result's entry b belongs to row b: if you sort the batch, put its order back",
    "rows",
    0.72,
)

CALLED_ON = Mistake(
    "the decoder is still called after every row has chosen EOS",
    "break out of the loop when all rows are finished, and test it after the step's new "
    "tokens are counted: rows that ended earlier count as finished too",
    "rows",
    0.33,
)


def not_chosen(name: str) -> Mistake:
    """PAD or BOS, by its name, was to be chosen and was not."""
    says = f"{name} is the most probable, and another word was chosen"
    return Mistake(says, WORDS_LIKE_OTHERS, "choice", 0.14)


def ends_at(name: str) -> Mistake:
    """A row ends at PAD or BOS."""
    return Mistake(f"a translation ends at {name}", WORDS_LIKE_OTHERS, "ending", 0.22)


def ends_before(name: str) -> Mistake:
    """A row ends before PAD or BOS, which is left out."""
    says = f"a translation ends where {name} is the most probable"
    return Mistake(says, WORDS_LIKE_OTHERS, "ending", 0.25)


def eos_not_chosen(first: bool, line: str = "ending", share: float = 0.22) -> Mistake:
    """EOS was to be chosen, as the first token or later, and was not."""
    where = "as the first token" if first else "at the end"
    says = f"EOS is the most probable {where}, and another token was chosen"
    return Mistake(says, EOS_ANY_STEP, line, share)


def explain_tokens(
    got: Tokens, expected: Tokens, model: dict[str, Any], max_length: int, run: dict[str, Any]
) -> Mistake:
    """Words for a greedy translation that is not the expected one: the mistake it looks like.

    Args:
        model: its ids; if known, `vocab_size`, the number of `rows` of the batch and which `row`
            it is, and `cut_right`: that others were cut at another max_length as they should.
        run: which the translation is from.
    """
    bos_id, eos_id = model["bos_id"], model["eos_id"]
    ends = expected[-1] == eos_id
    if not run["inputs"]:
        if max_length == 1 and not got:
            return FEWER
        return Mistake(
            "the decoder was not called: the translation is not chosen by it",
            "call model.decoder at every step, and keep nothing from an earlier call",
        )
    if any(token != bos_id for token in run["inputs"][0]):
        return FIRST_INPUT
    specials = explain_specials(got, expected, model)
    if specials:
        return specials
    if got[:1] == (bos_id,) and got[1:2] == expected[:1]:
        return WITH_BOS
    longer = got[: len(expected)] == expected
    if longer and {bos_id, model["pad_id"]} & set(got[len(expected) :]):
        return PADDED
    cuts = not model.get("cut_right")  # whether it may be how translations are cut
    whole = [len(first) for first in run["inputs"][:1]] == [model.get("rows")]  # all in one call
    steps = run["rows"] / model["rows"] if whole else 0
    if got == expected[:-1] and len(got) == max_length - 1 == steps and cuts:
        return FEWER
    if ends and got == expected[:-1] and (steps or run["rows"]) >= len(expected):
        return NO_EOS
    fed = run["inputs"][len(expected)] if len(expected) < len(run["inputs"]) else ()
    row = model.get("row", 0) if whole else 0
    if ends and eos_id not in got and fed[row : row + 1] == (eos_id,):
        return WITHOUT_EOS
    if ends and longer:
        return GOES_ON
    if not ends and got == (*expected, eos_id):
        return EOS_ADDED
    if not ends and len(got) > 1 and got == (*expected[:-1], eos_id):
        return EOS_INSTEAD
    if len(got) < len(expected) and expected[: len(got)] == got:
        if not ends and len(got) == max_length - 1 and cuts:
            return FEWER
        return TOO_EARLY
    if len(got) > max_length and got[-1] == eos_id:
        return BEYOND
    if len(got) > max_length:
        return MORE
    return explain_choice(got, expected, model, run)


def explain_specials(got: Tokens, expected: Tokens, model: dict[str, Any]) -> Mistake | None:
    """The same where PAD or BOS is a word of the right translation, and the first that is missed.

    Also where an EOS, or PAD or BOS, was taken out and what comes after it was kept.
    """
    names = {model["pad_id"]: "PAD", model["bos_id"]: "BOS"}
    said = set(names) & set(expected)
    if said and got == tuple(token for token in expected if token not in names):
        return LEFT_OUT
    pairs = zip(got, expected, strict=False)
    place = next((i for i, pair in enumerate(pairs) if pair[0] != pair[1]), len(got))
    if len(got) == place < len(expected) and expected[place] in names:
        return ends_before(names[expected[place]])
    if place < len(expected) and expected[place] in names:
        return not_chosen(names[expected[place]])
    if len(got) == place < len(expected) and expected[place - 1 : place] in [(t,) for t in names]:
        return ends_at(names[expected[place - 1]])
    return None


def explain_choice(
    got: Tokens, expected: Tokens, model: dict[str, Any], run: dict[str, Any]
) -> Mistake:
    """The same for a translation in which another token was chosen."""
    bos_id = model["bos_id"]
    inputs, origins = run["inputs"], run["origins"]
    first = inputs[0]
    if got[:1] != expected[:1]:
        if origins and origins[0] != ("encoder h", "encoder c"):
            return FIRST_STATE
        rest = expected[1:]
        if rest and (got == rest or (len(got) > 1 and got[: len(rest)] == rest)):
            return FIRST_DROPPED
        return explain_token(expected, 0, model) or Mistake(
            "the first token is not the most probable one",
            "the first input of the decoder is model.bos_id, the first state is the encoder's, "
            "and the choice is the argmax over all of the vocabulary, dimension 1 of the logits",
        )
    if len(inputs) > 1 and inputs[1] == (bos_id,):
        return ALWAYS_BOS
    whole = model.get("rows") == len(first)  # else a row's part of the state is handed over
    if whole and origins and origins[0] != ("encoder h", "encoder c"):
        return FIRST_STATE
    handed = HANDED.get(origins[1]) if len(origins) > 1 else None
    if handed:
        return handed
    pairs = zip(got, expected, strict=False)
    place = next((i for i, (one, other) in enumerate(pairs) if one != other), 0)
    return explain_token(expected, place, model) or Mistake(
        "the first token is right and a later one is not the most probable",
        "feed back the token you have just chosen, together with the new state (both h and c, "
        "all layers) that the decoder returned with it, and choose by the argmax of this step's "
        "logits alone",
    )


def explain_token(expected: Tokens, place: int, model: dict[str, Any]) -> Mistake | None:
    """The same where the token that should stand at `place` is one that is often avoided."""
    token = expected[place]
    if token == model["eos_id"]:
        return eos_not_chosen(place == 0)
    if token in expected[:place]:
        return REPEATED
    if token in (0, model.get("vocab_size", 0) - 1):
        return FIRST_OR_LAST_ID
    return None
