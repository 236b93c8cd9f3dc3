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
    with exact():
        return run(torch.device(device))


@contextmanager
def exact() -> Iterator[None]:
    """Float32 that is float32, and the same each time: what a comparison of devices needs.

    cuBLAS reads CUBLAS_WORKSPACE_CONFIG when it starts, which is up to who starts the process.
    """
    matmul = torch.backends.cuda.matmul
    before = matmul.allow_tf32
    matmul.allow_tf32 = False
    try:
        with torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        matmul.allow_tf32 = before
