"""What may be said beside a hidden check: nothing that the submission chose.

A function sees the hidden inputs that it is called with; what it returns, down to a size or the
name of a type, could spell them out. So beside a hidden check a text holds the words and numbers of
whoever wrote the check, and what `own` and `number` let through; the plug-in replaces all else.
Beside a public check, whose inputs are known, anything may be quoted.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent
ANOTHER, WORD = "another number", "…"
TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*\d|\d")
DIGITS = 3  # of a number that is reported beside the mark
KNOWN_TYPES = frozenset(
    {"bool", "int", "float", "str", "dict", "set", "bytes", "range", "map", "zip", "filter"}
    | {"generator", "function", "builtin_function_or_method", "method", "type", "ndarray", "deque"}
    | {"PackedSequence", "Embedding", "Linear", "LSTM", "Dropout", "Categorical"}
)

_own: ContextVar[set[str] | None] = ContextVar("own", default=None)


@contextmanager
def closing(hidden: bool) -> Iterator[set[str]]:
    """Within this, what `own` is given is put into the set, if a hidden check runs."""
    said = set[str]()
    token = _own.set(said if hidden else None)
    try:
        yield said
    finally:
        _own.reset(token)


def is_hidden() -> bool:
    """Whether a hidden check runs."""
    return _own.get() is not None


def own(value: object) -> str:
    """A value that the check chose, or one of few: as text that may stand beside it."""
    text, said = str(value), _own.get()
    if said is not None:
        said.add(text)
    return text


def number(value: float, *known: float) -> str:
    """A number that the submission chose: beside a hidden check only if it is one of few."""
    return own(value) if not is_hidden() or value in known else ANOTHER


def counted(count: int, things: str, *known: int) -> str:
    """So many things, as `number` tells it: "3 entries", "another number of entries"."""
    said = number(count, *known)
    return f"{said} of {things}" if said == ANOTHER else f"{said} {things}"


def shape(sizes: Sequence[int], wanted: Sequence[int]) -> str:
    """A shape that the submission chose: beside a hidden check how it differs from another one."""
    sizes, wanted = tuple(sizes), tuple(wanted)
    if not is_hidden() or sorted(sizes) == sorted(wanted):
        return own(sizes)
    if len(sizes) != len(wanted):
        return f"one of {dimensions(len(sizes))}"
    apart = [place for place, size in enumerate(wanted) if sizes[place] != size]
    if len(apart) > 1:
        return "other sizes"
    place = apart[0]
    size, due = sizes[place], wanted[place]
    how = {due - 1: "one too small", due + 1: "one too large", 2 * due: "twice as large"}
    return f"another one: dimension {own(place)} is {how.get(size, 'of another size')}"


def dimensions(count: int) -> str:
    """A number of dimensions."""
    return f"{own(count)} dimensions" if count <= 4 or not is_hidden() else "many dimensions"


def type_name(name: str) -> str:
    """The name of a type, in words."""
    if not is_hidden() or name in KNOWN_TYPES:
        return f"a value of type {own(repr(name))}"
    return "a value of another type"


@dataclass(frozen=True)
class Texts:
    """What authors wrote: their words, and their numbers with the word before or after."""

    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]


@cache
def texts(folder: Path) -> Texts:
    """All that stands in strings of the Python files in a folder."""
    words, pairs = set[str](), set[tuple[str, str]]()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), file.name)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                tokens = TOKEN.findall(node.value)
                words.update(token for token in tokens if not token[0].isdigit())
                pairs.update(two for two in pairwise(tokens) if any(t[0].isdigit() for t in two))
    return Texts(frozenset(words), frozenset(pairs))


class Written:
    """What the authors of some folders wrote: read when it is asked for, which costs 0.7 s."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    @cached_property
    def words(self) -> frozenset[str]:
        """As in `Texts`."""
        return frozenset().union(*(texts(folder).words for folder in self._folders))

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """As in `Texts`."""
        return frozenset().union(*(texts(folder).pairs for folder in self._folders))


@cache
def written_in(file: Path) -> Written:
    """What the authors of a hidden check wrote: in its assignment's folder, and in this package."""
    folder = file.resolve().parent
    within = (folder.parent / "__init__.py").is_file()
    return Written(folder.parent if within else folder, PACKAGE)


def closed(text: str, said: set[str], authors: Written) -> str:
    """A text without what neither its authors wrote nor `own` let through."""
    if not text:
        return text
    longest = sorted(filter(None, said), key=len, reverse=True)
    pattern = "|".join(map(re.escape, longest)) or "(?!)"
    parts = re.split(rf"(?<!\w)({pattern})(?!\w)", text)  # every other one was let through
    parts[::2] = [_closed(part, authors) for part in parts[::2]]
    return "".join(parts)


def _closed(text: str, authors: Written) -> str:
    tokens = list(TOKEN.finditer(text))
    words = ["", *(token[0] for token in tokens), ""]
    made, end = [], 0
    for place, token in enumerate(tokens, 1):
        word = words[place]
        if word[0].isdigit():
            near = {(words[place - 1], word), (word, words[place + 1])}
            shown = word if near & authors.pairs else ANOTHER
        else:
            shown = word if word in authors.words else WORD
        made += [text[end : token.start()], shown]
        end = token.end()
    return "".join([*made, text[end:]])


def reported(value: Any, said: set[str], authors: Written) -> Any:
    """What a hidden check reports beside the mark: few digits, and no other words."""
    if isinstance(value, str):
        return closed(value, said, authors)
    if type(value) in (int, float) and math.isfinite(value):
        return type(value)(float(f"{value:.{DIGITS}g}"))
    if isinstance(value, list | tuple):
        return [reported(part, said, authors) for part in value]
    if isinstance(value, dict):
        return {name: reported(part, said, authors) for name, part in value.items()}
    return value
