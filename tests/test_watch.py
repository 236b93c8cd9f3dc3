"""Who watches a submission: what it finds, and that no neighbour's doing is found."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import Undecided
from autograder.judge.batch import Graded, Grader, grade_all
from autograder.notebook.repair import Submission
from autograder.wall import session as sessions
from autograder.wall.limits import Limits
from autograder.wall.processes import Usage, family, usage
from autograder.wall.session import Session
from autograder.wall.wall import Bubblewrap, Unconfined
from autograder.wall.watch import LOOK_SECONDS, Found, Watch
from checks import deadline
from checks.deadline import OutOfTime, time_limit
from checks.program import Cell
from checks.verdicts import StudentFault

MIB = 1 << 20
HOGS = 8  # on one core: an honest neighbour has a ninth of it


class Told:
    """A worker that uses what it is told."""

    def __init__(self, usage: Usage) -> None:
        self.now = usage
        self.stopped = False

    def usage(self) -> Usage:
        """What it was told."""
        return self.now

    def stop(self) -> None:
        """Note it."""
        self.stopped = True

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not the watch's")


@contextlib.contextmanager
def watched(first: Usage, may_sleep: float = 60.0, **limits: Any) -> Iterator[tuple[Told, Watch]]:
    """A worker and who watches it."""
    worker = Told(first)
    watch = Watch(worker, Limits(**limits), may_sleep)
    try:
        yield worker, watch
    finally:
        watch.close()


def found_by(watch: Watch, seconds: float = 5.0) -> Found | None:
    """What is found within some time."""
    until = time.monotonic() + seconds
    while watch.found is None and time.monotonic() < until:
        time.sleep(0.01)
    return watch.found


BUSY = Usage(1.0, MIB, asleep=False)


def test_nothing_is_found_of_who_keeps_the_limits() -> None:
    with watched(BUSY) as (worker, watch):
        watch.begin(1.0)
        assert found_by(watch, 5 * LOOK_SECONDS) is None
        assert not worker.stopped


def test_memory_is_looked_at_when_nothing_is_asked() -> None:
    with watched(BUSY, memory=10 * MIB) as (worker, watch):
        worker.now = replace(BUSY, memory=11 * MIB)
        assert found_by(watch) is Found.MEMORY
        assert worker.stopped


def test_a_call_pays_for_no_time_before_it_and_none_in_which_it_was_kept_waiting() -> None:
    with watched(replace(BUSY, processor_seconds=50.0)) as (worker, watch):
        watch.begin(0.2)
        assert found_by(watch, 10 * LOOK_SECONDS) is None  # five times as long as it may compute
        worker.now = replace(BUSY, processor_seconds=50.3)
        assert found_by(watch) is Found.CALL


def test_the_time_of_all_calls_together_is_limited() -> None:
    with watched(BUSY, processor_seconds=10) as (worker, watch):
        worker.now = replace(BUSY, processor_seconds=10.5)
        assert found_by(watch) is Found.PROCESSOR


def test_who_sleeps_is_found_but_not_who_waits_for_a_question() -> None:
    with watched(replace(BUSY, asleep=True)) as (_, watch):
        assert found_by(watch, 5 * LOOK_SECONDS) is None
        watch.begin(0.05)
        assert found_by(watch) is Found.ASLEEP


def test_sleep_is_limited_in_all_calls_together() -> None:
    with watched(replace(BUSY, asleep=True), may_sleep=0.3) as (_, watch):
        watch.begin(60.0)
        assert found_by(watch) is Found.ASLEEP


def test_the_time_of_children_is_in_the_sum_whether_or_not_they_were_waited_for() -> None:
    code = """
import os, time
def spin():
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    os._exit(0)
for waited in (True, False):
    if (child := os.fork()) == 0:
        spin()
    if waited:
        os.waitpid(child, 0)
    else:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print("done", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        until = time.monotonic() + 10
        while not (used := usage(family(process.pid))).asleep and time.monotonic() < until:
            time.sleep(0.01)
        process.kill()
    assert 0.5 <= used.processor_seconds < 1.0  # counted in ticks
    assert used.asleep
    assert used.memory > MIB


@pytest.fixture(scope="module")
def wall() -> Iterator[Bubblewrap]:
    """With little time and memory."""
    limits = Limits(memory=1792 * MIB, load_seconds=1.0, call_seconds=1.0)
    with contextlib.closing(Bubblewrap("seq2seq", limits, warm=True)) as wall:
        yield wall


def failed(wall: Bubblewrap, code: str, call: bool = False) -> list[str]:
    """What loading a cell, or asking it again and again, brings up."""
    with Session(wall, [Cell("task", code)]) as session:
        with pytest.raises(StudentFault) as caught:
            session.call("no_such_probe", {})
        until = time.monotonic() + 30
        while call and "no_such_probe" in caught.value.rationale and time.monotonic() < until:
            with pytest.raises(StudentFault) as caught:
                session.call("no_such_probe", {})
        return [*session.findings, caught.value.rationale]


def test_memory_is_found_however_fast_every_answer_comes(wall: Bubblewrap) -> None:
    code = """
import os, time
for _ in range(8):
    if os.fork() == 0:
        time.sleep(1)  # until the cells have run
        block = b"x" * (300 << 20)
        time.sleep(60)
"""
    assert "used more memory than allowed" in failed(wall, code, call=True)[-1]


CHAIN = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    while True:  # each computes for a moment and is replaced by its child
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass
        try:
            if os.fork() != 0:
                os._exit(0)
        except OSError:
            while True:
                pass
while True:
    time.sleep(60)
"""


def test_children_that_nobody_waits_for_are_counted(wall: Bubblewrap) -> None:
    assert "no answer within 1 seconds of computing" in failed(wall, CHAIN)[0]


SOCKETS = """
import os, socket, time
def fill():
    held, sent = [], 0
    try:
        while True:
            for end in (pair := socket.socketpair()):
                end.setblocking(False)
                try:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
                except OSError:
                    pass
                try:
                    while True:
                        sent += end.send(b"x" * 65536)
                except BlockingIOError:
                    pass
            held.append(pair)
    except OSError:
        return held, sent
"""


def test_memory_in_sockets_is_bounded_for_a_process(wall: Bubblewrap) -> None:
    with Session(wall, [Cell("task", SOCKETS + "raise ValueError(fill()[1] >> 20)")]) as session:
        with pytest.raises(StudentFault):
            session.call("no_such_probe", {})
        assert 0 < int(session.troubles["task"].message) < 64


def test_memory_in_sockets_is_counted_for_all_together() -> None:
    code = SOCKETS + "for _ in range(60):\n    if os.fork() == 0: break\nheld = fill()\n"
    code += "time.sleep(60)"
    limits = Limits(memory=1792 * MIB)  # to fill them takes a second of a busy machine
    with contextlib.closing(Bubblewrap("seq2seq", limits, warm=True)) as wall:
        assert "used more memory than allowed" in failed(wall, code)[0]


@pytest.fixture
def hostile() -> Iterator[None]:
    """This test and all it starts share one core with processes that want it whole."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    spin = [sys.executable, "-c", "while True: pass"]
    hogs = [subprocess.Popen(spin, start_new_session=True) for _ in range(HOGS)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
        os.sched_setaffinity(0, cores)


WORK = """
import time
until = time.process_time() + 0.5
while time.process_time() < until:
    pass
"""


@pytest.mark.long
@pytest.mark.usefixtures("hostile")
def test_a_hostile_neighbour_makes_nobody_late() -> None:
    limits = Limits(load_seconds=1.5)
    helper = Cell("own", f"{WORK}kept = 1", whole=False)
    task = Cell("task", f"{WORK}def task():\n    return kept\n")
    with contextlib.closing(Bubblewrap("seq2seq", limits, warm=True)) as wall:
        for _ in range(2):
            began = time.monotonic()
            with Session(wall, [helper, task], ["task"]) as session:
                with pytest.raises(StudentFault, match="no_such_probe"):
                    session.call("no_such_probe", {})
                assert session.findings == []
                assert session.troubles == {}
            assert time.monotonic() - began > 4  # seconds: it was hindered


@pytest.mark.parametrize(
    ("went", "was_sent", "ends"),
    [(0, 0, False), (0, 3, False), (1, 2, False), (1, 0, True), (1, 1, True), (5, 2, True)],
)
def test_who_waits_for_a_processor_is_not_taken_for_one_who_sleeps(
    went: int, was_sent: int, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = iter([(7, 7), (7 + went, 7 + was_sent)])  # before, and when the alarm rings
    monkeypatch.setattr(deadline, "_turns", lambda: next(turns))
    with (
        pytest.raises(OutOfTime) if ends else contextlib.nullcontext(),
        time_limit(60, of_processor=True),
    ):
        signal.raise_signal(signal.SIGALRM)


@pytest.mark.usefixtures("hostile")
def test_a_statement_is_not_broken_off_for_others_that_compute() -> None:
    with time_limit(0.5, of_processor=True):
        until = time.process_time() + 0.4
        while time.process_time() < until:
            pass
    began = time.monotonic()
    with pytest.raises(OutOfTime), time_limit(0.2, of_processor=True):
        time.sleep(30)
    assert time.monotonic() - began < 10


def test_what_could_not_be_decided_is_no_verdict(
    wall: Bubblewrap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "STARVED", 0.05)
    with Session(wall, [Cell("task", WORK)]) as session:
        for _ in range(2):  # nothing else is asked
            with pytest.raises(Undecided, match="too busy"):
                session.call("no_such_probe", {})


class Hindered(Grader):
    """Has no time for some notebooks, the first so many times."""

    def grade(self, notebook: Path, submission: Submission | None = None) -> Any:
        """Note the order."""
        log = notebook.with_suffix(".log")
        times = len(log.read_text()) if log.exists() else 0
        log.write_text("x" * (times + 1))
        with (notebook.parent / "order").open("a") as order:
            order.write(f"{notebook.stem} ")
        if times < int(notebook.read_text()):
            raise Undecided("too busy")
        return notebook.stem


def test_who_was_hindered_is_graded_again_after_all_others(tmp_path: Path) -> None:
    hindered = {"a": 1, "b": 0, "c": 2, "d": 0}
    for name, times in hindered.items():
        (tmp_path / f"{name}.ipynb").write_text(str(times))
    grader = Hindered(*(Any,) * 3)  # type: ignore[arg-type]
    notebooks = sorted(tmp_path.glob("*.ipynb"))
    graded = {one.notebook.stem: one for one in grade_all(grader, notebooks, 1)}
    assert (tmp_path / "order").read_text().split() == ["a", "b", "c", "d", "a", "c"]
    assert {name for name, one in graded.items() if one.report is None} == {"c"}
    assert graded["c"] == Graded(notebooks[2], None, "too busy", undecided=True)


def test_who_sleeps_is_told_so(wall: Bubblewrap) -> None:
    assert "your code sleeps" in failed(wall, "import time\ntime.sleep(600)")[0]


def test_where_there_is_no_wall_the_machines_sockets_are_not_the_submissions() -> None:
    with (
        contextlib.closing(Unconfined("seq2seq")) as wall,
        Session(wall, [Cell("task", "x = 1")]) as session,
    ):
        with pytest.raises(StudentFault, match="no_such_probe"):
            session.call("no_such_probe", {})
        assert session._worker is not None
        assert session._worker.usage().memory < 64 * MIB
