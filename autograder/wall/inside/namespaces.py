"""The kernel's part of the wall: a process gives up what it can see and do. Linux only.

Runs inside the sandbox, after torch was imported and before any student code. Python 3.11 has no
`os.unshare` and never had `mount` or `capset`: these are calls to the C library.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import resource
import signal
import sys
from pathlib import Path

UNPRIVILEGED_ID = 65534  # nobody
OWN_IDS = range(1 << 30, 1 << 31)  # of users that no system gives out
SCRATCH_FILES = 20_000  # files and folders; each costs memory even when empty
INNER_ROOT = "/inner"  # an empty folder; the same root is mounted on it once more

_NEW_NAMESPACES = (
    0x00020000  # mount
    | 0x02000000  # cgroup
    | 0x04000000  # host name
    | 0x08000000  # System V and POSIX message queues
    | 0x10000000  # user
    | 0x20000000  # process ids
    | 0x40000000  # network
)
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_RDONLY = 2, 4, 8, 1
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_CAPABILITIES_VERSION = 0x20080522
_LAST_CAPABILITY = 63

_libc = ctypes.CDLL(None, use_errno=True)


def shed_root(*, alone: bool = False) -> None:
    """Become nobody, if still root, with no way back.

    Args:
        alone: rather become a user of one's own, where there may be any: the kernel counts the
            processes of a user, and those of others shall not be among them.
    """
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
        if alone:
            own = random.SystemRandom().choice(OWN_IDS)
            with contextlib.suppress(OSError):  # of few users, as in a container of a user's own
                return os.setresuid(own, own, own)
        os.setresuid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def enter_namespaces() -> None:
    """Part from all others: the next fork is process 1 of a world of its own.

    Raises:
        OSError: the kernel does not allow it here.
    """
    user, group = os.getuid(), os.getgid()
    _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)  # else /proc/self belongs to root since shed_root
    _call("unshare", _NEW_NAMESPACES)
    own = Path("/proc/self")
    (own / "setgroups").write_text("deny")
    (own / "uid_map").write_text(f"{user} {user} 1")
    (own / "gid_map").write_text(f"{group} {group} 1")


def confine(scratch: int) -> None:
    """In a new mount namespace: own scratch of so many bytes, no view of processes, no way up.

    Raises:
        OSError: the kernel does not allow it here.
    """
    first_to_go()
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    plain = _MS_NOSUID | _MS_NODEV
    room = f"size={scratch},nr_inodes={SCRATCH_FILES},mode=1777"
    # this Python may itself lie below /tmp
    below = [f for f in {sys.prefix, sys.base_prefix} if Path(f).is_relative_to("/tmp")]
    kept = {folder: os.open(folder, os.O_PATH) for folder in below}
    _mount("tmpfs", "/tmp", "tmpfs", plain, room)
    for folder, descriptor in kept.items():  # read-only, as they were
        os.makedirs(folder)
        _mount(f"/proc/self/fd/{descriptor}", folder, None, _MS_BIND | _MS_REC)
        os.close(descriptor)
        for parent in Path(folder).parents[:-2]:  # up to, but not with, /tmp
            parent.chmod(0o555)
    _mount("tmpfs", "/dev/shm", "tmpfs", plain, room)
    _mount("tmpfs", "/proc", "tmpfs", plain | _MS_NOEXEC | _MS_RDONLY, "size=0")
    # who lives in a changed root may not make user namespaces, so cannot regain any of this
    _mount("/", INNER_ROOT, None, _MS_BIND | _MS_REC)
    os.chroot(INNER_ROOT)
    os.chdir("/tmp")
    _drop_capabilities()
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    die_with_parent()


def set_limits(limits: dict[str, int]) -> None:
    """Lower this process's own limits for good; names are those of `resource.RLIMIT_*`."""
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


def first_to_go() -> None:
    """When memory runs out, the kernel shall end this process and not the judge."""
    Path("/proc/self/oom_score_adj").write_text("1000")


def _drop_capabilities() -> None:
    for capability in range(_LAST_CAPABILITY + 1):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # this kernel has no more of them
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: two words each
    _call("capset", header, nothing)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    filesystem = kind.encode() if kind else None
    _call("mount", source.encode(), target.encode(), filesystem, flags, options.encode())


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
