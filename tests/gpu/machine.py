"""What a run ran on."""

from __future__ import annotations

import os
import platform
import shutil
from typing import Any

import torch


def machine() -> dict[str, Any]:
    """Versions, processors and the GPU, as far as torch can tell."""
    there = torch.cuda.is_available()
    cudnn: Any = torch.backends.cudnn  # torch has no types there
    return {
        "cuda": there,
        "gpu": torch.cuda.get_device_name(0) if there else None,
        "capability": list(torch.cuda.get_device_capability(0)) if there else None,
        "torch": torch.__version__,
        "cuda of torch": torch.version.cuda,
        "cudnn": cudnn.version() if there and cudnn.is_available() else None,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "processors": len(os.sched_getaffinity(0)),
        "root": os.geteuid() == 0,
        "bubblewrap": shutil.which("bwrap") is not None,
    }
