"""The outer wall where there is no bubblewrap: the command line of a container engine.

The image (`Containerfile`) holds this Python and what the worker and the lesson import. Everything
else is as in `sandbox.py`: the worker's own files read-only, no network, no environment, user
nobody, a limited scratch. An engine passes no descriptors on, so messages go through the
container's standard streams.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from .gpu import Gpu
from .inside.namespaces import UNPRIVILEGED_ID
from .limits import Limits
from .sandbox import ENVIRONMENT, INSIDE, ROOT, worker_files

PODMAN, DOCKER = "podman", "docker"
ENGINES = (PODMAN, DOCKER)  # in this order
IMAGE = "autograder-worker"
PYTHON = "/usr/local/bin/python3"  # in the image
ANSWER_SECONDS = 60.0  # wall time for an engine to answer a question

# each submission has 64 processes at most, but to the kernel all containers' nobody is one user
USERS_PROCESSES = 4096


class NoEngine(RuntimeError):
    """No container can be started here."""


def image() -> str:
    """The image's whole name. Its tag names the pinned versions, since they decide marks."""
    pinned = (ROOT / "constraints.txt").read_bytes()
    recipe = Path(__file__).with_name("Containerfile").read_bytes()
    return f"{IMAGE}:{hashlib.sha256(pinned + recipe).hexdigest()[:12]}"


def find_engine() -> str:
    """The first engine that has the image.

    Raises:
        NoEngine: with what is missing.
    """
    missing = []
    for engine in filter(shutil.which, ENGINES):
        asked = ask(engine, "image", "inspect", "--format", "{{.Id}}", image())
        if asked.returncode == 0:
            return engine
        said = asked.stderr.strip().splitlines()[-1:]
        missing.append(f"{engine} has no image {image()} ({' '.join(said)}): `make image`")
    raise NoEngine("; ".join(missing) or f"no container engine ({' or '.join(ENGINES)})")


def ask(engine: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the engine to its end."""
    command = [engine, *arguments]
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWER_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", "it does not answer")


def container(
    engine: str, name: str, suite: str, limits: Limits, gpu: Gpu | None = None
) -> list[str]:
    """The engine's command line, up to the command that shall run in the container.

    A GPU is not seen inside unless it is given; the engine then finds its nodes and libraries.
    """
    nobody = f"{UNPRIVILEGED_ID}:{UNPRIVILEGED_ID}"
    command = [engine, "run", "--rm", f"--name={name}", "--interactive", "--pull=never"]
    command += ["--log-driver=none", "--detach-keys="]  # messages are neither kept nor read
    command += ["--network=none", "--ipc=private", "--cgroupns=private", "--read-only"]
    command += [f"--user={nobody}", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    command += ["--security-opt=label=disable"]  # SELinux would hide the worker's files from it
    if engine == PODMAN:  # docker knows no other than these
        command += ["--pid=private", "--uts=private", "--read-only-tmpfs=false", "--no-hosts"]
    command += [f"--tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777,size={limits.scratch}"]
    command += [f"--shm-size={limits.scratch}"]
    command += [f"--memory={limits.memory}", f"--memory-swap={limits.memory}"]  # so no swap
    command += [f"--pids-limit={limits.processes}"]
    for kind, value in {
        "cpu": limits.processor_seconds,
        "fsize": limits.file_size,
        "nofile": limits.open_files,
        "nproc": USERS_PROCESSES,
        "core": 0,
    }.items():
        command += [f"--ulimit={kind}={value}:{value}"]
    if gpu is not None:
        command += ["--device=nvidia.com/gpu=all" if engine == PODMAN else "--gpus=all"]
    for file in worker_files(suite):
        inside = f"{INSIDE}/{file}"
        command += [f"--mount=type=bind,source={ROOT / file},target={inside},readonly"]
    # the engine and the image set variables too, which only `env` can take away again
    command += ["--workdir=/tmp", "--entrypoint=/usr/bin/env", image(), "-i"]
    variables = dict(ENVIRONMENT)
    if gpu is not None:
        del variables["CUDA_VISIBLE_DEVICES"]
        variables |= gpu.environment()
    return [*command, *(f"{key}={value}" for key, value in variables.items())]
