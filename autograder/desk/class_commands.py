"""The commands about a class that is graded; light, since every command reads them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_class_commands(commands: Any) -> None:
    """Add `report` to the command line's commands."""
    one = commands.add_parser("report", help="write a page about a graded class, and its figures")
    one.add_argument("assignment", nargs="?", help="if there are several")
    one.add_argument(
        "--anonymous", action="store_true", help="for showing in class: nobody is named"
    )
    one.add_argument(
        "--attempts", type=Path, metavar="FILE", help="where `pr` keeps attempts, if it does"
    )
    one.add_argument("--sample", action="store_true", help="about the sample class")
    one.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> None:
    # 3 s: nbgrader's gradebook, matplotlib
    from autograder.assignment import Assignment

    from .class_report import write_class_report
    from .table import from_here

    assignment = Assignment(options.assignment)
    page, table = write_class_report(
        assignment, _course(options.sample), options.anonymous, options.attempts
    )
    print(f"{from_here(page)}\n{from_here(table)}")


def _course(sample: bool) -> Any:
    """The course that is meant."""
    # 1 s
    from autograder.course import Course

    from .sample import HOME

    return Course.at(HOME) if sample else Course.at()
