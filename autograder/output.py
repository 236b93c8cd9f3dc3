"""Standard output and error of our commands: what is printed there never stops the work."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from checks.printable import print_any_sign


class Patient(io.FileIO):
    """A pipe that nobody may be reading any more: what then is written is lost, without an error.

    `grade ... | head` has asked for some lines, not for work to be thrown away.
    """

    def write(self, data: Any, /) -> int:
        """Write bytes, in whatever holds them, and count them as written where nobody reads."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def print_whatever() -> None:
    """From here on, nothing printed fails for a sign, a closed pipe or a missing stream."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started this
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  it stays open
        elif stream is getattr(sys, f"__{name}__"):  # else somebody catches what is printed
            stream.flush()
            raw = io.BufferedWriter(Patient(stream.fileno(), "w", closefd=False))
            lines = stream.line_buffering
            setattr(sys, name, io.TextIOWrapper(raw, stream.encoding, line_buffering=lines))
    print_any_sign()
