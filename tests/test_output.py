"""What is printed never stops the work, whatever the terminal can show, and whoever reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.assignment import ROOT, Assignment
from autograder.commands import programs_first
from autograder.notebook.lesson import grade_id

ENCODINGS = ["latin-1", "cp1252", "ascii", "cp850"]
MODULES = "from autograder.output import print_whatever\nprint_whatever()\n"


def run(
    command: list[str], encoding: str = "", cwd: Path = ROOT, locale: str = "C.UTF-8"
) -> subprocess.CompletedProcess[bytes]:
    """Run a program whose output goes where only an encoding can be shown."""
    environment = {**os.environ, "LC_ALL": locale, "AUTOGRADER_SALT": "output"}
    environment["PATH"] = programs_first()
    if encoding:
        environment["PYTHONIOENCODING"] = encoding
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_sign_that_the_terminal_lacks_is_replaced(encoding: str, stream: str) -> None:
    code = f"{MODULES}import sys\nprint('✓ ✗ → é 漢 \\udc80', file=sys.{stream})"
    done = run([sys.executable, "-c", code], encoding)
    assert done.returncode == 0, done.stderr
    e = b"?" if encoding == "ascii" else "é".encode(encoding)
    assert getattr(done, stream) == b"+ x -> " + e + b" ? ?\n"


def test_a_terminal_that_has_all_signs_shows_them() -> None:
    done = run([sys.executable, "-c", f"{MODULES}print('✓ ✗ → é 漢')"], "utf-8")
    assert done.stdout.decode() == "✓ ✗ → é 漢\n"


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_closed_pipe_does_not_end_the_work(closed: str) -> None:
    code = f"""{MODULES}
import sys
sys.stdin.read()  # until nobody reads what follows
for _ in range(10_000):
    print("a line that nobody reads", file=sys.{closed}, flush=True)
print("not flushed", file=sys.{closed})
other = sys.stderr if {closed!r} == "stdout" else sys.stdout
print("all done", file=other)
sys.exit(7)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        pipes = {"stdout": process.stdout, "stderr": process.stderr}
        shut, kept = pipes.pop(closed), pipes.popitem()[1]
        assert shut is not None
        assert kept is not None
        assert process.stdin is not None
        shut.close()
        process.stdin.close()
        assert kept.read() == b"all done\n"
        assert process.wait() == 7


def test_a_stream_that_is_not_there_is_no_error() -> None:
    code = f"{MODULES}print('✓')\nimport sys\nprint('x', file=sys.stderr)"
    done = run(["sh", "-c", f'exec "{sys.executable}" -c "$0" >&- 2>&-', code])
    assert done.returncode == 0


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_the_report_is_printed_and_the_exit_code_is_as_usual(tmp_path: Path, encoding: str) -> None:
    assignment = Assignment("seq2seq")
    path = tmp_path / "José.ipynb"
    shutil.copyfile(assignment.release / "seq2seq.ipynb", path)
    command = [sys.executable, "-m", "autograder", "grade", "seq2seq", str(path)]
    done = run([*command, "--task", "encoder"], encoding, locale="en_US.ISO-8859-1")
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    lines = done.stdout.decode(encoding).splitlines()
    assert lines[0].startswith("seq2seq: 0 of ")
    assert [line for line in lines if line.startswith("  x ")]


def test_other_commands_print_too(tmp_path: Path) -> None:
    doctor = run([sys.executable, "-m", "autograder", "doctor"], "ascii")
    assert doctor.returncode in {0, 1}, doctor.stderr
    lines = [line for line in doctor.stdout.splitlines() if not line.startswith(b"    ")]
    assert {line[:2] for line in lines} <= {b"+ ", b"x "}
    request = ["pr", "--head", "x", "--login", "\u00e9\u2192", "--output", str(tmp_path / "out")]
    pr = run([sys.executable, "-m", "autograder", *request], "ascii")
    assert pr.returncode in {0, 2}
    assert b"Traceback" not in pr.stderr


def test_the_public_checks_print_too(tmp_path: Path) -> None:
    folder = tmp_path / "seq2seq"
    shutil.copytree(ROOT / "assignments" / "seq2seq", folder)
    notebook = nbformat.read(folder / "seq2seq.ipynb", as_version=4)
    for cell in notebook.cells:
        if grade_id(cell) == "encoder":
            cell.source = 'raise ValueError("✗ → 漢")'
    nbformat.write(notebook, folder / "seq2seq.ipynb")
    done = run(["make", "check"], "cp1252", cwd=folder)
    text = (done.stdout + done.stderr).decode("cp1252")
    assert "x -> ?" in text, text
    assert "Traceback" not in text
    assert "\\u2717" not in text
    assert "INTERNALERROR" not in text
    assert done.returncode == 2  # as make says of pytest's 1


def test_the_table_of_a_class_is_printed_too(tmp_path: Path) -> None:
    code = f"""{MODULES}
from rich.console import Console
from autograder.assignment import Assignment
from autograder.course import Course
from autograder.desk.submissions.roster import RosterEntry
from autograder.desk.submissions.table import ClassTable, Recorded
assignment, name = Assignment("seq2seq"), "Łucja ✓"
rows = [RosterEntry(name, assignment.name, others=("seq2seq (1).ipynb",))]
known = Recorded({{name}}, {{assignment.name}}, {{}})
for part in ClassTable(assignment, Course.at(), known, rows, {{name: None}}).parts():
    Console(markup=False).print(part)
"""
    done = run([sys.executable, "-c", code], "cp1252", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "?ucja +" in done.stdout.decode("cp1252")
