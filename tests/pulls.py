"""A host of git repositories made of folders: a course, its students' forks, their requests."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.pull.event import Request, time
from autograder.pull.git import Repository
from autograder.pull.grading import Conditions, grade_request
from autograder.pull.outcome import Outcome
from autograder.report.record import Report, TaskReport
from checks.verdicts import CheckResult, Verdict

CAME = "2026-11-20T10:00:00Z"
NOW = datetime(2026, 11, 20, 10, 1, tzinfo=UTC)
GIVEN = {
    "README.md": "a course",
    "seq2seq.ipynb": "given",
    "checks/test_encoder.py": "given",
    ".github/workflows/check.yml": "given",
    "submissions/README.md": "hand in here",
    "submissions/bob/seq2seq.ipynb": "bob's",
}


@dataclass(frozen=True)
class Link:
    """A symbolic link to be committed."""

    to: str


@dataclass(frozen=True)
class Module:
    """Another repository to be committed as a submodule."""

    commit: str = "1" * 40


@dataclass(frozen=True)
class Program:
    """A file that may be executed."""

    text: str


Content = str | bytes | Link | Module | Program | None  # None: deleted


class Host:
    """The course's bare repository, and a place to make commits that are pushed to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.course = folder / "course.git"
        self._fork = folder / "fork"
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.course), at=folder)
        self.git("config", "uploadpack.allowAnySHA1InWant", "true", at=self.course)
        self.git("init", "--quiet", "--initial-branch=main", str(self._fork), at=folder)
        self.base = self.commit(GIVEN)
        self.push("refs/heads/main")

    def git(
        self, *arguments: str, at: Path | None = None, by: Mapping[str, str] | None = None
    ) -> str:
        """Run git as a student would, and return what it says."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_AUTHOR_NAME": "A. Student",
            "GIT_AUTHOR_EMAIL": "student@example.org",
            "GIT_COMMITTER_NAME": "A. Student",
            "GIT_COMMITTER_EMAIL": "student@example.org",
            **(by or {}),
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=at or self._fork,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(
        self, files: Mapping[str, Content], onto: str = "", by: Mapping[str, str] | None = None
    ) -> str:
        """Commit changes onto the given commit, or onto what was committed last."""
        if onto:
            self.git("checkout", "--quiet", "--force", "--detach", onto)
        for name, content in files.items():
            path = self._fork / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if isinstance(content, Link):
                path.symlink_to(content.to)
            elif isinstance(content, Program):
                path.write_text(content.text)
                path.chmod(0o755)
            elif isinstance(content, str | bytes):
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all")
        for name, content in files.items():
            if isinstance(content, Module):
                terms = f"160000,{content.commit},{name}"
                self.git("update-index", "--add", "--cacheinfo", terms)
        self.git("commit", "--quiet", "--allow-empty", "--message", "work", by=by)
        return self.git("rev-parse", "HEAD")

    def push(self, ref: str) -> None:
        """Push what was committed last, over whatever was there."""
        self.git("push", "--quiet", "--force", str(self.course), f"HEAD:{ref}")

    def open(
        self,
        files: Mapping[str, Content],
        number: int = 7,
        onto: str = "",
        by: Mapping[str, str] | None = None,
    ) -> str:
        """Open a request, or push to it again; the name of its newest commit."""
        head = self.commit(files, onto or self.base, by)
        self.push(f"refs/pull/{number}/head")
        return head

    def event(self, head: str, login: str = "alice", number: int = 7, came: str = CAME) -> Path:
        """The event file of a request, as GitHub writes it."""
        event = {
            "action": "synchronize",
            "pull_request": {
                "number": number,
                "user": {"login": login},
                "head": {"sha": head},
                "base": {"sha": self.base},
                "created_at": "2026-11-01T00:00:00Z",
                "updated_at": came,
            },
        }
        path = self.folder / f"event-{number}.json"
        path.write_text(json.dumps(event))
        return path


def report(
    earned: Mapping[str, bool] | None = None, rationale: str = "", findings: tuple[str, ...] = ()
) -> Report:
    """A report of two tasks, each with a public and a hidden check, and one graded by hand."""
    tasks = []
    for key in ("encoder", "greedy"):
        passed = (earned or {}).get(key, True)
        verdict = Verdict.PASSED if passed else Verdict.WRONG
        checks = (
            CheckResult(f"{key}/open", f"Your {key} is open.", 1.0, Verdict.PASSED, public=True),
            CheckResult(
                f"{key}/deep",
                f"Your {key} is deep.",
                3.0,
                verdict,
                public=False,
                rationale="" if passed else rationale or "it was shallow",
                help="" if passed else "dig deeper",
            ),
            CheckResult(f"{key}/wide", f"Your {key} is wide.", 1.0, Verdict.PASSED, public=False),
        )
        tasks.append(TaskReport(key, 20.0, checks))
    tasks.append(TaskReport("translation", 10.0, by_hand=True))
    return Report("seq2seq", tuple(tasks), findings, wall="none", suite="s", submission="d")


def judge(name: str, notebook: Path) -> Report:
    """Stands for the judge: a notebook that says "deep" has it all."""
    text = notebook.read_text(errors="replace")
    if "breaks the judge" in text:
        raise ZeroDivisionError("the secret of the suite")
    return report({"encoder": "deep" in text, "greedy": "deep" in text})


def graded(host: Host, request: Request, door: Conditions | None = None) -> tuple[Outcome, str]:
    """Grade a request with the stand-in; records and pages lie in `host.folder / "out"`."""
    door = door or Conditions(judge, ["seq2seq"], offering=host.folder / "offering.toml")
    return grade_request(request, Repository(host.course), host.folder / "out", door, NOW)


def request(host: Host, head: str, login: str = "alice", came: str | None = CAME) -> Request:
    """The request numbered 7."""
    return Request(login, head, host.base, 7, time(came) if came else None)
