"""What of a student's Markdown and outputs may stand in a page that others open.

nbconvert cleans outputs when asked to, but nbgrader's templates show Markdown cells as they are,
scripts included. `nbgrader_config.py` puts these filters in place of nbconvert's own.
"""

from __future__ import annotations

from functools import lru_cache

import bleach
from nbconvert.filters import Highlight2HTML, markdown2html
from pygments.token import STANDARD_TYPES

from autograder.text import CONTROLS, without_controls

TAGS = frozenset(bleach.ALLOWED_TAGS) | {
    *("br", "dd", "del", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img"),
    *("p", "pre", "s", "span", "sub", "sup"),
    *("table", "tbody", "td", "tfoot", "th", "thead", "tr"),
}
HIGHLIGHT = Highlight2HTML(pygments_lexer="ipython3")
PROTOCOLS = frozenset({"http", "https", "mailto", "data"})
# what nbconvert gives to headings and to code; with any other the page's own style could be
# borrowed, and a score painted that nobody gave
CLASSES = frozenset(STANDARD_TYPES.values()) | {"anchor-link", "highlight"}


def _keeps(tag: str, name: str, value: str) -> bool:
    """Whether an attribute stays: links lead to pages, pictures are in the page itself.

    A picture that is fetched from elsewhere would tell who looked, and when.
    """
    if tag == "img" and name == "src":
        return value.startswith("data:image/png;")
    if tag == "a" and name == "href":
        return not value.lower().lstrip().startswith("data:")
    if name == "class":
        return CLASSES.issuperset(value.split())
    return name in {"title", "alt"}


def safe_html(text: object) -> str:
    """HTML with nothing in it that runs; other tags are shown as text."""
    return bleach.clean(str(text), tags=TAGS, attributes=_keeps, protocols=PROTOCOLS)


def visible_code(source: str, language: str | None = None, metadata: object = None) -> str:
    """A code cell as HTML; what could reverse its text or hide in it is spelt out."""
    spelt = CONTROLS.sub(lambda match: ascii(match[0])[1:-1], source)
    highlighted: str = HIGHLIGHT(spelt, language, metadata)
    return highlighted


@lru_cache(maxsize=1000)  # most cells are the lesson's, the same for everyone
def safe_markdown(source: str) -> str:
    """A Markdown cell as HTML with nothing in it that runs."""
    return safe_html(markdown2html(without_controls(source)))
