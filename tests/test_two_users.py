"""A course folder in which two users have worked, one after the other: root and its owner."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.assignment import ROOT, Assignment
from autograder.commands import programs_first
from autograder.desk.submissions.clock import claimed_time

from .repository import copy_repository

OWNER = ROOT.stat().st_uid
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or OWNER == 0,
    reason="only root can be two users, in a folder of the other; .ci/run runs this so",
)
NOTEBOOK = Assignment("seq2seq").release / "seq2seq.ipynb"


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A course that belongs to the owner of this repository, where that user can reach it."""
    setting = {"COUNT": "1", "KEY_0": "safe.directory", "VALUE_0": str(ROOT)}
    for name, value in setting.items():  # git asks whether root trusts what another owns
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    with tempfile.TemporaryDirectory(dir=ROOT.parent) as folder:
        course = Path(folder) / "course"
        copy_repository(course, without="(tests|docs)/")
        for path in (course.parent, course, *course.rglob("*")):
            os.chown(path, OWNER, -1)
        yield course


def grade(
    course: Path, user: int, task: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Grade one task of the untouched notebook as a user."""
    command = [sys.executable, "-m", "autograder", "grade", "seq2seq", str(NOTEBOOK)]
    account = pwd.getpwuid(user)
    return subprocess.run(
        [*command, "--task", task, "--json", f"{task}.json"],
        cwd=course,
        user=user,
        group=account.pw_gid,
        extra_groups=[],
        env={"PATH": os.environ["PATH"], "HOME": account.pw_dir, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_root_did_between_stops_nobody(course: Path) -> None:
    for user, task in ((OWNER, "encoder"), (0, "decoder"), (OWNER, "greedy"), (OWNER, "decoder")):
        done = grade(course, user, task)
        assert done.returncode == 0, done.stderr
    assert (course / ".salt").stat().st_uid == OWNER


def test_a_salt_of_root_is_named_and_once_given_over_gives_the_same_results(course: Path) -> None:
    assert grade(course, 0, "encoder").returncode == 0
    refused = grade(course, OWNER, "decoder")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert ".salt belongs to root: go on as root, or: sudo chown -R $USER" in refused.stderr
    salt = (course / ".salt").read_text()
    os.chown(course / ".salt", OWNER, -1)
    assert grade(course, OWNER, "decoder").returncode == 0
    assert (course / ".salt").read_text() == salt


def test_with_the_salt_in_the_environment_kept_results_of_another_are_no_obstacle(
    course: Path,
) -> None:
    for user, task in ((0, "encoder"), (OWNER, "decoder")):
        done = grade(course, user, task, AUTOGRADER_SALT="two users")
        assert done.returncode == 0, done.stderr


def test_what_one_user_submits_another_collects_with_the_servers_time(course: Path) -> None:
    exchange, home = course.parent / "exchange", course.parent / "student"
    for place in (exchange, home):
        place.mkdir()
        place.chmod(0o777)

    def nbgrader(user: int, cwd: Path, *arguments: str) -> str:
        options = ["--course=deep-learning", f"--Exchange.root={exchange}"]
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments, *options],
            cwd=cwd,
            user=user,
            group=pwd.getpwuid(user).pw_gid,
            extra_groups=[],
            env={"PATH": programs_first(), "HOME": str(home), "USER": pwd.getpwuid(user).pw_name},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    nbgrader(OWNER, course, "release_assignment", "seq2seq")
    nbgrader(0, home, "fetch_assignment", "seq2seq")
    nbgrader(0, home, "submit", "seq2seq")
    nbgrader(OWNER, course, "collect", "seq2seq")
    (collected,) = (course / "submitted").iterdir()
    assert (collected / "seq2seq" / "seq2seq.ipynb").read_bytes() == NOTEBOOK.read_bytes()
    assert (collected / "seq2seq").stat().st_uid == OWNER
    came = claimed_time(collected / "seq2seq")
    assert came is not None
    assert abs((datetime.now(UTC) - came).total_seconds()) < 3600
