"""What of this machine a process needs to compute on an NVIDIA GPU. Passed in only when asked for.

A mark is given without it: behind the wall that grades there is no GPU to be seen.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import NoDevice

NODE = re.compile(r"nvidia(\d+|ctl|-uvm|-uvm-tools|-caps)")  # in /dev
DRIVER = re.compile(r"^\s*lib(?:cuda|nvidia-ml|nvidia-ptxjitcompiler)\.so\S* .*=> (\S+)/", re.M)
# read by the driver when it looks for its devices
DESCRIPTIONS = ("/sys/bus/pci", "/sys/devices", "/sys/module")
ENVIRONMENT = {
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # else cuBLAS and cuDNN's LSTM may differ from run to run
    "NVIDIA_TF32_OVERRIDE": "0",  # float32 is float32
    "CUDA_CACHE_DISABLE": "1",  # there is no home to keep it in
}


@dataclass(frozen=True)
class Gpu:
    """Device nodes, and the folders of driver libraries outside those a Python needs anyway."""

    nodes: tuple[str, ...]
    libraries: tuple[str, ...] = ()

    @staticmethod
    def here(system: Iterable[str]) -> Gpu:
        """What there is on this machine, besides the `system` folders that are seen anyway."""
        known = subprocess.run(
            ["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False
        ).stdout
        names = [path.name for path in Path("/dev").iterdir()]
        return Gpu(device_nodes(names), library_folders(known, system))

    def environment(self) -> dict[str, str]:
        """Variables that its libraries read."""
        if not self.libraries:
            return ENVIRONMENT
        return {**ENVIRONMENT, "LD_LIBRARY_PATH": ":".join(self.libraries)}

    def bubblewrap(self) -> list[str]:
        """The part of bubblewrap's command line that lets it in; after `--dev /dev`."""
        command = []
        for node in self.nodes:
            command += ["--dev-bind", node, node]
        for folder in (*self.libraries, *DESCRIPTIONS):
            command += ["--ro-bind-try", folder, folder]
        for name, value in self.environment().items():
            command += ["--setenv", name, value]
        return command


def device_nodes(names: Iterable[str]) -> tuple[str, ...]:
    """Which of the names in /dev are an NVIDIA GPU's, as paths."""
    return tuple(sorted(f"/dev/{name}" for name in names if NODE.fullmatch(name)))


def library_folders(listing: str, system: Iterable[str]) -> tuple[str, ...]:
    """Where `ldconfig -p` finds the driver's libraries, but for what lies below `system`."""
    seen = [Path(folder) for folder in system]
    folders = {Path(folder) for folder in DRIVER.findall(listing)}
    outside = [f for f in folders if not any(f.is_relative_to(parent) for parent in seen)]
    return tuple(sorted(map(str, outside)))


def require(device: str) -> None:
    """See that torch can use a device.

    Raises:
        NoDevice: it cannot.
    """
    import torch  # 1.3 s, for which no wall without a device shall wait

    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device, False):
        raise NoDevice(
            f"--device {device}: torch {torch.__version__} finds no such device on this machine; "
            "marks need none, leave the option out"
        )
