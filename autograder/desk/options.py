"""The options of the desk's commands; light, since every command reads them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

ONLY = "if there are several assignments"
WHAT = ("canvas", "moodle", "blackboard", "gradescope", "feedback", "mail")


def add_commands(commands: Any) -> None:
    """Add the desk's commands to the command line's."""
    _add_people_and_marks(commands)
    _add_graded_class(commands)


def _add_people_and_marks(commands: Any) -> None:
    roster = commands.add_parser("roster", help="take a list of students into the gradebook")
    roster.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="CSV",
        help="as Canvas, Moodle or Blackboard export it (default: students.csv as it is)",
    )
    roster.add_argument("--id", default="", metavar="COLUMN", help="which column holds the ids")
    roster.set_defaults(run=_roster)

    rename = commands.add_parser("rename", help="give a student another id, everywhere")
    rename.add_argument("student")
    rename.add_argument("name", help="the new id")
    rename.set_defaults(run=_rename)

    merge = commands.add_parser("merge", help="make one student of two")
    merge.add_argument("student", help="who is no longer there afterwards")
    merge.add_argument("into", help="who has all of it afterwards")
    merge.add_argument(
        "--keep",
        default="",
        metavar="STUDENT",
        help="whose work counts where both handed in (default: what came last)",
    )
    merge.set_defaults(run=_merge)

    more = commands.add_parser("extension", help="grant an extension, or excuse a student")
    more.add_argument("who", help="a student, or a section")
    more.add_argument(
        "length", help="2d, 36h, 1w, a time such as 2026-12-03T18:00, `excused`, or `none`"
    )
    more.add_argument("--why", required=True, help="kept beside it")
    more.add_argument("--section", action="store_true", help="WHO is a section")
    more.add_argument("--assignment", help=ONLY)
    more.set_defaults(run=_extension)

    marks = commands.add_parser("marks", help="write marks for where they are kept, or feedback")
    marks.add_argument("what", choices=WHAT)
    marks.add_argument(
        "--list",
        type=Path,
        metavar="CSV",
        help="what Canvas, Moodle or Blackboard has exported, to be filled in (default: "
        "students.csv)",
    )
    marks.add_argument("--to", type=Path, metavar="PLACE", help="default: in build/marks")
    marks.add_argument(
        "--column", metavar="NAME", help="what the assignment is called there (default: as here)"
    )
    marks.add_argument(
        "--scaled", action="store_true", help="as shares of what the column is worth there"
    )
    marks.add_argument(
        "--partial",
        action="store_true",
        help="also what a person has yet to grade in part",
    )
    marks.add_argument("--assignment", help=ONLY)
    marks.set_defaults(run=_marks)


def _add_graded_class(commands: Any) -> None:
    one = commands.add_parser("report", help="write a page about a graded class, and its figures")
    one.add_argument("assignment", nargs="?", help=ONLY)
    one.add_argument(
        "--anonymous", action="store_true", help="for showing in class: nobody is named"
    )
    one.add_argument(
        "--attempts", type=Path, metavar="FILE", help="where `pr` keeps attempts, if it does"
    )
    one.add_argument("--sample", action="store_true", help="about the sample class")
    one.set_defaults(run=_report)

    excuse = commands.add_parser("excuse", help="excuse a check for everyone, or drop it")
    excuse.add_argument("assignment", nargs="?", help=ONLY)
    excuse.add_argument("check", help="<task>/<name>, as the class report's CSV has it")
    excuse.add_argument("--why", metavar="TEXT", help="the reason, which students read")
    what = excuse.add_mutually_exclusive_group()
    what.add_argument("--drop", action="store_true", help="it counts for nobody")
    what.add_argument("--undo", action="store_true", help="it counts again")
    _add_dry_run(excuse, _excuse)

    remark = commands.add_parser("remark", help="make marks anew from the verdicts that are stored")
    remark.add_argument("assignment", nargs="?", help=ONLY)
    _add_dry_run(remark, _remark)

    again = commands.add_parser("regrade", help="grade one student again, and say what has changed")
    again.add_argument("assignment", nargs="?", help=ONLY)
    again.add_argument("student")
    again.add_argument("--why", metavar="TEXT", required=True, help="the reason, which is kept")
    _add_dry_run(again, _regrade)

    shares = commands.add_parser("shares", help="who grades which written answers, and deal them")
    shares.add_argument("assignment", nargs="?", help=ONLY)
    shares.add_argument(
        "--grader",
        action="append",
        metavar="NAME",
        help="deal out what is nobody's among these; again for each",
    )
    shares.add_argument(
        "--twice",
        type=int,
        default=0,
        metavar="N",
        help="students whose answers a second grader grades too",
    )
    shares.add_argument(
        "--url", default="http://localhost:8888", help="where Jupyter runs, for the pages' links"
    )
    shares.set_defaults(run=_shares)

    second = commands.add_parser("second", help="keep what a second grader gave for an answer")
    second.add_argument("assignment")
    second.add_argument("student")
    second.add_argument("points", type=float)
    second.add_argument("--grader", required=True, metavar="NAME", help="who graded it")
    second.add_argument("--task", metavar="KEY", help="if a person grades several")
    second.set_defaults(run=_second)

    alike = commands.add_parser("alike", help="list submissions alike beyond what the class shares")
    alike.add_argument("assignment", nargs="?", help=ONLY)
    alike.add_argument(
        "--most",
        type=float,
        default=1.0,
        metavar="N",
        help="list pairs of which, by chance, there would be fewer than N (default: 1)",
    )
    alike.add_argument("--sample", action="store_true", help="in the sample class")
    alike.set_defaults(run=_alike)


def _add_dry_run(command: argparse.ArgumentParser, run: Callable[..., object]) -> None:
    command.add_argument("--dry-run", action="store_true", help="say what would change, and stop")
    command.add_argument("--sample", action="store_true", help="in the sample class")
    command.set_defaults(run=run)


def _roster(options: argparse.Namespace) -> None:
    from autograder.course import Course  # 1 s: nbgrader's gradebook

    from .people.enrol import taken_in
    from .people.students import read_students, with_known, write_students

    course = Course.at()
    file = options.file or course.students
    if not file.is_file():
        raise FileNotFoundError(f"{file} is not there; name a list of students")
    students = read_students(file, options.id)
    if options.file or options.id:
        students = with_known(students, read_students(course.students))
    with course.gradebook(new=True) as gradebook:
        enrolled = taken_in(gradebook, students)
    if options.file or options.id:
        write_students(course.students, students)
    print(f"{len(students)} students: {len(enrolled.joined)} new")
    for name in enrolled.unlisted:
        print(f"not in the list: {name}; to remove: python -m autograder remove {name}")


def _rename(options: argparse.Namespace) -> None:
    from autograder.course import Course  # 1 s

    from .changes.renaming import rename

    rename(Course.at(), options.student, options.name)
    print(f"{options.student} is now {options.name}")


def _merge(options: argparse.Namespace) -> None:
    from autograder.course import Course  # 1 s

    from .changes.renaming import merge

    for line in merge(Course.at(), options.student, options.into, options.keep):
        print(line)
    print(f"{options.student} is now {options.into}")


def _extension(options: argparse.Namespace) -> None:
    from autograder.assignment import Assignment  # 1 s, with nbgrader's gradebook
    from autograder.course import Course

    from .changes.extension import grant

    name = Assignment(options.assignment).name
    who, why = options.who, options.why
    for line in grant(Course.at(), name, who, options.length, why, section=options.section):
        print(line)
    print(f"penalties follow at once, pages with: python -m autograder class {name}")


def _marks(options: argparse.Namespace) -> int:
    from .marks.command import run  # 1 s

    return run(options)


def _report(options: argparse.Namespace) -> None:
    from .after import report  # 3 s: nbgrader's gradebook, matplotlib

    report(options)


def _excuse(options: argparse.Namespace) -> int:
    from .after import excuse  # 3 s

    return excuse(options)


def _remark(options: argparse.Namespace) -> int:
    from .after import remark  # 3 s

    return remark(options)


def _regrade(options: argparse.Namespace) -> None:
    from .after import again  # 3 s

    again(options)


def _shares(options: argparse.Namespace) -> None:
    from .by_hand.hand import shares  # 3 s

    shares(options)


def _second(options: argparse.Namespace) -> None:
    from .by_hand.hand import second  # 3 s

    second(options)


def _alike(options: argparse.Namespace) -> None:
    from .report.alike import alike  # 3 s

    alike(options)
