"""Text files that people type, in whatever editor they have."""

from __future__ import annotations

import codecs
from pathlib import Path


class NotText(OSError):
    """A file that should hold text and does not."""


def read_typed(path: Path) -> str:
    """The text of a file, without the byte order mark that some editors put first.

    Raises:
        OSError: it cannot be read.
        NotText: it is neither UTF-8 nor UTF-16 with such a mark.
    """
    return decode_typed(path.read_bytes(), str(path))


def decode_typed(content: bytes, name: str) -> str:
    """The text of a file's content; see `read_typed`.

    Raises:
        NotText: as there, of the file of this name.
    """
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotText(f"{name} is not UTF-8 text ({error.reason}); save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
