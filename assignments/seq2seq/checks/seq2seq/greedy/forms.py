"""Reads the translations that `greedy_decode` returned, in whatever form they came."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from checks.expect import Wrong, expect, kind, mended

from ..shared.answers import MAX_TOKENS, entries_for, expect_end, facts, odd_result, too_many

LINE = "clean"  # of greedy's rubric: what a translation is made of
INTS = "build lists of Python ints, for example with .item() or .tolist()"
ENTRIES = "the result has one entry for each row of `source`, in the same order"


def token_rows(
    run: Any, rows: int, eos_id: int | None = None, max_length: int = 0
) -> list[tuple[int, ...]]:
    """The translations of a `greedy` run: `rows` lists of ints.

    Ids in a form that can be read without a doubt are read, and the form is `mended`.

    Args:
        eos_id, max_length: where known, one list of all rows' words can be taken apart.
    """
    run = facts(run)
    expect_end(run, "greedy_decode")
    result = _one_value(run["result"], rows)
    if not isinstance(result, list | tuple):
        raise odd_result("greedy_decode", result)
    if rows == 1 and result and all(map(_is_id, result)):
        mended(
            entries_for("greedy_decode", len(result), 1),
            "a batch of one sentence is a batch: the result is a list with one list in it",
            line=LINE,
            share=0.7,
        )
        result = [result]
    elif result and all(map(_is_id, result)) and eos_id is not None:
        parts = _taken_apart([int(token) for token in result], eos_id, max_length)
        if len(parts) == rows:
            says = entries_for("greedy_decode", len(result), rows)
            mended(says, ENTRIES, line=LINE, share=1.0)
            mended("the translations of a batch come in one list", ENTRIES, line="rows", share=0.4)
            result = parts
    if len(result) != rows:
        raise too_many("greedy_decode", len(result), rows)
    return [_ids(row) for row in result]


def _is_id(value: Any) -> bool:
    """Whether this stands for one token."""
    if isinstance(value, Tensor):
        return value.dim() == 0 and bool(value == value.long())
    return type(value) is int or (type(value) is float and value.is_integer())


def _taken_apart(tokens: list[int], eos_id: int, max_length: int) -> list[list[int]]:
    """The rows of which one list was made: each goes to its EOS, or to `max_length`."""
    parts: list[list[int]] = []
    for token in tokens:
        if not parts or parts[-1][-1] == eos_id or len(parts[-1]) == max_length:
            parts.append([])
        parts[-1].append(token)
    return parts


def _one_value(result: Any, rows: int) -> Any:
    """The value that holds the translations, as a list where it is a tensor, a dict or a tuple."""
    if isinstance(result, dict) and sorted(result) == sorted(map(str, range(rows))):
        mended(odd_result("greedy_decode", result).rationale, ENTRIES, line=LINE, share=0.7)
        return [result[str(row)] for row in range(rows)]
    several = isinstance(result, tuple | list) and not (
        len(result) == rows > 1 and all(map(_is_nested, result))
    )
    if several and result and _is_batch(result[0], rows):
        found = too_many("greedy_decode", len(result), rows).rationale
        help = "return the translations alone: a tuple of several values is another result"
        mended(found, help, line=LINE, share=1.0)
        result = result[0]
    if isinstance(result, Tensor) and result.dim() > 0:
        if result.dim() == 3 and 1 in result.shape:
            result = result.squeeze(2 if result.shape[2] == 1 else 1)
        mended(
            odd_result("greedy_decode", result).rationale,
            "turn tensors into lists before you return them: .tolist()",
            line=LINE,
            share=1.0,
        )
        result = result.tolist()
    if (
        isinstance(result, list | tuple)
        and len(result) != rows
        and result
        and all(isinstance(step, list | tuple | Tensor) for step in result)
        and all(not isinstance(step, Tensor) or step.dim() == 1 for step in result)
        and all(len(step) == rows for step in result)
    ):
        found = too_many("greedy_decode", len(result), rows).rationale
        help = "the result has a list for each sentence, not one for each step: transpose it"
        mended(found, help, line="rows", share=0.4)
        result = [[step[row] for step in result] for row in range(rows)]
    return result


def _is_batch(value: Any, rows: int) -> bool:
    """Whether this may be the translations of a batch."""
    if isinstance(value, Tensor):
        return value.dim() == 2 and len(value) == rows
    if not isinstance(value, list) or len(value) != rows:
        return False
    return all(_is_id_list(row) or type(row) is str for row in value)


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(x, list | Tensor) for x in value)


def _is_id_list(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.dim() == 1
    return isinstance(value, list | tuple) and all(map(_is_id, value))


def _ids(row: Any) -> tuple[int, ...]:
    """Read one translation; ids in another form are `mended`."""
    name = "each translation"
    if isinstance(row, Tensor) and row.dim() > 0 and row.numel() == max(row.shape, default=0):
        mended(f"{name} should be a list of ints, got a tensor", INTS, line=LINE, share=0.6)
        row = row.flatten().tolist()
    if type(row) is str and all(word.lstrip("-").isdigit() for word in _split(row)):
        mended(f"{name} should be a list of ints, got {kind(row)}", INTS, line=LINE, share=1.0)
        row = [int(word) for word in _split(row)]
    if not isinstance(row, list | tuple):
        raise Wrong(f"{name} should be a list of ints, got {kind(row)}", INTS)
    expect(len(row) <= MAX_TOKENS, f"{name} should not be longer than max_length", INTS)
    if all(type(token) is int for token in row):
        return tuple(row)
    ids = []
    for token in row:
        inner = token
        while isinstance(inner, list | tuple | Tensor) and _length(inner) == 1:
            inner = inner[0]
        if type(inner) is str and inner.lstrip("-").isdigit():
            inner = int(inner)
        expect(_is_id(inner), f"{name} should hold ints, one is {kind(token)}", INTS)
        if type(token) is not int:
            says = f"{name} should hold ints, one is {kind(token)}"
            mended(says, INTS, line=LINE, share=0.6)
        ids.append(int(inner))
    return tuple(ids)


def _split(text: str) -> list[str]:
    return text.strip("[]() ").replace(",", " ").split()


def _length(value: Any) -> int:
    if isinstance(value, Tensor):
        return len(value) if value.dim() else 0
    return len(value)
