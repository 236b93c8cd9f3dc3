"""A right notebook earns full marks wherever it was written, and what is odd about it is said."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment import ROOT, released_notebook
from autograder.judge.grade import precedents
from autograder.judge.precedents import ByPrecedent, Transcript
from autograder.judge.reference import reference
from autograder.notebook.lesson import grade_id
from autograder.notebook.reader import parse, read_submission
from autograder.notebook.repair import Submission, repair
from autograder.offering import Offering
from autograder.suites import probes_of
from checks.cells import as_when_graded
from checks.plugin import Grading, run_suite
from checks.program import Lesson, Program, fresh_module
from checks.student import Student

from .corpus import Here
from .notebooks.environments import (
    ANSWER,
    ASSIGNMENT,
    CODE,
    LEFT_OUT,
    SPREAD,
    Environment,
    environments,
    everything,
    plain,
)
from .notebooks.files import FILES

pytestmark = pytest.mark.long

ALL = {environment.name: environment for environment in environments()}
WITH_CODE = [name for name, environment in ALL.items() if environment.task]
WITHOUT = [name for name, environment in ALL.items() if not environment.task]
RELEASE = released_notebook(ASSIGNMENT)
OFFERING = Offering(ASSIGNMENT, "environments")


def read(folder: Path, data: bytes) -> Submission:
    """As the grader reads a file."""
    path = folder / "seq2seq.ipynb"
    path.write_bytes(data)
    return read_submission(path, RELEASE)


def test_the_corpus_of_environments_is_large() -> None:
    assert len(ALL) >= 60
    assert len(WITHOUT) + len(CODE) == len(ALL)


@pytest.mark.parametrize("name", WITHOUT)
def test_the_same_answers_are_found_wherever_they_were_written(tmp_path: Path, name: str) -> None:
    environment = ALL[name]
    submission, wanted = read(tmp_path, environment.data()), repair(parse(plain()), RELEASE)
    tasks = [task.key for task in ASSIGNMENT.graded_tasks]
    found, expected = ({cell.label: cell for cell in one.cells} for one in (submission, wanted))
    if environment.same:
        assert [found[key].code.strip() for key in tasks] == [
            expected[key].code.strip() for key in tasks
        ]
    assert [found[key].whole for key in tasks] == [True] * len(tasks)
    (answer,) = (c for c in submission.notebook.cells if grade_id(c) == "translation")
    assert (answer.source.strip(), answer.cell_type) == (ANSWER, "markdown")
    assert_told(submission.findings, environment)


def assert_told(findings: tuple[str, ...], environment: Environment) -> None:
    """Every finding is expected, and every expected one is there."""
    for words in environment.says:
        assert any(words in finding for finding in findings), findings
    for finding in findings:
        assert any(words in finding for words in environment.says), finding


def verdicts(submission: Submission, task: str) -> dict[str, str]:
    """What its checks say of one task, run in this process; only what did not pass."""
    module = fresh_module("submission")
    module.__name__ = "__main__"  # as it sees itself, whatever this process is
    program = Program(submission.cells, ASSIGNMENT.names)
    with contextlib.redirect_stdout(io.StringIO()), as_when_graded(ROOT):
        program.run(module)
    transcript = Transcript(
        Here(Lesson(module.__dict__, program.left_out), probes_of(ASSIGNMENT.name))
    )
    student = Student(transcript, probes_of(ASSIGNMENT.name))
    grading = Grading(student, reference(ASSIGNMENT), OFFERING.salt)
    by_precedent = ByPrecedent(grading, transcript, precedents(OFFERING))
    run_suite(ASSIGNMENT.suite_files(task), grading, by_precedent)
    assert grading.problems == []
    assert grading.results
    told = {check: f"{one.verdict}: {one.rationale}" for check, one in grading.results.items()}
    return {check: words for check, words in told.items() if words != "passed: "}


@pytest.mark.parametrize("name", WITH_CODE)
def test_code_runs_when_graded_as_it_ran_when_written(tmp_path: Path, name: str) -> None:
    submission = read(tmp_path, ALL[name].data())
    assert submission.findings == ()
    assert verdicts(submission, ALL[name].task) == {}


@pytest.mark.parametrize("name", SPREAD)
def test_answers_spread_over_other_cells_count(tmp_path: Path, name: str) -> None:
    submission = read(tmp_path, ALL[name].data())
    for task in ("decoder", "beam_search"):
        assert verdicts(submission, task) == {}


def graded(folder: Path, notebooks: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    """Reports from the command line, by the names of the notebooks."""
    for name, data in notebooks.items():
        (folder / f"{name}.ipynb").write_bytes(data)
    command = [sys.executable, "-m", "autograder", "grade", "seq2seq", "--json"]
    files = [str(folder / f"{name}.ipynb") for name in notebooks]
    subprocess.run(
        [*command, str(folder / "json"), *files], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    return {name: json.loads((folder / "json" / f"{name}.json").read_text()) for name in notebooks}


def test_all_of_it_at_once_behind_the_wall_and_what_cannot_be_had_is_told(tmp_path: Path) -> None:
    notebooks = {"everything": everything(), **{k: c.data() for k, c in LEFT_OUT.items()}}
    reports = graded(tmp_path, notebooks)
    everything_report = reports.pop("everything")
    assert everything_report["findings"] == []
    assert everything_report["points"] == everything_report["max_points"] == 90
    for name, report in reports.items():
        (finding,) = report["findings"]
        for words in LEFT_OUT[name].says:
            assert words in finding
        lost = [task for task in report["tasks"] if task["points"] == 0]
        assert [task["task"] for task in lost] == ["greedy"] * ("for_ever" not in name), name
        for check in (check for task in lost for check in task["checks"]):
            assert check["verdict"] == "skipped" or finding in check["rationale"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_notebook_is_named(tmp_path: Path, name: str) -> None:
    data, words = FILES[name]
    submission = read(tmp_path, data)
    (finding,) = submission.findings
    assert finding.startswith("'seq2seq.ipynb' could not be read: ")
    assert words in finding
    assert submission.cells == repair(RELEASE, RELEASE).cells
