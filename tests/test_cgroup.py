"""Control groups: what the kernel counts and bounds for a submission as a whole.

What a limit does is tried where groups can be had; what is counted, and that nothing is left, is
tried in every hierarchy (cgroup v2) in which a group can be made, also one without controllers.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.errors import WorkerError
from autograder.wall import cgroup
from autograder.wall import wall as wall_module
from autograder.wall.cgroup import CONTROLLERS, REST, Group, NoGroup, Place, folder_of, place
from autograder.wall.launch import Bound, ColdWorker
from autograder.wall.limits import Limits
from autograder.wall.processes import usage_of_group
from autograder.wall.session import Session
from autograder.wall.trial import leaks
from autograder.wall.wall import Bubblewrap
from checks.program import Cell
from checks.verdicts import StudentFault

MIB = 1 << 20
Start = Callable[..., tuple[Group, "subprocess.Popen[str]"]]

FORGOTTEN = """
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    os._exit(0)
try:
    os.wait()
except ChildProcessError:
    pass
"""


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts code in a group of its own."""
    started = []

    def begin(
        code: str, limits: Limits | None = None, where: Place | None = None
    ) -> tuple[Group, subprocess.Popen[str]]:
        whole = f"import os, sys, time\nsys.stdin.readline()\n{code}\nprint('done', flush=True)\n"
        process = subprocess.Popen(
            [*(where or Place()).prefix, sys.executable, "-c", whole + "time.sleep(600)"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        program = Path(f"/proc/{process.pid}/cmdline")  # not systemd's any more
        _wait(lambda: program.read_text().startswith(sys.executable))
        group = Group.around([process.pid], limits or Limits())
        started.append((group, process))
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        return group, process

    yield begin
    for group, process in started:
        group.kill()
        process.kill()
        process.communicate()
        group.remove()


def _wait(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    assert true()


def said(process: subprocess.Popen[str]) -> str:
    """The next line, nothing once it has ended."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def anywhere(monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place, be it one without any limits."""
    with contextlib.suppress(NoGroup):
        return place()
    monkeypatch.setattr(cgroup, "CONTROLLERS", ())
    try:
        cgroup._try(Place())
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    return Place()


@pytest.fixture
def bounded() -> Place:
    """A place with all controllers."""
    try:
        return place()
    except NoGroup as error:
        pytest.skip(f"no control group with limits can be made here: {error}")


def test_time_is_counted_of_children_that_nobody_waits_for(anywhere: Place, start: Start) -> None:
    group, process = start(FORGOTTEN, where=anywhere)
    assert said(process) == "done"
    assert group.processor_seconds() >= 0.3
    assert group.processes() == [process.pid]
    _wait(lambda: usage_of_group(group).asleep)


def test_children_are_in_the_group_and_end_with_it(anywhere: Place, start: Start) -> None:
    group, process = start("if os.fork() == 0: os.setsid()", where=anywhere)
    assert [said(process), said(process)] == ["done", "done"]
    assert len(group.processes()) == 2
    group.kill()
    _wait(lambda: group.processes() == [])
    process.wait()
    assert not usage_of_group(group).refused


def test_nothing_is_left_of_a_group(anywhere: Place, start: Start) -> None:
    group, process = start("", where=anywhere)
    folder = folder_of(process.pid)
    assert folder == group._folder
    process.kill()
    process.wait()
    group.remove()
    assert not folder.exists()
    assert group.processor_seconds() == group.peak() == 0
    group.remove()


def test_what_a_killed_judge_has_left_is_removed(anywhere: Place) -> None:
    base = folder_of(os.getpid())
    base = base.parent if base.name == REST else base
    if anywhere.prefix:
        pytest.skip("systemd removes it")
    with subprocess.Popen(["/bin/true"]) as gone:
        pass
    left = base / cgroup.NAME.format(gone.pid, 0)
    ours = base / cgroup.NAME.format(os.getpid(), "x")
    for folder in (left, ours):
        folder.mkdir()
    cgroup._sweep(base)
    assert not left.exists()
    assert ours.exists()
    ours.rmdir()


def test_who_uses_more_memory_than_allowed_is_ended_as_a_whole(
    bounded: Place, start: Start
) -> None:
    code = "child = os.fork()\nif child == 0: time.sleep(600)\nheld = b'x' * (300 << 20)"
    group, process = start(code, Limits(memory=128 * MIB), bounded)
    assert said(process) == ""
    _wait(lambda: group.processes() == [])
    assert usage_of_group(group).refused
    assert 0 < group.peak() <= 128 * MIB


def test_memory_of_all_processes_together_is_bounded(bounded: Place, start: Start) -> None:
    code = (
        "for _ in range(5):\n"
        "    if os.fork() == 0: held = b'x' * (40 << 20); time.sleep(600)\n"
        "time.sleep(600)"
    )
    group, process = start(code, Limits(memory=128 * MIB), bounded)
    assert said(process) == ""
    assert usage_of_group(group).refused


def test_what_waits_in_sockets_and_pipes_is_memory_too(bounded: Place, start: Start) -> None:
    code = """
import socket
held = []
while True:
    held.append(pair := socket.socketpair())
    pair[0].setblocking(False)
    try:
        while True:
            pair[0].send(b"x" * 65536)
    except BlockingIOError:
        pass
"""
    group, process = start(code, Limits(memory=64 * MIB), bounded)
    assert said(process) == ""
    assert usage_of_group(group).refused


def test_processes_are_counted_in_the_group(bounded: Place, start: Start) -> None:
    code = """
made = 1
try:
    while made < 100:
        if os.fork() == 0:
            time.sleep(600)
        made += 1
except BlockingIOError:
    print(made, flush=True)
"""
    _, process = start(code, Limits(processes=10), bounded)
    assert said(process) == "10"


def test_all_processes_together_have_one_processor(bounded: Place, start: Start) -> None:
    code = "os.fork()\nos.fork()\nuntil = time.process_time() + 0.2\n"
    code += "while time.process_time() < until: pass"
    group, process = start(code, where=bounded)
    for _ in range(4):
        assert said(process) == "done"
    if len(os.sched_getaffinity(0)) > 1:
        assert group._figures("cpu.stat")["nr_throttled"] > 0


def test_a_worker_is_bounded_by_its_group(bounded: Place) -> None:
    reading, writing = os.pipe()
    code = f"import os; os.read({reading}, 1); held = b'x' * (300 << 20)"
    worker = ColdWorker([sys.executable, "-c", code], (reading, writing), bounded)
    program = Path(f"/proc/{worker._process.pid}/cmdline")
    try:
        _wait(lambda: program.read_text().startswith(sys.executable))
        worker.ready(Limits(memory=128 * MIB))
        assert worker.bound is Bound.CGROUP
        os.write(writing, b"\n")
        _wait(lambda: worker.usage().refused)
        assert worker.status() == -9
    finally:
        worker.kill()
        os.close(reading)
        os.close(writing)


def test_who_gets_no_group_is_watched_and_never_under_the_groups_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(processes: object, limits: Limits) -> Group:
        raise OSError("no")

    monkeypatch.setattr(Group, "around", refuse)
    monkeypatch.setattr(wall_module, "place", Place)
    with contextlib.closing(Bubblewrap("seq2seq", warm=True)) as wall:
        assert leaks(wall) == []
        assert wall.bound is Bound.WATCH
        with Session(wall, [Cell("task", "x = 1")]) as session:
            with pytest.raises(StudentFault, match="no_such_probe"):
                session.call("no_such_probe", {})
            wall.bound = Bound.CGROUP
            session.close()
            with pytest.raises(WorkerError, match="no control group"):
                session.call("no_such_probe", {})


def hierarchy(folder: Path, controllers: str, enabled: str = "") -> Path:
    """A folder of files that read like a group."""
    folder.mkdir()
    (folder / "cgroup.controllers").write_text(f"{controllers}\n")
    (folder / "cgroup.subtree_control").write_text(enabled)
    return folder


def test_a_group_without_controllers_is_none(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="without cpu, pids"):
        cgroup._part(hierarchy(tmp_path / "a", "hugetlb memory"))
    cgroup._part(hierarchy(tmp_path / "b", "", " ".join(CONTROLLERS)))  # nothing is to be done
    cgroup._part(whole := hierarchy(tmp_path / "c", "cpuset cpu io memory pids"))
    assert (whole / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"


def test_figures_are_the_kernels(tmp_path: Path) -> None:
    group = Group(tmp_path)
    assert (group.processor_seconds(), group.peak(), group.out_of_memory()) == (0, 0, False)
    (tmp_path / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (tmp_path / "memory.current").write_text("7\n")
    (tmp_path / "memory.events").write_text("low 0\nmax 3\noom 1\noom_kill 0\n")
    assert (group.processor_seconds(), group.peak(), group.out_of_memory()) == (1.5, 7, False)
    (tmp_path / "memory.peak").write_text("9\n")
    (tmp_path / "memory.events").write_text("low 0\nmax 3\noom 1\noom_kill 2\n")
    assert (group.peak(), group.out_of_memory()) == (9, True)


def test_a_group_that_another_manages_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"1 1 0:1 / {tmp_path} rw - cgroup2 cgroup2 rw\n")
    monkeypatch.setattr(cgroup, "MOUNTS", mounts)
    (tmp_path / "session.scope").mkdir()
    with pytest.raises(OSError, match="managed by somebody else"):
        cgroup._check_ours(tmp_path / "session.scope")
    if os.geteuid() == 0:
        cgroup._check_ours(tmp_path)


def test_the_wall_says_what_bounds_a_submission() -> None:
    try:
        place()
        expected = Bound.CGROUP
    except NoGroup:
        expected = Bound.WATCH
    with contextlib.closing(Bubblewrap("seq2seq", warm=True)) as wall:
        assert leaks(wall) == []
        assert wall.bound is expected
