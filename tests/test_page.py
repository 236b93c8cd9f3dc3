"""What of a submission stands in a page that others open."""

from __future__ import annotations

import base64
import io
import re
import time
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader.server_extensions import formgrader
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from traitlets.config.loader import PyFileConfigLoader

from autograder.assignment import ROOT
from autograder.desk.pages import page
from autograder.desk.pages.page import (
    MAX_RICH,
    MAX_RICH_PAGE,
    Framed,
    safe_html,
    safe_markdown,
    visible_code,
)
from autograder.notebook.pictures import NOT_SHOWN, SIDE, redraw
from autograder.notebook.reader import parse
from autograder.notebook.repair import repair
from autograder.text import CONTROLS

from .notebooks import code_cell, handed_in, small_release

SIGN = "nothing in this frame is said by the grader"


def text_of(html: str) -> str:
    """What a reader sees."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def framed(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells as a page gets them: read, repaired, drawn anew and framed."""
    read = repair(parse(nbformat.writes(notebook).encode()), small_release()).notebook
    redraw(read)
    return list(Framed().preprocess(read, {})[0].cells)


def answered(source: str, **attachments: str) -> str:
    """A written answer as it stands in a page."""
    notebook = handed_in()
    notebook.cells[5].source = source
    pictures = {name: {"image/png": data} for name, data in attachments.items()}
    if pictures:
        notebook.cells[5]["attachments"] = pictures
    return safe_markdown(framed(notebook)[5].source)


def picture(width: int = 30, height: int = 20, **terms: Any) -> str:
    """A real PNG, as notebooks hold it."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, "PNG", **terms)
    return base64.b64encode(file.getvalue()).decode()


def test_a_character_that_reverses_code_is_spelt_out() -> None:
    html = visible_code('access = "user\u202e"  # \u2066admin')
    assert "\u202e" not in html
    assert r'"user\u202e"' in text_of(html)
    assert r"# \u2066admin" in text_of(html)


@given(st.text(max_size=80))
def test_no_code_reaches_the_page_with_a_hidden_character(code: str) -> None:
    assert not CONTROLS.search(visible_code(code))


def test_code_is_shown_as_it_is_written() -> None:
    code = "class Encoder:\n    size = 1 < 2 and '<b>'  # é"
    assert text_of(visible_code(code)).strip() == code


LOOKS = (
    '<div class="panel panel-primary" id="score"><div class="panel-heading">{}</div></div>',
    '<span class="k" style="position: fixed; top: 0">{}</span>',
    '<a name="top" id="comment-answer" class="anchor-link">{}</a>',
    "# {}\n",
    "| {} |\n|---|\n",
    "</div></div></pre></td></tr></table></div>{}",
    "<!--\n{}",
    "```\n{}",
    "<h4>{}</h4><table><tr><td>",
    "</textarea></select></template></title>{}",
    "![x](attachment:a 'b\"></div>{}')",
)


@pytest.mark.parametrize("look", LOOKS)
def test_a_score_that_nobody_gave_stays_in_its_frame(look: str) -> None:
    """Whatever it looks like: the frame is the page's, and nothing gets out of it."""
    score = "Score: 100.0 / 100.0"
    html = f"<main>{answered(look.format(score))}</main>"
    soup = BeautifulSoup(html, "html.parser")
    (frame,) = soup.find_all(recursive=False)[0].find_all(recursive=False)
    assert SIGN in frame.find_all("div")[0].get_text()
    said = frame.get_text()
    assert score in said or "100.0" not in soup.get_text()
    for one in frame.find_all(True)[1:]:  # after the sign
        assert not {"class", "id", "name", "style"} & set(one.attrs)


@pytest.mark.parametrize("look", LOOKS)
def test_what_no_frame_was_put_around_borrows_no_look_either(look: str) -> None:
    for html in (safe_markdown(look.format("100")), safe_html(look.format("100"))):
        for one in BeautifulSoup(html, "html.parser").find_all(True):
            assert not {"class", "id", "name", "style"} & set(one.attrs)


def test_what_was_handed_out_and_what_the_judge_says_have_no_frame() -> None:
    notebook = repair(handed_in(), small_release()).notebook
    notebook.cells[3].outputs = [
        nbformat.v4.new_output("execute_result", {"text/html": "<b>5 of 5</b>"})
    ]
    cells = Framed().preprocess(notebook, {})[0].cells
    given, setup, answer, check, own, written = (str(cell) for cell in cells)
    assert not any(SIGN in text for text in (given, setup, check))
    assert all(SIGN in text for text in (answer, written))
    assert SIGN not in own  # the lesson's own, which nobody changed


def test_a_given_text_that_was_changed_is_framed() -> None:
    notebook = handed_in()
    notebook.cells[0].source += "\n\nScore: 100"
    assert SIGN in framed(notebook)[0].source


@pytest.mark.parametrize("place", [1, 2, 4])
def test_outputs_are_framed_but_those_of_checks(place: int) -> None:
    notebook = handed_in()
    says = nbformat.v4.new_output("stream", name="stdout", text="<b>Score: 100</b>")
    plot = nbformat.v4.new_output("display_data", {"image/png": picture()})
    notebook.cells[place].outputs = notebook.cells[3].outputs = [says, plot]
    cells = framed(notebook)
    (output,) = cells[place].outputs
    html = safe_html(output.data["text/html"])
    assert SIGN in html
    assert page.PLAIN.format("&lt;b&gt;Score: 100&lt;/b&gt;") in html
    assert 'src="data:image/png;base64,' in html
    assert cells[3].outputs == []


def test_the_keyboard_reaches_what_may_be_wider_than_the_page() -> None:
    html = safe_markdown("|  | a |\n|--|---|\n| x | y |\n\n```\ncode\n```")
    assert '<table tabindex="0">' in html
    assert '<pre tabindex="0">' in html
    assert "<td></td>\n  <th>a</th>" in html  # a header that says nothing is none
    assert safe_html('<p title="<pre>" tabindex="7">x</p>').count("tabindex") == 0
    for answer in ("a $x$", "a $$x$$"):  # either may be as wide as it will
        assert answered(answer).count('tabindex="0"') == 1
    assert "tabindex" not in answered("a")


def test_no_submission_can_say_that_it_was_given() -> None:
    notebook = handed_in()
    for cell in notebook.cells:
        cell.metadata["given"] = True
        cell.source += "\n\nScore: 100"
    assert [SIGN in cell.source for cell in framed(notebook)] == [1, 0, 1, 0, 1, 1]


def test_a_picture_in_an_answer_is_drawn_anew_and_shown() -> None:
    secret = "unseen-by-anybody"
    info = PngInfo()
    info.add_text("Comment", secret)
    data = picture(pnginfo=info) + "AAAA"
    for html in (
        answered("![a](attachment:a.png)", **{"a.png": data}),
        answered('<img src="attachment:a.png">', **{"a.png": data}),
        answered(f"![a](data:image/png;base64,{data})"),
    ):
        (shown,) = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
        png = base64.b64decode(shown)
        assert secret.encode() not in png
        assert Image.open(io.BytesIO(png)).size == (30, 20)


@pytest.mark.parametrize(
    "source",
    [
        "![a](data:image/svg+xml;base64,PHN2Zy8+)",
        '<img src="data:image/svg+xml,<svg/>">',
        '<img src="&#100;ata:image/png;base64,iVBORw0KGgo=">',
        "![a](https://example.org/a.png)",
        "![a](attachment:b)",
        "![a](shown:7)",
        "![a](shown:-1)",
        '<img src="SHOWN:0x">',
    ],
)
def test_no_other_picture_is_shown(source: str) -> None:
    assert "data:" not in answered(source)
    assert 'src="http' not in answered(source)


def test_a_picture_shown_a_thousand_times_does_not_fill_the_page() -> None:
    noise = Image.effect_noise((600, 600), 100).convert("RGB")
    file = io.BytesIO()
    noise.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    html = answered("![a](attachment:a)" * 1_000, a=data)
    assert 10 < html.count("data:image/png") * len(data) / 1e6 < 25


def test_a_large_picture_is_made_smaller_and_a_broken_one_left_out() -> None:
    notebook = handed_in()
    broken = base64.b64encode(base64.b64decode(picture())[:60]).decode()
    plots = [picture(4_000, 1_000), broken]
    notebook.cells[4].outputs = [
        nbformat.v4.new_output("display_data", {"image/png": data}) for data in plots
    ]
    read = repair(parse(nbformat.writes(notebook).encode()), small_release()).notebook
    redraw(read)
    large, left_out = (output.data for output in read.cells[4].outputs)
    size = Image.open(io.BytesIO(base64.b64decode(large["image/png"]))).size
    assert size == (SIDE, SIDE // 4)
    assert left_out == {"text/plain": NOT_SHOWN}


COSTLY = (
    "<b>" * 6_000,
    "<div>" * 30_000,
    "\\begin{a}" * 10_000,
    "|a|\n|-|\n" * 2_000,
    "$x'$ " * 4_000,
)
COSTLY_CODE = (" \n" * 9_000, "a." * 9_000, "1." * 40_000, "(," * 45_000)


@pytest.mark.parametrize("source", COSTLY, ids=lambda text: repr(text[:9]))
def test_a_page_of_costly_answers_is_soon_made(source: str) -> None:
    notebook = repair(handed_in(), small_release()).notebook
    notebook.cells += [nbformat.v4.new_markdown_cell(source) for _ in range(30)]
    _soon(notebook)


@pytest.mark.parametrize("source", COSTLY_CODE, ids=lambda text: repr(text[:9]))
def test_a_page_of_costly_code_is_soon_made(source: str) -> None:
    notebook = repair(handed_in(), small_release()).notebook
    notebook.cells += [code_cell(source) for _ in range(10)]
    _soon(notebook)


def _soon(notebook: NotebookNode) -> None:
    before = time.process_time()
    Framed().preprocess(notebook, {})
    assert time.process_time() - before < page.PAGE_SECONDS + 2


def test_what_is_too_long_is_shown_as_it_was_written() -> None:
    assert "<em>" in answered("*a* " * 100)
    assert "<em>" not in answered("*a* " * (MAX_RICH // 4 + 1))
    notebook = repair(handed_in(), small_release()).notebook
    long = "*a* *a* ".ljust(MAX_RICH, "b")
    notebook.cells += [nbformat.v4.new_markdown_cell(long) for _ in range(20)]
    cells = Framed().preprocess(notebook, {})[0].cells
    rich = sum("<em>" in cell.source for cell in cells)
    assert rich <= MAX_RICH_PAGE // MAX_RICH
    assert all("*a* *a*" in cell.source for cell in cells[-5:])


def test_what_takes_too_long_is_shown_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def spin(*_: object) -> str:
        while True:
            try:
                sum(range(1_000))
            except Exception:
                continue

    monkeypatch.setattr(page, "PAGE_SECONDS", 0.1)
    monkeypatch.setattr(page, "_markdown", spin)
    before = time.process_time()
    html = answered("*My* answer.")
    assert page.PLAIN.format("*My* answer.") in html
    assert time.process_time() - before < 2


def test_the_formgraders_pages_have_frames_too_and_fetch_nothing_foreign(tmp_path: Path) -> None:
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    config.HTMLExporter.template_name = "formgrade"  # as nbgrader's extension sets them
    config.HTMLExporter.extra_template_basedirs = [
        str(Path(formgrader.__file__).parent / "templates")
    ]
    notebook = handed_in()
    notebook.cells[5].source = "$x^2$ Score: 100"
    file = tmp_path / "seq2seq.ipynb"
    nbformat.write(repair(notebook, small_release()).notebook, file)
    resources = {"base_url": "/here", "index": 0, "total": 1}
    html, _ = HTMLExporter(config=config).from_filename(str(file), resources=resources)
    assert "MathJax" not in html
    assert '<math title="x^2"><msup>' in html
    assert "math {" in html  # how it looks
    loaded = re.findall(r"<(?:script|link)[^>]*(?:src|href)=\"([^\"]*)", html)
    assert loaded
    assert [address for address in loaded if not address.startswith("/here/")] == []
    assert html.count(SIGN) == 2  # the code and the written answer
