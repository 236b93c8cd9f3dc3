"""`docs/speed.json` holds what was measured; the speed page and the README's table show it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from autograder.assignment import ROOT

FIGURES = ROOT / "docs" / "speed.json"
PAGE = ROOT / "docs" / "speed.md"
README = ROOT / "README.md"
BLOCK = re.compile(r"(?<=<!-- speed -->\n).*?(?=<!-- end of speed -->)", re.DOTALL)
STOCK = "nbgrader autograde"


@dataclass(frozen=True)
class Row:
    """A class, graded once."""

    grader: str
    size: int
    seconds: float  # of wall time
    processor_seconds: float
    student_seconds: float  # of these, in student code
    peak: float  # MiB


@dataclass(frozen=True)
class Figures:
    """One run of `make bench`."""

    processors: int
    one: dict[str, Any]  # `one.Costs`
    rows: list[Row]

    @staticmethod
    def read() -> Figures:
        """The last run's."""
        record = json.loads(FIGURES.read_text())
        return Figures(record["processors"], record["one"], [Row(**row) for row in record["rows"]])

    def write(self) -> None:
        """Keep them, and write the pages anew."""
        FIGURES.write_text(json.dumps(asdict(self), indent=1) + "\n")
        PAGE.write_text(page(self), encoding="utf-8")
        text = README.read_text(encoding="utf-8")
        README.write_text(BLOCK.sub(lambda _: readme_table(self), text), encoding="utf-8")


def one_table(figures: Figures) -> str:
    """What a submission costs."""
    kinds = {
        "a submission, all of whose answers were given before": "known",
        "the same, were it the first to give them": "new",
        "a classmate's, all of whose tasks are by others": "others",
    }
    lines = [
        "| what | processor time of the judge | of the submission | wall time |",
        "|---|---|---|---|",
    ]
    for label, name in kinds.items():
        cost = figures.one[name]
        lines.append(
            f"| {label} | {cost['judge']:.2f} s | {cost['student']:.2f} s | {cost['whole']:.2f} s |"
        )
    return "\n".join(lines)


def class_table(figures: Figures) -> str:
    """A row for every grader and size, each against stock nbgrader."""
    lines = [
        "| grader | class of | submissions a minute | against nbgrader "
        "| processor seconds a submission | in student code | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in figures.rows:
        lines.append(
            f"| {row.grader} | {row.size} | {60 * row.size / row.seconds:.1f} "
            f"| {_ratio(figures, row):.1f} × | {row.processor_seconds / row.size:.2f} "
            f"| {min(1.0, row.student_seconds / row.processor_seconds):.0%} "
            f"| {row.peak:.0f} MiB |"
        )
    return "\n".join(lines)


def readme_table(figures: Figures) -> str:
    """The largest class, and what the judge takes."""
    largest = max(row.size for row in figures.rows)
    lines = [
        f"| a class of {largest} | submissions a minute | against nbgrader |",
        "|---|---|---|",
    ]
    lines += [
        f"| {row.grader} | {60 * row.size / row.seconds:.1f} | {_ratio(figures, row):.1f} × |"
        for row in figures.rows
        if row.size == largest
    ]
    return "\n".join(lines) + "\n"


def page(figures: Figures) -> str:
    """The page that shows all."""
    return f"""# Speed

Written by `make bench` in one run on one machine with {figures.processors} processors, no GPU.

## One submission

{one_table(figures)}

The start of a run, once: sandbox, torch, trial of the wall: {figures.one["start"]:.2f} s of wall
time, beside which the command imports what it needs itself.

## A class

Every grader ran the same hidden suites on the same submissions, each task of each by another
author, one of the five perhaps wrong. The peers ran them, without a wall, in the kernel that ran
the student's cells; no training cell was run. "In student code" is the time in probes for the
peers, and for this grader all of the submission's process. A class starts from nothing: sandbox,
reference answers, no kept result. Processor seconds are the machine's.

{class_table(figures)}
"""


def _ratio(figures: Figures, row: Row) -> float:
    stock = {one.size: one.seconds for one in figures.rows if one.grader == STOCK}
    return stock[row.size] / row.seconds
