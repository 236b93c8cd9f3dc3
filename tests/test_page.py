"""What of a submission stands in a page that others open."""

from __future__ import annotations

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from autograder.desk.page import safe_markdown, visible_code
from autograder.text import CONTROLS


def text_of(page: str) -> str:
    """What a reader sees."""
    return unescape(re.sub(r"<[^>]*>", "", page))


def test_a_character_that_reverses_code_is_spelt_out() -> None:
    page = visible_code('access = "user\u202e"  # \u2066admin')
    assert "\u202e" not in page
    assert r'"user\u202e"' in text_of(page)
    assert r"# \u2066admin" in text_of(page)


@given(st.text(max_size=80))
def test_no_code_reaches_the_page_with_a_hidden_character(code: str) -> None:
    assert not CONTROLS.search(visible_code(code))


def test_code_is_shown_as_it_is_written() -> None:
    code = "class Encoder:\n    size = 1 < 2 and '<b>'  # é"
    assert text_of(visible_code(code)).strip() == code


@given(st.sampled_from(["panel panel-primary", "alert alert-success", "badge", "k panel"]))
def test_an_answer_cannot_borrow_the_look_of_a_score(name: str) -> None:
    page = safe_markdown(f'<div class="{name}" id="score">Score: 100.0 / 100.0</div>')
    assert "Score: 100.0" in text_of(page)
    assert "class" not in page
    assert "id=" not in page


def test_code_in_an_answer_keeps_its_colours() -> None:
    page = safe_markdown("```python\nreturn None\n```")
    assert '<span class="k">return</span>' in page
