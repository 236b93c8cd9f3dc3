"""Results are kept under everything they depend on: none is stale, and none is made twice."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import pytest

from autograder.assignment import ROOT, Assignment
from autograder.files import write_whole
from autograder.judge import grade as judge
from autograder.judge.fingerprint import (
    deciding_files,
    result_key,
    suite_fingerprint,
    task_fingerprint,
)
from autograder.judge.results import Result, Results
from autograder.notebook.repair import Submission, repair
from autograder.offering import Offering
from autograder.release.inputs import inputs_digest, release_inputs
from autograder.report.record import TaskReport
from autograder.wall.limits import Limits
from autograder.wall.wall import Bubblewrap, Unconfined, Wall
from checks.program import Cell
from checks.verdicts import CheckResult, Verdict

LESSON = Assignment("seq2seq")
OFFERING = Offering(LESSON, "salt")
GREEDY = next(task for task in LESSON.graded_tasks if task.key == "greedy")
CELLS = (Cell("greedy", "def greedy_decode(): ..."),)
RESULT = Result(
    TaskReport(
        "greedy",
        15.0,
        (CheckResult("greedy/a", "You stop.", 1.0, Verdict.WRONG, False, "é", "no"),),
    ),
    ("a cell was missing",),
    {"BLEU": 41.5},
)


def key(
    cells: tuple[Cell, ...] = CELLS,
    kind: type[Wall] = Bubblewrap,
    limits: Limits | None = None,
    salt: str = "salt",
) -> str:
    """A key, of which one part may be another."""
    return result_key(Offering(LESSON, salt), GREEDY, cells, kind("seq2seq", limits))


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    Results(tmp_path / "new").put("key", RESULT)
    assert Results(tmp_path / "new").get("key") == RESULT


@pytest.mark.parametrize("text", ["", "{", "[]", '{"task": 1}', '{"task": {}, "findings": []}'])
def test_a_spoilt_file_is_no_result(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text)
    assert Results(tmp_path).get("key") is None


def test_a_folder_that_cannot_be_written_costs_no_mark(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    Results(tmp_path / "file").put("key", RESULT)
    assert Results(tmp_path / "file").get("key") is None


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.json"
    write_whole(path, "before")

    def full(self: Path, text: str, **_: object) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "after")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("report.json", "before")]


def test_the_key_follows_everything_a_mark_depends_on() -> None:
    others = [
        key(cells=(replace(CELLS[0], code="def greedy_decode(): pass"),)),
        key(cells=(replace(CELLS[0], whole=False),)),
        key(kind=Unconfined),
        key(limits=Limits(call_seconds=3.0)),
        key(salt="another"),
    ]
    assert len({key(), *others}) == len(others) + 1
    assert key() == key()


def test_another_tasks_checks_may_change_without_a_new_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = Path.read_bytes

    def changed(name: str) -> None:
        def other(self: Path) -> bytes:
            return b"# changed\n" + read(self) if self.name == name else read(self)

        monkeypatch.setattr(Path, "read_bytes", other)

    def fingerprints() -> dict[str, str]:
        task_fingerprint.cache_clear()
        return {task.key: task_fingerprint(OFFERING, task) for task in LESSON.graded_tasks}

    before = fingerprints()
    changed("test_greedy.py")
    after = fingerprints()
    assert {name for name in before if before[name] != after[name]} == {"greedy"}
    changed("lstm.py")
    assert {name for name in before if before[name] == fingerprints()[name]} == set()
    monkeypatch.undo()
    task_fingerprint.cache_clear()


@pytest.mark.parametrize("name", ["rubric.toml", "seq2seq.ipynb"])
def test_what_makes_points_of_verdicts_may_change_and_nothing_is_run(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def digests() -> tuple[str, str]:
        task = task_fingerprint.__wrapped__(OFFERING, GREEDY)
        return task, suite_fingerprint.__wrapped__(OFFERING)

    read, before = Path.read_bytes, digests()
    monkeypatch.setattr(Path, "read_bytes", lambda self: read(self) + b" " * (self.name == name))
    after = digests()
    assert after[0] == before[0]
    assert after[1] != before[1]


# why no mark depends on what lies there; the first that fits a file speaks for it
ARGUED = {
    "README.md": "pages",
    "CHANGELOG.md": "pages",
    "docs/*": "pages",
    "data/README.md": "a page",
    "LICENSE*": "pages",
    ".*": "git's and the hosts' own",
    "tests/*": "the grader's own tests",
    "conftest.py": "plain pytest, for authors",
    "Makefile": "calls the command line",
    "pyproject.toml": "what is installed says constraints.txt",
    "nbgrader_config.py": "the limits it may set are part of a result's key",
    "offering.toml": "due dates and penalties, taken off the mark when it is asked for",
    "excused.jsonl": "decisions about verdicts, which stay as they are",
    "solutions/seq2seq/seq2seq.py": "",
    "solutions/seq2seq/*": "handed out, or declared: what it names is looked at",
    "assignments/seq2seq/seq2seq.ipynb": "",
    "assignments/*": "copies of what is handed out",
    "autograder/cluster/*": "where marks are made: under a result's key, which two machines share",
    "autograder/desk/*": "how marks reach a gradebook, and are shown",
    "autograder/serve/*": "how marks are asked for",
    "autograder/pull/*": "how marks are asked for, and are shown",
    "autograder/release/*": "what students get: its notebook is looked at",
    "autograder/report/__init__.py": "words",
    "autograder/report/excuse.py": "",
    "autograder/report/mark.py": "",
    "autograder/report/record.py": "",
    "autograder/report/schema.py": "",
    "autograder/report/*": "how marks are shown",
    "autograder/__init__.py": "words",
    "autograder/__main__.py": "the command line: limits are part of a result's key",
    "autograder/commands.py": "runs nbgrader",
    "autograder/course.py": "where a course's folders lie",
    "autograder/doctor.py": "looks at the machine",
    "autograder/output.py": "how messages are printed",
    "autograder/progress.py": "how far a long piece of work has come",
    "autograder/terms.py": "due dates and penalties",
}


def tracked() -> list[Path]:
    """The files of this repository, as git knows them."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def argument(file: Path) -> str:
    """Why no mark depends on a file, "" if one does."""
    name = str(file.relative_to(ROOT))
    return next((why for pattern, why in ARGUED.items() if fnmatch(name, pattern)), "")


def test_a_mark_depends_on_a_file_or_there_is_an_argument_why_not() -> None:
    deciding = set(deciding_files(LESSON))
    files = tracked()
    assert [str(file) for file in files if (file in deciding) == bool(argument(file))] == []
    assert deciding <= set(files)


def imported(modules: Iterable[str]) -> set[Path]:
    """The files of this repository that modules import, and those that these import."""
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        place = ROOT.joinpath(*name.split("."))
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file() and file not in found:
                found.add(file)
                waiting += _imports(file)
    return found


def _imports(file: Path) -> Iterator[str]:
    package = file.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)


def test_whatever_is_imported_between_a_notebook_and_its_mark_is_looked_at() -> None:
    suites = [file for task in LESSON.graded_tasks for file in LESSON.suite_files(task.key)]
    modules = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in suites]
    modules += ["autograder.judge.grade", "autograder.judge.batch", "autograder.notebook.reader"]
    modules += ["autograder.wall.inside.worker", "checks.seq2seq.probes"]
    found = imported(modules)
    assert ROOT / "data" / "corpus.py" in found
    assert found <= set(deciding_files(LESSON))


@pytest.mark.parametrize(
    ("name", "makes_anew"),
    [
        ("autograder/doctor.py", (False, True)),
        ("autograder/desk/submissions/table.py", (False, True)),
        ("autograder/pull/handin.py", (False, False)),
        ("README.md", (False, False)),
        ("solutions/seq2seq/plots.py", (False, True)),
        ("solutions/seq2seq/seq2seq.py", (True, True)),
        ("assignments/seq2seq/seq2seq.ipynb", (True, False)),
        ("autograder/judge/grade.py", (True, True)),
        ("autograder/suites/memory.py", (True, True)),
        ("checks/values.py", (True, True)),
        ("data/corpus.py", (True, True)),
        ("constraints.txt", (True, True)),
        ("nbgrader_config.py", (False, True)),
    ],
)
def test_a_changed_byte_makes_anew_what_depends_on_it(
    monkeypatch: pytest.MonkeyPatch, name: str, makes_anew: tuple[bool, bool]
) -> None:
    read = Path.read_bytes

    def digests() -> tuple[str, str]:
        return suite_fingerprint.__wrapped__(OFFERING), inputs_digest(LESSON)

    def changed(self: Path) -> bytes:
        return read(self) + (b"#" if self == ROOT / name else b"")

    before = digests()
    monkeypatch.setattr(Path, "read_bytes", changed)
    after = digests()
    assert tuple(a != b for a, b in zip(before, after, strict=True)) == makes_anew


def test_a_release_is_made_from_what_decides_marks_and_from_all_that_is_handed_out() -> None:
    inputs = set(release_inputs(LESSON))
    assert set(deciding_files(LESSON)) - inputs == {LESSON.release / "seq2seq.ipynb"}
    assert {path for path in tracked() if path.is_relative_to(LESSON.lesson.parent)} <= inputs
    assert {ROOT / name for name in LESSON.declared.copy} <= inputs


@pytest.fixture
def solution() -> Submission:
    """The instructor's notebook as a submission."""
    return repair(LESSON.source, LESSON.source)


def test_only_what_is_missing_is_graded(
    solution: Submission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def run(offering: object, cells: object, wall: object, keys: list[str]) -> list[Result]:
        asked.append(keys)
        return [Result(TaskReport(key, 1.0), (), {}) for key in keys]

    monkeypatch.setattr(judge, "run_tasks", run)
    wall, results = Bubblewrap("seq2seq"), Results(tmp_path)
    judge.grade(OFFERING, solution, wall, ["greedy"], results)
    first = judge.grade(OFFERING, solution, wall, None, results)
    second = judge.grade(OFFERING, solution, wall, None, results)
    assert asked == [["greedy"], ["encoder", "decoder", "teacher_forcing", "beam_search"], []]
    assert first == second
    judge.grade(OFFERING, solution, wall)
    assert len(asked[-1]) == 5


def test_an_open_editor_regrades_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "autograder" / "judge"
    room.mkdir(parents=True)
    for name in ("grade.py", ".grade.py.swp", "grade.py~"):
        (room / name).write_text("as it was")
    monkeypatch.setattr("autograder.judge.fingerprint.ROOT", tmp_path)
    files = [path for path in deciding_files(LESSON) if path.is_relative_to(tmp_path)]
    assert files == [room / "grade.py"]
