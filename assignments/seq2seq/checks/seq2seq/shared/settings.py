"""Settings and random generators of the whole program: what they are, and put back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NotRequired, TypedDict

import numpy as np
import torch
from torch import Tensor

from checks.declared import Shaped

Words = Annotated[Tensor, Shaped(625, whole=True)]  # of a Mersenne Twister, and a place among them
State = TypedDict(
    "State",
    {
        "grad mode": str,
        "default dtype": str,
        "default device": str,
        "anomaly mode": str,
        "deterministic algorithms": str,
        "cudnn.deterministic": str,
        "cudnn.benchmark": str,
        "float32 matmul precision": str,
        "number of threads": str,
        "seed of torch": str,
        "numpy error handling": str,
        "random": NotRequired[Words],
        "numpy": NotRequired[Words],
        "torch": NotRequired[Words],
    },
)
State.__doc__ = "Settings as words, and with `generators` the states of the global generators."


def global_state() -> dict[str, str]:
    """The settings that a function may change behind everyone's back, as words."""
    cudnn = torch.backends.cudnn
    return {
        "grad mode": str(torch.is_grad_enabled()),
        "default dtype": str(torch.get_default_dtype()),
        "default device": str(torch.get_default_device()),
        "anomaly mode": str(torch.is_anomaly_enabled()),
        "deterministic algorithms": str(torch.are_deterministic_algorithms_enabled()),
        "cudnn.deterministic": str(cudnn.deterministic),
        "cudnn.benchmark": str(cudnn.benchmark),
        "float32 matmul precision": torch.get_float32_matmul_precision(),
        "number of threads": str(torch.get_num_threads()),
        "seed of torch": str(torch.initial_seed()),
        "numpy error handling": str(sorted(np.geterr().items())),
    }


def generators() -> dict[str, Tensor]:
    """The states of the global generators, each 624 words and a place among them: (625,) int64.

    All three are Mersenne Twisters, so who has the words can go on from them.
    """
    words: Any = np.random.get_state(legacy=True)
    raw = torch.get_rng_state()  # 16 bytes, the place in 8, and each word in 8
    place_and_words = raw[16 : 24 + 8 * 624].view(torch.int64)
    return {
        "random": torch.tensor(random.getstate()[1]),
        "numpy": torch.tensor([*words[1].tolist(), words[2]]),
        "torch": place_and_words.roll(-1).clone(),
    }


@contextmanager
def settings(seed: int) -> Iterator[None]:
    """Seed every global source of randomness; afterwards put all global settings back."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    grad, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    anomaly, strict = torch.is_anomaly_enabled(), torch.are_deterministic_algorithms_enabled()
    threads, device = torch.get_num_threads(), torch.get_default_device()
    precision, errors = torch.get_float32_matmul_precision(), np.geterr()
    cudnn = torch.backends.cudnn
    flags = cudnn.deterministic, cudnn.benchmark
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)  # of the CPU; the others record a stack each call
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        torch.set_anomaly_enabled(anomaly)
        if torch.are_deterministic_algorithms_enabled() != strict:  # to set it imports a compiler
            torch.use_deterministic_algorithms(strict)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        if torch.get_default_device() != device:
            torch.set_default_device(None if device.type == "cpu" else device)
        torch.set_float32_matmul_precision(precision)
        np.seterr(**errors)
        cudnn.deterministic, cudnn.benchmark = flags
