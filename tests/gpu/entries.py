"""Device mistakes and right answers of the corpus: on the simulated GPU, and on a real one.

Each runs in a process of its own, since an error of CUDA spoils all that its process does later.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from autograder.assignment import Assignment
from autograder.judge.batch import processors
from autograder.suites import probes_of
from autograder.suites.seq2seq.devices import ASKS, compared
from checks.expect import Wrong
from checks.program import Lesson
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.devices import SIMULATED
from checks.verdicts import StudentFault

from ..corpus import Entry, entries, here
from .conformance import told

ASSIGNMENT = Assignment("seq2seq")
SALT = "on a GPU"
PLACED = ("outputs", "state", "logits", "weights")  # of a report: what belongs on the device
AT_ONCE = 12  # a process with CUDA in it takes half a gigabyte of the GPU
FEW = 12  # of each kind, where only a trial is asked for


def found(device: str, few: bool) -> Iterator[tuple[str, Any]]:
    """How each entry does: first the device mistakes, then those that are right."""
    wrong = [e for e in entries(ASSIGNMENT, ("wrong",)) if e.name.startswith("device_")]
    right = list(entries(ASSIGNMENT, ("right",)))
    for kind, chosen in (("wrong", wrong), ("right", right)):
        chosen = chosen[:: max(1, len(chosen) // FEW)] if few else chosen
        counted: Counter[str] = Counter()
        for entry, report in in_processes(chosen, device):
            yield f"{kind}: {entry.id}", report
            counted[report["there"]] += 1
            counted[f"simulated: {report['simulated']}"] += 1
        yield f"all {kind}", dict(counted)


def in_processes(chosen: list[Entry], device: str) -> Iterator[tuple[Entry, dict[str, Any]]]:
    """The reports as they come; this process itself must not have used CUDA."""
    here(ASSIGNMENT, None)  # the notebook of the solution is read once, for all forks
    context = multiprocessing.get_context("fork")
    processes = min(processors(), AT_ONCE)
    jobs = [(entry, device) for entry in chosen]
    with context.Pool(processes, initializer=_alone, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(_in_fork, jobs)


def _alone() -> None:
    torch.set_num_threads(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # what entries print is nobody's


def _in_fork(job: tuple[Entry, str]) -> tuple[Entry, dict[str, Any]]:
    entry, device = job
    try:
        return entry, fared(entry, device)
    except Exception as error:  # one of ours, told beside the others
        return entry, {"simulated": "?", "there": "not tried", "why": f"{error!r}"[:300]}


def fared(entry: Entry, device: str) -> dict[str, Any]:
    """What the simulated GPU says of an entry, and how it does on a device."""
    ask, probes, noting = ASKS[entry.task](SALT, entry.task), probes_of(ASSIGNMENT.name), Noting()
    student = Probed(here(ASSIGNMENT, entry, noting), probes)
    with suppress(Wrong, StudentFault):
        ask(student, SIMULATED)
    simulated = noting.reports[-1].get("verdict", "not tried") if noting.reports else "failed"
    noting.reports.clear()
    report = compared(student, Probed(here(ASSIGNMENT, None), probes), ask, device)
    if "why" in report:
        refused = "there, not on the CPU" in report["why"]
        return {
            "simulated": simulated,
            "there": "refused" if refused else report["why"],
            "why": noting.raised,
        }
    left = [name for name in PLACED if not on(device, noting.reports[-1].get(name))]
    agrees = "agrees" if report["agrees"] else "differs"
    apart = {name: found["from the CPU"] for name, found in report["quantities"].items()}
    there = "misplaced" if left else agrees
    return {"simulated": simulated, "there": there, "apart": apart}


def on(device: str, value: Any) -> bool:
    """Whether all tensors in a value lie on a device."""
    if isinstance(value, Tensor):
        return value.device.type == device
    return not isinstance(value, list | tuple) or all(on(device, part) for part in value)


class Noting:
    """The probes of the assignment, keeping what they gave as it lay on its device."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.reports: list[dict[str, Any]] = []
        self.raised = ""  # the last exception

    def __getattr__(self, probe: str) -> Callable[..., Any]:
        real = getattr(probes_of(ASSIGNMENT.name), probe)

        def ask(lesson: Lesson, **inputs: Any) -> Any:
            try:
                report = real(lesson, **inputs)
            except Exception as error:
                self.raised = told(error)
                raise
            self.reports.append(report)
            return report

        return ask
