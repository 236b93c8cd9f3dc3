"""Plain pytest on an assignment's checks, for its authors: see `conftest.py` beside README.md.

Which checks are run is pytest's affair: files, folders, `-k`, `-x`, `--pdb`. The submission runs
behind the wall as when it is graded; what a failure says is what students are told.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from autograder.assignment import ROOT, Assignment, released_notebook
from autograder.errors import Failure, Unreadable
from autograder.files import read_regular
from autograder.notebook.reader import parse, read_submission
from autograder.notebook.repair import Submission, repair
from autograder.offering import Offering
from autograder.suites import probes_of
from autograder.text import line
from autograder.wall.build import build
from autograder.wall.limits import Limits
from autograder.wall.session import Session
from autograder.wall.wall import Wall, begin
from checks.plugin import Grading, check_name, is_public, task_of
from checks.student import Student
from checks.verdicts import Verdict

from .grade import one_thread
from .reference import reference

SALT = "for authors"  # not the offering's: what is drawn for authors is no secret
DAY = 24 * 60 * 60
WIDEST = 2_000  # characters of a line that is told


def prepare(config: pytest.Config, name: str) -> None:
    """Have pytest run an assignment's checks on the submission that the options name.

    Raises:
        pytest.UsageError: there is no such assignment, or no submission that can be read.
    """
    try:
        assignment = Assignment(name)
        submission = submission_of(config, assignment)
    except (Failure, OSError) as error:
        raise pytest.UsageError(line(str(error))) from error
    grading = ForAuthors(Offering(assignment, config.option.salt or SALT), submission)
    config.pluginmanager.register(grading, "grading")
    config.pluginmanager.register(Where(grading), "where")
    # a warning is no fault of a check; our own tests, which share the settings, take it for one
    config.addinivalue_line("filterwarnings", "default")


def submission_of(config: pytest.Config, assignment: Assignment) -> Submission:
    """The notebook that was named, else the reference solution.

    Raises:
        Unreadable: it is no notebook.
        OSError: it is not there, or there is no release yet that it could be an answer to.
    """
    path = config.option.submission
    if path is None:
        return repair(assignment.source, assignment.source)
    path = config.invocation_params.dir / path
    try:
        parse(read_regular(path))
    except Unreadable as error:
        raise Unreadable(f"{path} cannot be read: {error}") from error
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is not there") from None
    return read_submission(path, released_notebook(assignment))


class ForAuthors(Grading):
    """Grading as ever, of whichever checks an author has chosen."""

    def __init__(self, offering: Offering, submission: Submission) -> None:
        self._assignment = offering.assignment
        self._submission = submission
        self._wall: Wall | None = None
        self._findings = list(submission.findings)
        super().__init__(Student(Nobody(), None), None, offering.salt)

    def pytest_report_header(self, config: pytest.Config) -> str:
        """What is judged."""
        path = config.option.submission
        return f"submission: {path if path else 'the reference solution'}, salt: {self._salt!r}"

    def pytest_collection(self, session: pytest.Session) -> None:
        """Start the sandbox: what it imports is imported while pytest collects."""
        if not session.config.option.collectonly:
            self._wall = begin(self._assignment.name, self._limits(session.config))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put a task's public checks before its hidden ones, which may need them."""
        tasks = list(dict.fromkeys(task_of(item) for item in items))
        items.sort(key=lambda item: (tasks.index(task_of(item)), not is_public(item)))

    def pytest_report_collectionfinish(
        self, config: pytest.Config, items: Sequence[pytest.Item]
    ) -> str | None:
        """Tell what a mark would count too."""
        if config.option.keyword or any("::" in argument for argument in config.args):
            return None
        chosen = {item.path for item in items}
        tasks = dict.fromkeys(task_of(item) for item in items)
        files = [file for task in tasks for file in self._assignment.suite_files(task)]
        left = [str(file.relative_to(ROOT)) for file in files if file not in chosen]
        return f"a mark counts these too: {' '.join(left)}" if left else None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Run the checks with the submission behind the wall."""
        options = session.config.option
        if options.collectonly or not session.items:
            return (yield)
        name, limits = self._assignment.name, self._limits(session.config)
        try:
            self._wall = build(
                name, allow_unconfined=options.allow_unconfined, limits=limits, begun=self._wall
            )
            self._reference = reference(self._assignment)
        except (Failure, OSError) as error:
            raise pytest.UsageError(line(str(error), WIDEST)) from error
        names = self._assignment.names
        with Session(self._wall, self._submission.cells, names) as worker, one_thread():
            self._student = Student(worker, probes_of(self._assignment.name))
            try:
                return (yield)
            finally:
                self._findings += worker.findings

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell what was odd about the notebook, and how it was kept in."""
        for finding in self._findings:
            terminalreporter.write_line(line(f"about the notebook: {finding}"))
        if self._wall is not None and self.results:
            terminalreporter.write_line(f"judged behind: {self._wall.level}")

    def pytest_unconfigure(self) -> None:
        """End the sandbox."""
        if self._wall is not None:
            self._wall.close()

    def needs(self, item: pytest.Item) -> list[str]:
        """Of what a check needs, what was chosen too: else no check could be tried by itself."""
        return [n for n in super().needs(item) if f"{task_of(item)}/{n}" in self.expected]

    def _record(
        self,
        item: pytest.Item,
        verdict: Verdict,
        rationale: str = "",
        help: str = "",
        guess: bool = False,
        known: bool = False,
    ) -> None:
        """Leave a guess out at once where an earlier check failed: at the end it was told."""
        harmless = (Verdict.PASSED, Verdict.SKIPPED)
        earlier = [r for r in self.results.values() if r.task == task_of(item)]
        if guess and any(result.verdict not in harmless for result in earlier):
            help = ""
        super()._record(item, verdict, rationale, help, guess, known)

    @staticmethod
    def _limits(config: pytest.Config) -> Limits:
        """Whoever looks around in a debugger uses the submission's time up."""
        waits = config.option.usepdb or config.option.trace
        return Limits().changed({"processor_seconds": DAY}) if waits else Limits()


class Where:
    """Adds to the students' words, for the author, where a check failed.

    With `--tb` it adds pytest's traceback; a check that failed by its own fault has it always.
    """

    def __init__(self, grading: Grading) -> None:
        self._grading = grading

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add a section to the report of a failure."""
        report = yield
        if isinstance(report.longrepr, str):  # holds what the submission's exceptions say
            told = report.longrepr.splitlines()
            report.longrepr = "\n".join(line(one, WIDEST) for one in told)
        style = item.config.option.tbstyle
        if not report.failed or call.excinfo is None or style == "no":
            return report
        result = self._grading.results.get(check_name(item))
        own_fault = result is not None and result.verdict is Verdict.GRADER_ERROR
        if style != "auto" or own_fault:
            report.sections.append(("traceback", str(item.repr_failure(call.excinfo))))
            return report
        lines = [entry for entry in call.excinfo.traceback if entry.path == item.path]
        if lines:
            place = f"{item.location[0]}:{lines[-1].lineno + 1}: {str(lines[-1].statement).strip()}"
            report.sections.append(("in the check", place))
        return report


class Nobody:
    """Stands where the submission will, until checks are run."""

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """Nothing is asked before."""
        raise LookupError(f"{probe} was asked before the checks were run")
