"""A check found unfair after the release: what its excuse changes, and what not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.assignment import Assignment, Task
from autograder.desk.grading.remark import Weighed, remarked, require_check, weighed_checks
from autograder.errors import NotAmended, RecordError
from autograder.report.compare import compared
from autograder.report.excuse import (
    COUNTS,
    DROPPED,
    EXCUSED,
    Decision,
    Excuse,
    How,
    keep_decision,
    read_excuses,
)
from autograder.report.mark import mark
from autograder.report.record import Report, TaskReport
from autograder.report.render import report_text, task_html
from autograder.report.view import shown
from autograder.rubric import Limit, Line, Rubric
from autograder.terms import Reveal
from checks.verdicts import CheckResult, Fault, Verdict

RUBRIC = Rubric(
    (Line("reads", 6.0, "You read."), Line("writes", 4.0, "You write.")),
    (Limit(0.5, ("a", "b"), "Neither"), Limit(0.0, ("c",), "Nothing")),
)
WHY = "the contract did not say it"


def check(
    name: str, line: str = "reads", verdict: Verdict = Verdict.PASSED, weight: float = 1.0
) -> CheckResult:
    """A hidden check's result."""
    return CheckResult(f"t/{name}", f"You {name}.", weight, verdict, public=False, line=line)


def excuse(name: str, how: str = EXCUSED) -> Excuse:
    """What was decided of a check."""
    return Excuse(f"t/{name}", "dropped" if how == DROPPED else "excused", WHY, "2026-11-30")


def points(checks: list[CheckResult], *excuses: Excuse) -> float:
    """What a task of ten points earns."""
    return mark(10.0, checks, RUBRIC, excuses).points


VERDICTS = st.sampled_from([v for v in Verdict if v is not Verdict.GRADER_ERROR])
FAULTS = st.tuples() | st.tuples(
    st.builds(Fault, st.sampled_from(["reads", "writes"]), st.floats(0, 1), st.just("a slip"))
)


@st.composite
def answered(draw: st.DrawFn) -> list[CheckResult]:
    """Five checks with any verdicts, of which later ones may follow from earlier ones."""
    checks: list[CheckResult] = []
    for name in "abcde":
        verdict = draw(VERDICTS)
        failed = verdict is not Verdict.PASSED
        causes = [one.check for one in checks if one.verdict is not Verdict.PASSED]
        one = check(name, draw(st.sampled_from(["reads", "writes"])), verdict)
        faults = draw(FAULTS) if verdict is Verdict.WRONG else ()
        follows = draw(st.sampled_from(["", *causes])) if failed else ""
        known = bool(faults) and draw(st.booleans())
        checks.append(replace(one, faults=faults, known=known, follows=follows))
    return checks


@given(answered(), st.sampled_from("abcde"))
def test_an_excuse_costs_nobody_anything(checks: list[CheckResult], name: str) -> None:
    assert points(checks, excuse(name)) >= points(checks) - 0.011  # lines are rounded


@given(st.lists(st.sampled_from([EXCUSED, DROPPED]), min_size=5, max_size=5))
def test_what_was_not_written_earns_nothing_whatever_is_excused(hows: list[str]) -> None:
    checks = [check(name, verdict=Verdict.NOT_ATTEMPTED) for name in "abcd"]
    checks.append(check("e", "writes", weight=0))  # holds where nothing was written
    assert points(checks, *map(excuse, "abcde", hows)) == 0


def test_an_excused_check_counts_as_passed_and_a_dropped_one_for_nobody() -> None:
    checks = [check("a"), check("b", verdict=Verdict.WRONG), check("c", "writes")]
    assert points(checks) == 7
    assert points(checks, excuse("b")) == points(checks, excuse("b", DROPPED)) == 10
    assert points(checks, excuse("a", DROPPED)) == 4  # who passed it loses what it gave
    assert points(checks, excuse("c", DROPPED)) == 5  # as the task's other line


def test_a_limit_that_names_an_excused_check_does_not_hold() -> None:
    wrong = [check("a", verdict=Verdict.WRONG), check("b", verdict=Verdict.WRONG), check("c")]
    most = [*wrong, check("d", weight=9), check("e", "writes")]
    assert points(most) == 5
    assert points(most, excuse("a")) > 5
    assert points(most, excuse("a", DROPPED)) == 5  # it names another
    assert points(most, excuse("a", DROPPED), excuse("b", DROPPED)) == 10
    nothing = [check("a"), check("c", verdict=Verdict.WRONG), check("e", "writes")]
    assert points(nothing) == 0
    assert points(nothing, excuse("c")) == points(nothing, excuse("c", DROPPED)) == 10


def test_a_mistake_that_other_checks_show_too_is_still_one() -> None:
    slip = Fault("reads", 0.5, "a slip")
    both = [
        replace(check(name, verdict=Verdict.WRONG), faults=(slip,), known=True) for name in "ab"
    ]
    checks = [*both, check("c"), check("d", "writes")]
    assert points(checks) == points(checks, excuse("a")) == 7
    assert points(checks, excuse("a"), excuse("b")) == 10


def report(*checks: CheckResult) -> Report:
    """A report on one task."""
    return Report("seq2seq", (TaskReport("t", 10.0, checks, rubric=RUBRIC),), student="ann")


@pytest.fixture
def failed() -> Report:
    """One who failed a check."""
    return report(check("a"), replace(check("b", verdict=Verdict.WRONG), rationale="off by one"))


@pytest.mark.parametrize("how", [EXCUSED, DROPPED])
def test_students_read_why_and_are_told_to_mend_nothing(failed: Report, how: str) -> None:
    decided = failed.excused([excuse("b", how)])
    for text in (report_text(decided), task_html(decided.tasks[0])):
        assert f"{how} for everyone on 2026-11-30" in text
        assert WHY in text
        assert "off by one" not in text
    assert decided.first_to_fix is None
    view = shown(decided, Reveal.CHECKS)  # a level at which hidden checks' words are held back
    assert view.first_to_fix is None
    assert WHY in view.tasks[0].checks[1].rationale


def test_a_decision_is_taken_back_without_a_trace_in_the_report(failed: Report) -> None:
    decided = failed.excused([excuse("b")])
    assert decided.points > failed.points
    assert Report.from_json(decided.to_json()).points == decided.points
    assert Report.from_json(decided.to_json()).excused([]).to_json() == failed.to_json()


def test_of_a_check_the_last_decision_holds_and_all_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "excused.jsonl"
    assert read_excuses(file, "seq2seq") == ()
    hows: tuple[How, ...] = (EXCUSED, DROPPED, COUNTS)
    held = []
    for how in hows:
        keep_decision(file, Decision("seq2seq", "t/b", how, "é", "2026-11-30"))
        held.append([one.how for one in read_excuses(file, "seq2seq")])
    assert held == [[EXCUSED], [DROPPED], []]
    assert len(file.read_text().splitlines()) == 3
    assert read_excuses(file, "other") == ()
    with file.open("a") as lines:
        lines.write('{"how": "perhaps"}\n')
    with pytest.raises(RecordError, match="line 4: no decision"):
        read_excuses(file, "seq2seq")


def test_all_runs_of_a_check_with_parameters_are_excused() -> None:
    checks = [check("a"), check("b[1]", verdict=Verdict.WRONG), check("b[2]"), check("c", "writes")]
    assert points(checks, excuse("b")) == 10


def test_a_check_that_there_is_not_is_refused_with_those_most_like_it() -> None:
    known = weighed_checks(Assignment("seq2seq"))
    require_check("encoder/padding_changes_nothing", known)
    for name in ("padding_changes_nothing", "encoder/padding_change_nothing"):
        with pytest.raises(NotAmended, match="encoder/padding_changes_nothing"):
            require_check(name, known)


WEIGHED = {"t/a": Weighed("reads", 1.0), "t/b": Weighed("reads", 1.0)}


def test_marks_follow_rubric_points_and_weights_from_stored_verdicts(failed: Report) -> None:
    same = Task("t", 10.0, False, RUBRIC)
    assert remarked(failed, [same], WEIGHED, []) == failed
    lighter = {**WEIGHED, "t/b": Weighed("reads", 0.5)}
    assert remarked(failed, [same], lighter, []).points == 6.67
    rubric = Rubric((Line("reads", 12.0, "You read."), Line("writes", 8.0, "You write.")))
    twice = remarked(failed, [Task("t", 20.0, False, rubric)], WEIGHED, [])
    assert (twice.points, twice.max_points) == (2 * failed.points, 20)


@pytest.mark.parametrize(
    ("task", "weighed"),
    [
        (Task("other", 10.0, False, RUBRIC), WEIGHED),
        (Task("t", 10.0, False, Rubric((Line("else", 10.0, "Else."),))), WEIGHED),
        (Task("t", 10.0, False, RUBRIC), {**WEIGHED, "t/new": Weighed("reads", 1.0)}),
        (Task("t", 10.0, False, RUBRIC), {"t/a": Weighed("reads", 1.0)}),
    ],
)
def test_what_stored_verdicts_do_not_say_is_not_made_up(
    failed: Report, task: Task, weighed: dict[str, Weighed]
) -> None:
    with pytest.raises(NotAmended, match="graded"):
        remarked(failed, [task], weighed, [])


def test_the_weights_of_stored_verdicts_are_those_of_the_suites() -> None:
    known = weighed_checks(Assignment("seq2seq"))
    assert {name.partition("/")[0] for name in known} == {
        task.key for task in Assignment("seq2seq").graded_tasks
    }
    assert known["encoder/padding_changes_nothing"].line == "padding"
    assert all(one.weight is not None and one.line for one in known.values())


def test_two_gradings_are_compared_line_by_line_and_check_by_check(failed: Report) -> None:
    assert list(compared(failed, failed)) == []
    better = report(check("a"), check("b"))
    told = "\n".join(compared(failed, better))
    assert re.search(r"^total: 5 of 10 → 10 of 10$", told, re.MULTILINE)
    assert "line reads: 3 → 6 of 6" in told
    assert "t/b: wrong → passed" in told
    assert "off by one" in "\n".join(compared(better, failed))
