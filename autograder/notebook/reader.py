"""Reads a submitted notebook, however damaged: code, answers and harmless outputs are taken."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.errors import Unreadable
from autograder.files import UNREADABLE, read_regular

from .budget import Room, time_to_read
from .kinds import MAX_SOURCE, SAVE, text_of, tree_of
from .outputs import Attachments, harmless, with_pictures
from .repair import LEFT_OUT, Submission, repair

MAX_CELLS = 1_000
MAX_ENTRIES = 100 * MAX_CELLS  # of the list of cells, blank ones too


def read_submission(path: Path, release: NotebookNode) -> Submission:
    """Read and repair one notebook; an unreadable one counts as the untouched release."""
    digest = UNREADABLE
    try:
        data = read_regular(path)
        digest = hashlib.sha256(data).hexdigest()
        with time_to_read():
            text, odd = text_of(data)
            submission = repair(notebook_of(tree_of(text)), release)
        findings = (f"{path.name!r}: {odd}",) if odd else ()
        return replace(submission, findings=findings + submission.findings, digest=digest)
    except Unreadable as error:
        finding = f"{path.name!r} could not be read: {error}; nothing in it could be graded"
        return replace(repair(release, release), findings=(finding,), digest=digest)


def parse(data: bytes) -> NotebookNode:
    """Parse a notebook, tolerating what can be tolerated.

    Raises:
        Unreadable: not text, not JSON, or not shaped like a notebook.
    """
    with time_to_read():
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
    if len(cells) > MAX_ENTRIES:
        raise Unreadable(f"it has {len(cells)} cells, more than {MAX_ENTRIES}")
    cells = [cell for cell in cells if isinstance(cell, dict) and not _is_blank(cell)]
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"it has {len(cells)} cells that are not empty, more than {MAX_CELLS}")
    notebook, room = nbformat.v4.new_notebook(), Room()
    notebook.cells = [_clean(cell, room) for cell in cells]
    if room.without:
        notebook.metadata[LEFT_OUT] = list(room.without)
    return notebook


def _is_blank(cell: dict[str, object]) -> bool:
    """Whether a cell is nobody's: without text, outputs and an id of nbgrader's."""
    source, metadata = cell.get("source", cell.get("input")), cell.get("metadata")
    given = isinstance(metadata, dict) and "nbgrader" in metadata
    lines = source if isinstance(source, list) else [source]
    blank = all(not line or (isinstance(line, str) and line.isspace()) for line in lines)
    return blank and not given and not cell.get("outputs")


def _clean(cell: dict[str, object], room: Room) -> NotebookNode:
    """A cell with its source, its nbgrader id and its harmless outputs; nothing else."""
    source = cell.get("source", cell.get("input", ""))  # its name before format 4
    if isinstance(source, list):
        lines = [part for part in source if isinstance(part, str)]
        broken = any(line.endswith(("\n", "\r")) for line in lines)  # some tools leave that out
        source = ("" if broken else "\n").join(lines)
    source = source if isinstance(source, str) else ""
    pictures: Attachments = {}
    if cell.get("cell_type") != "code":
        source, pictures = with_pictures(source, cell.get("attachments"), room)
    source = room.source(source.replace("\r\n", "\n").replace("\r", "\n"), MAX_SOURCE)
    # a lone surrogate is legal in JSON, but no text file can hold it
    source = source.encode("utf-8", "replace").decode()
    metadata = cell.get("metadata")
    terms = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = terms.get("grade_id") if isinstance(terms, dict) else None
    if cell.get("cell_type") == "code":
        clean = nbformat.v4.new_code_cell(source)
        outputs = cell.get("outputs")
        clean.outputs = list(harmless(outputs, room)) if isinstance(outputs, list) else []
    else:
        clean = nbformat.v4.new_markdown_cell(source)
        if pictures:
            clean.attachments = nbformat.from_dict(pictures)
    if isinstance(name, str):
        clean.metadata["nbgrader"] = {"grade_id": name}
    identity = cell.get("id")
    clean["id"] = identity if isinstance(identity, str) else ""
    return clean
