"""Builds what students get, and refuses to when it would give an answer away or grade wrongly."""

from __future__ import annotations

import shutil

from nbformat import NotebookNode

from autograder.assignment import ROOT, Assignment
from autograder.commands import last_error, nbgrader
from autograder.course import Course
from autograder.errors import CourseError, ReleaseRefused
from autograder.files import ASIDE, exchange, same_files, tree_digest
from autograder.judge.grade import grade
from autograder.notebook.repair import repair
from autograder.offering import Offering
from autograder.wall.wall import Wall
from checks.verdicts import Verdict

from .inputs import inputs_digest
from .source import build_source


def prove(assignment: Assignment, released: NotebookNode, wall: Wall) -> None:
    """Refuse unless the solution earns everything and the untouched release nothing.

    Raises:
        ReleaseRefused: naming the tasks and the first check at odds.
    """
    offering = Offering.here(assignment)
    solved = grade(offering, repair(assignment.source, assignment.source), wall)
    for task in solved.tasks:
        fault = task.first_to_fix
        if fault is not None:
            raise ReleaseRefused(
                f"the solution loses points in {task.key!r}: {fault.check}: {fault.rationale}"
            )
    untouched = grade(offering, repair(released, released), wall)
    for task in untouched.tasks:
        if task.points:
            lucky = [c.check for c in task.checks if c.verdict is Verdict.PASSED]
            raise ReleaseRefused(f"the untouched release earns points in {task.key!r}: {lucky}")


def release(assignment: Assignment) -> bool:
    """Build and prove the release with nbgrader, and put it into `assignments/`.

    Nothing is done when the inputs are those of the last release that was proved here.

    Returns:
        Whether anything was built.

    Raises:
        ReleaseRefused: nbgrader or one of the checks above refused, or two builds differ.
    """
    stamp = ROOT / "build" / f"{assignment.name}.released"
    inputs = inputs_digest(assignment)
    proved = stamp.exists() and stamp.read_text(encoding="utf-8") == inputs + tree_digest(
        assignment.release
    )
    if proved and in_gradebook(assignment):
        return False
    built = []
    for number, options in enumerate(([], ["--no-db", "--ProveRelease.grading=False"])):
        build_source(assignment)
        folder = ROOT / "build" / f"release-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        done = nbgrader(
            "generate_assignment",
            assignment.name,
            "--force",
            f"--CourseDirectory.release_directory={folder}",
            *options,
        )
        if done.returncode != 0:
            raise ReleaseRefused(f"nbgrader generate_assignment: {last_error(done.stderr)}")
        built.append(folder / assignment.name)
    if not same_files(*built):
        raise ReleaseRefused(f"two builds differ: compare {built[0]} and {built[1]}")
    copied = assignment.release.parent / ASIDE / assignment.name
    shutil.rmtree(copied, ignore_errors=True)
    shutil.copytree(built[0], copied)
    exchange(copied, assignment.release)
    stamp.write_text(inputs + tree_digest(assignment.release), encoding="utf-8")
    return True


def in_gradebook(assignment: Assignment) -> bool:
    """Whether the course's gradebook knows an assignment; not if it cannot be opened."""
    try:
        with Course.at().gradebook() as gradebook:
            return assignment.name in {known.name for known in gradebook.assignments}
    except CourseError:
        return False
