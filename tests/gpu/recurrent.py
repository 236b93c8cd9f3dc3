"""Which states the recurrent layers of a device take: a slice of a batch is not contiguous.

`h[:, row : row + 1]` of (L, B, H) is not, where L and B are more than 1. torch's CPU kernels take
it; cuDNN may refuse it, forward or backward. The simulated GPU computes on the CPU and takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from .conformance import told

L, B, H = 2, 3, 4  # layers, rows, numbers of a state
STATES: dict[str, Callable[[Tensor], Tensor]] = {
    "a slice of the batch": lambda h: h[:, 1:2],
    "a slice, contiguous": lambda h: h[:, 1:2].contiguous(),
    "rows picked by a list": lambda h: h[:, [1]],
    "a state of one layer, a slice": lambda h: h[:, 1:2],
    "batch and layers exchanged": lambda h: h.transpose(0, 1).contiguous().transpose(0, 1)[:, :1],
    "an expanded state": lambda h: h[:, :1].expand(-1, 2, -1),
}


def found(device: str, few: bool) -> Iterator[tuple[str, Any]]:
    """For each state, and each kind of layer: whether it is taken forward and backward."""
    backend: Any = torch.backends.cudnn  # torch has no types there
    cudnn = device == "cuda" and backend.is_available()
    for name, pick in STATES.items():
        layers = 1 if "one layer" in name else L
        for kind in (nn.LSTM, nn.GRU, nn.RNN):
            if cudnn:
                yield f"{kind.__name__}, {name}, cuDNN", taken(kind, layers, pick, device)
            with torch.backends.cudnn.flags(enabled=False):
                yield f"{kind.__name__}, {name}, without cuDNN", taken(kind, layers, pick, device)


def taken(kind: Any, layers: int, pick: Callable[[Tensor], Tensor], device: str) -> str:
    """How one layer does with a state."""
    whole = torch.rand(layers, B, H, device=device, requires_grad=True)
    state = pick(whole)
    layer = kind(H, H, layers, batch_first=True).to(device)
    words = torch.rand(state.shape[1], 1, H, device=device)
    given = (state, pick(torch.rand(layers, B, H, device=device))) if kind is nn.LSTM else state
    way = "forward"
    try:
        outputs, _ = layer(words, given)
        way = "backward"
        outputs.sum().backward()
        if device == "cuda":
            torch.cuda.synchronize()
    except RuntimeError as error:
        return f"refused {way}: {told(error)}"
    return "taken" if state.is_contiguous() else "taken, not contiguous"
