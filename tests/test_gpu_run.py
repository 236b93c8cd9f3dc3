"""`make gpu` keeps what a part found, whatever ends it, and says what was no run on a GPU."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment import ROOT

from .gpu.__main__ import main, run
from .gpu.page import BLOCK
from .gpu.parts import PARTS, Part

FOUND = "def found(device, few):\n    yield 'LSTM', 'refused forward'\n    "
SEEN = {"gpu": "a GPU", "processors": 2, "torch": "2", "cuda of torch": "13", "cudnn": 9}
SEEN |= {"python": "3", "root": True, "cuda": True}


def ran(folder: Path, monkeypatch: pytest.MonkeyPatch, then: str, **more: Any) -> dict[str, Any]:
    """The record of a run of one part, which finds one thing and `then` does something."""
    (folder / "a_part.py").write_text(FOUND + then)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ["PYTHONPATH"]]))
    part = Part("recurrent", "a_part", "states", more.pop("seconds", 100), **more)
    run("cpu", SEEN, argparse.Namespace(out=folder / "out", minutes=6, few=False, part=[part]))
    record: dict[str, Any] = json.loads((folder / "out" / "devices.json").read_text())
    return record


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", str(ROOT)))


@pytest.mark.parametrize(
    ("then", "state", "why"),
    [
        ("pass", "done", ""),
        ("raise RuntimeError('it broke')", "failed", "it broke"),
        ("import os; os.kill(os.getpid(), 9)", "failed", "ended with -9"),
        ("import time; time.sleep(600)", "ended", "not finished"),
    ],
)
def test_what_a_part_found_is_kept_however_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, state: str, why: str
) -> None:
    seconds = 10 if state == "ended" else 100
    record = ran(tmp_path, monkeypatch, then, seconds=seconds)
    result = record["parts"]["recurrent"]
    assert result["state"] == state
    assert why in result["why"]
    assert result["found"] == {"LSTM": "refused forward"}


def test_what_a_machine_lacks_is_said_and_the_part_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacks: dict[str, Any] = {"modules": ("no_such_module",), "programs": ("no-such-program",)}
    record = ran(tmp_path, monkeypatch, "pass", **lacks)
    result = record["parts"]["recurrent"]
    assert result["state"] == "skipped"
    assert result["why"] == "not here: no_such_module, no-such-program"
    assert result["why"] in capsys.readouterr().out


def test_a_dry_run_says_so_and_is_not_put_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = ran(tmp_path, monkeypatch, "pass")
    assert record["dry run"] is True
    assert (tmp_path / "out" / "devices.md").read_text().startswith("Dry run, no GPU")
    page = (ROOT / "docs" / "devices.md").read_bytes()
    assert main(["--page", str(tmp_path / "out" / "devices.json")]) == 1
    assert "no run on a GPU" in capsys.readouterr().err
    assert (ROOT / "docs" / "devices.md").read_bytes() == page


def test_the_page_has_a_place_for_the_tables() -> None:
    assert len(BLOCK.findall((ROOT / "docs" / "devices.md").read_text())) == 1


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_part_is_there(part: Part) -> None:
    module = ROOT.joinpath(*part.module.split(".")).with_suffix(".py")
    assert "def found(device: str, few: bool)" in module.read_text()


def test_the_command_needs_no_package() -> None:
    """A bare machine's Python may have torch and nothing else: the parts say what they miss."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import tests.gpu.__main__"
    subprocess.run([sys.executable, "-S", "-I", "-c", code, str(ROOT)], check=True)
