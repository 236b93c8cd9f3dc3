"""A GPU to try code on where there is none: it computes on the CPU and keeps a GPU's rules.

Inside `with Accelerator() as gpu:` a tensor or module moved `.to(gpu.device)` lies on a simulated
GPU. Torch's functions then refuse what CUDA refuses, in CUDA's words, and do what CUDA does.
Every refusal is written down with the maker of the tensor that was on the wrong side. Where it is
hard to tell what CUDA would do, nothing is refused. Scripted code passes by unseen: `followed` is
then False, and no refusal should be trusted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .places import (
    CPU,
    DEVICE,
    FACTORIES,
    LIKE,
    MOVED,
    UNPACKED,
    Maker,
    Unseen,
    each,
    is_away,
    maker,
    place,
    sign,
    storage,
    student_function,
    tensors,
)

# the first tensor's place decides; others are read for their shape, or copied from anywhere
MAY_MIX = each(
    """copy_ set_ expand_as view_as reshape_as broadcast_tensors is_same_size tensor_split
    pad_sequence result_type promote_types is_set_to swap_tensors __deepcopy__ __reduce_ex__
    _has_compatible_shallow_copy_type"""
) | {"set data"}
# these look at a single CPU number as at any other CPU tensor
STRICT = each(
    """cat concat concatenate stack hstack vstack dstack column_stack row_stack index_select gather
    embedding take take_along_dim equal scatter scatter_ scatter_add scatter_add_ index_add
    index_add_ index_copy index_copy_ nll_loss cross_entropy"""
)
FROM_TENSORS = each("tensor as_tensor asarray bernoulli multinomial normal")
RECURRENT = each("lstm gru rnn_tanh rnn_relu")

TWO_DEVICES = (
    "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"
)
NUMPY = (
    "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
    "memory first."
)
LENGTHS = "'lengths' argument should be a 1D CPU int64 tensor, but got 1D cuda:0 Long tensor"
INDEX = "indices should be either on cpu or on the same device as the indexed tensor (cpu)"
GENERATOR = "Expected a 'cuda' device type for generator but found 'cpu'"


@dataclass(frozen=True)
class Refusal:
    """What a GPU would not do: the rule, and who made the tensor that was on the wrong side."""

    rule: str  # "mixed", "numpy", "lengths", "index" or "generator"
    maker: Maker


class Accelerator(TorchFunctionMode):
    """A simulated GPU."""

    device = DEVICE

    def __init__(self) -> None:
        super().__init__()
        self.refusals: list[Refusal] = []
        self.followed = True
        self._undo = ExitStack()
        self._special: dict[str, Callable[..., Any]] = {
            **dict.fromkeys(("numpy", "__array__", "apply_", "map_"), self._reads),
            **dict.fromkeys(MOVED, self._moves),
            **dict.fromkeys(FACTORIES, self._makes),
            **{f"get {name}": self._tells for name in ("device", "is_cuda", "is_cpu")},
            **dict.fromkeys(RECURRENT, self._recurs),
            "get_device": self._tells,
            "get grad": self._of_first,
            "grad": self._differentiates,
            "new": self._of_first,
            "__getitem__": self._picks,
            "__setitem__": self._sets,
            "index_put_": self._sets,
            "_pack_padded_sequence": self._packs,
            "_pad_packed_sequence": self._unpacks,
        }

    def __enter__(self) -> Self:
        """Take the place of what are no torch functions: scripts, generators, questions to CUDA."""
        self._replace(torch.cuda, "is_available", lambda: False)
        self._replace(torch, "Generator", _Generator)
        for kind in (torch._C.ScriptFunction, torch._C.ScriptMethod):
            self._replace(kind, "__call__", self._unfollowed(kind.__call__))
        self._undo.enter_context(torch.backends.cudnn.flags(enabled=False))
        if "torch._dynamo" in sys.modules:  # compiled code runs as it was written
            self._undo.enter_context(torch.compiler.set_stance("force_eager"))
        super().__enter__()  # type: ignore[no-untyped-call]  # torch has no types there
        return self

    def __exit__(self, *error: Any) -> None:
        """Put everything back."""
        super().__exit__(*error)  # type: ignore[no-untyped-call]  # torch has no types there
        self._undo.close()

    def _replace(self, owner: Any, name: str, value: Any) -> None:
        self._undo.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Do what `func` does, unless a GPU would not."""
        kwargs = dict(kwargs or {})
        name = _name(func)
        try:
            special = self._special.get(name)
            if special is not None:
                return special(name, func, args, kwargs)
            return self._any(name, func, args, kwargs)
        except Unseen:
            self.followed = False
            return func(*args, **kwargs)

    def _any(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Whatever has no rule of its own: all its tensors lie on one device, but for numbers."""
        given = list(tensors(args, kwargs))
        if not given:
            return self._makes(name, func, args, kwargs)
        if name in LIKE or name.startswith("new_"):
            away = self._wanted(kwargs, is_away(given[0]))
        elif name in MAY_MIX:
            away = is_away(given[0])
        else:
            away = self._agree(name, given)
        self._same_generator(kwargs, away)
        return self._placed(func(*args, **kwargs), given, away)

    def _agree(self, name: str, given: list[Tensor]) -> bool:
        """Whether the tensors lie on the GPU; refuses some here and some there."""
        here = [tensor for tensor in given if not is_away(tensor)]
        if not here or len(here) == len(given):
            return not here
        in_place = name.endswith("_") and not name.endswith("__") and here[0] is given[0]
        for tensor in here:
            if tensor.dim() or name in STRICT or (in_place and tensor is given[0]):
                raise self._refused(RuntimeError(TWO_DEVICES), "mixed", tensor)
        return True

    def _placed(self, result: Any, given: list[Tensor], away: bool) -> Any:
        """Say of what is new in a result where it lies."""
        known = {id(storage(tensor)) for tensor in given}
        for tensor in tensors(result):
            if id(storage(tensor)) not in known:
                place(tensor, away)
                if not away:
                    sign(tensor, next((w for w in map(maker, given) if w.how), Maker()))
        return result

    def _makes(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """New tensors: on the CPU unless said otherwise, or made from a tensor that is not."""
        given: list[Tensor] = []
        if name in FROM_TENSORS:  # the other factories take tensors for numbers
            given = [value for value in args if isinstance(value, Tensor)]
        made_from = self._agree(name, given) if given else False
        away = self._wanted(kwargs, made_from)
        self._same_generator(kwargs, away)
        if away != made_from and given:
            args, given = (given[0].clone(), *args[1:]), []  # another storage, as by a move
        result = func(*args, **kwargs)
        known = {id(storage(tensor)) for tensor in given}
        for tensor in tensors(result):
            if id(storage(tensor)) not in known:
                place(tensor, away)
                if not away:
                    sign(tensor, student_function(name))
        return result

    def _wanted(self, kwargs: dict[str, Any], otherwise: bool) -> bool:
        """What the argument `device` asks for; the CPU's memory serves for the GPU's."""
        if kwargs.get("device") is None:
            return otherwise
        away = _means_away(kwargs["device"])
        if away:
            kwargs["device"] = CPU
        return away

    def _moves(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """`.to`, `.cpu`, `.cuda`, `.type`, `.type_as`: another storage when the place changes."""
        tensor, *rest = args
        away = was_away = is_away(tensor)
        if name == "cuda":
            func, away, rest, kwargs = Tensor.to, True, [CPU], {}
        elif name == "cpu":
            away = False
        elif name == "type":
            kind = rest[0] if rest else kwargs.get("dtype")
            if kind is None:
                said = str(func(*args, **kwargs))
                return said.replace("torch.", "torch.cuda.") if was_away else said
            if not isinstance(kind, torch.dtype):
                away = "cuda" in f"{kind}{getattr(kind, '__module__', '')}"
        else:
            for value in (*rest, *kwargs.values()):
                if isinstance(value, Tensor):
                    away = is_away(value)
                elif _is_device(value):
                    away = _means_away(value)
            rest = [CPU if _is_device(value) else value for value in rest]
            kwargs = {key: CPU if _is_device(value) else value for key, value in kwargs.items()}
        result = func(tensor, *rest, **kwargs)
        if away == was_away:
            return self._placed(result, [tensor], away)
        if storage(result) is storage(tensor):
            result = result.clone()
        place(result, away)
        if not away:
            sign(result, student_function(name))
        return result

    def _tells(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """What a tensor says of its place."""
        if not is_away(args[0]):
            return func(*args, **kwargs)
        said = {"get device": DEVICE, "get is_cuda": True, "get is_cpu": False, "get_device": 0}
        return said[name]

    def _reads(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """What only the CPU's memory gives."""
        if is_away(args[0]) and not kwargs.get("force"):
            raise self._refused(TypeError(NUMPY), "numpy")
        return func(*args, **kwargs)

    def _of_first(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """A part of the first tensor, or a relative: it lies where that does."""
        return self._placed(func(*args, **kwargs), [args[0]], is_away(args[0]))

    def _differentiates(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """`torch.autograd.grad`: each gradient lies where its input does."""
        inputs = list(tensors(args[1] if len(args) > 1 else kwargs.get("inputs", ())))
        result = func(*args, **kwargs)
        for slope, source in zip(result, inputs, strict=False):
            if slope is not None:
                place(slope, is_away(source))
        return result

    def _picks(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """`x[index]`: an index on the CPU will do, one on the GPU only for what lies there."""
        tensor = args[0]
        away = is_away(tensor)
        if not away:
            self._no_far_index(args[1])
        return self._placed(func(*args, **kwargs), [tensor], away)

    def _sets(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """`x[index] = value`: copies from anywhere, but not where an index is a tensor or list."""
        tensor, index, value = args[:3]
        away = is_away(tensor)
        if not away:
            self._no_far_index(index)
        parts = index if isinstance(index, tuple) else (index,)
        by_list = any(isinstance(p, list) or (isinstance(p, Tensor) and p.dim()) for p in parts)
        if by_list and isinstance(value, Tensor) and value.dim() and is_away(value) != away:
            raise self._refused(RuntimeError(TWO_DEVICES), "mixed", tensor if not away else value)
        return func(*args, **kwargs)

    def _no_far_index(self, index: Any) -> None:
        if any(part.dim() and is_away(part) for part in tensors(index)):
            raise self._refused(RuntimeError(INDEX), "index")

    def _packs(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Packing wants its lengths on the CPU, and keeps the batch sizes there."""
        padded, lengths = args[:2]
        if is_away(lengths):
            raise self._refused(RuntimeError(LENGTHS), "lengths")
        data, batch_sizes = func(*args, **kwargs)
        place(data, is_away(padded))
        return data, batch_sizes

    def _unpacks(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Padded again where the data lies; the lengths are on the CPU."""
        padded, lengths = func(*args, **kwargs)
        place(padded, is_away(args[0]))
        sign(lengths, student_function(UNPACKED))
        return padded, lengths

    def _recurs(self, name: str, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Recurrent layers on packed data read their batch sizes on the CPU."""
        packed = len(args) > 2 and isinstance(args[1 if name == "lstm" else 2], Tensor)
        given = list(tensors(args[0], *args[2 if packed else 1 :]))
        return self._placed(func(*args, **kwargs), given, self._agree("cat", given))

    def _same_generator(self, kwargs: dict[str, Any], away: bool) -> None:
        """Random numbers come from a generator of the device they are made on."""
        generator = kwargs.get("generator")
        if generator is not None and getattr(generator, "away", False) != away:
            raise self._refused(RuntimeError(GENERATOR), "generator")

    def _unfollowed(self, call: Any) -> Any:
        def unseen(script: Any, *args: Any, **kwargs: Any) -> Any:
            self.followed = False
            return call(script, *args, **kwargs)

        return unseen

    def _refused(self, error: Exception, rule: str, tensor: Tensor | None = None) -> Exception:
        who = maker(tensor) if tensor is not None else student_function("")
        self.refusals.append(Refusal(rule, who))
        return error


class _Generator(torch.Generator):
    """A generator that may say it is the simulated GPU's; it draws the CPU's numbers."""

    def __new__(cls, device: Any = CPU) -> Self:
        """Make one for a device."""
        generator = super().__new__(cls)
        generator.away = _means_away(device)
        return generator

    def __init__(self, device: Any = CPU) -> None:
        """Take what `__new__` takes."""

    @property
    def device(self) -> torch.device:  # type: ignore[override]  # a plain attribute there
        """Whose numbers it draws."""
        return DEVICE if self.away else CPU

    away: bool


def _name(func: Any) -> str:
    """A function's last name; of a tensor's attributes "get <name>" or "set <name>"."""
    name = str(getattr(func, "__name__", ""))
    if name in ("__get__", "__set__"):
        return f"{name[2:5]} {getattr(func.__self__, '__name__', '')}"
    return name


def _is_device(value: Any) -> bool:
    return isinstance(value, torch.device | str) or (
        isinstance(value, int) and not isinstance(value, bool)
    )


def _means_away(device: Any) -> bool:
    """Whether a device is a GPU; a bare number is one's."""
    return isinstance(device, int) or torch.device(device).type == DEVICE.type
