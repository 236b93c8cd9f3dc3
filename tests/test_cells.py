"""In a notebook that is open, and in plain pytest, a task finds what it will find when graded."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment import Assignment
from autograder.release.source import build_source
from checks.cells import as_when_graded, lost_when_graded

from .notebooks.environments import CODE, LEFT_OUT, Code


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A student's folder with a module and a file in it, in which a kernel runs."""
    (tmp_path / "neighbour_of_a_test.py").write_text("EOS = 2")
    (tmp_path / "words.txt").write_text("le chat")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delattr("checks.check")  # of these checks; the folder has none
    yield tmp_path
    sys.modules.pop("neighbour_of_a_test", None)


def lost(folder: Path, *sources: str, asked: str = "task") -> list[str]:
    """Run cells as a kernel does; what is then said of a task that they define."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for source in sources:
        exec(source.replace("%time ", ""), names)
    return lost_when_graded(["", *sources], names, [asked], folder)


CHECK = """try:
    from checks import check
except ImportError:
    check = print
check("task", globals())"""
READS = "f = __import__('pathlib').Path('words.txt').read_text()"
TASK = "def task():\n    return f"


@pytest.mark.parametrize(
    "own",
    [
        "f = 1",
        "f = {}\nf['a'] = 1",
        "import logging\nf = logging.getLogger(__name__)",
        "try:\n    import nowhere as f\nexcept ImportError:\n    f = iter",
        "%time f = max(1, 2)",
        "print('a note')\nf = 1\nprint(f)",
        "def f(): pass",
        "class Base: pass\nclass f(Base): pass",
    ],
)
def test_nothing_is_said_of_what_will_be_there(folder: Path, own: str) -> None:
    assert lost(folder, own, TASK) == []
    assert lost(folder, "f = 0", TASK, own) == []  # in whatever order it was run
    assert lost(folder, own, TASK, CHECK) == []


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (
            READS,
            "line 1 of cell `run 1` makes it, and stops there with",
        ),
        ("from neighbour_of_a_test import EOS as f", "ModuleNotFoundError"),
        ("import neighbour_of_a_test\nf = neighbour_of_a_test.EOS", "line 1 of cell `run 1`"),
        ("exec('f = ' + str(1))", "no cell's code makes it"),
    ],
)
def test_what_will_not_be_there_is_said_at_once(folder: Path, own: str, words: str) -> None:
    told = lost(folder, own, TASK)
    assert words in " ".join(told)
    assert all("will be missing when graded" in sentence for sentence in told)


def test_only_what_the_task_needs_is_looked_at(folder: Path) -> None:
    assert lost(folder, READS, "def task(f):\n    return f", TASK.replace("task", "other")) == []


def test_await_is_no_obstacle_where_a_loop_is_running(folder: Path) -> None:
    own = "import asyncio\nasync def make():\n    return 1\nf = await make()"

    async def in_a_kernel() -> list[str]:
        return lost_when_graded([own, TASK], {"f": 1, "task": 1}, ["task"], folder)

    assert asyncio.run(in_a_kernel()) == []


def test_a_cell_that_was_run_twice_is_looked_at_once(folder: Path) -> None:
    assert len(lost(folder, READS, TASK, READS, TASK)) == 1


def test_the_open_notebook_is_left_as_it_is(folder: Path) -> None:
    before = dict(sys.modules), list(sys.path), Path.cwd()
    lost(folder, "import neighbour_of_a_test as n\ntried = []", "tried.append(1)", TASK, "f = 1")
    sys.modules.pop("neighbour_of_a_test")
    assert (dict(sys.modules), list(sys.path), Path.cwd()) == before


def test_an_error_inside_leaves_everything_as_it_was(folder: Path) -> None:
    before = list(sys.path), Path.cwd()
    with pytest.raises(FileNotFoundError), as_when_graded(folder):
        Path("words.txt").read_text()
    assert (list(sys.path), Path.cwd()) == before


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that students get, its notebook apart."""
    return build_source(Assignment("seq2seq"), tmp_path_factory.mktemp("handed_out"))


def publicly(handed_out: Path, code: Code) -> str:
    """What plain `pytest` says of a task."""
    (handed_out / "seq2seq.ipynb").write_bytes(code.data())
    (checks,) = handed_out.glob(f"checks/**/test_{code.task}.py")
    command = [sys.executable, "-m", "pytest", "-q", str(checks)]
    done = subprocess.run(command, cwd=handed_out, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.parametrize("name", ["future_in_the_cell", "global_set_by_main", "await"])
def test_plain_pytest_passes_what_grading_passes(handed_out: Path, name: str) -> None:
    said = publicly(handed_out, CODE[name])
    assert " passed" in said
    assert "failed" not in said


@pytest.mark.parametrize("name", ["reads_a_file", "uses_the_given_toy"])
def test_plain_pytest_fails_what_grading_fails_in_the_same_words(
    handed_out: Path, name: str
) -> None:
    code = LEFT_OUT[name]
    said = " ".join(publicly(handed_out, code).split())
    assert " failed" in said
    for words in code.says:
        assert words in said
