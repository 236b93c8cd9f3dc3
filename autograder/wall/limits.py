"""What one submission may use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from autograder.errors import LimitError

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    # bytes of address space of a process, of which torch maps about 1.5 GiB by itself, and of
    # resident memory of all processes together
    memory: int = 6144 * MIB
    processes: int = 64  # threads included
    processor_seconds: int = 240  # for the worker's whole life
    file_size: int = 64 * MIB  # bytes in one file
    open_files: int = 128
    scratch: int = 256 * MIB  # bytes in /tmp
    load_seconds: float = 20.0  # processor time to run the notebook's cells
    call_seconds: float = 10.0  # processor time for one call of one function

    def changed(self, values: Mapping[str, Any]) -> Limits:
        """The same limits with some replaced, given as numbers or as text.

        Raises:
            LimitError: there is no limit of this name, or the value is no positive number.
        """
        kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        changes = {}
        for name, value in values.items():
            if name not in kinds:
                raise LimitError(f"no limit {name!r}; the limits: {', '.join(kinds)}")
            try:
                changes[name] = kinds[name](value)
            except (TypeError, ValueError):
                changes[name] = 0
            if not 0 < changes[name] < math.inf:
                raise LimitError(f"limit {name}: {value!r} is no positive number")
        return replace(self, **changes)

    def arguments(self, *, user_alone: bool = True, gpu: bool = False) -> list[str]:
        """The limits that the worker sets on itself, as its command line names them.

        The kernel counts the processes of a user: only one who is `user_alone` is limited by that.
        CUDA reserves far more addresses than it uses: with a `gpu` what may be written counts.
        """
        return [
            f"{'DATA' if gpu else 'AS'}={self.memory}",
            *([f"NPROC={self.processes}"] if user_alone else []),
            f"CPU={self.processor_seconds}",
            f"FSIZE={self.file_size}",
            f"NOFILE={self.open_files}",
            "CORE=0",
        ]
