"""`python -m autograder pr`: one pull request, anywhere that git and the grader are."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path

from autograder.assignment import ROOT, Assignment, released_notebook
from autograder.desk.people.grants import EXTENSIONS, grants_of
from autograder.desk.people.students import STUDENTS, read_students
from autograder.errors import EventError
from autograder.report.record import Report
from autograder.terms import FILE
from autograder.text import log
from autograder.wall.wall import begin

from .event import Request, login, read_event, time
from .git import Repository
from .grading import Conditions, Grade, grade_request, moment
from .outcome import GRADER_ERROR, NEEDS_PERSON, Outcome
from .pages.folder import clear, write_pages


def run(options: argparse.Namespace) -> int:
    """Grade one request. Exit code 0: graded, or not to be graded; 2: the grader could not."""
    clear(options.output)
    try:
        request = requested(options)
    except (EventError, OSError) as error:
        outcome, fault = Outcome(GRADER_ERROR, labels=(NEEDS_PERSON,)), str(error)
        write_pages(options.output, outcome)
    else:
        conditions = Conditions(
            grade=judge(
                again=options.again,
                allow_unconfined=options.allow_unconfined,
                cluster=options.cluster,
            ),
            assignments=known_assignments(),
            offering=options.offering or FILE,
            path=options.path,
            attempts=options.attempts,
            attempts_today=options.attempts_today,
            previous=options.previous,
            extension=extension_of,
        )
        repository = Repository(options.repository)
        outcome, fault = grade_request(request, repository, options.output, conditions, moment())
    if fault:
        print(f"grader error, not the student's: {log(fault)}", file=sys.stderr)
    told = " ".join(outcome.words)
    print(log(f"{outcome.login}: {outcome.assignment or outcome.path} {outcome.status}: {told}"))
    return 2 if outcome.status == GRADER_ERROR else 0


def requested(options: argparse.Namespace) -> Request:
    """The request that the options name.

    Raises:
        EventError: they, or the event, do not say what must be known.
        OSError: the event cannot be read.
    """
    if options.event:
        request = read_event(options.event)
        base = options.base or request.base
        return Request(request.login, request.head, base, request.number, request.came)
    if not options.login:
        raise EventError("without --event, --login must say whose the work is")
    came = time(options.came) if options.came else None
    return Request(login(options.login), options.head, options.base or "", options.number, came)


def known_assignments() -> list[str]:
    """The names of the assignments that have been released."""
    return sorted(path.parent.name for path in ROOT.glob("assignments/*/*.ipynb"))


def extension_of(assignment: str, login: str) -> timedelta:
    """How much longer the owner of an account has, by `students.csv` and `extensions.jsonl`.

    Both lie in the course's folder; where one does not, nobody has longer.
    """
    granted = grants_of(ROOT / EXTENSIONS, assignment)
    for student in read_students(ROOT / STUDENTS) if granted else ():
        if student.login.lower() == login.lower() and student.id in granted:
            return granted[student.id].extension
    return timedelta(0)


def judge(
    *, again: bool = False, allow_unconfined: bool = False, cluster: str | None = None
) -> Grade:
    """The judge as this command calls it, as does `python -m autograder grade`."""

    def grade(name: str, notebook: Path) -> Report:
        begun = begin(name)
        # 1.9 s, in which the sandbox that was begun does as much; none for what is not graded
        from autograder.cluster.choice import engine
        from autograder.judge.batch import Grader, grade_alone
        from autograder.judge.results import Results
        from autograder.offering import Offering
        from autograder.wall.build import build

        assignment = Assignment(name)
        release = released_notebook(assignment)
        wall = build(name, allow_unconfined=allow_unconfined, begun=begun)
        results = Results(None) if again else Results()
        grader = Grader(Offering.here(assignment), release, wall, results=results)
        return grade_alone(engine(cluster, jobs=1), grader, notebook)

    return grade
