"""No verdict by a neighbour's doing: an honest mark stands beside a submission that wants it all.

Both are graded at once on one processor. `NEIGHBOUR_TIMES=20 pytest tests/test_neighbours.py` tries
it as often.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autograder.assignment import ROOT, Assignment, released_notebook
from autograder.judge.batch import Grader
from autograder.notebook.lesson import grade_id
from autograder.offering import Offering
from autograder.wall.inside.wire import Message
from autograder.wall.limits import Limits
from autograder.wall.session import Session
from autograder.wall.wall import Bubblewrap

from .attacks.course import solved

pytestmark = pytest.mark.long

TIMES = int(os.environ.get("NEIGHBOUR_TIMES", "1"))
TASK = "decoder"
LIMITS = Limits(call_seconds=1.5)
WORK = """
def _work(left=[2]):
    import time
    until = time.process_time() + 0.5
    while left[0] and time.process_time() < until:
        pass
    left[0] = max(0, left[0] - 1)
_forward = Decoder.forward
def _slow(*arguments, **options):
    _work()
    return _forward(*arguments, **options)
Decoder.forward = _slow
"""
# each in a session of its own, since the kernel may share time out among sessions, and each
# replaced by its child before anybody looks
GREEDY = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        while True:
            until = time.process_time() + 0.2
            while time.process_time() < until:
                pass
            try:
                if os.fork() != 0:
                    os._exit(0)
            except OSError:
                pass
while True:
    pass
"""


GRADE = f"""
from autograder.errors import WorkerError
from autograder.wall.session import Session
from autograder.wall.wall import Bubblewrap
from checks.program import Cell
from checks.verdicts import StudentFault
wall = Bubblewrap("seq2seq", warm=True)
wall.warm_process()
while True:
    print("again", flush=True)
    with Session(wall, [Cell("greedy", {GREEDY!r})]) as session:
        try:
            session.call("no_such_probe", {{}})
        except (StudentFault, WorkerError):
            pass
"""


@pytest.fixture
def neighbour() -> Iterator[None]:
    """This test shares one processor with a greedy submission that is graded again and again."""
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    judge = subprocess.Popen(
        [sys.executable, "-c", GRADE],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert judge.stdout is not None
        assert judge.stdout.readline()
        yield
        assert judge.poll() is None
    finally:
        judge.kill()
        judge.communicate()
        os.sched_setaffinity(0, processors)


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each call took, by the clock."""
    seconds = []
    ask = Session.ask

    def timed(session: Session, request: Message) -> Message:
        began = time.monotonic()
        try:
            return ask(session, request)
        finally:
            seconds.append(time.monotonic() - began)

    monkeypatch.setattr(Session, "ask", timed)
    return seconds


@pytest.mark.usefixtures("neighbour")
def test_an_honest_mark_stands_beside_a_greedy_neighbour(
    tmp_path: Path, longest: list[float]
) -> None:
    assignment = Assignment("seq2seq")
    release = released_notebook(assignment)
    notebook = tmp_path / "honest.ipynb"
    honest = solved(released_notebook(assignment), assignment.lesson)
    for cell in honest.cells:
        if grade_id(cell) == TASK:
            cell.source += WORK
    nbformat.write(honest, notebook)
    with contextlib.closing(Bubblewrap("seq2seq", LIMITS, warm=True)) as wall:
        grader = Grader(Offering.here(assignment), release, wall, tasks=[TASK])
        for _ in range(TIMES):
            longest.clear()
            report = grader.grade(notebook)
            assert (report.points, report.findings) == (report.max_points, ())
            assert max(longest) > LIMITS.call_seconds  # by the clock it would have been too late
