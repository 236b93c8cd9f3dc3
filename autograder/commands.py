"""Runs nbgrader's own commands as a person would, from the repository's root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .assignment import ROOT


def nbgrader(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an nbgrader command to its end; what it logged is in `stderr`."""
    with nbgrader_started(*arguments) as process:
        _, log = process.communicate()
    return subprocess.CompletedProcess(arguments, process.returncode, "", log)


def nbgrader_started(*arguments: str) -> subprocess.Popen[str]:
    """Start an nbgrader command under this Python; its log can be read from `stderr`."""
    return subprocess.Popen(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=ROOT,
        env={**os.environ, "PATH": programs_first(), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )


def programs_first() -> str:
    """PATH with this Python's programs first: nbgrader calls `alembic` by name."""
    return str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")


def last_error(log: str) -> str:
    """The line of an nbgrader log that says what went wrong."""
    if "database is locked" in log:  # nbgrader itself advises an upgrade
        return (
            "the gradebook is locked by another program, perhaps the Formgrader or another "
            "nbgrader; nothing is lost: close it, and run this again"
        )
    lines = [line.strip() for line in log.splitlines()]
    ours = [line.removeprefix("autograder.") for line in lines if line.startswith("autograder.")]
    errors = [line for line in lines if "ERROR" in line]
    return (ours or errors or ["no message"])[-1]
