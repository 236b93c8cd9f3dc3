"""When a submission came: by the server's clock, never by what a submitted file claims.

nbgrader reads `timestamp.txt`, which `nbgrader submit` writes in the student's name into a folder
that the student owns. What a student cannot set is the time at which the file system last changed
the entry of that folder.
"""

from __future__ import annotations

import os
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import ignore_patterns, parse_utc
from traitlets import Bool

from autograder.files import decode_typed, delete, is_second_name, read_regular

STAMP = "timestamp.txt"
FORMAT = "%Y-%m-%d %H:%M:%S.%f UTC"
LONGEST = 200  # bytes of a time stamp that are read
TOLERANCE = 300.0  # seconds that a copy into the exchange may take


class ServerTimeCollect(ExchangeCollect):
    """`nbgrader collect`, with the server's time and without links to other people's files."""

    believe_students = Bool(
        False,
        help="Keep the times that submissions claim; needed when the exchange was restored "
        "from a backup, which makes all folders look new.",
    ).tag(config=True)

    def copy_files(self) -> None:
        """Collect everyone who can be collected; say at the end who could not."""
        self._left_out: list[str] = []
        super().copy_files()
        if self._left_out:
            self.fail(f"not collected: {', '.join(self._left_out)}; the others are")

    def do_copy(self, src: str, dest: str, log: object = None) -> None:
        """Copy the regular files that may be read, and write down when the folder came."""
        try:
            self._copy(Path(src), Path(dest))
        except OSError as error:  # one student's files stop nobody else
            delete(Path(dest))
            self.log.error("%s cannot be copied: %s", src, error)
            self._left_out.append(Path(dest).parent.name)

    def _copy(self, source: Path, target: Path) -> None:
        include = self.coursedir.include
        if size_of(source) > 1000 * self.coursedir.max_dir_size:
            self.log.warning("%s is very large; only its notebooks are collected", source)
            include = ["*.ipynb", STAMP, "submission_secret.txt"]
        passed_over = ignore_patterns(
            exclude=self.coursedir.ignore,
            include=include,
            max_file_size=self.coursedir.max_file_size,
            log=self.log,
        )

        def left_out(folder: str, names: list[str]) -> set[str]:
            copied = [name for name in names if may_be_copied(Path(folder, name))]
            return {*names} - {*copied} | {*passed_over(folder, copied)}

        if not os.access(source, os.R_OK | os.X_OK):
            raise PermissionError(f"{source} may not be opened")
        shutil.copytree(source, target, ignore=left_out)
        shared = self.coursedir.groupshared
        for place, _, files in os.walk(target):  # a student's modes must not bind the course
            os.chmod(place, os.stat(place).st_mode | (0o2770 if shared else 0o700))
            for name in files:
                path = Path(place, name)
                path.chmod(path.stat().st_mode | (0o660 if shared else 0o600))
        self._stamp(source, target)

    def _stamp(self, source: Path, target: Path) -> None:
        came = datetime.fromtimestamp(source.stat().st_ctime, UTC)
        claimed = claimed_time(target)
        if self.believe_students and claimed is not None:
            return
        if claimed is None or abs((came - claimed).total_seconds()) > TOLERANCE:
            self.log.warning("%s claims %s; it came at %s", source, claimed or "no time", came)
            claimed = came
        if (target / STAMP).is_dir():
            shutil.rmtree(target / STAMP)
        (target / STAMP).write_text(claimed.strftime(FORMAT))  # as nbgrader reads it


def may_be_copied(path: Path) -> bool:
    """Whether it is a file or folder of its own that can be read.

    Links, second names of another's file, pipes and devices would be followed or waited for.
    """
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return os.access(path, os.R_OK | os.X_OK)
    return stat.S_ISREG(mode) and not is_second_name(path) and os.access(path, os.R_OK)


def size_of(folder: Path) -> int:
    """The bytes of what may be copied of a folder."""
    total = 0
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if may_be_copied(Path(place, name))]
        paths = (Path(place, name) for name in files)
        total += sum(path.lstat().st_size for path in paths if may_be_copied(path))
    return total


def claimed_time(folder: Path) -> datetime | None:
    """What the time stamp in a folder says, None if there is none that can be read."""
    try:
        text = decode_typed(read_regular(folder / STAMP)[:LONGEST], STAMP).strip()
        return parse_utc(text).replace(tzinfo=UTC)
    except (OSError, ValueError, OverflowError):
        return None


def time_of(folder: Path) -> datetime | None:
    """When what lies in a folder came: by its time stamp, or if nobody can read that, the folder's.

    None if there is no time stamp.
    """
    if not os.path.lexists(folder / STAMP):
        return None
    return claimed_time(folder) or datetime.fromtimestamp(folder.stat().st_ctime, UTC)
