"""Whether a global generator was only drawn from, or set anew, by a seed or from outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

WORDS = 624  # of a Mersenne Twister; when all are used, the next ones are made of them
ROUNDS = 2000  # of 624 draws each: more than any training step has use for


def only_drawn(before: Any, after: Any) -> bool:
    """Whether the state `after` comes of drawing from `before`, each (625,): words and place.

    Whatever is drawn and however often, the words go through one fixed sequence; a seed, from the
    clock or the operating system too, starts another one, or goes back.
    """
    for state in (before, after):
        if not (isinstance(state, Tensor) and state.shape == (WORDS + 1,)):
            return False
    if torch.equal(before[:WORDS], after[:WORDS]):
        return bool(after[WORDS] >= before[WORDS])
    wanted = after[:WORDS].numpy()
    twister: Any = np.random.RandomState()
    twister.set_state(("MT19937", before[:WORDS].numpy().astype(np.uint32), WORDS))
    for _ in range(ROUNDS):
        twister.bytes(4 * WORDS)
        if np.array_equal(twister.get_state()[1], wanted):
            return True
    return False
