"""The socket of a server: for its owner or a group, in a folder that nobody else can change."""

from __future__ import annotations

import contextlib
import fcntl
import grp
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from tornado.netutil import bind_unix_socket

from autograder.errors import ServerError
from autograder.wall.sandbox import system_folders

MOST = 107  # bytes of a socket's path, by the kernel
OTHERS = stat.S_IWGRP | stat.S_IWOTH
OWNER_ONLY, AND_GROUP = 0o600, 0o660


def require_place(path: Path) -> None:
    """Refuse a place where a socket cannot be, or where it would be another's to take.

    Raises:
        ServerError: why, and what to do.
        OSError: its folder is not there.
    """
    if len(os.fsencode(path)) > MOST:
        raise ServerError(f"{path} is longer than {MOST} bytes, the most that a socket may have")
    whole = path.parent.resolve(strict=True)
    for folder in (whole, *whole.parents):
        status = folder.stat()
        # in a sticky folder nobody moves what another has there
        open_to = status.st_mode & OTHERS and (folder == whole or not status.st_mode & stat.S_ISVTX)
        if open_to or status.st_uid not in (0, os.geteuid()):
            raise ServerError(
                f"{folder} can be changed by others; put the socket into a folder of your own, "
                "below folders that nobody else can change (mode 755 or less)"
            )
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ServerError(f"{path.parent} is not yours to write; name a folder of your own")
    if any(path.resolve().is_relative_to(seen) for seen in system_folders()):
        raise ServerError(f"{path.parent} is seen by student code; put the socket elsewhere")
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ServerError(f"{path} is there, and is no socket; name another place")
        if _is_served(path):
            raise ServerError(f"{path}: a server answers there; end it, or name another place")


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            return False
        except BlockingIOError:  # so many wait to be let in
            return True
    return True


@contextlib.contextmanager
def listening(path: Path, group: str | None = None) -> Iterator[socket.socket]:
    """A socket that listens at a place, where a dead server's may lie; removed in the end.

    Args:
        group: whose members may connect, too; else nobody but the owner may.

    Raises:
        ServerError, OSError: as `require_place`, or there is no such group.
    """
    number = _group_number(group) if group else None
    with _one_at_a_time(path.parent):
        require_place(path)
        before = os.umask(0o777 & ~OWNER_ONLY)  # at no time is it anybody's
        try:
            listener = bind_unix_socket(str(path), OWNER_ONLY)
        finally:
            os.umask(before)
        own = path.lstat().st_ino
    try:
        if number is not None:
            os.chown(path, -1, number)
            path.chmod(AND_GROUP)
        yield listener
    finally:
        listener.close()
        with contextlib.suppress(OSError):
            if path.lstat().st_ino == own:
                path.unlink()


def _group_number(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise ServerError(f"--group: there is no group {name!r} on this machine") from error


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two servers that start at once do not both find nobody there."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def let_go(path: Path) -> None:
    """Let go of what a fork has got of the socket at a place and of those connected there.

    A client whose connection the server has closed would else wait for the fork to close it.
    """
    with open(os.devnull) as nothing:
        for number in map(int, os.listdir("/proc/self/fd")):
            with contextlib.suppress(OSError):  # what listed them, and is closed by now
                if stat.S_ISSOCK(os.fstat(number).st_mode) and _name_of(number) == str(path):
                    # rather than closed: whoever still holds the number closes nothing of ours
                    os.dup2(nothing.fileno(), number)


def _name_of(descriptor: int) -> object:
    here = socket.socket(fileno=descriptor)
    try:
        return here.getsockname()
    finally:
        here.detach()
