"""A course directory, as `nbgrader_config.py` describes it: where its folders and gradebook lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.engine import make_url
from traitlets.config.loader import PyFileConfigLoader

from .assignment import ROOT
from .commands import first_line, programs_first
from .errors import CourseError, Failure, NoGradebook

CONFIG = "nbgrader_config.py"


class Course:
    """The folders of a course, and its gradebook."""

    def __init__(self, directory: CourseDirectory) -> None:
        """Use what nbgrader itself uses."""
        self.root = Path(directory.root)
        self.submitted = self.root / directory.submitted_directory
        self.autograded = self.root / directory.autograded_directory
        self.feedback = self.root / directory.feedback_directory
        self.reports = self.root / "reports"
        self.grades = self.root / "grades.csv"
        self.students = self.root / "students.csv"
        self.extensions = self.root / "extensions.jsonl"
        self.shares = self.root / "shares.csv"
        self.database = str(directory.db_url)
        # nbgrader's applications make their directory before they read the configuration
        config = (directory.parent or directory).config
        self.late_rule = str(config.AssignLatePenalties.get("plugin_class", ""))
        self._name = str(directory.course_id)

    @classmethod
    def at(cls, root: Path = ROOT) -> Course:
        """The course whose configuration lies in a folder.

        Raises:
            CourseError: the configuration is missing or cannot be read.
        """
        try:
            config = PyFileConfigLoader(CONFIG, path=str(root)).load_config()
            return cls(CourseDirectory(config=config))
        except Exception as error:  # it is a program: whatever it raises
            raise CourseError(f"{root / CONFIG}: {first_line(error)}") from error

    def notebook(self, assignment: str, student: str) -> Path:
        """The one file of a student that is graded."""
        return self.submitted / student / assignment / f"{assignment}.ipynb"

    def graded(self, assignment: str, student: str) -> Path:
        """The folder in which nbgrader keeps a graded submission."""
        return self.autograded / student / assignment

    def page(self, assignment: str, student: str) -> Path:
        """A student's feedback."""
        return self.feedback / student / assignment / f"{assignment}.html"

    def report(self, assignment: str, student: str) -> Path:
        """Where the report of a submission lies."""
        return self.reports / assignment / f"{student}.json"

    @contextmanager
    def gradebook(self, new: bool = False) -> Iterator[Gradebook]:
        """The gradebook, open.

        Args:
            new: where there is none yet, make it.

        Raises:
            CourseError: there is none yet, it cannot be opened, or what is done with it fails.
        """
        with opened(self.database, self._name, new) as gradebook:
            yield gradebook


@contextmanager
def opened(database: str, course: str = "default_course", new: bool = False) -> Iterator[Gradebook]:
    """A gradebook, open.

    Raises:
        CourseError: there is none yet, it cannot be opened, or what is done with it fails.
    """
    os.environ["PATH"] = programs_first()
    try:
        url = make_url(database)
        file = url.database if url.get_backend_name() == "sqlite" else None
        if file and not new and not Path(file).exists():
            raise NoGradebook(f"there is no gradebook yet ({file}); `make release` makes it")
        with Gradebook(database, course) as gradebook:
            yield gradebook
    except Failure:
        raise
    except Exception as error:  # of the driver, of SQLAlchemy, of nbgrader
        raise CourseError(first_line(error)) from error
