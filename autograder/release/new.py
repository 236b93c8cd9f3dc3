"""Writes the smallest assignment that passes its own release, for an author to begin with."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from autograder.assignment import ROOT
from autograder.errors import AssignmentError

SMALLEST = Path(__file__).resolve().parent / "smallest"
PLACEHOLDER = "name"  # a folder or file of this name gets the assignment's
ROOMS = ("solutions", "checks", "autograder/suites", "tests/submissions")


def write_assignment(name: str, root: Path = ROOT) -> list[Path]:
    """Write the files of an assignment: one task, a public and a hidden check, two answers.

    Returns:
        What was written, as paths within the repository.

    Raises:
        AssignmentError: the name cannot name folders and modules, or something has it already.
        OSError: a file cannot be written.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise AssignmentError(
            f"{name!r} cannot name an assignment: its folders are Python packages too, so take "
            "letters, digits and _, such as week5"
        )
    for room in ROOMS:
        for taken in (root / room / name, root / room / f"{name}.py"):
            if taken.exists():
                raise AssignmentError(f"{name!r} is taken: {taken.relative_to(root)} is there")
    written = []
    for path in sorted(SMALLEST.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            place = path.relative_to(SMALLEST)
            named = (re.sub(rf"^{PLACEHOLDER}(?=$|\.)", name, part) for part in place.parts)
            place = Path(*named)
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_bytes(path.read_bytes())
            written.append(place)
    return written
