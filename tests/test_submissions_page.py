"""The page about submissions quotes one as it is, and what the grader truly says of it."""

from __future__ import annotations

import re
from pathlib import Path

from autograder.assignment import Assignment
from autograder.offering import Offering

from .corpus import entries, first_message, grade_here

PAGE = (Path(__file__).parent / "submissions" / "README.md").read_text(encoding="utf-8")
OFFERING = Offering(Assignment("seq2seq"), "page")
ENTRIES = entries(OFFERING.assignment)


def test_the_submission_it_reads_and_the_answer_to_it_are_true() -> None:
    (name,) = re.findall(r"^`seq2seq/(.*)\.py`:$", PAGE, re.MULTILINE)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (told,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
    (entry,) = [entry for entry in ENTRIES if entry.id == name]
    report = grade_here(OFFERING, entry, [entry.task])[entry.task]
    assert entry.code == code
    assert first_message(report) == " ".join(told.splitlines())
    assert f"{report.points:g} of {report.max_points:g} points" in PAGE
    assert f"'{entry.id}'" in PAGE


def test_it_explains_every_first_line_that_there_is() -> None:
    used = {name for entry in ENTRIES for name in re.findall(r"^# ([a-z]+): ", entry.code, re.M)}
    assert set(re.findall(r"^\| `# ([a-z]+):", PAGE, re.MULTILINE)) == used
