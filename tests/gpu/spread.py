"""How far the solution's numbers lie apart: GPU from CPU, by settings, type and seed.

Sizes, quantities and differences are those of `autograder.suites.seq2seq.tolerances`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.suites.seq2seq.devices import TOLERANCES
from autograder.suites.seq2seq.tolerances import quantities, rows_apart, solution, spread
from checks.program import Lesson
from checks.seq2seq.shared.devices import arithmetic

SEEDS = (0, 1, 2)


def found(device: str, few: bool) -> Iterator[tuple[str, Any]]:
    """For each way of computing the largest difference of each quantity, over the seeds."""
    yield "tolerances", TOLERANCES
    lesson = solution()
    for name, measure in ways(device).items():
        largest: dict[str, float] = {}
        for seed in SEEDS[: 1 if few else None]:
            for quantity, apart in measure(lesson, seed).items():
                largest[quantity] = max(apart, largest.get(quantity, 0.0))
        yield name, {quantity: float(f"{apart:.1e}") for quantity, apart in largest.items()}


def ways(device: str) -> dict[str, Callable[[Lesson, int], dict[str, float]]]:
    """What is compared with what, by name."""

    def apart(lesson: Lesson, seed: int, kind: torch.dtype, tf32: bool, fixed: bool) -> Any:
        with arithmetic(tf32=tf32, deterministic=fixed):
            there = quantities(lesson, seed, kind, device)
        return spread(there, quantities(lesson, seed, kind))

    def again(lesson: Lesson, seed: int, fixed: bool) -> dict[str, float]:
        with arithmetic(deterministic=fixed):
            one = quantities(lesson, seed, device=device)
            return spread(one, quantities(lesson, seed, device=device))

    def packed(lesson: Lesson, seed: int) -> dict[str, float]:
        with arithmetic():
            return rows_apart(lesson, seed, device)

    single, double = torch.float32, torch.float64
    return {
        "GPU from CPU, as compared": lambda ln, s: apart(ln, s, single, False, True),
        "GPU from CPU, not deterministic": lambda ln, s: apart(ln, s, single, False, False),
        "GPU from CPU, TF32": lambda ln, s: apart(ln, s, single, True, True),
        "GPU from CPU, TF32, not deterministic": lambda ln, s: apart(ln, s, single, True, False),
        "GPU from CPU, float64": lambda ln, s: apart(ln, s, double, False, True),
        "GPU, packed from alone": packed,
        "GPU, once more": lambda ln, s: again(ln, s, True),
        "GPU, once more, not deterministic": lambda ln, s: again(ln, s, False),
    }
