"""What a probe may answer: declared beside it, and held against every answer before it is used.

`@answers(Seen)` stands over a probe; `Seen` is a type as Python writes it: `bool`, `int`, `float`,
`str`, `None`, `Tensor`, `Literal`, `list[...]`, `tuple[...]`, `dict[str, ...]`, a `TypedDict`, one
or another with `|`. `Any` stands where the submission itself was heard, and a check has to read
what it said. `Annotated` adds what `Count`, `As` and `Shaped` say: how many there are, of what
shape, between which numbers. A size may be named: "config.hidden_dim" is a part of the question,
"weights.output.1" the second dimension of a tensor in it, and a name without a dot is the same
size wherever it stands in one `TypedDict`.
"""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from .verdicts import StudentFault, Verdict

Probe = TypeVar("Probe", bound=Callable[..., Any])
Size = int | str | None  # a number, the name of one, or any
LEAVE = (
    "leave what your code is handed, and Python's and torch's own functions, as they are: nothing "
    "replaced, patched or resized"
)


class Unlike(ValueError):
    """A value is not of the form that was declared; says which part."""


def answers(form: Any) -> Callable[[Probe], Probe]:
    """Declare what a probe answers."""

    def declare(probe: Probe) -> Probe:
        probe.answers = form  # type: ignore[attr-defined]  # a function takes any attribute
        return probe

    return declare


def is_declared(probe: Any) -> bool:
    """Whether a probe says what it answers."""
    return hasattr(probe, "answers")


def typed(probe: Any, inputs: dict[str, Any], answer: Any) -> Any:
    """The answer to a question, once it is known to be what the probe declares.

    Args:
        probe: of which no answer is known where it declares none.

    Raises:
        StudentFault: it is anything else: something in the submission's process has changed it.
    """
    if not is_declared(probe):
        return answer
    asked = inspect.signature(probe).bind(None, **inputs)
    asked.apply_defaults()
    try:
        _hold(answer, probe.answers, Scope(asked.arguments), "the answer")
    except Unlike as unlike:
        raise StudentFault(
            Verdict.WRONG,
            f"what was observed of your code cannot be used: {unlike}",
            help=LEAVE,
        ) from None
    return answer


@dataclass(frozen=True)
class Scope:
    """Where names of sizes are looked up: in the question, and in one `TypedDict`."""

    question: dict[str, Any]
    named: dict[str, int] = field(default_factory=dict)

    def fits(self, size: int, wanted: Size) -> bool:
        """Whether a size is the one that is wanted; the first of a name is any."""
        if wanted is None:
            return True
        if isinstance(wanted, str):
            wanted = self.of(wanted) if "." in wanted else self.named.setdefault(wanted, size)
        return size == wanted

    def of(self, path: str) -> int:
        """The size that a part of the question has, or is."""
        value = self.part(path)
        return value if isinstance(value, int) else len(value)

    def part(self, path: str) -> Any:
        """What stands at a place in the question; of a tensor's shape, a size."""
        value: Any = self.question
        for step in path.split("."):
            value = value[step] if isinstance(value, dict) else value.shape[int(step)]
        return value


class Condition:
    """What a value must be besides its type."""

    def holds(self, value: Any, scope: Scope) -> bool:
        """Whether it is."""
        raise NotImplementedError


@dataclass(frozen=True)
class Least(Condition):
    """A number that is this or more."""

    least: int

    def holds(self, value: Any, scope: Scope) -> bool:
        return bool(value >= self.least)


@dataclass(frozen=True)
class As(Condition):
    """As many parts as a part of the question has, or says."""

    path: str

    def holds(self, value: Any, scope: Scope) -> bool:
        return len(value) == scope.of(self.path)


@dataclass(frozen=True)
class Many(Condition):
    """So many parts, or as many as something else that has a size of this name."""

    size: Size

    def holds(self, value: Any, scope: Scope) -> bool:
        return scope.fits(len(value), self.size)


class Shaped(Condition):
    """A tensor with these sizes.

    Args:
        sizes: of its dimensions; `...` at the end for any more.
        whole: whether it holds whole numbers, and not fractions; None: either, or truth values.
        below: they are ids: from 0 up to one less than this size.
        total: sizes whose product is how many numbers it holds; their names are known by then.
    """

    def __init__(
        self,
        *sizes: Size | types.EllipsisType,
        whole: bool | None = False,
        below: Size = None,
        total: tuple[str, ...] = (),
    ) -> None:
        self._open = sizes[-1:] == (...,)
        self._sizes = [size for size in sizes if not isinstance(size, types.EllipsisType)]
        self._whole, self._below, self._total = whole, below, total

    def holds(self, value: Any, scope: Scope) -> bool:
        shape = tuple(value.shape)
        if self._whole is not None and value.is_floating_point() is self._whole:
            return False
        if len(shape) < len(self._sizes) or (len(shape) > len(self._sizes) and not self._open):
            return False
        if not all(map(scope.fits, shape, self._sizes)):
            return False
        if self._total and value.numel() != math.prod(scope.named[name] for name in self._total):
            return False
        if self._below is None or not value.numel():
            return True
        below = scope.of(self._below) if isinstance(self._below, str) else self._below
        return bool((value >= 0).all() & (value < below).all())


@dataclass(frozen=True)
class Like(Condition):
    """A tensor of the shape and type of one in the question."""

    path: str

    def holds(self, value: Any, scope: Scope) -> bool:
        other = scope.part(self.path)
        return bool(value.shape == other.shape and value.dtype == other.dtype)


Count = Annotated[int, Least(0)]


def _hold(value: Any, form: Any, scope: Scope, name: str) -> None:
    """Hold a value against a form.

    Raises:
        Unlike: it does not fit.
    """
    if form is Any:
        return
    origin = get_origin(form)
    if origin is Annotated:
        inner, *conditions = get_args(form)
        _hold(value, inner, scope, name)
        for condition in conditions:
            if not condition.holds(value, scope):
                raise Unlike(f"{name} has another size, or holds other numbers, than it can have")
    elif origin is Literal:
        if not any(type(value) is type(one) and value == one for one in get_args(form)):
            raise Unlike(f"{name} is none of the words that it can be")
    elif origin in (Union, types.UnionType):
        _hold_one(value, get_args(form), scope, name)
    elif is_typeddict(form):
        _hold_parts(value, form, Scope(scope.question), name)
    elif type(value) is not (origin or form) and not (form in (None, type(None)) and value is None):
        raise Unlike(f"{name} is of another type than it can have")
    elif origin in (list, tuple, dict):
        for part, kind in _pairs(value, origin, get_args(form), name):
            _hold(part, kind, scope, f"a part of {name}" if origin is not dict else name)


def _pairs(value: Any, origin: Any, kinds: tuple[Any, ...], name: str) -> Iterator[tuple[Any, Any]]:
    """The parts of a value with the form of each."""
    if origin is dict:
        yield from ((key, kinds[0]) for key in value)
        yield from ((part, kinds[1]) for part in value.values())
    elif origin is list or kinds[1:] == (...,):
        yield from ((part, kinds[0]) for part in value)
    else:
        if len(value) != len(kinds):
            raise Unlike(f"{name} has another number of parts than it can have")
        yield from zip(value, kinds, strict=True)


def _hold_one(value: Any, forms: tuple[Any, ...], scope: Scope, name: str) -> None:
    """Hold a value against one form or another; of several, what the last one says is told."""
    for form in forms[:-1]:
        named = dict(scope.named)
        try:
            return _hold(value, form, scope, name)
        except Unlike:
            scope.named.clear()
            scope.named.update(named)
    _hold(value, forms[-1], scope, name)


def _hold_parts(value: Any, form: Any, scope: Scope, name: str) -> None:
    """Hold a dictionary against a `TypedDict`."""
    if type(value) is not dict:
        raise Unlike(f"{name} is of another type than it can have")
    parts, needed = _parts_of(form)
    if not needed <= value.keys() <= parts.keys():
        raise Unlike(f"{name} lacks a part, or has one too many")
    for key, kind in parts.items():
        if key in value:
            _hold(value[key], kind, scope, f"`{key}`")


@cache
def _parts_of(form: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """The forms of a `TypedDict`'s parts, and which must be there."""
    parts, needed = dict[str, Any](), set[str]()
    for name, hint in get_type_hints(form, include_extras=True).items():
        spare = get_origin(hint) is NotRequired
        parts[name] = get_args(hint)[0] if spare else hint
        needed |= set() if spare else {name}
    return parts, frozenset(needed)
