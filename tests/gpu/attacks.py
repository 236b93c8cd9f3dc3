"""The attacks of tests/attacks through the command line, with the device let in after marking."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..attacks import doors
from ..attacks.catalogue import ASSIGNMENT, entries
from ..attacks.course import SOLVED, UNTOUCHED, Course
from ..test_attacks import ALL, SLACK, can_be_named, honest_mark

FEW = 6


def found(device: str, few: bool) -> Iterator[tuple[str, Any]]:
    """What the attacks gained, left behind or showed; nothing of it should be."""
    chosen = entries()[: FEW if few else None]
    yield "attacks", len(chosen)
    with tempfile.TemporaryDirectory() as folder:
        course = Course(Path(folder), ASSIGNMENT)
        for entry in chosen:
            course.hand_in(entry)
        everyone = [SOLVED, *(entry.id for entry in chosen), UNTOUCHED]
        readable = [name for name in everyone if can_be_named(course, name)]
        options = ["--device=cuda"] if device == "cuda" else []
        door = doors.command_line(course, readable, *options)
        marks, texts = door.marks, door.texts
        above = [e.id for e in chosen if marks.get(e.id, 0.0) > honest_mark(e) + SLACK]
        yield "marked above the honest mark", above
        yield "showed a secret", [name for name in readable if course.secret in texts[name]]
        yield "left files", {name: len(paths) for name, paths in door.planted.items()}
        yield "left processes", len(door.running)
        yield "not graded", [name for name in readable if name not in marks]
        yield "neighbours marked rightly", (marks.get(SOLVED), marks.get(UNTOUCHED)) == (ALL, 0)
