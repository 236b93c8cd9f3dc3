"""`python -m tests.soak`: many mixed submissions on one wall leave memory flat and nothing behind.

Every tenth is an attack, the others are from the corpus; each is graded on its own task.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import psutil
from nbformat import NotebookNode

from autograder.assignment import Assignment, released_notebook
from autograder.judge.grade import grade
from autograder.notebook.repair import repair
from autograder.offering import Offering
from autograder.wall.build import build
from autograder.wall.limits import Limits

from .attacks.catalogue import CELLS, with_cell
from .attacks.catalogue import entries as attacks
from .corpus import entries

ASSIGNMENT = Assignment("seq2seq")
OFFERING = Offering(ASSIGNMENT, "soak")
MIB = 1024 * 1024
LIMITS = Limits().changed({"load_seconds": 3, "call_seconds": 2, "processor_seconds": 30})
GROWTH = 64.0  # MiB from the first look to the last: what a class of a thousand could afford
END_SECONDS = 10.0  # for the last submission to end


@dataclass(frozen=True)
class Held:
    """What the grader holds at a moment."""

    submissions: int
    judge: float  # MiB of its own
    warm: float  # MiB of the warm process and what is below it
    descriptors: int
    processes: int
    scratch: int  # files in the temporary folder


def main() -> int:
    """Grade, look ten times, and fail if something grows."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("submissions", type=int, nargs="?", default=500)
    chosen = parser.parse_args()
    every = max(1, chosen.submissions // 10)
    looks: list[Held] = []
    print(" | ".join(field.name for field in fields(Held)))
    with (
        tempfile.TemporaryDirectory() as tempfile.tempdir,
        closing(build(ASSIGNMENT.name, limits=LIMITS)) as wall,
    ):
        for number, (task, notebook) in enumerate(mixed(chosen.submissions), 1):
            release = released_notebook(ASSIGNMENT)
            grade(OFFERING, repair(notebook, release), wall, (task,))
            if number % every == 0:
                looks.append(look(number, looks))
                print(" | ".join(f"{value:.0f}" for value in astuple(looks[-1])), flush=True)
    # what the suites remember is all there after the first looks
    first, last = looks[len(looks) // 3], looks[-1]
    problems = [
        f"{name} grew from {before:.0f} to {after:.0f}"
        for name, before, after, allowed in (
            ("judge", first.judge, last.judge, GROWTH),
            ("warm", first.warm, last.warm, GROWTH),
            ("descriptors", first.descriptors, last.descriptors, 0),
            ("processes", first.processes, last.processes, 0),
            ("scratch", first.scratch, last.scratch, 0),
        )
        if after > before + allowed
    ]
    print("\n".join(problems) or "nothing grows")
    return 1 if problems else 0


def mixed(size: int) -> Iterator[tuple[str, NotebookNode]]:
    """Tasks, and notebooks that answer them rightly, wrongly or with an attack."""
    release = released_notebook(ASSIGNMENT)
    hostile, ordinary = attacks(*CELLS), entries(ASSIGNMENT)
    for number in range(size):
        if number % 10 == 0:
            attack = hostile[number // 10 % len(hostile)]
            yield attack.cell, with_cell(release, attack.cell, attack.text)
        else:
            entry = ordinary[number * 97 % len(ordinary)]
            yield entry.task, with_cell(release, entry.task, entry.code)


def look(number: int, before: list[Held]) -> Held:
    """Look, once what is ending has ended."""
    deadline = time.monotonic() + END_SECONDS
    while True:
        held = now(number)
        if not before or held.processes <= before[0].processes or time.monotonic() > deadline:
            return held
        time.sleep(0.1)


def now(number: int) -> Held:
    """What is held at this moment."""
    gc.collect()
    me = psutil.Process()
    below = me.children(recursive=True)
    return Held(
        number,
        me.memory_full_info().uss / MIB,
        sum(process.memory_full_info().uss for process in below) / MIB,
        me.num_fds(),
        len(below),
        len(list(Path(tempfile.gettempdir()).iterdir())),
    )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
