"""What of a submission may stand in a page that others open, and how it is told from the grader's.

nbconvert cleans outputs when asked to, but nbgrader's templates show Markdown cells as they are,
scripts included. `nbgrader_config.py` puts these filters in place of nbconvert's own, and `Framed`
before them: it puts all that a student handed in into frames, of which nothing gets out.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from html import escape
from typing import Any

import bleach
import nbformat
from bleach.html5lib_shim import Filter
from jinja2 import FileSystemLoader
from nbconvert.exporters import TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from autograder.notebook.budget import Room, Spent, processor_limit
from autograder.notebook.outputs import ATTACHED, with_pictures
from autograder.notebook.repair import GIVEN
from autograder.text import CONTROLS, without_controls

from .formulas import Token, mathml
from .jinja import TEMPLATES

TAGS = frozenset(bleach.ALLOWED_TAGS) | {
    *("br", "dd", "del", "details", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *("img", "p", "pre", "s", "span", "sub", "summary", "sup"),
    *("table", "tbody", "td", "tfoot", "th", "thead", "tr"),
}
HIGHLIGHT = Highlight2HTML(pygments_lexer="ipython3")
SHOWN = "shown"  # the scheme of a picture or formula that the page holds: `shown:0`
PROTOCOLS = frozenset({"http", "https", "mailto", SHOWN})
PAGE_SECONDS = 10.0  # of processor time; what is not ready by then is shown as it was written
# characters of one cell, and of all, that are shown as more than text: where there are more, the
# libraries that do it take the square of that, and a browser as long
MAX_RICH, MAX_RICH_PAGE = 20_000, 100_000
# within these, each of Pygments' expressions looks ahead from every character
RUNS = re.compile(r"\s{300}|[\w.*]{300}")

FRAME = (
    '<div{} style="border: 1px solid #999; border-left-width: 6px; padding: 0.4em 0.8em; '
    'overflow: auto; contain: paint; isolation: isolate">'
    '<div style="opacity: 0.8; font: 11px sans-serif">handed in; nothing in this frame is said by '
    "the grader</div>{}</div>"
)
PLAIN = '<pre tabindex="0">{}</pre>'  # which the keyboard can scroll


class Ours(str):
    """HTML made here, which needs no cleaning."""


def _framed(html: str) -> Ours:
    """Clean HTML in the frame; the keyboard can scroll a formula that is wider than it."""
    reached = "<math" not in html or 'tabindex="0"' in html
    return Ours(FRAME.format("" if reached else ' tabindex="0"', html))


def _keeps(tag: str, name: str, value: str) -> bool:
    """Whether an attribute stays: links lead to pages, pictures are in the page itself.

    A picture that is fetched from elsewhere would tell who looked, and when. With a class or a
    style a score could be painted that nobody gave.
    """
    if tag == "img" and name == "src":
        return value.startswith(f"{SHOWN}:")
    if tag == "a" and name == "href":
        return not value.lower().lstrip().startswith(SHOWN)
    return name in {"title", "alt"}


class _Reachable(Filter):
    """Lets the keyboard scroll what may be wider than the page; an empty header is a plain cell."""

    def __iter__(self) -> Iterator[Token]:
        header = None  # one that has just begun
        for token in super().__iter__():
            kind, name = token["type"], token.get("name")
            if header is not None:
                if (kind, name) == ("EndTag", "th"):
                    header["name"] = token["name"] = "td"
                yield header
                header = None
            if (kind, name) == ("StartTag", "th"):
                header = token
                continue
            if kind == "StartTag" and name in ("pre", "table"):
                token["data"][(None, "tabindex")] = "0"
            yield token


class _Shown(Filter):
    """Puts pictures where a cleaned text names them, as long as there is room, and formulas."""

    def __init__(self, source: Any, known: Sequence[str | list[Token]], room: Room) -> None:
        super().__init__(source)
        self._known = {f"{SHOWN}:{number}": one for number, one in enumerate(known)}
        self._room = room

    def __iter__(self) -> Iterator[Token]:
        for token in super().__iter__():
            if token["type"] in ("StartTag", "EmptyTag") and token["name"] == "img":
                source = token["data"].get((None, "src"), "")
                known = self._known.get(source, "")
                if not isinstance(known, str):
                    self._known[source] = ""  # a page grows with what was written
                    yield from known
                    continue
                if source:
                    token["data"][None, "src"] = self._picture(known)
            yield token

    def _picture(self, data: str) -> str:
        return _data_of(data) if data and self._room.picture(len(data), 0) else "#left-out"


def _data_of(picture: str) -> str:
    return f"data:image/png;base64,{picture}"


def safe_html(text: object) -> str:
    """HTML with nothing in it that runs, or looks like more than text; other tags become text."""
    return str(text) if isinstance(text, Ours) else _cleaned(str(text), [], Room())


def _cleaned(html: str, shown: Sequence[str | list[Token]], room: Room) -> str:
    filters = [partial(_Shown, known=shown, room=room), _Reachable]
    cleaner = bleach.Cleaner(TAGS, _keeps, PROTOCOLS, filters=filters)
    return cleaner.clean(html)


def visible_code(source: str, language: str | None = None, metadata: object = None) -> str:
    """A code cell as HTML; what could reverse its text or hide in it is spelt out."""
    if isinstance(source, Ours):
        return str(source)
    highlighted: str = HIGHLIGHT(_spelt(source), language, metadata)
    return highlighted


def _spelt(source: str) -> str:
    return CONTROLS.sub(lambda match: ascii(match[0])[1:-1], source)


def safe_markdown(source: str) -> str:
    """A Markdown cell as HTML with nothing in it that runs."""
    return str(source) if isinstance(source, Ours) else _given_markdown(source)


@lru_cache(maxsize=1000)  # most cells are the lesson's, the same for everyone
def _given_markdown(source: str) -> str:
    room = Room()
    return _markdown(*with_pictures(source, {}, room), room)


def _markdown(source: str, attachments: dict[str, dict[str, str]], room: Room) -> str:
    """Markdown as clean HTML, with the pictures that are attached to it."""
    names = list(attachments)

    def place(found: Any) -> str:
        name = found["name"]
        return f"{SHOWN}:{names.index(name)}" if name in attachments else "#attachment-left-out"

    text = ATTACHED.sub(place, without_controls(source))
    renderer = _Renderer([attachments[name].get("image/png", "") for name in names])
    return _cleaned(MarkdownWithMath(renderer=renderer).render(text), renderer.shown, room)


class _Renderer(IPythonRenderer):
    """Markdown with a place for each formula: what cleans the text lets no formula through."""

    def __init__(self, pictures: list[str]) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self.shown: list[str | list[Token]] = [*pictures]

    def inline_math(self, body: str) -> str:
        return self._formula(body, False) or super().inline_math(body)

    def block_math(self, body: str) -> str:
        return self._formula(body, True) or super().block_math(body)

    def latex_environment(self, name: str, body: str) -> str:
        tex = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return self._formula(tex, True) or super().latex_environment(name, body)

    def _formula(self, tex: str, block: bool) -> str:
        made = mathml(tex, block)
        if made is None:
            return ""
        self.shown.append(made)
        return f'<img src="{SHOWN}:{len(self.shown) - 1}">'


class Framed(Preprocessor):
    """First of a page's preprocessors: frames what was handed in, within a budget."""

    def __init__(self, **settings: Any) -> None:
        """Put our templates before those of the same names that load from foreign hosts."""
        super().__init__(**settings)
        if isinstance(self.parent, TemplateExporter):
            self.parent.extra_loaders = [FileSystemLoader(TEMPLATES), *self.parent.extra_loaders]

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Put HTML in the place of sources and outputs that are the student's."""
        page = _Page()
        for cell in nb.cells:
            page.frame(cell)
        return nb, resources


class _Page:
    """What a page may still hold of a submission."""

    def __init__(self) -> None:
        self._seconds = PAGE_SECONDS
        self._rich = MAX_RICH_PAGE
        self._room = Room()

    def frame(self, cell: NotebookNode) -> None:
        """Frame what of a cell is the student's; all is that nobody else is known to have made."""
        terms = cell.metadata.get("nbgrader", {})
        if terms.get("grade") and not terms.get("solution"):
            return  # a check, and the judge's verdict below it
        if not cell.metadata.get(GIVEN):
            html = self._within_time(cell) or PLAIN.format(escape(_spelt(cell.source)))
            cell.pop("attachments", None)
            if cell.source.strip():
                cell.source = _framed(html)
        if cell.get("outputs"):
            inside = "".join(map(self._output, cell.outputs))
            data = {"text/html": _framed(inside)}
            cell.outputs = [nbformat.v4.new_output("display_data", data)]

    def _within_time(self, cell: NotebookNode) -> str:
        """A source as HTML that is more than text, "" where that would take too long."""
        size = len(cell.source)
        if size > min(MAX_RICH, self._rich) or self._seconds <= 0 or RUNS.search(cell.source):
            return ""
        self._rich -= size
        before = time.process_time()
        try:
            with processor_limit(self._seconds):
                if cell.cell_type == "code":
                    return visible_code(cell.source)
                return _markdown(cell.source, cell.get("attachments", {}), self._room)
        except (Spent, RecursionError):
            return ""
        finally:
            self._seconds -= time.process_time() - before

    def _output(self, output: NotebookNode) -> str:
        data = output.get("data", {})
        picture = data.get("image/png", "")
        if picture and self._room.picture(len(picture), 0):
            return f'<div><img alt="a plot" src="{escape(_data_of(picture))}"></div>'
        text = output.get("text") or data.get("text/plain") or ""
        return PLAIN.format(escape(without_controls(text))) if text else ""
