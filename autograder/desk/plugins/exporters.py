"""What nbgrader's converters read a notebook with: however damaged it is, and nothing beside it.

Apart from `plugins.py`, which loads the judge: feedback pages need none of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter, NotebookExporter
from nbformat import NotebookNode
from nbgrader.converters.base import BaseConverter
from traitlets import Unicode

from autograder.assignment import Assignment, released_notebook
from autograder.course import Course
from autograder.desk.pages.feedback import FeedbackParts
from autograder.desk.pages.outputs import stored_report
from autograder.desk.submissions.lateness import course_terms
from autograder.desk.submissions.roster import overlooked
from autograder.desk.submissions.staging import original, show_graded, show_hand_ins
from autograder.errors import CourseError
from autograder.notebook.pictures import redraw
from autograder.notebook.reader import read_submission
from autograder.progress import Steps

from .made_of import Source, page_sources, write_anew

NOTES = "autograder"  # key in an autograded notebook's metadata: what reading it brought up


@cache
def assignment_named(name: str) -> Assignment:
    """An assignment, its lesson read once a run."""
    return Assignment(name)


class RepairingExporter(NotebookExporter):
    """Reads a submitted notebook however damaged it is, so that it never stops the batch."""

    def __init__(self, **kwargs: Any) -> None:
        """Show the converter, which makes its exporter first, only what is handed in."""
        super().__init__(**kwargs)
        self._course = Course(self.parent.coursedir)
        with suppress(CourseError), self._course.gradebook() as gradebook:
            course_terms(gradebook, self.parent.coursedir.assignment_id)  # nbgrader's due date
        show_hand_ins(self.parent)
        self._steps = Steps("graded", sum(_is_new(self.parent, self._course.autograded)))

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Repair what students submitted; read what nbgrader itself wrote as it is."""
        resources = resources or {"nbgrader": {}}
        resources["nbgrader"]["course"] = self._course
        if not self.parent._sanitizing:  # nbgrader's second pass, over what the first one wrote
            graded = super().from_filename(filename, resources=resources, **kwargs)
            _step(self.parent, self._steps)
            return graded
        path = original(Path(filename))
        assignment = assignment_named(resources["nbgrader"]["assignment"])
        release = released_notebook(assignment)
        submission = read_submission(path, release)
        redraw(submission.notebook)
        submission.notebook.metadata[NOTES] = {
            "submission": submission.digest,
            "findings": [*overlooked(path, release), *submission.findings],
        }
        return self.from_notebook_node(submission.notebook, resources=resources, **kwargs)


class FeedbackExporter(HTMLExporter):
    """nbgrader's feedback pages, of whom the gradebook knows, with nothing else beside them."""

    template_file = Unicode("feedback_page.html.j2").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        """Show the converter, which makes its exporter first, only what was graded."""
        super().__init__(**kwargs)
        self._course = Course(self.parent.coursedir)
        assignment = self.parent.coursedir.assignment_id
        self._sources: dict[str, Source] = {}
        with suppress(CourseError):  # once for all pages
            self._sources = page_sources(self._course, assignment)
        show_graded(self.parent)
        shown = {Path(folder).parent.name for folder in self.parent.assignments}
        known = {name: self._sources[name] for name in shown if name in self._sources}
        stale = {name for name, source in known.items() if source.stale}
        write_anew(self.parent, stale)
        written = _is_new(self.parent, self._course.feedback, stale)
        self._steps = Steps("feedback written", sum(written))

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Put what the record says into the page."""
        resources = resources or {"nbgrader": {}}
        names = resources["nbgrader"]
        assignment, student = names.get("assignment", ""), names.get("student", "")
        report = stored_report(self._course, assignment, student)
        source = self._sources.get(student)
        resources["autograder"] = FeedbackParts(
            report,
            source.waiting if source else frozenset(),
            source.late if source else "",
            source.digest if source else "",
        )
        page = super().from_notebook_node(nb, resources=resources, **kwargs)
        _step(self.parent, self._steps)
        return page


def _is_new(converter: BaseConverter, written: Path, stale: Collection[str] = ()) -> Iterator[bool]:
    """Of each submission, whether the converter has to do it: nbgrader skips what it has written.

    Args:
        stale: whose is done again.
    """
    name = str(converter.coursedir.assignment_id)
    for student in (Path(folder).parent.name for folder in converter.assignments):
        yield converter.force or student in stale or not (written / student / name).is_dir()


def _step(converter: BaseConverter, steps: Steps) -> None:
    """Say in nbgrader's log now and then how far it is."""
    line = steps.step()
    if line:
        converter.log.info(line)
