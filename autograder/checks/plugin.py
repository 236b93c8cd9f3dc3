"""The pytest plugin that runs a suite against one submission and records a verdict a check."""

from __future__ import annotations

import hashlib
import inspect
import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from .expect import Wrong
from .student import Student
from .verdicts import CheckResult, StudentFault, Verdict

PUBLIC_SALT = "public"  # students draw the same inputs each time they check themselves
LOST = (Verdict.TIMED_OUT, Verdict.EXCEEDED_LIMIT)  # each costs its deadline or a new worker
LOST_A_TASK = 2  # after so many the task's other checks are skipped
# the grader decides alone how its suites are run
PYTEST_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")


class Grading:
    """Offers the fixtures `student`, `reference`, `generator` and `salt`; collects verdicts.

    A check is a test function in `test_<task>.py`. Its docstring is the sentence a student reads.
    `@pytest.mark.graded(weight=..., needs=[...], on_crash=...)` sets its share of the task's
    points (default 1), the checks that must pass before it is tried, and the help line shown
    when the student's code crashes in it; `stays=...` says why a hidden check is kept that is no
    submission's only killer (for `make measure`; it decides nothing). What a check gives to
    pytest's `record_property` is reported beside the mark and decides nothing.
    """

    def __init__(self, student: Student, reference: Student | None, salt: str) -> None:
        self._student = student
        self._reference = reference
        self._salt = salt
        self.results: dict[str, CheckResult] = {}
        self.expected: list[str] = []
        self.problems: list[str] = []  # failures of the suite itself, for the instructor
        self.beside: dict[str, dict[str, object]] = {}  # by task: recorded beside the mark
        self.interrupted = False

    @pytest.fixture
    def student(self) -> Student:
        """The submission under test."""
        return self._student

    @pytest.fixture
    def reference(self) -> Student:
        """The instructor's solution, behind the same face."""
        if self._reference is None:
            raise LookupError("public checks have no reference solution")
        return self._reference

    @pytest.fixture
    def salt(self) -> str:
        """The secret of this offering of the course."""
        return self._salt

    @pytest.fixture
    def generator(self, request: pytest.FixtureRequest) -> torch.Generator:
        """A generator seeded from the salt and the check's name: fresh inputs each offering."""
        digest = hashlib.sha256(f"{self._salt}:{check_name(request.node)}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "graded(weight, needs, on_crash, stays): terms")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.expected = [check_name(item) for item in items]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.problems.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        # pytest itself would end as if all had been run; a kind of its own is about collecting
        self.interrupted = excinfo.type is KeyboardInterrupt

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        blocked = self._blocked(item)
        if blocked:
            self._record(item, Verdict.SKIPPED, blocked)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if check_name(item) in self.results:
            pytest.skip("needs an earlier check")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if check_name(item) not in self.results:
            self._judge(item, call)
        self.beside.setdefault(task_of(item), {}).update(item.user_properties)
        result = self.results.get(check_name(item))
        if report.failed and result is not None:
            report.longrepr = "\n".join([result.sentence, *words(result)])
        return report

    def _blocked(self, item: pytest.Item) -> str:
        """Why a check is not tried, "" if it is."""
        task = task_of(item)
        for needed in terms(item).get("needs", []):
            earlier = self.results.get(f"{task}/{needed}")
            if earlier is None or earlier.verdict is not Verdict.PASSED:
                sentence = earlier.sentence if earlier else needed
                return f"tried once this holds: {sentence}"
        verdicts = [result.verdict for result in self.results.values() if result.task == task]
        if sum(v in LOST for v in verdicts) >= LOST_A_TASK:
            return "not tried: earlier checks of this task ran out of time or memory"
        return ""

    def _judge(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if call.excinfo is None:
            if call.when == "call":
                self._record(item, Verdict.PASSED)
            return
        error = call.excinfo.value
        if isinstance(error, Wrong):
            self._record(item, Verdict.WRONG, error.rationale, error.help, error.guess)
        elif isinstance(error, AssertionError) and call.when == "call":
            # a bare assert: its values are not for students
            self._record(item, Verdict.WRONG)
        elif isinstance(error, StudentFault):
            rationale = error.rationale if is_public(item) else error.private_rationale
            crashed = error.verdict is Verdict.CRASHED
            hint = terms(item).get("on_crash", "") if crashed else ""
            self._record(item, error.verdict, rationale, hint, guess=True)
        else:
            self.problems.append(f"{check_name(item)}: {call.excinfo.getrepr(style='short')}")
            self._record(item, Verdict.GRADER_ERROR, "the grader itself failed here; not your mark")

    def _record(
        self,
        item: pytest.Item,
        verdict: Verdict,
        rationale: str = "",
        help: str = "",
        guess: bool = False,
    ) -> None:
        name = check_name(item)
        self.results[name] = CheckResult(
            check=name,
            sentence=sentence_of(item),
            weight=float(terms(item).get("weight", 1)),
            verdict=verdict,
            public=is_public(item),
            rationale=rationale,
            help=help,
            guess=guess,
        )

    def pytest_sessionfinish(self) -> None:
        """Keep guesses at a cause to a task's first failure: it may well explain the others."""
        failed = set()
        for name, result in self.results.items():
            if result.guess and result.task in failed:
                self.results[name] = replace(result, help="")
            if result.verdict not in (Verdict.PASSED, Verdict.SKIPPED):
                failed.add(result.task)


class Only:
    """Has pytest do only what is needed here.

    The folders around these files may be large; and a traceback that no terminal shows costs more
    than the check it comes from.
    """

    def __init__(self, files: list[Path]) -> None:
        self._wanted = {*files, *(folder for file in files for folder in file.parents)}

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "no"

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool:
        return collection_path not in self._wanted


def words(result: CheckResult) -> list[str]:
    """What a result says beyond its sentence, a line each."""
    plain = (Verdict.PASSED, Verdict.WRONG)
    verdict = "" if result.verdict in plain else f"{result.verdict}: "
    lines = [verdict + result.rationale] if result.rationale else []
    return lines + ([f"Look here first: {result.help}"] if result.help else [])


def terms(item: pytest.Item) -> dict[str, Any]:
    """The keyword arguments of a check's `graded` marker."""
    marker = item.get_closest_marker("graded")
    return dict(marker.kwargs) if marker else {}


def task_of(item: pytest.Item) -> str:
    """The task's key: `test_<key>.py`."""
    return item.path.stem.removeprefix("test_")


def check_name(item: pytest.Item) -> str:
    """`<task>/<name>`, the same in every report."""
    return f"{task_of(item)}/{item.name.removeprefix('test_')}"


def is_public(item: pytest.Item) -> bool:
    """Whether students hold this check too: its file lies in a folder named `checks`."""
    return item.path.parent.name == "checks"


def sentence_of(item: pytest.Item) -> str:
    """The check's docstring on one line."""
    function = getattr(item, "function", None)
    return " ".join((inspect.getdoc(function) or "").split())


def run_suite(files: list[Path], grading: Grading, *plugins: object) -> None:
    """Run pytest over these files in this process, quietly, with nothing but these plugins."""
    options = ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:faulthandler"]
    options += ["-p", "no:logging", "--capture=no", "--import-mode=importlib", "--noconftest"]
    # these collect garbage twice a run, which costs more than many a suite
    options += ["-p", "no:unraisableexception", "-p", "no:threadexception"]
    options += ["-c", "/dev/null", f"--rootdir={files[0].parent}"]
    outside = {name: os.environ.pop(name, None) for name in PYTEST_VARIABLES}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        pytest.main([*options, *map(str, files)], plugins=[grading, Only(files), *plugins])
    finally:
        os.environ.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
        os.environ.update({name: value for name, value in outside.items() if value is not None})
    if grading.interrupted:
        raise KeyboardInterrupt
