"""Does code that works on the CPU work on another device? In the submission's process: try it.

`elsewhere` runs the code twice, on the CPU and on the simulated GPU, and tells what went wrong
there alone. `expect_at_home`, on the judge's side, puts that into words. Only names that the
judge knows enter them, so that nothing hidden can be spelled out by what a function is called.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, NotRequired, TypedDict

import torch
from torch import Tensor

from checks.expect import Wrong

from .accelerator import Accelerator
from .places import CPU, EARLIER, FACTORIES, MODULE, MOVED, UNPACKED

FINE, REFUSED, MISPLACED, UNCHECKED = "fine", "refused", "misplaced", "not checked"


class Fared(TypedDict):
    """How code fared on the simulated GPU: see `elsewhere`."""

    verdict: Literal["fine", "refused", "misplaced", "not checked"]
    rule: NotRequired[str]
    how: NotRequired[str]
    inside: NotRequired[str]


# runs the code with everything on a device; returns what it gave, by name
Run = Callable[[torch.device], dict[str, Any]]


def elsewhere(run: Run, placed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Try code on the simulated GPU.

    Args:
        run: draws nothing at random that it does not seed; what it raises on the CPU is raised.
        placed: names of the results that should lie on the device.

    Returns:
        verdict: "fine", "refused", "misplaced" or "not checked"; `rule`, `how`, `inside` of the
        refusal that mattered.
    """
    here, there = run(CPU), None
    with Accelerator() as gpu, suppress(Exception):
        there = run(gpu.device)
        left = [name for name in placed if lies_elsewhere(there.get(name), gpu.device)]
    failed = there is None
    if not gpu.followed or (failed and not gpu.refusals):
        return {"verdict": UNCHECKED}
    if gpu.refusals and (failed or not alike(here, there)):
        last = gpu.refusals[-1]  # earlier ones were dealt with
        how, inside = last.maker.how, last.maker.inside
        return {"verdict": REFUSED, "rule": last.rule, "how": how, "inside": inside}
    return {"verdict": MISPLACED if left else FINE}


def lies_elsewhere(value: Any, device: torch.device) -> bool:
    """Whether a value holds a tensor that is not on the device."""
    if isinstance(value, Tensor):
        return value.device != device
    return isinstance(value, list | tuple) and any(lies_elsewhere(part, device) for part in value)


def alike(one: Any, other: Any) -> bool:
    """Whether two values are the same, but for rounding."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and torch.allclose(
            one.double(), other.double(), atol=1e-5, equal_nan=True
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-5 * max(1.0, abs(one)) or one != one != other
    return bool(one == other)


def expect_at_home(
    report: Any,
    name: str,
    record: Callable[[str, object], None] | None = None,
    device: str = "source.device",
) -> None:
    """Raise `Wrong` for a mistake with devices.

    Args:
        report: of `elsewhere`.
        name: the contract's name of the function or class under test.
        record: takes what is reported beside the mark, when nothing could be said.
        device: where tensors belong, as the student's code can say it.
    """
    facts = report if isinstance(report, dict) else {}
    verdict, inside = facts.get("verdict"), facts.get("inside")
    if verdict == FINE:
        return
    if verdict == UNCHECKED:
        if record is not None:
            record(f"{name} on a simulated GPU", "not checked: its code cannot be followed there")
        return
    if verdict == MISPLACED:
        raise Wrong(
            "what belongs on the GPU, with the model, lies on the CPU after the call",
            "return tensors where they were made, without .cpu(), and leave the model where it is",
        )
    known = inside in (name, f"{name}.__init__", f"{name}.forward")
    where = f"inside `{inside}`" if known else "inside a function of yours"
    if facts.get("rule") in RULES:
        seen, help = RULES[facts["rule"]]
        raise Wrong(f"{seen}, {where}", help)
    raise Wrong(*mixed(str(facts.get("how")), where, device))


# of what a GPU refuses besides a mixture: what was seen, and where to look
RULES = {
    "numpy": (
        "a tensor that is on the GPU is handed to numpy",
        "numpy reads the CPU's memory only: stay with torch, or .cpu() first",
    ),
    "lengths": (
        "pack_padded_sequence is given lengths that are on the GPU",
        "packing wants its lengths on the CPU, wherever the batch is: source_lengths.cpu()",
    ),
    "index": (
        "a tensor on the CPU is indexed with one that is on the GPU",
        "create the tensor that is indexed with device=source.device",
    ),
    "generator": (
        "random numbers for the GPU are asked of a generator of the CPU",
        "draw them on the CPU and move them, or leave the generator out",
    ),
}


def mixed(how: str, where: str, device: str) -> tuple[str, str]:
    """Words for a tensor on the CPU that meets one on the GPU, by its maker."""
    lies = "on the CPU while the model is on the GPU"
    in_init = where.endswith("__init__`")
    if how == MODULE and in_init:
        return (
            f"a module made {where} is {lies}",
            "model.to() moves modules that are attributes, not those in a plain list or "
            "dictionary: use nn.ModuleList, nn.ModuleDict or nn.Sequential",
        )
    if how == MODULE:
        return (
            f"a module made {where} is {lies}",
            f"make modules once, in __init__, so that model.to() moves them; or .to({device})",
        )
    if how in MOVED:
        return (
            f"a tensor moved {where} (with .{how}) is {lies}",
            f"leave it where it is, or move it with .to({device})",
        )
    if how in FACTORIES and in_init:
        return (
            f"a tensor created {where} (with torch.{how}) is {lies}",
            "model.to() moves parameters and buffers, not other tensors: "
            "self.register_buffer(name, tensor)",
        )
    if how in FACTORIES:
        return (
            f"a tensor created {where} (with torch.{how}) is {lies}",
            f"create it with device={device}",
        )
    if how == UNPACKED:
        return (
            f"the lengths that pad_packed_sequence returns, {where}, are {lies}",
            f"use source_lengths, or move them with .to({device})",
        )
    if how == EARLIER:
        return (
            f"a tensor made before the call, or with torch.Tensor or torch.LongTensor, is {lies}",
            f"create it inside, with torch.tensor(..., device={device}), or move it with "
            f".to({device})",
        )
    return f"a tensor is {lies}", f"create tensors with device={device}"
