"""Runs the commands about a class that is graded; `options.py` has their options."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.errors import NotAmended
from autograder.report.excuse import (
    COUNTS,
    DROPPED,
    EXCUSED,
    FILE,
    Decision,
    Excuse,
    How,
    excuses_of,
    keep_decision,
    read_decisions,
    read_excuses,
)

from .grading.regrade import regrade, tried
from .grading.remark import changes, put, require_check, today, weighed_checks
from .grading.sample import HOME
from .report.class_report import write_class_report
from .submissions.table import from_here

DRY = "a dry run: nothing was written"


def report(options: argparse.Namespace) -> None:
    """Write the page about a class, and its figures."""
    assignment, course = _meant(options)
    for file in write_class_report(assignment, course, options.anonymous, options.attempts):
        print(from_here(file))


def excuse(options: argparse.Namespace) -> int:
    """Keep what is decided of a check, and make marks anew by it."""
    assignment, course = _meant(options)
    file = course.root / FILE
    known = read_decisions(file)
    held = {one.check for one in excuses_of(known, assignment.name)}
    why = (options.why or "").strip()
    if options.undo:
        if options.check not in held:
            raise NotAmended(f"{options.check!r} is neither excused nor dropped")
        how: How = COUNTS
    else:
        require_check(options.check, weighed_checks(assignment))
        how = DROPPED if options.drop else EXCUSED
        if not why:
            raise NotAmended("say why with --why TEXT: students read it")
    decision = Decision(assignment.name, options.check, how, why, today(assignment))
    if not options.dry_run:  # first: what is graded meanwhile is graded by it
        keep_decision(file, decision)
        again = " again" if options.undo else ""
        print(f"{options.check}: {how}{again}; kept in {from_here(file)}")
    excuses = excuses_of([*known, decision], assignment.name)
    return _marked_anew(options, course, assignment, excuses)


def remark(options: argparse.Namespace) -> int:
    """Make marks anew from stored verdicts, by the rubric and the decisions as they are."""
    assignment, course = _meant(options)
    excuses = read_excuses(course.root / FILE, assignment.name)
    return _marked_anew(options, course, assignment, excuses)


def again(options: argparse.Namespace) -> None:
    """Grade one student again, and say what has changed."""
    assignment, course = _meant(options)
    if options.dry_run:
        print(tried(course, assignment, options.student), DRY, sep="\n")
        return
    kept, changed = regrade(course, assignment, options.student, options.why)
    print(changed, f"the earlier report: {from_here(kept)}", sep="\n")


def _marked_anew(
    options: argparse.Namespace, course: Course, assignment: Assignment, excuses: Sequence[Excuse]
) -> int:
    """Say what becomes of everyone's mark, and unless it is a dry run see to it."""
    found, problems = changes(course, assignment, excuses)
    moved = [change for change in found if change.before.points != change.after.points]
    for change in moved:
        print(change.words)
    print("1 mark changes" if len(moved) == 1 else f"{len(moved) or 'no'} marks change")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if options.dry_run:
        print(DRY)
    else:
        put(course, assignment, found)
    return 1 if problems else 0


def _meant(options: argparse.Namespace) -> tuple[Assignment, Course]:
    return Assignment(options.assignment), Course.at(HOME) if options.sample else Course.at()
