"""An instructor's way in Formgrader: grade a written answer, comment on it, write feedback."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.lab import lab

from .conftest import LATE, SALT

COMMENT = "Quote the *numbers* of both figures."


def mark(page: Page, feedback: Path) -> float:
    """The mark at the top of a feedback page."""
    page.goto(feedback.as_uri())
    return float(page.locator(".mark b").inner_text())


def test_an_instructor_grades_the_answer_that_waits_and_the_late_penalty_follows(
    course: Path, context: BrowserContext, tmp_path: Path
) -> None:
    feedback = course / "feedback" / LATE / "seq2seq" / "seq2seq.html"
    page = context.new_page()
    before = mark(page, feedback)
    expect(page.locator(".first")).to_contain_text("waits for a person")

    with lab(course, tmp_path, "teacher", AUTOGRADER_SALT=SALT) as address:
        page.goto(f"{address}/lab?reset")
        page.get_by_role("menuitem", name="Nbgrader").click()
        page.get_by_role("menuitem", name="Formgrader", exact=True).click()
        formgrader = page.frame_locator("#formgrader-iframe iframe")
        for place in ("gradebook", "gradebook/seq2seq", "gradebook/seq2seq/seq2seq"):
            formgrader.locator(f"a[href$='/formgrader/{place}']").first.click()
        formgrader.locator("tr:has(.needs-manual-grade .glyphicon-ok) a.name-hidden").click()
        for field, kind, value in (
            ("#translation", "grade", "8"),
            ("#translation-comment", "comment", COMMENT),
        ):
            with page.expect_response(f"**/api/{kind}/*") as saved:
                formgrader.locator(field).fill(value)
                formgrader.locator(field).blur()
            assert saved.value.ok

        page.goto(f"{address}/formgrader/manage_submissions/seq2seq")
        row = page.locator("tr", has_text=LATE)
        row.locator(".generate-feedback a").click()
        expect(page.locator("#success-modal")).to_be_visible()

    assert mark(page, feedback) == pytest.approx(before + 0.9 * 8, abs=0.01)
    expect(page.locator(".first")).to_contain_text("1 day late")
    expect(page.locator(".comment em")).to_have_text("numbers")
