"""nbgrader's plug points: where the judge sits down at the instructor's desk.

`nbgrader_config.py` names these classes. Marks, manual grades, late penalties, comments and
feedback then go through nbgrader's own gradebook.
"""

from __future__ import annotations

import copy
import csv
import filecmp
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, NbGraderPreprocessor
from traitlets import Bool, Dict

from .assignment import ROOT, TEST_PREFIX, Assignment
from .clock import mend_stamp
from .judge import grade, offering_salt
from .notebook import is_second_name, read_submission, released_notebook, repair
from .release import SOURCE, check_leaks, check_markers, check_points, prove
from .render import task_html
from .report import Report
from .results import Results, write_whole
from .source import grade_id
from .wall import Limits, Wall

REPORTS = ROOT / "reports"
NOTES = "autograder"  # key in an autograded notebook's metadata: what reading it brought up
CSV_COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


@cache
def assignment_named(name: str) -> Assignment:
    """An assignment, its lesson read once a run."""
    return Assignment(name)


@cache
def tried_wall(suite: str, allow_unconfined: bool = False, limits: Limits | None = None) -> Wall:
    """The wall, tried once a run: nbgrader makes its preprocessors anew for every notebook."""
    return Wall.build(suite, allow_unconfined=allow_unconfined, limits=limits)


def before_grading(*, assignment: str, student: str, notebooks: list[str]) -> None:
    """Make the folder of a submission safe for nbgrader, which trusts what lies in it.

    nbgrader copies what lies beside a notebook and follows links: one to another's file would come
    back as feedback. The notebooks themselves are left to the reader, which refuses such files.
    """
    for folder in {Path(notebook).parent for notebook in notebooks}:
        for path in folder.rglob("*"):
            special = path.is_symlink() or not (path.is_file() or path.is_dir())
            if (special or is_second_name(path)) and str(path) not in notebooks:
                path.unlink()
        mend_stamp(folder)


def after_grading(*, assignment: str, student: str, notebooks: list[str]) -> None:
    """Keep of a graded submission what is shown and graded, not what the course handed out.

    nbgrader copies every file beside a notebook twice, into the graded and the feedback folder.
    """
    for notebook in map(Path, notebooks):
        course, place = notebook.parents[3], notebook.parent.relative_to(notebook.parents[2])
        graded = course / "autograded" / place
        for path in sorted(graded.rglob("*"), reverse=True):  # a folder after what lies in it
            handed_out = Assignment(graded.name).release / path.relative_to(graded)
            if path.is_file() and path.suffix != ".ipynb" and same_bytes(path, handed_out):
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()


def same_bytes(path: Path, other: Path) -> bool:
    """Whether two files hold the same; not if the other is missing."""
    return other.is_file() and filecmp.cmp(path, other, shallow=False)


def report_path(assignment: str, student: str) -> Path:
    """Where the report of a submission graded through nbgrader lies."""
    return REPORTS / assignment / f"{student}.json"


class RepairingExporter(NotebookExporter):
    """Reads a submitted notebook however damaged it is, so that it never stops the batch."""

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Repair what students submitted; read what nbgrader itself wrote as it is."""
        if not self.parent._sanitizing:  # nbgrader's second pass, over what the first one wrote
            return super().from_filename(filename, resources=resources, **kwargs)
        path = Path(filename)
        assignment = assignment_named((resources or {})["nbgrader"]["assignment"])
        submission = read_submission(path, released_notebook(assignment))
        submission.notebook.metadata[NOTES] = {
            "submission": submission.digest,
            "findings": list(submission.findings),
        }
        return self.from_notebook_node(submission.notebook, resources=resources, **kwargs)


class Judge(NbGraderPreprocessor):
    """Stands where nbgrader's `Execute` stood: no student code runs in a kernel."""

    allow_unconfined = Bool(
        False, help="Grade without a sandbox when there is none; every mark then says so."
    ).tag(config=True)

    limits = Dict(help="Changes to `autograder.wall.Limits`, e.g. {'call_seconds': 20}.").tag(
        config=True
    )

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
        report = grade(assignment, submission, wall, offering_salt(), results=results)
        notes = nb.metadata[NOTES]
        report = report.about(
            student=resources["nbgrader"]["student"],
            submission=notes["submission"],
            findings=(*notes["findings"], *report.findings),
        )
        path = report_path(assignment.name, report.student)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, report.to_json())
        _fill_test_cells(nb, report)
        return nb, resources


def _fill_test_cells(nb: NotebookNode, report: Report) -> None:
    """The number is what nbgrader scores by; the page is what the student reads."""
    cells = {grade_id(cell): cell for cell in nb.cells}
    findings: tuple[str, ...] = tuple(report.findings)
    for task in report.tasks:
        if task.by_hand:
            continue
        page = task_html(task, findings)
        findings = ()  # told once, above the first task
        cells[TEST_PREFIX + task.key].outputs = [
            nbformat.v4.new_output(
                "execute_result",
                {"text/plain": str(task.points), "text/html": page},
                execution_count=None,
            )
        ]


class CheckMarkers(NbGraderPreprocessor):
    """First of the release's preprocessors: refuses a lesson whose markers or points are amiss."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Check, change nothing."""
        check_markers(nb)
        check_points(nb)
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
        check_leaks(assignment.source, released, files)
        if self.grading:
            prove(assignment, released, tried_wall(assignment.name))
        return nb, resources


class SafeCsv(ExportPlugin):
    """nbgrader's CSV, quoted, and with nothing in it that a spreadsheet takes for a formula."""

    def export(self, gradebook: Gradebook) -> None:
        """Write one row for every student of every chosen assignment."""
        with open(self.to or "grades.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, CSV_COLUMNS)
            writer.writeheader()
            for assignment in gradebook.assignments:
                if self.assignment and assignment.name not in self.assignment:
                    continue
                for student in gradebook.students:
                    if self.student and student.id not in self.student:
                        continue
                    row = _csv_row(gradebook, assignment, student)
                    writer.writerow({key: inert(value) for key, value in row.items()})


def _csv_row(gradebook: Gradebook, assignment: Any, student: Any) -> dict[str, object]:
    row = {
        "assignment": assignment.name,
        "duedate": assignment.duedate,
        "student_id": student.id,
        "last_name": student.last_name,
        "first_name": student.first_name,
        "email": student.email,
        "max_score": assignment.max_score,
        "raw_score": 0.0,
        "late_submission_penalty": 0.0,
        "score": 0.0,
    }
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        return row
    penalty = submission.late_submission_penalty or 0.0
    row["timestamp"] = submission.timestamp
    row["raw_score"] = submission.score
    row["late_submission_penalty"] = penalty
    row["score"] = max(0.0, submission.score - penalty)
    return row


def inert(value: object) -> str:
    """A CSV field that no spreadsheet evaluates; points as they are shown elsewhere."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(round(value, 2))  # of 78.46000000000001, what sums of decimals have left over
    if isinstance(value, int | datetime):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
