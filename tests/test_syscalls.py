"""The filter of system calls, asked as the kernel asks it and in processes of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from autograder.wall.inside.syscalls import (
    ALLOW,
    GROUPS,
    MACHINES,
    NOT_KNOWN,
    NOT_PERMITTED,
    UNKNOWN,
    WAYS,
    YOUNGEST,
    filter_program,
    numbers,
)
from autograder.wall.limits import Limits
from autograder.wall.session import Session
from autograder.wall.wall import Bubblewrap
from checks.program import Cell
from checks.verdicts import StudentFault

NO_FAMILY, AS_IF_DONE = 0x00050061, 0x00050000
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def answer(
    program: bytes, architecture: int, number: int, arguments: Sequence[int] = (0,) * 6
) -> int:
    """What the kernel would answer: an interpreter of the few instructions that filters use."""
    data = struct.pack("<iIQ6Q", number, architecture, 0, *arguments)
    steps = list(struct.iter_unpack("=HBBI", program))
    place, value = 0, 0
    while True:
        code, then, otherwise, k = steps[place]
        place += 1
        if code == 0x06:
            return k
        if code == 0x20:
            (value,) = struct.unpack_from("<I", data, k)
        elif code == 0x54:
            value &= k
        else:
            holds = {0x15: value == k, 0x25: value > k, 0x35: value >= k}[code]
            place += then if holds else otherwise


def listed(machine: str) -> dict[str, int]:
    """Every call of the table, by name."""
    return {n: c for table in GROUPS.values() for n, c in numbers(table, machine).items()}


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_listed_is_allowed_and_nothing_else(machine: str) -> None:
    architecture = MACHINES[machine][1]
    program = filter_program(machine)
    unknown = set(numbers(UNKNOWN, machine).values())
    allowed = {c for n, c in listed(machine).items() if n not in WAYS}
    checked = {c for n, c in listed(machine).items() if n in WAYS}
    for number in set(range(1000)) - checked:
        expected = NOT_KNOWN if number >= YOUNGEST or number in unknown else NOT_PERMITTED
        found = answer(program, architecture, number)
        assert found == (ALLOW if number in allowed else expected), number


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_the_kernels(machine: str) -> None:
    if not HEADERS[machine].is_file():
        pytest.skip("no headers of the kernel here")
    text = HEADERS[machine].read_text()
    defined = re.findall(r"^#define __NR(?:3264)?_(\w+) (\d+)$", text, re.MULTILINE)
    kernels = {name: int(number) for name, number in defined}
    kernels.setdefault("newfstatat", kernels.get("fstatat", -1))
    ours = listed(machine) | numbers(UNKNOWN, machine)
    assert {n: c for n, c in ours.items() if kernels.get(n, c) != c} == {}
    every = {n.split(":")[0] for table in GROUPS.values() for n in table.split()}
    assert {n for n in every if n in kernels} == set(listed(machine))


SIGNAL = int(signal.SIGCHLD)
FAR = 0x7F0000000000
CASES = [
    ("clone", (0x01200000 | SIGNAL,), ALLOW),  # a fork
    ("clone", (0x003D0F00,), ALLOW),  # a thread
    ("clone", (0x10000000 | SIGNAL,), NOT_PERMITTED),  # a user namespace
    ("clone", (0x00020000 | SIGNAL,), NOT_PERMITTED),  # a mount namespace
    ("clone", (0x8000 | SIGNAL,), NOT_PERMITTED),  # a child of its own parent
    ("socket", (1, 1 | 0x80000), ALLOW),
    ("socket", (1, 2), NO_FAMILY),  # datagrams
    *(("socket", (family, 1), NO_FAMILY) for family in (0, 2, 10, 16, 17, 38, 40)),
    ("socketpair", (1, 1), ALLOW),
    ("socketpair", (1, 5), NO_FAMILY),
    ("setsockopt", (3, 1, 2), ALLOW),
    ("setsockopt", (3, 1, 7), NOT_PERMITTED),  # a larger buffer
    ("setsockopt", (3, 0, 2), NOT_PERMITTED),
    ("rt_sigaction", (2, FAR), ALLOW),
    ("rt_sigaction", (SIGNAL, 0), ALLOW),  # asks
    ("rt_sigaction", (SIGNAL, FAR), AS_IF_DONE),
    ("rt_sigaction", (SIGNAL | 1 << 32, FAR), AS_IF_DONE),  # the kernel sees the lower half
    ("rt_sigaction", (SIGNAL, 0x5000), AS_IF_DONE),
    *(("fcntl", (3, command), ALLOW) for command in (0, 1, 2, 3, 4, 1030)),
    # locks, leases, watches, larger pipes
    *(("fcntl", (3, command), NOT_PERMITTED) for command in (5, 6, 7, 36, 37, 1024, 1026, 1031)),
    ("ioctl", (0, 0x5401), ALLOW),
    ("ioctl", (0, 0x5412), NOT_PERMITTED),  # words into a terminal
    ("prctl", (15,), ALLOW),
    *(("prctl", (option,), NOT_PERMITTED) for option in (4, 22, 24, 36, 38, 59)),
]


@pytest.mark.parametrize("machine", MACHINES)
def test_arguments_of_two_edged_calls_are_checked(machine: str) -> None:
    program, architecture = filter_program(machine), MACHINES[machine][1]
    for name, arguments, expected in CASES:
        whole = (*arguments, *(0,) * (6 - len(arguments)))
        found = answer(program, architecture, listed(machine)[name], whole)
        assert found == expected, (name, arguments)
    assert {name for name, *_ in CASES} == set(WAYS)


@pytest.mark.parametrize("machine", MACHINES)
def test_who_talks_to_a_gpu_may_more_but_not_everything(machine: str) -> None:
    program, architecture = filter_program(machine, gpu=True), MACHINES[machine][1]
    assert (
        answer(program, architecture, listed(machine)["ioctl"], (3, 0xC0384627, *[0] * 4)) == ALLOW
    )
    for number in numbers(UNKNOWN, machine).values():
        assert answer(program, architecture, number) == NOT_KNOWN
    arguments = (SIGNAL, FAR, *[0] * 4)
    assert answer(program, architecture, listed(machine)["rt_sigaction"], arguments) == AS_IF_DONE


@pytest.mark.parametrize("machine", MACHINES)
def test_a_call_by_another_way_of_calling_is_refused(machine: str) -> None:
    _, architecture = MACHINES[machine]
    program = filter_program(machine)
    assert answer(program, architecture ^ 1, 0) == NOT_KNOWN
    assert answer(program, architecture, 0x40000000) == NOT_KNOWN


def run_with(groups: Sequence[str], code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that may make the calls of some groups."""
    setting = (
        "import asyncio, os, resource, signal, socket, subprocess, sys, threading, time\n"
        "from autograder.wall.inside.syscalls import filter_program, install\n"
        f"install(filter_program(os.uname().machine, {list(groups)!r}))\n"
    )
    command = [sys.executable, "-c", setting + code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


# what cannot be done without a group, and can with the others
USES = {
    "memory": "bytearray(1 << 26)",
    "files": "open('/dev/null').close()",
    "names": "os.stat('/usr')",
    "processes": "subprocess.run(['/bin/true'], check=True)",
    "threads": (
        "lock = threading.Lock(); lock.acquire(); threading.Timer(0.1, lock.release).start()\n"
        "assert lock.acquire(timeout=5)"
    ),
    "signals": "signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
    "time": "time.sleep(0.01)",
    "waiting": "os.pipe()",
    "identity": f"assert os.getuid() == {os.getuid()}",
    "sockets": "socket.socketpair()",
}


@pytest.mark.parametrize("group", GROUPS)
def test_no_group_can_be_left_out(group: str) -> None:
    assert run_with(list(GROUPS), USES[group]).returncode == 0
    assert run_with([name for name in GROUPS if name != group], USES[group]).returncode != 0


# run as a student's cell; raises what did not work
HONEST = """
import asyncio, multiprocessing, os, shutil, signal, subprocess, sys, tempfile, threading, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
import numpy, torch
failed = []
def attempt(action):
    try:
        assert action() is not False
    except BaseException as error:
        failed.append(f"{action.__name__}: {type(error).__name__}: {error}")
fork = multiprocessing.get_context("fork")
@attempt
def a_loader_with_workers():
    data = torch.utils.data.TensorDataset(torch.arange(8.0))
    loader = torch.utils.data.DataLoader(data, batch_size=2, num_workers=2)
    return sum(x.sum().item() for (x,) in loader) == 28
@attempt
def a_pool():
    with fork.Pool(2) as pool:
        return pool.map(abs, [-1, 2]) == [1, 2]
@attempt
def a_pool_of_futures():
    with ProcessPoolExecutor(2, mp_context=fork) as pool:
        return list(pool.map(abs, [-1, 2])) == [1, 2]
@attempt
def a_queue():
    queue = fork.Queue()
    process = fork.Process(target=queue.put, args=(3,))
    process.start()
    found = queue.get()
    process.join()
    return found == 3
@attempt
def a_manager():
    with fork.Manager() as manager:
        held = manager.list([1])
        held.append(2)
        return list(held) == [1, 2]
@attempt
def shared_memory():
    from multiprocessing.shared_memory import SharedMemory
    block = SharedMemory(create=True, size=100)
    block.buf[0] = 1
    block.close()
    block.unlink()
@attempt
def threads():
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(abs, [-1, 2])) == [1, 2]
@attempt
def threads_of_torch():
    torch.set_num_threads(2)
    (torch.ones(600, 600) @ torch.ones(600, 600)).sum()
    torch.set_num_threads(1)
@attempt
def another_program():
    return subprocess.run("echo a | cat", shell=True, capture_output=True).stdout == b"a\\n"
@attempt
def python_once_more():
    return subprocess.check_output([sys.executable, "-c", "print(1)"]) == b"1\\n"
@attempt
def an_event_loop():
    async def wait():
        process = await asyncio.create_subprocess_exec("true")
        return await process.wait()
    with ThreadPoolExecutor(1) as other:
        return other.submit(asyncio.run, wait()).result() == 0
@attempt
def a_scratch_folder():
    with tempfile.TemporaryDirectory() as folder:
        first = folder + "/a"
        open(first, "w").write("x" * 10)
        shutil.copy2(first, folder + "/b")
        os.rename(folder + "/b", folder + "/c")
        os.symlink(first, folder + "/d")
        os.link(first, folder + "/e")
        os.chmod(first, 0o600)
        os.utime(first)
        os.truncate(first, 3)
        shutil.copytree(folder, folder + "2")
        shutil.rmtree(folder + "2")
        shutil.disk_usage(folder)
@attempt
def weights_and_arrays():
    torch.save(torch.ones(3), "/tmp/a.pt")
    numpy.save("/tmp/a.npy", numpy.ones(3))
    return torch.load("/tmp/a.pt").sum() == 3 == numpy.load("/tmp/a.npy", mmap_mode="r").sum()
@attempt
def training():
    model = torch.nn.LSTM(8, 8)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(3, 2, 8))[0].sum().backward()
    optimizer.step()
@attempt
def a_compiled_model():
    return torch.jit.script(torch.nn.Linear(2, 2))(torch.ones(2)).shape == (2,)
@attempt
def a_plot():
    import matplotlib
    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    plt.plot([1, 2])
    plt.savefig("/tmp/a.png")
@attempt
def a_table():
    import pandas
    pandas.DataFrame({"a": [1]}).to_csv("/tmp/a.csv")
    return len(pandas.read_csv("/tmp/a.csv")) == 1
@attempt
def an_alarm():
    signal.signal(signal.SIGUSR1, lambda *_: None)
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.setitimer(signal.ITIMER_REAL, 10)
    signal.setitimer(signal.ITIMER_REAL, 0)
@attempt
def questions_about_itself():
    os.getuid(), os.getppid(), os.times(), os.uname(), os.nice(0), os.sched_getaffinity(0)
raise ValueError("; ".join(failed) or "all of it worked")
"""


@pytest.mark.parametrize("way", ["warm", "cold"])
def test_what_honest_notebooks_do_works_inside(way: str) -> None:
    limits = Limits(load_seconds=60.0, processes=4096)  # cold ones share them with other tests
    with (
        contextlib.closing(Bubblewrap("seq2seq", limits, warm=way == "warm")) as wall,
        Session(wall, [Cell("honest", HONEST)]) as session,
    ):
        with pytest.raises(StudentFault):
            session.call("no_such_probe", {})
        assert session.troubles["honest"].message == "all of it worked"


def test_the_kernel_takes_the_filter() -> None:
    code = (
        "for call in (lambda: os.memfd_create('x'), lambda: socket.socket(40), os.openpty,\n"
        "             lambda: os.posix_fadvise(0, 0, 0, 4), lambda: os.chroot('/')):\n"
        "    try: call()\n"
        "    except OSError as error: print(error.errno)\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "if os.fork() == 0: os._exit(3)\n"
        "time.sleep(0.1)\n"
        "print(os.waitstatus_to_exitcode(os.wait()[1]))"
    )
    done = run_with(list(GROUPS), code)
    assert done.stdout.split() == ["38", "97", "1", "1", "1", "3"], done.stderr
