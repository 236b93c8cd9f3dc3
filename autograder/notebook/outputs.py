"""What of a cell's outputs and pictures is taken from a submission: text and PNG plots."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Iterable, Iterator
from itertools import islice

import nbformat
from nbformat import NotebookNode

from autograder.text import without_controls

from .budget import Room

MAX_PLOT = 2 * 1024 * 1024  # bytes of one PNG
MAX_PIXELS = 16_000_000  # of one PNG; a small file can unfold to gigabytes where it is looked at
MAX_OUTPUT = 10_000  # characters of one text output
ATTACHED = re.compile(r"attachment:(?P<name>[^\s)\"'>]*)")
PICTURE = re.compile(
    rf"{ATTACHED.pattern}|data:image/(?P<kind>[\w.+-]{{0,20}});base64,(?P<data>[\w+/=]*)"
)
PNG = b"\x89PNG\r\n\x1a\n"
MAX_OUTPUTS = 50  # of one cell
Attachments = dict[str, dict[str, str]]


def with_pictures(markdown: str, attachments: object, room: Room) -> tuple[str, Attachments]:
    """Markdown and the PNG pictures that it shows, each once; nbconvert fails on missing ones.

    Pictures that stand in the text itself, as Colab writes them, are attached instead. Others are
    left out, and what points to them says so.
    """
    known = attachments if isinstance(attachments, dict) else {}
    kept: Attachments = {}
    tried: dict[str, str] = {}  # what became of each reference

    def place(found: re.Match[str]) -> str:
        reference = found[0]
        if reference not in tried:
            name, plot = found["name"], ""
            if name is None:
                name = f"in-the-text-{len(kept)}.png"
                plot = _plot(found["data"], room) if found["kind"] == "png" else ""
            elif isinstance(known.get(name), dict):
                plot = _plot(known[name].get("image/png"), room)
            if plot:
                kept[name] = {"image/png": plot}
            tried[reference] = f"attachment:{name}" if plot else "#attachment-left-out"
        return tried[reference]

    return PICTURE.sub(place, markdown), kept


def harmless(outputs: Iterable[object], room: Room) -> Iterator[NotebookNode]:
    """The text and the PNG plots among a cell's outputs; no HTML, no script, no controls."""
    for output in islice(outputs, MAX_OUTPUTS):
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        if isinstance(data, dict):
            plot = _plot(data.get("image/png"), room)
            text = "" if plot else _text(data.get("text/plain"), room)
            if plot:
                yield nbformat.v4.new_output("display_data", {"image/png": plot})
            elif text:
                yield nbformat.v4.new_output("display_data", {"text/plain": text})
        elif output.get("output_type") == "stream":
            text = _text(output.get("text"), room)
            if text:
                yield nbformat.v4.new_output("stream", name="stdout", text=text)


def _plot(value: object, room: Room) -> str:
    """A PNG as it will stand in the notebook, "" if it is none or there is no room for it."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str) or len(value) > 2 * MAX_PLOT:
        return ""
    try:
        data = base64.b64decode(value)
    except (binascii.Error, ValueError):
        return ""
    if len(data) > MAX_PLOT or not data.startswith(PNG) or not 0 < _pixels(data) <= MAX_PIXELS:
        return ""
    return base64.b64encode(data).decode() if room.picture(len(data), _pixels(data)) else ""


def _pixels(png: bytes) -> int:
    """Width times height, as the first chunk of a PNG says; 0 where there is no such chunk."""
    if png[12:16] != b"IHDR" or len(png) < 24:
        return 0
    width, height = struct.unpack(">II", png[16:24])
    return int(width * height)


def _text(value: object, room: Room) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return without_controls(room.output(value, MAX_OUTPUT)) if isinstance(value, str) else ""
