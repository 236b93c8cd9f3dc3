"""What a judge has worked out is there for the next command, for its owner, and as it was."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.assignment import Assignment
from autograder.judge import kept as module
from autograder.judge.kept import Kept
from autograder.offering import Offering
from autograder.suites import memory

ASSIGNMENT = Assignment("seq2seq")
OFFERING = Offering(ASSIGNMENT, "kept")
VALUE = {"drawn": {b"key": (torch.tensor([[1.5, -0.0]]), torch.tensor([True]), ("a", 2))}}


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """Where something was kept."""
    made = Kept(OFFERING, tmp_path / "judge")
    made.write("memories", VALUE)
    return made


def only_file(folder: Path) -> Path:
    """The one that was written."""
    (file,) = (folder / "judge").iterdir()
    return file


def test_it_comes_back_as_it_was(kept: Kept, tmp_path: Path) -> None:
    back = Kept(OFFERING, tmp_path / "judge").read("memories")["drawn"][b"key"]
    for tensor, was in zip(back[:2], VALUE["drawn"][b"key"][:2], strict=True):
        assert tensor.dtype == was.dtype
        assert torch.equal(tensor, was)
    assert back[2] == ("a", 2)


def test_nobody_else_may_look_into_it(kept: Kept, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "judge").stat().st_mode) == 0o700


def test_another_salt_or_part_finds_nothing(kept: Kept, tmp_path: Path) -> None:
    assert Kept(Offering(ASSIGNMENT, "another"), tmp_path / "judge").read("memories") is None
    assert kept.read("precedents") is None


def test_what_was_kept_under_another_name_is_not_taken(kept: Kept, tmp_path: Path) -> None:
    file = only_file(tmp_path)
    file.rename(file.with_name(file.name.replace("memories", "precedents")))
    assert kept.read("precedents") is None


@given(place=st.integers(0), change=st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_a_damaged_file_is_not_read_and_is_replaced(
    kept: Kept, tmp_path: Path, place: int, change: int
) -> None:
    file = only_file(tmp_path)
    whole = bytearray(file.read_bytes())
    for damaged in (whole[: place % len(whole)], bytes(whole)):
        spoilt = bytearray(damaged)
        if len(spoilt) == len(whole):
            spoilt[place % len(whole)] ^= change
        file.write_bytes(spoilt)
        assert kept.read("memories") is None
    kept.write("memories", VALUE)
    assert kept.read("memories") is not None


def test_what_is_too_large_or_cannot_be_written_is_left_out(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.write("precedents", lambda: None)
    assert kept.read("precedents") is None
    monkeypatch.setattr(module, "MOST", 10)
    kept.write("precedents", list(range(100)))
    assert kept.read("precedents") is None


def test_a_memory_begins_with_what_is_told_and_reads_it_when_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "_memories", {})
    monkeypatch.setattr(memory, "_earlier", [])
    reads = []

    def earlier() -> dict[str, memory.Memory]:
        reads.append("read")
        return {f"{__name__}.{twice.__qualname__}": {memory.digest_of((3,), {}): "from before"}}

    @memory.remembered
    def twice(value: int) -> object:
        return 2 * value

    memory.begin_with(earlier)
    assert reads == []
    assert [twice(3), twice(4), twice(3)] == ["from before", 8, "from before"]
    assert reads == ["read"]
    assert len(memory.all_remembered()[f"{__name__}.{twice.__qualname__}"]) == 2
