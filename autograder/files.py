"""Files: what people typed, what students handed in, what is written whole or not at all."""

from __future__ import annotations

import codecs
import filecmp
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path

from .errors import NotText, Unreadable


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


MAX_BYTES = 30 * 1024 * 1024  # of a notebook with its plots
UNREADABLE = "unreadable"  # stands for the digest of what is no regular file of sane size


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


def own_files(folder: Path) -> list[Path]:
    """The files below a folder that a person put there."""
    return sorted(path for path in folder.rglob("*") if is_own(path))


def is_own(path: Path) -> bool:
    """Whether this is a file that a person put there: not what Python or an editor leaves."""
    left = path.name.startswith(".") or path.name.endswith(("~", ".swp"))
    return path.is_file() and "__pycache__" not in path.parts and not left


def tree_digest(folder: Path) -> str:
    """A digest of the names and bytes of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def same_files(left: Path, right: Path) -> bool:
    """Whether two folders hold the same names and bytes."""
    names = [
        sorted(p.relative_to(side) for p in side.rglob("*") if p.is_file())
        for side in (left, right)
    ]
    if names[0] != names[1]:
        return False
    return all(filecmp.cmp(left / name, right / name, shallow=False) for name in names[0])


def write_whole(
    path: Path, content: str | bytes, *, encoding: str = "utf-8", newline: str | None = None
) -> None:
    """Write a file so that a reader sees all of it or what was there before.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        if isinstance(content, bytes):
            part.write_bytes(content)
        else:
            part.write_text(content, encoding=encoding, newline=newline)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def require_writable(path: Path) -> None:
    """Refuse a file that could not be written; leaves nothing behind.

    Raises:
        OSError: it is a folder, or nothing can be written beside it.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file")
    try:
        with tempfile.TemporaryFile(dir=path.parent) as file:
            file.write(b"tried")
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror}") from error


def delete(path: Path) -> None:
    """Delete a file, or a folder with all in it, whatever modes a student gave to what is in it."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    path.chmod(0o700)
    for place, folders, _ in os.walk(path):
        for name in folders:
            if not Path(place, name).is_symlink():
                Path(place, name).chmod(0o700)
    shutil.rmtree(path)


ASIDE = ".aside"  # beside the place, so that a folder can be renamed into it


def exchange(built: Path, place: Path) -> None:
    """Put a folder in the place of another, which is there until the new one is.

    Raises:
        OSError: it cannot be put there; what was there before still is.
    """
    old = built.with_name(f"{built.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.rename(old)
    try:
        built.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)
    if built.parent.name == ASIDE and not any(built.parent.iterdir()):
        built.parent.rmdir()
