"""The attacks of tests/attacks through the command line, with the device let in after marking."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from autograder.judge.batch import processors

from ..attacks import doors
from ..attacks.catalogue import ASSIGNMENT, Entry, entries
from ..attacks.course import SOLVED, UNTOUCHED, Course
from ..test_attacks import ALL, SLACK, can_be_named, honest_mark

TOGETHER = 9  # in one course: devices are compared one submission after another
FEW = 6


def found(device: str, few: bool) -> Iterator[tuple[str, Any]]:
    """What the attacks gained, left behind or showed, so far; nothing of it should be."""
    chosen = entries()[: FEW if few else None]
    batches = [chosen[start : start + TOGETHER] for start in range(0, len(chosen), TOGETHER)]
    yield "attacks", len(chosen)
    gained: dict[str, list[str]] = {}
    tried = 0
    with ThreadPoolExecutor(max(1, processors() // 2)) as pool:
        running = {pool.submit(attacked, batch, device): len(batch) for batch in batches}
        for done in as_completed(running):
            tried += running[done]
            for name, what in done.result().items():
                gained[name] = gained.get(name, []) + what
            yield from gained.items()
            yield "tried", tried


def attacked(chosen: Sequence[Entry], device: str) -> dict[str, list[str]]:
    """What some attacks gained in a course of their own."""
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
        deserved = {SOLVED: ALL, UNTOUCHED: 0.0}
        return {
            "marked above the honest mark": above,
            "showed a secret": [name for name in readable if course.secret in texts[name]],
            "left files": list(door.planted),
            "left processes": door.running,
            "not graded": [name for name in readable if name not in marks],
            "neighbours marked wrongly": [n for n, m in deserved.items() if marks.get(n) != m],
        }
