"""The system's Chromium, of which no request leaves the machine, and a class to look at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect, sync_playwright

from tests.ordinary import run_module
from tests.repository import released_course

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
STUDENTS = ("wrong-beam-search", "untouched")  # of the sample class
LATE = "wrong-beam-search"
DUE, CAME = "2026-11-20T18:00:00", "2026-11-21 10:00:00 UTC"
SALT = "in a browser"
SECONDS = 120.0  # for whatever a page is to show
expect.set_options(timeout=SECONDS * 1000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program is not None, f"none of {', '.join(PROGRAMS)} is installed"
    # nothing is resolved, by pages or by the browser's own services
    arguments = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser window; nothing in it may ask for anything outside this machine."""
    asked: list[str] = []

    def watch(route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.hostname == "127.0.0.1" or address.scheme in ("file", "data", "blob"):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    made = browser.new_context(viewport={"width": 1280, "height": 900})
    made.set_default_timeout(SECONDS * 1000)
    made.route("**/*", watch)
    yield made
    made.close()
    assert asked == []


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released course whose class of two is graded, one of them a day late."""
    course = released_course(tmp_path_factory)
    terms = course / "offering.toml"
    text, changes = terms.read_text(), ("# due = 2026-11-30T18:00:00", f"due = {DUE}")
    assert changes[0] in text
    terms.write_text(text.replace(*changes))
    _run(course, "sample", "seq2seq")
    for student in STUDENTS:
        shutil.copytree(course / "build/sample/submitted" / student, course / "submitted" / student)
    (course / "submitted" / LATE / "seq2seq" / "timestamp.txt").write_text(CAME)
    _run(course, "class", "seq2seq")
    _run(course, "report", "seq2seq")
    return course


def _run(course: Path, *words: str) -> None:
    done = run_module(course, "autograder", *words, AUTOGRADER_SALT=SALT)
    assert done.returncode == 0, done.stdout + done.stderr
