"""A student's feedback and the report on a class: on a phone, on a screen, in light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from .access import unfolded, violations

PAGES = {
    "feedback": "feedback/wrong-beam-search/seq2seq/seq2seq.html",
    "feedback on nothing": "feedback/untouched/seq2seq/seq2seq.html",
    "class": "reports/seq2seq/class.html",
}
WIDTHS = (390, 1280)  # of a phone, and of a screen


@pytest.fixture(params=list(PAGES))
def page(request: pytest.FixtureRequest, course: Path, context: BrowserContext) -> Page:
    """One of our pages, opened from its file."""
    page = context.new_page()
    page.goto((course / PAGES[request.param]).as_uri())
    unfolded(page)
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_is_as_wide_as_the_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_has_no_accessibility_violation(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    assert violations(page) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_first_screen_of_feedback_says_mark_and_what_to_do_next(
    course: Path, context: BrowserContext, width: int
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 844})
    page.goto((course / PAGES["feedback"]).as_uri())
    for words in (".mark", ".next"):
        box = page.locator(words).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 844


def test_the_class_report_leads_to_an_example(course: Path, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto((course / PAGES["class"]).as_uri())
    page.locator(".mistakes a").first.click()
    page.wait_for_url("**/feedback/*/seq2seq/seq2seq.html")
    assert page.locator(".mark").is_visible()
