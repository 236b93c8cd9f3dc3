"""What a student's page says first, and below each task."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.desk.pages.feedback import FeedbackParts
from autograder.report.record import Report, TaskReport
from autograder.rubric import Line, Rubric
from checks.verdicts import CheckResult, Verdict

RUBRIC = Rubric((Line("reads", 6.0, "You `read`."), Line("writes", 4.0, "You write.")))


def check(name: str, verdict: Verdict, line: str = "reads", **terms: str) -> CheckResult:
    """A hidden check's result."""
    result = CheckResult(f"two_parts/{name}", f"You {name}.", 1, verdict, False, line=line)
    return replace(result, **terms)  # type: ignore[arg-type]  # fields of text alone


CHECKS = (
    check("begin", Verdict.PASSED),
    check("go on", Verdict.WRONG, rationale="it stops at 3", help="see the loop"),
    check("end", Verdict.WRONG, follows="two_parts/go on"),
    check("rest", Verdict.SKIPPED, "writes", rationale="tried once this holds: You go on."),
    check("write", Verdict.PASSED, "writes"),
)
REPORT = Report(
    "seq2seq",
    (TaskReport("two_parts", 10, CHECKS, rubric=RUBRIC), TaskReport("essay", 5, by_hand=True)),
    findings=("a cell was missing",),
)


def cells(score: float = 7.0, essay: float = 0.0) -> list[NotebookNode]:
    """The graded cells of a notebook, as nbgrader gives them to a page."""
    test, answer = new_code_cell("check()"), new_markdown_cell("because")
    terms = {"grade": True, "solution": False, "grade_id": "test_two_parts"}
    test.metadata["nbgrader"] = {**terms, "score": score, "points": 10.0}
    terms = {"grade": True, "solution": True, "grade_id": "essay"}
    answer.metadata["nbgrader"] = {**terms, "score": essay, "points": 5.0}
    return [test, answer]


class Text(HTMLParser):
    """The text of a page: all, and what is folded away."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.all, self.folded = "", ""
        self._depth = 0
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._depth += tag == "details"

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "details"

    def handle_data(self, data: str) -> None:
        self.all += data
        if self._depth:
            self.folded += data


def first(report: Report | None = REPORT, score: float = 7.0, waiting: str = "") -> str:
    """The first screen."""
    grades = {"score": score, "late_penalty": 0}
    parts = FeedbackParts(report, frozenset({waiting} - {""}))
    return parts.first(cells(score), grades)


def test_the_first_screen_says_mark_tasks_and_the_one_thing_to_do_next() -> None:
    text = " ".join(Text(first()).all.split())
    assert text.startswith("7 of 15 points")
    assert "Do this next two parts: You go on. it stops at 3 Look here first: see the loop" in text
    assert "About your notebook: a cell was missing." in text
    assert "two parts" in text
    assert "7 of 10" in text


def test_an_answer_that_waits_for_a_person_is_no_zero() -> None:
    text = " ".join(Text(first(waiting="essay")).all.split())
    assert text.startswith("7 of 10 points")
    assert "Up to 5 more for essay, which waits for a person." in text
    assert "0 of 5" not in text
    assert "0 of 5" in Text(first()).all


def test_points_given_before_an_answer_was_graded_anew_stay() -> None:
    grades = {"score": 10.0, "late_penalty": 0}
    html = FeedbackParts(REPORT, frozenset({"essay"})).first(cells(7.0, essay=3.0), grades)
    assert " ".join(Text(html).all.split()).startswith("10 of 15 points")


def test_a_penalty_is_told() -> None:
    html = FeedbackParts(REPORT).first(cells(), {"score": 6.3, "late_penalty": 0.7})
    assert "penalty of 0.7 points" in Text(html).all


def test_where_all_is_right_nothing_is_left_to_do() -> None:
    passed = tuple(replace(one, verdict=Verdict.PASSED, rationale="", follows="") for one in CHECKS)
    report = Report("seq2seq", (TaskReport("two_parts", 10, passed, rubric=RUBRIC),))
    assert "Nothing is left to fix" in Text(first(report, 10)).all


def test_without_a_record_the_marks_are_shown_all_the_same() -> None:
    assert "7 of 10" in Text(first(None)).all
    assert FeedbackParts(None).verdicts(cells()[0]) == ""


def test_what_failed_is_read_at_once_and_the_rest_is_folded() -> None:
    text = Text(FeedbackParts(REPORT).verdicts(cells()[0]))
    for sentence in ("You begin.", "You end.", "You rest.", "You write."):
        assert sentence in text.folded or sentence == "You write."  # which the rubric says too
    assert "You go on." not in text.folded.replace("tried once this holds: You go on.", "")
    assert "it stops at 3" not in text.folded
    assert "it stops at 3" in text.all
    assert "code" in text.tags


@pytest.mark.parametrize(
    "hostile", ["<script>x</script>", "</section>", "{{ 7 * 7 }}", "&lt;b&gt;"]
)
def test_what_a_student_wrote_is_shown_as_text(hostile: str) -> None:
    checks = (replace(CHECKS[1], rationale=hostile, help=hostile),)
    task = TaskReport("two_parts", 10, checks, rubric=RUBRIC)
    report = Report("seq2seq", (task,), findings=(hostile,))
    for html in (first(report), FeedbackParts(report).verdicts(cells()[0])):
        text = Text(html)
        assert hostile in text.all
        assert "script" not in text.tags
        assert html.count("<section") == html.count("</section>")
