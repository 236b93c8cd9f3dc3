"""nbgrader's `generate_assignment`, made to build aside: one that fails changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory

from autograder.files import ASIDE, exchange


class BuiltAside(NotebookExporter):
    """Makes `nbgrader generate_assignment` build aside.

    nbgrader deletes the release before it builds, and what it has built when it fails. It makes its
    exporter before either, and knows the release only by its course directory.
    """

    def __init__(self, **settings: Any) -> None:
        """Give the converter that this exports for another place to write to."""
        super().__init__(**settings)
        if isinstance(self.parent, GenerateAssignment):
            _redirect(self.parent)


def _redirect(converter: GenerateAssignment) -> None:
    course = converter.coursedir
    folder = Path(course.root, course.release_directory, ASIDE)
    shutil.rmtree(folder, ignore_errors=True)
    aside = CourseDirectory(
        parent=course.parent,
        **{name: getattr(course, name) for name in course.trait_names(config=True)},
    )
    aside.release_directory = str(folder)
    # without --force nbgrader keeps what is there; with --notebook the other notebooks
    for name in {Path(source).name for source in converter.assignments}:
        if _release(course, name).exists():
            shutil.copytree(_release(course, name), _release(aside, name))
    finish = converter.set_permissions

    def finish_and_exchange(assignment_id: str, student_id: str) -> None:
        finish(assignment_id, student_id)
        exchange(_release(aside, assignment_id), _release(course, assignment_id))

    converter.coursedir = aside
    converter.set_permissions = finish_and_exchange


def _release(course: CourseDirectory, assignment: str) -> Path:
    return Path(course.format_path(course.release_directory, ".", assignment))
