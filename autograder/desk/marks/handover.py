"""Marks and feedback as files, for where they are needed: for people, and for Gradescope."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from autograder.course import Course
from autograder.desk.pages.outputs import stored_report
from autograder.files import write_whole
from autograder.report.gradescope import gradescope
from autograder.report.render import first_words
from autograder.terms import Terms
from autograder.text import inert

from .marks import StudentMark

NO_FILE = re.compile(r"[^\w.-]+")  # what is no part of a file's name everywhere
MAIL = (
    *("email", "first_name", "last_name", "student_id", "section", "status", "score", "max_score"),
    *("late_submission_penalty", "first_to_fix", "page"),
)


def feedback_archives(
    course: Course, assignment: str, marks: Iterable[StudentMark], folder: Path, partial: bool
) -> tuple[list[Path], list[str]]:
    """Write one archive of feedback pages for each section.

    Args:
        partial: put the pages in of whom a person has yet to grade.

    Returns:
        The archives, and who has a mark and is in none.

    Raises:
        OSError: an archive cannot be written.
    """
    pages: dict[str, dict[str, Path]] = {}
    left = []
    for mark in marks:
        page = course.page(assignment, mark.student.id)
        if mark.score is None:
            continue
        if page.is_file() and (partial or mark.final is not None):
            pages.setdefault(_section(mark), {})[mark.student.id] = page
        else:
            left.append(mark.student.id)
    folder.mkdir(parents=True, exist_ok=True)
    archives = []
    for section, found in sorted(pages.items()):
        archives.append(folder / f"{assignment}{section}.zip")
        _zip(archives[-1], {f"{student}.html": page for student, page in sorted(found.items())})
    return archives, left


def _section(mark: StudentMark) -> str:
    """A section in the name of a file: two sections of one name there would share an archive."""
    name = mark.student.section or mark.student.group
    return f"-{NO_FILE.sub('_', name)}" if name else ""


def _zip(file: Path, members: dict[str, Path]) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, page in members.items():
            entry = zipfile.ZipInfo(name)  # of no time and owner: the same pages, the same archive
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, page.read_bytes())
    write_whole(file, content.getvalue())


def mail_merge(course: Course, assignment: str, marks: Sequence[StudentMark], file: Path) -> None:
    """Write a row a student, with an address, for a program that writes letters.

    Raises:
        OSError: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(MAIL)
    for mark in marks:
        student, page = mark.student, course.page(assignment, mark.student.id)
        report = stored_report(course, assignment, student.id) if mark.raw is not None else None
        row = (
            *(student.email, student.first, student.last, student.id, student.section),
            *(mark.status, mark.score, mark.max_score),
            mark.penalty if mark.raw is not None else None,
            first_words(report) if report is not None else None,
            str(page.relative_to(course.root)) if page.is_file() else None,
        )
        writer.writerow(map(inert, row))
    write_whole(file, text.getvalue(), encoding="utf-8-sig", newline="")


def gradescope_results(
    course: Course,
    assignment: str,
    marks: Iterable[StudentMark],
    folder: Path,
    terms: Terms,
    now: datetime,
) -> tuple[int, list[str]]:
    """Write a `results.json` for each student who was graded, in a folder of the student's id.

    Returns:
        How many were written, and who has a mark and no report that can be read.

    Raises:
        OSError: one cannot be written.
    """
    written, left = 0, []
    for mark in marks:
        if mark.raw is None:
            continue
        report = stored_report(course, assignment, mark.student.id)
        if report is None:
            left.append(mark.student.id)
            continue
        home = folder / mark.student.id
        home.mkdir(parents=True, exist_ok=True)
        own = terms.extended(mark.extension) if mark.extension else terms
        write_whole(home / "results.json", gradescope((), report, own.reveal(now), own))
        written += 1
    return written, left
