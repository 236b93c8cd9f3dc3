"""Sentence pairs: how text is normalised, cut into words, glued back, read and written."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "«": '"', "»": '"'})

# french words that lose their last vowel before another vowel: each is a token of its own
ELIDED = r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)'"
TOKEN = re.compile(
    rf"""
      aujourd'hui                       # the one common word with an apostrophe inside
    | {ELIDED}                          # l' d' j' n' qu' ...
    | \d+(?:[.,:]\d+)+                  # 3,5  1.000  10:30
    | \w+(?:['-]\w+)*                   # words, inner hyphens and apostrophes kept: est-ce, don't
    | [^\w\s]                           # each punctuation mark alone
    """,
    re.VERBOSE,
)
ENDS_ELIDED = re.compile(rf"^{ELIDED}$")
GLUED_LEFT = frozenset(".,)]…%")
HIGH_MARKS = frozenset("?!;:")  # glued in english, set off by a space in french
GLUED_RIGHT = frozenset("([")


class Pair(NamedTuple):
    """An English sentence and its French translation, both normalised."""

    source: str
    target: str


class PairsError(ValueError):
    """A file of pairs that cannot be read; the message says where and what to do."""


def normalise(text: str) -> str:
    """Return `text` in NFC and lower case, with plain quotes and single plain spaces.

    >>> normalise("L’été\\u202f!")
    "l'été !"
    """
    plain = unicodedata.normalize("NFC", text).translate(QUOTES).lower()
    return " ".join(unicodedata.normalize("NFC", plain).split())


def tokenize(text: str) -> list[str]:
    """Cut `text`, normalised first, into words and punctuation marks.

    >>> tokenize("Est-ce qu'il n'aime pas l'été ?")
    ['est-ce', "qu'", 'il', "n'", 'aime', 'pas', "l'", 'été', '?']
    """
    return TOKEN.findall(normalise(text))


def detokenize(tokens: Sequence[str], language: str = "fr") -> str:
    """Glue `tokens` into a readable sentence; for the course's pairs the inverse of `tokenize`.

    `language` is "fr" (a space before ? ! ; :) or "en" (none).

    >>> detokenize(["est-ce", "qu'", "il", "vient", ",", "paul", "?"])
    "est-ce qu'il vient, paul ?"
    """
    if language not in ("fr", "en"):
        raise ValueError(f"language is {language!r}; expected 'fr' or 'en'")
    glued_left = GLUED_LEFT | HIGH_MARKS if language == "en" else GLUED_LEFT
    text = ""
    glue = True  # nothing stands before the first token
    for token in tokens:
        text += token if glue or token in glued_left else " " + token
        glue = token in GLUED_RIGHT or ENDS_ELIDED.match(token) is not None
    return text


def load_pairs(
    path: str | Path, *, max_length: int | None = None, limit: int | None = None
) -> list[Pair]:
    """Read pairs from a tab-separated UTF-8 file: source, target, and any columns after, ignored.

    This is the format of the sentence pairs of the Tatoeba project. Blank lines are skipped.
    `max_length` keeps the pairs with at most that many tokens on both sides; `limit` keeps the
    first that many of these.

    Raises PairsError, naming file and line, for bytes that are not UTF-8, a line without two
    columns, an empty side, or when no pair is left; FileNotFoundError as `open` does.
    """
    for name, value in (("max_length", max_length), ("limit", limit)):
        if value is not None and value < 1:
            raise ValueError(f"{name} is {value!r}; expected None or an integer of at least 1")
    pairs: list[Pair] = []
    for number, line in enumerate(Path(path).read_bytes().split(b"\n"), start=1):
        if limit is not None and len(pairs) == limit:
            break
        pair = _parse(line, f"{str(path)!r}, line {number}", first=number == 1)
        if pair is not None and (max_length is None or longest_side(pair) <= max_length):
            pairs.append(pair)
    if not pairs:
        within = "" if max_length is None else f" of at most {max_length} tokens a side"
        raise PairsError(
            f"{str(path)!r}: expected at least one pair{within}, found none; "
            "check that this is the right file" + (" or raise max_length" if within else "")
        )
    return pairs


def longest_side(pair: Pair) -> int:
    """Return the number of tokens of the longer side of `pair`."""
    return max(len(tokenize(pair.source)), len(tokenize(pair.target)))


def save_pairs(path: str | Path, pairs: Iterable[Pair]) -> None:
    """Write `pairs`, one a line, tab-separated, UTF-8, `\\n` line ends on every system.

    Raises PairsError, before the file is touched, for a side that is empty or holds a tab or
    line break.
    """
    lines = []
    for index, pair in enumerate(pairs):
        for name, side in zip(Pair._fields, pair, strict=True):
            if not side.strip() or "\t" in side or len(side.splitlines()) > 1:
                raise PairsError(
                    f"pair {index}: expected one line of text without tabs as {name}, "
                    f"got {side!r}; clean it with normalise()"
                )
        lines.append(f"{pair.source}\t{pair.target}\n")
    Path(path).write_bytes("".join(lines).encode("utf-8"))


def _parse(line: bytes, where: str, *, first: bool) -> Pair | None:
    """Return the pair on one line of a file, or None for a blank line."""
    try:
        text = line.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        raise PairsError(
            f"{where}: expected UTF-8 text, got the byte 0x{line[error.start]:02x} at column "
            f"{error.start + 1}; save the file as UTF-8"
        ) from None
    if not text.strip():
        return None
    columns = text.split("\t")
    if len(columns) < 2:
        raise PairsError(
            f"{where}: expected at least 2 columns separated by a tab (source, target), "
            f"got {len(columns)}: {_short(text)!r}; put a tab between the two sentences"
        )
    pair = Pair(normalise(columns[0]), normalise(columns[1]))
    for name, side in zip(Pair._fields, pair, strict=True):
        if not side:
            raise PairsError(
                f"{where}: expected a {name} sentence, got an empty column: {_short(text)!r}; "
                "fill it in or delete the line"
            )
    return pair


def _short(text: str, width: int = 60) -> str:
    """Return `text` cut to `width` characters, for a message."""
    text = text.rstrip("\r\n")
    return text if len(text) <= width else text[: width - 1] + "…"
