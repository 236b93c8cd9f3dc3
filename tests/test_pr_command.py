"""`python -m autograder pr`, as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.__main__ import main
from autograder.pull import command
from autograder.pull.outcome import GRADED, GRADER_ERROR, NOT_GRADED, Outcome

from .pulls import Host, judge

OWN = "submissions/alice/seq2seq.ipynb"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(command, "judge", lambda **_: judge)
    return Host(tmp_path / "host")


def pr(host: Host, *options: str) -> tuple[int, Outcome]:
    out = host.folder / "out"
    code = main(["pr", "--repository", str(host.course), "--output", str(out), *options])
    assert (out / "shown" / "summary.md").is_file()
    return code, Outcome.from_json((out / "outcome.json").read_text())


def test_an_event_is_all_that_is_needed(host: Host) -> None:
    event = host.event(host.open({OWN: "deep"}))
    code, outcome = pr(host, "--event", str(event))
    assert (code, outcome.status, outcome.came) == (0, GRADED, "2026-11-20T10:00:00Z")


def test_without_an_event_the_same_is_said_by_options(host: Host) -> None:
    host.open({OWN: "deep"})
    options = ["--head", "refs/pull/7/head", "--base", "main", "--login", "alice"]
    code, outcome = pr(host, *options, "--came", "2026-11-20T11:00:00+01:00")
    assert (code, outcome.status, outcome.came) == (0, GRADED, "2026-11-20T10:00:00Z")
    _, without = pr(host, *options)
    assert (without.status, without.came) == (GRADED, "")


def test_a_newer_base_than_the_events_can_be_named(host: Host) -> None:
    """The event's base may be older than what the student has merged."""
    newer = host.commit({"README.md": "newer"}, host.base)
    host.push("refs/heads/main")
    event = host.event(host.open({OWN: "deep"}, onto=newer))
    assert pr(host, "--event", str(event))[1].status == NOT_GRADED
    assert pr(host, "--event", str(event), "--base", "main")[1].status == GRADED


@pytest.mark.parametrize(
    "options",
    [
        ["--event", "missing.json"],
        ["--event", "."],
        ["--head", "main"],
        ["--head", "main", "--login", "../bob"],
        ["--head", "main", "--login", "bob", "--came", "tomorrow"],
        ["--head", "--all", "--login", "bob", "--base", "main"],
        ["--head", "nowhere", "--login", "bob", "--base", "main"],
        ["--head", "main", "--login", "bob"],
    ],
)
def test_what_the_grader_cannot_work_with_is_its_fault_and_recorded(
    host: Host, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if options[1] == "--all":
        options = [f"{options[0]}={options[1]}", *options[2:]]
    code, outcome = pr(host, *options)
    assert (code, outcome.status) == (2, GRADER_ERROR)
    assert "grader error, not the student's" in capsys.readouterr().err


def test_a_folder_that_is_no_repository_is_the_graders_fault(host: Host, tmp_path: Path) -> None:
    event = host.event(host.open({OWN: "deep"}))
    host.course = tmp_path
    code, outcome = pr(host, "--event", str(event))
    assert (code, outcome.status) == (2, GRADER_ERROR)


def test_nothing_that_is_printed_is_a_command(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "submissions/alice/::error::x\n::warning::y ##[error]z"
    event = host.event(host.open({name: "x"}))
    pr(host, "--event", str(event))
    said = capsys.readouterr()
    assert "No submission was found" in said.out
    assert "::" not in said.out + said.err
    assert "##[" not in said.out + said.err
