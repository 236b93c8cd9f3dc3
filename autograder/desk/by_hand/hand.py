"""Grading by hand by several people: who has what, a page for each, what two of them agree on."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from urllib.parse import quote

import nbformat
from markupsafe import Markup

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.desk.marks.marks import is_graded
from autograder.desk.pages.jinja import environment
from autograder.desk.pages.page import Framed, safe_markdown
from autograder.desk.people.grants import excused
from autograder.desk.people.shares import Share, dealt, read_shares, write_shares
from autograder.desk.submissions.entries import entries
from autograder.desk.submissions.table import from_here
from autograder.desk.submissions.waiting import waits
from autograder.errors import ClassError, NotAmended
from autograder.files import write_whole
from autograder.notebook.lesson import grade_id

from .scheme import beside, mark_scheme

NO_FILE = re.compile(r"[^\w.-]+")  # what is no part of a file's name everywhere
FAR = 0.1  # of the points: two graders who differ by more should talk


@dataclass(frozen=True)
class Answer:
    """A written answer that came."""

    student: str
    task: str
    submission: str  # nbgrader's id of the notebook, by which the Formgrader opens it
    points: float | None  # what the first grader gave; None while it waits


@dataclass(frozen=True)
class Agreement:
    """What two people gave for the same answers.

    Attributes:
        pairs: student, first, second: points.
        far: those that differ by more than a tenth of the points.
    """

    pairs: Sequence[tuple[str, float, float]]
    far: Sequence[tuple[str, float, float]]

    @property
    def words(self) -> str:
        """One line."""
        apart = [second - first for _, first, second in self.pairs]
        if not apart:
            return "graded twice: none yet"
        same = sum(not round(one, 6) for one in apart)
        return (
            f"graded twice: {len(apart)}; the same points {same} times, "
            f"apart by {fmean(map(abs, apart)):.2f} points on average and {max(map(abs, apart)):g} "
            f"at most; the second gives {fmean(apart):+.2f} more"
        )


def answers(course: Course, assignment: Assignment) -> list[Answer]:
    """The written answers of all who were graded and are not excused.

    Raises:
        CourseError: the gradebook cannot be used.
        ClassError: it does not know the assignment, or a person grades nothing of it.
    """
    hands = {task.key for task in assignment.tasks if task.by_hand}
    if not hands:
        raise ClassError(f"a person grades nothing of {assignment.name}")
    out = excused(course.extensions, assignment.name)
    found = []
    with course.gradebook() as gradebook:
        if assignment.name not in {known.name for known in gradebook.assignments}:
            raise ClassError(
                f"the gradebook has no assignment {assignment.name!r}; `make release` puts it there"
            )
        for submission in entries(gradebook, assignment.name):
            if submission.student.id in out or not is_graded(submission):
                continue
            for book in submission.notebooks:
                for grade in book.grades:
                    if grade.cell.name in hands:
                        points = None if waits(grade) else round(grade.score, 2)
                        found.append(
                            Answer(submission.student.id, grade.cell.name, book.id, points)
                        )
    return sorted(found, key=lambda one: (one.student, one.task))


def agreement(
    shares: Sequence[Share], found: Sequence[Answer], assignment: Assignment
) -> Agreement:
    """What the two graders of each answer that is graded twice gave, where both have."""
    given = {(one.student, one.task): one.points for one in found}
    most = {task.key: task.points for task in assignment.tasks}
    pairs, far = [], []
    for share in shares:
        first = given.get((share.student, share.task))
        if share.assignment != assignment.name or first is None or share.second_points is None:
            continue
        pair = (share.student, first, share.second_points)
        pairs.append(pair)
        if abs(first - share.second_points) > FAR * most[share.task] + 1e-9:
            far.append(pair)
    return Agreement(pairs, far)


def shares(options: argparse.Namespace) -> None:
    """Deal out what is nobody's, print who has what, write a page for each grader."""
    assignment, course = Assignment(options.assignment), Course.at()
    known, found = read_shares(course.shares), answers(course, assignment)
    if options.grader:
        every = {(one.student, one.task) for one in found}
        waiting = {(one.student, one.task) for one in found if one.points is None}
        known = dealt(known, assignment.name, every, waiting, options.grader, options.twice)
        write_shares(course.shares, known)
    own = [share for share in known if share.assignment == assignment.name]
    for line in told(own, found, assignment):
        print(line)
    for path in write_pages(course, assignment, own, found, options.url):
        print(from_here(path))


def told(own: Sequence[Share], found: Sequence[Answer], assignment: Assignment) -> Iterator[str]:
    """Who has what, a line each, and how far two graders agree."""
    points = {(one.student, one.task): one.points for one in found}
    for grader in _graders(own):
        mine = [points.get((one.student, one.task)) for one in own if one.grader == grader]
        given = [one for one in mine if one is not None]
        again = [one for one in own if one.second == grader]
        done = sum(one.second_points is not None for one in again)
        mean = f", mean {fmean(given):.2f} points" if given else ""
        twice = f"; a second time {done} of {len(again)}" if again else ""
        yield f"{grader}: {len(given)} of {len(mine)} graded{mean}{twice}"
    dealt_out = {(one.student, one.task) for one in own}
    nobodys = [one for one in found if (one.student, one.task) not in dealt_out]
    if nobodys:
        yield f"nobody's: {len(nobodys)}; deal them out with --grader NAME --grader NAME"
    if any(one.second for one in own):
        agreed = agreement(own, found, assignment)
        yield agreed.words
        for student, first, second in agreed.far:
            yield f"talk about {student}: {first:g} and {second:g}"


def write_pages(
    course: Course, assignment: Assignment, own: Sequence[Share], found: Sequence[Answer], url: str
) -> list[Path]:
    """Write for each grader a page of their answers beside the mark scheme, without marks.

    Args:
        url: where Jupyter runs, for links to the Formgrader.

    Raises:
        OSError: one cannot be written.
    """
    schemes = {
        task.key: mark_scheme(assignment, task.key) for task in assignment.tasks if task.by_hand
    }
    numbers = {(one.student, one.task): one.submission for one in found}
    folder = course.root / "build" / "marks"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for grader in _graders(own):
        rows = []
        for share in own:
            number = numbers.get((share.student, share.task))
            if grader not in (share.grader, share.second) or number is None:
                continue
            link = f"{url.rstrip('/')}/formgrader/submissions/{quote(number)}/"
            html = beside(_answer(course, share), schemes[share.task])
            rows.append((share, Markup(html), link if share.grader == grader else ""))
        page = environment().get_template("grader.html.j2")
        text = page.render(assignment=assignment.name, grader=grader, rows=rows)
        paths.append(folder / f"{assignment.name}-by-hand-{NO_FILE.sub('_', grader)}.html")
        write_whole(paths[-1], text)
    return paths


def _graders(own: Sequence[Share]) -> list[str]:
    return sorted({name for one in own for name in (one.grader, one.second) if name})


def _answer(course: Course, share: Share) -> str:
    """A written answer as HTML in its frame; what is not there is said."""
    path = course.graded(share.assignment, share.student) / f"{share.assignment}.ipynb"
    with suppress(OSError, ValueError):
        book = nbformat.read(path, as_version=4)
        book.cells = [cell for cell in book.cells if grade_id(cell) == share.task]
        if book.cells and book.cells[0].source.strip():
            framed, _ = Framed().preprocess(book, {})
            return safe_markdown(framed.cells[0].source)
        if book.cells:
            return "<p>Nothing was written.</p>"
    return "<p>The graded notebook is not there.</p>"


def second(options: argparse.Namespace) -> None:
    """Keep what a second grader gave."""
    assignment, course = Assignment(options.assignment), Course.at()
    known = read_shares(course.shares)
    mine = [
        share
        for share in known
        if (share.assignment, share.student) == (assignment.name, options.student)
        and share.second
        and options.task in (None, share.task)
    ]
    if len(mine) != 1:
        why = "there are several tasks: name one with --task" if mine else "it is not graded twice"
        raise NotAmended(f"{options.student}: {why}")
    (share,) = mine
    if options.grader != share.second:
        raise NotAmended(f"{options.student} is graded a second time by {share.second}")
    most = next(task.points for task in assignment.tasks if task.key == share.task)
    if not 0 <= options.points <= most:
        raise NotAmended(f"expected 0 to {most:g} points, got {options.points:g}")
    said = replace(share, second_points=options.points)
    write_shares(course.shares, [said if one is share else one for one in known])
    print(f"{share.student}, {share.task}: {options.points:g} of {most:g}, by {share.second}")
