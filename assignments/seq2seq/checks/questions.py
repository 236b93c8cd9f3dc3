"""Questions to answer before something is run: an answer is told at once whether it is right.

The answers that are expected lie in the assignment's folder, veiled: whoever looks there finds
neither which answer is right nor why. The key to what is said of an answer is that answer.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from .feedback import GREEN, GREY
from .printable import printable

FILE = "questions.json"  # in the folder of an assignment's checks, as it is handed out
FOLDER = Path(__file__).resolve().parent
RIGHT, WRONG = "+", "-"  # the first sign of what is said of an answer
AMBER = "#a15c00"
ANY_OTHER = ""  # stands for all answers that nothing is said of


@dataclass(frozen=True)
class Reply:
    """What is said of an answer. `right` is None where there was no answer to judge."""

    right: bool | None
    words: str

    @property
    def text(self) -> str:
        """It as text."""
        return {True: "✓ Right. ", False: "✗ Not yet. ", None: "? "}[self.right] + self.words

    @property
    def html(self) -> str:
        """It as a small page, in the colours of the page around it."""
        colour = {True: GREEN, False: AMBER, None: GREY}[self.right]
        style = f"border-left:.25em solid {colour};padding:.1em .8em;line-height:1.5"
        sign, _, rest = self.text.partition(" ")
        return f'<div style="{style}"><b>{sign}</b> {escape(rest)}</div>'

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:  # IPython's name
        return {"text/plain": printable(self.text), "text/html": self.html}

    def __repr__(self) -> str:
        return printable(self.text)


def reply(question: str, answer: object, folder: Path | None = None) -> Reply:
    """Say whether an answer is right, and why; never raises, so that *Run all* goes on.

    Args:
        question: the question's key, as the notebook's cell gives it.
        answer: a number, or the letter of a choice; `...` where there is none yet.
        folder: where the questions lie; None is the assignment handed out with this package.
    """
    places = list((folder or FOLDER).glob(FILE if folder else f"*/{FILE}"))
    if len(places) != 1:
        return Reply(None, "The questions are not here: open the notebook in its whole folder.")
    asked = json.loads(places[0].read_text(encoding="utf-8"))
    if question not in asked:
        return Reply(None, f"There is no question {question!r}; there are {', '.join(asked)}.")
    entry = asked[question]
    kind = f"one of {', '.join(map(repr, entry['choices']))}" if entry["choices"] else "a number"
    if answer is ...:
        return Reply(None, f"Put your answer where the three dots are: {kind}.")
    said = normal(answer, entry["choices"], entry["decimals"])
    if said is None:
        return Reply(None, f"The answer is {kind}, without more words.")
    for given in (said, ANY_OTHER):
        veiled = entry["said"].get(mark(question, given))
        if veiled is not None:
            words = unveil(veiled, question, given)
            return Reply(words[0] == RIGHT, words[1:])
    raise AssertionError(f"nothing is said of {question!r}")  # the release writes ANY_OTHER


def normal(answer: object, choices: list[str], decimals: int) -> str | None:
    """An answer in the one form in which it is compared, None if it is of another kind."""
    if choices:
        letter = str(answer).strip(" .()\"'").casefold()
        return letter if letter in choices else None
    given: Any = answer
    if isinstance(answer, str):
        given = answer.strip().replace(",", ".").replace("−", "-")
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None
    return f"{round(number, decimals) + 0.0:.{decimals}f}"  # + 0.0: there is no minus zero


def mark(question: str, answer: str) -> str:
    """What an answer is found by."""
    return hashlib.sha256(f"mark of {question}: {answer}".encode()).hexdigest()[:16]


def veil(words: str, question: str, answer: str, width: int = 0) -> str:
    """Words, filled up to so many bytes, that can be read by whoever has the answer."""
    plain = words.encode().ljust(width)
    return base64.b64encode(_mixed(plain, question, answer)).decode()


def unveil(veiled: str, question: str, answer: str) -> str:
    """The words that were veiled with this answer."""
    return _mixed(base64.b64decode(veiled), question, answer).decode().rstrip()


def _mixed(data: bytes, question: str, answer: str) -> bytes:
    key = hashlib.shake_256(f"key of {question}: {answer}".encode()).digest(len(data))
    return bytes(a ^ b for a, b in zip(data, key, strict=True))
