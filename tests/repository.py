"""A copy of the repository, as a clone would have it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from autograder.assignment import ROOT


def copy_repository(target: Path, without: str) -> None:
    """Copy what git knows or would take, but no path that begins with the pattern `without`."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and not re.match(without, name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)
