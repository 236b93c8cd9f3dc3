"""Authors run checks with plain pytest, as a user would: on a notebook, behind the wall."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.assignment import ROOT, Assignment

from .corpus import entries
from .repository import copy_repository

LESSON = Assignment("seq2seq")
GREEDY = [str(path.relative_to(ROOT)) for path in LESSON.suite_files("greedy")]
PUBLIC, HIDDEN = GREEDY
MODE = "the model was used in train mode, so dropout was active while it translated"
HELP = "Look here first: call model.eval() before the first call of the encoder"

ON_CI = ("CI", "BUILD_NUMBER")  # by which pytest knows that nobody sits at a terminal


def run(*arguments: object, at: Path = ROOT, said: str = "", **variables: str) -> tuple[int, str]:
    """Run pytest; its exit code and what it says (under CI it says failures twice)."""
    here = {name: value for name, value in os.environ.items() if name not in ON_CI}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *map(str, arguments)],
        cwd=at,
        env={**here, "PYTHONPATH": str(at), **variables},
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def counts(text: str) -> str:
    """The last line without the time it took."""
    return re.sub(r"=+ ?| in [\d.]+s.*", "", text.rstrip().splitlines()[-1])


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook that is right but for greedy decoding, which it does in train mode."""
    (entry,) = (
        one for one in entries(LESSON, ["wrong"]) if one.id == "greedy/wrong/mode_back_after_row_0"
    )
    notebook = copy.deepcopy(LESSON.source)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "greedy":
            cell.source = entry.code
    path = tmp_path_factory.mktemp("handed in") / "wrong answer.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.mark.long
def test_the_reference_passes_all_checks_behind_the_wall() -> None:
    code, text = run("autograder/suites/seq2seq", "checks/seq2seq", "-q")
    assert code == 0, text
    assert re.fullmatch(r"\d{3} passed", counts(text))
    assert "judged behind: bubblewrap" in text


@pytest.mark.long
def test_a_wrong_notebook_fails_the_checks_of_its_mistake_in_the_students_words(
    wrong: Path,
) -> None:
    code, text = run(*GREEDY[::-1], "--submission", wrong)
    assert code == 1, text
    assert re.fullmatch(r"2 failed, \d+ passed", counts(text))
    assert text.count(f"\n{MODE}\n{HELP}") == 2
    assert "\nA model that was in train mode translates without dropout" in text
    assert re.search(rf"in the check -+\n{re.escape(HIDDEN)}:\d+: expect_\w+\(", text)
    assert text.index(f"\n{PUBLIC} ...") < text.index(f"\n{HIDDEN} ...")  # as they are graded


def test_what_a_notebook_writes_moves_no_terminal_and_speaks_to_no_runner(tmp_path: Path) -> None:
    notebook = copy.deepcopy(LESSON.source)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "greedy":
            cell.source = (
                "def greedy_decode(*_):\n    raise ValueError('\\x1b[31mRED\\x1b]0;x\\x07')"
            )
    nbformat.write(notebook, tmp_path / "loud.ipynb")
    code, text = run(PUBLIC, "--submission", tmp_path / "loud.ipynb", "--color=no", "-x")
    assert code == 1
    assert "RED" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_the_first_failure_stops_it_where_that_is_asked_for(wrong: Path) -> None:
    code, text = run(*GREEDY, "-x", "-q", "--tb=short", "--submission", wrong)
    assert code == 1, text
    assert f"E   checks.expect.Wrong: {MODE}" in text
    assert "stopping after 1 failures" in text
    assert re.fullmatch(r"1 failed, \d passed", counts(text))


def test_one_check_is_debugged_in_the_judges_process(wrong: Path) -> None:
    debug = ["-k", "dropout", "--pdb", "--submission", wrong.name]
    code, text = run(
        ROOT / HIDDEN, *debug, "-c", ROOT / "pyproject.toml", at=wrong.parent, said="p 6 * 7\nc\n"
    )
    assert code == 1, text
    assert re.fullmatch(r"1 failed, \d+ deselected", counts(text))
    assert "entering PDB" in text
    assert "(Pdb) 42" in text
    assert f"{ROOT / 'checks' / 'expect.py'}(" not in text  # stopped in what called it


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([HIDDEN, "--submission", "nothing.ipynb"], "nothing.ipynb is not there"),
        ([HIDDEN, "--submission", "README.md"], "README.md cannot be read: it is text, but no"),
        (["tests/test_verdicts.py", "--submission", "x"], "--submission is for checks: name their"),
        (["tests/test_verdicts.py", HIDDEN], "a submission is of one assignment: name its folder"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_one_line(arguments: list[str], words: str) -> None:
    code, text = run(*arguments)
    assert code == pytest.ExitCode.USAGE_ERROR
    (line,) = text.split("\n\n")[0].splitlines()
    assert line.startswith("ERROR: ")
    assert words in line


def test_without_a_sandbox_nothing_is_run_unless_that_is_accepted(tmp_path: Path) -> None:
    code, text = run(HIDDEN, "-q", PATH=str(tmp_path))
    assert code == pytest.ExitCode.USAGE_ERROR
    (line,) = (line for line in text.splitlines() if line.startswith("ERROR: "))
    assert "pass --allow-unconfined to grade without protection" in line
    assert "passed" not in text


SUITE = '''
import warnings

import pytest

from checks.expect import expect


def test_warns():
    """You may warn."""
    warnings.warn("careful", UserWarning)


def test_is_at_fault():
    """You do no wrong."""
    quotient = 1 / 0


@pytest.mark.graded(needs=["a_check_that_was_not_chosen"])
def test_is_tried(student, salt):
    """You are tried."""
    drawn = "drawn from sea" if salt == "sea" else "drawn from another"
    expect(False, drawn, "not this", guess=True)


@pytest.mark.graded(needs=["is_tried"])
def test_waits():
    """You wait."""


def test_asserts():
    """You are asserted."""
    assert 1 == 2
'''


def test_what_a_check_does_wrong_is_told_to_its_author(tmp_path: Path) -> None:
    copy_repository(tmp_path, without="(tests|docs)/")
    (tmp_path / HIDDEN).write_text(SUITE)
    options = ["-q", "--salt", "sea", "--allow-unconfined"]
    code, text = run(HIDDEN, *options, at=tmp_path, PATH="/nowhere")
    assert code == 1, text
    assert counts(text) == "3 failed, 1 passed, 1 skipped, 1 warning"
    assert "ZeroDivisionError: division by zero" in text
    assert ">       quotient = 1 / 0" in text
    assert "\nYou are tried.\ndrawn from sea\n-" in text  # an earlier failure may be the cause
    assert "You wait. tried once this holds: You are tried." in text
    assert "judged behind: unconfined" in text


def test_students_are_not_given_what_is_for_authors() -> None:
    handed_out = [path for path in LESSON.release.rglob("*") if path.is_file()]
    assert [p.parent.name for p in handed_out if p.name == "conftest.py"] == ["checks"]
    assert not [p for p in handed_out if b"plain_pytest" in p.read_bytes()]
