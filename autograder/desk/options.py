"""The options of the commands about people and marks; light, since every command reads them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

ONLY = "if there are several assignments"
WHAT = ("canvas", "moodle", "blackboard", "gradescope", "feedback", "mail")


def add_commands(commands: Any) -> None:
    """Add the desk's commands to the command line's."""
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
