"""Random choices that are the same on every machine and Python version.

Only `Random.random` is promised to keep its sequence between versions of Python; `choice`,
`sample` and `shuffle` are not.
"""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def pick(rng: random.Random, items: Sequence[T]) -> T:
    """Return one of `items`, each as likely."""
    return items[int(rng.random() * len(items))]


def chance(rng: random.Random, probability: float) -> bool:
    """Return True with the given probability."""
    return rng.random() < probability


def pick_weighted(rng: random.Random, items: Sequence[tuple[float, T]]) -> T:
    """Return one of the (weight, item) pairs' items, as likely as its weight."""
    point = rng.random() * sum(weight for weight, _ in items)
    for weight, item in items:
        point -= weight
        if point < 0:
            return item
    return items[-1][1]
