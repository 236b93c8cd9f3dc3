"""Measures what grading costs and what it costs others; `--write` keeps the figures."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from autograder.assignment import Assignment, released_notebook
from autograder.judge.batch import processors

from .classmates import classmates, programs
from .one import Costs, costs
from .ours import Ours, OursWithDesk
from .pages import Figures, Row, class_table, one_table
from .peers import Nbgrader, Otter

SIZES = (1, 8, 100)
SAMPLE = 20  # classmates that are graded one by one


def main() -> None:
    """Measure one submission, then whole classes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("assignment")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, metavar="N")
    parser.add_argument("--write", action="store_true", help="the figures, and the pages of them")
    chosen = parser.parse_args()
    assignment = Assignment(chosen.assignment)
    one = costs(assignment, classmates(assignment, SAMPLE))
    figures = Figures(processors(), asdict(one), [])
    print(one_table(figures), flush=True)
    for size in chosen.sizes:
        figures.rows.extend(class_rows(assignment, size, one))
    print(class_table(figures))
    if chosen.write:
        figures.write()


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
                in_students = one.others.student * size
            else:
                in_students = grader.student_seconds()
        used = (load.seconds, load.processor_seconds, in_students, load.peak)
        rows.append(Row(grader.name, size, *used))
        print(f"{grader.name}, class of {size}: {load.seconds:.1f} s", flush=True)
    return rows


if __name__ == "__main__":
    main()
