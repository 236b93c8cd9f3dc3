"""The cases of `cases.py`, on the simulated and the real device side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch

from checks.simulated_gpu.accelerator import Accelerator

from .cases import CPU, GPU, NUMBERS, REFUSED, Case

AS_EXPECTED = "as expected"
Asked = Callable[[torch.device], str]


def found(device: str, few: bool) -> Iterator[tuple[str, Any]]:
    """For each case what came of it on the simulated device, and on the real one."""
    for name, ask in questions().items():
        if device == "cuda":
            there = answer(ask, nullcontext(torch.device("cuda", 0)))
        else:
            there = answer(ask, simulated())
        yield name, {"simulated": answer(ask, simulated()), "there": there}


def questions() -> dict[str, Asked]:
    """All cases by name; each says whether it went as expected, or what came instead."""
    asked: dict[str, Asked] = {}
    for side, cases in (("cuda", GPU), ("cpu", CPU)):
        for name, case in cases.items():
            asked[f"on the {side}: {name}"] = partial(lies, case, side)
    for name, (kind, words, case) in REFUSED.items():
        asked[f"refused: {name}"] = partial(refuses, case, kind, words)
    for name, (right, case) in NUMBERS.items():
        asked[f"seen by Python: {name}"] = partial(same, case, right)
    return asked


def simulated() -> AbstractContextManager[torch.device]:
    """A simulated GPU, as the device to move to."""

    class Simulated(Accelerator):
        def __enter__(self) -> Any:
            super().__enter__()
            return self.device

    return Simulated()


def answer(ask: Asked, place: AbstractContextManager[torch.device]) -> str:
    """How a case went on a device."""
    try:
        with place as device:
            return ask(device)
    except Exception as error:
        return f"raised {told(error)}"


def lies(case: Case, side: str, device: torch.device) -> str:
    """Whether a tensor is where it should be."""
    kind = case(device).device.type
    return AS_EXPECTED if kind == side else f"on the {kind}"


def refuses(case: Case, kind: type[Exception], words: str, device: torch.device) -> str:
    """Whether a case is refused, in the words in which it should be."""
    try:
        case(device)
    except Exception as error:
        as_expected = isinstance(error, kind) and re.search(words, str(error))
        return AS_EXPECTED if as_expected else f"raised {told(error)}"
    return "not refused"


def same(case: Case, right: Any, device: torch.device) -> str:
    """Whether Python sees what it should."""
    value = case(device)
    return AS_EXPECTED if value == right else f"gave {value!r}"


def told(error: BaseException) -> str:
    """An exception on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
