"""Due dates, time zones, penalties and attempts follow the offering's settings."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.assignment import ROOT
from autograder.errors import OfferingError
from autograder.pull.grading import Conditions
from autograder.pull.outcome import GRADED, LATE, NEEDS_PERSON, NOT_GRADED
from autograder.report.attempts import Attempt, attempts_before, keep
from autograder.report.record import Report
from autograder.terms import FILE, Reveal, Settings, Terms, moment_shown, read_terms

from .pulls import Host, graded, judge, request

DUE = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
OWN = "submissions/alice/seq2seq.ipynb"


def terms(folder: Path, text: str) -> Terms:
    file = folder / "offering.toml"
    file.write_text(text)
    return read_terms("seq2seq", file)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


def test_the_settings_of_this_repository_are_the_defaults(tmp_path: Path) -> None:
    assert read_terms("seq2seq", FILE) == Terms() == read_terms("seq2seq", tmp_path / "none")


def test_the_page_states_the_settings_and_their_defaults() -> None:
    page = (ROOT / "docs" / "pull-requests.md").read_text()
    stated = dict(re.findall(r"^\| `(\w+)` \| `?(\w+)`? \|", page, re.MULTILINE))
    defaults = {field.name: field.default for field in fields(Settings)}
    for key, value in defaults.items():
        told = value.value if isinstance(value, Reveal) else "none"
        plain = isinstance(value, Reveal | None) or value == ()
        assert stated.pop(key) == (told if plain else f"{value:g}")
    assert stated == {"time_zone": "UTC"}
    assert all(f"`{level.value}`" in page for level in Reveal)


@pytest.mark.parametrize(
    ("zone", "due", "utc"),
    [
        ("Europe/Paris", "2026-11-30T18:00:00", "2026-11-30T17:00"),
        ("Europe/Paris", "2026-07-30T18:00:00", "2026-07-30T16:00"),
        ("America/Los_Angeles", "2026-11-30T23:59:00", "2026-12-01T07:59"),
        ("Asia/Kathmandu", "2026-11-30T18:00:00", "2026-11-30T12:15"),
        ("Europe/Paris", "2026-11-30T18:00:00-05:00", "2026-11-30T23:00"),
        ("Europe/Paris", "2026-10-25T02:30:00", "2026-10-25T01:30"),  # shown twice: the later one
        ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:00"),  # skipped: the next, 03:00
        ("Europe/Berlin", "2026-03-29T02:00:00", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-03-29T03:00:00", "2026-03-29T01:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:30"),  # half an hour
        ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T10:00"),  # a whole day
    ],
)
def test_the_due_date_is_in_the_offerings_time_zone(
    tmp_path: Path, zone: str, due: str, utc: str
) -> None:
    read = terms(tmp_path, f'time_zone = "{zone}"\n[seq2seq]\ndue = {due}\n')
    assert read.due == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('time_zone = "Mars/Olympus"', "IANA"),
        ("time_zone = 7", "IANA"),
        ('time_zone = "../../etc/passwd"', "IANA"),
        ("due = 2026-11-30T18:00:00", "outside"),
        ('[seq2seq]\ndue = "tomorrow"', "expected a time"),
        ("[seq2seq]\ndue = 2026-11-30", "expected a time"),
        ("[seq2seq]\ndeu = 2026-11-30T18:00:00", "no setting 'deu'"),
        ("[seq2seq]\nzone = 1", "no setting 'zone'"),
        ("[seq2seq]\nlate_days = -1", "0 or more"),
        ("[seq2seq]\nlate_days = 1.5", "whole number"),
        ("[seq2seq]\nattempts_per_day = true", "number"),
        ("[seq2seq]\nlate_percent_per_day = nan", "0 or more"),
        ('[seq2seq]\nreveal_before_due = "all"', "one of nothing"),
        ("[seq2seq", "not TOML"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(OfferingError, match=words):
        terms(tmp_path, text)


@pytest.mark.parametrize(
    ("late", "percent"),
    [
        (timedelta(minutes=-1), 0),
        (timedelta(minutes=10), 0),
        (timedelta(minutes=11), 10),
        (timedelta(days=1), 10),
        (timedelta(days=1, seconds=1), 20),
        (timedelta(days=3), 30),
        (timedelta(days=3, seconds=1), 100),
    ],
)
def test_each_day_begun_costs_and_after_the_last_nothing_counts(
    late: timedelta, percent: float
) -> None:
    assert Terms(due=DUE, late_days=3).penalty_percent(DUE + late) == percent


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("due", "came", "days"),
    [
        ("2026-10-24T23:59", "2026-10-25T23:30", 1),  # 24 h 31 min: the day has 25
        ("2026-10-24T23:59", "2026-10-25T23:59", 1),
        ("2026-10-24T23:59", "2026-10-26T00:00", 2),
        ("2026-03-28T23:59", "2026-03-29T23:59", 1),
        ("2026-03-28T23:59", "2026-03-30T00:00", 2),  # 23 h 1 min: the day has 23
        ("2026-03-28T02:30", "2026-03-29T03:00", 1),  # the clocks skip the day's end
        ("2026-03-28T02:30", "2026-03-29T03:01", 2),
        ("2026-10-24T02:30", "2026-10-25T02:30", 1),  # the clocks show it twice
        ("2026-10-20T12:00", "2026-10-27T12:00", 7),
        ("2026-10-20T12:00", "2026-10-27T12:01", 8),
    ],
)
def test_days_late_are_days_by_the_clock(due: str, came: str, days: int) -> None:
    moments = [moment_shown(datetime.fromisoformat(time), BERLIN) for time in (due, came)]
    terms = Terms(zone=BERLIN, due=moments[0], late_days=7)
    assert terms.days_late(moments[1]) == days
    assert terms.penalty_percent(moments[1]) == (10 * days if days <= 7 else 100)


ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2011, 12, 1), datetime(2012, 12, 1)),
)
def test_a_time_that_the_clocks_show_is_found_and_one_that_they_skip_is_the_next(
    name: str, shown: datetime
) -> None:
    zone = ZoneInfo(name)
    moment = moment_shown(shown, zone)
    read = moment.astimezone(zone).replace(tzinfo=None)
    just_before = (moment - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
    assert read == shown or just_before < shown < read


@pytest.mark.parametrize(
    ("due", "told"),
    [
        ("2026-03-29T02:30:00", "skip 2026-03-29 02:30"),
        ("2026-10-25T02:30:00", "show 2026-10-25 02:30 (Europe/Berlin) twice"),
    ],
)
def test_an_odd_due_time_is_told_to_everybody(host: Host, due: str, told: str) -> None:
    text = f'time_zone = "Europe/Berlin"\n[seq2seq]\ndue = {due}\n'
    (host.folder / "offering.toml").write_text(text)
    outcome, _ = graded(host, request(host, host.open({OWN: "deep"})))
    assert told in " ".join(outcome.words)
    plain = terms(host.folder, text.replace("T02:30", "T04:30"))
    assert plain.about_due == ""


def test_lateness_is_told_in_the_days_that_are_charged(host: Host) -> None:
    text = 'time_zone = "Europe/Berlin"\n[seq2seq]\ndue = 2026-10-24T23:59:00\n'
    (host.folder / "offering.toml").write_text(text)
    came = "2026-10-25T22:30:00Z"
    outcome, _ = graded(host, request(host, host.open({OWN: "deep"}), came=came))
    assert outcome.penalty_percent == 10
    told = " ".join(outcome.words)
    assert "Late by 24 h 31 min (due 2026-10-24 23:59 CEST): 10 % of the points" in told


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2011, 10, 1), datetime(2012, 12, 1)),
    st.integers(-10_000, 100_000),
    st.integers(0, 100_000),
)
def test_who_hands_in_earlier_never_pays_more(
    zone: str, due: datetime, minutes: int, more: int
) -> None:
    moment = due.replace(tzinfo=UTC)
    terms = Terms(zone=ZoneInfo(zone), due=moment, late_days=100)
    came = moment + timedelta(minutes=minutes)
    later = terms.penalty_percent(came + timedelta(minutes=more))
    assert 0 <= terms.penalty_percent(came) <= later <= 100


def test_without_a_due_date_or_a_time_nothing_is_taken_off() -> None:
    assert Terms().penalty_percent(DUE) == 0
    assert Terms(due=DUE).penalty_percent(None) == 0


def test_a_late_request_keeps_its_raw_mark_and_names_the_penalty(host: Host) -> None:
    (host.folder / "offering.toml").write_text("[seq2seq]\ndue = 2026-11-18T12:00:00\n")
    early = {"GIT_COMMITTER_DATE": "2026-11-01T00:00:00Z"}  # whoever commits can write any date
    outcome, _ = graded(host, request(host, host.open({OWN: "deep"}, by=early)))
    assert (outcome.status, outcome.penalty_percent, outcome.labels) == (GRADED, 20, (LATE,))
    assert outcome.committed == "2026-11-01T00:00:00Z"
    assert outcome.came == "2026-11-20T10:00:00Z"
    assert Report.from_json((host.folder / "out" / "report.json").read_text()).points == 40
    summary = (host.folder / "out" / "shown" / "summary.md").read_text()
    assert "40 of 40 points" in summary
    assert "Less 20 % for lateness: 32 points" in summary


def test_a_commit_dated_after_the_due_date_is_in_time_if_the_server_had_it(host: Host) -> None:
    (host.folder / "offering.toml").write_text("[seq2seq]\ndue = 2026-11-21T12:00:00\n")
    wrong_clock = {"GIT_COMMITTER_DATE": "2031-01-01T00:00:00Z"}
    outcome, _ = graded(host, request(host, host.open({OWN: "deep"}, by=wrong_clock)))
    assert (outcome.penalty_percent, outcome.labels) == (0, ())


def test_where_no_server_says_when_a_person_decides(host: Host) -> None:
    (host.folder / "offering.toml").write_text("[seq2seq]\ndue = 2026-11-18T12:00:00\n")
    outcome, _ = graded(host, request(host, host.open({OWN: "deep"}), came=None))
    assert (outcome.status, outcome.penalty_percent) == (GRADED, 0)
    assert outcome.labels == (NEEDS_PERSON,)


def test_attempts_of_a_day_are_counted_and_limited(host: Host) -> None:
    offering, attempts = host.folder / "offering.toml", host.folder / "attempts.jsonl"
    offering.write_text("[seq2seq]\nattempts_per_day = 2\n")
    door = Conditions(judge, ["seq2seq"], offering=offering, attempts=attempts)
    heads = [host.open({OWN: f"deep {number}"}) for number in range(3)]
    outcomes = [graded(host, request(host, head), door)[0] for head in heads]
    assert [outcome.status for outcome in outcomes] == [GRADED, GRADED, NOT_GRADED]
    assert [outcome.attempt for outcome in outcomes] == [1, 2, 0]
    assert "after midnight" in " ".join(outcomes[2].words)
    # the same commit once more is no new attempt
    assert graded(host, request(host, heads[1]), door)[0].status == GRADED


def test_what_was_not_graded_is_no_attempt(host: Host) -> None:
    attempts = host.folder / "attempts.jsonl"
    door = Conditions(judge, ["seq2seq"], attempts=attempts)
    graded(host, request(host, host.open({"README.md": "mine"})), door)
    assert not attempts.exists()


@pytest.mark.parametrize(("today", "status"), [(9, GRADED), (10, NOT_GRADED), (11, NOT_GRADED)])
def test_attempts_that_the_server_counted_are_limited_too(
    host: Host, today: int, status: str
) -> None:
    door = Conditions(judge, ["seq2seq"], attempts_today=today)
    assert graded(host, request(host, host.open({OWN: "deep"})), door)[0].status == status


def test_other_students_other_days_and_other_assignments_are_counted_apart(tmp_path: Path) -> None:
    file = tmp_path / "kept" / "attempts.jsonl"
    mine = Attempt("seq2seq", "Alice", "2026-11-20", "a")
    for attempt in (
        mine,
        Attempt("seq2seq", "bob", "2026-11-20", "b"),
        Attempt("seq2seq", "alice", "2026-11-19", "c"),
        Attempt("other", "alice", "2026-11-20", "d"),
        Attempt("seq2seq", "alice", "2026-11-20", "e"),
    ):
        keep(file, attempt)
    assert attempts_before(file, mine) == 1
    file.write_text("no attempt\n")
    with pytest.raises(ValueError, match="line 1"):
        attempts_before(file, mine)


@pytest.mark.parametrize(
    ("now", "level"), [("2026-11-30T17:00", Reveal.TOTAL), ("2026-11-30T17:01", Reveal.CHECKS)]
)
def test_how_much_is_shown_changes_at_the_due_date(now: str, level: Reveal) -> None:
    terms = Terms(due=DUE, reveal_before_due=Reveal.TOTAL, reveal_after_due=Reveal.CHECKS)
    assert terms.reveal(datetime.fromisoformat(now).replace(tzinfo=UTC)) == level
