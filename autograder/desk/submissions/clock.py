"""When a submission came: by the server's clock, never by what a submitted file claims.

nbgrader reads `timestamp.txt`, which `nbgrader submit` writes in the student's name into a folder
that the student owns. What a student cannot set is the time at which the file system last changed
the entry of that folder, or of a file in it.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import ignore_patterns, parse_utc
from traitlets import Bool

from autograder.course import Course
from autograder.errors import SheetError
from autograder.files import decode_typed, delete, is_second_name, read_regular

from .owner import ASIDE, Accounts, only_aside

Record = dict[str, Any]  # nbgrader's, of a folder in its exchange: username, filename, timestamp
STAMP = "timestamp.txt"
FORMAT = "%Y-%m-%d %H:%M:%S.%f UTC"
LONGEST = 200  # bytes of a time stamp that are read
TOLERANCE = 300.0  # seconds that a copy into the exchange may take


class ServerTimeCollect(ExchangeCollect):
    """`nbgrader collect`, by the server's time and accounts; links to others' files stay out."""

    believe_students = Bool(
        False,
        help="Keep the times that submissions claim; needed when the exchange was restored "
        "from a backup, which makes all folders look new.",
    ).tag(config=True)

    src_records: list[Record]
    _accounts: Accounts | None = None

    def _path_to_record(self, path: str) -> Record:
        """nbgrader's record of a folder; for a time that nobody can read stands the server's."""
        try:
            record: Record = super()._path_to_record(path)
        except (ValueError, OverflowError):
            name = os.path.basename(path)
            came = datetime.fromtimestamp(os.lstat(path).st_ctime, UTC).replace(tzinfo=None)
            self.log.warning("%s has no time in its name; it came at %s", name, came)
            record = {"username": name.rsplit("+", 3)[0], "filename": name, "timestamp": came}
        return record

    def _sort_by_timestamp(self, records: list[Record]) -> list[Record]:
        """One student's, the newest first; then what another's account made, and what is no folder.

        nbgrader collects the first.
        """
        newest: list[Record] = super()._sort_by_timestamp(records)
        for record in newest:
            if owner := self._owner(record):
                self.log.warning("%s was handed in by the account of %s", record["filename"], owner)
        return sorted(newest, key=lambda one: (not self._is_folder(one), bool(self._owner(one))))

    def copy_files(self) -> None:
        """Collect everyone who can be collected; say at the end who could not.

        What came by another student's account is put where it is found, and not graded. A link
        would be read with the rights of who collects, so it is named and not followed.
        """
        self._left_out: list[str] = []
        for record in self.src_records:
            if not self._is_folder(record):
                self.log.error("%s is no folder; it is not collected", self._source(record))
                self._left_out.append(record["username"])
        self.src_records = [record for record in self.src_records if self._is_folder(record)]
        foreign = [record for record in self.src_records if self._owner(record)]
        self.src_records = [record for record in self.src_records if record not in foreign]
        for record in self.src_records:
            place = self._place(record)
            if place.is_dir() and only_aside(os.listdir(place)):
                delete(place)  # else nbgrader takes it for the student's
        super().copy_files()
        for record in foreign:
            self._put_aside(record)
        if self._left_out:
            self.fail(f"not collected: {', '.join(self._left_out)}; the others are")

    def do_copy(self, src: str, dest: str, log: object = None) -> None:
        """Copy the regular files that may be read, and write down when the folder came."""
        self._copy_or_tell(Path(src), Path(dest), Path(dest).parent.name)

    def _owner(self, record: Record) -> str:
        """The student whose account made a folder, if it is another than whom it is named for."""
        if not self.check_owner:
            return ""
        if self._accounts is None:
            try:
                self._accounts = Accounts.of(Course(self.coursedir))
            except (OSError, SheetError) as error:
                self.fail(str(error))
                raise
        return self._accounts.other(self._source(record), record["username"])

    def _is_folder(self, record: Record) -> bool:
        """Whether it is one of its own, and no link to another."""
        source = self._source(record)
        return source.is_dir() and not source.is_symlink()

    def _source(self, record: Record) -> Path:
        return Path(self.inbound_path, record["filename"])

    def _place(self, record: Record) -> Path:
        names = (record["username"], self.coursedir.assignment_id)
        return Path(self.coursedir.format_path(self.coursedir.submitted_directory, *names))

    def _put_aside(self, record: Record) -> None:
        """Put a submission beside the student's own, where the table finds it."""
        target = self._place(record) / f"{ASIDE}{self._owner(record)}"
        if target.exists():
            before = claimed_time(target)
            if not self.update or (before and before >= record["timestamp"].replace(tzinfo=UTC)):
                return
            delete(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._copy_or_tell(self._source(record), target, record["username"])

    def _copy_or_tell(self, source: Path, target: Path, student: str) -> None:
        try:
            self._copy(source, target)
        except OSError as error:  # one student's files stop nobody else
            delete(target)
            self.log.error("%s cannot be copied: %s", source, error)
            self._left_out.append(student)

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
            forged = {name for name in names if name.startswith(ASIDE)}  # made here, by nobody else
            return {*names} - {*copied} | {*passed_over(folder, copied)} | forged

        if source.is_symlink() or not os.access(source, os.R_OK | os.X_OK):
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
        came = changed(source)
        claimed = claimed_time(target)
        if self.believe_students and claimed is not None:
            return
        if claimed is None or abs((came - claimed).total_seconds()) > TOLERANCE:
            self.log.warning("%s claims %s; it came at %s", source, claimed or "no time", came)
            claimed = came
        if (target / STAMP).is_dir():
            shutil.rmtree(target / STAMP)
        (target / STAMP).write_text(claimed.strftime(FORMAT))  # as nbgrader reads it


def changed(folder: Path) -> datetime:
    """When a folder that was handed in, or a file in it that may be copied, was changed last."""
    times = (status.st_ctime for status in (folder.stat(), *_files_of(folder)))
    return datetime.fromtimestamp(max(times), UTC)


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
    return sum(status.st_size for status in _files_of(folder))


def _files_of(folder: Path) -> Iterator[os.stat_result]:
    """What the file system says of each file of a folder that may be copied."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if may_be_copied(Path(place, name))]
        paths = (Path(place, name) for name in files)
        yield from (path.lstat() for path in paths if may_be_copied(path))


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
