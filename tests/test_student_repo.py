"""The students' repository: the release, and nothing that is not theirs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from autograder.assignment import ROOT, Assignment
from autograder.errors import ReleaseRefused
from autograder.offering import SALT_VARIABLE
from autograder.release.leaks import solution_lines
from autograder.release.student_repo import (
    APPENDED,
    TEMPLATE,
    hidden_data,
    hidden_lines,
    refuse_leaks,
    write_student_repo,
)

from .runner import read_workflow

SALT = "a salt that nobody may see"


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return Assignment("seq2seq")


@pytest.fixture
def folder(tmp_path: Path, assignment: Assignment, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh one; what it is made from is the release that lies here."""
    monkeypatch.setenv(SALT_VARIABLE, SALT)
    return write_student_repo(assignment, tmp_path)


def files_of(folder: Path) -> set[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)) for p in paths if "__pycache__" not in p.parts}


def test_it_is_the_release_with_the_template_on_top(folder: Path, assignment: Assignment) -> None:
    released, added = files_of(assignment.release), files_of(TEMPLATE)
    assert files_of(folder) == released | added
    assert released & added == set(APPENDED)
    assert ".github/workflows/check.yml" in added
    for name in released - added:
        assert (folder / name).read_bytes() == (assignment.release / name).read_bytes()
    for name in APPENDED:
        before = (assignment.release / name).read_text()
        assert (folder / name).read_text().startswith(before)
        assert "ASSIGNMENT" not in (folder / name).read_text()


def test_nothing_hidden_is_in_it(folder: Path, assignment: Assignment) -> None:
    text = "\n".join(
        path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()
    )
    lines = {line.strip() for line in text.splitlines()}
    cells = json.loads((folder / "seq2seq.ipynb").read_text())["cells"]
    lines |= {line.strip() for cell in cells for line in "".join(cell["source"]).splitlines()}
    hidden = {line.decode() for line in hidden_lines(assignment)}
    assert len(hidden) > 500
    assert not hidden & lines
    notebook_lines = {s.strip() for c in cells for s in "".join(c["source"]).splitlines()}
    secret = solution_lines(assignment.source)
    assert len(secret) > 50
    assert not secret & notebook_lines
    assert SALT not in text
    names = {path.name for path in assignment.suite.rglob("*") if path.is_file()}
    names -= {path.name for path in assignment.checks.rglob("*")}
    assert not {path.name for path in folder.rglob("*")} & (names - {"__init__.py"})


@pytest.mark.parametrize("leak", ["solution", "hidden check", "salt", "data"])
def test_a_leak_is_refused(folder: Path, assignment: Assignment, leak: str) -> None:
    place = folder / "plots.py"
    if leak == "solution":
        content = max(solution_lines(assignment.source), key=len).encode()
    elif leak == "hidden check":
        content = b"    " + next(hidden_lines(assignment))
    elif leak == "salt":
        content = SALT.encode()
    else:
        content = next(hidden_data(assignment)).read_bytes()
    refuse_leaks(assignment, folder)
    place.write_bytes(content if leak == "data" else place.read_bytes() + b"\n" + content + b"\n")
    with pytest.raises(ReleaseRefused):
        refuse_leaks(assignment, folder)


def test_a_second_writing_leaves_nothing_of_the_first(folder: Path, assignment: Assignment) -> None:
    before = files_of(folder)
    (folder / "left over").write_text("x")
    write_student_repo(assignment, folder.parent)
    assert files_of(folder) == before


def test_a_student_can_put_the_notebook_where_it_is_graded(folder: Path) -> None:
    make = ["make", "--silent", "submission"]
    told = subprocess.run(make, cwd=folder, capture_output=True, text=True, check=False)
    assert told.returncode != 0
    assert "say who you are" in told.stderr
    subprocess.run([*make, "LOGIN=alice"], cwd=folder, check=True, capture_output=True)
    handed_in = folder / "submissions" / "alice" / "seq2seq.ipynb"
    assert handed_in.read_bytes() == (folder / "seq2seq.ipynb").read_bytes()


def test_the_checks_of_a_request_run_on_its_submission(folder: Path) -> None:
    steps = read_workflow(folder / ".github" / "workflows" / "check.yml")["jobs"]["check"]["steps"]
    take = next(step["run"] for step in steps if "take" in step.get("name", ""))
    handed_in = folder / "submissions" / "alice" / "seq2seq.ipynb"
    handed_in.parent.mkdir()
    handed_in.write_text("alice's")
    given = (folder / "seq2seq.ipynb").read_text()
    for login, taken in (("", given), ("bob", given), ("alice", "alice's")):
        environment = {**os.environ, "LOGIN": login}
        subprocess.run(["bash", "-e", "-c", take], cwd=folder, env=environment, check=True)
        assert (folder / "seq2seq.ipynb").read_text() == taken
    assert steps[-1]["run"] == "make check"


def test_the_templates_name_no_path_of_this_machine() -> None:
    for path in TEMPLATE.rglob("*"):
        if path.is_file():
            assert str(ROOT) not in path.read_text()
