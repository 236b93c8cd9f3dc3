"""The command line: `python -m autograder <command>`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one command; bad input gives one clear line and exit code 1."""
    options = _parser().parse_args(arguments)
    from .assignment import UnknownAssignment
    from .classroom import ClassError
    from .judge import GraderError
    from .release import ReleaseRefused
    from .session import WorkerError
    from .wall import WallError

    try:
        options.run(options)
    except (ReleaseRefused, ClassError, WallError, UnknownAssignment, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (GraderError, WorkerError) as error:
        print(f"grader error, not the student's: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what was graded is kept, and the next run goes on from there")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m autograder", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    one = commands.add_parser("grade", help="grade one notebook, without any database")
    one.add_argument("assignment")
    one.add_argument("notebook", type=Path)
    one.add_argument("--json", type=Path, metavar="FILE", help="write the report here")
    one.add_argument("--task", action="append", metavar="KEY", help="grade only this task")
    one.add_argument(
        "--allow-unconfined",
        action="store_true",
        help="grade without a sandbox if none holds here; the report says so",
    )
    one.set_defaults(run=_grade)

    source = commands.add_parser("source", help="build the folder nbgrader releases from")
    source.add_argument("assignment")
    source.set_defaults(run=_source)

    release = commands.add_parser("release", help="build and prove what students get")
    release.add_argument("assignment")
    release.set_defaults(run=_release)

    sample = commands.add_parser("sample", help="put the sample class into the submitted folder")
    sample.add_argument("assignment")
    sample.set_defaults(run=_sample)

    whole = commands.add_parser("class", help="grade all submissions through nbgrader")
    whole.add_argument("assignment")
    whole.add_argument(
        "--sample", action="store_true", help="first build the release and add the sample class"
    )
    whole.set_defaults(run=_class)
    return parser


def _grade(options: argparse.Namespace) -> None:
    from .assignment import Assignment
    from .desk import released_notebook
    from .judge import grade, offering_salt
    from .notebook import read_submission
    from .render import report_text
    from .wall import Wall

    assignment = Assignment(options.assignment)
    assignment.require_tasks(options.task or [])
    if options.notebook.is_dir():
        raise IsADirectoryError(f"{options.notebook} is a folder; name the notebook in it")
    if options.json:
        options.json.open("a").close()  # better refused now than after the grading
    submission = read_submission(options.notebook, released_notebook(assignment))
    wall = Wall.build(allow_unconfined=options.allow_unconfined)
    report = grade(assignment, submission, wall, offering_salt(), options.task)
    report = report.about(
        student="",
        submission=submission.digest,
        findings=[*submission.findings, *report.findings],
    )
    if options.json:
        options.json.write_text(report.to_json(), encoding="utf-8")
    print(report_text(report))


def _source(options: argparse.Namespace) -> None:
    from .assignment import Assignment
    from .release import build_source

    print(f"built {build_source(Assignment(options.assignment))}")


def _release(options: argparse.Namespace) -> None:
    from .assignment import Assignment
    from .release import release

    assignment = Assignment(options.assignment)
    print(f"building and proving the release of {assignment.name} ...", flush=True)
    built = release(assignment)
    print(f"{assignment.release}: {'built and proved' if built else 'up to date'}")


def _sample(options: argparse.Namespace) -> None:
    from .assignment import Assignment
    from .classroom import write_sample

    students = write_sample(Assignment(options.assignment))
    print(f"{len(students)} sample submissions lie in the submitted folder")


def _class(options: argparse.Namespace) -> None:
    from .assignment import Assignment
    from .classroom import grade_class

    if options.sample:
        _release(options)
        _sample(options)
    grade_class(Assignment(options.assignment))


if __name__ == "__main__":
    sys.exit(main())
