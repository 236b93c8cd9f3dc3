"""The options of the commands about pull requests; light, since every command reads them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from autograder.cluster.options import add_cluster


def add_commands(commands: Any) -> None:
    """Add `pr`, `import` and `student-repo` to the command line's commands."""
    one = commands.add_parser("pr", help="grade a pull request, from git and an event file")
    one.add_argument("--repository", type=Path, default=Path(), metavar="FOLDER")
    one.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="for the records and pages"
    )
    source = one.add_mutually_exclusive_group(required=True)
    source.add_argument("--event", type=Path, metavar="FILE", help="a pull_request event's JSON")
    source.add_argument("--head", metavar="REVISION", help="without an event: what to grade")
    one.add_argument("--login", help="without an event: whose it is")
    one.add_argument("--came", metavar="TIME", help="without an event: the server's time of it")
    one.add_argument("--number", type=int, help="without an event: the request's number")
    one.add_argument(
        "--base", metavar="REVISION", help="what it is compared with (default: the event's)"
    )
    one.add_argument(
        "--path", default="", help="in a repository of the student's own (no base): the notebook"
    )
    one.add_argument("--offering", type=Path, metavar="FILE", help="default: offering.toml")
    one.add_argument("--previous", type=Path, metavar="FILE", help="the last attempt's report")
    one.add_argument("--attempts", type=Path, metavar="FILE", help="where attempts are kept")
    one.add_argument(
        "--attempts-today", type=int, metavar="N", help="how many came before, counted elsewhere"
    )
    one.add_argument("--again", action="store_true", help="grade even what has not changed")
    one.add_argument(
        "--allow-unconfined",
        action="store_true",
        help="grade without a sandbox if none holds here; the report says so",
    )
    add_cluster(one)
    one.set_defaults(run=_pr)

    bring = commands.add_parser("import", help="put graded pull requests into the gradebook")
    bring.add_argument("folder", type=Path, nargs="+", help="an --output of `pr`, or one above")
    bring.add_argument(
        "--roster",
        type=Path,
        metavar="CSV",
        help="columns login, student_id (default: the column login of students.csv)",
    )
    bring.add_argument("--db", metavar="URL", help="default: that of nbgrader_config.py")
    bring.set_defaults(run=_import)

    repository = commands.add_parser("student-repo", help="write the students' repository")
    repository.add_argument("assignment", nargs="?", help="if there are several")
    repository.set_defaults(run=_student_repo)


def _pr(options: argparse.Namespace) -> int:
    from .command import run  # 0.1 s

    return run(options)


def _import(options: argparse.Namespace) -> int:
    from .importing import run  # 1 s: nbgrader's gradebook

    return run(options)


def _student_repo(options: argparse.Namespace) -> None:
    # 0.4 s: nbformat
    from autograder.assignment import Assignment
    from autograder.release.student_repo import write_student_repo

    print(f"wrote {write_student_repo(Assignment(options.assignment))}")
