"""Why dropout does nothing in train mode, told by what else the module does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from torch import Tensor

from checks.expect import Wrong, close


def expect_left_alone(name: str, report: Any) -> None:
    """Check that a module, "encoder" or "decoder", leaves its mode and torch's seed alone.

    Args:
        report: of the probe that ran it in train mode.
    """
    facts = report if isinstance(report, dict) else {}
    if facts.get("training") is False:
        raise Wrong(
            f"your {name} leaves train mode by itself",
            "the caller chooses the mode: no self.eval() and no self.training = ... in forward",
        )
    if facts.get("reseeded") is True:
        raise Wrong(
            f"your {name} sets torch's seed when it is called",
            "leave the seed alone in forward: the same units would be dropped each time",
        )


def explain_no_dropout(
    name: str,
    states: list[Tensor],
    ask: Callable[[int], list[Tensor]],
    where: str,
) -> NoReturn:
    """Raise `Wrong` for a module whose states are all the same in train mode.

    Args:
        name: "encoder" or "decoder".
        states: what it gave.
        ask: runs it anew in train mode alone, with a seed, and returns its states.
        where: what dropout belongs on.
    """
    anew, other = ask(0), ask(1)
    if not same(anew):
        raise Wrong(
            f"your {name} drops nothing in train mode once it was in eval mode",
            "self.training says the mode of this call: nothing about it is remembered on self",
        )
    if not close(anew[0], other[0]):
        raise Wrong(
            f"your {name} drops the same units at every call: its mask is drawn only once",
            "draw afresh at every call, as nn.Dropout does",
        )
    raise Wrong(
        f"in train mode with dropout 0.5, eight runs of your {name} gave the same state",
        f"apply nn.Dropout(dropout) to {where}, whatever num_layers is: nn.LSTM's own dropout "
        "argument does nothing for a single layer",
        guess=True,
    )


def same(states: list[Tensor]) -> bool:
    """Whether all are alike."""
    return all(close(states[0], state) for state in states)
