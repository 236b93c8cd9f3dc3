"""The forms in which a decoder may answer, and how each is read as `logits, (h, c)`.

Read alike by the judge and, where gradients are wanted, beside the decoder itself: what is put
right here is put right before anything is compared. What it costs is said with each mending.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from checks.closed import dimensions, number, own
from checks.expect import Wrong, expect, expect_shape, kind

LARGEST = 1e4  # no layer with the weights that are given here gives more

CRASH = (
    "forward(previous, (h, c)) takes ids (B,), each below vocab_size, and h and c (L, B, H); the "
    "LSTM has num_layers layers and wants a time dimension: with batch_first=True, embed previous "
    "to (B, 1, E)"
)
PAIR = "return the LSTM's new state, both h and c: the next step goes on from it"
EVERY_LAYER = "h and c hold every layer: (num_layers, batch, hidden_dim)"
ONE_ROW = "one step, one row of logits for each sentence: (B, V)"
TIME = "logits still has the time dimension: drop it with squeeze(1), not the batch's"
SQUEEZED = "squeeze() without a dimension also drops a batch of one: write squeeze(1)"


class Slip(NamedTuple):
    """A mistake in the form of an answer, which is put right."""

    says: str
    help: str
    line: str  # of the rubric
    share: float  # of that line: what it costs


class Taken(NamedTuple):
    """An answer, taken apart and put right."""

    logits: Tensor  # (B, V); all zero where nothing like it came back
    h: Tensor  # (L, B, H)
    c: Tensor
    slips: tuple[Slip, ...]
    stateless: bool  # whether h or c of the state given stands for one that did not come back
    scoreless: bool  # whether there is nothing that could be the logits


Given = tuple[Tensor, Tensor]
Tell = Callable[[str, str, str, float], None]


def take_apart(
    value: Any, B: int, config: dict[str, Any], given: Given | None, batch_first: bool = False
) -> Taken:
    """Read one answer of a decoder.

    Args:
        given: the state that it was given, if known: it stands for one that does not come back.
        batch_first: read a state that may be (L, B, H) or (B, L, H) as the latter.

    Raises:
        Wrong: it cannot be read.
    """
    slips: list[Slip] = []

    def tell(says: str, help: str, line: str, share: float) -> None:
        slips.append(Slip(says, help, line, share))

    logits, state, stateless = _parts(value, B, config, given, tell)
    V, H = config["vocab_size"], config["hidden_dim"]
    scores = _scores(logits, B, V, H, tell)
    read = []
    for tensor, name, old in zip(state, ("h", "c"), given or (None, None), strict=True):
        expect(
            not isinstance(tensor, Tensor) or tensor.is_floating_point(),
            f"{name} should hold floating-point numbers",
        )
        read.append(_state(tensor, name, B, config, old, batch_first, tell))
    h, c = read
    empty = scores is None
    if scores is None:
        scores = h.new_zeros(B, V)
    return Taken(scores, h, c, tuple(slips), stateless, empty)


def _parts(
    value: Any, B: int, config: dict[str, Any], given: Given | None, tell: Tell
) -> tuple[Any, tuple[Any, Any], bool]:
    """Logits, (h, c), and whether one of the state given stands for one that is missing."""
    what = "a tensor" if isinstance(value, Tensor) else kind(value)
    unreadable = f"forward should return logits, (h, c); it returned {what}"
    if isinstance(value, Tensor) and given is not None:
        tell(unreadable, PAIR, "state_out", 1.0)
        return value, given, True
    if isinstance(value, list | tuple) and len(value) == 1 and given is not None:
        tell(unreadable, PAIR, "state_out", 1.0)
        return value[0], given, True
    if isinstance(value, list | tuple) and len(value) == 3:
        tell(unreadable, "the state is a pair of its own: return logits, (h, c)", "state_out", 0.3)
        value = (value[0], (value[1], value[2]))
    expect(isinstance(value, list | tuple) and len(value) == 2, unreadable, CRASH)
    logits, state = value
    if isinstance(logits, list | tuple) and isinstance(state, Tensor):
        tell(
            "the state comes back before the logits",
            "forward returns logits, (h, c), in this order",
            "state_out",
            0.4,
        )
        logits, state = state, logits
    if isinstance(logits, list | tuple) and len(logits) == 1:
        logits = logits[0]
    L = config["num_layers"]
    what = "a tensor" if isinstance(state, Tensor) else kind(state)
    odd = f"the second value returned should be the pair (h, c); it is {what}"
    if isinstance(state, Tensor) and state.ndim == 4 and len(state) == 2:
        tell(odd, "leave h and c two tensors", "state_out", 0.3)
        return logits, (state[0], state[1]), False
    layers = state if isinstance(state, list | tuple) else ()
    if (
        len(layers) == L
        and layers
        and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in layers)
        and all(isinstance(one, Tensor) for pair in layers for one in pair)
        and all(one.numel() == B * config["hidden_dim"] for pair in layers for one in pair)
    ):
        tell(
            "the state comes back as one pair for each layer",
            "stack the layers: h and c are each (num_layers, batch, hidden_dim)",
            "state_out",
            0.3,
        )
        h, c = (torch.stack([pair[i].reshape(B, -1) for pair in layers]) for i in (0, 1))
        return logits, (h, c), False
    lists = len(layers) == 2 and all(isinstance(part, list | tuple) for part in layers)
    one_layer = B, config["hidden_dim"]
    if (
        lists
        and all(layers)
        and all(isinstance(x, Tensor) and x.shape == one_layer for part in layers for x in part)
    ):
        tell(
            "h and c come back as lists of layers",
            "stack the layers: h and c are each (num_layers, batch, hidden_dim)",
            "state_out",
            0.3,
        )
        return logits, (torch.stack(list(layers[0])), torch.stack(list(layers[1]))), False
    if isinstance(state, Tensor) and given is not None:
        tell(odd, PAIR, "state_out", 0.8)
        return logits, (state, given[1]), True
    if len(layers) == 1 and given is not None:
        tell(odd, PAIR, "state_out", 0.8)
        return logits, (layers[0], given[1]), True
    if state is None and given is not None:
        tell(odd, PAIR, "state_out", 1.0)
        return logits, given, True
    expect(isinstance(state, list | tuple) and len(state) == 2, odd, PAIR)
    if given is not None and any(part is None for part in state):
        tell(f"the state is a pair of tensors (h, c); it is {kind(state)}", PAIR, "state_out", 0.8)
        h, c = (old if part is None else part for part, old in zip(state, given, strict=True))
        return logits, (h, c), True
    return logits, (state[0], state[1]), False


def _scores(logits: Any, B: int, V: int, H: int, tell: Tell) -> Tensor | None:
    """Logits (B, V), None if these are no scores of words."""
    if not isinstance(logits, Tensor) or tuple(logits.shape) == (B, V):
        scores = expect_shape(logits, (B, V), "logits", ONE_ROW)
        if scores.is_floating_point():
            return scores
        tell("logits should hold floating-point numbers", ONE_ROW, "logits", 1.0)
        return None
    shape = tuple(logits.shape)
    got = by_name(logits, {"B": B, "V": V, "H": H})
    says = f"logits should have shape (B, V), got {got}"
    if not logits.is_floating_point():
        help = "return a score for every word; choosing one is left to the searches"
        tell(says, help, "logits", 1.0)
        return None
    if shape in ((B, 1, V), (1, B, V)):
        tell(says, TIME, "logits", 0.27)
        return logits.reshape(B, V)
    if B == 1 and shape == (V,):
        tell(says, SQUEEZED, "clean", 0.45)
        return logits[None]
    if shape == (V, B):
        tell(says, ONE_ROW, "logits", 0.27)
        return logits.T
    if shape == (B, H) or (B == 1 and shape == (H,)):
        missing = "the output layer from hidden_dim to vocab_size is missing"
        tell(says, missing, "logits", 1.0)
        return None
    if shape in ((B, 1, H), (1, B, H)):
        missing = "the output layer from hidden_dim to vocab_size is missing"
        tell(says, missing, "logits", 1.0)
        return None
    if logits.ndim == 2 and len(logits) == B and abs(logits.shape[1] - V) <= 2:
        tell(says, "one score for every id: vocab_size of them", "logits", 0.4)
        if logits.shape[1] > V:
            return logits[:, :V]
        return torch.cat([logits, logits.new_zeros(B, V - logits.shape[1])], 1)
    raise Wrong(says, ONE_ROW)


def _state(
    tensor: Any,
    name: str,
    B: int,
    config: dict[str, Any],
    old: Tensor | None,
    batch_first: bool,
    tell: Tell,
) -> Tensor:
    """h or c as (L, B, H)."""
    L, H = config["num_layers"], config["hidden_dim"]
    shape = tuple(tensor.shape) if isinstance(tensor, Tensor) else None
    if shape == (L, B, H) and not (batch_first and L == B):
        return expect_shape(tensor, (L, B, H), name)
    if isinstance(tensor, Tensor):
        if shape == (B, L, H):
            tell(
                "h and c come back with the batch first",
                EVERY_LAYER + "; batch_first=True does not change that",
                "state_out",
                0.55,
            )
            return tensor.transpose(0, 1)
        if 1 in (B, L) and shape == tuple(size for size in (L, B, H) if size != 1):
            tell("h and c lose their dimensions of size 1", SQUEEZED, "clean", 0.5)
            return tensor.reshape(L, B, H)
        if old is not None and shape in ((1, B, H), (B, H), (B, 1, H)):
            tell(
                "h should have shape (L, B, H), and c too: one layer's alone came back",
                EVERY_LAYER,
                "state_out",
                0.75,
            )
            return torch.cat([old[:-1], tensor.reshape(1, B, H)])
    return expect_shape(tensor, (L, B, H), name, EVERY_LAYER)


def by_name(value: Any, names: dict[str, int]) -> str:
    """A shape in the contract's letters, the same whatever sizes a check takes."""
    if not isinstance(value, Tensor):
        return kind(value)
    if value.ndim > 4:
        return dimensions(value.ndim)
    last = value.ndim - 1
    said = []
    for place, size in enumerate(value.shape):
        off = size - names["V"] if "V" in names else 9
        if place == last and off and abs(off) < 3 and size != names["H"]:
            said.append(f"V {'+' if off > 0 else '-'} {abs(off)}")
            continue
        letters = [name for name, n in names.items() if n == size]
        letters.sort(key=said.count)
        said.append(letters[0] if letters else number(size, 0, 1))
    return own(f"({', '.join(said)})")


def is_lstms(h: Tensor, c: Tensor) -> bool:
    """Whether this may be the state after a step of an LSTM: h = o * tanh(c), and 0 < o < 1."""
    slack = 1e-6
    return bool((h.abs() <= c.tanh().abs() + slack).all()) and bool((h * c >= -slack).all())


def as_scores(logits: Tensor) -> tuple[Tensor, tuple[Slip, ...]]:
    """Scores, where the like of probabilities came back, and what was wrong."""
    slips: list[Slip] = []

    def tell(says: str, help: str, line: str, share: float) -> None:
        slips.append(Slip(says, help, line, share))

    return _as_scores(logits, tell), tuple(slips)


def _as_scores(logits: Tensor, tell: Tell) -> Tensor:
    values = logits.detach().double()
    sums = values.sum(1)
    near = torch.ones_like(sums)
    if bool((values >= 0).all()) and torch.allclose(sums, near, atol=1e-4):
        tell(
            "your decoder returns probabilities, and logits (or log-probabilities) are wanted",
            "leave the softmax out: the loss and the searches apply log_softmax themselves",
            "logits",
            0.67,
        )
        return logits.clamp(min=1e-37).log()
    sums = (-values).exp().sum(1)
    if bool((values >= 0).all()) and torch.allclose(sums, near, atol=1e-4):
        tell(
            "your decoder returns the negatives of log-probabilities",
            "the most probable word has the highest score: leave the sign as log_softmax gives it",
            "logits",
            0.73,
        )
        return -logits
    masked = ~(values.abs() < LARGEST)
    if bool(masked.any()) and not bool(values.isnan().any()) and not bool(masked.all(1).any()):
        tell(
            "the logits of some words are masked: they are infinite, or next to it",
            "no word is ruled out in the decoder, PAD and BOS neither: no mask on the logits",
            "logits",
            0.22,
        )
        others = logits.masked_fill(masked, 0.0).sum(1, keepdim=True) / (~masked).sum(
            1, keepdim=True
        )
        return torch.where(masked, others, logits)
    return logits
