"""The submission's process: runs its cells, then probes on request. Nothing here is secret.

It starts inside the wall with two inherited descriptors, one to read requests from and one to
write replies to. A request is {"id", "load": cells} or {"id", "probe", "inputs"}; a reply repeats
the id and carries "value" or "trouble". Student code may do what it likes in here: the judge reads
replies as data about the student's behaviour and nothing else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import resource
import sys
from pathlib import Path
from typing import Any

READY = "ready"  # the id of the one message nobody asked for
UNPRIVILEGED_ID = 65534  # nobody


def main() -> None:
    """Serve requests until the judge closes the line."""
    reading, writing, probes_name, limits = _arguments()
    _shed_privileges(limits)

    import torch

    from autograder.checks.program import Cell, Lesson, describe, fresh_module, run_cells
    from autograder.checks.values import TooLarge, plain
    from autograder.wire import pack, read_frame, unpack, write_frame

    torch.set_num_threads(1)  # marks must not depend on the number of cores
    probes = importlib.import_module(probes_name)
    module = fresh_module("__main__")
    lesson = Lesson(module.__dict__)

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if "load" in request:
            cells = [Cell(**cell) for cell in request["load"]]
            troubles = run_cells(cells, module)
            return {"value": {k: dataclasses.asdict(t) for k, t in troubles.items()}}
        try:
            return {"value": plain(getattr(probes, request["probe"])(lesson, **request["inputs"]))}
        except TooLarge as error:
            return {"too_large": str(error)}
        except BaseException as error:  # SystemExit too: it is the student's, not ours
            return {"trouble": dataclasses.asdict(describe(error))}

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what student code prints is nobody's concern
    write_frame(writing, pack({"id": READY}))
    while (frame := read_frame(reading)) is not None:
        request = unpack(*frame, max_text=sys.maxsize)
        write_frame(writing, pack({"id": request["id"], **answer(request)}))


def _arguments() -> tuple[int, int, str, dict[str, int]]:
    reading, writing, probes_name, *pairs = sys.argv[1:]
    limits = {name: int(value) for name, _, value in (pair.partition("=") for pair in pairs)}
    return int(reading), int(writing), probes_name, limits


def _shed_privileges(limits: dict[str, int]) -> None:
    """Become nobody if still root, and lower the process's own limits for good."""
    shed = limits.pop("shed", 0)  # not the name of a limit
    if os.geteuid() == 0 and shed:
        with contextlib.suppress(PermissionError):  # a user namespace may have just one user
            os.setgroups([])
        os.setresgid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
        os.setresuid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
    with contextlib.suppress(OSError):  # when memory runs out, end the worker and not the judge
        Path("/proc/self/oom_score_adj").write_text("1000")
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


if __name__ == "__main__":
    main()
