"""Draws a student's pictures anew: what a page shows holds what was seen here, and nothing else."""

from __future__ import annotations

import base64
import io

import nbformat
from nbformat import NotebookNode
from PIL import Image

from .budget import READING_SECONDS, Spent, processor_limit

SIDE = 2_000  # pixels; larger pictures are made smaller: no page is as wide
MODES = frozenset({"1", "L", "RGB", "RGBA"})
NOT_SHOWN = "(a picture that cannot be shown)"


def redraw(notebook: NotebookNode) -> None:
    """Draw all PNG pictures in a notebook anew, those that cannot be are left out."""
    try:
        with processor_limit(READING_SECONDS):
            for cell in notebook.cells:
                _redraw(cell)
    except Spent:
        for cell in notebook.cells:
            _drop(cell)


def _redraw(cell: NotebookNode) -> None:
    for output in cell.get("outputs", []):
        if "image/png" in output.get("data", {}):
            output.data = nbformat.from_dict(_drawn(output.data["image/png"]))
    attachments = cell.get("attachments", {})
    for name in list(attachments):
        attachments[name] = nbformat.from_dict(_drawn(attachments[name]["image/png"]))


def _drop(cell: NotebookNode) -> None:
    for output in cell.get("outputs", []):
        if "image/png" in output.get("data", {}):
            output.data = nbformat.from_dict({"text/plain": NOT_SHOWN})
    cell.pop("attachments", None)


def _drawn(png: str) -> dict[str, str]:
    """The data of an output that shows a picture, or says that it cannot."""
    try:
        return {"image/png": base64.b64encode(_anew(base64.b64decode(png))).decode()}
    except Exception:  # whatever a hostile file can provoke in who reads it
        return {"text/plain": NOT_SHOWN}


def _anew(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
        picture = opened if opened.mode in MODES else opened.convert("RGBA")
        picture.thumbnail((SIDE, SIDE))
        written = io.BytesIO()
        Image.frombytes(picture.mode, picture.size, picture.tobytes()).save(written, "PNG")
        return written.getvalue()
