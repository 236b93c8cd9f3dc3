"""What the checks of greedy decoding and beam search ask for, and what they say."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from autograder.assignment import Assignment
from autograder.offering import Offering
from autograder.suites.seq2seq.beam_search.mistakes import RULES
from checks.verdicts import CheckResult, Verdict

from . import corpus
from .corpus import Entry, entries, grade_here

MOST_ROWS = 6000  # decoder rows of one call; a stand-in gives one in half a millisecond
ASSIGNMENT = Assignment("seq2seq")
OFFERING = Offering(ASSIGNMENT, "search")
ENTRIES = {entry.id: entry for entry in entries(ASSIGNMENT)}


def lines(entry: Entry) -> list[CheckResult]:
    """The lines of a report that say what is wrong."""
    report = grade_here(OFFERING, entry, [entry.task])[entry.task]
    return [check for check in report.checks if check.verdict is Verdict.WRONG]


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        "greedy/right/prefix_replayed_row_by_row",
        "beam_search/right/hypotheses_replayed_one_at_a_time",
    ],
)
def test_the_slowest_allowed_search_has_no_call_with_many_decoder_rows(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []
    call = corpus.Here.call

    def counting(self: corpus.Here, probe: str, inputs: dict[str, Any]) -> Any:
        answer = call(self, probe, inputs)
        rows.extend(run["rows"] for run in answer if isinstance(answer, list))
        return answer

    monkeypatch.setattr(corpus.Here, "call", counting)
    entry = ENTRIES[name]
    assert grade_here(OFFERING, entry, [entry.task])[entry.task].verdict is Verdict.PASSED
    assert rows
    assert max(rows) <= MOST_ROWS


@pytest.mark.parametrize(
    "name",
    [
        "finished_stay_in_beam",
        "penalty_ignored",
        "pool_cut_before_sorting",
        "sorted_by_log_prob",
        "stops_when_enough_ended",
        "truncated_fill_free_places",
    ],
)
def test_a_report_names_one_mistake_of_the_rule_at_most(name: str) -> None:
    said = {line.rationale for line in lines(ENTRIES[f"beam_search/wrong/{name}"])}
    assert len(said & {mistake.says for mistake in RULES.values()}) <= 1


@pytest.mark.parametrize("name", ["state_not_reordered", "logits_added_up", "logarithm_to_base_2"])
def test_where_log_probs_are_wrong_no_mistake_of_the_rule_is_named(name: str) -> None:
    said = {line.rationale for line in lines(ENTRIES[f"beam_search/wrong/{name}"])}
    assert not said & {mistake.says for mistake in RULES.values()}


def test_no_two_checks_of_a_task_have_the_same_name() -> None:
    for task in ASSIGNMENT.graded_tasks:
        names = Counter(
            line.split("(")[0]
            for file in ASSIGNMENT.suite_files(task.key)
            for line in file.read_text().splitlines()
            if line.startswith("def test_")
        )
        assert [name for name, count in names.items() if count > 1] == []
