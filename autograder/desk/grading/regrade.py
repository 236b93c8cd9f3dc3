"""Grades one student again because somebody asked for it, and keeps what was said before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from autograder.assignment import Assignment, released_notebook
from autograder.commands import last_error, nbgrader
from autograder.course import Course
from autograder.desk.changes.amend import EARLIER, require_name
from autograder.desk.pages.outputs import stored_report
from autograder.desk.plugins.judging import tried_wall
from autograder.desk.submissions.roster import NO_NAME
from autograder.desk.submissions.waiting import waits
from autograder.errors import ClassError, GraderError, NotAmended
from autograder.files import write_whole
from autograder.judge.batch import Grader
from autograder.offering import Offering
from autograder.report.compare import compared
from autograder.report.record import Report


def regrade(course: Course, assignment: Assignment, student: str, why: str) -> tuple[Path, str]:
    """Grade a student's submission again, whether or not anything has changed.

    What a person gave for an answer that is still the same stands, and waits for nobody.

    Returns:
        Where the earlier report is now, and what has changed since it.

    Raises:
        NotAmended: nothing of the student is graded.
        ClassError: it could not be graded; the earlier report is kept.
    """
    before = _stored(course, assignment, student)
    folder = course.reports / assignment.name / EARLIER / student
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S.%f}.json"
    write_whole(kept, before.to_json())
    write_whole(kept.with_suffix(".txt"), f"{why}\n")
    only = f"--student={student}"
    read = _read_by_hand(course, assignment, student)
    _run(course, "autograde", assignment.name, only, "--force", "--Judge.again=True")
    after = stored_report(course, assignment.name, student)
    if after is None:
        raise ClassError(f"{student} has no report; run `class`. The earlier one is {kept}")
    if after.submission == before.submission:
        _leave_read(course, assignment, student, read)
    changed = told(before, after)
    write_whole(kept.with_suffix(".txt"), f"{why}\n{changed}\n")
    _run(course, "generate_feedback", assignment.name, only)
    _run(course, "export", f"--to={course.grades}")
    return kept, changed


def tried(course: Course, assignment: Assignment, student: str) -> str:
    """What grading again would change; nothing is written.

    Raises:
        NotAmended, GraderError: as there.
    """
    before = _stored(course, assignment, student)
    release, wall = released_notebook(assignment), tried_wall(assignment.name)
    grader = Grader(Offering.here(assignment, course.root), release, wall)
    outcome = grader.graded(course.notebook(assignment.name, student))
    if outcome.report is None:
        raise GraderError(outcome.error)
    after = outcome.report
    # what lies beside the notebook is looked at by the class alone
    findings = (*(one for one in before.findings if one not in after.findings), *after.findings)
    return told(before, after.about(student=student, submission="", findings=findings))


def told(before: Report, after: Report) -> str:
    """What has changed, in lines."""
    return "\n".join(compared(before, after)) or "nothing has changed"


def _read_by_hand(course: Course, assignment: Assignment, student: str) -> set[str]:
    """The cells of a student that a person alone grades, and has graded."""
    with course.gradebook() as gradebook:
        return {
            grade.name
            for notebook in gradebook.find_submission(assignment.name, student).notebooks
            for grade in notebook.grades
            if grade.auto_score is None and not waits(grade)
        }


def _leave_read(course: Course, assignment: Assignment, student: str, cells: set[str]) -> None:
    """Take back that these wait for a person, which nbgrader says of all that it grades again."""
    with course.gradebook() as gradebook:
        for notebook in gradebook.find_submission(assignment.name, student).notebooks:
            for grade in notebook.grades:
                if grade.name in cells:
                    grade.needs_manual_grade = False
        gradebook.db.commit()


def _stored(course: Course, assignment: Assignment, student: str) -> Report:
    require_name(student)
    if NO_NAME.search(student):
        raise NotAmended(f"{student!r} is no name that nbgrader can work with")
    before = stored_report(course, assignment.name, student)
    if before is None or not course.notebook(assignment.name, student).is_file():
        raise NotAmended(f"nothing of {student!r} is graded; `class` grades what was handed in")
    return before


def _run(course: Course, *arguments: str) -> None:
    done = nbgrader(*arguments, root=course.root)
    if done.returncode != 0:
        raise ClassError(f"nbgrader {arguments[0]} failed: {last_error(done.stderr)}")
