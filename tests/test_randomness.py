"""A global generator that was drawn from is told from one that was seeded."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch

from autograder.suites.seq2seq.teacher_forcing.randomness import only_drawn
from checks.seq2seq.shared.settings import generators, settings

DRAWS: dict[str, tuple[str, Callable[[], object]]] = {
    "nothing": ("random", lambda: None),
    "one coin": ("random", lambda: random.random()),
    "a shuffle": ("random", lambda: random.shuffle(list(range(2000)))),
    "normals of random": ("random", lambda: [random.gauss(0, 1) for _ in range(999)]),
    "a state put back": ("random", lambda: random.setstate(random.getstate())),
    "a generator of its own": ("random", lambda: random.Random().random()),
    "numpy's coins": ("numpy", lambda: np.random.rand(701)),
    "numpy's normals": ("numpy", lambda: np.random.randn(3)),
    "numpy's own generator": ("numpy", lambda: np.random.default_rng().random()),
    "torch's coins": ("torch", lambda: torch.rand(2, 311)),
    "torch's normals": ("torch", lambda: torch.randn(5000)),
    "torch's bernoulli": ("torch", lambda: torch.bernoulli(torch.full((7,), 0.5))),
    "torch's permutation": ("torch", lambda: torch.randperm(1000)),
}
SEEDS: dict[str, tuple[str, Callable[[], object]]] = {
    "from the system": ("random", lambda: random.seed()),
    "a number": ("random", lambda: random.seed(1)),
    "the number it began with": ("random", lambda: random.seed(11)),
    "numpy from the system": ("numpy", lambda: np.random.seed()),
    "numpy with a number": ("numpy", lambda: np.random.seed(42)),
    "torch from the system": ("torch", lambda: torch.seed()),
    "torch with a number": ("torch", lambda: torch.manual_seed(0)),
    "torch with the number it began with": ("torch", lambda: torch.manual_seed(11)),
}


def judged(name: str, act: Callable[[], object], drawn: int) -> bool:
    """Whether a generator from which something was drawn is found to be only drawn from."""
    with settings(11):
        for _ in range(drawn):
            random.random(), np.random.rand(), torch.rand(())
        before = generators()
        act()
        return only_drawn(before[name], generators()[name])


@pytest.mark.parametrize("drawn", [0, 1, 700])
@pytest.mark.parametrize("what", DRAWS)
def test_drawing_is_no_change(what: str, drawn: int) -> None:
    assert judged(*DRAWS[what], drawn)


@pytest.mark.parametrize("drawn", [1, 700])
@pytest.mark.parametrize("what", SEEDS)
def test_a_seed_is_one(what: str, drawn: int) -> None:
    assert not judged(*SEEDS[what], drawn)


def test_what_is_no_state_is_not_drawn_from() -> None:
    state = generators()["random"]
    assert not only_drawn(state, None)
    assert not only_drawn(state, state[:-1])
