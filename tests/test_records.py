"""Records are written as they always were, read back as they were, and refused by name."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.assignment import ROOT
from autograder.desk.people.grants import Grant, all_grants
from autograder.desk.people.grants import keep as keep_grants
from autograder.errors import EventError, OfferingError, RecordError
from autograder.judge.results import Results
from autograder.pull.event import read_event
from autograder.pull.outcome import GRADED, GRADER_ERROR, LABELS, NOT_GRADED, Outcome
from autograder.pull.pages.folder import read_previous, write_pages
from autograder.records import read_json
from autograder.report.attempts import Attempt, attempts_before, keep
from autograder.report.excuse import Decision, keep_decision, read_decisions
from autograder.report.record import Report
from autograder.report.schema import WrittenReport, json_schema
from autograder.terms import Reveal, Settings, read_terms

from .examples import ATTEMPT, OUTCOME, REPORT, RESULT

GOLDEN = Path(__file__).resolve().parent / "golden"
SCHEMA_FILE = ROOT / "docs" / "report.schema.json"
RECORD: dict[str, Any] = json.loads(REPORT.to_json())


def golden(name: str) -> str:
    """The text of a record as it was written when the golden files were made."""
    return (GOLDEN / name).read_text(encoding="utf-8")


def test_a_report_is_written_to_the_byte_as_it_always_was() -> None:
    assert REPORT.to_json() == golden("report.json")


def test_an_outcome_is_written_to_the_byte_as_it_always_was() -> None:
    assert OUTCOME.to_json() == golden("outcome.json")


def test_a_kept_result_is_written_to_the_byte_as_it_always_was(tmp_path: Path) -> None:
    Results(tmp_path).put("result", RESULT)
    assert (tmp_path / "result.json").read_text(encoding="utf-8") == golden("result.json")


def test_an_attempt_is_written_to_the_byte_as_it_always_was(tmp_path: Path) -> None:
    keep(tmp_path / "attempts.jsonl", ATTEMPT)
    assert (tmp_path / "attempts.jsonl").read_text(encoding="utf-8") == golden("attempts.jsonl")


def test_records_written_before_are_read_as_what_they_were() -> None:
    again = Report.from_json(golden("report.json"))
    assert again.to_json() == REPORT.to_json()
    # from before reports said what bound a submission, and which checks were excused
    assert Report.from_json(golden("earlier/report.json")).to_json() == REPORT.to_json()
    assert Results(GOLDEN / "earlier").get("result") == RESULT
    assert Outcome.from_json(golden("outcome.json")) == OUTCOME
    assert Results(GOLDEN).get("result") == RESULT
    other = replace(ATTEMPT, head="b" * 40)
    assert attempts_before(GOLDEN / "attempts.jsonl", other) == 1


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
outcomes = st.builds(
    Outcome,
    status=st.sampled_from([GRADED, NOT_GRADED, GRADER_ERROR]),
    login=text,
    number=st.none() | st.integers(),
    late_seconds=st.floats(0, 1e9),
    penalty_percent=st.floats(0, 100),
    attempt=st.integers(0, 99),
    words=st.lists(text, max_size=3).map(tuple),
    labels=st.lists(st.sampled_from(LABELS), max_size=2).map(tuple),
)


@given(outcomes)
def test_an_outcome_survives_its_json(outcome: Outcome) -> None:
    again = Outcome.from_json(outcome.to_json())
    assert again == outcome
    assert again.to_json() == outcome.to_json()


@pytest.mark.parametrize("end", ["\u2028", "\x85", "\x0b", "\r", "\n"])
def test_a_reason_may_hold_any_end_of_a_line(tmp_path: Path, end: str) -> None:
    given = Grant("seq2seq", "ann", why=f"ill{end}again")
    keep_grants(tmp_path / "extensions.jsonl", [given, given])
    assert all_grants(tmp_path / "extensions.jsonl") == [given, given]
    decision = Decision("seq2seq", "greedy/ends", "excused", f"two{end}readings", "2026-11-30")
    for _ in range(2):
        keep_decision(tmp_path / "excused.jsonl", decision)
    assert read_decisions(tmp_path / "excused.jsonl") == [decision, decision]


@given(st.builds(Attempt, text, text, text, text))
def test_an_attempt_survives_its_line(attempt: Attempt) -> None:
    assert read_json(json.dumps(vars(attempt)), Attempt) == attempt


def places(value: Any, path: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    """All places in a record."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def put(record: Any, path: tuple[int | str, ...], value: Any) -> Any:
    """A record with something else at a place."""
    if not path:
        return value
    changed = copy.deepcopy(record)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(list(places(RECORD))), values)
@example((), "[" * 3)
@example(("tasks", 0, "max_points"), 10**400)
@example(("tasks", 0, "checks", 0, "sentence"), "\ud800")
@example(("tasks", 0, "checks", 0, "verdict"), "x\n::error::y")
def test_whatever_stands_in_a_report_it_is_read_or_refused_in_a_line(
    path: tuple[int | str, ...], value: Any
) -> None:
    try:
        report = Report.from_json(json.dumps(put(RECORD, path, value)))
    except RecordError as error:
        said = str(error)
        assert (said.isprintable(), len(said.splitlines()), len(said) <= 600) == (
            True,
            1,
            True,
        )
    else:  # then it can be written, and shown
        report.to_json().encode()
        assert 0 <= report.points <= 1e9


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("tasks", 2, "points"), "many", 'tasks[2].points: expected a number or null, got "many"'),
        (("tasks", 0, "max_points"), -1, "tasks[0].max_points: expected 0 or more, got -1"),
        (("points",), float("nan"), "points: expected 0 or more, got NaN"),
        (("points",), float("inf"), "points: expected 1000000000 or less, got Infinity"),
        (("points",), True, "points: expected a number, got true"),
        (("tasks", 0, "checks", 1, "public"), 1, "checks[1].public: expected true or false, got 1"),
        (("tasks", 0, "checks", 1, "verdict"), "fine", "expected one of grader error, not attem"),
        (("tasks", 0, "checks", 1, "weight"), -0.5, "weight -0.5 is not 0 or more"),
        (("tasks", 0, "checks", 1, "weight"), float("nan"), "weight nan is not 0 or more"),
        (("tasks", 1), None, "tasks[1]: expected an object, got null"),
        (("tasks",), {}, "tasks: expected a list, got an object"),
        (("findings",), ["a", 3], "findings[1]: expected text, got 3"),
        (("beside",), [], "beside: expected an object, got a list"),
        (("tasks", 0), {"task": "encoder"}, "tasks[0].points: missing"),
        (("schema",), "autograder-report/1", 'expected "autograder-report/2", got "autograder-rep'),
        (("student",), "\udc80", "half a character"),
        ((), [], 'schema: expected "autograder-report/2", got nothing'),
    ],
)
def test_what_is_wrong_in_a_report_is_told_by_its_field(
    path: tuple[int | str, ...], value: Any, words: str
) -> None:
    with pytest.raises(RecordError) as refused:
        Report.from_json(json.dumps(put(RECORD, path, value)))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON: Expecting value"),
        ("[" * 100_000, "nested too deeply"),
        ('{"schema": "autograder-report/2", "tasks": ' + "[" * 9_999 + "]" * 9_999 + "}", "deeply"),
        ("1" * 5_000, "thousands of digits"),
        (json.dumps(RECORD)[:-1] + ', "points": "x"}', "points: expected a number"),  # the last one
    ],
    ids=["empty", "open", "deep", "digits", "twice"],
)
def test_text_that_is_no_report_is_refused(text: str, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        Report.from_json(text)


def test_fields_that_nobody_here_knows_are_ignored() -> None:
    newer = put(RECORD, ("tasks", 0, "checks", 0), {**RECORD["tasks"][0]["checks"][0], "new": [1]})
    newer = {**newer, "new": {"a": 1}, "tasks": [{**task, "new": 1} for task in newer["tasks"]]}
    assert Report.from_json(json.dumps(newer)).to_json() == REPORT.to_json()
    outcome = {**json.loads(OUTCOME.to_json()), "new": 1}
    assert Outcome.from_json(json.dumps(outcome)) == OUTCOME


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "grded"}, 'status: expected one of graded, grader error, not graded, got "grd'),
        ({"penalty_percent": 101}, "penalty_percent: expected 100 or less, got 101"),
        ({"penalty_percent": float("nan")}, "penalty_percent: expected 0 or more, got NaN"),
        ({"words": "late"}, 'words: expected a list, got "late"'),
        ({"number": "7"}, 'number: expected a whole number or null, got "7"'),
        ({"schema": "autograder-pull/2"}, 'expected "autograder-pull/1", got "autograder-pull/2"'),
    ],
)
def test_what_is_wrong_in_an_outcome_is_told_by_its_field(
    change: dict[str, Any], words: str
) -> None:
    with pytest.raises(RecordError) as refused:
        Outcome.from_json(json.dumps({**json.loads(OUTCOME.to_json()), **change}))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no attempt", "it is not JSON"),
        ('{"assignment": 1, "login": "a", "day": "d", "head": "h"}', "assignment: expected text"),
        ('{"assignment": "x", "login": "a", "day": "d"}', "head: missing"),
        ("[" * 100_000, "nested too deeply"),
    ],
    ids=["words", "number", "missing", "deep"],
)
def test_a_line_that_is_no_attempt_is_told_with_what_to_do(
    tmp_path: Path, line: str, words: str
) -> None:
    file = tmp_path / "attempts.jsonl"
    keep(file, ATTEMPT)
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(RecordError, match=rf"line 2: not an attempt: .*{words}.*; mend that line"):
        attempts_before(file, ATTEMPT)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("due = 10:00:00", "due: expected a time such as 2026-11-30T18:00:00, got 10:00:00"),
        ('due = "2026-11-30T18:00:00"', 'due: expected a time such .*, got "2026-11-30T18:00:00"'),
        ("grace_minutes = inf", "grace_minutes: expected 1000000000 or less, got Infinity"),
        ("late_days = -1", r"offering.toml: \[seq2seq\] late_days: expected 0 or more, got -1"),
        ('reveal_after_due = "al\\nl"', r"expected one of nothing, .*, messages, got \"al\\nl\""),
        ("reveal_after_due = 4", "reveal_after_due: expected text, got 4"),
        ("x = " + "[" * 100_000, "nested too deeply"),
    ],
    ids=["clock", "text", "infinite", "negative", "level", "number", "deep"],
)
def test_what_is_wrong_in_the_offering_is_told_by_its_setting(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "offering.toml"
    file.write_text(f"[seq2seq]\n{text}\n")
    with pytest.raises(OfferingError, match=words):
        read_terms("seq2seq", file)


def test_every_setting_of_the_offering_is_read(tmp_path: Path) -> None:
    wanted = {"due": "2026-11-30T18:00:00Z", "grace_minutes": 1, "late_percent_per_day": 2.5}
    wanted |= {"late_percents": "[5, 15.5]", "late_percent_at_most": 60}
    wanted |= {"late_days": 3, "attempts_per_day": 0}
    wanted |= {"reveal_before_due": '"nothing"', "reveal_after_due": '"tasks"'}
    assert list(wanted) == [field.name for field in fields(Settings)]
    file = tmp_path / "offering.toml"
    file.write_text("[seq2seq]\n" + "".join(f"{key} = {value}\n" for key, value in wanted.items()))
    terms = read_terms("seq2seq", file)
    assert (terms.grace_minutes, terms.late_percent_per_day, terms.late_days) == (1.0, 2.5, 3)
    assert (terms.late_percents, terms.late_percent_at_most) == ((5, 15.5), 60)
    assert (terms.reveal_before_due, terms.reveal_after_due) == (Reveal.NOTHING, Reveal.TASKS)


def test_levels_are_ordered_as_they_are_listed() -> None:
    assert list(Reveal) == sorted(Reveal)
    assert Reveal.NOTHING < Reveal.TOTAL <= Reveal.TOTAL < Reveal.MESSAGES
    assert Reveal.MESSAGES >= Reveal.CHECKS > Reveal.TASKS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"pull_request": {"number": true}}', "pull_request.number: expected a whole number"),
        ('{"pull_request": {"number": 0}}', "pull_request.number: expected 1 or more, got 0"),
        ('{"pull_request": {"number": 1, "user": null}}', "pull_request.user: expected an object"),
        ('{"pull_request": []}', "pull_request: expected an object, got a list"),
        ("{}", "pull_request: missing"),
        ("\x00", "it is not JSON"),
    ],
)
def test_what_is_wrong_in_an_event_is_told_by_its_field(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "event.json"
    file.write_text(text)
    with pytest.raises(EventError) as refused:
        read_event(file)
    assert words in str(refused.value)
    assert str(refused.value).endswith("is this the event of a pull request?")


EVENT: dict[str, Any] = {
    "action": "opened",
    "pull_request": {
        "number": 7,
        "user": {"login": "alice"},
        "head": {"sha": "a" * 40},
        "base": {"sha": "b" * 40},
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-20T10:00:00Z",
    },
}


@given(st.sampled_from(list(places(EVENT))), values)
def test_whatever_stands_in_an_event_it_is_read_or_refused_in_a_line(
    tmp_path_factory: pytest.TempPathFactory, path: tuple[int | str, ...], value: Any
) -> None:
    file = tmp_path_factory.getbasetemp() / "event.json"
    file.write_text(json.dumps(put(EVENT, path, value)))
    said = ""
    try:
        read_event(file)
    except EventError as error:
        said = str(error)
    assert said.isprintable()


@given(st.sampled_from(list(places(json.loads(OUTCOME.to_json())))), values)
def test_whatever_stands_in_an_outcome_it_is_read_or_refused_in_a_line(
    path: tuple[int | str, ...], value: Any
) -> None:
    said = ""
    try:
        Outcome.from_json(json.dumps(put(json.loads(OUTCOME.to_json()), path, value)))
    except RecordError as error:
        said = str(error)
    assert said.isprintable()


@given(values)
@settings(max_examples=30)
def test_whatever_an_earlier_report_holds_it_stops_nobody(
    tmp_path_factory: pytest.TempPathFactory, value: Any
) -> None:
    file = tmp_path_factory.mktemp("previous") / "report.json"
    for path in (("tasks",), ("beside",), ("tasks", 0, "checks"), ("findings",)):
        file.write_text(json.dumps(put(RECORD, path, value)))
        previous = read_previous(file, "seq2seq")
        if previous is not None:
            (file.parent / "shown").mkdir(exist_ok=True)
            write_pages(file.parent, OUTCOME, REPORT, Reveal.MESSAGES, previous=previous)


def validator() -> jsonschema.Draft202012Validator:
    """Checks against the schema that readers of reports are given."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_is_that_of_the_types() -> None:
    """Written anew by `python -m autograder.report.schema > docs/report.schema.json`."""
    assert SCHEMA_FILE.read_text(encoding="utf-8") == json_schema()


def test_a_report_keeps_to_the_schema() -> None:
    validator().validate(RECORD)


@pytest.mark.parametrize("read", [validator().is_valid, lambda r: bool(typed_report(r))])
def test_schema_and_reader_refuse_the_same(read: Callable[[Any], bool]) -> None:
    """Of every place in a report: what stands there cannot be left out, nor be of another kind."""
    for path in places(RECORD):
        if not path or "beside" in path:
            continue
        assert not read(put(RECORD, path, {"of": "another kind"}))


def typed_report(record: Any) -> WrittenReport | None:
    """A report as its reader takes it, None if it refuses it."""
    try:
        return read_json(json.dumps(record), WrittenReport, RECORD["schema"])
    except RecordError:
        return None


def test_neither_students_nor_the_walled_process_need_msgspec() -> None:
    files = [*(ROOT / "checks").rglob("*.py"), *(ROOT / "autograder/wall/inside").rglob("*.py")]
    assert len(files) > 20
    assert [file.name for file in files if "msgspec" in file.read_text(encoding="utf-8")] == []
