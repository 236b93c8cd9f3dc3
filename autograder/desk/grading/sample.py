"""The sample class, in a course directory of its own: its gradebook is nobody else's."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import msgspec
import nbformat
from nbformat import NotebookNode

from autograder.assignment import ROOT, Assignment, released_notebook
from autograder.commands import last_error, nbgrader
from autograder.course import CONFIG, Course
from autograder.errors import AssignmentError, CourseError, RecordError
from autograder.files import delete, read_typed, tree_digest
from autograder.notebook.lesson import grade_id
from autograder.records import read_toml, typed
from autograder.release.source import SOURCE, build_source

HOME = ROOT / "build" / "sample"
TERMS = f'''"""The course of the sample class: as the repository's own, in folders of its own."""

import sys

sys.path.insert(0, {str(ROOT)!r})
load_subconfig({CONFIG!r}, path={str(ROOT)!r})  # put here by traitlets, as get_config is

c = get_config()
c.CourseDirectory.root = {str(HOME)!r}
c.CourseDirectory.course_id = "sample"
c.CourseDirectory.db_url = "sqlite:///{HOME / "gradebook.db"}"
c.CourseDirectory.source_directory = {str(SOURCE)!r}
c.CourseDirectory.release_directory = "release"
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"
'''


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an imaginary student hands in.

    Attributes:
        cells: grade id = file of `sample/` whose text stands in that cell; others are as released.
        interrupted: only the first half of the file was written.
    """

    cells: dict[str, str] = {}
    interrupted: bool = False


def sample_students(assignment: Assignment) -> dict[str, Answers]:
    """What each imaginary student hands in, by name; nobody where there is no sample class.

    Raises:
        AssignmentError: `sample_class.toml` is not in order; which field, and why.
    """
    path = sample_file(assignment)
    if not path.is_file():
        return {}
    try:
        return typed(read_toml(read_typed(path)), dict[str, Answers])
    except RecordError as error:
        raise AssignmentError(f"{path.relative_to(ROOT)}: {error}") from error


def sample_file(assignment: Assignment) -> Path:
    """Where an assignment's sample class is described."""
    return assignment.lesson.parent / "sample_class.toml"


def sample_course(assignment: Assignment) -> Course:
    """The sample class, ready to be graded; made anew when release or answers change.

    `solutions/<name>/sample_class.toml` says which file of `sample/` replaces the code of which
    cell, and what happened to the notebook file itself. Files that are there stay as they are.

    Raises:
        AssignmentError: there is no sample class, or its description is not in order.
        CourseError: nbgrader did not take the assignment.
    """
    students = sample_students(assignment)
    if not students:
        raise AssignmentError(f"{assignment.name!r} has no sample class: {sample_file(assignment)}")
    release = released_notebook(assignment)
    stamp, answers_folder = (
        HOME / f"{assignment.name}.released",
        assignment.lesson.parent / "sample",
    )
    digest = tree_digest(assignment.release) + tree_digest(answers_folder)
    digest += sample_file(assignment).read_text(encoding="utf-8")
    if not stamp.is_file() or stamp.read_text() != digest:
        if stamp.is_file():
            delete(HOME)
        build_source(assignment)
        HOME.mkdir(parents=True, exist_ok=True)
        (HOME / CONFIG).write_text(TERMS)
        options = ("--force", "--ProveRelease.grading=False")  # it was proved
        done = nbgrader("generate_assignment", assignment.name, *options, root=HOME)
        if done.returncode != 0:
            raise CourseError(f"nbgrader generate_assignment: {last_error(done.stderr)}")
        stamp.write_text(digest)
    course = Course.at(HOME)
    for student, answers in students.items():
        path = course.notebook(assignment.name, student)
        if not os.path.lexists(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_handed_in(release, answers, answers_folder), encoding="utf-8")
    return course


def _handed_in(release: NotebookNode, answers: Answers, folder: Path) -> str:
    """A notebook's text, with answers out of a folder."""
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        if grade_id(cell) in answers.cells:
            text = (folder / answers.cells[grade_id(cell)]).read_text(encoding="utf-8")
            cell.source = text.rstrip("\n")
    text = nbformat.writes(notebook) + "\n"
    # as a full disk or a lost connection leaves it
    return text[: len(text) // 2] if answers.interrupted else text
