"""Formulas as MathML, which browsers draw by themselves: no script, and nothing to fetch.

What a converter makes of a formula is no more trusted than the formula: of its tags and attributes
those below pass, one by one. Where another comes, the formula is shown as it was written.
"""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from itertools import accumulate
from typing import Any

from math_core import LatexError, LatexToMathML

from autograder.text import without_controls

MATHML = "http://www.w3.org/1998/Math/MathML"
TAGS = {
    *("math", "menclose", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded"),
    *("mprescripts", "mroot", "mrow", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup"),
    *("mtable", "mtd", "mtext", "mtr", "munder", "munderover"),
    *("b", "code", "em"),  # within text
}
SCRIPTS = ("msub", "msubsup", "msup")
_YES_OR_NO = re.compile("true|false")
_SHORT = re.compile(r"[0-9](\.[0-9]+)?(em|rem|ex)?")  # no space that would hide what follows
ATTRIBUTES = {
    **dict.fromkeys(("accent", "accentunder", "displaystyle", "stretchy", "symmetric"), _YES_OR_NO),
    **dict.fromkeys(("largeop", "movablelimits"), _YES_OR_NO),
    **dict.fromkeys(("linethickness", "lspace", "maxsize", "minsize", "rspace"), _SHORT),
    "display": re.compile("block"),
    "form": re.compile("prefix|infix|postfix"),
    "mathvariant": re.compile("normal"),
    "notation": re.compile("box"),
    "scriptlevel": re.compile("[0-3]"),
}
SPACE = {"width": _SHORT}  # of `mspace` alone: elsewhere it would let one thing lie on another
ALIGNED = re.compile("text-align: (left|right)")  # how the converter says it, in a `style`
INVISIBLE = frozenset("\u2061\u2062\u2063\u2064")  # operators that are read aloud

# The converter descends a level of the machine's own stack with each level of a formula. A level
# takes at least three characters, but for braces, and macros, which may be of any depth.
MAX_TEX = 2_000  # characters
MAX_DEPTH = 50  # of braces; of elements too, which a browser descends
ESCAPED = re.compile(r"\\.", re.DOTALL)
DEFINES = re.compile(r"\\([egx]?def|(future)?let|(new|provide|renew)(command|environment))\b")
MAX_EXPANSIONS = 100  # of macros that the converter brings

Token = dict[str, Any]  # as bleach hands them from filter to filter


@cache
def _converter() -> LatexToMathML:
    return LatexToMathML(fancy_error=False, max_expansions=MAX_EXPANSIONS)


def mathml(tex: str, block: bool) -> list[Token] | None:
    """A formula as the tokens of a `math` element, None where it is to be shown as it was written.

    Args:
        tex: without the signs around it.
        block: whether it stands on lines of its own.
    """
    if len(tex) > MAX_TEX or _depth(tex) > MAX_DEPTH or DEFINES.search(tex):
        return None
    reader = _Reader(tex)
    try:
        reader.feed(_converter().convert_with_local_state(tex, displaystyle=block))
        reader.close()
    except (LatexError, _Refused):
        return None
    except BaseException as error:  # what PyO3 makes of a panic is no `Exception`
        if type(error).__name__ != "PanicException":
            raise
        return None
    return reader.tokens if reader.says_something and not reader.open else None


def _depth(tex: str) -> int:
    steps = ((sign == "{") - (sign == "}") for sign in ESCAPED.sub("", tex))
    return max(accumulate(steps), default=0)


class _Refused(Exception):
    """In what the converter made stands what no formula needs."""


class _Reader(HTMLParser):
    """Takes apart what the converter made; what is put together of it is written anew."""

    def __init__(self, tex: str) -> None:
        super().__init__()
        self.tokens: list[Token] = []
        self.open: list[str] = []
        self.says_something = False
        self._tex = tex
        self._wrapped = False  # the operator that has begun, in a row of its own

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS or (tag == "math") != (not self.open) or len(self.open) == MAX_DEPTH:
            raise _Refused(tag)
        known = ATTRIBUTES | SPACE if tag == "mspace" else ATTRIBUTES
        kept = {
            name: value
            for name, value in attrs
            if value is not None and name in known and known[name].fullmatch(value)
        }
        if tag == "menclose" and "notation" not in kept:
            raise _Refused(tag)  # a line through it would be missing, and with it what it says
        if tag == "mtd" and (aligned := ALIGNED.match(dict(attrs).get("style") or "")):
            kept["columnalign"] = aligned[1]  # `mathjax.html.j2` gives it its look
        if tag == "math":
            kept["title"] = self._tex  # a name too, for what looks for one: in a table's header
            if "display" in kept:
                kept["tabindex"] = "0"  # it may be wider than the page
        if tag == "mo" and "minsize" in kept and self.open[-1] in SCRIPTS:
            self._begin("mrow", {})  # or else Chromium draws a bracket small and low
            self._wrapped = True
        self._begin(tag, kept)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1:] != [tag]:
            raise _Refused(tag)
        self._end()
        if tag == "mo" and self._wrapped:
            self._wrapped = False
            self._end()

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        self.open.append(tag)
        data = {(None, name): value for name, value in attributes.items()}
        self.tokens.append({"type": "StartTag", "name": tag, "namespace": MATHML, "data": data})

    def _end(self) -> None:
        tag = self.open.pop()
        self.tokens.append({"type": "EndTag", "name": tag, "namespace": MATHML, "data": {}})

    def handle_data(self, data: str) -> None:
        if not self.open:
            raise _Refused(data)
        text = data if data in INVISIBLE else without_controls(data)
        self.says_something = self.says_something or bool(text.strip())
        self.tokens.append({"type": "Characters", "data": text})
