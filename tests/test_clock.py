"""The time of a submission is the server's, whatever the submission says."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nbgrader.coursedir import CourseDirectory

from autograder.clock import STAMP, ServerTimeCollect, claimed_time, mend_stamp

LONG_AGO = "2000-01-01 00:00:00.000000 UTC"


@pytest.fixture
def collect() -> ServerTimeCollect:
    """nbgrader's collector as the configuration makes it."""
    return ServerTimeCollect(coursedir=CourseDirectory())


def collected(collect: ServerTimeCollect, folder: Path) -> Path:
    """Where a folder of the exchange is after it was collected."""
    target = folder.with_name("collected")
    collect.do_copy(str(folder), str(target))
    return target


def submission(folder: Path, stamp: str) -> Path:
    """A folder that a student put into the exchange."""
    folder.mkdir()
    (folder / "seq2seq.ipynb").write_text("{}")
    (folder / STAMP).write_text(stamp)
    os.utime(folder, (0, 0))  # what the student may set says nothing
    return folder


def seconds_from_now(time: datetime | None) -> float:
    """How far a time is from now."""
    assert time is not None
    return abs((datetime.now(UTC) - time).total_seconds())


def test_a_forged_time_is_replaced_by_the_servers(
    collect: ServerTimeCollect, tmp_path: Path
) -> None:
    target = collected(collect, submission(tmp_path / "inbound", LONG_AGO))
    assert seconds_from_now(claimed_time(target)) < 300


def test_an_honest_time_is_kept_to_the_second(collect: ServerTimeCollect, tmp_path: Path) -> None:
    honest = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    target = collected(collect, submission(tmp_path / "inbound", honest))
    assert (target / STAMP).read_text() == honest


def test_after_a_restored_backup_students_can_be_believed(
    collect: ServerTimeCollect, tmp_path: Path
) -> None:
    collect.believe_students = True
    target = collected(collect, submission(tmp_path / "inbound", LONG_AGO))
    assert (target / STAMP).read_text() == LONG_AGO


def test_links_are_not_followed_when_collecting(collect: ServerTimeCollect, tmp_path: Path) -> None:
    folder = submission(tmp_path / "inbound", LONG_AGO)
    secret = tmp_path / "secret"
    secret.write_text("the salt")
    (folder / "notes [1].txt").symlink_to(secret)
    os.mkfifo(folder / "pipe")
    os.link(secret, folder / "more.txt")
    target = collected(collect, folder)
    assert sorted(path.name for path in target.iterdir()) == ["seq2seq.ipynb", STAMP]


@pytest.mark.parametrize("stamp", ["", "yesterday", "9" * 400, "\x00"])
def test_a_time_nobody_can_read_does_not_cost_the_mark(
    collect: ServerTimeCollect, tmp_path: Path, stamp: str
) -> None:
    folder = submission(tmp_path / "submitted", stamp)
    mend_stamp(folder)
    assert seconds_from_now(claimed_time(folder)) < 300


def test_a_time_that_can_be_read_is_left_alone(tmp_path: Path) -> None:
    folder = submission(tmp_path / "submitted", LONG_AGO)
    mend_stamp(folder)
    assert (folder / STAMP).read_text() == LONG_AGO


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_time_saved_by_another_editor_is_read_and_written_as_nbgrader_reads_it(
    tmp_path: Path, encoding: str
) -> None:
    folder = submission(tmp_path / "submitted", "")
    (folder / STAMP).write_text(f"{LONG_AGO}\r\n", encoding=encoding)
    mend_stamp(folder)
    assert (folder / STAMP).read_text(encoding="ascii") == LONG_AGO
    assert CourseDirectory().get_existing_timestamp(str(folder)) == datetime(2000, 1, 1)
