"""The wall where there is no bubblewrap: a container of podman or docker for each submission."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from autograder.assignment import ROOT, Assignment
from autograder.errors import WallError
from autograder.judge.grade import grade
from autograder.notebook.reader import read_submission
from autograder.offering import Offering
from autograder.wall import build as build_module
from autograder.wall import wall as wall_module
from autograder.wall.build import build
from autograder.wall.container import (
    DOCKER,
    ENGINES,
    IMAGE,
    PODMAN,
    PYTHON,
    NoEngine,
    container,
    find_engine,
    image,
)
from autograder.wall.inside.wire import pack, read_frame, unpack, write_frame
from autograder.wall.inside.worker import PIPED, READY
from autograder.wall.limits import Limits
from autograder.wall.sandbox import ENVIRONMENT, INSIDE
from autograder.wall.session import Session
from autograder.wall.trial import leaks
from autograder.wall.wall import Container, Unconfined, Wall
from checks.program import Cell
from checks.verdicts import StudentFault

from .test_wall import SPY, tell

PROBES = "checks.seq2seq.probes"


@pytest.mark.parametrize("engine", ENGINES)
def test_the_command_line_keeps_everything_out(engine: str) -> None:
    limits = Limits()
    command = container(engine, "a-name", "seq2seq", limits)
    assert command[:2] == [engine, "run"]
    assert {
        *("--rm", "--name=a-name", "--interactive", "--pull=never", "--log-driver=none"),
        *("--network=none", "--ipc=private", "--read-only", "--user=65534:65534"),
        *("--cap-drop=ALL", "--security-opt=no-new-privileges"),
        f"--tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777,size={limits.scratch}",
        *(f"--shm-size={limits.scratch}", f"--pids-limit={limits.processes}"),
        *(f"--memory={limits.memory}", f"--memory-swap={limits.memory}"),
        *("--ulimit=cpu=240:240", "--ulimit=nofile=128:128", "--ulimit=core=0:0"),
        f"--ulimit=fsize={limits.file_size}:{limits.file_size}",
    } <= set(command)
    opened = re.compile(r"--(privileged|volume|device|env|publish|cap-add)\b|.*(=host|unconfined)")
    assert [part for part in command if opened.match(part)] == []
    inside = command[command.index(image()) + 1 :]
    assert inside == ["-i", *(f"{name}={value}" for name, value in ENVIRONMENT.items())]
    assert "--entrypoint=/usr/bin/env" in command


@pytest.mark.parametrize("engine", ENGINES)
def test_only_the_workers_files_are_mounted_and_none_to_write(engine: str) -> None:
    mounts = [p for p in container(engine, "x", "seq2seq", Limits()) if p.startswith("--mount")]
    pattern = rf"--mount=type=bind,source={ROOT}/(.+),target={INSIDE}/\1,readonly"
    matches = [re.fullmatch(pattern, mount) for mount in mounts]
    found = {match.group(1) for match in matches if match}
    assert len(found) == len(mounts)
    assert {"autograder/wall/inside", "checks/program.py", "checks/seq2seq"} <= found
    assert not [name for name in found if "suites" in name or "judge" in name or name == "checks"]


def test_every_container_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, str]] = []

    def note(engine: str, name: str, command: list[str], streams: tuple[int, int]) -> None:
        assert f"--name={name}" in command
        assert f"NPROC={Limits().processes}" not in command[command.index(PYTHON) :]
        started.append((engine, name))

    monkeypatch.setattr(wall_module, "ContainerWorker", note)
    wall = Container(PODMAN, "seq2seq")
    for _ in range(2):
        wall.start(0, 1)
    assert [engine for engine, _ in started] == [PODMAN, PODMAN]
    assert len(dict.fromkeys(name for _, name in started)) == 2


def test_the_image_holds_all_that_worker_and_lesson_import() -> None:
    recipe = (ROOT / "autograder/wall/Containerfile").read_text()
    installed = re.search(r"pip install .*?constraints\.txt \\\n(.*)", recipe)
    assert installed
    packages = installed.group(1).split()
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert set(packages) <= set(pinned)
    modules = [*Assignment("seq2seq").lesson.parent.glob("*.py")]
    imported = set()
    for path in [*modules, ROOT / "autograder/wall/inside/wire.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0].lower() for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).partition(".")[0].lower())
    own = {path.stem for path in modules} | {"data"}
    assert imported - own - {name.lower() for name in sys.stdlib_module_names} <= {
        *packages,
        "checks",  # mounted
    }


def test_other_versions_need_another_image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("torch==1")
    monkeypatch.setattr("autograder.wall.container.ROOT", tmp_path)
    first = image()
    (tmp_path / "constraints.txt").write_text("torch==2")
    assert first.startswith(f"{IMAGE}:")
    assert image() != first


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Lets one install stand-ins for engines that know the image or do not, and nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(**knows: bool) -> None:
        for engine, known in knows.items():
            script = tmp_path / engine
            script.write_text(f"#!/bin/sh\necho 'no such image' >&2\nexit {int(not known)}\n")
            script.chmod(0o755)

    return install


def test_the_first_engine_with_the_image_is_taken(engines: Any) -> None:
    with pytest.raises(NoEngine, match=r"podman or docker"):
        find_engine()
    engines(podman=False)
    with pytest.raises(NoEngine, match=r"podman has no image .*no such image.*`make image`"):
        find_engine()
    engines(docker=True)
    assert find_engine() == DOCKER
    engines(podman=True)
    assert find_engine() == PODMAN


def test_the_container_comes_after_bubblewrap(
    engines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def holds(wall: Wall) -> list[str]:
        tried.append((wall.level, wall.warm))
        return ["it leaks"] if len(tried) < 3 else []

    engines(podman=True)
    monkeypatch.setattr(build_module, "leaks", holds)
    assert build("seq2seq").level == PODMAN
    assert tried == [("bubblewrap", True), ("bubblewrap", False), (PODMAN, False)]


def test_an_engine_that_starts_nothing_is_no_wall(engines: Any) -> None:
    engines(podman=True)
    with pytest.raises(WallError, match=r"bwrap.*podman: .*no such image.*`make image`"):
        build("seq2seq")
    assert build("seq2seq", allow_unconfined=True).level == Unconfined.level


@pytest.fixture
def piped() -> Iterator[subprocess.Popen[bytes]]:
    """The worker as it runs in a container, without one."""
    boot = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    command = [
        sys.executable,
        "-I",
        "-c",
        f"{boot}; from autograder.wall.inside.worker import main; main()",
    ]
    command += [PIPED, "0,1", PROBES, "0", "0", "0", *Limits().arguments(user_alone=False)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True) as process:
        yield process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def load(process: subprocess.Popen[bytes], code: str) -> None:
    """Wait until the worker is ready, then have it run a cell."""
    assert process.stdin is not None
    assert process.stdout is not None
    ready = read_frame(process.stdout.fileno())
    assert ready is not None
    assert ready[0] == READY
    cell = {"label": "spy", "code": code, "whole": True}
    write_frame(process.stdin.fileno(), bytes(16), pack({"load": [cell]}))


def test_what_code_prints_or_reads_is_kept_off_the_messages(
    piped: subprocess.Popen[bytes],
) -> None:
    code = "import os, sys\nprint('x' * 9999, flush=True)\nos.write(1, b'y')\nos.write(2, b'z')\n"
    load(piped, f"{code}raise ValueError(repr(sys.stdin.read()))")
    assert piped.stdout is not None
    reply = read_frame(piped.stdout.fileno())
    assert reply is not None
    assert unpack(reply[1])["value"]["spy"]["message"] == "''"


def test_the_first_process_ends_when_the_judge_has_gone(piped: subprocess.Popen[bytes]) -> None:
    load(piped, "import time\nwhile True:\n    time.sleep(1)")
    assert piped.stdin is not None
    assert piped.poll() is None
    piped.stdin.close()
    assert piped.wait(30) == 0


@pytest.fixture(scope="module")
def real() -> Iterator[Wall]:
    """A container of an engine that is installed here and has the image."""
    try:
        engine = find_engine()
    except NoEngine as error:
        pytest.skip(str(error))
    with contextlib.closing(Container(engine, "seq2seq")) as wall:
        yield wall


def test_the_container_holds_here(real: Wall) -> None:
    assert leaks(real) == []


def test_code_in_the_container_sees_nothing_of_the_judge(real: Wall) -> None:
    seen = eval(tell(real, f"ROOT = {str(ROOT)!r}\n{SPY}"))
    assert seen["user"] == 65534
    assert set(seen["environment"]) == set(ENVIRONMENT)
    assert seen["processes"] <= 3
    assert seen["capabilities"] == -1
    assert seen["hidden"] == []
    assert not seen["solutions"]
    assert not seen["salt"]
    assert "written" not in seen
    assert seen["network"] in ("ConnectionRefusedError", "OSError")


def test_processes_in_the_container_are_limited_and_end_with_it(real: Wall) -> None:
    code = """
import os, time
children = 0
try:
    while children < 500:
        if os.fork() == 0:
            os.setsid()
            time.sleep(600)
        children += 1
except OSError:
    pass
raise ValueError(children)
"""
    boots = sum(map(_in_container, psutil.process_iter()))
    assert 0 < int(tell(real, code)) < real.limits.processes
    assert sum(map(_in_container, psutil.process_iter())) == boots


def _in_container(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()[:1] == [PYTHON] and PIPED in process.cmdline()
    return False


def test_a_file_in_the_container_may_be_run_and_scratch_is_limited(real: Wall) -> None:
    code = """
import os, subprocess
open("/tmp/x", "w").write("#!/bin/sh\\nexit 7\\n")
os.chmod("/tmp/x", 0o700)
ran = subprocess.run("/tmp/x").returncode
written = 0
try:
    for number in range(20):
        with open(f"/tmp/{number}", "wb") as file:
            for _ in range(63):
                written += file.write(b"x" * (1 << 20))
except OSError:
    pass
raise ValueError([ran, written >> 20])
"""
    ran, written = json.loads(tell(real, code))
    assert ran == 7
    assert 0 < written <= Limits().scratch >> 20


def test_every_byte_passes_through_the_engine(real: Wall) -> None:
    text = "".join(map(chr, range(1, 256)))  # ctrl-p ctrl-q would part an engine from its container
    assert tell(real, f"raise ValueError({text!r} == {text!r} and len({text!r}))") == "255"
    code = "x = 0\n" + "x += 1  # one more\n" * 5_000 + "raise ValueError(x)"
    assert tell(real, code) == "5000"


def test_a_loop_in_the_container_meets_its_deadline(real: Wall) -> None:
    wall = Container(real.level, "seq2seq", Limits(load_seconds=2.0))
    begun = time.monotonic()
    with Session(wall, [Cell("task", "while True: pass")]) as session, pytest.raises(StudentFault):
        session.call("no_such_probe", {})
    assert "no answer within 2 seconds" in session.findings[0]
    assert time.monotonic() - begun < 300


def test_memory_of_a_container_has_a_limit(real: Wall) -> None:
    code = """
import os, time
children = []
for _ in range(8):
    children.append(os.fork())
    if children[-1] == 0:
        try:
            block = b"x" * (300 << 20)
            time.sleep(60)
        finally:
            os._exit(0)
time.sleep(6)
raise ValueError(sum(os.waitpid(child, os.WNOHANG)[0] == 0 for child in children))
"""
    wall = Container(real.level, "seq2seq", Limits(memory=1792 << 20))
    with Session(wall, [Cell("spy", code)]) as session:
        with pytest.raises(StudentFault):
            session.call("no_such_probe", {})
        trouble = session.troubles.get("spy")
    # either side may be first to see it: the judge ends them all, the kernel one after the other
    if not any("memory" in finding for finding in session.findings):
        assert trouble is not None
        assert int(trouble.message) * 300 < 1792


def test_a_container_grades_as_a_sandbox_does(real: Wall, tmp_path: Path) -> None:
    assignment = Assignment("seq2seq")
    release = assignment.source
    marks: dict[str, float | None] = {}
    for name in ("solution", "stub"):
        notebook = assignment.source
        if name == "stub":
            for cell in notebook.cells:
                pattern = r"### BEGIN SOLUTION.*?### END SOLUTION"
                stub = 'raise NotImplementedError("not written yet")'
                cell.source = re.sub(pattern, stub, cell.source, flags=re.DOTALL)
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(notebook, path)
        read = read_submission(path, release)
        report = grade(Offering(assignment, "a salt"), read, real, ["encoder"])
        assert report.wall == real.level
        task = next(task for task in report.tasks if task.key == "encoder")
        marks[name] = task.points
    assert marks == {"solution": task.max_points, "stub": 0}
