"""The pytest plugin that runs a suite against one submission and records a verdict a check."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import inspect
import io
import os
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from .closed import closed, closing, reported, written_in
from .deadline import OutOfTime, time_limit
from .expect import Wrong, meeting
from .student import Student, late
from .verdicts import CheckResult, Fault, StudentFault, Verdict, words

PUBLIC_SALT = "public"  # students draw the same inputs each time they check themselves
LOST = (Verdict.TIMED_OUT, Verdict.EXCEEDED_LIMIT)  # each costs its deadline or a new worker
LOST_A_TASK = 2  # after so many the task's other checks are skipped
PACKAGE = Path(__file__).resolve().parent
SETTINGS = PACKAGE / "settings.ini"
# of runs that tried all that was collected
ENDS = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
# the grader decides alone how its suites are run
PYTEST_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")


class Grading:
    """Offers the fixtures `student`, `reference`, `generator` and `salt`; collects verdicts.

    A check is a test function in `test_<task>.py`. Its docstring is the sentence a student reads.
    `@pytest.mark.graded(line=..., weight=..., after=[...], needs=[...], on_crash=...)` sets

    - `line`: the line of the task's rubric that it gives evidence about, and `weight`: its share
      of that line's points, relative to the line's other checks (default 1; 0: evidence that earns
      and costs nothing by itself);
    - `after`: the checks whose failure, if there is one, is taken for the cause of this one's;
    - `needs`: the checks that must pass before it is tried, since it means nothing without them;
    - `on_crash`: the help line shown when the student's code crashes in it as sizes and shapes can
      cause it, where the exception itself says no more (`crashes.py`);
    - `stays`: why a hidden check is kept that is no submission's only killer (for `make measure`;
      it decides nothing).

    What a check gives to pytest's `record_property` is reported beside the mark and decides
    nothing.
    """

    def __init__(self, student: Student, reference: Student | None, salt: str) -> None:
        self._student = student
        self._reference = reference
        self._salt = salt
        self.results: dict[str, CheckResult] = {}
        self.expected: list[str] = []
        self.problems: list[str] = []  # failures of the suite itself, for the instructor
        self.beside: dict[str, dict[str, object]] = {}  # by task: recorded beside the mark
        self.interrupted: BaseException | None = None
        self._after: dict[str, list[str]] = {}  # by check: the names of those it may follow from
        self._met: list[Fault] = []  # what the running check has mended
        self._own: set[str] = set()  # what it let through of what may stand beside it

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
        terms = "line, weight, after, needs, on_crash, stays"
        config.addinivalue_line("markers", f"graded({terms}): terms")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.expected = [check_name(item) for item in session.items]
        for item in session.items:
            terms, task = marker_of(item), task_of(item)
            earlier = [*terms.get("needs", []), *terms.get("after", [])]
            self._after[check_name(item)] = [f"{task}/{name}" for name in earlier]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.problems.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        # pytest itself would end as if all had been run; a kind of its own is about collecting
        if excinfo.type is KeyboardInterrupt:
            self.interrupted = excinfo.value

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        self.problems.append(f"pytest itself failed: {excinfo.exconly()}")
        return True  # said; pytest would print its own traceback

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        blocked = self._blocked(item)
        if blocked:
            self._record(item, Verdict.SKIPPED, blocked)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._own = set()
        result = self.results.get(check_name(item))
        if result is not None:
            pytest.skip(result.rationale)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        with meeting() as self._met, closing(not is_public(item)) as self._own:
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if check_name(item) not in self.results:
            self._judge(item, call)
        if not is_public(item) and item.user_properties:
            authors = written_in(item.path)
            item.user_properties[:] = [
                (name, reported(value, self._own, authors)) for name, value in item.user_properties
            ]
        self.beside.setdefault(task_of(item), {}).update(item.user_properties)
        result = self.results.get(check_name(item))
        if report.failed and result is not None:
            report.longrepr = "\n".join([result.sentence, *words(result)])
        elif report.skipped and result is not None:
            path, line, _ = item.location
            report.longrepr = (path, (line or 0) + 1, f"{result.sentence} {result.rationale}")
        return report

    def needs(self, item: pytest.Item) -> list[str]:
        """Names of the checks of the same task that must pass before this one is tried."""
        return list(marker_of(item).get("needs", []))

    def _blocked(self, item: pytest.Item) -> str:
        """Why a check is not tried, "" if it is."""
        task = task_of(item)
        for needed in self.needs(item):
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
            known = error.share is not None
            if error.share is not None:
                fault = Fault(error.line, error.share, error.rationale, error.help)
                self._met = [*self._met, fault]
            rationale, help = self._shown(item, error.rationale), self._shown(item, error.help)
            self._record(item, Verdict.WRONG, rationale, help, error.guess, known)
        elif isinstance(error, AssertionError) and call.when == "call":
            # a bare assert: its values are not for students
            self._record(item, Verdict.WRONG)
        elif isinstance(error, StudentFault):
            rationale = error.rationale if is_public(item) else error.private_rationale
            hint = marker_of(item).get("on_crash", "") if error.takes_hint else ""
            help = error.help or hint
            self._record(item, error.verdict, rationale, help, guess=not error.help)
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
        known: bool = False,
    ) -> None:
        name, terms = check_name(item), marker_of(item)
        line = terms.get("line", "")
        met, self._met = self._met, []
        faults = tuple(
            replace(
                fault,
                line=fault.line or line,
                rationale=self._shown(item, fault.rationale),
                help=self._shown(item, fault.help),
            )
            for fault in met
        )
        self.results[name] = CheckResult(
            check=name,
            sentence=sentence_of(item),
            weight=float(terms.get("weight", 1)),
            verdict=verdict,
            public=is_public(item),
            rationale=rationale,
            help=help,
            guess=guess,
            line=line,
            faults=faults,
            known=known,
        )

    def _shown(self, item: pytest.Item, text: str) -> str:
        """What a check says; beside a hidden one without what the submission may have chosen."""
        return text if is_public(item) else closed(text, self._own, written_in(item.path))

    def missing_evidence(self, declared: Iterable[str] | None = None) -> list[str]:
        """What is missing for a verdict: every expected check exactly once.

        Args:
            declared: names of the checks that must be among the expected ones, if these were not
                chosen by a person; parameters are not part of the name.
        """
        counts = Counter(self.expected)
        faults = [f"{name} was found {n} times" for name, n in counts.items() if n > 1]
        faults += [f"{name} gave no verdict" for name in counts if name not in self.results]
        faults += [f"{name} was not expected" for name in self.results if name not in counts]
        if declared is not None:
            collected = {name.partition("[")[0] for name in counts}
            for name, times in Counter(declared).items():
                if name not in collected:
                    faults.append(f"{name} was not found")
                elif times > 1:
                    faults.append(f"{name} is declared {times} times")
        return faults or ([] if counts else ["there are no checks"])

    def pytest_sessionfinish(self) -> None:
        """Tell each mistake once: where it is met first.

        A check that is right but for what was mended in it says so, unless an earlier one did. One
        that fails after another failed which it may follow from is said to follow. Guesses at a
        cause are kept to a task's first failure: it may well explain the others.
        """
        failed: set[str] = set()  # tasks
        told: dict[tuple[str, str, str], str] = {}  # which check told a mistake of a task's line
        for name, result in self.results.items():
            if result.verdict is Verdict.PASSED:
                self.results[name] = result = _told(result, told)
            else:
                follows = self._cause(name)
                lines = {line for task, line, _ in told if task == result.task}
                if follows and any(fault.line not in lines for fault in result.faults):
                    follows = ""  # another mistake, which is recognised here
                if result.guess and result.task in failed:
                    result = replace(result, help="")
                self.results[name] = replace(result, follows=follows)
            for fault in result.faults:
                told.setdefault((result.task, fault.line, fault.rationale), name)
            if result.verdict not in (Verdict.PASSED, Verdict.SKIPPED):
                failed.add(result.task)

    def _cause(self, name: str) -> str:
        """The first of the checks it may follow from that went wrong, "" if none did.

        What was mended is no cause of what goes wrong with it mended.
        """
        for earlier in self._after.get(name, []):
            result = self.results.get(earlier)
            if result is not None and result.follows:
                return result.follows
            mended = result is not None and result.verdict is Verdict.WRONG and result.mended
            if result is None or not (result.verdict is Verdict.PASSED or mended):
                return earlier
        return ""


def _told(result: CheckResult, told: Mapping[tuple[str, str, str], str]) -> CheckResult:
    """A check that passed, but for what was mended in it and no earlier check has told."""
    for fault in result.faults:
        if (result.task, fault.line, fault.rationale) not in told:
            wrong = replace(result, verdict=Verdict.WRONG, known=True, mended=True)
            return replace(wrong, rationale=fault.rationale, help=fault.help)
    return result


class Only:
    """Has pytest do only what is needed here: collect these files, and no folder around them.

    The files are not named on pytest's command line, where `[` and `::` in a folder's name mean
    something else. A traceback that no terminal shows costs more than the check it comes from.
    """

    def __init__(self, files: Sequence[Path], errors: io.TextIOBase | Any) -> None:
        self._files = files
        self._errors = errors

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "no"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        # what pytest itself says is kept; what student code says while it runs is shown
        with contextlib.redirect_stderr(self._errors):
            return (yield)

    def pytest_collection(self, session: pytest.Session) -> bool:
        items = session.items = []
        for file in self._files:
            items.extend(session.genitems(pytest.Module.from_parent(session, path=file)))
        session.config.hook.pytest_collection_modifyitems(
            session=session, config=session.config, items=items
        )
        session.config.hook.pytest_collection_finish(session=session)
        session.testscollected = len(items)
        return True


class Overtime:
    """Ends a check that takes too long, for checks that run in this process."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        with self._limited():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        with self._limited():
            return (yield)

    @contextlib.contextmanager
    def _limited(self) -> Generator[None, None, None]:
        try:
            with time_limit(self._seconds):
                yield
        except OutOfTime as error:
            raise late(error, self._seconds) from None


def brief(problems: Sequence[str]) -> str:
    """Problems for somebody who cannot mend them: of a traceback its last line."""
    return "; ".join(
        f"{lines[0].partition(': ')[0]}: {lines[-1].removeprefix('E').strip()}"
        if len(lines := problem.strip().splitlines()) > 1
        else problem
        for problem in problems
    )


def marker_of(item: pytest.Item) -> dict[str, Any]:
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
    """Whether students hold this check too: its file lies in this package."""
    return item.path.resolve().is_relative_to(PACKAGE)  # it may have been named through a link


def sentence_of(item: pytest.Item) -> str:
    """The check's docstring on one line."""
    function = getattr(item, "function", None)
    return " ".join((inspect.getdoc(function) or "").split())


def declared_checks(file: Path) -> list[str]:
    """The names of the checks in a file, read from its text: pytest has no say in it.

    Raises:
        OSError, SyntaxError, ValueError: it cannot be read.
    """
    task = file.stem.removeprefix("test_")
    body = ast.parse(file.read_text(encoding="utf-8"), file.name).body
    groups = [node.body for node in body if isinstance(node, ast.ClassDef)]
    return [
        f"{task}/{node.name.removeprefix('test_')}"
        for node in (*body, *(inner for group in groups for inner in group))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def run_suite(files: Sequence[Path], grading: Grading, *plugins: object) -> None:
    """Run pytest over these files in this process, quietly, with nothing but these plugins.

    A verdict needs positive evidence: whatever kept a check from being run, pytest's own words
    about it included, is in `grading.problems` afterwards.
    """
    options = ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:faulthandler"]
    options += ["-p", "no:logging", "--capture=no", "--import-mode=importlib", "--noconftest"]
    # these collect garbage twice a run, which costs more than many a suite
    options += ["-p", "no:unraisableexception", "-p", "no:threadexception"]
    root = files[0].parent
    while (root / "__init__.py").is_file():  # older pytests name modules by their way from there
        root = root.parent
    options += ["-c", str(SETTINGS), f"--rootdir={root}"]
    outside = {name: os.environ.pop(name, None) for name in PYTEST_VARIABLES}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    said = io.StringIO()
    only = Only(files, sys.stderr)
    try:
        with contextlib.redirect_stderr(said):
            code = pytest.main(options, plugins=[grading, only, *plugins])
    finally:
        os.environ.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
        os.environ.update({name: value for name, value in outside.items() if value is not None})
    if grading.interrupted is not None:
        raise grading.interrupted
    if not grading.problems:
        grading.problems += _missing(files, grading, code, said.getvalue())


def _missing(files: Sequence[Path], grading: Grading, code: int, said: str) -> list[str]:
    """What a run that reported no problem has left undone."""
    if code not in ENDS:
        words = " ".join(said.split()) or f"pytest ended with code {int(code)}"
        return [words]
    return grading.missing_evidence(name for file in files for name in declared_checks(file))
