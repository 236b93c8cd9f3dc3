"""How far a class is: a bar that tears no line on a terminal, few sober lines elsewhere."""

from __future__ import annotations

import io
import os
import re
import sys
from itertools import count

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from autograder.assignment import ROOT
from autograder.progress import LINES, Progress, Steps

PROBLEM = "grader error: submitted/anna [/b]/seq2seq.ipynb: " + "its judge was killed " * 6
CHILD = f"""
import sys
from rich.console import Console
from autograder.progress import Progress, Steps

console = Console(markup=False, highlight=False)
ticks = iter(range(0, 9_000, 30))
with Progress(Steps("grading", 20, lambda: next(ticks)), console) as progress:
    for number in range(20):
        progress.now(f"student [/b] {{number}}")
        progress.step()
        if number == 9:
            progress.say({PROBLEM!r})
        print("line", number)
        print("error", number, file=sys.stderr)
        if number == 9:
            sys.stdin.readline()
print("all told")
"""


class Screen:
    """What a terminal shows: as much of one as a bar makes use of."""

    SEQUENCE = re.compile(r"\x1b\[([\d;?]*)([A-Za-z])|(\r\n|\r|\n)|([^\x1b\r\n]+)")

    def __init__(self, text: str, width: int) -> None:
        self.rows = [""]
        row = column = 0
        for number, command, end, words in self.SEQUENCE.findall(text):
            if command == "A":
                row -= int(number or 1)
            elif command == "K":
                self.rows[row] = ""
            elif end == "\r":
                column = 0
            elif end:
                row, column = row + 1, 0
            for letter in words:
                if column == width:
                    row, column = row + 1, 0
                self.rows += [""] * (row + 1 - len(self.rows))
                line = self.rows[row].ljust(column)
                self.rows[row] = line[:column] + letter + line[column + 1 :]
                column += 1
            self.rows += [""] * (row + 1 - len(self.rows))
        self.text = "\n".join(line.rstrip() for line in self.rows)


def test_on_a_terminal_no_line_is_torn_by_the_bar() -> None:
    width = 100
    variables = {**os.environ, "TERM": "xterm", "COLUMNS": str(width), "PYTHONPATH": str(ROOT)}
    child = pexpect.spawn(
        sys.executable,
        ["-c", CHILD],
        encoding="utf-8",
        dimensions=(50, width),
        env=variables,
        echo=False,  # what is typed would push the bar down
    )
    seen = []
    child.expect("error 9.*10/20[^\n]*")
    seen.append(child.before + child.after)
    child.send("\n")
    child.expect(pexpect.EOF)
    seen.append(seen[0] + child.before)
    half, whole = (Screen(text, width).text for text in seen)
    assert re.search(r"grading: student \[/b\] 9 ━.* 10/20 [0-9:]+ about 5 min left", half)
    lines = whole.splitlines()
    for number in range(20):
        assert lines.count(f"line {number}") == 1
        assert lines.count(f"error {number}") == 1
    assert PROBLEM.strip() in "".join(line.ljust(width) for line in lines)
    assert [line for line in lines if "━" in line] == [lines[-2]]
    assert "20/20" in lines[-2]
    assert lines[-1] == "all told"


@given(st.integers(1, 400), st.integers(1, 90))
def test_in_a_file_a_long_class_is_a_few_lines_and_the_last_says_all(total: int, pace: int) -> None:
    file = io.StringIO()
    clock = count(0, pace)
    steps = Steps("grading", total, lambda: next(clock))
    with Progress(steps, Console(file=file, markup=False)) as progress:
        for _ in range(total):
            progress.step()
    lines = file.getvalue().splitlines()
    assert len(lines) == (min(total, LINES) if total > 1 else 0)
    assert not re.search(r"[^ -~]", "".join(lines))
    assert total == 1 or lines[-1] == f"grading: {total} of {total}"


@pytest.mark.parametrize(
    ("pace", "done", "said"),
    [
        (6, 30, "grading: 30 of 300, about 27 min left"),
        (6, 240, "grading: 240 of 300, about 6 min left"),
        (1, 270, "grading: 270 of 300, less than a minute left"),
        (90, 30, "grading: 30 of 300, about 7 h left"),
    ],
)
def test_a_guess_goes_by_the_pace_of_the_last_ones(pace: int, done: int, said: str) -> None:
    ends = count(600, pace)  # the first took ten minutes
    steps = Steps("grading", 300, lambda: next(ends))
    assert [steps.step() for _ in range(done)][-1] == said


def test_of_one_there_is_nothing_to_say() -> None:
    assert Steps("grading", 1).step() == ""


def test_more_than_was_thought_is_no_error() -> None:
    steps = Steps("grading", 0)
    assert [steps.step() for _ in range(3)][1:] == ["grading: 2 of 2", "grading: 3 of 3"]


def test_where_each_has_its_own_line_no_other_is_added() -> None:
    file = io.StringIO()
    with Progress(Steps("grading", 9), Console(file=file), lines=False) as progress:
        for _ in range(9):
            progress.step()
    assert file.getvalue() == ""
