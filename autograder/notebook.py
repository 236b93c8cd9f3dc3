"""Reads a submitted notebook, however damaged, and puts it back into the released shape.

Only the student's code, answers and harmless outputs are taken. Points, ids, set-up and test cells
come from the release. What had to be repaired is said in `findings`, with how to avoid it.
"""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .assignment import Assignment
from .checks.cells import program
from .checks.program import Cell
from .source import grade_id, is_solution

MAX_BYTES = 30 * 1024 * 1024  # of a notebook with its plots
MAX_CELLS = 1_000
MAX_SOURCE = 100_000  # characters in one cell
MAX_PLOT = 2 * 1024 * 1024  # bytes of one PNG
MAX_OUTPUT = 10_000  # characters of one text output
UNREADABLE = "unreadable"  # stands for the digest of what is no regular file of sane size
ATTACHED = re.compile(r"attachment:([^\s)\"'>]*)")
PNG = b"\x89PNG\r\n\x1a\n"

# everything that could move the cursor, reverse the text or hide in it
CONTROLS = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c\u2028\u2029]"
)


class Unreadable(ValueError):
    """A file is not a notebook that can be read at all."""


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

    own: dict[str, list[NotebookNode]] = field(default_factory=dict)  # by released cell id
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
        return replace(repair(parse(data), release), digest=digest)
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
    """Parse a notebook of any 4.x version, tolerating what can be tolerated.

    Raises:
        Unreadable: not UTF-8, not JSON, or not shaped like a notebook.
    """
    try:
        tree = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable("it is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise Unreadable(
            f"it is not valid JSON at line {error.lineno}, column {error.colno} (an interrupted "
            "save or a merge conflict?); open it in Jupyter, save it, submit again"
        ) from error
    except (RecursionError, ValueError) as error:
        raise Unreadable("it is not JSON of a sane shape") from error
    if not isinstance(tree, dict) or not isinstance(tree.get("cells"), list):
        raise Unreadable("it is JSON, but not a notebook of format 4: it has no list of cells")
    if len(tree["cells"]) > MAX_CELLS:
        raise Unreadable(f"it has {len(tree['cells'])} cells, more than {MAX_CELLS}")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [_clean(cell) for cell in tree["cells"] if isinstance(cell, dict)]
    return notebook


def _clean(cell: dict[str, object]) -> NotebookNode:
    """A cell with its source, its nbgrader id and its harmless outputs; nothing else."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    source = source[:MAX_SOURCE] if isinstance(source, str) else ""
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
    return base64.b64encode(data).decode() if data.startswith(PNG) else ""


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
        chosen = _choose(sorted_cells.own.get(released.id, []), released, findings)
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
    return Submission(notebook, tuple(program(notebook.cells)), tuple(findings))


def _sort(student: NotebookNode, release: NotebookNode) -> _Sorted:
    by_grade_id = {grade_id(cell): cell for cell in release.cells if grade_id(cell)}
    by_id = {cell.id: cell for cell in release.cells}
    by_source = {cell.source: cell for cell in release.cells if not grade_id(cell)}
    result, last = _Sorted(), ""
    for cell in copy.deepcopy(student.cells):
        match = by_grade_id.get(grade_id(cell))
        if match is None and grade_id(cell):
            result.findings.append(
                f"a cell carries the unknown id {without_controls(grade_id(cell))[:40]!r}; it is "
                "read as a cell of your own"
            )
        if match is None and cell.id in by_id and not grade_id(by_id[cell.id]):
            match = by_id[cell.id]
        match = match or by_source.get(cell.source)
        cell.metadata.pop("nbgrader", None)
        if match is None:
            result.added.setdefault(last, []).append(cell)
            continue
        result.own.setdefault(match.id, []).append(cell)
        last = match.id
    return result


def _choose(
    own: list[NotebookNode], released: NotebookNode, findings: list[str]
) -> NotebookNode | None:
    """The student's version of a released cell: of several, the last one that was worked on."""
    if not own:
        return None
    if len(own) > 1 and grade_id(released):
        findings.append(
            f"cell `{grade_id(released)}` appears {len(own)} times; the last one that differs "
            "from the release is graded: keep just one"
        )
    worked_on = [cell for cell in own if cell.source.strip() != released.source.strip()]
    return (worked_on or own)[-1]


def _take(student: NotebookNode, released: NotebookNode, findings: list[str]) -> None:
    """Copy into a released cell what its student may change: unlocked source, and outputs."""
    locked = released.metadata.get("nbgrader", {}).get("locked", False)
    if student.cell_type != released.cell_type and is_solution(released):
        findings.append(
            f"cell `{grade_id(released)}` was turned into a {student.cell_type} cell; it is read "
            f"as {released.cell_type}"
        )
    if not locked:
        released.source = student.source
    if released.cell_type == "code":
        graded = released.metadata.get("nbgrader", {}).get("grade", False)
        released.outputs = [] if graded else student.get("outputs", [])
        released.execution_count = None
