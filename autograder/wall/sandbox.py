"""The outer wall: bubblewrap's command line. What it shows is what any student code can see."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from .gpu import Gpu
from .inside.namespaces import INNER_ROOT

ROOT = Path(__file__).resolve().parents[2]
INSIDE = "/opt/judge"  # where the worker's files stand inside the wall
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "USER": "student",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",  # a mark does not depend on whether there is a GPU
    "PYTHONDONTWRITEBYTECODE": "1",
}


def bubblewrap(suite: str, scratch: int, gpu: Gpu | None = None) -> list[str]:
    """The bubblewrap command line, up to the command it shall run; `scratch` bytes for files.

    A GPU is not seen inside unless it is given.
    """
    command = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    if os.geteuid() != 0:
        command += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    else:  # no user namespace is needed; the worker becomes nobody by itself
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    # before the mounts, since the repository itself may lie below /tmp
    command += ["--perms", "1777", "--size", str(scratch), "--tmpfs", "/tmp"]
    command += ["--perms", "0755", "--dir", INNER_ROOT]
    files = {str(ROOT / name): f"{INSIDE}/{name}" for name in worker_files(suite)}
    mounts = {folder: folder for folder in system_folders()} | files
    for folder in _parents(mounts.values()):
        command += ["--perms", "0755", "--dir", folder]  # bubblewrap's own would be 0700
    for outside, inside in mounts.items():
        command += ["--ro-bind", outside, inside]
    for link in ("/bin", "/sbin", "/lib", "/lib64"):
        if os.path.islink(link):
            command += ["--symlink", os.readlink(link), link]
    for name in ("/etc/ld.so.cache", "/etc/ld.so.conf"):
        command += ["--ro-bind-try", name, name]
    command += ["--proc", "/proc", "--dev", "/dev"]
    # no terminals: all forks of a warm process would see those of each other
    command += ["--size", "4096", "--tmpfs", "/dev/pts", "--remount-ro", "/dev/pts"]
    if gpu is not None:
        command += ["--unsetenv", "CUDA_VISIBLE_DEVICES", *gpu.bubblewrap()]
    command += ["--perms", "1777", "--size", str(scratch), "--tmpfs", "/dev/shm"]
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--"]


def system_folders() -> list[str]:
    """What a Python process needs to run, each once, parents before children."""
    wanted = ["/usr", sys.base_prefix, sys.prefix, sysconfig.get_path("purelib")]
    wanted += [name for name in ("/bin", "/sbin", "/lib", "/lib64") if not os.path.islink(name)]
    folders: list[str] = []
    for folder in sorted({os.path.realpath(name) for name in wanted if os.path.isdir(name)}):
        if not any(Path(folder).is_relative_to(parent) for parent in folders):
            folders.append(folder)
    return folders


def interpreter() -> str:
    """This Python, by the folder that it really lies in: a link to that is not seen inside."""
    if not Path(sys.executable).is_relative_to(sys.prefix):
        return sys.executable
    return os.path.join(os.path.realpath(sys.prefix), os.path.relpath(sys.executable, sys.prefix))


def _parents(paths: Iterable[str]) -> list[str]:
    """Every folder above these paths, outermost first."""
    return sorted({str(parent) for path in paths for parent in Path(path).parents} - {"/", "/tmp"})


def worker_files(suite: str) -> list[str]:
    """The files and folders of this repository that may be seen inside the wall."""
    names = ["autograder/__init__.py", "autograder/wall/__init__.py", "autograder/wall/inside"]
    names += [f"checks/{path.name}" for path in sorted((ROOT / "checks").glob("*.py"))]
    return [*names, "checks/simulated_gpu", f"checks/{suite}"]
