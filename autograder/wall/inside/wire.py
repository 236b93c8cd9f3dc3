"""The messages that pass through the wall: framed, capped, typed; plain values and tensors only.

A frame is a header, a JSON text and a safetensors blob. The header holds an id, by which a reply
names its request, and two lengths. JSON carries the structure, safetensors the arrays. Neither can
hold code. Both sides use this file; only the judge must not trust what it reads, so every cap is
enforced on reading.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import struct
import time
from typing import Any, NamedTuple

import torch
from safetensors import TensorSpec, serialize
from safetensors.torch import load
from torch import Tensor

from checks.values import MAX_DEPTH, SCALARS, Budget, Opaque, TooLarge

HEADER = struct.Struct(">16sII")  # id, bytes of JSON, bytes of safetensors
# bytes; the largest honest texts and arrays, a notebook and a model's weights, have a tenth of that
MAX_JSON = 8 * 1024 * 1024
MAX_ARRAYS = 32 * 1024 * 1024
MAX_ARRAY_NAMES = 1024 * 1024  # bytes of the part of a safetensors blob that names its arrays
MAX_TEXT = 2_000  # characters of a string that the judge reads; the rest is cut off
DTYPES = frozenset({torch.float32, torch.float64, torch.int64, torch.int32, torch.bool})
OTHER_DTYPES = frozenset({torch.float16, torch.bfloat16, torch.int16, torch.int8, torch.uint8})


class WireError(ValueError):
    """What came is not a message."""


class Message(NamedTuple):
    """What one side says: equal values give equal bytes, whatever id they travel under."""

    text: bytes  # JSON
    blob: bytes = b""  # safetensors, if there are arrays

    def digest(self) -> bytes:
        """Names what is said."""
        length = len(self.text).to_bytes(8, "big")
        return hashlib.sha256(length + self.text + self.blob).digest()


class Deadline(TimeoutError):
    """No whole message came in time."""


class Patience:
    """How many seconds of wall time to wait for the other side."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def wait(self, descriptor: int, event: int) -> None:
        """Wait until the descriptor is ready.

        Raises:
            Deadline: time is up.
        """
        poller = select.poll()
        poller.register(descriptor, event)
        if not poller.poll(1000 * max(0.0, self._until - time.monotonic())):
            raise Deadline("no whole message in time")


def pack(value: Any) -> Message:
    """Encode plain values (see `checks.values.plain`) and tensors."""
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_encode(value, tensors)).encode()
    # `tensors` keeps the memory alive meanwhile
    places = {name: _place(tensor) for name, tensor in tensors.items()}
    return Message(text, bytes(serialize(places)) if places else b"")


def _place(tensor: Tensor) -> TensorSpec:
    """Where an array lies in memory; asking safetensors to find out costs three times that."""
    return TensorSpec(
        dtype=str(tensor.dtype).removeprefix("torch."),
        shape=tensor.shape,
        data_ptr=tensor.data_ptr(),
        data_len=tensor.nbytes,
    )


def _encode(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().contiguous()
        return {"tensor": name}
    if isinstance(value, Opaque):
        return {"opaque": value.type_name}
    if isinstance(value, tuple):
        return {"tuple": _encode(list(value), tensors)}
    if isinstance(value, list):
        if SCALARS.issuperset(map(type, value)):
            return value
        return [_encode(item, tensors) for item in value]
    if isinstance(value, dict):
        return {"dict": {key: _encode(item, tensors) for key, item in value.items()}}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"cannot send a value of type {type(value).__name__!r}: not a plain value")


def unpack(message: Message, max_text: int = MAX_TEXT) -> Any:
    """Decode what the other side said.

    Args:
        max_text: characters kept of each string; the worker, reading cells, keeps all.

    Raises:
        WireError: not JSON, not safetensors, nested or long beyond the caps, unknown dtype.
    """
    text, blob = message
    if len(blob) >= 8 and int.from_bytes(blob[:8], "little") > MAX_ARRAY_NAMES:
        raise WireError("message with far too many arrays")
    try:
        tree = json.loads(text)
        tensors = load(blob) if blob else {}
    except Exception as error:  # whatever a hostile text can provoke in a parser
        raise WireError(f"unreadable message: {type(error).__name__}") from error
    try:
        return _decode(tree, tensors, 0, Budget(2 * MAX_DEPTH), max_text)
    except TooLarge as error:
        raise WireError("message nested or long beyond the caps") from error


def _decode(
    tree: Any, tensors: dict[str, Tensor], depth: int, budget: Budget, max_text: int
) -> Any:
    budget.spend(1, depth)
    if isinstance(tree, int) and not -(2**63) <= tree < 2**63:
        return Opaque("int")  # no tensor and no float could hold it
    if tree is None or isinstance(tree, bool | int | float):
        return tree
    if isinstance(tree, str):  # without lone surrogates, which no file can hold
        return tree[:max_text].encode("utf-8", "replace").decode()
    if isinstance(tree, list):
        if tree and _small_numbers(tree):
            budget.spend(len(tree), depth + 1)
            return tree
        return [_decode(item, tensors, depth + 1, budget, max_text) for item in tree]
    if isinstance(tree, dict) and len(tree) == 1:
        ((tag, body),) = tree.items()
        if tag == "tuple" and isinstance(body, list):
            return tuple(_decode(body, tensors, depth, budget, max_text))
        if tag == "dict" and isinstance(body, dict):
            return {
                key: _decode(item, tensors, depth + 1, budget, max_text)
                for key, item in body.items()
            }
        if tag == "opaque" and isinstance(body, str):
            return Opaque(body[:64])
        if tag == "tensor" and isinstance(body, str) and body in tensors:
            return _checked(tensors[body])
    raise WireError("message of unknown structure")


def _small_numbers(items: list[Any]) -> bool:
    """Whether a list holds nothing but numbers of one kind that need no second look."""
    kinds = set(map(type, items))
    return kinds <= {float} or (kinds == {int} and min(items) >= -(2**63) and max(items) < 2**63)


def _checked(tensor: Tensor) -> Tensor:
    if tensor.dtype in DTYPES:
        return tensor
    if tensor.dtype in OTHER_DTYPES:
        return tensor.to(torch.float64)
    raise WireError(f"tensor of unexpected dtype {tensor.dtype}")


def write_frame(
    descriptor: int, identity: bytes, message: Message, patience: Patience | None = None
) -> None:
    """Write a message under an id, waiting no longer than `patience` for a stuck reader."""
    header = HEADER.pack(identity, len(message.text), len(message.blob))
    view = memoryview(header + message.text + message.blob)
    while view:
        if patience is not None:
            patience.wait(descriptor, select.POLLOUT)
        view = view[os.write(descriptor, view[:65536]) :]


def read_frame(descriptor: int, patience: Patience | None = None) -> tuple[bytes, Message] | None:
    """Read one id and its message, None at the end of the stream.

    Raises:
        Deadline: the frame is not whole when `patience` ends.
        WireError: an announced size is beyond its cap, or the stream ends inside a frame.
    """
    header = _read(descriptor, HEADER.size, patience)
    if header is None:
        return None
    identity, *lengths = HEADER.unpack(header)
    if lengths[0] > MAX_JSON or lengths[1] > MAX_ARRAYS:
        raise WireError(f"message larger than {MAX_JSON} or {MAX_ARRAYS} bytes")
    parts = [_read(descriptor, length, patience) if length else b"" for length in lengths]
    if parts[0] is None or parts[1] is None:
        raise WireError("stream ended inside a message")
    return identity, Message(parts[0], parts[1])


def _read(descriptor: int, count: int, patience: Patience | None) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        if patience is not None:
            patience.wait(descriptor, select.POLLIN)
        chunk = os.read(descriptor, min(count - len(data), 1 << 20))
        if not chunk:
            if data:
                raise WireError("stream ended inside a message")
            return None
        data += chunk
    return bytes(data)
