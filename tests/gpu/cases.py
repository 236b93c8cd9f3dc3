"""What a GPU accepts and refuses: cases for the simulated one and a real one alike.

Each case takes a device and does one thing on it. `GPU` and `CPU` say where the result lies,
`REFUSED` what must not go through and with which exception, `NUMBERS` what Python sees.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence

Case = Callable[[torch.device], Any]


def x(device: torch.device) -> Tensor:
    """Six numbers on the device."""
    return torch.arange(6.0).to(device)


def ids(*numbers: int) -> Tensor:
    """An index on the CPU."""
    return torch.tensor(numbers)


def number(tensor: Tensor) -> Any:
    """One of its numbers, still a tensor."""
    return tensor[1]


def lstm(device: torch.device) -> nn.LSTM:
    return nn.LSTM(2, 3, 2, batch_first=True).to(device)


def packed(device: torch.device) -> Any:
    batch = torch.rand(2, 4, 2, device=device)
    return pack_padded_sequence(batch, ids(2, 4), batch_first=True, enforce_sorted=False)


def assigned(target: Tensor, index: Any, value: Any) -> Tensor:
    target[index] = value
    return target


def leaf_gradient(device: torch.device) -> Tensor | None:
    leaf = torch.ones(3, device=device, requires_grad=True)
    (leaf * 2).sum().backward()  # type: ignore[no-untyped-call]  # torch has no types there
    return leaf.grad


def differentiated(device: torch.device) -> Tensor:
    leaf = x(device).requires_grad_()
    (slope,) = torch.autograd.grad((leaf * leaf).sum().cpu(), [leaf])
    return slope


def trained(device: torch.device, kind: Any) -> Tensor:
    module = nn.Linear(2, 2).to(device)
    optimizer = kind(module.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        module(torch.rand(3, 2, device=device)).sum().backward()
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
    return module.weight


GPU: dict[str, Case] = {
    "a move": lambda d: torch.ones(3).to(d),
    "a move by another tensor": lambda d: torch.ones(3).to(x(d)),
    "type_as": lambda d: torch.ones(3).type_as(x(d)),
    "a move of kind and place": lambda d: torch.ones(3).to(d, torch.int64),
    "a factory told so": lambda d: torch.zeros(2, device=d),
    "a factory told by a tensor": lambda d: torch.full((2,), 7, device=x(d).device),
    "torch.tensor told so": lambda d: torch.tensor([1, 2], device=d),
    "torch.tensor of a tensor there": lambda d: torch.as_tensor(x(d)),
    "a factory in a device context": lambda d: within(d, lambda: torch.zeros(2)),
    "zeros_like": lambda d: torch.zeros_like(x(d)),
    "new_full": lambda d: x(d).new_full((2,), 3.0),
    "new_tensor": lambda d: x(d).new_tensor([3.0]),
    "full_like told nothing, of a slice": lambda d: torch.full_like(x(d)[:2], 3.0),
    "an operation": lambda d: x(d) * 2 + 1,
    "a 0-d CPU tensor mixes": lambda d: x(d) + torch.tensor(2.0),
    "a 0-d CPU tensor mixes, first": lambda d: torch.tensor(2.0) * x(d),
    "a 0-d CPU tensor in where": lambda d: torch.where(x(d) > 2, x(d), torch.tensor(0.0)),
    "a 0-d CPU tensor as a bound": lambda d: x(d).clamp(min=torch.tensor(2.0)),
    "a CPU index": lambda d: x(d)[ids(1, 2)],
    "a CPU mask": lambda d: x(d)[torch.arange(6) > 2],
    "a list as index": lambda d: x(d)[[1, 2]],
    "CPU and GPU indices together": lambda d: x(d).view(2, 3)[ids(0, 1), ids(1, 2).to(d)],
    "a slice": lambda d: x(d)[1:4],
    "a view": lambda d: x(d).view(2, 3).T[None],
    "iteration": lambda d: next(iter(x(d))),
    "unbind": lambda d: x(d).unbind()[0],
    "detach": lambda d: x(d).detach(),
    ".data": lambda d: x(d).data,
    "a cast": lambda d: x(d).long(),
    ".type(dtype)": lambda d: x(d).type(torch.int64),
    "nn.Parameter": lambda d: nn.Parameter(x(d)),
    "clone": lambda d: x(d).clone(),
    "deepcopy": lambda d: copy.deepcopy(x(d)),
    "expand_as a CPU tensor": lambda d: x(d)[:1].expand_as(torch.ones(4)),
    "topk": lambda d: x(d).topk(2).values,
    "sort": lambda d: torch.sort(x(d), descending=True).indices,
    "masked_fill": lambda d: x(d).masked_fill(x(d) > 2, 0.0),
    "in place": lambda d: x(d).mul_(2).fill_(3),
    "assignment of a number": lambda d: assigned(x(d), 2, 5.0),
    "assignment of a CPU row": lambda d: assigned(x(d), slice(0, 2), torch.ones(2)),
    "assignment at a CPU index": lambda d: assigned(x(d), ids(1, 2), 5.0),
    "copy_ from the CPU": lambda d: x(d).copy_(torch.ones(6)),
    "out": lambda d: torch.add(x(d), x(d), out=torch.empty(6, device=d)),
    "repeat_interleave": lambda d: x(d).repeat_interleave(2),
    "stack": lambda d: torch.stack([x(d), x(d)]),
    "einsum": lambda d: torch.einsum("i,j->ij", x(d), x(d)),
    "embedding": lambda d: nn.Embedding(7, 2).to(d)(x(d).long()),
    "cross_entropy": lambda d: F.cross_entropy(torch.rand(2, 7, device=d), x(d).long()[:2]),
    "dropout": lambda d: F.dropout(x(d), 0.5),
    "one_hot": lambda d: F.one_hot(x(d).long(), 6),
    "the gradient": leaf_gradient,
    "autograd.grad, of a loss brought to the CPU": lambda d: differentiated(d),
    "SGD": lambda d: trained(d, torch.optim.SGD),
    "Adam": lambda d: trained(d, torch.optim.Adam),
    "a module made there": lambda d: nn.Linear(2, 2, device=d).weight,
    "a module moved": lambda d: lstm(d).weight_hh_l1,
    "nn.LSTM": lambda d: lstm(d)(torch.rand(2, 4, 2, device=d))[0],
    "nn.LSTM, its state": lambda d: lstm(d)(torch.rand(2, 4, 2, device=d))[1][1],
    "nn.GRU": lambda d: nn.GRU(2, 3).to(d)(torch.rand(2, 4, 2, device=d))[1],
    "nn.LSTMCell": lambda d: nn.LSTMCell(2, 3).to(d)(torch.rand(4, 2, device=d))[0],
    "packing, the data": lambda d: packed(d).data,
    "packing, the order": lambda d: packed(d).unsorted_indices,
    "packing a list": lambda d: pack_sequence([x(d), x(d)[:2]]).data,
    "nn.LSTM of packed data": lambda d: lstm(d)(packed(d))[0].data,
    "nn.GRU of packed data": lambda d: nn.GRU(2, 3).to(d)(packed(d))[0].data,
    "packing undone": lambda d: pad_packed_sequence(lstm(d)(packed(d))[0], batch_first=True)[0],
    "numbers from its own generator": lambda d: torch.rand(
        2, device=d, generator=torch.Generator(device=d)
    ),
}

CPU: dict[str, Case] = {
    "a factory": lambda d: torch.zeros(2),
    "a factory given a GPU number": lambda d: torch.full((2,), number(x(d))),
    "torch.tensor of GPU numbers": lambda d: torch.tensor([x(d)[0], x(d)[1]]),
    "torch.LongTensor": lambda d: torch.LongTensor([1, 2]),
    "from_numpy": lambda d: torch.from_numpy(np.ones(2)),
    ".cpu()": lambda d: x(d).cpu(),
    ".to('cpu')": lambda d: x(d).to("cpu"),
    ".type(torch.LongTensor)": lambda d: x(d).type("torch.LongTensor"),
    "type_as a CPU tensor": lambda d: x(d).type_as(torch.ones(1)),
    "a CPU buffer assigned to": lambda d: assigned(torch.zeros(6), 2, x(d)[1]),
    "a CPU buffer assigned a row": lambda d: assigned(torch.zeros(6), slice(2), x(d)[:2]),
    "a CPU tensor at a 0-d GPU index": lambda d: torch.ones(6)[x(d)[1].long()],
    "copy_ from the GPU": lambda d: torch.zeros(6).copy_(x(d)),
    "packing, the batch sizes": lambda d: packed(d).batch_sizes,
    "packing undone, the lengths": lambda d: pad_packed_sequence(packed(d))[1],
    "a module made": lambda d: nn.Linear(2, 2).weight,
    "an attribute that is no buffer": lambda d: holder(d).plain,
}

MIXED = "same device"
DEVICE = "device"  # CUDA words it differently from function to function
REFUSED: dict[str, tuple[type[Exception], str, Case]] = {
    "adding": (RuntimeError, MIXED, lambda d: x(d) + torch.ones(6)),
    "comparing": (RuntimeError, MIXED, lambda d: x(d) == torch.ones(6)),
    "adding to a 0-d CPU tensor in place": (
        RuntimeError,
        MIXED,
        lambda d: torch.tensor(0.0).add_(x(d)[0]),
    ),
    "adding a CPU tensor of one number that is not 0-d": (
        RuntimeError,
        MIXED,
        lambda d: x(d) + torch.ones(1),
    ),
    "a GPU index into a CPU tensor": (
        RuntimeError,
        "either on cpu or on the same device",
        lambda d: torch.ones(6)[x(d).long()],
    ),
    "a GPU mask into a CPU tensor": (
        RuntimeError,
        "either on cpu or on the same device",
        lambda d: torch.ones(6)[x(d) > 2],
    ),
    "a GPU index where a CPU tensor is assigned to": (
        RuntimeError,
        "either on cpu or on the same device",
        lambda d: assigned(torch.ones(6), x(d).long(), 1.0),
    ),
    "CPU values at a tensor's places": (
        RuntimeError,
        DEVICE,
        lambda d: assigned(x(d), ids(1, 2), torch.ones(2)),
    ),
    "index_select": (RuntimeError, DEVICE, lambda d: x(d).index_select(0, ids(1))),
    "gather": (RuntimeError, DEVICE, lambda d: x(d).gather(0, ids(1))),
    "scatter": (RuntimeError, DEVICE, lambda d: x(d).scatter(0, ids(1), 1.0)),
    "embedding": (RuntimeError, DEVICE, lambda d: nn.Embedding(7, 2).to(d)(ids(1, 2))),
    "embedding of a 0-d index": (
        RuntimeError,
        DEVICE,
        lambda d: nn.Embedding(7, 2).to(d)(torch.tensor(1)),
    ),
    "where, its condition": (
        RuntimeError,
        DEVICE,
        lambda d: torch.where(torch.ones(6) > 0, x(d), 0.0),
    ),
    "where, a branch": (RuntimeError, DEVICE, lambda d: torch.where(x(d) > 2, x(d), torch.ones(6))),
    "masked_fill": (RuntimeError, DEVICE, lambda d: x(d).masked_fill(torch.ones(6) > 0, 0.0)),
    "cat": (RuntimeError, DEVICE, lambda d: torch.cat([x(d), torch.ones(1)])),
    "stack": (RuntimeError, DEVICE, lambda d: torch.stack([x(d), torch.ones(6)])),
    "stack of 0-d tensors": (
        RuntimeError,
        DEVICE,
        lambda d: torch.stack([x(d)[0], torch.tensor(1.0)]),
    ),
    "lerp": (RuntimeError, DEVICE, lambda d: torch.lerp(x(d), torch.ones(6), 0.5)),
    "matmul": (RuntimeError, DEVICE, lambda d: x(d) @ torch.ones(6)),
    "a linear layer": (RuntimeError, DEVICE, lambda d: nn.Linear(6, 2)(x(d))),
    "cross_entropy": (
        RuntimeError,
        DEVICE,
        lambda d: F.cross_entropy(torch.rand(2, 7, device=d), ids(1, 2)),
    ),
    "cross_entropy, its weights": (
        RuntimeError,
        DEVICE,
        lambda d: F.cross_entropy(
            torch.rand(2, 7, device=d), x(d).long()[:2], weight=torch.ones(7)
        ),
    ),
    "nn.LSTM, its input": (RuntimeError, DEVICE, lambda d: lstm(d)(torch.rand(2, 4, 2))),
    "nn.LSTM, its state": (
        RuntimeError,
        DEVICE,
        lambda d: lstm(d)(
            torch.rand(2, 4, 2, device=d), (torch.zeros(2, 2, 3), torch.zeros(2, 2, 3))
        ),
    ),
    "packing with GPU lengths": (
        RuntimeError,
        "CPU int64 tensor",
        lambda d: pack_padded_sequence(
            torch.rand(2, 4, 2, device=d), ids(4, 2).to(d), batch_first=True
        ),
    ),
    "numpy": (TypeError, "to numpy", lambda d: x(d).numpy()),
    "np.asarray": (TypeError, "to numpy", lambda d: np.asarray(x(d))),
    "np.array of a list of them": (TypeError, "to numpy", lambda d: np.array([x(d)[0], x(d)[1]])),
    "numbers from the CPU's generator": (
        RuntimeError,
        "generator",
        lambda d: torch.rand(2, device=d, generator=torch.Generator()),
    ),
}

NUMBERS: dict[str, tuple[Any, Case]] = {
    "item": (2.0, lambda d: x(d)[2].item()),
    "tolist": ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], lambda d: x(d).tolist()),
    "int": (3, lambda d: int(x(d)[3])),
    "bool": (True, lambda d: bool((x(d) > 4).any())),
    "range": ([0, 1], lambda d: list(range(x(d)[2].long()))),
    "a slice up to it": (2, lambda d: len(x(d)[: x(d)[2].long()])),
    "comparison with a 0-d CPU tensor": (True, lambda d: bool(x(d)[2] > torch.tensor(1.0))),
    "membership": (True, lambda d: 3.0 in x(d)),
    "is_cuda": (True, lambda d: x(d).is_cuda),
    "its device's type": ("cuda", lambda d: x(d).device.type),
    "its device as text": ("cuda:0", lambda d: str(x(d).device)),
    "its device is one's own": (True, lambda d: x(d).device == d),
    "a module's device": (True, lambda d: next(lstm(d).parameters()).device == d),
    "a buffer's device": (True, lambda d: holder(d).buffer.device == d),
    "numpy after .cpu()": ([0.0, 1.0], lambda d: x(d)[:2].cpu().numpy().tolist()),
    "a tensor is where it was after a move": (True, lambda d: (y := x(d), y.cpu())[0].is_cuda),
}


class Holder(nn.Module):
    """A buffer, and a tensor that nobody registered."""

    buffer: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("buffer", torch.ones(2))
        self.plain: Tensor = torch.ones(2)


def holder(device: torch.device) -> Holder:
    return Holder().to(device)


def within(device: torch.device, make: Callable[[], Tensor]) -> Tensor:
    with device:
        return make()
