"""Reads what a decoder returned: any value in, a typed one or `Wrong` out."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from torch import Tensor

from checks import closed
from checks.closed import own
from checks.expect import Wrong, expect, kind, mended

MAX_TOKENS = 1000  # more than any check allows; the judge rescores what it reads


class Hypothesis(NamedTuple):
    """A hypothesis as the student's code returned it, once it is known to be well formed."""

    tokens: tuple[int, ...]
    log_prob: float
    score: float


def hypothesis_rows(
    run: Any, rows: int, beam_width: int, empty: bool = False
) -> list[list[Hypothesis]]:
    """The hypotheses of a `beam` run: for each of `rows` rows at most `beam_width`.

    Put right are values in another form, a sentence's hypotheses that came without the list around
    them, impossible ones, and more than asked for. A number that was not given is NaN.

    Args:
        empty: whether there may be none for a sentence.
    """
    run = facts(run)
    result = _in_rows(run["result"], rows)
    hypotheses = []
    for row in result_of({**run, "result": result}, "beam_search", rows):
        row = _in_parts(row)
        expect(
            isinstance(row, list | tuple),
            f"for each sentence beam_search should return a list of hypotheses, got {kind(row)}",
            SHAPE,
        )
        read = [read_hypothesis(value) for value in row]
        possible = [one for one in read if one.log_prob != -math.inf]
        if len(possible) < len(read):
            mended(*IMPOSSIBLE, line="selection", share=0.27)
        if len(possible) > beam_width:
            mended(
                "beam_search returns more hypotheses for a sentence than beam_width; there may "
                "be at most that many",
                "sort the pool by score and return its first `beam_width`",
                line="ranking",
                share=0.4,
            )
            possible = sorted(possible, key=lambda one: -one.score)[:beam_width]
        expect(
            bool(possible) or empty,
            "beam_search returned no hypothesis at all for a sentence",
            NONE_AT_ALL,
        )
        hypotheses.append(possible)
    return hypotheses


SHAPE = (
    "the result is a list (one entry for each sentence) of lists of "
    "Hypothesis(tokens, log_prob, score), best first"
)
NONE_AT_ALL = (
    "hypotheses that are still unfinished after max_length tokens join the pool; and a candidate "
    "is dropped only if it is impossible (-inf), however improbable others are"
)
IMPOSSIBLE = (
    "a hypothesis's log_prob is -inf: it is impossible",
    "a hypothesis of probability zero (log-probability -inf) is dropped",
)


def _in_rows(result: Any, rows: int) -> Any:
    """A result with a list for every sentence."""
    if isinstance(result, dict) and len(result) == rows:
        mended("beam_search returns a dict", SHAPE, line="ranking", share=0.3)
        result = list(result.values())
    if not isinstance(result, list | tuple) or not result:
        return result
    alone = all(map(is_hypothesis, result))
    if alone and rows == 1:
        mended(
            "for a single sentence beam_search returns its hypotheses without a list around them",
            SHAPE,
            line="ranking",
            share=0.5,
        )
        return [result]
    if alone and len(result) == rows:
        mended(
            "for each sentence there is a hypothesis, and no list of them",
            SHAPE,
            line="ranking",
            share=0.3,
        )
        return [[one] for one in result]
    return result


def is_hypothesis(value: Any) -> bool:
    """Whether a value holds tokens and numbers, and so is no list of hypotheses."""
    if isinstance(value, dict):
        return "tokens" in value
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= 3:
        return False
    return sum(_number(part) is not None for part in value) == len(value) - 1


def _in_parts(row: Any) -> Any:
    """A row as a list of hypotheses, where it is one list for each of their three parts."""
    if isinstance(row, Tensor) and row.dim() == 1:
        row = [row]  # the tokens of one hypothesis
    if isinstance(row, dict) and "tokens" not in row:
        row = list(row.values())
    if isinstance(row, list | tuple) and len(row) == 3:
        tokens, *numbers = (_plain(part) for part in row)
        if (
            isinstance(tokens, list)
            and tokens
            and all(isinstance(part, list) and len(part) == len(tokens) for part in numbers)
            and all(isinstance(_plain(one), list) for one in tokens)
            and all(_number(x) is not None for part in numbers for x in part)
            and not all(map(is_hypothesis, row))
        ):
            mended(
                "the tokens, log_probs and scores of a sentence come in three lists",
                SHAPE,
                line="ranking",
                share=0.4,
            )
            return list(zip(tokens, *numbers, strict=True))
    if is_hypothesis(row):
        mended(
            "for each sentence there is a hypothesis, and no list of them",
            SHAPE,
            line="ranking",
            share=0.3,
        )
        return [row]
    return row


def _plain(value: Any) -> Any:
    """A tensor, or a tuple, as the list that it stands for."""
    if isinstance(value, Tensor):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _number(value: Any) -> float | None:
    """The number that a value is or stands for, if it is one."""
    if isinstance(value, Tensor) and (value.dim() == 0 or value.shape == (1,)):
        return float(value.item()) if value.dim() == 0 or value.is_floating_point() else None
    if type(value) in (int, float):
        return float(value)
    return None


MISSING = math.nan  # a number that was not given
NAN = (
    "a hypothesis of probability zero (log-probability -inf) is dropped, and NaN comes from "
    "inf - inf or from the log of a negative number"
)


def read_hypothesis(value: Any) -> Hypothesis:
    """Read one (tokens, log_prob, score); what is put right is as in `hypothesis_rows`."""
    tokens, *numbers = _in_order(value)
    read = []
    for name, number in zip(("log_prob", "score"), numbers, strict=True):
        if isinstance(number, Tensor) and number.numel() == 1:
            mended(
                "the numbers of a hypothesis are tensors; each should be a Python number",
                "turn a tensor into a number with .item(): log_prob and score are floats",
                line="ranking",
                share=0.25,
            )
        known = _number(number)
        expect(
            known is not None,
            f"a hypothesis's {name} should be a Python number, got {kind(number)}",
            f"turn a tensor into a number with .item(): Hypothesis.{name} is a float",
        )
        known = 0.0 if known is None else known
        allowed = math.isfinite(known) or known == -math.inf or number is MISSING
        expect(allowed, f"a hypothesis's {name} is {own(known)}", NAN)
        read.append(known)
    return Hypothesis(_tokens(tokens), *read)


def _in_order(value: Any) -> list[Any]:
    """The tokens, log_prob and score of a hypothesis, with `MISSING` where one is left out."""
    if isinstance(value, dict) and {"tokens", "log_prob", "score"} <= set(value):
        mended("a hypothesis is a dict", SHAPE, line="ranking", share=0.3)
        return [value[name] for name in Hypothesis._fields]
    if _is_tokens(value):
        mended(
            "each hypothesis should be a Hypothesis(tokens, log_prob, score), got tokens alone",
            SHAPE,
            line="ranking",
            share=0.8,
        )
        return [value, MISSING, MISSING]
    if not isinstance(value, list | tuple) or len(value) not in (2, 3):
        raise Wrong(
            f"each hypothesis should be a Hypothesis(tokens, log_prob, score), got {kind(value)}",
            SHAPE,
        )
    parts = sorted(value, key=lambda part: _number(part) is not None)  # the tokens first
    if len(parts) == 2:
        mended(
            "a hypothesis has two parts; it should be Hypothesis(tokens, log_prob, score)",
            SHAPE,
            line="ranking",
            share=0.5,
        )
        return [*parts, MISSING]
    if _number(value[0]) is not None and _number(parts[0]) is None:
        mended(
            "the parts of a hypothesis are in another order than (tokens, log_prob, score)",
            SHAPE,
            line="ranking",
            share=0.4,
        )
        return parts
    return list(value)


def _is_tokens(value: Any) -> bool:
    """Whether a value is a list of ids, or stands for one."""
    if isinstance(value, Tensor):
        return value.dim() == 1 and not value.is_floating_point()
    if isinstance(value, list | tuple):
        numbers = [_number(token) for token in value]
        return bool(value) and all(number is not None and number >= 0 for number in numbers)
    return False


def _tokens(value: Any) -> tuple[int, ...]:
    """Read the token ids of a hypothesis."""
    name = "a hypothesis's tokens"
    plain = _plain(value)
    if isinstance(value, str):
        words = value.replace(",", " ").strip("[]() ").split()
        plain = words if all(map(str.isdecimal, words)) else value
    if isinstance(plain, list):
        plain = [_id(token) for token in plain]
    read = token_list(plain, name)
    if isinstance(value, str) or any(isinstance(token, str) for token in value):
        mended(
            f"{name} should be a list of ints, and they are text",
            "build lists of Python ints: no join, no str()",
            line="ranking",
            share=0.45,
        )
    elif isinstance(value, Tensor) or any(type(token) is not int for token in value):
        mended(
            f"{name} should be a list of ints, and they are of another type, such as tensors",
            "build lists of Python ints, for example with .item() or .tolist()",
            line="ranking",
            share=0.25,
        )
    return read


def _id(token: Any) -> Any:
    """The int that a token stands for, or else the token."""
    if isinstance(token, str) and token.isdecimal():
        return int(token)
    number = float(token.item()) if isinstance(token, Tensor) and token.numel() == 1 else token
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return token


def token_list(value: Any, name: str) -> tuple[int, ...]:
    """Read a list of token ids."""
    help = "build lists of Python ints, for example with .item() or .tolist()"
    expect(
        isinstance(value, list | tuple), f"{name} should be a list of ints, got {kind(value)}", help
    )
    expect(len(value) <= MAX_TOKENS, f"{name} should not be longer than max_length", help)
    for token in value:
        expect(type(token) is int, f"{name} should hold ints, one is {kind(token)}", help)
    return tuple(value)


def result_of(run: Any, function: str, rows: int) -> list[Any]:
    """The list that a run's function returned, one entry a sentence."""
    run = facts(run)
    expect_end(run, function)
    result = run["result"]
    if not isinstance(result, list | tuple):
        raise odd_result(function, result)
    if len(result) != rows:
        raise too_many(function, len(result), rows)
    expect_sentences(run, function)
    return list(result)


def expect_end(run: dict[str, Any], function: str) -> None:
    """A run came to an end by itself."""
    expect(
        not run["over"],
        f"{function} was stopped: it gave the decoder far more rows than a search needs",
        "does the loop end? keep at most one row (greedy) or beam_width rows (beam search) a "
        "sentence at each step",
    )


def expect_sentences(run: dict[str, Any], function: str) -> None:
    """A run gave the encoder the sentences of the batch."""
    expect(run["unknown"] == 0, *not_in_the_batch(function))


def not_in_the_batch(function: str) -> tuple[str, str]:
    """Words for a sentence that the encoder does not know."""
    return (
        f"{function} gave the encoder a sentence that is not in the batch",
        "pass `source` and `source_lengths` on to model.encoder as they came, each row with "
        "its own length",
    )


def odd_result(function: str, result: Any) -> Wrong:
    return Wrong(
        f"{function} should return a list with one entry for each sentence, got {kind(result)}",
        "turn tensors into lists before you return them",
    )


def entries_for(function: str, entries: int, rows: int) -> str:
    """Words for a result with another number of entries than sentences."""
    said = closed.counted(entries, "entries", 0, 1, rows - 1, rows + 1, 2 * rows)
    return f"{function} returned {said} for a batch of {own(rows)} sentences"


def too_many(function: str, entries: int, rows: int) -> Wrong:
    return Wrong(
        entries_for(function, entries, rows),
        "the result has one entry for each row of `source`, in the same order",
    )


# what a run is taken to say where it says nothing, or something of another type
SILENT: dict[str, Any] = {
    "rows": 1 << 60,
    "over": False,
    "unknown": 0,
    "training_seen": True,
    "graph_seen": True,
    "training_after": True,
    "grad_after": True,
    "model_changed": True,
    "inputs_changed": True,
}


def facts(run: Any) -> dict[str, Any]:
    """A run with every part there and of its type."""
    given = run if isinstance(run, dict) else {}
    whole = {
        name: given[name] if type(given.get(name)) is type(silent) else silent
        for name, silent in SILENT.items()
    }
    for name in ("handed", "settings_changed"):
        words = given.get(name)
        whole[name] = [w for w in words if type(w) is str] if isinstance(words, list) else []
    drawn = given.get("drawn")
    pairs = drawn.items() if isinstance(drawn, dict) else ()
    whole["drawn"] = {name: state for name, state in pairs if type(state) is str}
    for name, kind_of_item in (("inputs", int), ("origins", str)):
        items = given.get(name)
        lists = items if isinstance(items, list | tuple) else []
        whole[name] = [
            tuple(item)
            for item in lists
            if isinstance(item, list | tuple) and all(type(x) is kind_of_item for x in item)
        ]
    return {**whole, "result": given.get("result")}


def runs(value: Any, times: int) -> list[dict[str, Any]]:
    """The runs a probe reports, exactly `times` of them."""
    given = value if isinstance(value, list) else []
    return [facts(given[i] if i < len(given) else None) for i in range(times)]


def expect_as_before(run: dict[str, Any], training: bool, function: str) -> None:
    """A run worked in eval mode, without a graph, and left everything as it was."""
    expect(
        not run["training_seen"],
        "the model was used in train mode, so dropout was active while it translated",
        "call model.eval() before the first call of the encoder, and put the mode back after "
        "the last row",
    )
    expect(
        run["training_after"] is training,
        f"model.training was {own(training)} before {function} and is {own(not training)} after "
        "it, in the model or in its encoder or decoder",
        "remember model.training at the start and end with model.train(was_training), which "
        "reaches the parts too, also where you return early",
    )
    expect(
        not run["graph_seen"],
        "the state carries a gradient graph, which grows with every step",
        "work under torch.no_grad(), the encoder's call included",
    )
    expect(
        run["grad_after"] is True,
        f"gradients are switched off for the whole program after {function}",
        "use `with torch.no_grad():` instead of torch.set_grad_enabled(False)",
    )
    expect(
        not run["inputs_changed"],
        "`source` or `source_lengths` is changed by the call",
        "work on a clone of a tensor that you write to",
    )
    expect(
        not run["model_changed"],
        "the model's weights are changed by the call",
        "translating only reads the model; work on clones of what you write to",
    )
