"""Formulas in pages: drawn by the browser itself, and no way in for anything else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.assignment import ROOT
from autograder.desk.pages import formulas
from autograder.desk.pages.formulas import ATTRIBUTES, INVISIBLE, MAX_DEPTH, MAX_TEX, TAGS
from autograder.desk.pages.page import safe_markdown
from autograder.text import CONTROLS

LESSONS = sorted(ROOT.glob("assignments/*/*.ipynb"))
FORMULA = re.compile(r"\$\$.+?\$\$|\$.+?\$", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def drawn(source: str) -> BeautifulSoup:
    """A Markdown text as it stands in a page."""
    return BeautifulSoup(safe_markdown(source), "html.parser")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_formula_of_a_lesson_is_drawn(lesson: Path) -> None:
    cells = nbformat.read(lesson, as_version=4).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert any("$$" in text for text in texts)
    for text in texts:
        page = drawn(text)
        maths = page.find_all("math")
        written = FORMULA.findall(CODE.sub("", text))
        assert [one["title"] for one in maths] == [one.strip("$") for one in written]
        assert [one.get("display") == "block" for one in maths] == [
            one.startswith("$$") for one in written
        ]
        for code in page.find_all(["code", "pre"]):
            code.decompose()
        assert not {"$", "\\"} & set(page.get_text())


@pytest.mark.parametrize(
    ("source", "block"),
    [
        ("so $x^2$ is", False),
        (r"so \\(x^2\\) is", False),
        ("$$\nx^2\n$$", True),
        (r"\\[x^2\\]", True),
        ("\\begin{equation*}\nx^2\n\\end{equation*}", True),
        ("| a |\n|---|\n| $x^2$ |", False),
        ("- > **so** $x^2$", False),
        ("# $x^2$", False),
    ],
)
def test_what_jupyter_takes_for_a_formula_is_one(source: str, block: bool) -> None:
    (math,) = drawn(source).find_all("math")
    assert (math.get("display") == "block") is block
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in str(math)


def test_a_large_bracket_with_an_index_has_a_row_of_its_own() -> None:
    """Or else Chromium draws it small, and too low."""
    html = safe_markdown(r"$\big( x \big)_y$")
    assert re.search(r"<math[^>]*><mo [^>]*>\(</mo><mi>x</mi><msub><mrow><mo ", html)


def test_a_formula_tells_how_it_was_written() -> None:
    """Under the pointer; and to what looks for a name where nothing but a formula stands."""
    (math,) = drawn(r'$a < "b"$').find_all("math")
    assert math["title"] == 'a < "b"'


def test_columns_stand_where_the_formula_says() -> None:
    html = drawn(r"$$\begin{aligned} a &= b \\ c &= d \end{aligned}$$")
    sides = [cell.get("columnalign") for cell in html.find_all("mtd")]
    assert sides == ["right", "left"] * 2


def test_the_keyboard_reaches_a_formula_that_may_be_wider_than_the_page() -> None:
    assert safe_markdown("$$x$$").count('tabindex="0"') == 1
    assert "tabindex" not in safe_markdown("$x$")


DEEP = "{" * (MAX_DEPTH + 1) + "x" + "}" * (MAX_DEPTH + 1)


@pytest.mark.parametrize(
    "tex",
    [
        r"\unheardof{x}",
        r"\frac{1}{",
        r"\left( x",
        "a & b",
        r"\def\a{x}\a",
        r"\newcommand{\a}{\a\a}\a",
        r"\href{https://example.org}{x}",
        r"\cancel{x}",
        r"\phantom{x}",
        r"^\operatorname{<script>}",
        r"^\operatorname{<mi>}",
        r"\text{<b>}^\operatorname{</mo>}",
        DEEP,
        r"\sqrt " * MAX_DEPTH + "x",
        "x" * (MAX_TEX + 1),
        "{" * 100_000,
        "~",
    ],
    ids=lambda tex: tex[:20],
)
@pytest.mark.parametrize("sign", ["$", "$$"])
def test_what_cannot_be_drawn_is_shown_as_it_was_written(tex: str, sign: str) -> None:
    page = drawn(f"{sign}{tex}{sign}")
    assert not page.find_all("math")
    assert page.get_text().strip() == f"{sign}{tex}{sign}"


def test_what_the_converter_breaks_at_is_shown_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class PanicException(BaseException):
        """As PyO3 calls what becomes of a panic."""

    class Broken:
        def convert_with_local_state(self, tex: str, *, displaystyle: bool) -> str:
            raise PanicException

    monkeypatch.setattr(formulas, "_converter", Broken)
    assert drawn("$x$ of *this* test").get_text() == "$x$ of this test\n"


PARTS = st.one_of(
    st.sampled_from([*"{}^_&$'<>\"[]()|%#~ \u202e\u200b\x07"]),
    st.sampled_from(["<script>", "</math>", "<!--", "]]>", "<b style='x'>", "&lt;", "&#x202e;"]),
    st.sampled_from(
        [r"\\", r"\left", r"\right", r"\frac", r"\sqrt", r"\text{", r"\mathrm", r"\not"]
    ),
    st.sampled_from([r"\operatorname{", r"\color{red}", r"\href{x}{y}", r"\hat", r"\hspace{-9em}"]),
    st.sampled_from([r"\begin{aligned}", r"\end{aligned}", r"\begin{array}{c|c}", r"\end{array}"]),
    st.sampled_from([r"\label{x}", r"\tag{1}", r"\class{a}{b}", r"\style{color:red}{b}", r"\over"]),
    st.sampled_from([r"\unicode{x202e}", r"\char8238", r"\boxed{", r"\big", r"\rule{9em}{9em}"]),
    st.text(max_size=3),
)


VALUE = re.compile(r"[a-z]+|[0-9](\.[0-9]+)?(em|rem|ex)?")  # a word, or a space that hides nothing
LOOKS = ("class", "id", "name", "style")


@given(st.lists(PARTS, max_size=25).map("".join), st.sampled_from(["$", "$$"]))
@example(r"^\operatorname{<mi onclick=x>}", "$")
@example(r"\hspace{9999em}\mathrm{x}\hspace{-3em}y", "$")
def test_nothing_gets_into_a_page_with_a_formula(tex: str, sign: str) -> None:
    page = drawn(f"before {sign}{tex}{sign} after")
    for math in page.find_all("math"):
        for one in [math, *math.find_all(True)]:
            said = {name: value for name, value in one.attrs.items() if name != "title"}
            assert one.name in TAGS
            assert set(said) <= {*ATTRIBUTES, "width", "columnalign", "tabindex"}
            assert all(VALUE.fullmatch(str(value)) for value in said.values())
        assert not set(CONTROLS.findall(math.get_text())) - INVISIBLE
    for one in page.find_all(True):
        assert one.name not in ("script", "style", "iframe", "object")
        assert not {name for name in one.attrs if name in LOOKS or name.startswith("on")}


def test_a_formula_is_drawn_where_it_was_written_and_nowhere_else() -> None:
    page = drawn('$x$ <img src="shown:0"> ![y](shown:0) <img src="shown:7">')
    assert len(page.find_all("math")) == 1
    assert "data:" not in str(page)


@pytest.mark.parametrize("tex", ["'" * 1_500, r"\dots" * 400, r"\big(" * 400, "x," * 900])
def test_a_page_grows_no_faster_than_what_was_written(tex: str) -> None:
    assert len(str(drawn(f"${tex}$"))) < 100 * len(tex)


OPENING = ["{", "x^{", "_{", r"\frac1{", r"\sqrt", r"\hat ", r"\bar{", r"\not", r"\left(", r"\bm"]
OPENING += [r"\begin{matrix}", r"\sqrt[", r"\mathrm{", r"\text{", r"{\rm", r"\over ", r"\sum_", "^"]
CHILD = """
import sys, resource
from autograder.desk.pages.formulas import mathml
for tex in sys.stdin.read().split("\\0"):
    mathml(tex, True)
print("survived")
"""


def test_no_formula_overruns_the_stack() -> None:
    """The converter's stack is the machine's: overrun, it ends the process, and all its pages."""
    texts = [one * (MAX_TEX // len(one)) for one in OPENING]
    texts += ["{" * MAX_DEPTH + one.replace("{", "") * (MAX_TEX // len(one)) for one in OPENING]
    texts += [text[: MAX_TEX - MAX_DEPTH] + "}" * MAX_DEPTH for text in texts]
    shell = 'ulimit -s 2048; exec "$0" -c "$1"'  # a quarter of what is usual
    done = subprocess.run(
        ["bash", "-c", shell, sys.executable, CHILD],
        input="\0".join(texts),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.stdout == "survived\n", done.stderr
