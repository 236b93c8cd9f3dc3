"""Records read back: from text to types, and what is wrong with one in a line that names the field.

The types are dataclasses, each written once where its record belongs. Fields that a type does not
know are ignored, so that a newer record can be read; what it must have and has not, or has of
another kind, is refused. Only for the judge's side: students have no msgspec, and what a submission
sends is read by `wall/inside/wire.py` with its caps.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, inspect

from .errors import RecordError
from .files import read_typed
from .text import line

T = TypeVar("T")
MOST = 1_000_000_000  # neither points nor minutes are more; what is infinite or NaN is no amount
Amount = Annotated[float, Meta(ge=0, le=MOST)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=0)]

KINDS = {
    "object": "an object",
    "array": "a list",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "datetime | null": "a time such as 2026-11-30T18:00:00",  # TOML has times, and no null
}
PLACE = re.compile(r"(?P<what>.*?)(?: - at (?:`key` in )?`\$\.?(?P<path>.*)`)?", re.DOTALL)
STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
HALF = re.compile(r"\\u[dD][89a-fA-F]")  # of a character; a whole one is written in two halves
LONGEST = 60  # characters of a value that is told


def read_json(text: str, kind: type[T], schema: str = "") -> T:
    """Read a record from JSON text.

    Args:
        schema: what must stand in its field `schema`, if it has one.

    Raises:
        RecordError: it is no JSON, of another schema, or a field is missing or of another kind.
    """
    try:
        value = json.loads(text)
        if HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise RecordError("it is nested too deeply to be a record") from None
    except UnicodeEncodeError:
        raise RecordError("it holds half a character, which no file can hold") from None
    except json.JSONDecodeError as error:
        raise RecordError(f"it is not JSON: {error}") from error
    except ValueError:
        raise RecordError("it holds a number of thousands of digits") from None
    named = isinstance(value, dict) and "schema" in value
    if schema and not (named and value["schema"] == schema):
        found = _shown(value["schema"]) if named else "nothing"
        raise RecordError(f"schema: expected {_shown(schema)}, got {found}")
    return typed(value, kind)


def read_lines(file: Path, kind: type[T], no: str) -> list[T]:
    """Read the records of a file that has one in each line.

    Args:
        no: what a line is that cannot be read: "no decision".

    Raises:
        RecordError: a line is none; which one.
        OSError: the file cannot be read.
    """
    records = []
    text = read_typed(file)
    # not `splitlines`: a text in JSON may hold other ends of lines
    lines = text.removesuffix("\n").split("\n") if text else []
    for number, each in enumerate(lines, 1):
        try:
            records.append(read_json(each, kind))
        except RecordError as error:
            raise RecordError(
                f"{file}, line {number}: {no}: {error}; mend that line or delete it"
            ) from error
    return records


def read_toml(text: str) -> dict[str, Any]:
    """Read TOML text.

    Raises:
        RecordError: it is none.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise RecordError("it is not TOML: it is nested too deeply") from None
    except ValueError as error:  # numbers of thousands of digits, too
        raise RecordError(line(f"it is not TOML: {error}")) from error


def typed(value: object, kind: type[T]) -> T:
    """Read a record from plain values, as JSON or TOML give them; times are times already.

    Raises:
        RecordError: a field is missing or of another kind.
    """
    try:
        return msgspec.convert(value, kind, builtin_types=(date, datetime))
    except msgspec.ValidationError as error:
        raise RecordError(_told(str(error), value, kind)) from error
    except RecursionError:
        raise RecordError("it is nested too deeply to be a record") from None


def _told(said: str, value: object, kind: type) -> str:
    """What msgspec said, in our words: the field, what was expected, what came."""
    parts = PLACE.fullmatch(said)
    assert parts is not None
    what, path = parts["what"], parts["path"] or ""
    steps = [int(number) if number else name for name, number in STEP.findall(path)]
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", what):
        field = f"{path}.{missing[1]}" if path else missing[1]
        return line(f"{field}: missing")
    if bound := re.fullmatch(r"Expected `\w+` ([<>]=) (\S+)", what):
        wanted = f"{float(bound[2]):.15g} or {'more' if bound[1] == '>=' else 'less'}"
    elif what.startswith("Invalid enum value"):
        wanted = f"one of {', '.join(_options(kind, steps))}"
    elif expected := re.match(r"Expected `([\w| ]+)`", what):
        names = [expected[1]] if expected[1] in KINDS else expected[1].split(" | ")
        wanted = " or ".join(KINDS.get(name, name) for name in names)
    else:
        return line(f"{path}: {what}" if path else what)
    told = f"expected {wanted}"
    if "[...]" not in path:  # else under some key: msgspec does not say which
        told += f", got {_shown(_at(value, steps))}"
    return line(f"{path}: {told}" if path else told)


def _at(value: Any, steps: Sequence[int | str]) -> Any:
    """What stands at a place."""
    for step in steps:
        value = value[step]
    return value


def _shown(value: object) -> str:
    """A value as its file has it, if it is short and plain; else what kind of value it is."""
    if isinstance(value, dict):
        return KINDS["object"]
    if isinstance(value, list):
        return KINDS["array"]
    if value is None or isinstance(value, str | int | float):
        return line(json.dumps(value, ensure_ascii=False), LONGEST)
    return line(str(value), LONGEST)


def _options(kind: type, steps: Sequence[int | str]) -> list[str]:
    """The values that a place may hold, if it is one of a closed set."""
    info: Any = inspect.type_info(kind)
    for step in steps:
        if isinstance(step, int):
            info = info.item_type
        else:
            info = next(field.type for field in info.fields if field.name == step)
        if isinstance(info, inspect.UnionType):
            info = next(one for one in info.types if not isinstance(one, inspect.NoneType))
    values = info.cls if isinstance(info, inspect.EnumType) else info.values
    return [str(value.value if isinstance(value, Enum) else value) for value in values]
