"""A back end without a wall, in tests only: student code, hidden suite and marks in one process.

It is what the marker would be if it did without its wall: the same suites, run over the same cells
by the same plugin, in the repository, as the same user, with the same environment; whatever student
code returns is compared as it is. The results are written by that process into a file, to a pipe
and as the last line on the terminal, and the best of the three is believed. What an attack is to
gain, it gains here.

`run` starts one process that imports everything and forks for each attack. Since the attacks are
real, it lives in a sandbox in which only a copy of the course can be written, and each attack in
process and mount namespaces of its own:

    init      sees what is left alive at the end
    front     waits for the worker, as `make grade` would
    worker    runs the cells, then the suite, then writes the results
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import multiprocessing
import os
import select
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from autograder.assignment import Assignment, released_notebook
from autograder.judge.reference import reference
from autograder.notebook.repair import repair
from autograder.offering import offering_salt
from autograder.report.record import TaskReport
from autograder.suites import probes_of
from autograder.wall.inside import wire
from autograder.wall.inside.namespaces import enter_namespaces, set_limits
from checks.plugin import Grading, run_suite
from checks.program import Lesson, describe, fresh_module, run_cells
from checks.student import Student, fault
from checks.values import plain

from .catalogue import ASSIGNMENT, NOTEBOOK, Entry, Places, with_cell
from .course import SOLVED, Course, word

# seconds for attacks that aim at time, and for all others: on a busy machine one that traces every
# line of the judge has taken more than a minute
SOON, LATE = 2.0, 300.0
PARALLEL = 2
NOTHING = Entry(
    "nobody", "untouched_cell", "raise NotImplementedError"
)  # gains nothing, or all is vain
CHANNEL, SALT = 3, 4  # descriptors
MANY = 256  # descriptors
LINGER = 0.3  # seconds in which what is just ending may end
LIMITS = {"AS": 6 << 30, "FSIZE": 64 << 20, "CORE": 0}  # for the sake of whoever runs the tests


@dataclass(frozen=True)
class Outcome:
    """What an attack gained in the weak back end."""

    points: float | None  # None: no results that can be read
    max_points: float
    ended: bool  # of itself, in time
    alive: bool  # something of it, after the end
    planted: list[str]  # files that hold its marker
    neighbour: bool  # another's notebook is not what it was
    shown: str  # results and terminal

    def gains(self, honest: float, secret: str) -> set[str]:
        """Which of `GAINS` it made."""
        marked = self.points is not None and self.points > honest * self.max_points + 0.01
        made = {
            "mark": marked,
            "shown": secret in self.shown,
            "file": bool(self.planted),
            "process": self.alive,
            "neighbour": self.neighbour,
            "time": not self.ended or self.points is None,
        }
        return {gain for gain, is_made in made.items() if is_made}


def run(course: Course, attacks: Sequence[Entry]) -> dict[str, Outcome]:
    """Run attacks without protection; outcomes by entry.

    Raises:
        RuntimeError: the sandbox around the weak back end did not start.
    """
    work = course.outside
    command = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--unshare-pid", "--proc", "/proc"]
    command += ["--tmpfs", "/tmp", "--tmpfs", "/dev/shm"]
    for folder in sorted({sys.base_prefix, sys.prefix}):  # which may themselves lie below /tmp
        command += ["--ro-bind", folder, folder]
    command += ["--bind", str(work), str(work)]
    command += ["--die-with-parent", "--cap-add", "ALL", "--chdir", str(course.root), "--"]
    done = subprocess.run(
        [*command, sys.executable, "-m", "tests.attacks.weak", str(work)],
        env=course.environment,
        input=json.dumps([asdict(entry) for entry in attacks]),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the weak back end ended with {done.returncode}: {done.stderr[-2000:]}")
    return {name: Outcome(**record) for name, record in json.loads(done.stdout).items()}


def main() -> None:
    """Run the attacks on standard input; write their outcomes to standard output."""
    work = Path(sys.argv[1])
    attacks = [Entry(**record) for record in json.load(sys.stdin)]
    output = os.dup(1)
    os.dup2(2, 1)
    assignment = Assignment(ASSIGNMENT)
    # asked once in this process, so that every fork knows what the reference answers
    student = reference(assignment)
    attacks.append(NOTHING)
    attacked = {entry.cell for entry in attacks}
    for task in (task for task in assignment.graded_tasks if task.key in attacked):
        files = assignment.suite_files(task.key)
        run_suite(files, Grading(student, student, offering_salt()))
    context = multiprocessing.get_context("fork")
    with context.Pool(PARALLEL, maxtasksperchild=1) as pool:
        jobs = [(entry, work) for entry in attacks]
        outcomes = dict(pool.imap_unordered(_attack, jobs))
    with os.fdopen(output, "w") as file:
        json.dump({name: asdict(outcome) for name, outcome in outcomes.items()}, file)


def _attack(job: tuple[Entry, Path]) -> tuple[str, Outcome]:
    """Run one attack in a place of its own."""
    entry, work = job
    root = Path.cwd()
    site = work / "weak" / entry.id
    copied = site / "course"
    shutil.copytree(root, copied, ignore=shutil.ignore_patterns("tests", "*.safetensors"))
    places = Places(
        marker=word("marker"),
        secret_file=str(work / "secret.txt"),
        gradebook=str(root / "gradebook.db"),
        neighbour=str(root / "submitted" / SOLVED / ASSIGNMENT / NOTEBOOK),
        repository=str(root),
        results=str(site / "results.json"),
    )
    (copied / "gradebook.db").write_bytes(b"the gradebook")
    (site / "scratch").mkdir()
    before = Path(places.neighbour).read_bytes()
    ended, alive = _world(entry, site, places)
    neighbour = copied / Path(places.neighbour).relative_to(root)
    results = _text(Path(places.results))
    terminal = _text(site / "terminal.txt")
    claims = [_points(results), _points(_framed(site / "channel"))]
    claims += [_points(line) for line in terminal.splitlines()[-1:]]
    believed = [claim for claim in claims if claim is not None]
    outcome = Outcome(
        points=max(believed, default=None),
        max_points=next(t.points for t in Assignment(ASSIGNMENT).tasks if t.key == entry.cell),
        ended=ended,
        alive=alive,
        planted=list(_holding(places.marker, [copied, Path("/tmp"), Path("/dev/shm")], work)),
        neighbour=not neighbour.is_file() or neighbour.read_bytes() != before,
        shown=results + terminal,
    )
    shutil.rmtree(site)
    return entry.id, outcome


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace") if path.is_file() else ""


def _points(text: str) -> float | None:
    """The points in a record, as a trusting reader takes them."""
    try:
        return float(json.loads(text)["points"])
    except (ValueError, KeyError, TypeError):
        return None


def _framed(path: Path) -> str:
    """The record in the first message on the pipe that is one."""
    try:
        with path.open("rb") as file:
            frame = wire.read_frame(file.fileno())
        return json.dumps(wire.unpack(frame[1])) if frame else ""
    except (OSError, ValueError, TypeError):
        return ""


def _holding(marker: str, folders: Iterable[Path], without: Path) -> Iterable[str]:
    """The files that hold a marker, or are called by it, below some folders but not below one."""
    for top in folders:
        for folder, below, names in os.walk(top):
            below[:] = [name for name in below if Path(folder, name) != without]
            for path in (Path(folder, name) for name in names):
                if path.is_file() and marker.encode() in path.read_bytes() + bytes(path):
                    yield str(path)


def _world(entry: Entry, site: Path, places: Places) -> tuple[bool, bool]:
    """Run the attack in namespaces of its own: whether it ended, and whether anything is left."""
    reading, writing = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        status = 1
        try:
            os.close(reading)
            enter_namespaces()
            _bind(site / "course", Path.cwd())
            if os.fork() == 0:
                _init(entry, site, places, writing)
            os.close(writing)
            os.wait()
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(keeper, 0)
    if not told:
        raise RuntimeError(f"no namespaces for {entry.id}")
    ended, alive = json.loads(told)
    return ended, alive


def _bind(source: Path, target: Path) -> None:
    """Let one folder stand in the place of another."""
    libc = ctypes.CDLL(None, use_errno=True)
    private, bind = 0x4000 | 0x40000, 0x1000
    for arguments in ((b"none", b"/", private), (bytes(source), bytes(target), bind)):
        if libc.mount(*arguments[:2], None, arguments[2], None) != 0:
            raise OSError(ctypes.get_errno(), f"mount {arguments}")
    os.chdir(target)


def _init(entry: Entry, site: Path, places: Places, writing: int) -> NoReturn:
    """Process 1: starts the front and sees how it ends. Its end is the end of all."""
    os.setsid()  # a signal to the attack's group goes no further
    front = os.fork()
    if front == 0:
        os.close(writing)
        _front(entry, site, places)
    poller = select.poll()
    poller.register(os.pidfd_open(front), select.POLLIN)
    seconds = SOON if entry.pays == "time" else LATE
    in_time = bool(poller.poll(1000 * seconds))
    ended = in_time and os.waitpid(front, 0)[1] == 0
    os.write(writing, json.dumps([ended, in_time and _anything_left()]).encode())
    os._exit(0)


def _anything_left() -> bool:
    """Whether process 1 inherited children that go on living."""
    until = time.monotonic() + LINGER
    while time.monotonic() < until:
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        time.sleep(0.01)
    return True


def _front(entry: Entry, site: Path, places: Places) -> NoReturn:
    """What the instructor started: it ends well if the worker did."""
    reading, writing = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.dup2(writing, CHANNEL)
        _worker(entry, site, places)
    status = os.waitpid(worker, 0)[1]
    os.set_blocking(reading, False)
    with contextlib.suppress(BlockingIOError):
        (site / "channel").write_bytes(os.read(reading, 1 << 16))
    os._exit(int(status != 0))


def _worker(entry: Entry, site: Path, places: Places) -> NoReturn:
    """Student code and judge in one process, which ends as Python processes do."""
    status = 1
    try:
        terminal = os.open(site / "terminal.txt", os.O_WRONLY | os.O_CREAT)
        os.dup2(terminal, 1)
        os.dup2(terminal, 2)
        os.dup2(os.open(Path.cwd() / ".salt", os.O_RDONLY), SALT)
        os.closerange(SALT + 1, MANY)  # the harness's own
        set_limits(LIMITS)
        os.chdir(site / "scratch")
        _grade(entry, places)
        sys.stdout.flush()
        status = 0
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()
    os._exit(status)


class Trusting:
    """Runs probes and hands on whatever they return, with a plain copy for the log."""

    def __init__(self, lesson: Lesson) -> None:
        self._lesson = lesson
        self.log: list[Any] = []

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """Run a probe on the very inputs."""
        try:
            value = getattr(probes_of(ASSIGNMENT), probe)(self._lesson, **inputs)
        except Exception as error:
            raise fault(describe(error)) from error
        with contextlib.suppress(Exception):
            self.log.append(plain(value))
        return value


class Tell(Grading):
    """The plugin, with what a grader without care adds: every error's own words."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.messages: list[str] = []

    def pytest_exception_interact(self, call: pytest.CallInfo[None]) -> None:
        """Keep what was raised, with its values."""
        if call.excinfo is not None:
            error = call.excinfo.value
            self.messages.append(f"{error} {getattr(error, 'rationale', '')}")


def _grade(entry: Entry, places: Places) -> None:
    """Run the cells, then the suite, then write the results."""
    assignment = Assignment(ASSIGNMENT)
    (task,) = [task for task in assignment.graded_tasks if task.key == entry.cell]
    release = released_notebook(assignment)
    notebook = with_cell(release, entry.cell, places.fill(entry.text))
    module = fresh_module("__main__")
    run_cells(repair(notebook, release).cells, module)
    grading = Tell(
        Student(Trusting(Lesson(module.__dict__)), None), reference(assignment), offering_salt()
    )
    run_suite(assignment.suite_files(task.key), grading)
    report = TaskReport(task.key, task.points, tuple(grading.results.values()), rubric=task.rubric)
    record = {
        "points": report.points,
        "max_points": task.points,
        "checks": {check.check: check.verdict for check in report.checks},
        "messages": grading.messages,
    }
    with open(places.results, "w", encoding="utf-8") as file:
        json.dump(record, file)
    points = {name: record[name] for name in ("points", "max_points")}
    wire.write_frame(CHANNEL, bytes(16), wire.pack(points))
    print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
