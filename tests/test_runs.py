"""A definition that its cell has lost since is told; nothing is said where that is unknown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .handout import in_ipython

GOOD = "def twice(x):\n    return 2 * x"
OTHER = "class Encoder:\n    def forward(self, x):\n        return twice(x)"
WATCH = """
from checks.runs import Runs
runs = Runs(get_ipython().user_ns)
runs.watch(get_ipython().events)
"""
FAILED = "your last run of this cell failed; what is checked is an older version"
GONE = "your last run of this cell no longer defines it; what is checked is an older version"

Cell = str | tuple[str, str]


def doubt(folder: Path, *cells: Cell, name: str = "twice") -> str:
    """What is doubted about a name after these cells have run."""
    said = in_ipython(folder, WATCH, *cells, f"print('=>', runs.doubt({name!r}))").stdout
    return said.rpartition("=>")[2].strip()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("def twice(x)\n    return 2 * x", f"{FAILED}. (SyntaxError in line 1.)"),
        ("def twice(x):\nreturn 2 * x", FAILED),  # IndentationError, or SyntaxError in some shells
        ("def twice(x):\n    return 'a", FAILED),
        ("df twice(x):\n    return 2 * x", f"{FAILED}. (SyntaxError in line 1.)"),
        ("y = undefined\n" + GOOD, f"{FAILED}. (NameError in line 1.)"),
        ("@undefined\n" + GOOD, FAILED),
        ("def twice(x=1 / 0):\n    return 2 * x", FAILED),
        ("import no_such_module\n" + GOOD, f"{FAILED}. (ModuleNotFoundError in line 1.)"),
        ("%%time\n1 / 0\n" + GOOD, FAILED),
        ("%%capture\n1 / 0\n" + GOOD, FAILED),
        ("raise KeyboardInterrupt\n" + GOOD, FAILED),
    ],
)
@pytest.mark.parametrize("cell", ["twice", ""], ids=["with ids", "without ids"])
def test_a_cell_that_failed_before_its_definition_is_told(
    tmp_path: Path, broken: str, words: str, cell: str
) -> None:
    pair = [(code, cell) if cell else code for code in (GOOD, broken)]
    assert f"`twice`: {words}" in doubt(tmp_path, *pair)


@pytest.mark.parametrize(
    "code",
    ["def double(x):\n    return 2 * x", "pass", "", "# def twice(x): return 2 * x"],
    ids=["renamed", "removed", "emptied", "commented out"],
)
def test_a_cell_that_no_longer_defines_the_name_is_told(tmp_path: Path, code: str) -> None:
    assert f"`twice`: {GONE}" in doubt(tmp_path, (GOOD, "twice"), (code, "twice"))
    renamed = "double" in code
    assert bool(doubt(tmp_path, GOOD, code)) == renamed  # without ids else it may be any other cell


def test_without_ids_a_renamed_cell_is_told_by_its_text(tmp_path: Path) -> None:
    renamed = GOOD.replace("twice", "twise")
    told = doubt(tmp_path, GOOD, renamed)
    assert "defines `twise` in its place. The contract asks for `twice`" in told
    assert doubt(tmp_path / "mended", GOOD, renamed, GOOD) == ""
    assert doubt(tmp_path / "other", GOOD, "def half(x):\n    y = x / 2\n    return y") == ""


@pytest.mark.parametrize(
    "cells",
    [
        [(GOOD, "a")],
        [("def twice(x)", "a"), (GOOD, "a")],
        [(GOOD, "a"), ("def twice(x)", "a"), (GOOD, "a")],
        [(GOOD, "a"), (GOOD + "\n1 / 0", "a")],
        [(GOOD, "a"), ("%%time\n" + GOOD, "a")],
        [(GOOD, "a"), ("%%capture\n" + GOOD, "a")],
        [(GOOD, "a"), ("%pwd\n" + GOOD, "a")],
        [(GOOD, "a"), ("1 / 0", "b"), ("def other(x)", "c"), ("print(twice(2)", "d")],
        [(GOOD, "a"), ("twice twice(2):", "d"), (GOOD, "a")],
        [(GOOD, "a"), (GOOD, "own"), ("pass", "a")],
        [(GOOD, "own"), (GOOD, "a"), ("1 / 0", "own")],
        [(GOOD, "a"), ("pass", "own"), ("1 / 0", "own")],
        [(GOOD, "a"), ("def twice(x)", "a"), ("exec('def twice(x): return 2 * x')", "b")],
        [("from operator import neg as twice", "a"), ("from operator import neg as twice", "a")],
        [("if True:\n    def twice(x): return x", "a"), (GOOD, "a")],
        [("twice = abs", "a"), ("twice = abs\n1 / 0", "a")],
        [("twice = lambda x: 2 * x", "a"), ("twice = lambda x: 2 * x", "a")],
        [(GOOD, "a"), ("await no_such", "b")],
        [(GOOD, "a"), ("%%writefile no/such/folder\ndef twice(x):", "b")],
        [(GOOD, "a"), ("%%bash\ndef twice(x)\n", "b")],
        [GOOD, "return twice(2)", "x = twice(2", "print twice(2)"],
    ],
    ids=lambda cells: json.dumps(cells)[:60],
)
def test_what_is_as_its_cell_says_or_unknown_is_not_doubted(
    tmp_path: Path, cells: list[Cell]
) -> None:
    assert doubt(tmp_path, *cells) == ""


def test_of_several_functions_in_a_cell_each_is_judged_alone(tmp_path: Path) -> None:
    both = f"{GOOD}\n{{}}\ndef thrice(x):\n    return 3 * x"
    cells = [(both.format(""), "a"), (both.format("1 / 0"), "a")]
    assert doubt(tmp_path, *cells) == ""
    assert f"`thrice`: {FAILED}" in doubt(tmp_path, *cells, name="thrice")


def test_a_helper_that_failed_is_told_where_it_is_used(tmp_path: Path) -> None:
    cells = [(GOOD, "helper"), (OTHER, "task"), (GOOD.replace(":", ""), "helper")]
    assert f"`twice` (`Encoder` uses it): {FAILED}" in doubt(tmp_path, *cells, name="Encoder")
    cells = [(GOOD, "helper"), (OTHER, "task"), ("def double(x): return 2 * x", "helper")]
    assert f"`twice` (`Encoder` uses it): {GONE}" in doubt(tmp_path, *cells, name="Encoder")
    unused = [(GOOD, "helper"), ("class Encoder: pass", "task"), ("def twice(x)", "helper")]
    assert doubt(tmp_path, *unused, name="Encoder") == ""


def test_a_name_that_never_came_to_be_is_told_with_its_cause(tmp_path: Path) -> None:
    told = doubt(tmp_path, ("def twice(x)", "a"))
    assert "your last run of this cell failed; there is no version" in told
    assert "SyntaxError in line 1" in told


def test_a_fault_of_the_watching_stops_no_cell(tmp_path: Path) -> None:
    said = in_ipython(tmp_path, WATCH, "runs.names = None", GOOD, "print(twice(4))").stdout
    assert said.rstrip().endswith("8")
    assert "Error" not in said
