"""Reads a submitted notebook, however damaged, and puts it back into the released shape.

Only the student's code, answers and harmless outputs are taken. Points, ids, set-up and test cells
come from the release. What had to be repaired is said in `findings`, with how to avoid it.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from autograder.text import without_controls
from checks.cells import code_to_run
from checks.program import Cell

from .lesson import grade_id, is_solution
from .rewriting import affordable

LEFT_OUT = "left out"  # key in a read notebook's metadata: what there was no room for
GIVEN = "given"  # key in a cell's metadata: its source is what was handed out
TOLD = 3  # cells that are told one by one of what befalls many


@dataclass(frozen=True)
class Submission:
    """A student's notebook in the released shape, and what was found on the way."""

    notebook: NotebookNode
    cells: tuple[Cell, ...]  # the program the worker runs, in order
    findings: tuple[str, ...]
    digest: str = ""  # of the file it was read from


@dataclass
class _Sorted:
    """A student's cells, told apart by the released cell they belong to."""

    chosen: dict[str, NotebookNode] = field(default_factory=dict)  # by released cell id
    added: dict[str, list[NotebookNode]] = field(default_factory=dict)  # by the id they follow
    findings: list[str] = field(default_factory=list)


def repair(student: NotebookNode, release: NotebookNode) -> Submission:
    """Put a student's cells into the released notebook's shape and order."""
    sorted_cells = _sort(student, release)
    findings = sorted_cells.findings
    notebook = copy.deepcopy(release)
    notebook.cells = list(sorted_cells.added.get("", []))
    for released in copy.deepcopy(release.cells):
        chosen = sorted_cells.chosen.get(released.id)
        given = chosen is None or chosen.source == released.source or _is_locked(released)
        if chosen is not None:
            _take(chosen, released, findings)
        elif is_solution(released):
            findings.append(
                f"cell `{grade_id(released)}` is missing; do not delete or copy cells over from "
                "another notebook: start from the released one"
            )
        if given and not is_solution(released):
            released.metadata[GIVEN] = True
        notebook.cells += [released, *sorted_cells.added.get(released.id, [])]
    for index, cell in enumerate(notebook.cells):
        if not grade_id(cell):
            cell["id"] = f"submitted-{index:03d}"  # unique, whatever was submitted
    findings += [f"{what} is left out" for what in student.metadata.get(LEFT_OUT, ())]
    cells, spared = affordable(notebook.cells)
    if spared:
        more = f" and {len(spared) - TOLD} more" if len(spared) > TOLD else ""
        findings.append(
            f"too many lines of IPython's own (those with %, ! or ?) to rewrite in "
            f"{', '.join(spared[:TOLD])}{more}: they do nothing when graded, and are left out"
        )
    return Submission(notebook, tuple(code_to_run(cells)), tuple(findings))


def _sort(student: NotebookNode, release: NotebookNode) -> _Sorted:
    cells = copy.deepcopy(student.cells)
    result = _Sorted()
    places = _places(cells, release, result.findings)
    ids = [grade_id(cell) for cell in cells]
    for cell in cells:
        cell.metadata.pop("nbgrader", None)
    own: dict[str, list[NotebookNode]] = {}
    unknown = []
    for cell, place, name in zip(cells, places, ids, strict=True):
        if place is not None:
            own.setdefault(place.id, []).append(cell)
        elif name:
            unknown.append(without_controls(name)[:40])
    result.findings += [
        f"a cell carries the unknown id {name!r}; it is read as a cell of your own"
        for name in unknown[:TOLD]
    ]
    if len(unknown) > TOLD:
        result.findings.append(
            f"{len(unknown) - TOLD} more cells carry unknown ids; they are read as your own"
        )
    for released in release.cells:
        if released.id in own:
            result.chosen[released.id] = _choose(own[released.id], released, result.findings)
    last = ""
    for cell, place in zip(cells, places, strict=True):
        if place is not None and cell is result.chosen[place.id]:
            last = place.id
        elif place is None or (_differs(cell, place) and not _is_locked(place)):
            result.added.setdefault(last, []).append(cell)
    return result


def _places(
    cells: list[NotebookNode], release: NotebookNode, findings: list[str]
) -> list[NotebookNode | None]:
    """The released cell that each cell is: by its ids, its text, what it defines, its place."""
    by_grade_id = {grade_id(cell): cell for cell in release.cells if grade_id(cell)}
    by_id = {cell.id: cell for cell in release.cells}

    def by_ids(cell: NotebookNode) -> NotebookNode | None:
        if grade_id(cell):
            return by_grade_id.get(grade_id(cell))
        place = by_id.get(cell.id)
        # a given text that was turned into code is a cell of the student's own
        alike = place is not None and (is_solution(place) or place.cell_type == cell.cell_type)
        return place if alike else None

    places = [by_ids(cell) for cell in cells]

    def missing() -> list[NotebookNode]:
        there = {place.id for place in places if place is not None}
        return [released for released in release.cells if released.id not in there]

    by_source = {released.source: released for released in reversed(missing())}
    for index, cell in enumerate(cells):
        if places[index] is None:
            places[index] = by_source.pop(cell.source, None)
    recovered = []
    for released in missing():
        if not is_solution(released):
            continue
        free = [index for index, place in enumerate(places) if place is None]
        if released.cell_type == "code":
            names = _defined(released)
            free = [i for i in free if cells[i].cell_type == "code" and names & _defined(cells[i])]
        else:
            free = _just_after(release.cells[release.cells.index(released) - 1], cells, places)
        if free:
            places[free[-1]] = released
            recovered.append(grade_id(released))
    if recovered:
        listed = ", ".join(f"`{name}`" for name in recovered)
        findings.append(
            f"the ids of {listed} are gone, and your answers were found by what they define "
            "or where they stand; start from the released notebook, and do not copy its cells"
        )
    return places


def _just_after(
    before: NotebookNode, cells: list[NotebookNode], places: list[NotebookNode | None]
) -> list[int]:
    """The cells of the student's own that follow a released cell and are text, longest last."""
    follow = []
    for index in range(len(cells)):
        own_text = places[index] is None and cells[index].cell_type != "code"
        if own_text and index and (places[index - 1] is before or index - 1 in follow):
            follow.append(index)
    return sorted(follow, key=lambda index: len(cells[index].source))


def _defined(cell: NotebookNode) -> set[str]:
    return set(re.findall(r"^(?:class|def)[ \t]+(\w+)", cell.source, re.MULTILINE))


def _differs(cell: NotebookNode, released: NotebookNode) -> bool:
    return bool(cell.source.strip() != released.source.strip())


def _is_locked(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("locked"))


def _choose(own: list[NotebookNode], released: NotebookNode, findings: list[str]) -> NotebookNode:
    """The student's version of a released cell: of several, the last one that was worked on."""
    if len(own) > 1 and grade_id(released):
        findings.append(
            f"cell `{grade_id(released)}` appears {len(own)} times; the last one that differs "
            "from the release is graded, the others count as cells of your own: keep just one"
        )
    worked_on = [cell for cell in own if _differs(cell, released)]
    return (worked_on or own)[-1]


def _take(student: NotebookNode, released: NotebookNode, findings: list[str]) -> None:
    """Copy into a released cell what its student may change: unlocked source, and outputs."""
    if student.cell_type != released.cell_type and is_solution(released):
        findings.append(
            f"cell `{grade_id(released)}` was turned into a cell of another type; it is read as "
            f"{released.cell_type}"
        )
    if not _is_locked(released) and student.source != released.source:
        released.source = student.source
        released.pop("attachments", None)
        if released.cell_type != "code" and student.get("attachments"):
            released.attachments = student.attachments
    if released.cell_type == "code":
        graded = released.metadata.get("nbgrader", {}).get("grade", False)
        released.outputs = [] if graded else student.get("outputs", [])
        released.execution_count = None
