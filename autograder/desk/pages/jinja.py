"""Our own templates: what they are filled with is text, and shown as text."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.text import without_controls
from checks.verdicts import sign, words

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """Where templates are read from, with the filters that they use."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: without_controls(value) if type(value) is str else value,
    )
    made.filters |= {"percent": _percent, "number": _number, "points": points}
    made.filters |= {"code": with_code, "words": words, "sign": sign}
    return made


def with_code(text: str) -> Markup:
    """A sentence as HTML, with what stands between backticks as code."""
    html = str(escape(without_controls(text)))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", html))


def points(value: float) -> str:
    """Points as they are shown everywhere: two places at most."""
    return f"{round(value, 2):g}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}".replace("%", "\N{NO-BREAK SPACE}%")


def _number(value: float | None, places: int = 2) -> str:
    return "–" if value is None else f"{value:.{places}f}".replace("-", "\N{MINUS SIGN}")
