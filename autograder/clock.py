"""When a submission came: by the server's clock, never by what a submitted file claims.

nbgrader reads `timestamp.txt`, which `nbgrader submit` writes in the student's name into a folder
that the student owns. What a student cannot set is the time at which the file system last changed
the entry of that folder.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import parse_utc
from traitlets import Bool

from .notebook import is_second_name
from .typed import read_typed

STAMP = "timestamp.txt"
FORMAT = "%Y-%m-%d %H:%M:%S.%f UTC"
TOLERANCE = 300.0  # seconds that a copy into the exchange may take


class ServerTimeCollect(ExchangeCollect):
    """`nbgrader collect`, with the server's time and without links to other people's files."""

    believe_students = Bool(
        False,
        help="Keep the times that submissions claim; needed when the exchange was restored "
        "from a backup, which makes all folders look new.",
    ).tag(config=True)

    def do_copy(self, src: str, dest: str, log: object = None) -> None:
        """Copy regular files only, and write down when the folder came."""
        known = self.coursedir.ignore
        self.coursedir.ignore = [*known, *(glob.escape(name) for name in special_names(src))]
        try:
            super().do_copy(src, dest)
        finally:
            self.coursedir.ignore = known
        came = datetime.fromtimestamp(os.stat(src).st_ctime, UTC)
        claimed = claimed_time(Path(dest))
        mend_stamp(Path(dest))
        if self.believe_students and claimed is not None:
            return
        if claimed is None or abs((came - claimed).total_seconds()) > TOLERANCE:
            self.log.warning("%s claims %s; it came at %s", src, claimed or "no time", came)
            (Path(dest) / STAMP).write_text(came.strftime(FORMAT), encoding="utf-8")


def special_names(folder: str) -> Iterator[str]:
    """The names of links, pipes and devices in a folder, which a copy would follow or wait for.

    A second name of another's file is a link too.
    """
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or is_second_name(path):
                yield name


def claimed_time(folder: Path) -> datetime | None:
    """What the time stamp in a folder says, None if there is none that can be read."""
    try:
        return parse_utc(read_typed(folder / STAMP).strip()).replace(tzinfo=UTC)
    except (OSError, ValueError, OverflowError):
        return None


def mend_stamp(folder: Path) -> None:
    """Write a time stamp as nbgrader reads it, which one that it cannot read would stop.

    What only an editor has added goes; a stamp that says no time is replaced by the folder's own.
    """
    path = folder / STAMP
    if not os.path.lexists(path):
        return
    came = claimed_time(folder)
    if came is not None and path.read_bytes()[:1].isdigit():
        return
    came = came or datetime.fromtimestamp(folder.stat().st_ctime, UTC)
    path.unlink()
    path.write_text(came.strftime(FORMAT), encoding="utf-8")
