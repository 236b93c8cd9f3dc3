"""What of a cell's outputs and pictures is taken from a submission: text and PNG plots."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Iterable

import nbformat
from nbformat import NotebookNode

from autograder.text import without_controls

MAX_PLOT = 2 * 1024 * 1024  # bytes of one PNG
MAX_PIXELS = 16_000_000  # of one PNG; a small file can unfold to gigabytes where it is looked at
MAX_OUTPUT = 10_000  # characters of one text output
ATTACHED = re.compile(r"attachment:([^\s)\"'>]*)")
PNG = b"\x89PNG\r\n\x1a\n"


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
