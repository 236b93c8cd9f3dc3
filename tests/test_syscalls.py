"""The filter of system calls, asked as the kernel asks it and in a process of its own."""

from __future__ import annotations

import struct
import subprocess
import sys

import pytest

from autograder.wall.inside.syscalls import FORBIDDEN, MACHINES, filter_program

ALLOW, REFUSE = 0x7FFF0000, 0x00050026


def answer(program: bytes, architecture: int, number: int) -> int:
    """What the kernel would answer: an interpreter of the few instructions that filters use."""
    steps = list(struct.iter_unpack("=HBBI", program))
    place, value = 0, 0
    while True:
        code, then, otherwise, k = steps[place]
        place += 1
        if code == 0x06:
            return k
        if code == 0x20:
            value = {0: number, 4: architecture}[k]
        elif code == 0x15:
            place += then if value == k else otherwise
        else:
            assert code == 0x35
            place += then if value >= k else otherwise


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_forbidden_is_refused_and_nothing_else(machine: str) -> None:
    column, architecture = MACHINES[machine]
    program = filter_program(machine)
    refused = {n for n in range(1000) if answer(program, architecture, n) == REFUSE}
    assert refused == {numbers[column] for numbers in FORBIDDEN.values()}
    assert answer(program, architecture, 0) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_a_call_by_another_way_of_calling_is_refused(machine: str) -> None:
    _, architecture = MACHINES[machine]
    program = filter_program(machine)
    assert answer(program, architecture ^ 1, 0) == REFUSE
    assert answer(program, architecture, 0x40000000) == REFUSE


def test_the_kernel_takes_the_filter() -> None:
    code = (
        "import os; from autograder.wall.inside.syscalls import forbid; forbid()\n"
        "try: os.memfd_create('x')\n"
        "except OSError as error: print(error.errno)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "38\n"
