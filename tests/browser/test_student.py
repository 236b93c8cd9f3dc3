"""A student's way in JupyterLab: fetch, fill in, check, validate, submit."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from autograder.assignment import Assignment
from autograder.notebook.lesson import grade_id
from tests.lab import lab
from tests.ordinary import run_module
from tests.repository import released_course

STUDENT = "ada"
TRIES = 5
COURSE = "deep-learning"  # as `nbgrader_config.py` calls it
NEEDED = ("import heapq", "# nothing to learn here", "State = tuple")  # how these cells begin


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A course whose assignment is in an exchange; and the exchange."""
    course, exchange = released_course(tmp_path_factory), tmp_path_factory.mktemp("exchange")
    exchange.chmod(0o777)
    done = run_module(
        course, "nbgrader", "release_assignment", "seq2seq", f"--Exchange.root={exchange}"
    )
    assert done.returncode == 0, done.stderr
    return course, exchange


@pytest.fixture
def address(released: tuple[Path, Path], tmp_path: Path) -> Iterator[str]:
    """JupyterLab in a student's empty folder."""
    home, kept = tmp_path / "home", tmp_path / "kept"
    terms = f"c = get_config()\nc.CourseDirectory.course_id = {COURSE!r}\n"
    terms += f"c.Exchange.root = {str(released[1])!r}\n"
    home.mkdir()
    (kept / "config").mkdir(parents=True)
    (kept / "config" / "nbgrader_config.py").write_text(terms)
    with lab(home, kept, STUDENT, PYTHONPATH="") as found:
        yield found


def open_list(page: Page, address: str) -> None:
    """Open nbgrader's list of assignments, from the menu."""
    page.goto(f"{address}/lab?reset")
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name="Assignment List").click()


def cell(page: Page, text: str) -> Locator:
    """The code cell that begins with a text."""
    begins = re.compile("^" + re.escape(text))
    editor = page.locator(".cm-content").filter(has_text=begins)
    return page.locator(".jp-Notebook .jp-CodeCell").filter(has=editor)


def run(page: Page, found: Locator) -> str:
    """Run a cell, wait for its end, and return what it shows."""
    prompt = found.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    for _ in range(TRIES):  # a kernel that is about to connect lets go of what it is asked
        found.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        with contextlib.suppress(AssertionError):
            expect(prompt).not_to_have_text(before, timeout=5000)
            break
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"))
    return found.locator(".jp-OutputArea").first.inner_text()


def write(page: Page, found: Locator, text: str) -> None:
    """Write a text in the place of a cell's."""
    found.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_a_student_fetches_fills_in_checks_validates_and_submits(
    released: tuple[Path, Path], address: str, context: BrowserContext
) -> None:
    page = context.new_page()
    open_list(page, address)
    page.locator("#released_assignments_list").get_by_role("button", name="Fetch").click()
    downloaded = page.locator("#fetched_assignments_list")
    expect(downloaded.get_by_role("button", name="Submit")).to_be_visible()

    page.goto(f"{address}/lab/tree/seq2seq/seq2seq.ipynb?reset")
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible()
    for text in NEEDED:
        assert "Error" not in run(page, cell(page, text))

    question = cell(page, 'predict("context_size"')
    assert "three dots" in run(page, question)
    for answer, verdict in (("4", "Not yet"), ("1", "Right")):
        write(page, question, f'predict("context_size", {answer})')
        assert verdict in run(page, question)

    checks = cell(page, 'check("encoder"')
    assert "not written yet" in run(page, checks) or "0 of" in run(page, checks)
    solved = {grade_id(one): one.source for one in Assignment("seq2seq").source.cells}
    stub = cell(page, "class Encoder(")
    write(page, stub, solved["encoder"])
    run(page, stub)
    said = run(page, checks)
    assert re.search(r"encoder: all \d+ public checks pass", said)

    page.locator(".validate-button").click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Validation Results", timeout=600_000)
    expect(dialog).to_contain_text('check("decoder"')
    expect(dialog).not_to_contain_text('check("encoder"')
    dialog.get_by_role("button", name="Ok").click()

    open_list(page, address)
    downloaded.get_by_role("button", name="Submit").click()
    expect(page.locator("#submitted_assignments_list")).to_contain_text("seq2seq")

    course, exchange = released
    done = run_module(course, "nbgrader", "collect", "seq2seq", f"--Exchange.root={exchange}")
    assert done.returncode == 0, done.stderr
    # nbgrader calls a student as the system calls whoever runs the tests
    (handed_in,) = course.glob("submitted/*/seq2seq/seq2seq.ipynb")
    assert 'context_size\\", 1)' in handed_in.read_text()
