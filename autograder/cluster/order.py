"""What travels between whoever asks for marks and the workers: orders, and what is heard of them.

The scheduler handles orders too: this module imports little, and what an order holds stands neither
in its name nor in what is printed of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

PREFIX = "grader-"


@dataclass(frozen=True)
class Order:
    """Some tasks of one submission to be graded.

    Attributes:
        seats: the name of the worker's seats that may take it: see `seats_name`.
        text: as JSON the cells, the secret and the keys of the results that are wanted.
    """

    seats: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class Heard:
    """What a worker says of an order.

    Attributes:
        results: as their files would have them, by their keys.
        error: why there are none: a failure of the grader.
        undecided: for want of the machine's time; it may be asked again.
        lost: the process that graded has ended; it may be asked again.
    """

    results: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    undecided: bool = False
    lost: bool = False


@dataclass(frozen=True)
class Admission:
    """What a worker has found about itself.

    Attributes:
        conditions: what its marks depend on: see `judge.fingerprint.conditions`.
        refused: why it does not grade at all.
    """

    conditions: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""


def resource(conditions: Mapping[str, str]) -> str:
    """The name of the resource that a worker offers and an order asks for; nothing secret."""
    return PREFIX + hashlib.sha256(json.dumps(dict(conditions)).encode()).hexdigest()[:16]


def seats_name(assignment: str, limits: Mapping[str, float]) -> str:
    """The name of the seats for an assignment and limits."""
    digest = hashlib.sha256(json.dumps(dict(limits)).encode()).hexdigest()[:8]
    return f"{PREFIX}{assignment}-{digest}"
