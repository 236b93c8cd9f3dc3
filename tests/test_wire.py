"""What crosses the wall arrives as it was sent, and nothing else gets through."""

from __future__ import annotations

import contextlib
import json
import math
import os
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.wall.inside.wire import (
    HEADER,
    MAX_JSON,
    Deadline,
    Message,
    Patience,
    WireError,
    pack,
    read_frame,
    unpack,
    write_frame,
)
from checks.values import MAX_DEPTH, MAX_ITEMS, Opaque, TooLarge, plain

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace").decode())
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def over_the_wire(value: Any) -> Any:
    return unpack(pack(value))


@given(values)
def test_plain_values_arrive_as_sent(value: Any) -> None:
    arrived = over_the_wire(value)
    assert arrived == value
    assert repr(arrived) == repr(value)  # 1, 1.0 and True are equal, but not the same


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.bool])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_tensors_arrive_bit_for_bit(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    strided = tensor.transpose(0, -1) if shape else tensor
    arrived = over_the_wire({"a": [tensor, strided]})
    torch.testing.assert_close(arrived["a"][0], tensor, rtol=0, atol=0)
    torch.testing.assert_close(arrived["a"][1], strided, rtol=0, atol=0)


def test_non_finite_numbers_arrive() -> None:
    arrived = over_the_wire([math.nan, math.inf, -math.inf, torch.tensor([math.nan, math.inf])])
    assert math.isnan(arrived[0])
    assert arrived[1:3] == [math.inf, -math.inf]
    assert torch.isnan(arrived[3][0])


class EqualToAll:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class ObedientTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return True


def test_objects_do_not_cross_the_line() -> None:
    assert over_the_wire(plain([EqualToAll()])) == [Opaque("EqualToAll")]
    anything: Any = 1
    assert Opaque("EqualToAll") != anything


class ManyFaced(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


def test_subclasses_of_numbers_arrive_as_numbers() -> None:
    arrived = plain([ManyFaced(3)])
    assert type(arrived[0]) is int


def test_too_large_a_value_is_refused() -> None:
    deep: Any = 1
    for _ in range(50):
        deep = [deep]
    with pytest.raises(TooLarge):
        plain(deep)
    with pytest.raises(TooLarge):
        plain([0] * (MAX_ITEMS + 1))
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(TooLarge):
        plain(endless)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"tensor": "7"}',
        b'{"opaque": 3}',
        b'{"a": 1, "b": 2}',
        b'{"tuple": {"dict": 1}}',
        b"9" * 5000,
        b"\xff",
    ],
)
def test_a_text_that_is_no_message_is_refused(text: bytes) -> None:
    with pytest.raises(WireError):
        unpack(Message(text))


@pytest.mark.parametrize("item", [0, 1.5, "x", None])
def test_a_list_is_capped_whatever_is_in_it(item: Any) -> None:
    with pytest.raises(TooLarge):
        plain([item] * (MAX_ITEMS + 1))
    with pytest.raises(WireError, match="beyond the caps"):
        unpack(Message(json.dumps([item] * (MAX_ITEMS + 1)).encode()))
    with pytest.raises(TooLarge):
        plain(nested(item, MAX_DEPTH + 1))
    with pytest.raises(WireError, match="beyond the caps"):
        unpack(Message(json.dumps(nested(item, 2 * MAX_DEPTH + 1)).encode()))
    assert plain(nested(item, MAX_DEPTH)) == over_the_wire(nested(item, MAX_DEPTH))


def nested(item: Any, levels: int) -> Any:
    """An item inside so many lists."""
    return [nested(item, levels - 1)] if levels else item


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_random_bytes_never_do_more_than_fail(text: bytes, blob: bytes) -> None:
    with contextlib.suppress(WireError):
        unpack(Message(text, blob))


def test_an_announced_size_beyond_the_cap_is_refused_before_it_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, HEADER.pack(b"", MAX_JSON + 1, 1))
    with pytest.raises(WireError, match="larger"):
        read_frame(reading, Patience(5))
    os.close(reading)
    os.close(writing)


def test_a_slow_drip_does_not_outlast_the_deadline() -> None:
    reading, writing = os.pipe()
    os.write(writing, HEADER.pack(b"", 9, 0) + pack([1, 2, 3]).text[:5])
    with pytest.raises(Deadline):
        read_frame(reading, Patience(0.05))
    os.close(reading)
    os.close(writing)


def test_a_reader_that_never_reads_does_not_hold_the_judge() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with pytest.raises(Deadline):
        write_frame(writing, bytes(16), Message(b"x" * (1 << 20)), Patience(0.05))
    os.close(reading)
    os.close(writing)
