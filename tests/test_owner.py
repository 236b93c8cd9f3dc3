"""What a fellow student's account made in the exchange counts only if a person accepts it."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

import pytest

from autograder.assignment import ROOT
from autograder.desk.people.students import Student
from autograder.desk.submissions.owner import Accounts

from .ordinary import run_module

ME = pwd.getpwuid(os.geteuid()).pw_name
INSTEAD = f"handed in by the account of {ME}"
STAMP, SECRET = "timestamp.txt", "submission_secret.txt"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with an exchange, whose list has the account that runs the tests."""
    folder = tmp_path / "course"
    folder.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    (tmp_path / "exchange" / "deep-learning" / "inbound").mkdir(parents=True)
    (tmp_path / "exchange").chmod(0o777)
    listed(folder, "ada", ME)
    return folder


def listed(course: Path, *students: str) -> None:
    """Say who is in the class."""
    (course / "students.csv").write_text("\n".join(("id", *students)) + "\n")


def submit(course: Path, student: str, when: str = "2026-01-01 00:00:00") -> None:
    """Put a notebook into the exchange in a student's name, from the account that runs this."""
    inbound = course.parent / "exchange" / "deep-learning" / "inbound"
    folder = inbound / f"{student}+seq2seq+{when} UTC+x"
    folder.mkdir()
    (folder / "seq2seq.ipynb").write_text(f'{{"cells": [], "metadata": {{}}, "of": "{when}"}}')
    (folder / STAMP).write_text(f"{when} UTC")
    (folder / SECRET).write_text(f"secret of {when}")


def link(course: Path, student: str, to: Path) -> None:
    """Put a link into the exchange in a student's name, newer than all else."""
    inbound = course.parent / "exchange" / "deep-learning" / "inbound"
    (inbound / f"{student}+seq2seq+2099-01-01 00:00:00 UTC+x").symlink_to(to)


def collect(course: Path, *options: str, code: int = 0) -> str:
    """Collect, and return what was said."""
    place = f"--Exchange.root={course.parent / 'exchange'}"
    command = ("nbgrader", "collect", "seq2seq", place, *options)
    done = run_module(course, *command, PYTHONPATH=str(ROOT))
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def files(course: Path) -> list[str]:
    """What was collected."""
    place = course / "submitted"
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


def test_what_another_students_account_made_lies_beside_and_is_collected_once(
    course: Path,
) -> None:
    submit(course, "ada")
    said = collect(course)
    assert f"was handed in by the account of {ME}" in said
    names = ("seq2seq.ipynb", SECRET, STAMP)
    assert files(course) == [f"ada/seq2seq/{INSTEAD}/{name}" for name in names]
    submit(course, "ada", "2026-01-02 00:00:00")
    first = course / "submitted/ada/seq2seq" / INSTEAD / SECRET
    collect(course)
    assert first.read_text() == "secret of 2026-01-01 00:00:00"
    assert files(course) == [f"ada/seq2seq/{INSTEAD}/{name}" for name in names]


@pytest.mark.parametrize("names", [("ada",), (ME,), ("ada", ME)])
def test_accounts_of_nobody_else_in_the_class_are_nbgraders_affair(
    course: Path, names: tuple[str, ...]
) -> None:
    """A machine on which everybody has the same account, and one's own account."""
    listed(course, *names)
    student = ME if ME in names else "ada"
    submit(course, student)
    collect(course)
    assert f"{student}/seq2seq/seq2seq.ipynb" in files(course)


def test_the_check_is_switched_off_as_nbgraders_is(course: Path) -> None:
    submit(course, "ada")
    collect(course, "--ExchangeCollect.check_owner=False")
    assert "ada/seq2seq/seq2seq.ipynb" in files(course)


def test_an_account_is_a_students_by_id_or_by_what_the_list_says(tmp_path: Path) -> None:
    """An id counts before another student's login: nobody passes for somebody by a name."""
    assert Accounts(["4711", "12"], [Student("12", login=ME)]).other(tmp_path, "4711") == "12"
    assert Accounts(["4711", "12"], [Student("12", login=ME)]).other(tmp_path, "12") == ""
    assert Accounts([ME, "12"], [Student("12", login=ME)]).other(tmp_path, "12") == ME
    assert Accounts(["12"], [Student("12", login=ME)]).other(tmp_path, ME) == ""  # its own
    assert Accounts(["4711"], []).other(tmp_path, "4711") == ""
    assert Accounts([ME], []).other(tmp_path / "gone", "4711") == ""


def test_a_list_that_is_not_in_order_is_told_in_a_line(course: Path) -> None:
    listed(course, "ada", "ada")
    submit(course, "ada")
    place = f"--Exchange.root={course.parent / 'exchange'}"
    command = ("nbgrader", "collect", "seq2seq", place)
    done = run_module(course, *command, PYTHONPATH=str(ROOT))
    assert done.returncode == 1
    assert "students.csv, lines 2 and 3: 'ada' twice" in done.stderr.splitlines()[-2]
    assert "Traceback" not in done.stderr
    assert files(course) == []


@pytest.mark.parametrize("to", ["here", "nowhere"])
def test_a_link_is_not_followed_and_stops_nobody(course: Path, tmp_path: Path, to: str) -> None:
    """It would be read with the rights of who collects: the solution, or another's work."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "seq2seq.ipynb").write_text("of the instructor")
    link(course, "ada", tmp_path / to)
    submit(course, ME)
    assert "not collected: ada; the others are" in collect(course, code=1)
    names = ("seq2seq.ipynb", SECRET, STAMP)
    assert files(course) == [f"{ME}/seq2seq/{name}" for name in names]


def test_a_link_takes_no_ones_place(course: Path, tmp_path: Path) -> None:
    submit(course, ME)
    link(course, ME, tmp_path)
    collect(course)
    assert f"{ME}/seq2seq/seq2seq.ipynb" in files(course)


def test_a_name_without_a_time_that_can_be_read_stops_nobody(course: Path) -> None:
    submit(course, ME)
    submit(course, ME, "garbage")
    assert "seq2seq+garbage UTC+x has no time in its name" in collect(course)
    kept = course / "submitted" / ME / "seq2seq"
    assert (kept / SECRET).read_text() == "secret of garbage"  # which came last, by the server


def test_nobody_hands_in_what_looks_put_aside(course: Path) -> None:
    submit(course, ME)
    inbound = course.parent / "exchange" / "deep-learning" / "inbound"
    forged = next(inbound.iterdir()) / "handed in by the account of ada"
    forged.mkdir()
    (forged / "seq2seq.ipynb").write_text("{}")
    collect(course)
    assert not [name for name in files(course) if "ada" in name]
