"""From what an encoder returned to outputs, h and c: what is amiss in form alone is put right.

What did not come at all is NaN afterwards, a gap, and `alike` takes a gap for right: it is charged
here, once, and the rest is judged without it. NaN that an encoder returned is no gap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from checks.expect import Wrong, close, expect, expect_shape, kind, mended

Encoding = tuple[Tensor, Tensor, Tensor]  # outputs, h, c


class Read(tuple[Tensor, Tensor, Tensor]):
    """Outputs, h and c that were read and mended already."""


CRASH = (
    "forward(source, source_lengths) takes (B, S) and (B,) int64 and returns outputs, (h, c); one "
    "row, one token and lengths in any order (enforce_sorted=False) are all legal"
)
ONE_DIRECTION = (
    "the last dimension is hidden_dim, neither embedding_dim nor 2 * hidden_dim: the LSTM reads in "
    "one direction, so no bidirectional=True"
)
SQUEEZED = (
    "keep every dimension, even for one layer, one sentence or one token: squeeze() without a "
    "dimension drops all that have size 1"
)
COLUMNS = (
    "outputs has one column for every column of source, even where max(source_lengths) is "
    "smaller (see total_length of pad_packed_sequence), and the first sentence need not be the "
    "longest"
)
BATCH_FIRST = "the LSTM took another dimension for the batch: it needs batch_first=True"
EVERY_LAYER = "h and c hold every layer: (num_layers, batch, hidden_dim)"
PAIR = "an LSTM has a hidden state h and a cell state c; return both, as (h, c)"
ORDER = "return outputs, (h, c): two values, and the second of them is a pair of tensors"
TIME_FIRST = (
    "outputs is time first, (S, B, H), and should be batch first: (B, S, H)",
    "pass batch_first=True to the LSTM, and to packing and unpacking",
)
LAYERS_SECOND = (
    "h and c are batch first, (B, L, H), and should be (L, B, H)",
    "h and c stay (L, B, H) as an LSTM gives them: batch_first is not about them",
)
TRANSPOSE = "view and reshape do not transpose: transpose(0, 1) exchanges the first two dimensions"


class OtherSize(Wrong):
    """The hidden size is the embedding's."""


class OtherAxis(Wrong):
    """The LSTM takes the columns for the batch."""


def alike(actual: Tensor, expected: Tensor, atol: float = 1e-5) -> bool:
    """Whether two tensors agree everywhere, gaps in either left out."""
    gaps = actual.isnan() | expected.isnan() if actual.shape == expected.shape else None
    if gaps is not None and bool(gaps.any()):
        return close(actual.masked_fill(gaps, 0), expected.masked_fill(gaps, 0), atol)
    return close(actual, expected, atol)


def encoding(
    value: Any,
    lengths: Tensor,
    S: int,
    config: dict[str, Any],
    weights: Any = None,
    alone: bool = True,
) -> Encoding:
    """Take one (outputs, (h, c)) apart, mend what can be mended, and check the shapes.

    Args:
        value: what came back for a batch of sentences of these lengths in S columns.
        weights: how many the encoder's LSTM has, if that is known.
        alone: whether a c of zeros tells something; else ask `without_zeros` of all answers.

    Raises:
        Wrong: it cannot be read.
    """
    if isinstance(value, Read):
        return value
    sizes = len(lengths), S, config["num_layers"], config["hidden_dim"]
    outputs, h, c = _parts(value, lengths, sizes)
    if one_way := _one_way(outputs, h, c, sizes):
        outputs, h, c = one_way
    _expect_axes(outputs, h, sizes, config)
    for name, state in (("h", h), ("c", c)):
        if isinstance(state, Tensor):
            good = not state.is_floating_point() or bool(state.isfinite().all())
            expect(
                good,
                "h or c holds NaN or infinity",
                "a mask that multiplies does not remove NaN (0 * NaN is NaN): choose with "
                "torch.where",
            )
            expect(state.is_floating_point(), f"{name} should hold floating-point numbers")
    B, _, L, H = sizes
    known = next(x for x in (outputs, h, c) if isinstance(x, Tensor))
    few = type(weights) is int and 0 < weights < fewest_weights(config)
    full_h = known.new_full((L, B, H), torch.nan) if h is None else _layers(h, "h", sizes, few)
    full_c = known.new_full((L, B, H), torch.nan) if c is None else _layers(c, "c", sizes, few)
    if outputs is None:
        return known.new_full((B, S, H), torch.nan), full_h, full_c
    answer = _related(_columns(outputs, full_h, lengths, sizes), full_h, full_c, lengths, sizes)
    return without_zeros([answer])[0] if alone else answer


def without_zeros(answers: list[Encoding]) -> list[Encoding]:
    """The answers without h or c, if it is zero in all of them; of one, dropout may make zeros."""
    some = [any(bool(answer[place].any()) for answer in answers) for place in range(3)]
    if some == [True, True, False]:
        mended(
            "c is zero",
            "return the cell state that the LSTM gives; a GRU has none",
            line="context",
            share=0.7,
        )
        return [(outputs, h, torch.full_like(c, torch.nan)) for outputs, h, c in answers]
    if some == [True, False, True]:
        mended("h is zero", "return the h that the LSTM gives", line="context", share=0.7)
        return [(outputs, torch.full_like(h, torch.nan), c) for outputs, h, c in answers]
    return answers


def from_arrays(value: Any) -> Any:
    """A value with NumPy arrays as tensors."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if type(value) in (list, tuple):
        return type(value)(from_arrays(part) for part in value)
    return value


def fewest_weights(config: dict[str, Any]) -> int:
    """How many weights the LSTM of the contract has with one bias vector a layer."""
    E, H, L = config["embedding_dim"], config["hidden_dim"], config["num_layers"]
    fewest: int = 4 * H * (E + H + 1) + (L - 1) * 4 * H * (2 * H + 1)
    return fewest


def _cell_like(h: Tensor, c: Tensor) -> bool:
    """Whether h can be o * tanh(c) with o between 0 and 1."""
    h, c = h.float(), c.float()  # truth values have no size
    bound = c.abs().tanh() + 1e-5
    return h.shape == c.shape and bool((h.abs() <= bound).all() & (h * c >= -1e-6).all())


def _last(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Outputs (B, S, H) at each row's last real token: (B, H)."""
    return outputs[torch.arange(len(lengths)), lengths - 1]


def _ends_in(outputs: Tensor, h: Tensor, lengths: Tensor) -> bool:
    """Whether the top layer's h is the output at each row's last real token."""
    return alike(_last(outputs, lengths), h[-1])


def _tensors(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(part, Tensor) for part in value)


def _packed(value: Any, S: int) -> Tensor | None:
    """What a PackedSequence holds, padded, if the value is one; None otherwise."""
    if not (isinstance(value, tuple) and len(value) == 4 and isinstance(value[0], Tensor)):
        return None
    if value[0].ndim != 2 or not (isinstance(value[1], Tensor) and value[1].ndim == 1):
        return None
    try:
        return pad_packed_sequence(PackedSequence(*value), batch_first=True, total_length=S)[0]
    except (RuntimeError, ValueError, IndexError, TypeError):
        return None


def _parts(
    value: Any, lengths: Tensor, sizes: tuple[int, int, int, int]
) -> tuple[Tensor | None, Any, Any]:
    """Outputs, h and c, each as it came; None for what did not."""
    B, S, L, H = sizes
    if isinstance(value, dict) or (
        isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[1], dict)
    ):
        mended(
            "forward should return outputs, (h, c); it returned a dictionary",
            ORDER,
            line="context",
            share=0.3,
        )
        value = _without_names(value)
    if isinstance(value, list | tuple) and len(value) == 1 and isinstance(value[0], list | tuple):
        mended(
            "forward should return outputs, (h, c); it returned these in a tuple of one",
            ORDER,
            line="context",
            share=0.15,
        )
        value = value[0]
    if isinstance(value, Tensor):
        return _lonely(value, sizes)
    if not isinstance(value, list | tuple) or len(value) < 2:
        said = f"forward should return outputs, (h, c); it returned {kind(value)}"
        raise Wrong(said, CRASH)
    three = len(value) == 3 and all(_tensors(x) or isinstance(x, Tensor) for x in value[1:])
    if three and (isinstance(value[1], Tensor) or not isinstance(value[2], Tensor)):
        mended(
            "forward should return outputs, (h, c); it returned three values",
            ORDER,
            line="context",
            share=0.3,
        )
        value = value[0], (value[1], value[2])
    if len(value) == 1 + 2 * L > 3 and all(isinstance(x, Tensor) for x in value[1:]):
        value = value[0], value[1:]
    if len(value) > 2:
        mended(
            "forward should return outputs, (h, c); it returned more than that",
            ORDER,
            line="context",
            share=0.2,
        )
        value = value[:2]
    first, second = value
    whole = (L, B, H)
    pair = _tensors(first) and len(first) == 2 and tuple(first[0].shape) == whole
    if pair and isinstance(second, Tensor) and tuple(second.shape) in ((B, S, H), (S, B, H)):
        mended(
            "forward should return outputs, (h, c); it returned (h, c), outputs",
            ORDER,
            line="context",
            share=0.3,
        )
        first, second = second, first
    two = isinstance(first, Tensor) and isinstance(second, Tensor)
    likely = two and tuple(first.shape) == whole and _cell_like(first, second)
    if likely and (whole != (B, S, H) or not _ends_in(first, second, lengths)):
        mended(
            "forward should return outputs, (h, c); it returned (h, c) alone",
            ORDER,
            line="context",
            share=0.7,
        )
        return None, first, second
    outputs = _joined(first, lengths, sizes)
    return outputs, *_state(second, outputs, lengths, sizes)


def _without_names(value: Any) -> Any:
    """Dictionaries as tuples of their values, in their order."""
    if isinstance(value, dict):
        return tuple(_without_names(part) for part in value.values())
    if isinstance(value, list | tuple):
        return tuple(_without_names(part) for part in value)
    return value


def _lonely(value: Tensor, sizes: tuple[int, int, int, int]) -> tuple[Tensor | None, Any, Any]:
    """A single tensor: h, or outputs."""
    B, S, L, H = sizes
    said = "forward should return outputs, (h, c); it returned one tensor"
    if tuple(value.shape) == (L, B, H):
        mended(said, CRASH, line="context", share=1.0)
        return None, value, None
    if tuple(value.shape) in ((B, S, H), (S, B, H)):
        mended(said, CRASH, line="context", share=1.0)
        mended("what forward returned says nothing of the state", CRASH, line="padding", share=0.7)
        return value, None, None
    raise Wrong(f"forward should return outputs, (h, c); it returned {kind(value)}", CRASH)


def _joined(value: Any, lengths: Tensor, sizes: tuple[int, int, int, int]) -> Tensor:
    """Outputs as one tensor, if they came packed, or in a list of steps or of sentences."""
    B, S, _, H = sizes
    packed = _packed(value, S)
    if packed is not None:
        mended(
            "outputs is a PackedSequence, and should be a padded tensor (B, S, H)",
            "unpack it: pad_packed_sequence(outputs, batch_first=True, total_length=S)",
            line="context",
            share=0.4,
        )
        return packed
    if _tensors(value) and value:
        said = "outputs is a list of tensors, and should be one tensor (B, S, H)"
        help = "torch.stack(steps, 1) makes one tensor of a list of steps (B, H)"
        if all(tuple(x.shape) == (B, H) for x in value):
            mended(said, help, line="context", share=0.3)
            return torch.stack(list(value), 1)
        if len(value) == B and all(x.ndim == 2 and x.shape[1] == H for x in value):
            longest = max(len(x) for x in value)
            padded = value[0].new_full((B, longest, H), torch.nan)
            for b, row in enumerate(value):
                padded[b, : len(row)] = row
            if all(len(row) >= n for row, n in zip(value, lengths.tolist(), strict=True)):
                mended(said, help, line="context", share=0.3)
                return padded
    if not isinstance(value, Tensor):
        expect_shape(value, (B, S, H), "outputs")
    outputs: Tensor = value
    expect(outputs.is_floating_point(), "outputs should hold floating-point numbers")
    return outputs.masked_fill(outputs.isnan(), torch.inf)  # at padded positions it may be NaN


def _state(
    state: Any, outputs: Tensor, lengths: Tensor, sizes: tuple[int, int, int, int]
) -> tuple[Any, Any]:
    """h and c, however they were put together."""
    B, _, L, H = sizes
    whole = (L, B, H)
    one = state[0] if _tensors(state) and len(state) == 1 else state
    if isinstance(one, Tensor):
        joins = [one.chunk(2, dim) for dim in range(one.ndim) if one.shape[dim] % 2 == 0]
        for pair in joins:
            h, c = (x.reshape(whole) if x.numel() == L * B * H else x for x in pair)
            if tuple(h.shape) == whole and pair[0].ndim >= 3 and _cell_like(h, c):
                mended(
                    "the second value returned should be the pair (h, c); it is both in one tensor",
                    PAIR,
                    line="context",
                    share=0.3,
                )
                return h, c
        mended(
            "the second value returned should be the pair (h, c); it is one tensor",
            PAIR,
            line="context",
            share=0.7,
        )
        return one, None
    said = f"the second value returned should be the pair (h, c); it is {kind(state)}"
    expect(isinstance(state, list | tuple) and len(state) > 0, said, PAIR)
    if len(state) == 2 and isinstance(state[0], Tensor) and isinstance(state[1], Tensor):
        return state
    flat = list(state) if _tensors(state) else [x for part in state if _tensors(part) for x in part]
    good = len(flat) == 2 * L and all(x.numel() == B * H for x in flat)
    expect(good, said, PAIR)
    single = torch.stack([x.reshape(B, H) for x in flat])
    by_layer = single[::2], single[1::2]
    by_kind = single[:L], single[L:]
    like = [pair for pair in (by_kind, by_layer) if _cell_like(*pair)] or [by_kind]
    if len(outputs) == B:
        like.sort(key=lambda pair: not _ends_in(outputs, pair[0], lengths))
    h, c = like[0]
    mended(
        "h and c came layer by layer, and should be one tensor each: (L, B, H)",
        "torch.stack(hs) makes one tensor of the h of every layer",
        line="context",
        share=0.35,
    )
    return h, c


def _one_way(
    outputs: Tensor | None, h: Any, c: Any, sizes: tuple[int, int, int, int]
) -> tuple[Tensor | None, Any, Any] | None:
    """The forward half of what two directions gave; None if there is but one."""
    B, S, L, H = sizes
    twice = isinstance(outputs, Tensor) and tuple(outputs.shape)[-1:] == (2 * H,)
    shapes = [tuple(x.shape) for x in (h, c) if isinstance(x, Tensor)]
    doubled = any(shape in ((2 * L, B, H), (L, B, 2 * H)) for shape in shapes)
    if not doubled or (outputs is not None and not twice and tuple(outputs.shape) != (B, S, H)):
        return None
    said = "outputs or the state has the size of two directions"
    mended(said, ONE_DIRECTION, line="lstm", share=1.0)
    mended(said, ONE_DIRECTION, line="context", share=0.4)

    def half(x: Any) -> Any:
        if not isinstance(x, Tensor):
            return x
        return x[::2] if tuple(x.shape) == (2 * L, B, H) else x[..., :H]

    return outputs[..., :H] if twice and outputs is not None else outputs, half(h), half(c)


def _expect_axes(
    outputs: Tensor | None, h: Any, sizes: tuple[int, int, int, int], config: dict[str, Any]
) -> None:
    """Tell apart the mistakes that a batch put in another way answers."""
    B, S, L, H = sizes
    if outputs is None or not isinstance(h, Tensor) or outputs.ndim != 3 or h.ndim != 3:
        return
    if outputs.shape[2] == h.shape[2] == config["embedding_dim"] != H:
        raise OtherSize("the last dimension of outputs, h and c is embedding_dim", ONE_DIRECTION)
    if tuple(outputs.shape) == (B, S, H) and tuple(h.shape) == (L, S, H) != (L, B, H):
        raise OtherAxis("h holds a state for every column, and not for every sentence", BATCH_FIRST)


def _layers(state: Any, name: str, sizes: tuple[int, int, int, int], few: bool) -> Tensor:
    """h or c as (L, B, H)."""
    B, _, L, H = sizes
    whole = (L, B, H)
    if _tensors(state) and len(state) == L and all(x.numel() == B * H for x in state):
        mended(
            "h and c came layer by layer, and should be one tensor each: (L, B, H)",
            "torch.stack(hs) makes one tensor of the h of every layer",
            line="context",
            share=0.35,
        )
        return torch.stack([x.reshape(B, H) for x in state])
    shape = tuple(state.shape) if isinstance(state, Tensor) else ()
    if shape == (B, L, H) != whole:
        mended(*LAYERS_SECOND, line="context", share=0.5)
        return state.transpose(0, 1)
    units = [size for size in shape if size != 1]
    if 0 < len(shape) < 3 and units == [size for size in whole if size != 1]:
        mended("h and c lack the dimensions that have size 1", SQUEEZED, line="context", share=0.3)
        return state.reshape(whole)
    if shape and units == [size for size in (B, H) if size != 1] and L > 1:
        top = state.reshape(1, B, H)
        if few:
            mended(
                "h and c are those of one layer, whatever num_layers is",
                EVERY_LAYER + ", and num_layers is nn.LSTM's own argument",
                line="lstm",
                share=0.7,
            )
        elif len(shape) == 3:
            mended("h and c are those of one layer", EVERY_LAYER, line="context", share=0.65)
        else:
            mended(
                "h and c are those of one layer, without a dimension for the layers",
                SQUEEZED,
                line="context",
                share=0.75,
            )
        return torch.cat([state.new_full((L - 1, B, H), torch.nan), top])
    if few and shape[1:] == (B, H) and 0 < shape[0] < L:
        mended(
            "h and c have fewer layers than num_layers says",
            EVERY_LAYER,
            line="lstm",
            share=0.7,
        )
        return torch.cat([state.new_full((L - shape[0], B, H), torch.nan), state])
    return expect_shape(state, whole, name, _help(shape, whole))


def _help(shape: tuple[int, ...], wanted: tuple[int, int, int]) -> str:
    """The likeliest reason for a shape other than (L, B, H)."""
    if 0 < len(shape) < 3:
        return SQUEEZED
    if shape[:2] == wanted[:2]:
        return ONE_DIRECTION
    if shape[:1] == wanted[:1]:
        return BATCH_FIRST
    return EVERY_LAYER


def _columns(
    outputs: Tensor, h: Tensor, lengths: Tensor, sizes: tuple[int, int, int, int]
) -> Tensor:
    """Outputs as (B, S, H)."""
    B, S, _, H = sizes
    wanted, shape = (B, S, H), tuple(outputs.shape)
    if shape == wanted:
        return outputs
    units = [size for size in shape if size != 1]
    if len(shape) < 3 and units == [size for size in wanted if size != 1]:
        mended("outputs lacks the dimensions that have size 1", SQUEEZED, line="context", share=0.2)
        return outputs.reshape(wanted)
    if len(shape) != 3 or shape[2] != H:
        return expect_shape(outputs, wanted, "outputs", _outputs_help(shape, wanted))
    longest = int(lengths.max())
    turned = shape[1] == B and longest <= shape[0] <= S
    square = turned and shape[0] == B and not _ends_in(outputs, h, lengths)
    if turned and (shape[0] != B or (square and _ends_in(outputs.transpose(0, 1), h, lengths))):
        mended(*TIME_FIRST, line="context", share=0.3)
        outputs = outputs.transpose(0, 1)
    if outputs.shape[0] == B and outputs.shape[1] < S:
        said = "outputs has fewer columns than source"
        if outputs.shape[1] < longest:
            more = "outputs ends before the longest sentence does"
            mended(said, COLUMNS, line="clean", share=0.6)
            raise Wrong(more, COLUMNS, line="padding", share=0.6)
        mended(said, COLUMNS, line="clean", share=0.6)
        missing = outputs.new_full((B, S - outputs.shape[1], H), torch.nan)
        outputs = torch.cat([outputs, missing], 1)
    return expect_shape(outputs, wanted, "outputs", COLUMNS)


def _outputs_help(shape: tuple[int, ...], wanted: tuple[int, int, int]) -> str:
    """The likeliest reason for a shape other than (B, S, H)."""
    if 0 < len(shape) < 3:
        return SQUEEZED
    return ONE_DIRECTION if shape[:2] == wanted[:2] else COLUMNS


def _related(
    outputs: Tensor, h: Tensor, c: Tensor, lengths: Tensor, sizes: tuple[int, int, int, int]
) -> Encoding:
    """Mend what the values alone give away: the top layer's h is the output at the last token."""
    B, S, L, H = sizes
    twice = bool(h.any()) and close(h.nan_to_num(), c.nan_to_num()) and not bool(c.isnan().all())
    if twice:
        mended(
            "h and c are the same",
            "h = o * tanh(c): return the cell state as c, not h",
            line="context",
            share=0.7,
        )
        if _ends_in(outputs, h, lengths) or bool(h.isnan().any()):
            c = torch.full_like(c, torch.nan)
        else:  # both are c
            h = torch.full_like(h, torch.nan)
    known = bool(h[-1].any()) and not bool(h[-1].isnan().any())
    if not known or _ends_in(outputs, h, lengths):
        return outputs, h, c
    swapped = "h and c are swapped", "return (h, c): hidden state first, cell state second"
    turned = TIME_FIRST[0], f"{TIME_FIRST[1]}; {TRANSPOSE}"  # of a square they are the same
    across = LAYERS_SECOND[0], f"{LAYERS_SECOND[1]}; {TRANSPOSE}"
    outputs_as: list[tuple[Tensor, tuple[str, str], float]] = [(outputs, ("", ""), 0.0)]
    if S == B:
        outputs_as.append((outputs.transpose(0, 1), turned, 0.3))
    scrambled = outputs.reshape(S, B, H).transpose(0, 1)
    viewed = "outputs holds the right numbers in wrong places", TRANSPOSE
    outputs_as.append((scrambled, viewed, 0.5))
    states_as: list[tuple[Tensor, Tensor, tuple[str, str], float]] = [(h, c, ("", ""), 0.0)]
    if L == B:
        states_as.append((h.transpose(0, 1), c.transpose(0, 1), across, 0.5))
    laid_h, laid_c = (x.reshape(B, L, H).transpose(0, 1) for x in (h, c))
    moved = "h and c hold the right numbers in wrong places", TRANSPOSE
    states_as.append((laid_h, laid_c, moved, 0.6))
    for state_h, state_c, of_state, state_share in states_as:
        for candidate, of_outputs, outputs_share in outputs_as:
            for exchanged in (False, True):
                top = state_c if exchanged else state_h
                if not bool(top[-1].any()) or not _ends_in(candidate, top, lengths):
                    continue
                if state_share:
                    mended(*of_state, line="context", share=state_share)
                if outputs_share:
                    mended(*of_outputs, line="context", share=outputs_share)
                if exchanged:
                    mended(*swapped, line="context", share=0.55)
                    return candidate, state_c, state_h
                return candidate, state_h, state_c
    return outputs, h, c
