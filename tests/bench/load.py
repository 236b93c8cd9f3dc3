"""What a command costs: wall time, processor time and memory of all its processes together."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY = 0.5  # seconds between two looks at the memory
MIB = 1024 * 1024


@dataclass(frozen=True)
class Load:
    """What one command used."""

    seconds: float  # wall time
    processor_seconds: float  # of the machine meanwhile
    peak: float  # MiB: the proportional shares of all its processes, added up


def measured(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Load:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed.
    """
    programs = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader's alembic
    before, began = _busy(), time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PATH": programs, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        watch = _Watch(process.pid)
        watch.start()
        output, _ = process.communicate()
        watch.ended.set()
        watch.join()
    seconds = time.perf_counter() - began
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{output[-3000:]}")
    return Load(seconds, _busy() - before, watch.peak / MIB)


def _busy() -> float:
    """Seconds that all processors have worked so far.

    The machine's, since the kernel adds up only those children that their parent waits for, and
    submissions are killed: nothing else should be running meanwhile.
    """
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


class _Watch(threading.Thread):
    """Looks again and again at the memory of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.peak = 0.0
        self._pid = pid

    def run(self) -> None:
        """Look until it has ended."""
        while not self.ended.wait(EVERY):
            self.peak = max(self.peak, _proportional(self._pid))


def _proportional(pid: int) -> float:
    """Bytes that a process and its descendants hold, pages shared with others in part."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0
    for process in family:
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return float(total)
