"""Real accounts: a course folder in which two users have worked, and students with their own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.assignment import ROOT, Assignment
from autograder.commands import programs_first
from autograder.desk.submissions.clock import claimed_time

from .repository import copy_repository

OWNER = ROOT.stat().st_uid
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        os.geteuid() != 0 or OWNER == 0,
        reason="only root can be two users, in a folder of the other; .ci/run runs this so",
    ),
]
PYTHON = (sys.executable, "-m")
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


def run_as(
    user: int, cwd: Path, *command: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program as a user."""
    account = pwd.getpwuid(user)
    return subprocess.run(
        command,
        cwd=cwd,
        user=user,
        group=account.pw_gid,
        extra_groups=[],
        env={"PATH": programs_first(), "HOME": account.pw_dir, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def grade(
    course: Path, user: int, task: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Grade one task of the untouched notebook as a user."""
    terms = ("--task", task, "--json", f"{task}.json")
    command = (*PYTHON, "autograder", "grade", "seq2seq", str(NOTEBOOK), *terms)
    return run_as(user, course, *command, **environment)


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


def nbgrader(user: int, cwd: Path, *arguments: str) -> str:
    """Run an nbgrader command as a user whose home is `cwd`; what it logged."""
    options = ["--course=deep-learning", f"--Exchange.root={cwd.parent / 'exchange'}"]
    name = pwd.getpwuid(user).pw_name
    command = (*PYTHON, "nbgrader", *arguments, *options)
    done = run_as(user, cwd, *command, HOME=str(cwd), USER=name)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_what_one_user_submits_another_collects_with_the_servers_time(course: Path) -> None:
    exchange, home = course.parent / "exchange", course.parent / "student"
    for place in (exchange, home):
        place.mkdir()
        place.chmod(0o777)
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


@pytest.fixture
def students(course: Path) -> Iterator[dict[str, int]]:
    """Three accounts of this machine, as long as the test lasts, by name; homes lie beside it."""
    if shutil.which("useradd") is None:
        pytest.skip("there is no useradd here")
    found = {}
    with ExitStack() as made:
        course.parent.chmod(0o711)
        for short in ("ada", "ben", "eve"):
            name = f"{short}-{os.getpid()}"
            home = course.parent / name
            subprocess.run(["useradd", "--no-create-home", "--home-dir", home, name], check=True)
            made.callback(subprocess.run, ["userdel", name], check=True)
            found[name] = pwd.getpwnam(name).pw_uid
            home.mkdir(mode=0o700)
            os.chown(home, found[name], -1)
        try:
            run_as(found[name], home, *PYTHON, "site")
        except PermissionError:
            pytest.skip(f"other accounts cannot reach {sys.executable}")
        yield found


def test_each_student_gets_the_own_page_and_reads_nothing_of_others(
    course: Path, students: dict[str, int]
) -> None:
    """Two sections in one course: collected, graded and handed back together."""

    def desk(*arguments: str) -> str:
        command = (*PYTHON, "autograder", *arguments)
        done = run_as(OWNER, course, *command, AUTOGRADER_SALT="three students")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    exchange = course.parent / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    rows = [f"{name},{section}\n" for name, section in zip(students, "ABA", strict=True)]
    (course / "LIST.csv").write_text("id,section\n" + "".join(rows))
    run_as(OWNER, course, "chmod", "o=", ".")
    desk("roster", "LIST.csv")
    desk("source", "seq2seq")
    unproved = "--ProveRelease.grading=False"  # what it proves, other tests do
    nbgrader(OWNER, course, "generate_assignment", "seq2seq", "--force", unproved)
    nbgrader(OWNER, course, "release_assignment", "seq2seq")
    for name, user in students.items():
        home = course.parent / name
        nbgrader(user, home, "fetch_assignment", "seq2seq")
        path = home / "seq2seq" / "seq2seq.ipynb"
        path.write_text(path.read_text().replace("YOUR ANSWER HERE", f"What {name} has to say."))
        nbgrader(user, home, "submit", "seq2seq")
    nbgrader(OWNER, course, "collect", "seq2seq", "--update")
    table = " ".join(desk("class", "seq2seq").partition("3 students")[2].split())
    places = [table.index(f" {word} ") for word in ("A", *[*students][::2], "B", [*students][1])]
    assert places == sorted(places)
    waiting = "--CompleteReleaseFeedback.waiting=True"  # nobody grades the written answers here
    nbgrader(OWNER, course, "release_feedback", "seq2seq", waiting)
    closed = (course, *(exchange / "deep-learning" / one for one in ("inbound", "feedback")))
    for name, user in students.items():
        home = course.parent / name
        nbgrader(user, home, "fetch_feedback", "seq2seq")
        (page,) = home.glob("seq2seq/feedback/*/seq2seq.html")
        text = page.read_text()
        assert [one for one in students if f"What {one} has to say." in text] == [name]
        for place in closed:
            assert "Permission denied" in run_as(user, home, "ls", str(place)).stderr


def test_what_a_fellow_student_hands_in_for_another_is_not_graded_and_displaces_nothing(
    course: Path, students: dict[str, int]
) -> None:
    """Unless a person accepts it; the student's own work counts, whatever came later."""
    ada, _, eve = students
    exchange = course.parent / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    (course / "students.csv").write_text("\n".join(("id", *students)) + "\n")
    assert run_as(OWNER, course, *PYTHON, "autograder", "source", "seq2seq").returncode == 0
    unproved = "--ProveRelease.grading=False"
    nbgrader(OWNER, course, "generate_assignment", "seq2seq", "--force", unproved)
    nbgrader(OWNER, course, "release_assignment", "seq2seq")

    def submitted(account: str, student: str, words: str) -> None:
        home = course.parent / account
        path = home / "seq2seq" / "seq2seq.ipynb"
        if not path.exists():
            nbgrader(students[account], home, "fetch_assignment", "seq2seq")
        path.write_text(path.read_text().replace("YOUR ANSWER HERE", words))
        nbgrader(
            students[account], home, "submit", "seq2seq", f"--CourseDirectory.student_id={student}"
        )

    submitted(eve, ada, "Eve's words.")
    nbgrader(OWNER, course, "collect", "seq2seq", "--update")
    table = run_as(OWNER, course, *PYTHON, "autograder", "class", "seq2seq")
    assert table.returncode == 1
    found = f"handed in by the account of {eve}/seq2seq.ipynb"
    assert f"found '{found}'" in " ".join(table.stdout.split())
    assert f"\npython -m autograder accept seq2seq {ada} '{found}'\n" in table.stdout
    accept = (*PYTHON, "autograder", "accept", "seq2seq", ada, found)
    assert run_as(OWNER, course, *accept).returncode == 0
    own = course / "submitted" / ada / "seq2seq" / "seq2seq.ipynb"
    assert "Eve's words." in own.read_text()
    assert (own.parent / "submission_secret.txt").is_file()
    submitted(ada, ada, "Ada's words.")
    submitted(eve, ada, "Eve's words.")
    nbgrader(OWNER, course, "collect", "seq2seq", "--update")
    assert "Ada's words." in own.read_text()
    assert not list(own.parent.glob("handed in *"))
