"""The workflows keep the rules, and do for a student what the pages say; without GitHub."""

from __future__ import annotations

import copy
import html
import json
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from autograder.assignment import ROOT
from autograder.files import MAX_BYTES
from autograder.notebook.lesson import grade_id

from .pulls import Content, Host, Link, report
from .runner import SALT, TOKEN, Run, Runner, read_workflow
from .stand_in import client

FILES = [
    *sorted((ROOT / ".github" / "workflows").glob("*.y*ml")),
    *sorted((ROOT / "autograder").rglob(".github/workflows/*.y*ml")),
]
GRADE = ROOT / ".github" / "workflows" / "grade.yml"
OWN = "submissions/alice/seq2seq.ipynb"
PINNED = re.compile(r"[\w-]+/[\w./-]+@[0-9a-f]{40}")
# what would run what a request brings, hand a step's text to later steps, or keep it for later runs
FORBIDDEN = ["git checkout", "git switch", "git worktree", "gh pr checkout", "GITHUB_ENV"]
FORBIDDEN += ["GITHUB_PATH", "GITHUB_OUTPUT", "set +e", "curl ", "wget "]


def faults(workflow: dict[str, Any]) -> Iterator[str]:
    """What a workflow does that none may."""
    if workflow.get("permissions") != {}:
        yield "permissions are not empty at the top"
    if "group" not in workflow.get("concurrency", {}):
        yield "no concurrency group"
    privileged = {"pull_request_target", "workflow_run"} & set(workflow["on"])
    if privileged and "pull_request.number" not in str(workflow.get("concurrency")):
        yield "concurrency is not per request"
    for name, job in workflow["jobs"].items():
        text = yaml.safe_dump(job)
        permissions = job.get("permissions")
        if not isinstance(permissions, dict):
            yield f"{name}: no permissions of its own"
            continue
        writes = "write" in permissions.values()
        if not isinstance(job.get("timeout-minutes"), int):
            yield f"{name}: no time limit"
        if "secrets" in text and "environment" not in job:
            yield f"{name}: a secret outside an environment"
        if "secrets: inherit" in text:
            yield f"{name}: secrets inherited"
        if "actions/cache" in text or re.search(r"^\s*cache:", text, re.M):
            yield f"{name}: a cache"
        if writes and re.search(r"secrets\.|actions/checkout|python", text):
            yield f"{name}: writes, and has a secret, a checkout or the grader"
        for step in job["steps"]:
            yield from _faults_of_step(name, step, bool(privileged))


def _faults_of_step(job: str, step: dict[str, Any], privileged: bool) -> Iterator[str]:
    uses, run, terms = step.get("uses"), step.get("run", ""), step.get("with", {})
    if uses is not None and not PINNED.fullmatch(uses):
        yield f"{job}: {uses} is not pinned by its full SHA"
    if uses and uses.startswith("actions/checkout"):
        if terms.get("persist-credentials") is not False:
            yield f"{job}: a checkout that keeps its credentials"
        if privileged and ("ref" in terms or "allow-unsafe-pr-checkout" in terms):
            yield f"{job}: a checkout of something chosen by a request"
    if "${{" in run:
        yield f"{job}: an expression inside a script"
    for words in FORBIDDEN:
        if words in run:
            yield f"{job}: {words}"
    if "autograder pr" in run and set(step.get("env", {})) != {"AUTOGRADER_SALT"}:
        yield f"{job}: the grader runs with more than the salt"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_workflow_keeps_the_rules(file: Path) -> None:
    assert list(faults(read_workflow(file))) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_pin_names_its_version(file: Path) -> None:
    lines = [line for line in file.read_text().splitlines() if "uses:" in line]
    assert lines
    assert [line for line in lines if not re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []


def test_an_action_is_pinned_the_same_everywhere() -> None:
    pins = set(re.findall(r"uses: (\S+)@(\S+) # (\S+)", "".join(f.read_text() for f in FILES)))
    assert len(pins) == len({action for action, _, _ in pins})


def test_no_secret_is_known_to_the_students_workflow() -> None:
    students = [file for file in FILES if "template" in file.parts]
    assert students
    assert not [file for file in students if re.search(r"secrets|token", file.read_text())]


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def edit(workflow: dict[str, Any]) -> None:
        *keys, last = [int(key) if key.isdigit() else key for key in path.split("/")]
        place: Any = workflow
        for key in keys:
            place = place[key]
        place[last] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (_set("permissions", {"contents": "read"}), "at the top"),
        (_set("permissions", "write-all"), "at the top"),
        (_set("concurrency", {"group": "grade"}), "not per request"),
        (_set("concurrency", {}), "no concurrency"),
        (_set("jobs/grade/permissions", "write-all"), "no permissions of its own"),
        (_set("jobs/grade/permissions", {"contents": "write"}), "writes, and has"),
        (_set("jobs/grade/timeout-minutes", None), "no time limit"),
        (_set("jobs/comment/env", {"SALT": "${{ secrets.AUTOGRADER_SALT }}"}), "writes, and has"),
        (_set("jobs/comment/env", {"SALT": "${{ secrets.AUTOGRADER_SALT }}"}), "outside an env"),
        (_set("jobs/comment/steps/0/uses", "actions/download-artifact@v8"), "not pinned"),
        (_set("jobs/comment/steps/0/uses", f"actions/checkout@{'0' * 40}"), "keeps its cred"),
        (_set("jobs/grade/steps/0/with/persist-credentials", True), "keeps its cred"),
        (_set("jobs/grade/steps/0/with/ref", "${{ github.event.x }}"), "chosen by a request"),
        (_set("jobs/grade/steps/1/with/cache", "pip"), "a cache"),
        (_set("jobs/grade/steps/3/run", "echo ${{ github.event.x }}"), "expression inside"),
        (_set("jobs/grade/steps/3/run", "gh pr checkout 7"), "gh pr checkout"),
        (_set("jobs/grade/steps/3/run", 'echo "A=b" >> "$GITHUB_ENV"'), "GITHUB_ENV"),
        (_set("jobs/grade/steps/5/env/GH_TOKEN", "${{ github.token }}"), "more than the salt"),
    ],
)
def test_the_rules_find_what_breaks_them(
    edit: Callable[[dict[str, Any]], None], fault: str
) -> None:
    workflow = copy.deepcopy(read_workflow(GRADE))
    edit(workflow)
    assert [found for found in faults(workflow) if fault in found]


@pytest.fixture(scope="module")
def stand_in() -> Iterator[str]:
    """A program that grades with a stand-in for the judge, at once."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "door"
        command = [sys.executable, "-m", "tests.stand_in", str(place)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield client(place)
            server.kill()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


@pytest.fixture
def runner(tmp_path: Path, host: Host, stand_in: str) -> Runner:
    return Runner(tmp_path / "runner", host.folder, stand_in)


def grade(runner: Runner, host: Host, head: str, login: str = "alice") -> Run:
    return runner.run(GRADE, host.event(head, login))


def read(page: str) -> str:
    """The words of a page, as a reader sees them."""
    return html.unescape(page).replace("\u200b", "")


def test_a_good_request_is_graded_and_told(runner: Runner, host: Host) -> None:
    run = grade(runner, host, host.open({OWN: "deep"}))
    assert run.failed == [], run.output
    assert "seq2seq: 40 of 40 points" in run.comments[0]
    assert run.summary == run.comments[0]
    assert run.labels == []
    posted = [call["arguments"] for call in run.calls if "body" in call]
    assert "POST" in posted[0]
    assert "repos/course.git/issues/7/comments" in posted[0]


def test_a_second_push_changes_the_same_comment_and_tells_what_changed(
    runner: Runner, host: Host
) -> None:
    first = grade(runner, host, host.open({OWN: "shallow"}))
    (runner.answers / "comments").write_text("99\n")
    (runner.answers / "artifacts").write_text("5\n")
    with zipfile.ZipFile(runner.answers / "zip", "w") as packed:
        packed.write(first.artifacts / "pull-7" / "report.json", "report.json")
    run = grade(runner, host, host.open({OWN: "deep"}))
    assert run.failed == [], run.output
    assert "encoder: 8 → 20 points" in run.comments[0]
    patched = [call["arguments"] for call in run.calls if "body" in call]
    assert "repos/course.git/issues/comments/99" in patched[0]


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_an_artifact_that_is_none_does_not_stop_the_grading(
    runner: Runner, host: Host, content: bytes
) -> None:
    (runner.answers / "artifacts").write_text("5\n")
    (runner.answers / "zip").write_bytes(content)
    run = grade(runner, host, host.open({OWN: "deep"}))
    assert run.failed == [], run.output
    assert "40 of 40" in run.comments[0]


@pytest.mark.parametrize(
    ("files", "words", "labels"),
    [
        ({OWN: "deep", ".github/workflows/grade.yml": "on: push"}, "grade.yml", ["needs-person"]),
        ({OWN: "deep", "checks/test_encoder.py": ""}, "checks/test_encoder.py", ["needs-person"]),
        ({OWN: "deep", "submissions/bob/seq2seq.ipynb": ""}, "bob", ["needs-person"]),
        ({"submissions/mallory/seq2seq.ipynb": "deep"}, "mallory", ["needs-person"]),
        ({OWN: Link("/etc/passwd")}, "is a link", ["needs-person"]),
        ({OWN: b"x" * (MAX_BYTES + 1)}, "Clear large outputs", []),
        ({"submissions/alice/renamed.ipynb": "deep"}, OWN, []),
        ({OWN: "deep", "submissions/ALICE/seq2seq.ipynb": "deep"}, "2 submissions", []),
    ],
)
def test_what_cannot_be_graded_is_said_and_labelled(
    runner: Runner, host: Host, files: dict[str, Content], words: str, labels: list[str]
) -> None:
    forged = {"GIT_AUTHOR_NAME": "mallory", "GIT_AUTHOR_EMAIL": "mallory@example.org"}
    run = grade(runner, host, host.open(files, by=forged))
    assert run.failed == []
    assert "not graded" in run.comments[0]
    assert words in read(run.comments[0])
    assert run.labels == labels


def test_a_push_between_event_and_grading_changes_nothing(runner: Runner, host: Host) -> None:
    head = host.open({OWN: "deep"})
    event = host.event(head)
    newest = host.open({OWN: "shallow", "README.md": "mine"})
    run = runner.run(GRADE, event)
    assert run.failed == [], run.output
    assert "40 of 40" in run.comments[0]
    assert newest[:12] in run.comments[0]


def test_the_graders_fault_is_told_to_student_and_instructor(runner: Runner, host: Host) -> None:
    run = grade(runner, host, host.open({OWN: "breaks the judge"}))
    assert run.failed == ["grade: grade"]
    assert "costs you nothing" in run.comments[0]
    assert "secret" not in run.comments[0] + run.output
    assert run.labels == ["needs-person"]


def test_without_a_salt_nothing_is_graded(
    runner: Runner, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.runner.SALT", "")
    run = grade(runner, host, host.open({OWN: "deep"}))
    assert "grade: grade" in run.failed
    assert run.comments == []


def test_too_many_attempts_wait_for_another_day(runner: Runner, host: Host) -> None:
    (runner.answers / "runs").write_text("10\n")
    run = grade(runner, host, host.open({OWN: "deep"}))
    assert "after midnight" in run.comments[0]


def test_tokens_go_to_github_and_nowhere_else(runner: Runner, host: Host) -> None:
    run = grade(runner, host, host.open({OWN: "deep"}))
    assert {call["token"] for call in run.calls} == {TOKEN}
    for path in [*run.artifacts.rglob("*"), *(runner.folder / "comment").rglob("*")]:
        if path.is_file():
            assert TOKEN not in path.read_text(errors="replace")
            assert SALT not in path.read_text(errors="replace")
    assert TOKEN not in run.output


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
@pytest.mark.parametrize(
    ("step", "record", "answer"),
    [
        ("look up", {"total_count": 3}, ["2"]),
        ("look up", {"total_count": 0}, ["0"]),
        ("look up", {"artifacts": []}, []),
        (
            "look up",
            {"artifacts": [{"id": 1, "expired": True}, {"id": 2, "expired": False}]},
            ["2"],
        ),
        ("comment", [{"id": 1, "user": {"login": "mallory"}, "body": "<!-- autograder -->"}], []),
        (
            "comment",
            [
                {"id": 1, "user": {"login": "github-actions[bot]"}, "body": "hello"},
                {"id": 2, "user": {"login": "github-actions[bot]"}, "body": "<!-- autograder -->x"},
            ],
            ["2"],
        ),
    ],
)
def test_the_questions_to_github_find_the_right_thing(
    step: str, record: Any, answer: list[str]
) -> None:
    scripts = [
        known["run"]
        for job in read_workflow(GRADE)["jobs"].values()
        for known in job["steps"]
        if known.get("name", "").startswith(step)
    ]
    questions = re.findall(r"(?:--jq |own=)'([^']+)'", scripts[0])
    wanted = next(iter(record)) if isinstance(record, dict) else "login"
    question = next(known for known in questions if wanted in known)
    done = subprocess.run(
        ["jq", "--raw-output", question], input=json.dumps(record), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == answer


def test_the_judge_grades_hostile_code_and_what_it_says_is_inert(
    tmp_path: Path, host: Host
) -> None:
    """The whole way with the real judge: code that prints commands, and looks for secrets."""
    notebook = nbformat.read(ROOT / "assignments" / "seq2seq" / "seq2seq.ipynb", as_version=4)
    for cell in notebook.cells:
        if grade_id(cell) == "encoder":
            cell.source = f"{HOSTILE_CODE}# {secrets.token_hex(8)}"  # so that no result is kept
    runner = Runner(tmp_path / "runner", host.folder)
    run = grade(runner, host, host.open({OWN: nbformat.writes(notebook)}))
    assert run.failed == [], run.output
    assert "seq2seq: 0 of 90 points" in run.comments[0]
    told = run.output + "".join(p.read_text() for p in (run.artifacts / "pull-7").iterdir())
    assert "found nothing" in told
    assert "found a secret" not in told
    for secret in (SALT, TOKEN):
        assert secret not in told
    commands = [line for line in run.output.splitlines() if "::" in line]
    assert commands
    assert [line for line in commands if not line.startswith(f"::error file={OWN},line=")] == []
    assert "<img" not in run.comments[0]
    assert "@everyone" not in run.comments[0]


HOSTILE_CODE = """
import os, pathlib

found = "found nothing"
for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
    try:
        if b"SALT" in path.read_bytes() or b"TOKEN" in path.read_bytes():
            found = "found a secret"
    except OSError:
        pass
if [name for name in os.environ if name.startswith(("AUTOGRADER", "GITHUB", "RUNNER", "GH_"))]:
    found = "found a secret"
print("::error file=x::forged")
print("##[set-env name=PATH;]/tmp")


class Encoder:
    def __init__(self, *arguments, **named):
        print("::add-mask::x")
        raise ValueError(found + " @everyone <img src=x> ::error::forged %0A::error::forged")
"""


def test_a_report_is_shown_to_the_next_run_only_if_nothing_is_held_back(
    runner: Runner, host: Host
) -> None:
    run = grade(runner, host, host.open({OWN: "deep"}))
    names = {path.name for path in (run.artifacts / "pull-7").iterdir()}
    assert names == {
        *("outcome.json", "summary.md", "junit.xml"),
        *("annotations.txt", "labels.txt", "report.json"),
    }
    assert report().max_points == 40
