"""Of a pull request exactly one file is read, and only if it is its author's own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.errors import EventError, GitError
from autograder.files import MAX_BYTES
from autograder.pull.event import Request, login, read_event
from autograder.pull.git import Repository
from autograder.pull.grading import Conditions
from autograder.pull.outcome import GRADED, GRADER_ERROR, NEEDS_PERSON, NOT_GRADED
from autograder.report.record import Report

from .pulls import Content, Host, Link, Module, Program, graded, judge, request

OWN = "submissions/alice/seq2seq.ipynb"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


def test_the_notebook_at_the_head_is_graded(host: Host) -> None:
    host.open({OWN: "shallow"})
    head = host.open({OWN: "deep"})
    outcome, fault = graded(host, request(host, head))
    assert (outcome.status, fault) == (GRADED, "")
    assert outcome.path == OWN
    assert (host.folder / "out" / "seq2seq.ipynb").read_text() == "deep"
    report = Report.from_json((host.folder / "out" / "report.json").read_text())
    assert report.points == 40
    assert report.student == "alice"


def test_a_file_that_may_be_executed_is_a_file(host: Host) -> None:
    outcome, _ = graded(host, request(host, host.open({OWN: Program("deep")})))
    assert outcome.status == GRADED


def test_the_case_of_a_login_does_not_matter(host: Host) -> None:
    head = host.open({"submissions/Alice/seq2seq.ipynb": "deep"})
    assert graded(host, request(host, head, "aLICE"))[0].status == GRADED


def test_a_letter_that_only_looks_like_the_logins_is_another(host: Host) -> None:
    head = host.open({"submissions/\u212aate/seq2seq.ipynb": "deep"})
    assert graded(host, request(host, head, "kate"))[0].labels == (NEEDS_PERSON,)


def test_other_files_of_the_own_folder_are_not_read_and_told(host: Host) -> None:
    head = host.open({OWN: "deep", "submissions/alice/notes.txt": "x", "submissions/alice/a/b": ""})
    outcome, _ = graded(host, request(host, head))
    assert outcome.status == GRADED
    assert "2 other files in your folder: not read" in " ".join(outcome.words)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({OWN: "deep", "README.md": "mine"}, "README.md"),
        ({OWN: "deep", ".github/workflows/check.yml": "on: push"}, ".github/workflows/check.yml"),
        ({OWN: "deep", "checks/test_encoder.py": "def test(): pass"}, "checks/test_encoder.py"),
        ({OWN: "deep", "submissions/bob/seq2seq.ipynb": "x"}, "submissions/bob/seq2seq.ipynb"),
        ({"submissions/bob/seq2seq.ipynb": None}, "submissions/bob/seq2seq.ipynb"),
        ({"submissions/carol/seq2seq.ipynb": "deep"}, "submissions/carol/seq2seq.ipynb"),
        ({"submissions/seq2seq.ipynb": "deep"}, "submissions/seq2seq.ipynb"),
        ({"seq2seq.ipynb": "deep"}, f"belongs at {OWN}"),
        ({"Submissions/alice/seq2seq.ipynb": "deep"}, "Submissions/alice/seq2seq.ipynb"),
        ({OWN: Link("/etc/passwd")}, "is a link"),
        ({OWN: Link("../bob/seq2seq.ipynb")}, "is a link"),
        ({OWN: Module()}, "is another repository"),
        ({OWN: "deep", "submissions/alice/more": Link("../bob")}, "more is a link"),
        ({OWN: "deep", "other": Module()}, "other"),
    ],
)
def test_what_is_not_the_students_to_change_is_left_for_a_person(
    host: Host, files: dict[str, Content], words: str
) -> None:
    outcome, fault = graded(host, request(host, host.open(files)))
    assert (outcome.status, fault) == (NOT_GRADED, "")
    assert outcome.labels == (NEEDS_PERSON,)
    assert words in " ".join(outcome.words)
    assert not (host.folder / "out" / "report.json").exists()
    assert (host.folder / "out" / "shown" / "labels.txt").read_text() == "needs-person\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "changes nothing"),
        ({"submissions/alice/seq2seq (1).ipynb": "deep"}, f"Hand in {OWN}"),
        ({"submissions/alice/deeper/seq2seq.ipynb": "deep"}, f"Hand in {OWN}"),
        ({OWN: "deep", "submissions/ALICE/seq2seq.ipynb": "deep"}, "2 submissions"),
        ({OWN: b"x" * (MAX_BYTES + 1)}, "Clear large outputs"),
    ],
)
def test_what_the_student_can_mend_is_told_to_the_student_alone(
    host: Host, files: dict[str, Content], words: str
) -> None:
    outcome, fault = graded(host, request(host, host.open(files)))
    assert (outcome.status, outcome.labels, fault) == (NOT_GRADED, (), "")
    assert words in " ".join(outcome.words)


def test_a_renamed_submission_is_found_and_a_deleted_one_missed(host: Host) -> None:
    host.base = host.commit({"submissions/alice/old.ipynb": "deep " * 99}, host.base)
    head = host.commit({"submissions/alice/old.ipynb": None, OWN: "deep " * 99})
    host.push("refs/pull/7/head")
    assert graded(host, request(host, head))[0].status == GRADED
    host.base = head
    outcome, _ = graded(host, request(host, host.open({OWN: None})))
    assert outcome.status == NOT_GRADED
    assert "was deleted" in " ".join(outcome.words)


def test_what_the_course_changed_meanwhile_is_not_held_against_the_student(host: Host) -> None:
    head = host.open({OWN: "deep"})
    host.base = host.commit({"README.md": "newer"}, host.base)
    host.push("refs/heads/main")
    assert graded(host, request(host, head))[0].status == GRADED


def test_a_history_of_its_own_is_not_graded(host: Host) -> None:
    host.git("checkout", "--quiet", "--orphan", "alone")
    head = host.commit({OWN: "deep"})
    host.push("refs/pull/7/head")
    outcome, fault = graded(host, request(host, head))
    assert outcome.status == GRADER_ERROR
    assert "no commit in common" in fault


def test_the_author_is_the_events_and_never_the_commits(host: Host) -> None:
    forged = {"GIT_AUTHOR_NAME": "bob", "GIT_AUTHOR_EMAIL": "bob@example.org"}
    head = host.open({"submissions/bob/seq2seq.ipynb": "deep"}, by=forged)
    assert graded(host, request(host, head, "mallory"))[0].status == NOT_GRADED
    head = host.open({"submissions/mallory/seq2seq.ipynb": "deep"}, by=forged)
    outcome, _ = graded(host, request(host, head, "mallory"))
    assert outcome.login == "mallory"
    assert outcome.author == "bob <bob@example.org>"


def test_the_events_commit_is_graded_although_another_was_pushed_since(host: Host) -> None:
    head = host.open({OWN: "deep"})
    newest = host.open({OWN: "shallow", "README.md": "mine"})
    outcome, _ = graded(host, request(host, head))
    assert (outcome.status, outcome.head, outcome.replaced_by) == (GRADED, head, newest)
    assert (host.folder / "out" / "seq2seq.ipynb").read_text() == "deep"
    assert newest[:12] in " ".join(outcome.words)


def test_a_commit_that_is_gone_is_told_from_the_graders_fault(host: Host) -> None:
    newest = host.open({OWN: "deep"})
    outcome, _ = graded(host, request(host, "9" * 40))
    assert outcome.status == NOT_GRADED
    assert newest[:12] in " ".join(outcome.words)
    outcome, fault = graded(host, Request("alice", "9" * 40, host.base))
    assert outcome.status == GRADER_ERROR
    assert "9999" in fault


def test_in_a_repository_of_the_students_own_one_file_is_looked_at(host: Host) -> None:
    head = host.open({"seq2seq.ipynb": "deep", "README.md": "mine"})
    door = Conditions(judge, ["seq2seq"], path="seq2seq.ipynb")
    assert graded(host, Request("alice", head), door)[0].status == GRADED
    door = replace(door, assignments=["q", "seq2seq", "eq2seq"])  # the whole name is meant
    assert graded(host, Request("alice", head), door)[0].assignment == "seq2seq"
    head = host.open({"seq2seq.ipynb": Link("README.md")})
    assert graded(host, Request("alice", head), door)[0].status == NOT_GRADED
    head = host.open({"seq2seq.ipynb": None})
    assert "not there" in " ".join(graded(host, Request("alice", head), door)[0].words)


def test_a_fault_of_the_grader_costs_the_student_nothing(host: Host) -> None:
    outcome, fault = graded(host, request(host, host.open({OWN: "breaks the judge"})))
    assert outcome.status == GRADER_ERROR
    assert "secret" in fault
    pages = [path.read_text() for path in (host.folder / "out" / "shown").iterdir()]
    assert not [page for page in pages if "secret" in page]
    assert "costs you nothing" in (host.folder / "out" / "shown" / "summary.md").read_text()


def test_nothing_of_an_earlier_request_stays_in_the_folder(host: Host) -> None:
    graded(host, request(host, host.open({OWN: "deep"})))
    graded(host, request(host, host.open({"README.md": "mine"})))
    left = {path.name for path in (host.folder / "out").rglob("*") if path.is_file()}
    assert not left & {"report.json", "seq2seq.ipynb"}


def test_no_program_that_a_repository_names_is_run(host: Host, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    attributes = "* diff=evil filter=evil textconv=evil\n"
    head = host.open({OWN: "deep", "submissions/alice/.gitattributes": attributes})
    for key in ("diff.evil.textconv", "diff.evil.command", "filter.evil.smudge", "core.fsmonitor"):
        host.git("config", key, f"touch {witness}", at=host.course)
    host.git("config", "diff.external", f"touch {witness}", at=host.course)
    (host.course / "info" / "attributes").write_text(attributes)
    for name in ("post-checkout", "reference-transaction", "fsmonitor-watchman"):
        hook = host.course / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {witness}\n")
        hook.chmod(0o755)
    assert graded(host, request(host, head))[0].status == GRADED
    assert not witness.exists()


def test_a_stand_in_for_an_object_is_not_believed(host: Host) -> None:
    head = host.open({OWN: "shallow"})
    better = host.open({OWN: "deep"})
    host.git("replace", head, better, at=host.course)
    graded(host, request(host, head))
    assert (host.folder / "out" / "seq2seq.ipynb").read_text() == "shallow"


def test_an_object_beyond_the_cap_is_not_read(host: Host) -> None:
    head = host.open({OWN: "12345"})
    repository = Repository(host.course)
    blob = repository.entry(head, OWN).blob
    assert repository.read(blob, 5) == b"12345"
    with pytest.raises(GitError, match="more than 4 bytes"):
        repository.read(blob, 4)


def test_times_and_names_that_are_none_are_survived(host: Host) -> None:
    head = host.open({OWN: "deep"})
    tree = host.git("rev-parse", f"{head}^{{tree}}")
    text = f"tree {tree}\nparent {host.base}\nauthor \ncommitter a <b> 99999999999999999999 +0\n\nx"
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        cwd=host.course,
        input=text.encode(),
        capture_output=True,
        check=True,
    )
    outcome, fault = graded(host, request(host, made.stdout.decode().strip()))
    assert (outcome.status, fault) == (GRADED, "")
    assert (outcome.author, outcome.committed) == ("", "")


def test_an_event_is_read_and_its_time_is_the_servers(host: Host) -> None:
    head = host.open({OWN: "deep"})
    path = host.event(head)
    known = read_event(path)
    assert known == request(host, head)
    event = json.loads(path.read_text())
    path.write_text(json.dumps({**event, "action": "opened"}))
    assert read_event(path).came != known.came


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", {"login": "../bob"}),
        ("user", {"login": "a/b"}),
        ("user", {"login": "a\n::error::"}),
        ("user", {"login": 7}),
        ("user", None),
        ("head", {"sha": "--upload-pack=x"}),
        ("head", {"sha": "main"}),
        ("base", {}),
        ("number", "7"),
        ("number", True),
        ("number", -1),
        ("updated_at", "yesterday"),
        ("updated_at", "2026-11-20T10:00:00"),
    ],
)
def test_an_event_that_lacks_what_must_be_known_is_refused(
    host: Host, field: str, value: object
) -> None:
    path = host.event(host.base)
    event = json.loads(path.read_text())
    event["pull_request"][field] = value
    path.write_text(json.dumps(event))
    with pytest.raises(EventError):
        read_event(path)


@pytest.mark.parametrize("text", ["[]", "{}", "no JSON", "[" * 100_000, '{"pull_request": []}'])
def test_a_file_that_is_no_event_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "event.json"
    path.write_text(text)
    with pytest.raises(EventError):
        read_event(path)


@pytest.mark.parametrize("name", ["alice", "Alice-1", "mona_acme", "a.b", "dependabot[bot]"])
def test_names_of_accounts_are_taken(name: str) -> None:
    assert login(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "-x", "a b", "a/b", "é", "x" * 101])
def test_other_names_are_not(name: str) -> None:
    with pytest.raises(EventError):
        login(name)
