"""Names what a file is that should be a notebook and is none, and what to do about it."""

from __future__ import annotations

import gc
import json
import re
from typing import Any

from autograder.errors import Unreadable

SAVE = "open the notebook in Jupyter, save it, and hand in that .ipynb file"
# by the first bytes; the first that fits is told
FIRST_BYTES = (
    (
        rb"version https://git-lfs\.github\.com/",
        "it is a Git LFS pointer, the note that stands for a large file; the notebook itself was "
        "not uploaded: run `git lfs pull` and hand in what then lies there",
    ),
    (rb"PK\x03\x04", "it is a zip archive; hand in the .ipynb file that is in it"),
    (rb"PK", "it is an empty or damaged zip archive; hand in the .ipynb file itself"),
    (rb"\x1f\x8b|7z\xbc\xaf|Rar!|BZh", "it is an archive; hand in the .ipynb file that is in it"),
    (rb"%PDF-", f"it is a PDF, a print of the notebook; {SAVE}"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8", f"it is a picture; {SAVE}"),
    (rb"\{\\rtf", f"it is a text document (RTF) of a word processor; {SAVE}"),
    (
        rb"(?:\xef\xbb\xbf)?\s*<",
        "it is a web page (HTML) that shows a notebook; where you saw it, choose to download the "
        "notebook (.ipynb), or the raw file",
    ),
    (rb"\[InternetShortcut\]|bplist00", "it is a link to a page; hand in the .ipynb file itself"),
    (rb"\x00\x05\x16[\x00\x07]|\x00\x00\x00\x01Bud1", f"it is a note of macOS's own; {SAVE}"),
    (rb"\x00*\Z", f"it is empty, as a full disk or a broken upload leaves it; {SAVE}"),
    (rb"\s*\Z", f"it is empty; {SAVE}"),
)
MAX_BRACKETS = 3_000_000  # each is a list or an object of 90 bytes, or is text in an output
MAX_SOURCE = 100_000  # characters in one cell
CONFLICT = re.compile(r"^(?:<{7}|>{7})(?:\s|$)", re.MULTILINE)
SCRIPT = re.compile(r"^(?:#!.*python|# ?%%|# ---$|(?:import|from|def|class) \w)", re.MULTILINE)


def text_of(data: bytes) -> tuple[str, str]:
    """A file's text, and what is odd about it, "" if nothing is.

    Raises:
        Unreadable: it is of a kind that is no text, or no notebook.
    """
    for start, words in FIRST_BYTES:
        if re.match(start, data):
            if b"word/document.xml" in data:
                words = f"it is a Word document; {SAVE}"
            raise Unreadable(words)
    encoding = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
        if encoding.startswith("utf-8"):
            return text, ""
        name = encoding[:6].upper()
        return (
            text,
            f"it is {name} text and was read all the same; save it as UTF-8",
        )
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or not data.lstrip().startswith(b"{"):
            raise Unreadable(f"it is not UTF-8 text; {SAVE}") from error
    return data.decode("latin-1"), (
        "it is not UTF-8 text and was read all the same, other letters than English ones perhaps "
        "wrongly; save it as UTF-8"
    )


def tree_of(text: str) -> Any:
    """A text's JSON, with duplicate keys and numbers that are none, as Jupyter reads it.

    Raises:
        Unreadable: it is none; says why, as far as its text tells.
    """
    if text.count("[") + text.count("{") > MAX_BRACKETS:
        raise Unreadable("it has far too many parts; clear its outputs, save it, and hand it in")
    collecting = gc.isenabled()
    gc.disable()  # of millions of empty lists it would look at each, again and again
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(_why_no_json(text, error)) from error
    except (RecursionError, ValueError) as error:
        raise Unreadable(f"it is not JSON of a sane shape; {SAVE}") from error
    finally:
        if collecting:
            gc.enable()


def _why_no_json(text: str, error: json.JSONDecodeError) -> str:
    conflict = CONFLICT.search(text)
    if conflict is not None:
        line = text.count("\n", 0, conflict.start()) + 1
        return (
            f"it holds the marks of a merge conflict ({conflict[0].strip()} in line {line}), two "
            "versions in one file; take one of the two, for example by `git checkout --ours`"
        )
    if not text.lstrip().startswith(("{", "[")):
        if SCRIPT.search(text[:10_000]):
            return f"it is a Python script (.py), not a notebook; {SAVE}"
        return f"it is text, but no notebook; {SAVE}"
    if not text.rstrip().endswith(("}", "]")):
        return f"it breaks off in line {text.count(chr(10)) + 1}, in an interrupted save; {SAVE}"
    return f"it is not valid JSON at line {error.lineno}, column {error.colno}; {SAVE}"
