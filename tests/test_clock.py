"""The time of a submission is the server's, whatever the submission says."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nbgrader.coursedir import CourseDirectory

from autograder.assignment import ROOT
from autograder.desk.submissions.clock import (
    FORMAT,
    STAMP,
    ServerTimeCollect,
    changed,
    claimed_time,
    time_of,
)

from .ordinary import run_module

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


def test_what_was_changed_in_place_came_when_it_was_changed(tmp_path: Path) -> None:
    """The folder's own time says nothing of it."""
    folder = submission(tmp_path / "inbound", LONG_AGO)
    notebook = folder / "seq2seq.ipynb"
    before = folder.stat().st_ctime_ns
    while notebook.stat().st_ctime_ns <= before:  # the clock of files goes in steps
        notebook.write_text('{"changed": true}')
    assert folder.stat().st_ctime_ns == before
    assert changed(folder).timestamp() == pytest.approx(notebook.stat().st_ctime, abs=1e-5)


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


def test_a_link_of_the_same_name_deeper_down_costs_nobody_the_notebook(
    collect: ServerTimeCollect, tmp_path: Path
) -> None:
    folder = submission(tmp_path / "inbound", LONG_AGO)
    (folder / "old").mkdir()
    (folder / "old" / "seq2seq.ipynb").symlink_to(folder / "seq2seq.ipynb")
    target = collected(collect, folder)
    assert (target / "seq2seq.ipynb").is_file()
    assert not (target / "old" / "seq2seq.ipynb").exists()


def test_modes_of_a_students_do_not_bind_the_course(
    collect: ServerTimeCollect, tmp_path: Path
) -> None:
    folder = submission(tmp_path / "inbound", LONG_AGO)
    (folder / "deep").mkdir()
    (folder / "deep" / "notes.txt").write_text("")
    for path, mode in (("seq2seq.ipynb", 0o444), ("deep/notes.txt", 0o400), ("deep", 0o555)):
        (folder / path).chmod(mode)
    folder.chmod(0o555)
    target = collected(collect, folder)
    modes = [path.stat().st_mode & 0o600 for path in (target, *target.rglob("*"))]
    assert modes == [0o600] * len(modes)
    assert seconds_from_now(claimed_time(target)) < 300


def test_of_a_very_large_folder_the_notebooks_are_collected(
    collect: ServerTimeCollect, tmp_path: Path
) -> None:
    folder = submission(tmp_path / "inbound", LONG_AGO)
    (folder / "weights.bin").touch()
    os.truncate(folder / "weights.bin", 10**9)
    (folder / "notes.txt").touch()
    target = collected(collect, folder)
    assert sorted(path.name for path in target.iterdir()) == ["seq2seq.ipynb", STAMP]


def test_a_submission_that_cannot_be_copied_is_named_and_stops_nobody(tmp_path: Path) -> None:
    exchange, course = tmp_path / "exchange", tmp_path / "course"
    inbound = exchange / "deep-learning" / "inbound"
    inbound.mkdir(parents=True)
    exchange.chmod(0o777)
    course.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", course)
    for student in ("ann", "bob", "cyd"):
        folder = submission(inbound / f"{student}+seq2seq+2026-01-01 00:00:00 UTC+x", LONG_AGO)
        (folder / "closed.txt").touch(mode=0)
        (folder / "shut").mkdir(mode=0)
        if student == "bob":
            folder.chmod(0)
    options = [f"--Exchange.root={exchange}", "--ExchangeCollect.check_owner=False"]
    done = run_module(course, "nbgrader", "collect", "seq2seq", *options)
    assert done.returncode == 1
    assert "not collected: bob; the others are" in done.stderr
    found = sorted(str(p.relative_to(course)) for p in course.glob("submitted/**/*") if p.is_file())
    assert found == [
        f"submitted/{student}/seq2seq/{name}"
        for student in ("ann", "cyd")
        for name in ("seq2seq.ipynb", STAMP)
    ]


@pytest.mark.parametrize("stamp", ["", "yesterday", "9" * 400, "\x00"])
def test_for_a_time_nobody_can_read_the_folders_stands(tmp_path: Path, stamp: str) -> None:
    folder = submission(tmp_path / "submitted", stamp)
    assert claimed_time(folder) is None
    assert seconds_from_now(time_of(folder)) < 300


def test_a_stamp_that_is_no_file_is_neither_followed_nor_waited_for(tmp_path: Path) -> None:
    folder = submission(tmp_path / "submitted", LONG_AGO)
    (folder / STAMP).unlink()
    assert time_of(folder) is None
    os.mkfifo(folder / STAMP)
    assert seconds_from_now(time_of(folder)) < 300
    (folder / STAMP).unlink()
    (folder / STAMP).symlink_to("/dev/zero")
    assert seconds_from_now(time_of(folder)) < 300


def test_a_time_that_can_be_read_stands(tmp_path: Path) -> None:
    folder = submission(tmp_path / "submitted", LONG_AGO)
    assert time_of(folder) == claimed_time(folder) == datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_time_saved_by_another_editor_is_read(tmp_path: Path, encoding: str) -> None:
    folder = submission(tmp_path / "submitted", "")
    (folder / STAMP).write_text(f"{LONG_AGO}\r\n", encoding=encoding)
    assert claimed_time(folder) == datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_time_saved_by_another_editor_is_collected_as_nbgrader_reads_it(
    collect: ServerTimeCollect, tmp_path: Path, encoding: str
) -> None:
    folder = submission(tmp_path / "inbound", "")
    now = datetime.now(UTC).replace(microsecond=0)
    (folder / STAMP).write_text(now.strftime(FORMAT), encoding=encoding)
    read = CourseDirectory().get_existing_timestamp(str(collected(collect, folder)))
    assert read.replace(tzinfo=UTC) == now
