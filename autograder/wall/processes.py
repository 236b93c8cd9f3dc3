"""What the processes of one submission hold and have used, as the kernel tells it from outside.

It tells it of a control group at once. Where there is none it is summed up, and no process escapes
the sum: whoever has ended and was not waited for still stands there with its
time; whoever was waited for has left its time to who waited; and no submission can have the kernel
forget a child (`inside/syscalls.py`).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from .cgroup import Group

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")  # of processor time in a second
# memory that is no file's on disk: pages, those swapped out, and the tables that lead to pages
HELD = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap|VmPTE|HugetlbPages):\s+(\d+) kB", re.MULTILINE)
RUNNABLE = b"R"  # a state: on a processor or kept waiting for one
SOCKETS = re.compile(rb"^sockets: used (\d+)", re.MULTILINE)
SENT = 212_992  # bytes that wait in a socket, where the kernel does not say


@dataclass(frozen=True)
class Usage:
    """What the processes of one submission use together."""

    processor_seconds: float = 0.0
    memory: int = 0  # bytes that are their own
    asleep: bool = True  # none of their threads wants a processor
    refused: bool = False  # the kernel has ended some for want of the memory they may have


def family(first: int) -> list[int]:
    """A process and all below it; none if it is gone."""
    if not _tells_children():
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(first)
            return [first, *(child.pid for child in process.children(recursive=True))]
        return []
    found, waiting = list[int](), [first]
    while waiting:
        process = waiting.pop()
        tasks = _threads(process)
        if tasks:
            found.append(process)
        for task in tasks:
            waiting += map(int, _read(f"{process}/task/{task}/children").split())
    return found


def usage(processes: Iterable[int], shared: int = 0) -> Usage:
    """What they use; each began with so many bytes that it `shared` with others."""
    ticks, memory, asleep = 0, 0, True
    for process in processes:
        fields = _fields(process)
        if not fields:
            continue  # gone meanwhile: who waited for it has its time
        ticks += sum(map(int, fields[11:15]))  # its own and its buried children's
        memory += max(0, own_memory(process) - shared)
        asleep = asleep and not _wants_processor(process, fields)
    return Usage(ticks / TICKS, memory, asleep)


def usage_of_group(group: Group) -> Usage:
    """What the kernel counts for a group. It keeps to the limit on memory itself."""
    fields = ((process, _fields(process)) for process in group.processes())
    asleep = not any(_wants_processor(process, found) for process, found in fields if found)
    return Usage(group.processor_seconds(), group.peak(), asleep, group.out_of_memory())


def own_memory(process: int) -> int:
    """Bytes that belong to no file on disk: a fork begins with just those of its parent."""
    return 1024 * sum(map(int, HELD.findall(_read(f"{process}/status"))))


def in_sockets(process: int) -> int:
    """Bytes that may wait in the sockets of its network namespace, whoever holds them."""
    used = SOCKETS.search(_read(f"{process}/net/sockstat"))
    return int(used.group(1)) * _most_sent() if used else 0


def _most_sent() -> int:
    """Bytes of memory that one socket can hold: as many as it may send, and what a part adds."""
    default = _read("sys/net/core/wmem_default").strip()
    return (int(default) if default.isdigit() else SENT) * 3 // 2


def _fields(process: int) -> list[bytes]:
    """What stands behind its name, which is its own to choose; nothing if it is gone."""
    return _read(f"{process}/stat").rpartition(b")")[2].split()


def _wants_processor(process: int, fields: list[bytes]) -> bool:
    if fields[0] == RUNNABLE:
        return True
    if int(fields[17]) < 2:  # threads
        return False
    tasks = (_read(f"{process}/task/{task}/stat") for task in _threads(process))
    return any(task.rpartition(b")")[2].split()[:1] == [RUNNABLE] for task in tasks)


def _threads(process: int) -> list[str]:
    try:
        return os.listdir(PROC / str(process) / "task")
    except OSError:
        return []


def _tells_children() -> bool:
    return (PROC / "self" / "task" / str(os.getpid()) / "children").exists()


def _read(name: str) -> bytes:
    """A file of /proc, empty if it is gone."""
    try:
        descriptor = os.open(f"/proc/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        parts = []
        while part := os.read(descriptor, 65536):
            parts.append(part)
        return b"".join(parts)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
