"""Writes what comes of a pull request: the records, and what may be shown of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from autograder.files import write_whole
from autograder.pull.outcome import Outcome
from autograder.report.gradescope import gradescope
from autograder.report.record import Report
from autograder.report.view import shown
from autograder.terms import Reveal, Terms

from .annotations import commands
from .junit import junit
from .markdown import summary

REPORT, OUTCOME, RESULTS, SHOWN = "report.json", "outcome.json", "results.json", "shown"
MAX_REPORT = 8 * 1024 * 1024  # bytes of an earlier report


def clear(folder: Path) -> None:
    """Make a folder free of what an earlier request left there; other files stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*(folder / name for name in (REPORT, OUTCOME, RESULTS)), *folder.glob("*.ipynb")):
        path.unlink(missing_ok=True)
    shutil.rmtree(folder / SHOWN, ignore_errors=True)
    (folder / SHOWN).mkdir()


def write_pages(
    folder: Path,
    outcome: Outcome,
    report: Report | None = None,
    level: Reveal = Reveal.NOTHING,
    terms: Terms | None = None,
    previous: Report | None = None,
    notebook: bytes = b"",
) -> None:
    """Write the records into a folder, and into `shown` below it all that the student may see.

    Raises:
        OSError: a file cannot be written.
    """
    view = shown(report, level) if report is not None else None
    before = shown(previous, level) if previous is not None else None
    pages = {
        OUTCOME: outcome.to_json(),
        "summary.md": summary(outcome, view, before),
        "junit.xml": junit(outcome, view),
        "annotations.txt": commands(outcome, view, notebook) if view is not None else "",
        "labels.txt": "".join(f"{label}\n" for label in outcome.labels),
    }
    if report is not None:
        write_whole(folder / REPORT, report.to_json())
        if level == Reveal.MESSAGES:  # nothing is held back, so the record itself may be shown
            pages[REPORT] = report.to_json()
    for name, text in pages.items():
        write_whole(folder / SHOWN / name, text)
    # its visibility is Gradescope's affair: the score itself always stands in it
    results = gradescope(outcome.words, report, level, terms or Terms())
    write_whole(folder / RESULTS, results)
    write_whole(folder / OUTCOME, outcome.to_json())


def read_previous(file: Path | None, assignment: str) -> Report | None:
    """The report of the attempt before; None if it is none, since nothing depends on it."""
    try:
        if file is None or file.stat().st_size > MAX_REPORT:
            return None
        report = Report.from_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return report if report.assignment == assignment else None
