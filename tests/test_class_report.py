"""The report on a class: what it counts, whom it names, and that it opens anywhere."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograder.assignment import Assignment
from autograder.desk.report.class_data import (
    ClassData,
    Graded,
    GradedAttempt,
    read_attempts,
)
from autograder.desk.report.class_report import class_csv, class_page
from autograder.desk.report.figures import FEWEST, figures
from autograder.errors import RecordError
from autograder.report.record import Report, TaskReport
from autograder.rubric import Line, Rubric
from checks.verdicts import CheckResult, Verdict

RUBRIC = Rubric((Line("values", 6, "The `values` are right"), Line("shapes", 4, "So are shapes")))
SECRET = "Zebra42"  # what a student wrote


def check(name: str, passed: bool, public: bool = False, line: str = "values") -> CheckResult:
    """A check's result."""
    verdict = Verdict.PASSED if passed else Verdict.WRONG
    words = "" if passed else f"{name} is off"
    return CheckResult(f"sums/{name}", f"About {name}.", 1, verdict, public, words, line=line)


def report(student: str, passed: int) -> Report:
    """A report in which the first so many of three checks pass."""
    terms = (("shown", True, "values"), ("hidden", False, "values"), ("shapes", False, "shapes"))
    checks = tuple(
        check(name, number < passed, public, line)
        for number, (name, public, line) in enumerate(terms)
    )
    tasks = (TaskReport("sums", 10, checks, rubric=RUBRIC), TaskReport("essay", 5, by_hand=True))
    return Report("seq2seq", tasks, student=student)


def a_class(passed: list[int], section: str = "", attempts: int = 0) -> ClassData:
    """A class in which everyone passes so many checks; every second essay is graded."""
    graded = [
        Graded(
            f"s{number:04}", report(f"s{number:04}", count), 4.0 if number % 2 else None, section
        )
        for number, count in enumerate(passed)
    ]
    tried = [
        GradedAttempt("seq2seq", f"s{n % 7:04}", f"2026-11-{n % 5 + 1:02}", str(n))
        for n in range(attempts)
    ]
    return ClassData(Assignment("seq2seq"), graded, {"zoe": "missing"}, tried)


class Page(HTMLParser):
    """What of a page can fetch something, run, or be read by who does not see it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.pictures: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.fetched += [value or "" for name, value in attrs if name in ("src", "xlink:href")]
        if tag == "svg":
            assert found["role"] == "img"
            self.pictures.append(found["aria-label"] or "")
        if tag == "a":
            self.links.append(found["href"] or "")


def page_of(data: ClassData, anonymous: bool = False, **links: str) -> str:
    """The page of a class."""
    return class_page(data, figures(data, anonymous), links)


@pytest.mark.parametrize("students", [0, 1, 8, 1_000])
@pytest.mark.parametrize("anonymous", [False, True])
def test_a_class_of_any_size_has_a_page_that_needs_nothing_from_elsewhere(
    students: int, anonymous: bool
) -> None:
    data = a_class([number % 4 for number in range(students)], "A", attempts=3 * students)
    text = page_of(data, anonymous)
    page = Page(text)
    assert "http" not in text
    assert "@import" not in text
    assert page.fetched == []
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    assert all(page.pictures)
    assert bool(page.pictures) == (students >= (FEWEST if anonymous else 1))
    assert f"<b>{students}</b> graded" in text


def test_a_page_does_not_grow_with_the_class_but_by_names() -> None:
    small, large = (
        len(page_of(a_class([n % 4 for n in range(count)]), anonymous=True))
        for count in (40, 1_000)
    )
    assert large < 1.1 * small


def test_difficulty_is_the_mean_share_and_discrimination_the_correlation_with_the_rest() -> None:
    counted = figures(a_class([0, 1, 2, 3, 3, 3]))
    by_line = {line.line: line for line in counted.lines}
    # where no hidden check holds the task earns nothing, its lines are what they are
    assert by_line["values"].difficulty == pytest.approx((0 + 0.5 + 1 + 1 + 1 + 1) / 6)
    assert by_line["shapes"].difficulty == pytest.approx(3 / 6)
    assert by_line["shapes"].full == 3
    assert by_line["values"].discrimination is not None
    assert counted.tasks[0].discrimination is None  # there is no rest to compare it with
    assert counted.tasks[0].full == 3


def test_few_students_or_equal_ones_have_no_correlation() -> None:
    assert all(line.discrimination is None for line in figures(a_class([0, 1, 2, 3])).lines)
    assert all(line.discrimination is None for line in figures(a_class([3] * 9)).lines)


def test_every_graded_student_is_in_one_tenth_of_the_points() -> None:
    counted = figures(a_class([0, 2, 3, 3]))
    assert sum(counted.bins) == counted.graded == 4
    assert counted.bins[-1] == 2
    assert counted.marks is not None
    assert counted.marks.high == 1


def test_the_commonest_first_mistake_comes_first_with_its_count_and_an_example() -> None:
    data = a_class([1, 1, 1, 0, 3])
    found = figures(data).mistakes
    assert [(one.check, one.count, one.example) for one in found] == [
        ("sums/hidden", 3, "s0000"),
        ("sums/shown", 1, "s0003"),
    ]
    page = Page(page_of(data, s0000="../../feedback/s0000/seq2seq/seq2seq.html"))
    assert page.links == ["../../feedback/s0000/seq2seq/seq2seq.html"]


def test_what_parts_public_checks_from_full_marks_is_told() -> None:
    (gap,) = figures(a_class([0, 1, 1, 2, 3])).gaps
    assert (gap.passed_public, gap.full) == (4, 1)
    assert gap.hidden == (("sums/shapes", "About shapes.", 3), ("sums/hidden", "About hidden.", 2))


def test_who_waits_for_a_person_and_who_has_no_mark_is_named() -> None:
    data = a_class([3, 3, 3])
    hand = figures(data).hand
    assert hand is not None
    assert (hand.given, hand.waits, hand.mean) == (1, 2, 4.0)
    text = page_of(data)
    assert "<li>s0000</li>" in text
    assert "zoe: missing" in text


def quoting(data: ClassData) -> ClassData:
    """The class, whose failures all quote what a student wrote, and of whom one is in a section."""
    graded = []
    for one in data.graded:
        (task, essay) = one.report.tasks
        checks = tuple(
            check
            if check.verdict is Verdict.PASSED
            else replace(check, verdict=Verdict.CRASHED, rationale=f"NameError: {SECRET}")
            for check in task.checks
        )
        told = replace(one.report, tasks=(replace(task, checks=checks), essay))
        graded.append(replace(one, report=told))
    graded[0] = replace(graded[0], section="Lonely")
    return replace(data, graded=graded)


def test_shown_in_class_a_report_names_and_quotes_nobody() -> None:
    data = quoting(a_class([1] * 9 + [2], "A", attempts=9))
    counted = figures(data, anonymous=True)
    for text in (class_page(data, counted, {}), class_csv(counted)):
        for word in (SECRET, "zoe", "Lonely", *(one.student for one in data.graded)):
            assert word not in text
    assert [mistake.count for mistake in counted.mistakes] == [9]  # not what one alone did
    named = page_of(data)
    assert SECRET in named
    assert "Lonely" in named


def test_names_and_words_are_shown_as_text() -> None:
    data = a_class([1, 1])
    data = replace(data, without={"<script>alert(1)</script>": "missing"})
    assert "script" not in Page(page_of(data)).tags
    assert "<code>values</code>" in page_of(data)


def test_the_figures_are_numbers_in_a_table() -> None:
    rows = list(csv.DictReader(io.StringIO(class_csv(figures(a_class([1, 1, 3], "A", 6))))))
    found = {(row["figure"], row["name"], row["measure"]): row["value"] for row in rows}
    assert found["class", "", "graded"] == "3"
    assert found["lines", "shapes", "difficulty"] == "0.33"
    assert found["first mistakes", "sums/hidden", "students"] == "2"
    assert found["sections", "A", "students"] == "3"
    assert found["attempts", "2026-11-01", "attempts"] == "2"
    assert found["by hand", "", "waits"] == "2"


def test_attempts_count_each_commit_once_and_a_spoilt_line_is_named(tmp_path: Path) -> None:
    line = {"assignment": "seq2seq", "login": "ann", "day": "2026-11-30", "head": "a"}
    file = tmp_path / "attempts"
    other = {**line, "assignment": "other"}
    file.write_text("".join(json.dumps(one) + "\n" for one in (line, line, other)))
    assert len(read_attempts(file, "seq2seq")) == 1
    file.write_text(json.dumps({**line, "day": "today"}))
    with pytest.raises(RecordError, match="line 1: not an attempt"):
        read_attempts(file, "seq2seq")
