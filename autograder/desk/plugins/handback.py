"""Hands feedback back through nbgrader's exchange: nobody waits because of another."""

from __future__ import annotations

import filecmp
import hashlib
import os
import shutil
from pathlib import Path

from nbgrader.exchange.default import ExchangeReleaseFeedback
from nbgrader.utils import notebook_hash
from traitlets import Bool

from autograder.course import Course
from autograder.desk.people.grants import excused
from autograder.desk.submissions.roster import SECRET
from autograder.desk.submissions.staging import secret_of
from autograder.errors import Failure, Unreadable
from autograder.files import read_regular

from .made_of import Source, made_of, page_sources

WAITS = b"<body data-waits>"  # of a page that was made before a person graded all of it


class CompleteReleaseFeedback(ExchangeReleaseFeedback):
    """`nbgrader release_feedback`, for hand-ins without time stamp or secret too.

    A student's nbgrader finds a page by the secret that `nbgrader submit` put into the submission.
    What was put into `submitted/` by hand has none; before there were secrets, nbgrader found a
    page by the notebook itself, and still does.
    """

    waiting = Bool(
        False, help="Release pages of students too whose written answer a person has yet to grade."
    ).tag(config=True)

    def copy_files(self) -> None:
        """Release everyone's pages; say at the end whose could not be, and who waits."""
        course, assignment = Course(self.coursedir), str(self.coursedir.assignment_id)
        excluded = set(self.coursedir.student_id_exclude.split(","))
        failed, taken = [], dict[str, Path]()
        sources, free = self._known(course, assignment)
        held, old = [], []
        chosen = str(self.coursedir.student_id) or "*"
        for page in sorted(course.feedback.glob(f"{chosen}/{assignment}/{assignment}.html")):
            student = page.parents[1].name
            if student in excluded:
                continue
            source = sources.get(student)
            if source is not None and source.waiting and not (self.waiting or student in free):
                held.append(student)
                continue
            try:
                if source is not None and _is_old(page, source):
                    old.append(student)
                    continue
                for name in self._names(course, assignment, student):
                    if not filecmp.cmp(page, taken.setdefault(name, page), shallow=False):
                        raise Unreadable(f"{taken[name].parents[1].name} has handed in the same")
                    self._put(page, name)
                self.log.info("Feedback released for student '%s'", student)
            except (OSError, Unreadable) as error:
                self.log.error("feedback of %s could not be released: %s", student, error)
                failed.append(student)
        if held:
            self.log.warning(
                "not released, since a person has yet to grade the written answer: %s; grade them "
                "in the Formgrader, or, for all: --CompleteReleaseFeedback.waiting=True",
                ", ".join(held),
            )
        if old:
            self.log.error(
                "not released, since the page does not show what is so now: %s; write it anew: "
                "nbgrader generate_feedback %s",
                *(", ".join(old), assignment),
            )
            failed += old
        if failed:
            rest = "all others who wait for nobody" if held else "all others"
            self.fail(f"no feedback released for {', '.join(failed)}; {rest} have theirs")

    def _known(self, course: Course, assignment: str) -> tuple[dict[str, Source], set[str]]:
        """What the pages are made of now, and who is excused, whose answers nobody grades."""
        try:
            return page_sources(course, assignment), {*excused(course.extensions, assignment)}
        except (Failure, OSError) as error:
            self.fail(f"nobody knows whose answer waits for a person: {error}")
            raise

    def _put(self, page: Path, name: str) -> None:
        """Copy a page so that a student sees all of it or what was there before."""
        target = Path(self.dest_path, f"{name}.html")
        part = target.with_name(f"{name}-tmp.html")
        shutil.copy(page, part)
        os.replace(part, target)

    def _names(self, course: Course, assignment: str, student: str) -> list[str]:
        """Under what the student's nbgrader looks for the page: the file may have another name."""
        notebook = course.notebook(assignment, student)
        secret = secret_of(course.page(assignment, student).parent)
        if secret:
            # any bytes may name a file
            found = {assignment, *(path.stem for path in notebook.parent.glob("*.ipynb"))}
            stems = sorted(stem for stem in found if stem.isprintable())
            return [str(notebook_hash(secret=secret, notebook_id=stem)) for stem in stems]
        data = read_regular(notebook)  # no link to another's
        self.log.warning(
            "what %s handed in has no %s, as when it was put into %s by hand: only an nbgrader "
            "without secrets finds the page; else give it to them another way: %s",
            *(student, SECRET, course.submitted.name, course.page(assignment, student)),
        )
        return [hashlib.md5(data, usedforsecurity=False).hexdigest()]  # as nbgrader's own


def _is_old(page: Path, source: Source) -> bool:
    """Whether a page does not show what is so; one of the instructor's own says it of no mark."""
    known = made_of(page)
    return known != source.digest if known else WAITS in page.read_bytes() and not source.waiting
