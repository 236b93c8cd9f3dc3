"""nbgrader's plug points: where the judge sits down at the instructor's desk.

`nbgrader_config.py` names these classes. Marks, manual grades, late penalties, comments and
feedback then go through nbgrader's own gradebook.
"""

from __future__ import annotations

import copy
from functools import cache

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, NbGraderPreprocessor
from traitlets import Bool, Dict

from autograder.assignment import Assignment, released_notebook
from autograder.course import Course
from autograder.desk.pages.outputs import fill_test_cells
from autograder.errors import Undecided
from autograder.files import write_whole
from autograder.judge.grade import grade
from autograder.judge.results import Results
from autograder.notebook.repair import repair
from autograder.offering import Offering
from autograder.release.asked import check_asked
from autograder.release.leaks import check_leaks, check_markers, check_points
from autograder.release.prove import prove
from autograder.release.source import SOURCE
from autograder.release.suites import check_suites
from autograder.wall.build import build
from autograder.wall.limits import Limits
from autograder.wall.wall import Wall

from .exporters import NOTES, assignment_named


@cache
def tried_wall(suite: str, allow_unconfined: bool = False, limits: Limits | None = None) -> Wall:
    """The wall, tried once a run: nbgrader makes its preprocessors anew for every notebook."""
    return build(suite, allow_unconfined=allow_unconfined, limits=limits)


class Judge(NbGraderPreprocessor):
    """Stands where nbgrader's `Execute` stood: no student code runs in a kernel."""

    allow_unconfined = Bool(
        False, help="Grade without a sandbox when there is none; every mark then says so."
    ).tag(config=True)

    limits = Dict(
        help="Changes to `autograder.wall.limits.Limits`, e.g. {'call_seconds': 20}."
    ).tag(config=True)

    again = Bool(False, help="Grade even what was graded before and has not changed.").tag(
        config=True
    )

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Grade the submission and write points and words into its test cells."""
        assignment = assignment_named(resources["nbgrader"]["assignment"])
        submission = repair(nb, released_notebook(assignment))
        limits = Limits().changed(self.limits)
        wall = tried_wall(assignment.name, self.allow_unconfined, limits)
        results = Results(None) if self.again else Results()
        course: Course = resources["nbgrader"]["course"]
        offering = Offering.here(assignment, course.root)
        try:
            report = grade(offering, submission, wall, results=results)
        except Undecided:  # the machine was too busy
            report = grade(offering, submission, wall, results=results)
        notes = nb.metadata[NOTES]
        report = report.about(
            student=resources["nbgrader"]["student"],
            submission=notes["submission"],
            findings=(*notes["findings"], *report.findings),
        )
        path = course.report(assignment.name, report.student)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, report.to_json())
        fill_test_cells(nb, report)
        return nb, resources


class CheckMarkers(NbGraderPreprocessor):
    """First of the release's preprocessors: refuses markers, points or checks that are amiss."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Check, change nothing."""
        check_markers(nb)
        check_points(nb)
        assignment = Assignment(resources["nbgrader"]["assignment"])
        check_asked(nb, assignment.questions)
        check_suites(assignment)
        return nb, resources


class ProveRelease(NbGraderPreprocessor):
    """Refuses a release that leaks or grades wrongly, before the gradebook hears of it."""

    grading = Bool(
        True, help="Grade the solution (must earn all) and the release (must earn nothing)."
    ).tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Check, change nothing."""
        assignment = Assignment(resources["nbgrader"]["assignment"])
        files = [p for p in (SOURCE / assignment.name).rglob("*") if p.is_file()]
        released = copy.deepcopy(nb)
        for last in (ClearHiddenTests, ClearMarkScheme):  # the gradebook holds what these take out
            released, _ = last(parent=self).preprocess(released, resources)
        words = {f"what is said of {key!r}": one.words for key, one in assignment.questions.items()}
        check_leaks(assignment.source, released, files, words)
        if self.grading:
            prove(assignment, released, tried_wall(assignment.name))
        return nb, resources
