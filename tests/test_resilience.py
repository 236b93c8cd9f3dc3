"""A batch that is broken off, or finds the disk full, is finished by a rerun."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from autograder.__main__ import main
from autograder.assignment import Assignment, released_notebook

from .repository import copy_repository

pytestmark = pytest.mark.long

CLASS = 12
TASK = "decoder"
HOUR = 3600


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with a few untouched submissions, each of its own."""
    folder = tmp_path_factory.mktemp("course")
    copy_repository(folder, without="(tests|docs)/")
    for number in range(CLASS):
        handed_in = folder / "submitted" / f"student{number}" / "seq2seq"
        handed_in.mkdir(parents=True)
        hand_in(handed_in / "seq2seq.ipynb", number, seconds=0)
    return folder


def hand_in(notebook: Path, number: int, seconds: int) -> None:
    """Write a submission whose cell takes its time when it is run."""
    release = released_notebook(Assignment("seq2seq"))
    for cell in release.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == TASK:
            cell.source = (
                f"import time\ntime.sleep({seconds})\nclass Decoder:\n    number = {number}"
            )
    nbformat.write(release, notebook)


def start(course: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a Python module in the course's folder, as the first of its own process group."""
    programs = str(Path(sys.executable).parent)
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=course,
        env={
            **os.environ,
            "PATH": programs + os.pathsep + os.environ["PATH"],
            "AUTOGRADER_SALT": "resilience",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # as a terminal would: what a shell starts in the background, as these tests, ignores it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def grade(course: Path) -> subprocess.Popen[str]:
    """Start grading one task of everyone."""
    notebooks = sorted(str(path) for path in course.glob("submitted/*/seq2seq/*.ipynb"))
    options = ["--task", TASK, "--json", "json", "--jobs", "2", "--limit", f"load_seconds={HOUR}"]
    return start(course, "autograder", "grade", "seq2seq", *notebooks, *options)


def reports(course: Path) -> dict[str, dict[str, object]]:
    """What is in the written reports, by student; each must be whole."""
    return {path.parts[-3]: json.loads(path.read_text()) for path in course.glob("json/*/*/*.json")}


def family(pid: int) -> list[psutil.Process]:
    """A process and all it has started."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def test_ctrl_c_ends_everything_and_a_rerun_does_the_rest(course: Path) -> None:
    # one that cannot be done when the signal comes, however long that takes
    dawdler = course / "submitted" / f"student{CLASS - 1}" / "seq2seq" / "seq2seq.ipynb"
    hand_in(dawdler, CLASS - 1, seconds=HOUR)
    with grade(course) as process:
        while not reports(course) and process.poll() is None:
            time.sleep(0.05)
        assert process.poll() is None
        started = family(process.pid)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []
    kept = {path: path.stat().st_mtime_ns for path in course.glob("build/results/**/*.json")}
    assert 1 <= len(reports(course)) < CLASS
    hand_in(dawdler, CLASS - 1, seconds=0)
    with grade(course) as process:
        assert process.wait(timeout=120) == 0
    assert len(reports(course)) == CLASS
    assert {path: path.stat().st_mtime_ns for path in kept} == kept  # nothing twice


def test_a_full_disk_stops_nobody_and_a_rerun_writes_the_rest(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(course)
    notebooks = sorted(str(path) for path in course.glob("submitted/*/seq2seq/*.ipynb"))
    command = ["grade", "seq2seq", *notebooks, "--task", TASK, "--json", "full"]
    written = Path.write_text

    def full(path: Path, *args: Any, **kwargs: Any) -> int:
        if path.parts[-3:-1] == ("student2", "seq2seq") or "results" in path.parts:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return written(path, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", full)
    assert main(command) == 2
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == 1
    assert "No space left on device" in told.err
    assert "student2" in told.err
    assert len(told.out.splitlines()) == CLASS  # everyone's mark is told
    assert len(list(course.glob("full/**/*"))) == 2 * CLASS + CLASS - 1  # and no part of a file
    monkeypatch.undo()
    monkeypatch.chdir(course)
    assert main(command) == 0
    assert len(list(course.glob("full/*/*/*.json"))) == CLASS
