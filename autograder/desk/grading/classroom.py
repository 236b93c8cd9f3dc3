"""A whole class graded through nbgrader: marks, feedback pages, exported grades, the table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from autograder.assignment import Assignment, released_notebook
from autograder.commands import last_error, nbgrader, nbgrader_started
from autograder.course import Course
from autograder.desk.marks.marks import is_graded
from autograder.desk.pages.outputs import stored_report
from autograder.desk.people.enrol import enrol
from autograder.desk.plugins.judging import tried_wall
from autograder.desk.plugins.made_of import stale_pages
from autograder.desk.submissions.entries import entries
from autograder.desk.submissions.lateness import lateness, settle
from autograder.desk.submissions.roster import RosterEntry, hand_ins, overlooked
from autograder.desk.submissions.table import ClassTable, Recorded, from_here
from autograder.desk.submissions.waiting import waiting
from autograder.errors import ClassError
from autograder.files import delete, file_digest
from autograder.judge.batch import Engine, Grader
from autograder.judge.fingerprint import suite_fingerprint
from autograder.judge.results import Results
from autograder.offering import Offering
from autograder.progress import Progress, Steps
from autograder.text import without_controls

CONVERTING = re.compile(r"\b(?:Autograding|Converting notebook) (\S.*)")  # in nbgrader's log
CONVERTED = "Setting destination file permissions"


def grade_class(assignment: Assignment, course: Course, engine: Engine) -> None:
    """Grade what is new with nbgrader, make the feedback follow, export, print the table.

    Raises:
        ClassError: someone who handed in has no mark; everyone else's is kept.
        CourseError: the gradebook cannot be used.
    """
    console = Console(markup=False, highlight=False)  # a message or a name may hold [/b]
    known = recorded(course, assignment)
    rows = hand_ins(course, assignment.name, known.students, known.assignments)
    if not rows:
        raise ClassError(
            f"nothing lies in {course.submitted}/*/{assignment.name}/; see docs/instructor.md"
        )
    students = [row.student for row in rows if row.there]
    for student in _stale(course, assignment, students, known):
        delete(course.graded(assignment.name, student))
        course.report(assignment.name, student).unlink(missing_ok=True)
    ungraded = _ungraded(course, assignment, students)
    problems = []
    if ungraded:
        _judge(course, assignment, ungraded, console, engine)
        autograde = ("autograde", assignment.name)
        _, log = _converted(course, autograde, "into the gradebook", len(ungraded), console)
        failed = _ungraded(course, assignment, students)
        if failed == students:
            raise ClassError(f"nbgrader autograde failed: {last_error(log)}")
        if failed:
            names = without_controls(", ".join(failed))
            problems.append(f"no mark for {names}: {last_error(log)}")
    stale = stale_pages(course, assignment.name)
    if stale:
        feedback = ("generate_feedback", assignment.name)
        code, log = _converted(course, feedback, "feedback pages", len(stale), console)
        if code != 0:
            problems.append(f"nbgrader generate_feedback failed: {last_error(log)}")
    done = nbgrader("export", f"--to={course.grades}", root=course.root)
    if done.returncode != 0:
        problems.append(f"nbgrader export failed: {last_error(done.stderr)}")
    known = recorded(course, assignment)
    reports = {row.student: stored_report(course, assignment.name, row.student) for row in rows}
    for part in ClassTable(assignment, course, known, rows, reports).parts():
        console.print(part, soft_wrap=isinstance(part, str))
    console.print(f"grades: {from_here(course.grades)}")
    problems += _lost(rows)
    if problems:
        raise ClassError("; ".join(problems))


def recorded(course: Course, assignment: Assignment) -> Recorded:
    """Read what the gradebook holds of an assignment, and take `students.csv` into it before.

    Raises:
        CourseError: it cannot be read.
        ClassError: it does not know the assignment.
    """
    hands = {task.key for task in assignment.tasks if task.by_hand}
    with course.gradebook() as gradebook:
        listed = enrol(course, gradebook)
        names = {known.name for known in gradebook.assignments}
        students = {student.id for student in gradebook.students}
        by_hand, late = {}, {}
        if assignment.name in names:
            settle(course, gradebook, assignment.name)
            late = lateness(course, gradebook, assignment.name)
            for submission in entries(gradebook, assignment.name):
                if is_graded(submission):
                    grades = [grade for book in submission.notebooks for grade in book.grades]
                    own = [grade for grade in grades if grade.cell.name in hands]
                    points = None if waiting(submission) else sum(grade.score for grade in own)
                    by_hand[submission.student.id] = points
    if assignment.name not in names:
        raise ClassError(
            f"the gradebook has no assignment {assignment.name!r}; `make release` puts it there"
        )
    sections = {one.id: one.section or one.group for one in listed}
    return Recorded(students, names, by_hand, sections, late)


def _lost(rows: list[RosterEntry]) -> Iterator[str]:
    """What to say of hand-ins that were not graded."""
    names = [without_controls(row.student) for row in rows if row.lost]
    if names:
        yield f"not graded: {', '.join(names)}; the table says why, and what to do"


def _stale(
    course: Course, assignment: Assignment, students: list[str], known: Recorded
) -> Iterator[str]:
    """Students whose stored report is not of this file, these suites, this salt and gradebook."""
    offering = Offering.here(assignment, course.root)
    suite = suite_fingerprint(offering)
    release = released_notebook(assignment)
    for student in students:
        notebook = course.notebook(assignment.name, student)
        report = stored_report(course, assignment.name, student)
        if (
            student not in known.by_hand
            or report is None
            or (report.suite, report.submission) != (suite, file_digest(notebook))
            or not set(overlooked(notebook, release)) <= set(report.findings)
            or report != report.excused(offering.excuses)  # decided by hand, or elsewhere
        ):
            yield student


def _ungraded(course: Course, assignment: Assignment, students: list[str]) -> list[str]:
    return [s for s in students if not course.graded(assignment.name, s).is_dir()]


def _judge(
    course: Course, assignment: Assignment, students: list[str], console: Console, engine: Engine
) -> None:
    """Grade many at once and keep the results; nbgrader, which grades one by one, finds them."""
    release, wall = released_notebook(assignment), tried_wall(assignment.name)
    grader = Grader(Offering.here(assignment, course.root), release, wall, results=Results())
    notebooks = [course.notebook(assignment.name, student) for student in students]
    with Progress(Steps("grading", len(notebooks)), console) as progress:
        for outcome in engine(grader, notebooks):
            progress.step()
            if outcome.error:
                progress.say(f"grader error: {outcome.notebook}: {outcome.error}")


def _converted(
    course: Course, command: Sequence[str], what: str, count: int, console: Console
) -> tuple[int, str]:
    """Run an nbgrader command that goes through the submissions, and show how far it is.

    Args:
        count: how many it has to do; others it skips.

    Returns:
        Its exit code, and what it logged.
    """
    log = []
    with (
        Progress(Steps(what, count), console) as progress,
        nbgrader_started(*command, root=course.root) as process,
    ):
        assert process.stderr is not None
        for line in process.stderr:
            log.append(line)
            if converting := CONVERTING.search(line):
                progress.now(without_controls(Path(converting[1]).parent.parent.name))
            elif CONVERTED in line:
                progress.step()
    return process.returncode, "".join(log)
