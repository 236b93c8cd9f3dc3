"""The command line: `python -m autograder <command>`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from autograder.cluster.options import add_cluster
from autograder.desk.options import add_commands as add_desk
from autograder.pull.options import add_commands as add_pull

from .errors import Failure
from .output import print_whatever

ONLY = "if there are several"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; bad input gives one clear line and exit code 1."""
    print_whatever()
    options = _parser().parse_args(arguments)
    try:
        if getattr(options, "assignment", "") is None:
            options.assignment = _the_only_one()
        code = options.run(options)
    except (Failure, OSError) as error:
        label = getattr(error, "label", Failure.label)
        print(f"{label}: {error}{_whose(error)}", file=sys.stderr)
        return getattr(error, "exit_code", Failure.exit_code)
    except KeyboardInterrupt:
        print("stopped; what was graded is kept, and the next run goes on from there")
        return 130
    return int(code or 0)


def _the_only_one() -> str:
    """The assignment that is meant by a command which names none."""
    from .assignment import only_assignment  # 0.1 s, which --help need not wait for

    return only_assignment()


def _whose(error: Exception) -> str:
    """What to do about a file that another user has left here; "" for every other error."""
    if not isinstance(error, PermissionError) or not isinstance(error.filename, str):
        return ""
    place = Path(error.filename)
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    try:
        owner = place.owner()
        if place.lstat().st_uid == os.geteuid():
            return ""
    except (OSError, KeyError):  # it cannot be seen, or its owner has no name
        return ""
    return f"; {place} belongs to {owner}: go on as {owner}, or: sudo chown -R $USER {place}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m autograder", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    one = commands.add_parser("grade", help="grade notebooks, without any database")
    one.add_argument("assignment")
    one.add_argument("notebook", type=Path, nargs="+")
    one.add_argument(
        "--json",
        type=Path,
        metavar="PLACE",
        help="write the report to this file, or of several notebooks into this folder",
    )
    one.add_argument("--task", action="append", metavar="KEY", help="grade only this task")
    where = one.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", type=_positive, metavar="N", help="notebooks at once (default: all cores)"
    )
    add_cluster(where)
    one.add_argument(
        "--limit",
        type=_limit,
        action="append",
        metavar="NAME=VALUE",
        help="change one of `autograder.wall.limits.Limits`, e.g. call_seconds=20",
    )
    one.add_argument(
        "--again", action="store_true", help="grade even what was graded and has not changed"
    )
    one.add_argument(
        "--allow-unconfined",
        action="store_true",
        help="grade without a sandbox if none holds here; the report says so",
    )
    one.add_argument(
        "--device",
        choices=("cuda", "mps"),
        help="compare with this device after marking, and report beside the mark",
    )
    one.set_defaults(run=_grade)

    stay = commands.add_parser("serve", help="stay, and grade what is posted to a Unix socket")
    stay.add_argument("assignment", nargs="?", help=ONLY)
    stay.add_argument("--socket", type=Path, required=True, metavar="PATH", help="made by this")
    stay.add_argument("--group", metavar="NAME", help="who else may use it (default: you alone)")
    stay.add_argument(
        "--jobs", type=_positive, metavar="N", help="notebooks at once (default: all cores)"
    )
    stay.add_argument(
        "--allow-unconfined",
        action="store_true",
        help="grade without a sandbox if none holds here; the reports say so",
    )
    stay.set_defaults(run=_serve)

    doctor = commands.add_parser("doctor", help="say what holds on this machine, and mend what not")
    doctor.add_argument("assignment", nargs="?", help=ONLY)
    doctor.set_defaults(run=_doctor)

    new = commands.add_parser("new", help="write the smallest assignment, to begin one with")
    new.add_argument("name", help="of its folders; a Python name")
    new.set_defaults(run=_new)

    source = commands.add_parser("source", help="build the folder nbgrader releases from")
    source.add_argument("assignment", nargs="?", help=ONLY)
    source.set_defaults(run=_source)

    release = commands.add_parser("release", help="build and prove what students get")
    release.add_argument("assignment", nargs="?", help=ONLY)
    release.set_defaults(run=_release)

    sample = commands.add_parser("sample", help="write the sample class, in a course of its own")
    sample.add_argument("assignment", nargs="?", help=ONLY)
    sample.set_defaults(run=_sample)

    whole = commands.add_parser("class", help="grade all submissions through nbgrader")
    whole.add_argument("assignment", nargs="?", help=ONLY)
    whole.add_argument(
        "--sample", action="store_true", help="build the release, and grade the sample class"
    )
    add_cluster(whole)
    whole.set_defaults(run=_class)

    take = commands.add_parser("accept", help="accept a notebook that has another name")
    take.add_argument("assignment")
    take.add_argument("student")
    take.add_argument("file", help="as the table of `class` names it")
    take.set_defaults(run=_accept)

    remove = commands.add_parser("remove", help="remove students with all that is kept of them")
    remove.add_argument("student", nargs="*")
    remove.add_argument(
        "--sample",
        action="store_true",
        help="the sample class, which earlier versions put among one's own students",
    )
    remove.add_argument(
        "--attempts", type=Path, metavar="FILE", help="of pull requests (default: attempts.jsonl)"
    )
    remove.add_argument(
        "--graded", type=Path, metavar="FOLDER", help="with pull requests (default: graded)"
    )
    remove.set_defaults(run=_remove)

    add_desk(commands)
    add_pull(commands)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number


def _limit(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


# A command imports what it needs when it is chosen: the comments name the seconds of processor time
# that all others are spared.


def _grade(options: argparse.Namespace) -> int:
    # 0.06 s
    from autograder.wall.limits import Limits
    from autograder.wall.wall import begin

    from .assignment import Assignment, released_notebook

    assignment = Assignment(options.assignment)
    limits = Limits().changed(dict(options.limit or []))
    if options.device:
        assignment.comparison()  # better refused now than after the grading
    for notebook in options.notebook:
        if notebook.is_dir() and len(options.notebook) == 1:  # of several, one stops no other
            raise IsADirectoryError(f"{notebook} is a folder; name the notebook in it")
        if not os.path.lexists(notebook):
            raise FileNotFoundError(f"{notebook} is not there")
    begun = begin(assignment.name, limits)
    # 2.0 s, in which the sandbox that was begun does as much
    from rich.console import Console

    from autograder.cluster.choice import engine
    from autograder.judge.batch import Grader, report_files
    from autograder.judge.parity import Parity, flag
    from autograder.judge.results import Results
    from autograder.report.render import outcome_line, report_text
    from autograder.wall.build import build
    from autograder.wall.gpu import require

    from .files import require_writable, write_whole
    from .offering import Offering
    from .progress import Progress, Steps

    assignment.require_tasks(options.task or [])
    if options.device:
        require(options.device)
    grade_all = engine(options.cluster, options.jobs)
    release = released_notebook(assignment)
    files = report_files(options.notebook, options.json) if options.json else {}
    for file in files.values():  # better refused now than after the grading
        require_writable(file)
    loose = options.allow_unconfined
    wall = build(assignment.name, allow_unconfined=loose, limits=limits, begun=begun)
    results = Results(None) if options.again else Results()
    grader = Grader(Offering.here(assignment), release, wall, options.task, results)
    parity = Parity.prepare(grader, options.device) if options.device else None
    failed = 0
    console = Console(stderr=True, markup=False, highlight=False)
    # each has a line of its own on the standard output
    with Progress(Steps("grading", len(options.notebook)), console, lines=False) as progress:
        for outcome in grade_all(grader, options.notebook):
            progress.step()
            if outcome.report is None:
                failed += 1
                whose = "grader error, not the student's"
                print(f"{whose}: {outcome.notebook}: {outcome.error}", file=sys.stderr)
                continue
            report = outcome.report
            if parity is not None:
                report = parity.beside(outcome.notebook, report)
            if outcome.notebook in files:
                try:
                    write_whole(files[outcome.notebook], report.to_json())
                except OSError as error:  # a full disk: the others are graded all the same
                    failed += 1
                    print(f"error: {error}; the report of {outcome.notebook}", file=sys.stderr)
            alone = len(options.notebook) == 1
            line = outcome_line(outcome.notebook, report)
            print(report_text(report) if alone else line, flush=True)
            if parity is not None:
                print(flag(report.beside, options.device), flush=True)
    return 2 if failed else 0


def _serve(options: argparse.Namespace) -> int:
    # 0.06 s
    from autograder.wall.wall import begin

    from .assignment import Assignment

    begun = begin(Assignment(options.assignment).name)
    # 2.1 s, in which the sandbox that was begun does as much
    from autograder.serve.command import run

    return run(options, begun)


def _doctor(options: argparse.Namespace) -> int:
    # 0.1 s
    from .assignment import Assignment
    from .doctor import examine

    findings = list(examine(Assignment(options.assignment)))
    for finding in findings:
        print(f"{'✓' if finding.good else '✗'} {finding.what}")
        if finding.mend:
            print(f"    {finding.mend}")
    return 0 if all(finding.good for finding in findings) else 1


def _new(options: argparse.Namespace) -> None:
    # 0.1 s
    from autograder.release.new import write_assignment

    for path in write_assignment(options.name):
        print(path)
    print(f"next: python -m autograder release {options.name}; docs/author.md says how to go on")


def _source(options: argparse.Namespace) -> None:
    # 0.2 s
    from autograder.release.source import build_source

    from .assignment import Assignment

    print(f"built {build_source(Assignment(options.assignment))}")


def _release(options: argparse.Namespace) -> None:
    # 2.5 s
    from autograder.release.prove import release

    from .assignment import Assignment

    assignment = Assignment(options.assignment)
    print(f"building and proving the release of {assignment.name} ...", flush=True)
    built = release(assignment)
    print(f"{assignment.release}: {'built and proved' if built else 'up to date'}")


def _sample(options: argparse.Namespace) -> None:
    # 0.9 s
    from autograder.desk.grading.sample import sample_course, sample_students
    from autograder.desk.submissions.table import from_here

    from .assignment import Assignment

    assignment = Assignment(options.assignment)
    course = sample_course(assignment)
    number = len(sample_students(assignment))
    print(f"{number} sample submissions lie in {from_here(course.submitted)}")


def _class(options: argparse.Namespace) -> None:
    # 2.8 s
    from autograder.cluster.choice import engine
    from autograder.desk.grading.classroom import grade_class
    from autograder.desk.grading.sample import sample_course, sample_students

    from .assignment import Assignment, declared_assignments
    from .course import Course

    assignment = Assignment(options.assignment)
    grade_all = engine(options.cluster)
    if options.sample:
        _release(options)
        grade_class(assignment, sample_course(assignment), grade_all)
        which = f" ASSIGNMENT={assignment.name}" if len(declared_assignments()) > 1 else ""
        print(
            "next, your own class: put each notebook at "
            f"submitted/<student>/{assignment.name}/{assignment.name}.ipynb, then: "
            f"make class{which}"
        )
        return
    course = Course.at()
    sample = sample_students(assignment)
    if sample and all((course.submitted / name).is_dir() for name in sample):
        print("the sample class is among your students: python -m autograder remove --sample")
    grade_class(assignment, course, grade_all)


def _accept(options: argparse.Namespace) -> None:
    # 1 s
    from autograder.desk.changes.amend import accept
    from autograder.desk.submissions.table import from_here

    from .assignment import Assignment
    from .course import Course

    name = Assignment(options.assignment).name
    put, kept = accept(Course.at(), name, options.student, options.file)
    was = f"; what was there is now {kept.name!r}" if kept else ""
    print(f"{from_here(put)} is graded next time{was}: python -m autograder class {name}")


def _remove(options: argparse.Namespace) -> int:
    # 1 s
    from autograder.desk.changes.renaming import remove
    from autograder.desk.grading.sample import sample_students
    from autograder.desk.people.students import read_students
    from autograder.pull.forget import ATTEMPTS, GRADED, forget

    from .assignment import ROOT, Assignment
    from .course import Course

    names = list(options.student)
    if options.sample:
        lessons = (ROOT / "solutions").glob("*/sample_class.toml")
        names += [s for path in lessons for s in sample_students(Assignment(path.parent.name))]
    if not names:
        raise OSError("name a student, or --sample")
    course = Course.at()
    listed = {student.id: student.login or student.id for student in read_students(course.students)}
    attempts = options.attempts or course.root / ATTEMPTS
    graded = options.graded or course.root / GRADED
    removed = remove(course, names)
    for name in names:
        if forget(listed.get(name, name), attempts, graded) and name not in removed:
            removed.append(name)
    unknown = [] if options.sample else [name for name in names if name not in removed]
    print(f"removed: {', '.join(removed) or 'nobody'}")
    if unknown:
        print(f"error: nothing was kept of {', '.join(unknown)}", file=sys.stderr)
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
