"""The offering's secret is kept, and no mark is given without evidence for all of it."""

from __future__ import annotations

import stat
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from autograder.assignment import Assignment
from autograder.errors import GraderError
from autograder.judge import grade as judge
from autograder.judge.fingerprint import suite_fingerprint
from autograder.notebook.repair import repair
from autograder.offering import SALT_VARIABLE, Offering, offering_salt
from autograder.report.record import Report, TaskReport
from autograder.wall.inside.wire import pack, unpack
from checks.plugin import Grading
from checks.student import Student
from checks.values import Opaque
from checks.verdicts import CheckResult, Verdict


class Silent:
    """A submission nobody asks."""

    def call(self, probe: str, inputs: dict[str, object]) -> object:
        """Never reached."""
        raise AssertionError(f"{probe} was asked")


@pytest.fixture
def salt_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the salt goes; nothing is there yet."""
    path = tmp_path / ".salt"
    monkeypatch.setattr("autograder.offering.SALT_FILE", path)
    monkeypatch.delenv(SALT_VARIABLE, raising=False)
    return path


def test_the_salt_is_made_once_and_kept(salt_file: Path) -> None:
    salt = offering_salt()
    assert len(salt) >= 32
    assert offering_salt() == salt
    assert salt_file.read_text().strip() == salt


def test_two_offerings_have_two_salts(salt_file: Path) -> None:
    first = offering_salt()
    salt_file.unlink()
    assert offering_salt() != first


def test_only_its_owner_may_read_the_salt(salt_file: Path) -> None:
    offering_salt()
    assert stat.S_IMODE(salt_file.stat().st_mode) == 0o600


def test_the_environment_has_the_last_word(
    salt_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    salt_file.write_text("in the file\n")
    monkeypatch.setenv(SALT_VARIABLE, " of the environment\n")
    assert offering_salt() == "of the environment"
    monkeypatch.setenv(SALT_VARIABLE, " ")
    assert offering_salt() == "in the file"


def test_the_environments_salt_leaves_no_file(
    salt_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SALT_VARIABLE, "x")
    offering_salt()
    assert not salt_file.exists()


def test_an_empty_salt_is_no_salt(salt_file: Path) -> None:
    salt_file.write_text("\n")
    with pytest.raises(GraderError, match=r"is empty; delete it, or set AUTOGRADER_SALT"):
        offering_salt()


def graded(*names: str) -> Grading:
    """A grading in which these checks were expected and passed."""
    grading = Grading(Student(Silent(), None), None, "salt")
    grading.expected = list(names)
    grading.results = {
        name: CheckResult(name, "", 1.0, Verdict.PASSED, public=False) for name in names
    }
    return grading


def test_whole_evidence_is_accepted() -> None:
    assert graded("echo/a", "echo/b").missing_evidence(["echo/a", "echo/b"]) == []


def test_a_missing_verdict_is_told() -> None:
    grading = graded("echo/a", "echo/b")
    del grading.results["echo/b"]
    assert grading.missing_evidence() == ["echo/b gave no verdict"]


def test_a_missing_verdict_is_the_graders_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assignment = Assignment("seq2seq")

    def lose(files: object, grading: Grading, *plugins: object) -> None:
        grading.problems += ["encoder/a gave no verdict"]

    session = MagicMock()
    session.return_value.__enter__.return_value.undecided = None
    monkeypatch.setattr(judge, "Session", session)
    for name in ("reference", "result_key"):
        monkeypatch.setattr(judge, name, MagicMock())
    monkeypatch.setattr(judge, "run_suite", lose)
    notebook = repair(assignment.source, assignment.source)
    with pytest.raises(GraderError, match="encoder/a gave no verdict"):
        judge.grade(Offering(assignment, "salt"), notebook, MagicMock())


def test_two_checks_of_one_name_are_told() -> None:
    assert graded("echo/a", "echo/a").missing_evidence() == ["echo/a was found 2 times"]


def test_no_check_at_all_is_told() -> None:
    assert graded().missing_evidence() == ["there are no checks"]


def test_a_check_that_pytest_did_not_find_is_told() -> None:
    grading = graded("echo/a[1]", "echo/a[2]")
    assert grading.missing_evidence(["echo/a", "echo/b"]) == ["echo/b was not found"]


def test_the_fingerprint_follows_the_salt_and_does_not_show_it() -> None:
    assignment = Assignment("seq2seq")
    offerings = [Offering(assignment, salt) for salt in ("a" * 32, "b" * 32)]
    first, second = map(suite_fingerprint, offerings)
    assert first == suite_fingerprint(Offering(assignment, "a" * 32))
    assert "aaaa" not in repr(offerings[0])
    assert first != second
    assert "aaaa" not in first


def received(value: object) -> object:
    """A reply as the judge reads it."""
    return unpack(pack(value))


def test_a_lone_surrogate_in_a_reply_cannot_spoil_the_report(tmp_path: Path) -> None:
    message = received("\ud800 is no character")
    result = CheckResult("echo/a", "", 1.0, Verdict.CRASHED, public=True, rationale=str(message))
    report = Report("seq2seq", (TaskReport("echo", 1.0, (result,)),))
    (tmp_path / "report.json").write_text(report.to_json(), encoding="utf-8")


@pytest.mark.parametrize("number", [10**4000, -(10**400), 2**63])
def test_a_number_beyond_64_bits_in_a_reply_is_no_number(number: int) -> None:
    assert received([number]) == [Opaque("int")]
    assert received([2**63 - 1, -(2**63)]) == [2**63 - 1, -(2**63)]
