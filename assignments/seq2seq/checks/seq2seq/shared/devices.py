"""Runs code of a task on a device: a simulated GPU, or one that is there.

On "simulated" a probe answers as `elsewhere` does. On a device of torch, "cpu" or "cuda", it
returns what the code gave there, for a comparison of devices; TensorFloat-32 is off, and cuDNN
takes its deterministic algorithms.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from checks.simulated_gpu.elsewhere import Run, elsewhere

SIMULATED = "simulated"


def on(device: str, run: Run, placed: tuple[str, ...]) -> dict[str, Any]:
    """Run code on a device: what it gave there, or how it fared on the simulated one."""
    if device == SIMULATED:
        return elsewhere(run, placed)
    with arithmetic():
        return run(torch.device(device))


@contextmanager
def arithmetic(*, tf32: bool = False, deterministic: bool = True) -> Iterator[None]:
    """How a GPU computes: as a comparison of devices needs it, if nothing else is asked for.

    cuBLAS reads CUBLAS_WORKSPACE_CONFIG when it starts, which is up to who starts the process.

    Args:
        tf32: round float32 to TensorFloat-32 in products, as cuDNN does if nobody says otherwise.
        deterministic: of cuDNN's algorithms take those that give the same each time.
    """
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32
    matmul.allow_tf32 = tf32
    try:
        with cudnn.flags(
            enabled=cudnn.enabled,  # torch's own default here is without cuDNN
            benchmark=not deterministic,
            deterministic=deterministic,
            allow_tf32=tf32,
        ):
            yield
    finally:
        matmul.allow_tf32 = before
