"""Says in words how a translation differs from the right one."""

from __future__ import annotations

from typing import Any

Tokens = tuple[int, ...]

HANDED = {  # where the h and the c of the second step came from -> what that means
    ("encoder h", "encoder c"): "every step starts from the encoder's state: the decoder's state "
    "never advances",
    ("encoder h", "last c"): "the hidden state h stays the encoder's, only c advances",
    ("last h", "encoder c"): "the cell state c stays the encoder's, only h advances",
    ("last c", "last h"): "h and c change places between two steps",
    ("last h", "last h"): "h is given as the cell state too",
    ("last c", "last c"): "c is given as the hidden state too",
}


FEWER = (
    "a translation has one token fewer than max_length allows",
    "take max_length steps; BOS does not count as one of them",
)


def explain_tokens(
    got: Tokens, expected: Tokens, model: dict[str, Any], max_length: int, run: dict[str, Any]
) -> tuple[str, str]:
    """The rationale and the help line for a greedy translation that is not the expected one.

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
        return (
            "the decoder was not called: the translation is none of its choices",
            "call model.decoder at every step, and keep nothing from an earlier call",
        )
    if any(token != bos_id for token in run["inputs"][0]):
        return (
            "the first input of the decoder is not BOS",
            "start every row from model.bos_id, whatever number that is",
        )
    specials = explain_specials(got, expected, model)
    if specials:
        return specials
    if got[:1] == (bos_id,) and got[1:2] == expected[:1]:
        return (
            "your translation begins with BOS",
            "BOS is only the first input of the decoder, not part of the translation",
        )
    longer = got[: len(expected)] == expected
    if longer and {bos_id, model["pad_id"]} & set(got[len(expected) :]):
        return (
            "a translation holds BOS or PAD, which the model never chooses",
            "each row's list ends with its first EOS; add nothing to it after that, and no "
            "padding: the lists may have different lengths",
        )
    cuts = not model.get("cut_right")  # whether it may be how translations are cut
    whole = [len(first) for first in run["inputs"][:1]] == [model.get("rows")]  # all in one call
    steps = run["rows"] / model["rows"] if whole else 0
    if got == expected[:-1] and len(got) == max_length - 1 == steps and cuts:
        return FEWER
    if ends and got == expected[:-1] and (steps or run["rows"]) >= len(expected):
        return (
            "the EOS is missing from the end of a translation",
            "append every token that you choose, EOS too, and then test whether it is EOS",
        )
    fed = run["inputs"][len(expected)] if len(expected) < len(run["inputs"]) else ()
    row = model.get("row", 0) if whole else 0
    if ends and eos_id not in got and fed[row : row + 1] == (eos_id,):
        return (
            "EOS is left out of a translation, and what the model says after it is kept",
            "append EOS and end the row there: what comes after its first EOS is no part of it",
        )
    if ends and longer:
        return (
            "a translation goes on after its first EOS",
            "a row that has chosen EOS (model.eos_id, any number) is finished for good: keep a "
            "flag for each row, or remember which rows are left if you drop the ended ones",
        )
    if not ends and got == (*expected, eos_id):
        return (
            "a translation that was cut at max_length got an EOS in addition",
            "return the max_length tokens as they are: EOS is not put at their end, and where the "
            "model chooses it, it is one of them",
        )
    if not ends and len(got) > 1 and got == (*expected[:-1], eos_id):
        return (
            "the last token of a translation that was cut at max_length was replaced by EOS",
            "return the max_length tokens as they are",
        )
    if len(got) < len(expected) and expected[: len(got)] == got:
        if not ends and len(got) == max_length - 1 and cuts:
            return FEWER
        return (
            "a translation stops before it has ended",
            "stop only when every row by itself has chosen EOS (model.eos_id, any number), or "
            "after max_length tokens: no other id ends a row, nor does the length of the source",
        )
    if len(got) > max_length and got[-1] == eos_id:
        return (
            "a translation goes on to its EOS, beyond max_length",
            "stop after max_length tokens, EOS counted, and keep nothing from an earlier call",
        )
    if len(got) > max_length:
        return (
            "a translation has more than max_length tokens",
            "take max_length steps; a step adds one token",
        )
    return explain_choice(got, expected, model, run)


def explain_specials(
    got: Tokens, expected: Tokens, model: dict[str, Any]
) -> tuple[str, str] | None:
    """The same where PAD or BOS is a word of the right translation, and the first that is missed.

    Also where an EOS, or PAD or BOS, was taken out and what comes after it was kept.
    """
    names = {model["pad_id"]: "PAD", model["bos_id"]: "BOS"}
    help = (
        "PAD and BOS are words like others here: take the argmax over all ids, from the first to "
        "the last, feed it back, go on, and leave none out of what you return; EOS alone ends a row"
    )
    said = set(names) & set(expected)
    if said and got == tuple(token for token in expected if token not in names):
        return "PAD or BOS, chosen by the model, is left out of a translation", help
    pairs = zip(got, expected, strict=False)
    place = next((i for i, pair in enumerate(pairs) if pair[0] != pair[1]), len(got))
    if len(got) == place < len(expected) and expected[place] in names:
        return f"a translation ends where {names[expected[place]]} is the most probable", help
    if place < len(expected) and expected[place] in names:
        return f"{names[expected[place]]} is the most probable, and another word was chosen", help
    if len(got) == place < len(expected) and expected[place - 1 : place] in [(t,) for t in names]:
        return f"a translation ends at {names[expected[place - 1]]}", help
    return None


def explain_choice(
    got: Tokens, expected: Tokens, model: dict[str, Any], run: dict[str, Any]
) -> tuple[str, str]:
    """The same for a translation in which another token was chosen."""
    bos_id = model["bos_id"]
    inputs, origins = run["inputs"], run["origins"]
    first = inputs[0]
    if got[:1] != expected[:1]:
        if origins and origins[0] != ("encoder h", "encoder c"):
            return (
                "the decoder's first state is not the one that the encoder returned",
                "start from (h, c) of model.encoder(source, source_lengths), all layers of both",
            )
        rest = expected[1:]
        if rest and (got == rest or (len(got) > 1 and got[: len(rest)] == rest)):
            return (
                "the first token you choose is missing from the translation",
                "append every token that you choose, from the first step on",
            )
        return explain_token(expected, 0, model) or (
            "the first token is not the most probable one",
            "the first input of the decoder is model.bos_id, the first state is the encoder's, "
            "and the choice is the argmax over all of the vocabulary, dimension 1 of the logits",
        )
    if len(inputs) > 1 and inputs[1] == (bos_id,):
        return (
            "the decoder is given BOS at every step",
            "feed back the token chosen at the step before",
        )
    whole = model.get("rows") == len(first)  # else a row's part of the state is handed over
    if whole and origins and origins[0] != ("encoder h", "encoder c"):
        return (
            "the decoder's first state is not the one that the encoder returned",
            "start from (h, c) of model.encoder(source, source_lengths), all layers of both",
        )
    handed = HANDED.get(origins[1]) if len(origins) > 1 else None
    if handed:
        return handed, "hand the new h and the new c that the decoder returned to its next call"
    pairs = zip(got, expected, strict=False)
    place = next((i for i, (one, other) in enumerate(pairs) if one != other), 0)
    return explain_token(expected, place, model) or (
        "the first token is right and a later one is not the most probable",
        "feed back the token you have just chosen, together with the new state (both h and c, "
        "all layers) that the decoder returned with it, and choose by the argmax of this step's "
        "logits alone",
    )


def explain_token(expected: Tokens, place: int, model: dict[str, Any]) -> tuple[str, str] | None:
    """The same where the token that should stand at `place` is one that is often avoided."""
    token = expected[place]
    if token == model["eos_id"]:
        where = "as the first token" if place == 0 else "at the end"
        return (
            f"EOS is the most probable {where}, and another token was chosen",
            "EOS may come at any step, the first included, and is chosen as any other token, "
            "whatever its id: by the argmax over all ids, by this step's logits alone",
        )
    if token in expected[:place]:
        return (
            "a token that was said before is the most probable again, and another was chosen",
            "forbid and penalise nothing: take the argmax over all ids, and feed back the token "
            "just chosen with the new state",
        )
    if token in (0, model.get("vocab_size", 0) - 1):
        return (
            "the first or the last id of the vocabulary is the most probable, and another was "
            "chosen",
            "take the argmax over all ids: no id is special, and a slice must not leave one out",
        )
    return None
