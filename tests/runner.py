"""A runner of workflows without GitHub: it runs the `run:` steps as they are written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from autograder.assignment import ROOT

SALT = "a salt that nobody may see"
TOKEN = "a token that nobody may see"
EXPRESSION = re.compile(r"\$\{\{ ([\w.]+)(?: \|\| [\w.]+)? \}\}")
# answers what `gh api` is asked in the workflows, and writes down every call
GH = """#!{python}
import json, os, pathlib, sys
folder = pathlib.Path({folder!r})
arguments = sys.argv[1:]
call = {{"arguments": arguments, "token": os.environ.get("GH_TOKEN", "")}}
for argument in arguments:
    if argument.startswith("body=@"):
        call["body"] = pathlib.Path(argument[6:]).read_text()
with (folder / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps(call) + "\\n")
path = next(a for a in arguments if a.startswith("repos/"))
if "--method" in arguments and arguments[arguments.index("--method") + 1] != "GET":
    sys.exit(0)
name = "zip" if path.endswith("/zip") else path.rpartition("/")[2]
answer = folder / "answers" / name
if answer.exists():
    sys.stdout.buffer.write(answer.read_bytes())
"""
NOTHING = "#!/bin/sh\nexit 0\n"


def read_workflow(path: Path) -> dict[str, Any]:
    """A workflow as GitHub reads it; `on` is a word, not a truth."""
    workflow = yaml.safe_load(path.read_text())
    if True in workflow:  # YAML 1.1's `on`
        workflow["on"] = workflow.pop(True)
    return dict(workflow)


@dataclass
class Run:
    """What came of a workflow."""

    failed: list[str] = field(default_factory=list)  # names of jobs' steps
    output: str = ""  # the log
    calls: list[dict[str, Any]] = field(default_factory=list)  # of `gh`
    summary: str = ""
    artifacts: Path = Path()

    @property
    def comments(self) -> list[str]:
        """The bodies of comments that were written."""
        return [call["body"] for call in self.calls if "body" in call]

    @property
    def labels(self) -> list[str]:
        """The labels that were put on the request."""
        fields = [a for call in self.calls for a in call["arguments"]]
        return [a.removeprefix("labels[]=") for a in fields if a.startswith("labels[]=")]


class Runner:
    """Runs a workflow on an event; what `gh` is to answer lies in `answers`."""

    def __init__(self, folder: Path, server: Path, stand_in: str = "") -> None:
        """Use a folder for all it writes; the course's repository is `server/course.git`.

        Args:
            stand_in: a program in place of the grader's Python; without one it is this one, and
                the real judge grades.
        """
        self.folder, self._server = folder, server
        self.answers = folder / "answers"
        self.workspace = folder / "workspace" if stand_in else ROOT
        programs = folder / "programs"
        for place in (self.answers, programs, self.workspace):
            place.mkdir(parents=True, exist_ok=True)
        (self.answers / "runs").write_text("0\n")
        self._program(programs / "gh", GH.format(python=sys.executable, folder=str(folder)))
        self._program(programs / "sudo", NOTHING)
        self._program(programs / "make", NOTHING)
        if stand_in:
            python = self.workspace / ".venv" / "bin" / "python"
            python.parent.mkdir(parents=True)
            self._program(python, stand_in)

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def run(self, workflow: Path, event: Path) -> Run:
        """Run all jobs, each after those it needs, as they stand in the file."""
        result = Run(artifacts=self.folder / "artifacts")
        (self.folder / "calls.jsonl").write_text("")
        for name, job in read_workflow(workflow)["jobs"].items():
            home = self.folder / name
            shutil.rmtree(home, ignore_errors=True)
            (home / "temp").mkdir(parents=True)
            at = self.workspace if name == "grade" else home
            going = True
            for step in job["steps"]:
                if not going and "cancelled" not in str(step.get("if", "")):
                    continue
                context = self._context(event, home)
                if not self._step(step, job, context, at, result):
                    result.failed.append(f"{name}: {step.get('name', step.get('uses'))}")
                    going = False
            result.summary += (home / "summary").read_text() if (home / "summary").exists() else ""
        lines = (self.folder / "calls.jsonl").read_text().splitlines()
        result.calls = [json.loads(line) for line in lines]
        return result

    def _context(self, event: Path, home: Path) -> dict[str, Any]:
        return {
            "github": {"event": json.loads(event.read_text()), "token": TOKEN, "path": str(event)},
            "secrets": {"AUTOGRADER_SALT": SALT},
            "runner": {"temp": str(home / "temp")},
        }

    def _step(
        self, step: dict[str, Any], job: dict[str, Any], context: dict[str, Any], at: Path, run: Run
    ) -> bool:
        action = step.get("uses", "").partition("@")[0]
        terms = {key: _filled(str(value), context) for key, value in step.get("with", {}).items()}
        if action == "actions/upload-artifact":
            if not Path(terms["path"]).is_dir():
                return False
            place = run.artifacts / terms["name"]
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(terms["path"], place)
        if action == "actions/download-artifact":
            if not (run.artifacts / terms["name"]).is_dir():
                return False
            shutil.copytree(run.artifacts / terms["name"], at / terms["path"])
        if "run" not in step:
            return True
        temp = context["runner"]["temp"]
        variables = {
            "PATH": f"{self.folder / 'programs'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "OMP_NUM_THREADS": "1",
            "RUNNER_TEMP": temp,
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_PATH": context["github"]["path"],
            "GITHUB_REPOSITORY": "course.git",
            "GITHUB_SERVER_URL": self._server.as_uri(),
            "GITHUB_STEP_SUMMARY": str(Path(temp).parent / "summary"),
            "GITHUB_OUTPUT": str(Path(temp).parent / "output"),
            "GITHUB_ENV": str(Path(temp).parent / "env"),
        }
        for given in (job.get("env", {}), step.get("env", {})):
            variables |= {key: _filled(str(value), context) for key, value in given.items()}
        script = Path(temp) / "script.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "-e", str(script)],
            cwd=at,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        run.output += done.stdout
        return done.returncode == 0


def _filled(text: str, context: Mapping[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        known: Any = context
        for key in found[1].split("."):
            known = known.get(key, "") if isinstance(known, dict) else ""
        return str(known)

    return EXPRESSION.sub(value, text)
