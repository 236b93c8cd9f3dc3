"""Bad input gives one clear line, a non-zero exit, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograder import assignment as assignment_module
from autograder.__main__ import main
from autograder.assignment import ROOT, Assignment
from autograder.errors import GraderError, WorkerError
from autograder.judge import batch
from autograder.report.record import Report, TaskReport
from autograder.wall.wall import Bubblewrap, Wall
from checks.verdicts import CheckResult, Verdict

REPORT = Report(
    "seq2seq",
    (
        TaskReport(
            "encoder", 4.0, (CheckResult("encoder/a", "It holds.", 1, Verdict.PASSED, True),)
        ),
    ),
    wall=Bubblewrap.level,
)


@pytest.fixture
def submission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A notebook handed in; the release it is compared with needs no build."""
    source: NotebookNode = Assignment("seq2seq").source
    monkeypatch.setattr(assignment_module, "released_notebook", lambda assignment: source)
    path = tmp_path / "seq2seq.ipynb"
    nbformat.write(source, path)
    return path


class Judge:
    """Stands for the judge: no sandbox, no suites, a report at once."""

    def __init__(self) -> None:
        self.graded = 0

    def __call__(self, *arguments: Any) -> Report:
        """Count the call."""
        self.graded += 1
        return REPORT


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Replace wall and judge."""
    stand_in = Judge()
    monkeypatch.setattr(batch, "grade", stand_in)

    def make(suite: str, *_: object, **__: object) -> Wall:
        return Bubblewrap(suite)

    monkeypatch.setattr("autograder.wall.wall.begin", make)
    monkeypatch.setattr("autograder.wall.build.build", make)
    return stand_in


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line a command says when it refuses."""
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert code != 0
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


@pytest.mark.parametrize("command", ["source", "release", "sample", "class"])
def test_an_unknown_assignment_is_named(capsys: pytest.CaptureFixture[str], command: str) -> None:
    line = refused(capsys, command, "no_such_lesson")
    assert line.startswith("error: no assignment 'no_such_lesson'")
    assert line.endswith("known: seq2seq")


def test_an_unknown_assignment_to_grade_is_named(
    capsys: pytest.CaptureFixture[str], submission: Path
) -> None:
    assert "no assignment 'x'" in refused(capsys, "grade", "x", submission)


def test_a_notebook_that_is_not_there_is_named(
    capsys: pytest.CaptureFixture[str], submission: Path, quick: Judge
) -> None:
    missing = submission.with_name("missing.ipynb")
    assert str(missing) in refused(capsys, "grade", "seq2seq", missing)
    assert quick.graded == 0


def test_a_folder_is_no_notebook(
    capsys: pytest.CaptureFixture[str], submission: Path, quick: Judge
) -> None:
    line = refused(capsys, "grade", "seq2seq", submission.parent)
    assert str(submission.parent) in line
    assert quick.graded == 0


def test_an_unknown_task_is_named_with_those_there_are(
    capsys: pytest.CaptureFixture[str], submission: Path, quick: Judge
) -> None:
    line = refused(capsys, "grade", "seq2seq", submission, "--task", "encodr")
    assert "no graded task 'encodr'; the tasks: encoder, " in line
    assert quick.graded == 0


@pytest.mark.parametrize("place", ["missing/report.json", "."])
def test_a_report_that_cannot_be_written_is_told_before_grading(
    capsys: pytest.CaptureFixture[str], submission: Path, quick: Judge, place: str
) -> None:
    target = submission.parent / place
    line = refused(capsys, "grade", "seq2seq", submission, "--json", target)
    assert str(target) in line
    assert quick.graded == 0


def test_without_bubblewrap_the_line_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], submission: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(submission.parent))
    line = refused(capsys, "grade", "seq2seq", submission)
    assert "bwrap) is not installed" in line
    assert "apt-get install bubblewrap" in line


def test_without_a_release_the_line_says_how_to_build_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Assignment, "release", tmp_path)
    (tmp_path / "x.ipynb").touch()
    line = refused(capsys, "grade", "seq2seq", tmp_path / "x.ipynb")
    assert "build it with `make release`" in line


@pytest.mark.parametrize("error", [GraderError("no verdict"), WorkerError("no torch")])
def test_a_fault_of_the_grader_is_not_put_on_the_student(
    capsys: pytest.CaptureFixture[str],
    submission: Path,
    quick: Judge,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def fail(*_: object) -> Report:
        raise error

    monkeypatch.setattr(batch, "grade", fail)
    line = refused(capsys, "grade", "seq2seq", submission)
    assert line == f"grader error, not the student's: {submission}: {error}"


def test_a_report_is_printed_and_written(
    capsys: pytest.CaptureFixture[str], submission: Path, quick: Judge
) -> None:
    target = submission.with_name("report.json")
    assert main(["grade", "seq2seq", str(submission), "--json", str(target)]) == 0
    assert capsys.readouterr().out.startswith("seq2seq: 4 of 4 points\n")
    written = Report.from_json(target.read_text(encoding="utf-8"))
    assert written.tasks == REPORT.tasks
    assert len(written.submission) == 64  # the file's digest


def test_several_notebooks_get_a_line_and_a_report_each(
    capsys: pytest.CaptureFixture[str], submission: Path, quick: Judge
) -> None:
    notebooks = []
    for student in ("ada", "ben"):
        notebooks.append(submission.parent / student / "seq2seq.ipynb")
        notebooks[-1].parent.mkdir()
        notebooks[-1].write_bytes(submission.read_bytes())
    reports = submission.parent / "reports"
    assert main(["grade", "seq2seq", *map(str, notebooks), "--json", str(reports)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{n}: 4 of 4: nothing" for n in notebooks]
    for student in ("ada", "ben"):
        written = (reports / student / "seq2seq.json").read_text(encoding="utf-8")
        assert Report.from_json(written).points == 4


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("speed=3", "no limit 'speed'; the limits: memory"),
        ("call_seconds=soon", "'soon' is no"),
        ("call_seconds=nan", "'nan' is no"),
    ],
)
def test_a_limit_that_cannot_be_is_named(
    capsys: pytest.CaptureFixture[str], submission: Path, quick: Judge, limit: str, said: str
) -> None:
    assert said in refused(capsys, "grade", "seq2seq", submission, "--limit", limit)
    assert quick.graded == 0


def test_one_missing_notebook_is_told_before_any_is_graded(
    capsys: pytest.CaptureFixture[str], submission: Path, quick: Judge
) -> None:
    missing = submission.with_name("missing.ipynb")
    assert str(missing) in refused(capsys, "grade", "seq2seq", submission, missing)
    assert quick.graded == 0


@pytest.mark.parametrize("arguments", [[], ["grad"], ["grade"], ["grade", "seq2seq"]])
def test_a_misspelt_command_shows_the_usage(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("usage: python -m autograder")
    assert "Traceback" not in done.stderr
