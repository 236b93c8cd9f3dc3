"""The commands about a class that is graded; light, since every command reads them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

ONLY = "if there are several"


def add_class_commands(commands: Any) -> None:
    """Add the commands about a graded class to the command line's commands."""
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
