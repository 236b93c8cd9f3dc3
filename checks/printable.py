"""A terminal that has no sign for all that is printed: it is shown others, and nothing fails."""

from __future__ import annotations

import codecs
import sys
from typing import Any

# what else says the same
SIGNS = {"✓": "+", "✗": "x", "–": "-", "—": "-", "→": "->", "·": "*", "×": "x", "…": "..."}
SIGNS |= {"’": "'", "‘": "'", "“": '"', "”": '"', "≤": "<=", "≥": ">=", "−": "-", "≠": "!="}
NAME = "readable"  # as an `errors` argument


def readable(error: UnicodeError) -> tuple[str, int]:
    """Stand in for what an encoding has no sign for."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unknown = error.object[error.start : error.end]
    return "".join(SIGNS.get(sign, "?") for sign in unknown), error.end


codecs.register_error(NAME, readable)


def printable(text: str, stream: Any = None) -> str:
    """The text as a stream can show it (standard output, if none is given)."""
    encoding = getattr(sys.stdout if stream is None else stream, "encoding", None) or "utf-8"
    return text.encode(encoding, NAME).decode(encoding)


def print_any_sign() -> None:
    """From here on, no sign that this process prints raises `UnicodeEncodeError`."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a notebook's has none, and prints everything
            reconfigure(errors=NAME)
