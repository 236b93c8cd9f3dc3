"""A batch survives any one of its submissions, and its marks do not depend on its size."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from autograder.assignment import ROOT, Assignment
from autograder.judge.batch import Grader, grade_all
from autograder.judge.reference import reference
from autograder.judge.results import Results
from autograder.offering import Offering
from autograder.wall.build import build
from autograder.wall.wall import Unconfined

from .fragile import Fragile

LESSON = Assignment("seq2seq")
TASK = "decoder"
CODE = {
    "right": None,
    "wrong": "class Decoder(nn.Module):\n    pass\n",
    "stub": 'raise NotImplementedError("not written yet")',
    "ends its process": "class Decoder:\n    def __init__(self, *_):\n        os._exit(0)\n"
    "import os",
}


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Submissions that differ in one cell."""
    paths = []
    for name, code in CODE.items():
        notebook = nbformat.reads(nbformat.writes(LESSON.source), as_version=4)
        for cell in notebook.cells:
            if code and cell.metadata.get("nbgrader", {}).get("grade_id") == TASK:
                cell.source = code
        paths.append(tmp_path_factory.mktemp("submitted") / f"{name}.ipynb")
        nbformat.write(notebook, paths[-1])
    return paths


def test_marks_do_not_depend_on_the_number_of_jobs(notebooks: list[Path]) -> None:
    wall = build("seq2seq")
    grader = Grader(Offering(LESSON, "salt"), LESSON.source, wall, [TASK])
    reports = [
        {o.notebook: o.report.to_json() for o in grade_all(grader, notebooks, jobs) if o.report}
        for jobs in (1, 3)
    ]
    wall.close()
    assert len(reports[0]) == len(notebooks)
    assert reports[0] == reports[1]


@pytest.mark.parametrize(("kills", "lost"), [(1, set()), (99, {"mine"})])
def test_a_killed_judge_costs_at_most_the_submission_it_held(
    tmp_path: Path, kills: int, lost: set[str]
) -> None:
    grader = Fragile(Offering(LESSON, str(kills)), LESSON.source, Unconfined("seq2seq"))
    names = ["first", "a", "mine", "b", "c", "d"]
    outcomes = list(grade_all(grader, [tmp_path / name for name in names], 2))
    assert sorted(outcome.notebook.name for outcome in outcomes) == sorted(names)
    assert {o.notebook.name for o in outcomes if o.report is None} <= lost | {"a", "b", "c", "d"}
    assert lost <= {o.notebook.name for o in outcomes if o.report is None}


@pytest.mark.long
def test_a_grader_that_is_killed_leaves_nothing_running_and_loses_nothing(
    notebooks: list[Path], tmp_path: Path
) -> None:
    salt = f"killed-{os.getpid()}-{time.monotonic_ns()}"
    command = [sys.executable, "-m", "autograder", "grade", "seq2seq", *map(str, notebooks)]
    command += ["--task", TASK, "--jobs", "2"]
    environment = {**os.environ, "AUTOGRADER_SALT": salt}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    assert first
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []
    again = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    assert len(again.stdout.splitlines()) == len(notebooks)
    assert first.decode().strip() in again.stdout


def test_the_reference_is_known_before_the_judges_part(notebooks: list[Path]) -> None:
    reference(LESSON)
    grader = Grader(
        Offering(LESSON, "salt"), LESSON.source, Unconfined("seq2seq"), [], Results(None)
    )
    outcomes = list(grade_all(grader, notebooks, 2))
    assert all(outcome.report and outcome.report.max_points == 0 for outcome in outcomes)
