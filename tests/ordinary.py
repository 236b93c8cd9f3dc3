"""Commands run with an ordinary user's rights: to root, every file can be read and written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

RIGHTS = "--bounding-set=-dac_override,-dac_read_search,-fowner"
# root without these is held by the modes of files as everybody else is
PREFIX = ["setpriv", RIGHTS] if os.geteuid() == 0 else []


def run_module(course: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in a course's folder, as a person who is not root would."""
    return run_program(course, sys.executable, "-m", *arguments, **variables)


def run_program(course: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a course's folder, as a person who is not root would."""
    programs = str(Path(sys.executable).parent)
    environment: Mapping[str, str] = {
        **os.environ,
        "PATH": programs + os.pathsep + os.environ["PATH"],
        **variables,
    }
    return subprocess.run(
        [*PREFIX, *command],
        cwd=course,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
