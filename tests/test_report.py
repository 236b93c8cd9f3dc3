"""The report adds up, survives its own JSON, and is harmless wherever it is shown."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.desk.pages.page import TAGS
from autograder.report.record import Report, TaskReport
from autograder.report.render import first_words, report_text, task_html, task_text
from autograder.report.schema import SCHEMA
from autograder.report.view import shown
from autograder.rubric import Line, Rubric
from autograder.terms import Reveal
from autograder.text import inert
from checks.verdicts import CheckResult, Fault, Verdict

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
checks = st.builds(
    CheckResult,
    check=st.just("echo/check"),
    sentence=text,
    weight=st.floats(0.25, 8),
    verdict=st.sampled_from(Verdict),
    public=st.booleans(),
    rationale=text,
    help=text,
)
tasks = st.builds(
    TaskReport,
    key=st.sampled_from(["echo", "twice"]),
    max_points=st.integers(0, 40).map(float),
    checks=st.lists(checks, max_size=4).map(tuple),
    by_hand=st.booleans(),
)
reports = st.builds(
    Report,
    assignment=text,
    tasks=st.lists(tasks, max_size=4).map(tuple),
    findings=st.lists(text, max_size=3),
    wall=text,
    suite=text,
    student=text,
    submission=text,
    beside=st.dictionaries(text, st.floats(allow_nan=False) | text, max_size=3),
)


def check(
    verdict: Verdict, weight: float = 1.0, sentence: str = "It holds.", rationale: str = ""
) -> CheckResult:
    """A result of no particular check."""
    return CheckResult("echo/check", sentence, weight, verdict, public=True, rationale=rationale)


def task(*results: CheckResult, points: float = 10.0, by_hand: bool = False) -> TaskReport:
    """A task of ten points."""
    return TaskReport("echo", points, results, by_hand)


@given(reports)
def test_a_report_survives_its_json(report: Report) -> None:
    again = Report.from_json(report.to_json())
    assert again == report
    assert again.to_json() == report.to_json()


@given(reports)
def test_the_json_carries_the_marks(report: Report) -> None:
    record = json.loads(report.to_json())
    assert record["schema"] == SCHEMA
    assert record["points"] == report.points
    assert [t["points"] for t in record["tasks"]] == [t.points for t in report.tasks]


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"schema": "autograder-report/0"}', "null"])
def test_what_is_no_report_is_refused(damage: str) -> None:
    with pytest.raises(ValueError, match=r"report|Expecting"):
        Report.from_json(damage)


@given(tasks)
def test_points_lie_between_none_and_all(report: TaskReport) -> None:
    if report.points is not None:
        assert 0 <= report.points <= report.max_points


def test_points_are_shared_by_weight() -> None:
    half = task(check(Verdict.PASSED, 3), check(Verdict.WRONG, 2), check(Verdict.SKIPPED, 1))
    assert half.points == 5.0


def test_points_are_rounded_to_cents() -> None:
    third = task(check(Verdict.PASSED), check(Verdict.WRONG), check(Verdict.CRASHED))
    assert third.points == 3.33


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.PASSED])
def test_nothing_but_passed_earns(verdict: Verdict) -> None:
    assert task(check(verdict)).points == 0.0


def test_a_task_without_checks_earns_nothing() -> None:
    assert task().points == 0.0


def test_a_task_graded_by_hand_is_open_and_not_counted() -> None:
    by_hand = task(points=20.0, by_hand=True)
    report = Report("seq2seq", (task(check(Verdict.PASSED)), by_hand))
    assert by_hand.points is None
    assert (report.points, report.max_points) == (10.0, 10.0)
    assert "graded by hand" in "\n".join(task_text(by_hand))


@given(st.permutations(list(Verdict)))
def test_a_tasks_verdict_is_the_one_most_worth_telling(order: list[Verdict]) -> None:
    told = [v for v in order if v is not Verdict.SKIPPED]
    for count in range(1, len(order)):
        among = set(order[:count]) - {Verdict.SKIPPED}
        expected = min(among, key=list(Verdict).index) if among else Verdict.PASSED
        assert task(*map(check, order[:count])).verdict is expected
    assert task(*map(check, told)).verdict is Verdict.GRADER_ERROR


def test_the_first_thing_to_fix_is_the_first_in_the_notebooks_order() -> None:
    good = TaskReport("one", 5.0, (check(Verdict.PASSED),))
    bad = TaskReport("two", 5.0, (check(Verdict.PASSED), check(Verdict.WRONG, rationale="late")))
    worse = TaskReport("three", 5.0, (check(Verdict.CRASHED, rationale="later"),))
    assert first_words(Report("a", (good, bad, worse))) == "two: late"
    assert first_words(Report("a", (good,))) == "nothing"


def test_without_a_rationale_the_sentence_is_the_thing_to_fix() -> None:
    assert first_words(Report("a", (task(check(Verdict.WRONG)),))) == "echo: It holds."


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)",
    "</td></table><h1>20 of 20</h1>",
    "\x1b[2J\x1b]0;title\x07 10 of 10",
    "abc\u202etxt.exe",
    "zero\u200bwidth\ufeff",
    "back\rover\x08",
]
SAFE_TAGS = TAGS


class Tags(HTMLParser):
    """Collects the tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write the tag down."""
        self.tags.append(tag)
        self.attributes += attrs


def everywhere(words: str) -> Report:
    """A report with these words wherever a student could place some."""
    result = CheckResult("echo/check", words, 1.0, Verdict.WRONG, True, words, words)
    return Report("seq2seq", (TaskReport("echo", 1.0, (result,)),), findings=(words,))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_html_shows_hostile_text_as_text(hostile: str) -> None:
    report = everywhere(hostile)
    page, plain = (
        task_html(report.tasks[0], report.findings),
        task_html(everywhere("words").tasks[0], ("words",)),
    )
    found, expected = Tags(), Tags()
    found.feed(page)
    expected.feed(plain)
    assert found.tags == expected.tags
    assert set(found.tags) <= SAFE_TAGS
    assert found.attributes == []


@given(text)
def test_no_text_changes_the_shape_of_the_page(words: str) -> None:
    found, expected = Tags(), Tags()
    found.feed(task_html(everywhere(words or "x").tasks[0]))
    expected.feed(task_html(everywhere("x").tasks[0]))
    assert found.tags == expected.tags


@given(text)
def test_no_text_writes_a_line_of_its_own(words: str) -> None:
    """A message such as "x\\nencoder: 20 of 20 points" stays on its line."""
    plain = len(report_text(everywhere("x")).split("\n"))
    forged = everywhere(f"x{words}\nencoder: 20 of 20 points")
    assert len(report_text(forged).splitlines()) == plain
    assert len(first_words(forged).splitlines()) == 1


@pytest.mark.parametrize("hostile", HOSTILE)
def test_terminal_and_page_carry_no_controls(hostile: str) -> None:
    report = everywhere(hostile)
    for page in (
        report_text(report),
        first_words(report),
        task_html(report.tasks[0], report.findings),
    ):
        assert all(letter.isprintable() or letter == "\n" for letter in page)
        assert not set(page) & set("\u202e\u200b\ufeff")


@pytest.mark.parametrize(
    "formula", ['=HYPERLINK("http://x")', "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1"]
)
def test_a_spreadsheet_evaluates_no_field(formula: str) -> None:
    assert inert(formula) == f"'{formula}"


@given(text)
def test_a_field_is_one_field_whatever_it_holds(words: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([inert(words), inert(2.5)])
    file.seek(0)
    ((field, number),) = csv.reader(file)
    assert field.removeprefix("'") == words.removeprefix("'")
    assert not field.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert number == "2.5"


def test_numbers_and_times_stay_what_they_are() -> None:
    assert [inert(value) for value in (-0.5, 3, None, datetime(2031, 2, 1))] == [
        *("-0.5", "3", "", "2031-02-01 00:00:00"),
    ]


def test_public_checks_alone_earn_nothing() -> None:
    def result(name: str, verdict: Verdict, public: bool) -> CheckResult:
        return CheckResult(f"twice/{name}", "It doubles.", 1.0, verdict, public)

    known = result("of_one", Verdict.PASSED, True)
    failed = result("of_any", Verdict.WRONG, False)
    passed = result("of_any", Verdict.PASSED, False)
    assert TaskReport("twice", 10.0, (known, failed)).points == 0
    assert TaskReport("twice", 10.0, (known, passed)).points == 10


@pytest.mark.parametrize("places", [1, 2])
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20))
def test_points_in_the_table_have_no_more_places_than_they_are_given_with(
    places: int, units: list[int]
) -> None:
    total = sum(unit / 10**places for unit in units)  # 78.46000000000001, say
    shown = inert(total)
    assert len(shown.partition(".")[2]) <= places
    assert float(shown) == sum(units) / 10**places


EXCHANGED = Fault("context", 0.25, "h and c are exchanged", "h comes first")
MARKED = TaskReport(
    "echo",
    10.0,
    (
        CheckResult("echo/reads", "You read.", 1.0, Verdict.PASSED, True, line="reads"),
        CheckResult(
            "echo/state",
            "You return h and c.",
            1.0,
            Verdict.WRONG,
            public=False,
            rationale=EXCHANGED.rationale,
            help=EXCHANGED.help,
            line="reads",
            faults=(EXCHANGED,),
            known=True,
        ),
        CheckResult("echo/later", "You go on.", 1.0, Verdict.WRONG, False, follows="echo/state"),
    ),
    rubric=Rubric((Line("reads", 6.0, "You read words."), Line("context", 4.0, "You keep both."))),
)


def test_a_mistake_is_told_on_the_line_that_it_costs_with_what_was_kept_of_each() -> None:
    lines = task_text(MARKED)
    assert lines[:5] == [
        "echo: 9 of 10 points",
        "  ✓ 6 of 6: You read words.",
        "  ✗ 3 of 4: You keep both.",
        "      h and c are exchanged",
        "      Look here first: h comes first",
    ]
    page = task_html(MARKED)
    assert "<td>✓ You read words.</td><td>6 of 6</td>" in page
    assert re.search("✗ You keep both.<ul>.*h and c are exchanged.*</ul></td><td>3 of 4<", page)


def test_what_follows_is_no_failure_of_its_own() -> None:
    assert task_text(MARKED)[-2:] == [
        "  – these fail too, which follows from what is wrong above:",
        "      You go on.",
    ]
    assert "✗ You go on." not in task_html(MARKED)


def test_what_is_not_shown_yet_is_in_no_line_of_a_rubric() -> None:
    report = Report("seq2seq", (MARKED,))
    for level in (Reveal.NOTHING, Reveal.TOTAL, Reveal.TASKS):
        assert [task.lines for task in shown(report, level).tasks] in ([], [()])
    (task,) = shown(report, Reveal.CHECKS).tasks
    assert [line.why for line in task.lines] == [(), ("You return h and c.",)]
    (task,) = shown(report, Reveal.MESSAGES).tasks
    assert "h and c are exchanged" in task.lines[1].why
