"""The system calls that a submission may make: what Python, torch and honest notebooks need.

Found by recording notebooks of every kind, the corpus of submissions and what lessons use (plots,
tables, loaders with processes of their own, other programs). A filter of the kernel (seccomp)
answers everything else, for this process and all it starts: with "not permitted", or, where
libraries fall back on another call, as a kernel does that does not know the call. What is refused
on purpose: memory that no limit counts, what files that all submissions can read would tell of one
to another (locks, watches, leases), namespaces, other families of sockets, and most of the kernel.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

# name:number on x86_64:number on aarch64, "-" where a machine has no such call
GROUPS = {
    # every allocation of Python, numpy and torch, and every library that is loaded
    "memory": """
        brk:12:214 mmap:9:222 munmap:11:215 mremap:25:216 mprotect:10:226 madvise:28:233
        msync:26:227
    """,
    # modules, what a cell saves and loads, and the messages to and from the judge
    "files": """
        read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 lseek:8:62
        close:3:57 close_range:436:436 open:2:- openat:257:56 dup:32:23 dup2:33:- dup3:292:24
        sendfile:40:71 ftruncate:77:46 truncate:76:45 fallocate:285:47 fsync:74:82 fdatasync:75:83
    """,
    # finding modules, and a scratch folder like any other
    "names": """
        stat:4:- fstat:5:80 lstat:6:- newfstatat:262:79 statx:332:291 access:21:- faccessat:269:48
        faccessat2:439:439 readlink:89:- readlinkat:267:78 getdents64:217:61 getcwd:79:17
        chdir:80:49 fchdir:81:50 mkdir:83:- mkdirat:258:34 rmdir:84:- unlink:87:- unlinkat:263:35
        rename:82:- renameat:264:38 renameat2:316:276 link:86:- linkat:265:37 symlink:88:-
        symlinkat:266:36 chmod:90:- fchmod:91:52 fchmodat:268:53 umask:95:166 utimensat:280:88
        statfs:137:43 fstatfs:138:44 listxattr:194:11 llistxattr:195:12 flistxattr:196:13
    """,
    # a loader's workers, `multiprocessing`, `subprocess`; none can leave its world
    "processes": """
        clone:56:220 fork:57:- vfork:58:- execve:59:221 exit:60:93 exit_group:231:94 wait4:61:260
        waitid:247:95 getpid:39:172 getppid:110:173 getpgrp:111:- getpgid:121:155 setpgid:109:154
        getsid:124:156 setsid:112:157 getpriority:140:141 setpriority:141:140
    """,
    # torch's and Python's own threads
    "threads": """
        futex:202:98 gettid:186:178 set_tid_address:218:96 set_robust_list:273:99 rseq:334:293
        arch_prctl:158:- prctl:157:167 sched_yield:24:124 sched_getaffinity:204:123
    """,
    # handlers and alarms, which also end a cell that computes for too long
    "signals": """
        kill:62:129 tkill:200:130 tgkill:234:131 rt_sigaction:13:134 rt_sigprocmask:14:135
        rt_sigreturn:15:139 rt_sigsuspend:130:133 sigaltstack:131:132 pause:34:- alarm:37:-
        getitimer:36:102 setitimer:38:103 restart_syscall:219:128
    """,
    # on many machines most of these never reach the kernel
    "time": """
        clock_gettime:228:113 clock_getres:229:114 clock_nanosleep:230:115 nanosleep:35:101
        gettimeofday:96:169 time:201:- times:100:153 getrusage:98:165 getcpu:309:168
    """,
    # the judge's next question, event loops, the output of other programs
    "waiting": """
        pipe:22:- pipe2:293:59 poll:7:- ppoll:271:73 select:23:- pselect6:270:72
        epoll_create1:291:20 epoll_ctl:233:21 epoll_wait:232:- epoll_pwait:281:22
        fcntl:72:25 ioctl:16:29
    """,
    # questions about itself, some asked by the C library at the start of a program
    "identity": """
        getuid:102:174 geteuid:107:175 getgid:104:176 getegid:108:177 getresuid:118:148
        getresgid:120:150 getgroups:115:158 uname:63:160 prlimit64:302:261 getrandom:318:278
    """,
    # between processes of a submission: event loops, and loaders that hand tensors over
    "sockets": """
        socket:41:198 socketpair:53:199 connect:42:203 bind:49:200 listen:50:201 accept:43:202
        accept4:288:242 getsockname:51:204 getpeername:52:205 sendto:44:206 recvfrom:45:207
        sendmsg:46:211 recvmsg:47:212 shutdown:48:210 getsockopt:55:209 setsockopt:54:208
    """,
}

# unknown here as on an older kernel: libraries try these and go on without. Everything that came
# with Linux 5.1 or later is unknown too, unless it is listed above
UNKNOWN = """
    memfd_create:319:279 shmget:29:194 msgget:68:186 userfaultfd:323:282 perf_event_open:298:241
    bpf:321:280 add_key:248:217 request_key:249:218 keyctl:250:219
    io_uring_setup:425:425 clone3:435:435 memfd_secret:447:447
"""
YOUNGEST = 424  # the first of these; from here on all machines number calls alike


@dataclass(frozen=True)
class Only:
    """A condition on an argument: what is left of it under a mask is among some values, or not.

    The kernel takes all these arguments for numbers of 32 bits, but for an address, of which there
    is an upper half.
    """

    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF
    but: bool = False  # none of these values
    upper: bool = False


_NAMESPACES_AND_PARENTS = (
    0x7E020000  # a new namespace of any kind
    | 0x00002000  # traced by the parent's tracer
    | 0x00008000  # a child of one's own parent
    | 0x80000000  # shares an I/O context
)
_UNIX, _STREAM, _KIND = 1, 1, 0xF
_SOCKET, _REUSE_ADDRESS = 1, 2
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC
_OF_DESCRIPTORS = (0, 1, 2, 3, 4, 1030)
# TCGETS, TCGETS2, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX
_QUESTIONS = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5451, 0x5450)
# PR_SET_PDEATHSIG, PR_SET_NAME, PR_GET_NAME, PR_GET_NO_NEW_PRIVS, PR_SET_VMA
_OF_NAMES = (1, 15, 16, 39, 0x53564D41)

# calls that are two-edged: ways in which each is allowed, every one a list of conditions
WAYS: dict[str, tuple[tuple[Only, ...], ...]] = {
    "clone": ((Only(0, (0,), mask=_NAMESPACES_AND_PARENTS),),),
    # to the inside only. A datagram stays in memory when its sender is gone, and a larger buffer
    # is memory of the kernel's that no limit counts
    "socket": ((Only(0, (_UNIX,)), Only(1, (_STREAM,), mask=_KIND)),),
    "socketpair": ((Only(0, (_UNIX,)), Only(1, (_STREAM,), mask=_KIND)),),
    "setsockopt": ((Only(1, (_SOCKET,)), Only(2, (_REUSE_ADDRESS,))),),
    # who ignores the end of children has their processor time forgotten; to ask is free. The rest
    # is answered as if it were done: torch's loaders set a handler, and can do without
    "rt_sigaction": (
        (Only(0, (signal.SIGCHLD,), but=True),),
        (Only(1, (0,)), Only(1, (0,), upper=True)),
    ),
    # no locks, leases or watches, which reach whoever reads the same file; no larger pipes
    "fcntl": ((Only(1, _OF_DESCRIPTORS),),),
    # no words into a terminal's input
    "ioctl": ((Only(1, _QUESTIONS),),),
    "prctl": ((Only(0, _OF_NAMES),),),
}
REFUSALS = {  # other than "not permitted"
    "socket": errno.EAFNOSUPPORT,
    "socketpair": errno.EAFNOSUPPORT,
    "rt_sigaction": 0,  # done, says the kernel
}
# even of who talks to a GPU's driver: checked like this, and refused
ALWAYS_CHECKED = ("clone", "rt_sigaction", "setsockopt", "fcntl")
NEVER = "unshare:272:97 setns:308:268"

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, the kernel's name

_LOAD, _AND, _EQUAL, _ABOVE, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x25, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in what the kernel shows a filter
ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
NOT_PERMITTED, NOT_KNOWN = _REFUSE | errno.EPERM, _REFUSE | errno.ENOSYS
_SECOND_TABLE = 0x40000000  # x86_64 knows each call under a second number from here on
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2

Step = tuple[int, int, int, int]  # instruction, jumps if true and if false, operand


def numbers(table: str, machine: str) -> dict[str, int]:
    """The calls of a table, by name, with their numbers on a machine."""
    column = 1 + MACHINES[machine][0]
    rows = (entry.split(":") for entry in table.split())
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def filter_program(
    machine: str, groups: Collection[str] = (*GROUPS,), *, gpu: bool = False
) -> bytes:
    """The filter in the kernel's form (struct sock_filter); empty for a machine not listed.

    Args:
        groups: of calls that are allowed.
        gpu: a driver talks to its device in calls of its own choice: then what is not listed is
            allowed but for what libraries can do without.
    """
    if machine not in MACHINES:
        return b""
    known = {n: c for group in groups for n, c in numbers(GROUPS[group], machine).items()}
    checked = {name: WAYS[name] for name in known if name in WAYS}
    if gpu:
        checked = {name: checked[name] for name in ALWAYS_CHECKED}
    plain = sorted(number for name, number in known.items() if name not in checked)
    steps: list[Step] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, MACHINES[machine][1]),
        (_RETURN, 0, 0, NOT_KNOWN),  # a call in another machine's way of calling
        (_LOAD, 0, 0, _NUMBER),
        *_if(_AT_LEAST, _SECOND_TABLE, NOT_KNOWN),
    ]
    for first, last in _runs(plain):
        steps += [(_AT_LEAST, 0, 2, first), (_ABOVE, 1, 0, last), (_RETURN, 0, 0, ALLOW)]
    for name, ways in checked.items():
        body = list(_in_one_way(ways, _REFUSE | REFUSALS.get(name, errno.EPERM)))
        steps += [(_EQUAL, 0, len(body), known[name]), *body]
    for number in numbers(UNKNOWN, machine).values():
        steps += _if(_EQUAL, number, NOT_KNOWN)
    if gpu:
        for number in numbers(NEVER, machine).values():
            steps += _if(_EQUAL, number, NOT_PERMITTED)
    else:
        steps += _if(_AT_LEAST, YOUNGEST, NOT_KNOWN)
    steps.append((_RETURN, 0, 0, ALLOW if gpu else NOT_PERMITTED))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _if(test: int, operand: int, answer: int) -> list[Step]:
    return [(test, 0, 1, operand), (_RETURN, 0, 0, answer)]


def _runs(ordered: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of numbers without a gap."""
    first = last = ordered[0]
    for number in ordered[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _in_one_way(ways: Sequence[Sequence[Only]], refusal: int) -> Iterator[Step]:
    """Allow a call that meets all conditions of one way."""
    for way in ways:
        steps: list[Step] = [(_RETURN, 0, 0, ALLOW)]
        for condition in reversed(way):
            steps = [*_condition(condition, len(steps)), *steps]
        yield from steps
    yield (_RETURN, 0, 0, refusal)


def _condition(condition: Only, rest: int) -> list[Step]:
    """Go on if it holds, else skip so many steps behind it."""
    steps: list[Step] = [
        (_LOAD, 0, 0, _ARGUMENTS + 8 * condition.argument + 4 * condition.upper),
        (_AND, 0, 0, condition.mask),
    ]
    for left in range(len(condition.values) - 1, -1, -1):  # tests that follow
        value = condition.values[-1 - left]
        failed = rest if left == 0 else 0
        if condition.but:
            steps.append((_EQUAL, left + rest, 0, value))
        else:
            steps.append((_EQUAL, left, failed, value))
    return steps


def forbid(*, gpu: bool = False) -> None:
    """Set the filter for this process and all it starts.

    Raises:
        OSError: the kernel has no such filters.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # as it then stays
    install(filter_program(os.uname().machine, gpu=gpu))


def install(program: bytes) -> None:
    """Give the kernel a filter; nothing is done for an empty one.

    Raises:
        OSError: the kernel has no such filters.
    """
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
