"""Reads what a decoder returned: any value in, a typed one or `Wrong` out."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from checks.expect import Wrong, expect, kind

MAX_TOKENS = 1000  # more than any check allows; the judge rescores what it reads


class Hypothesis(NamedTuple):
    """A hypothesis as the student's code returned it, once it is known to be well formed."""

    tokens: tuple[int, ...]
    log_prob: float
    score: float


def hypothesis_rows(run: Any, rows: int, beam_width: int) -> list[list[Hypothesis]]:
    """The hypotheses of a `beam` run: for each of `rows` rows at most `beam_width`."""
    result = result_of(run, "beam_search", rows)
    hypotheses = []
    for row in result:
        expect(
            isinstance(row, list | tuple),
            f"for each sentence beam_search should return a list of hypotheses, got {kind(row)}",
            "the result is a list (one entry a sentence) of lists of hypotheses, best first",
        )
        expect(
            len(row) <= beam_width,
            f"beam_search returned {len(row)} hypotheses for one sentence; with this beam_width "
            f"there may be at most {beam_width}",
            "sort the pool by score and return its first `beam_width`",
        )
        expect(
            len(row) > 0,
            "beam_search returned no hypothesis at all for a sentence",
            "hypotheses that are still unfinished after max_length tokens join the pool; and a "
            "candidate is dropped only if it is impossible (-inf), however improbable others are",
        )
        hypotheses.append([read_hypothesis(value) for value in row])
    return hypotheses


def read_hypothesis(value: Any) -> Hypothesis:
    """Read one (tokens, log_prob, score)."""
    expect(
        isinstance(value, list | tuple) and len(value) == 3,
        f"each hypothesis should be a Hypothesis(tokens, log_prob, score), got {kind(value)}",
        "the result is a list (one entry a sentence) of lists of hypotheses, best first",
    )
    tokens, *numbers = value
    for name, number in zip(("log_prob", "score"), numbers, strict=True):
        is_number = type(number) in (int, float)
        help = f"turn a tensor into a number with .item(): Hypothesis.{name} is a float"
        expect(
            is_number, f"a hypothesis's {name} should be a Python number, got {kind(number)}", help
        )
        expect(
            math.isfinite(number),
            f"a hypothesis's {name} is {number}",
            "a hypothesis of probability zero (log-probability -inf) is dropped, and NaN comes "
            "from inf - inf or from the log of a negative number",
        )
    return Hypothesis(
        token_list(tokens, "a hypothesis's tokens"), float(numbers[0]), float(numbers[1])
    )


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
        "hand `source` and `source_lengths` on to model.encoder as they came, each row with "
        "its own length",
    )


def odd_result(function: str, result: Any) -> Wrong:
    return Wrong(
        f"{function} should return a list with one entry for each sentence, got {kind(result)}",
        "turn tensors into lists before you return them",
    )


def too_many(function: str, entries: int, rows: int) -> Wrong:
    return Wrong(
        f"{function} returned {entries} entries for a batch of {rows} sentences",
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
        f"model.training was {training} before {function} and is {not training} after it, "
        "in the model or in its encoder or decoder",
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
