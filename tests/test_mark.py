"""What a task earns: its rubric's lines, one mistake charged once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.report.mark import Mark, mark
from autograder.rubric import NONE, Limit, Line, Rubric
from checks.verdicts import CheckResult, Fault, Verdict

RUBRIC = Rubric((Line("reads", 6.0, "You read."), Line("writes", 4.0, "You write.")))
FAILED = (Verdict.WRONG, Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.EXCEEDED_LIMIT)


def check(
    name: str, line: str = "reads", verdict: Verdict = Verdict.PASSED, weight: float = 1.0
) -> CheckResult:
    """A hidden check's result."""
    return CheckResult(f"t/{name}", f"You {name}.", weight, verdict, public=False, line=line)


def known(name: str, fault: Fault, line: str = "reads") -> CheckResult:
    """A check that failed for one mistake, which was recognised."""
    return replace(check(name, line, Verdict.WRONG), faults=(fault,), known=True)


def points(*checks: CheckResult, rubric: Rubric = RUBRIC) -> float:
    """What a task of ten points earns."""
    return mark(10.0, checks, rubric).points


def lines(marked: Mark) -> dict[str, float]:
    """The points of each line."""
    return {one.line.key: one.points for one in marked.lines}


@pytest.mark.parametrize("verdict", FAILED)
def test_what_fails_costs_its_weight_on_its_own_line(verdict: Verdict) -> None:
    checks = [check("a"), check("b", verdict=verdict, weight=2), check("c", "writes")]
    assert lines(mark(10.0, checks, RUBRIC)) == {"reads": 2.0, "writes": 4.0}


def test_a_known_mistake_costs_its_price_once_whatever_it_trips() -> None:
    upside_down = Fault("writes", 0.25, "upside down")
    checks = [known("a", upside_down), known("b", upside_down), known("c", upside_down, "writes")]
    assert points(*checks) == 9.0


def test_two_mistakes_in_one_line_cost_no_more_than_the_line() -> None:
    checks = [known("a", Fault("reads", 0.7, "one")), known("b", Fault("reads", 0.9, "other"))]
    assert points(*checks, check("c", "writes")) == pytest.approx(4.6)


def test_mistakes_in_two_lines_cost_the_sum() -> None:
    checks = [known("a", Fault("reads", 0.5, "one")), known("b", Fault("writes", 0.5, "other"))]
    assert points(*checks) == 5.0


def test_what_follows_from_a_known_mistake_costs_nothing() -> None:
    root = known("a", Fault("reads", 0.1, "one"))
    follower = replace(check("b", "writes", Verdict.CRASHED), follows="t/a")
    assert points(root, follower) == pytest.approx(9.4)


def test_what_follows_from_an_unknown_one_is_judged_by_the_rest() -> None:
    root = check("a", verdict=Verdict.WRONG)
    follower = replace(check("b", "writes", Verdict.WRONG), follows="t/a")
    passing = check("c", "writes")
    assert points(root, passing, follower) == 4.0  # the line's other check decides
    marked = mark(10.0, [root, check("d"), follower], RUBRIC)
    assert lines(marked) == {"reads": 3.0, "writes": 2.0}  # as the other line: half
    assert [one.judged for one in marked.lines] == [True, False]


def test_a_check_without_weight_is_evidence_that_earns_and_costs_nothing() -> None:
    checks = [check("a"), check("b", verdict=Verdict.WRONG, weight=0), check("c", "writes")]
    assert points(*checks) == 10.0


def test_a_limit_cuts_unless_one_of_its_checks_holds() -> None:
    limited = replace(RUBRIC, at_most=(Limit(0.1, ("a", "b"), "You do nothing"),))
    rest = [check("c"), check("d", "writes")]
    wrong = [check("a", verdict=Verdict.WRONG, weight=0), check("b", verdict=Verdict.WRONG)]
    cut = mark(10.0, [*wrong, *rest], limited)
    assert cut.points == 1.0
    assert cut.limit == limited.at_most[0]
    assert points(wrong[0], check("b"), *rest, rubric=limited) == 10.0
    explained = known("b", Fault("reads", 0.5, "one"))
    assert points(wrong[0], explained, *rest, rubric=limited) == 7.0


def test_a_limit_of_nothing_must_be_seen_to_be_due() -> None:
    limited = replace(RUBRIC, at_most=(Limit(0.0, ("a",), "You say the same to anything"),))
    rest = [check("c"), check("d", "writes")]
    seen = check("a", verdict=Verdict.WRONG, weight=0)
    assert points(seen, *rest, rubric=limited) == 0.0
    for unseen in (replace(seen, verdict=Verdict.CRASHED), replace(seen, follows="t/c")):
        assert points(unseen, *rest, rubric=limited) == 10.0


def test_public_checks_alone_earn_nothing() -> None:
    public = [replace(check(name, line), public=True) for name, line in (("a", "reads"),)]
    assert points(*public, check("b", "writes", Verdict.WRONG)) == 0.0
    assert points(*public, check("b", "writes")) == 10.0


def test_without_a_rubric_weights_alone_decide() -> None:
    checks = [check("a", "", weight=3), check("b", "", Verdict.WRONG, 2), check("c", "writes")]
    assert points(*checks, rubric=NONE) == pytest.approx(6.67)


def test_no_evidence_is_no_points() -> None:
    assert points() == 0.0
    assert points(rubric=NONE) == 0.0


faults = st.builds(
    Fault,
    line=st.sampled_from(["reads", "writes"]),
    share=st.sampled_from([0.0, 0.25, 1.0]),
    rationale=st.sampled_from(["one", "other"]),
)
results = st.builds(
    CheckResult,
    check=st.sampled_from(["t/a", "t/b", "t/c", "t/d"]),
    sentence=st.just("You do."),
    weight=st.sampled_from([0.0, 1.0, 2.0]),
    verdict=st.sampled_from([Verdict.PASSED, Verdict.WRONG, Verdict.SKIPPED]),
    public=st.booleans(),
    line=st.sampled_from(["reads", "writes"]),
    faults=st.lists(faults, max_size=2).map(tuple),
    follows=st.sampled_from(["", "t/a"]),
)


@given(st.lists(results, max_size=6, unique_by=lambda result: result.check))
def test_a_task_earns_from_nothing_to_all_and_says_why_not_more(checks: list[CheckResult]) -> None:
    marked = mark(10.0, checks, RUBRIC)
    assert 0 <= marked.points <= 10.0
    for one in marked.lines:
        assert 0 <= one.points <= one.line.points
        assert one.points == one.line.points or one.lost or not one.judged


@given(
    st.lists(results, min_size=1, max_size=6, unique_by=lambda result: result.check),
    st.integers(0, 5),
)
def test_a_check_that_passes_after_all_never_lowers_a_mark(
    checks: list[CheckResult], place: int
) -> None:
    checks = [replace(one, follows="", faults=()) for one in checks]
    mended = list(checks)
    mended[place % len(checks)] = replace(checks[place % len(checks)], verdict=Verdict.PASSED)
    assert points(*mended) >= points(*checks)
