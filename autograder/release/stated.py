"""Points that a lesson's text states, held against those in its cells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from autograder.assignment import TEST_PREFIX

NUMBER = r"(\d+(?:\.\d+)?)"
# `key` (20 points); in a heading also without the parentheses
NAMED = re.compile(rf"`(\w+)`[^`\n]*?\({NUMBER} points?\)")
IN_HEADING = re.compile(rf"^#+ [^\n]*?`(\w+)`[^`\n]*?{NUMBER} points?\b", re.MULTILINE)
TOTAL = re.compile(
    rf"{NUMBER} points? (?:in all|in total|altogether|overall)\b"
    rf"|\b(?:total|sum) (?:of|is|are|:) ?{NUMBER} points?\b",
    re.IGNORECASE,
)
PART = re.compile(rf"\({NUMBER} points?\)")  # of a mark scheme
ROW = re.compile(r"^\|(.*)\|\s*$")


def disagreements(notebook: NotebookNode) -> Iterator[str]:
    """What the lesson's text says of points and its cells do not, in words that name both."""
    points: dict[str, float] = {}
    for cell in notebook.cells:
        terms = cell.metadata.get("nbgrader") or {}
        if terms.get("grade"):
            key = str(terms.get("grade_id")).removeprefix(TEST_PREFIX)
            points[key] = float(terms.get("points", 0))
            if cell.cell_type == "markdown":
                yield from _parts(key, cell.source, points[key])
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for key, stated in _stated(cell.source):
            if key in points and stated != points[key]:
                yield (
                    f"the text says that {key!r} has {stated:g} points, its cell has "
                    f"{points[key]:g}"
                )
        for stated in _totals(cell.source):
            if stated != sum(points.values()):
                yield (
                    f"the text says {stated:g} points in all, the cells have "
                    f"{sum(points.values()):g}"
                )


def _parts(key: str, scheme: str, points: float) -> Iterator[str]:
    parts = [float(number) for number in PART.findall(scheme)]
    if parts and sum(parts) != points:
        yield (
            f"the mark scheme of {key!r} shares out {sum(parts):g} points, its cell has {points:g}"
        )


def _stated(text: str) -> set[tuple[str, float]]:
    """Task and points, as often as a text gives them otherwise."""
    numbers = [*NAMED.findall(text), *IN_HEADING.findall(text)]
    for row, at in _rows(text):
        key = re.fullmatch(r"`(\w+)`", row[0])
        if key and re.fullmatch(NUMBER, row[at]):
            numbers.append((key[1], row[at]))
    return {(key, float(number)) for key, number in numbers}


def _totals(text: str) -> list[float]:
    numbers = [number for pair in TOTAL.findall(text) for number in pair if number]
    for row, at in _rows(text):
        if row[0].strip("*").lower() in {"total", "sum", "all"}:
            numbers += re.findall(rf"^\**{NUMBER}\**$", row[at])
    return [float(number) for number in numbers]


def _rows(text: str) -> Iterator[tuple[list[str], int]]:
    """The rows of tables that have a column of points, and which it is."""
    at = None
    for line in text.splitlines():
        row = ROW.match(line.strip())
        if row is None:
            at = None
            continue
        cells = [cell.strip() for cell in row[1].split("|")]
        if at is None:
            heads = [cell.lower() for cell in cells]
            at = heads.index("points") if "points" in heads else len(cells)
        elif at < len(cells):
            yield cells, at
