"""Reads a submitted notebook, however damaged, and puts it back into the released shape.

Only the student's code, answers and harmless outputs are taken. Points, ids, set-up and test cells
come from the release. What had to be repaired is said in `findings`, with how to avoid it.
"""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
import os
import re
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .assignment import Assignment
from .checks.cells import program
from .checks.program import Cell
from .kinds import SAVE, Unreadable, text_of, tree_of
from .source import grade_id, is_solution

MAX_BYTES = 30 * 1024 * 1024  # of a notebook with its plots
MAX_CELLS = 1_000
MAX_SOURCE = 100_000  # characters in one cell
MAX_PLOT = 2 * 1024 * 1024  # bytes of one PNG
MAX_PIXELS = 16_000_000  # of one PNG; a small file can unfold to gigabytes where it is looked at
MAX_OUTPUT = 10_000  # characters of one text output
UNREADABLE = "unreadable"  # stands for the digest of what is no regular file of sane size
ATTACHED = re.compile(r"attachment:([^\s)\"'>]*)")
PNG = b"\x89PNG\r\n\x1a\n"

# everything that could move the cursor, reverse the text or hide in it
CONTROLS = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c\u2028\u2029]"
)


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


def released_notebook(assignment: Assignment) -> NotebookNode:
    """The notebook students were given.

    Raises:
        FileNotFoundError: there is no release yet.
    """
    path = assignment.release / f"{assignment.name}.ipynb"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; build it with `make release`")
    return nbformat.read(path, as_version=4)


def read_submission(path: Path, release: NotebookNode) -> Submission:
    """Read and repair one notebook; an unreadable one counts as the untouched release."""
    digest = UNREADABLE
    try:
        data = read_regular(path)
        digest = hashlib.sha256(data).hexdigest()
        text, odd = text_of(data)
        submission = repair(notebook_of(tree_of(text)), release)
        findings = (f"{path.name!r}: {odd}",) if odd else ()
        return replace(submission, findings=findings + submission.findings, digest=digest)
    except Unreadable as error:
        finding = f"{path.name!r} could not be read: {error}; nothing in it could be graded"
        return replace(repair(release, release), findings=(finding,), digest=digest)


def read_regular(path: Path) -> bytes:
    """Read a regular file of acceptable size; never a link, a device or a pipe.

    Raises:
        Unreadable: it is none, or larger than `MAX_BYTES`.
        FileNotFoundError: there is nothing of this name.
        PermissionError: whoever grades may not read it, which is no fault of its student's.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as error:
        raise Unreadable(f"it is not a regular file ({error.strerror})") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("it is not a regular file")
        if is_second_name(path):
            raise Unreadable("it is a second name of another file (a hard link); hand in a copy")
        if status.st_size > MAX_BYTES:
            raise Unreadable(
                f"it has {status.st_size} bytes, more than {MAX_BYTES}; clear large outputs"
            )
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return file.read(MAX_BYTES)
    finally:
        os.close(descriptor)


def is_second_name(path: Path) -> bool:
    """Whether a file was there under another name before (a hard link).

    A new name changes the file's own time and, with it or just after, that of the folder it is put
    into; the folder in which the file was made is older. Refusing both names would let whoever
    makes the second take the first one's mark away.
    """
    status = path.stat(follow_symlinks=False)
    linked = stat.S_ISREG(status.st_mode) and status.st_nlink > 1
    return linked and path.parent.stat().st_mtime_ns >= status.st_ctime_ns


def file_digest(path: Path) -> str:
    """Names a submitted file's bytes in its report; of what cannot be read, says so."""
    try:
        return hashlib.sha256(read_regular(path)).hexdigest()
    except Unreadable:
        return UNREADABLE


def parse(data: bytes) -> NotebookNode:
    """Parse a notebook, tolerating what can be tolerated.

    Raises:
        Unreadable: not text, not JSON, or not shaped like a notebook.
    """
    text, _ = text_of(data)
    return notebook_of(tree_of(text))


def notebook_of(tree: object) -> NotebookNode:
    """The cells in a JSON tree, of format 4 or of an older one.

    Raises:
        Unreadable: there are none, or far too many.
    """
    fields = tree if isinstance(tree, dict) else {}
    if isinstance(fields.get("content"), dict):  # as Jupyter's server sends a file
        fields = fields["content"]
    cells, sheets = fields.get("cells"), fields.get("worksheets")
    if not isinstance(cells, list) and isinstance(sheets, list):  # format 2 or 3
        parts = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        cells = [cell for part in parts if isinstance(part, list) for cell in part]
    if not isinstance(cells, list):
        raise Unreadable(f"it is JSON, but no notebook: it has no list of cells; {SAVE}")
    cells = [cell for cell in cells if isinstance(cell, dict) and not _is_blank(cell)]
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"it has {len(cells)} cells that are not empty, more than {MAX_CELLS}")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [_clean(cell) for cell in cells]
    return notebook


def _is_blank(cell: dict[str, object]) -> bool:
    """Whether a cell is nobody's: without text, outputs and an id of nbgrader's."""
    source, metadata = cell.get("source", cell.get("input")), cell.get("metadata")
    given = isinstance(metadata, dict) and "nbgrader" in metadata
    lines = source if isinstance(source, list) else [source]
    blank = all(not line or (isinstance(line, str) and line.isspace()) for line in lines)
    return blank and not given and not cell.get("outputs")


def _clean(cell: dict[str, object]) -> NotebookNode:
    """A cell with its source, its nbgrader id and its harmless outputs; nothing else."""
    source = cell.get("source", cell.get("input", ""))  # its name before format 4
    if isinstance(source, list):
        lines = [part for part in source if isinstance(part, str)]
        broken = any(line.endswith(("\n", "\r")) for line in lines)  # some tools leave that out
        source = ("" if broken else "\n").join(lines)
    source = source[:MAX_SOURCE] if isinstance(source, str) else ""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    # a lone surrogate is legal in JSON, but no text file can hold it
    source = source.encode("utf-8", "replace").decode()
    metadata = cell.get("metadata")
    terms = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    found = terms.get("grade_id") if isinstance(terms, dict) else None
    if cell.get("cell_type") == "code":
        clean = nbformat.v4.new_code_cell(source)
        outputs = cell.get("outputs")
        clean.outputs = list(harmless(outputs)) if isinstance(outputs, list) else []
    else:
        clean = nbformat.v4.new_markdown_cell(_with_pictures(source, cell.get("attachments")))
    if isinstance(found, str):
        clean.metadata["nbgrader"] = {"grade_id": found}
    identity = cell.get("id")
    clean["id"] = identity if isinstance(identity, str) else ""
    return clean


def _with_pictures(markdown: str, attachments: object) -> str:
    """Markdown with its attached PNG pictures in the text itself; nbconvert fails on missing ones.

    Other attachments are left out, and what points to them says so.
    """
    known = attachments if isinstance(attachments, dict) else {}

    def place(reference: re.Match[str]) -> str:
        data = known.get(reference[1])
        plot = _plot(data.get("image/png")) if isinstance(data, dict) else ""
        return f"data:image/png;base64,{plot}" if plot else "#attachment-left-out"

    return ATTACHED.sub(place, markdown)


def harmless(outputs: Iterable[object]) -> Iterable[NotebookNode]:
    """The text and the PNG plots among a cell's outputs; no HTML, no script, no controls."""
    for output in list(outputs)[:50]:
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        if isinstance(data, dict):
            plot = _plot(data.get("image/png"))
            text = _text(data.get("text/plain"))
            if plot:
                yield nbformat.v4.new_output("display_data", {"image/png": plot})
            elif text:
                yield nbformat.v4.new_output("display_data", {"text/plain": text})
        elif output.get("output_type") == "stream":
            text = _text(output.get("text"))
            if text:
                yield nbformat.v4.new_output("stream", name="stdout", text=text)


def _plot(value: object) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str) or len(value) > 2 * MAX_PLOT:
        return ""
    try:
        data = base64.b64decode(value)
    except (binascii.Error, ValueError):
        return ""
    if not data.startswith(PNG) or not 0 < _pixels(data) <= MAX_PIXELS:
        return ""
    return base64.b64encode(data).decode()


def _pixels(png: bytes) -> int:
    """Width times height, as the first chunk of a PNG says; 0 where there is no such chunk."""
    if png[12:16] != b"IHDR" or len(png) < 24:
        return 0
    width, height = struct.unpack(">II", png[16:24])
    return int(width * height)


def _text(value: object) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return without_controls(value[:MAX_OUTPUT]) if isinstance(value, str) else ""


def without_controls(text: str) -> str:
    """Text without terminal escapes, bidirectional overrides and invisible characters."""
    return CONTROLS.sub("", text).encode("utf-8", "replace").decode()


def repair(student: NotebookNode, release: NotebookNode) -> Submission:
    """Put a student's cells into the released notebook's shape and order."""
    sorted_cells = _sort(student, release)
    findings = sorted_cells.findings
    notebook = copy.deepcopy(release)
    notebook.cells = list(sorted_cells.added.get("", []))
    for released in copy.deepcopy(release.cells):
        chosen = sorted_cells.chosen.get(released.id)
        if chosen is not None:
            _take(chosen, released, findings)
        elif is_solution(released):
            findings.append(
                f"cell `{grade_id(released)}` is missing; do not delete or copy cells over from "
                "another notebook: start from the released one"
            )
        notebook.cells += [released, *sorted_cells.added.get(released.id, [])]
    for index, cell in enumerate(notebook.cells):
        if not grade_id(cell):
            cell["id"] = f"submitted-{index:03d}"  # unique, whatever was submitted
        if len(cell.source) >= MAX_SOURCE:
            findings.append(
                f"a cell is longer than {MAX_SOURCE} characters; what follows in it is cut off"
            )
    return Submission(notebook, tuple(program(notebook.cells)), tuple(findings))


def _sort(student: NotebookNode, release: NotebookNode) -> _Sorted:
    cells = copy.deepcopy(student.cells)
    result = _Sorted()
    places = _places(cells, release, result.findings)
    ids = [grade_id(cell) for cell in cells]
    for cell in cells:
        cell.metadata.pop("nbgrader", None)
    own: dict[str, list[NotebookNode]] = {}
    for cell, place, found in zip(cells, places, ids, strict=True):
        if place is not None:
            own.setdefault(place.id, []).append(cell)
        elif found:
            result.findings.append(
                f"a cell carries the unknown id {without_controls(found)[:40]!r}; it is read as a "
                "cell of your own"
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
    found = []
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
            found.append(grade_id(released))
    if found:
        names_found = ", ".join(f"`{name}`" for name in found)
        findings.append(
            f"the ids of {names_found} are gone, and your answers were found by what they define "
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
    if not _is_locked(released):
        released.source = student.source
    if released.cell_type == "code":
        graded = released.metadata.get("nbgrader", {}).get("grade", False)
        released.outputs = [] if graded else student.get("outputs", [])
        released.execution_count = None
