"""Prints what grading costs and what it costs others, and writes it to `docs/speed.md`."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from autograder.assignment import ROOT, Assignment
from autograder.batch import processors
from autograder.notebook import released_notebook

from .classmates import classmates, programs
from .load import Load
from .one import Costs, costs
from .ours import Ours, OursWithDesk
from .peers import Nbgrader, Otter

SIZES = (1, 8, 100)
TABLE = ROOT / "docs" / "speed.md"
Row = tuple[str, int, Load, float]  # grader, size of the class, what it took, seconds in students


def main() -> None:
    """Measure one submission, then whole classes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("assignment")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, metavar="N")
    parser.add_argument("--write", action="store_true", help=f"to {TABLE.relative_to(ROOT)}")
    chosen = parser.parse_args()
    assignment = Assignment(chosen.assignment)
    lines = one_table(one := costs(assignment))
    print("\n".join(lines), flush=True)
    rows: list[Row] = []
    for size in chosen.sizes:
        rows += class_rows(assignment, size, one)
    lines += ["", *class_table(rows)]
    print("\n".join(class_table(rows)))
    if chosen.write:
        TABLE.write_text(page(lines), encoding="utf-8")


def one_table(one: Costs) -> list[str]:
    """What a submission costs."""
    figures = {
        "start of a run, once: sandbox, torch, trial of the wall; wall time": one.start,
        "one submission, its process: fork, cells, all probes; processor time": one.student,
        "one submission, judge; processor time": one.judge,
        "one submission; wall time": one.whole,
        "the judge without a wall, all answers remembered; processor time": one.alone,
    }
    rows = [f"| {label} | {seconds:.2f} s |" for label, seconds in figures.items()]
    return ["| what | median |", "|---|---|", *rows]


def class_rows(assignment: Assignment, size: int, one: Costs) -> list[Row]:
    """Grade the same class with every grader, one after another."""
    notebooks = classmates(assignment, size)
    cells = programs(notebooks, released_notebook(assignment))
    rows: list[Row] = []
    makers: list[Callable[[Path], Ours | Nbgrader | Otter]] = [
        lambda folder: Ours(assignment, notebooks, folder),
        lambda folder: OursWithDesk(assignment, notebooks, folder),
        lambda folder: Nbgrader(assignment, cells, folder),
        lambda folder: Otter(assignment, cells, folder),
    ]
    for make in makers:
        with tempfile.TemporaryDirectory() as home:
            grader = make(Path(home) / "course")
            load = grader.grade()
            if isinstance(grader, Ours):
                in_students = one.student * size
            else:
                in_students = grader.student_seconds()
        rows.append((grader.name, size, load, in_students))
        print(f"{grader.name}, class of {size}: {load.seconds:.1f} s", flush=True)
    return rows


def class_table(rows: list[Row]) -> list[str]:
    """A row for every grader and size, each against stock nbgrader."""
    stock = {size: load for name, size, load, _ in rows if name == Nbgrader.name}
    lines = [
        "| grader | class of | submissions a minute | against nbgrader "
        "| processor seconds a submission | in student code | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, size, load, in_students in rows:
        lines.append(
            f"| {name} | {size} | {60 * size / load.seconds:.1f} "
            f"| {stock[size].seconds / load.seconds:.1f} × "
            f"| {load.processor_seconds / size:.2f} "
            f"| {min(1.0, in_students / load.processor_seconds):.0%} "
            f"| {load.peak:.0f} MiB |"
        )
    return lines


def page(lines: list[str]) -> str:
    """The page that keeps the figures."""
    return "\n".join(
        [
            "# Speed",
            "",
            f"Written by `make bench` in one run on one machine with {processors()} of "
            f"{os.cpu_count()} processors, no GPU.",
            "",
            "Every grader ran the same hidden suites on the same submissions. The peers ran them, "
            "without a wall, in the kernel that ran the student's cells; no training cell was run. "
            '"In student code" is the time in probes for the peers, and for this grader all of '
            "the submission's process. A class starts from nothing: sandbox, reference answers, "
            "no kept result. Processor seconds are the machine's.",
            "",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    main()
