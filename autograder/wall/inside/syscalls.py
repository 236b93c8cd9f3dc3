"""System calls that no submission may make: their memory is not counted, or they widen the kernel.

A filter of the kernel (seccomp) answers them as a kernel would that does not know them, so that
libraries fall back to what they did before. It holds for all processes started afterwards.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

# name: number on x86_64, on aarch64
FORBIDDEN = {
    "memfd_create": (319, 279),  # files in memory that need not be mapped
    "memfd_secret": (447, 447),
    "shmget": (29, 194),  # System V shared memory and messages
    "msgget": (68, 186),
    "io_uring_setup": (425, 425),  # large parts of the kernel that no submission needs, from here
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
}
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, the kernel's name

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in what the kernel shows a filter
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.ENOSYS
_SECOND_TABLE = 0x40000000  # x86_64 knows each call under a second number from here on
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2


def filter_program(machine: str) -> bytes:
    """The filter in the kernel's form (struct sock_filter); empty for a machine not listed."""
    if machine not in MACHINES:
        return b""
    column, architecture = MACHINES[machine]
    numbers = [known[column] for known in FORBIDDEN.values()]
    refuse = len(numbers) + 5  # where the last instruction stands; jumps count from the next one
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, refuse - 2, architecture),  # a call in another machine's way of calling
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, refuse - 4, 0, _SECOND_TABLE),
        *((_EQUAL, refuse - 5 - n, 0, number) for n, number in enumerate(numbers)),
    ]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def forbid() -> None:
    """Set the filter for this process and all it starts.

    Raises:
        OSError: the kernel has no such filters.
    """
    program = filter_program(os.uname().machine)
    if not program:
        return
    library = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program, len(program))
    described = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    )
    for call in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _FILTER, ctypes.byref(described), 0, 0),
    ):
        if library.prctl(*call) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"prctl: {os.strerror(number)}")
