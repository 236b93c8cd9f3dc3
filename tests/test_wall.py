"""Student code behind the wall: what it cannot do, and how its failures are told."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.errors import WallError, WorkerError
from autograder.wall.build import build
from autograder.wall.limits import Limits
from autograder.wall.sandbox import ROOT
from autograder.wall.session import Session, ending
from autograder.wall.trial import PROMISES, broken_promises, leaks
from autograder.wall.wall import Bubblewrap, Unconfined, Wall, begin
from checks.program import Cell
from checks.verdicts import StudentFault, Verdict


def made(way: str, **limits: Any) -> Wall:
    """A wall with forks of a warm process, or with a sandbox for every submission."""
    return Bubblewrap("seq2seq", Limits(**limits), warm=way == "warm")


@pytest.fixture(scope="module")
def wall() -> Iterator[Wall]:
    """The wall as it is where everything is allowed."""
    with contextlib.closing(made("warm", load_seconds=20.0, call_seconds=20.0)) as wall:
        yield wall


@pytest.fixture(scope="module", params=["warm", "cold"])
def any_wall(request: pytest.FixtureRequest) -> Iterator[Wall]:
    """Both kinds."""
    with contextlib.closing(made(request.param)) as wall:
        yield wall


def tell(wall: Wall, code: str) -> str:
    """Run code inside the wall; it tells what it saw by raising it."""
    with Session(wall, [Cell("spy", code)]) as session:
        with pytest.raises(StudentFault):
            session.call("no_such_probe", {})
        trouble = session.troubles.get("spy")
        return trouble.message if trouble else "nothing raised"


def test_the_wall_holds_here(any_wall: Wall) -> None:
    assert leaks(any_wall) == []


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="this Python is no environment's")
def test_it_holds_where_the_environment_is_reached_by_a_link(tmp_path: Path) -> None:
    link = tmp_path / "environment"
    link.symlink_to(sys.prefix)
    code = "from autograder.wall.build import build; print(build('seq2seq').level)"
    command = [str(link / Path(sys.executable).relative_to(sys.prefix)), "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "bubblewrap\n", done.stderr


def test_each_kind_of_wall_keeps_what_the_page_says() -> None:
    page = (ROOT / "docs/protection.md").read_text(encoding="utf-8")
    for column, wall in enumerate((made("warm"), made("cold"))):
        with contextlib.closing(wall):
            broken = broken_promises(wall)
        for name, promise in PROMISES.items():
            row = page.partition(f"\n| {promise} |")[2].partition("\n")[0]
            told = [cell.strip() for cell in row.split("|")]
            assert told[column] == ("no" if name in broken else "yes"), promise


class Lax(Bubblewrap):
    """With the filter of system calls that is for who talks to a GPU."""

    def _orders(self, *arguments: Any, **options: Any) -> list[str]:
        orders = super()._orders(*arguments, **options)
        orders[7] = "1"
        return orders


def test_a_wall_without_its_filter_is_found_out() -> None:
    with contextlib.closing(Lax("seq2seq", warm=True)) as wall:
        assert broken_promises(wall) == ["sockets", "shared files"]


def test_the_wall_that_grades_is_confined_and_warm() -> None:
    wall = build("seq2seq")
    wall.close()
    assert wall.level == Bubblewrap.level
    assert wall.warm


SPY = """
import ctypes, os, pathlib, socket
seen = {}
seen["user"] = os.getuid()
seen["environment"] = sorted(set(os.environ) - {"PWD", "LC_CTYPE"})
seen["processes"] = sum(name.isdigit() for name in os.listdir("/proc"))
seen["capabilities"] = ctypes.CDLL(None).unshare(0x00020000)
found = pathlib.Path("/").glob("**/suites/**/*.py")
seen["hidden"] = [str(p) for p in found if "checks" not in p.parts and p.name != "__init__.py"]
seen["solutions"] = os.path.exists(ROOT + "/solutions")
seen["salt"] = os.path.exists(ROOT + "/.salt")
for name in ("/", "/usr", ROOT + "/.venv", "/opt/judge/autograder"):
    try:
        open(name + "/planted", "w").close()
        seen.setdefault("written", []).append(name)
    except OSError:
        pass
try:
    socket.create_connection(("127.0.0.1", 22), 1)
except OSError as error:
    seen["network"] = type(error).__name__
raise ValueError(seen)
"""


def test_code_inside_sees_nothing_of_the_judge(any_wall: Wall) -> None:
    root = str(Path(__file__).resolve().parent.parent)
    seen = eval(tell(any_wall, f"ROOT = {root!r}\n{SPY}"))
    assert seen["user"] != 0
    assert seen["environment"] == [
        *("CUDA_VISIBLE_DEVICES", "HOME", "LANG", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "PATH"),
        *("PYTHONDONTWRITEBYTECODE", "USER"),
    ]
    assert seen["processes"] <= 3
    assert seen["capabilities"] == -1
    assert seen["hidden"] == []
    assert not seen["solutions"]
    assert not seen["salt"]
    assert "written" not in seen
    assert seen["network"] in ("ConnectionRefusedError", "OSError")


def test_a_fork_bomb_meets_its_limit(any_wall: Wall) -> None:
    code = """
import os
children = 0
try:
    while children < 500:
        if os.fork() == 0:
            import time
            time.sleep(30)
        children += 1
except OSError:
    pass
raise ValueError(children)
"""
    assert int(tell(any_wall, code)) < any_wall.limits.processes


def test_memory_and_disk_have_limits(wall: Wall) -> None:
    greedy = "try:\n    bytearray(1 << 40)\nexcept MemoryError:\n    raise ValueError('refused')"
    assert tell(wall, greedy) == "refused"
    code = """
written = 0
try:
    for number in range(20):
        with open(f"/tmp/{number}", "wb") as file:
            for _ in range(63):
                written += file.write(b"x" * (1 << 20))
except OSError:
    pass
raise ValueError(written >> 20)
"""
    assert int(tell(wall, code)) <= Limits().scratch >> 20


def test_nothing_outlives_the_session(any_wall: Wall) -> None:
    mark = f"outlive{os.getpid()}x{time.monotonic_ns()}"
    code = f"""
import subprocess, sys
sleeper = [sys.executable, "-c", "import time; time.sleep(600)", "{mark}"]
subprocess.Popen(sleeper, start_new_session=True)
raise ValueError("started")
"""
    assert tell(any_wall, code) == "started"
    deadline = time.monotonic() + 10
    while (left := list(_running(mark))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def test_processes_of_a_neighbour_are_not_among_ones_own(any_wall: Wall) -> None:
    start = """
import subprocess, sys
sleepers = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            for _ in range({})]
"""
    many = any_wall.limits.processes * 3 // 4
    with Session(any_wall, [Cell("task", start.format(many))]) as neighbour:
        with pytest.raises(StudentFault, match="no_such_probe"):
            neighbour.call("no_such_probe", {})
        assert neighbour.troubles == {}
        assert tell(any_wall, start.format(many) + "raise ValueError('started')") == "started"


def _running(mark: str) -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                yield path.parent.name
        except OSError:
            continue


def test_sessions_share_no_scratch(wall: Wall) -> None:
    assert tell(wall, "open('/tmp/note', 'w').write('x')\nraise ValueError('written')") == "written"
    assert tell(wall, "import os\nraise ValueError(os.path.exists('/tmp/note'))") == "False"


# ways for a word to get from one submission to another that is graded at the same time
CHANNELS = {
    "a terminal of the other's": "import os; os.openpty()",
    "a lock on a file that both can read": "import fcntl; fcntl.flock(open(os.__file__), 1 | 4)",
    "a lock of the other kind": "import fcntl; fcntl.lockf(open(os.__file__), 1 | 4)",
    "a question about such a lock": (
        "import fcntl; fcntl.fcntl(open(os.__file__), fcntl.F_GETLK, b'\\1' + bytes(31))"
    ),
    "a watch on what the other reads": (
        "import ctypes; assert ctypes.CDLL(None).inotify_add_watch("
        "ctypes.CDLL(None).inotify_init(), os.__file__.encode(), 1) >= 0"
    ),
    "the same by a signal": (
        "import fcntl; fcntl.fcntl(os.open(os.path.dirname(os.__file__), 0), fcntl.F_NOTIFY, 1)"
    ),
    "sockets of the kernel": "import socket; socket.socket(16, socket.SOCK_RAW)",
    "what is kept of a file in memory": "os.posix_fadvise(os.open(os.__file__, 0), 0, 0, 4)",
    "whether it is kept there": (
        "import contextlib\nwith contextlib.suppress(BlockingIOError):"
        " os.preadv(os.open(os.__file__, 0), [bytearray(1)], 0, os.RWF_NOWAIT)"
    ),
    "the number of processes and the memory in use": (
        "import ctypes; assert ctypes.CDLL(None).sysinfo(ctypes.create_string_buffer(256)) == 0"
    ),
    "a queue of messages": ("import ctypes; assert ctypes.CDLL(None).msgget(0, 0o1600) >= 0"),
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_submissions_graded_at_once_share_nothing(channel: str, wall: Wall) -> None:
    code = f"import os\n{CHANNELS[channel]}"
    subprocess.run([sys.executable, "-c", code], check=True)  # outside it works
    told = tell(
        wall,
        f"try:\n    {code.replace(chr(10), chr(10) + '    ')}\n"
        "except (OSError, AssertionError):\n    raise ValueError('refused')",
    )
    assert told == "refused"


def test_a_cell_that_never_ends_is_left_out_and_told() -> None:
    with (
        contextlib.closing(made("warm", load_seconds=2.0)) as wall,
        Session(wall, [Cell("task", "while True: pass")]) as session,
        pytest.raises(StudentFault),
    ):
        session.call("no_such_probe", {})
    assert "no answer within 2 seconds" in session.findings[0]


def test_a_helper_that_nothing_breaks_off_costs_no_task() -> None:
    helper = Cell("own", "x = sum(iter(int, 1))", whole=False)  # no alarm is heard in there
    task = Cell("task", "def task():\n    return x\nraise ValueError(7)")
    with (
        contextlib.closing(made("warm", load_seconds=2.0)) as wall,
        Session(wall, [helper, task], ["task"]) as session,
    ):
        with pytest.raises(StudentFault, match="AttributeError"):
            session.call("no_such_probe", {})
        first, second = session.findings
        assert "no answer within 2 seconds" in first
        assert "`x` will be missing when graded: line 1 of cell `own` makes it" in second


OWN_ENDS = {
    "os._exit(0)": "ended its own process, as `os._exit` does",
    "os._exit(77)": "ended its own process, as `os._exit` does",
    "os.execv('/bin/true', ['true'])": "ended its own process, as `os._exit` does",
    "os.abort()": "crashed Python itself",
    "ctypes.string_at(0)": "crashed Python itself",
}
# a sandbox for each submission holds the connection too
WARM = {"os.closerange(3, 128); time.sleep(9)": "closed the connection through which it is asked"}
# which process 1 of a world of its own does not hear
COLD = {"os.kill(os.getpid(), signal.SIGKILL)": "or killed its own process"}


@pytest.mark.parametrize("way", ["warm", "cold"])
def test_code_that_ends_its_process_is_told_so(way: str) -> None:
    ends = OWN_ENDS | WARM if way == "warm" else COLD
    with contextlib.closing(made(way, load_seconds=5.0)) as wall:
        for end, words in ends.items():
            code = f"class T:\n    import ctypes, os, signal, time\n    {end}"
            session = Session(wall, [Cell("task", code)])
            with session, pytest.raises(StudentFault) as caught:
                session.call("no_such_probe", {})
            assert words in session.findings[0], end
            assert words in caught.value.private_rationale
            assert caught.value.verdict is Verdict.EXCEEDED_LIMIT


@given(st.none() | st.integers(-64, 255))
def test_how_a_process_ended_says_nothing_a_student_chose(status: int | None) -> None:
    assert not re.search(r"\d", ending(status))


def test_a_long_cell_arrives_whole(wall: Wall) -> None:
    code = "x = 0\n" + "x += 1  # one more\n" * 5_000 + "raise ValueError(x)"
    assert tell(wall, code) == "5000"


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["x", "own", "names"]),
        lambda inner: (
            st.lists(inner, max_size=40)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(st.sampled_from(["own", "names", "label", "line", "trouble"]), inner)
        ),
        max_leaves=30,
    )
)
@example([{"names": ("x", "y", "x y"), "label": "own", "line": 1, "trouble": "x"}])
@example([{"names": ("x",), "label": "own", "line": 2}, {"names": ("x",), "label": "other"}])
@example({"own": {"line": 1}, "other": {}})
def test_whatever_a_worker_says_of_its_loading_is_read(said: object) -> None:
    session = Session(made("warm"), [Cell("own", "x = 1")])
    session._note(said, said)
    for one in session.left_out:
        assert (one.names, one.label, one.line) == (("x",) * len(one.names), "own", 1)
    assert set(session.troubles) <= {"own"}


FORGER = """
import json, os, struct
def frame(value):
    text = json.dumps(value).encode()
    return struct.pack(">16sII", b"", len(text), 0) + text
for descriptor in range(3, 128):
    try:
        os.write(descriptor, frame({"dict": {"value": 1}}))
    except OSError:
        pass
"""


def test_a_reply_written_before_its_request_is_not_taken(wall: Wall) -> None:
    session = Session(wall, [Cell("task", FORGER)])
    with session, pytest.raises(StudentFault, match="no_such_probe"):
        session.call("no_such_probe", {})
    assert "sent a reply that is not one" in session.findings[0]


def test_a_wall_that_was_begun_is_the_one_that_is_tried() -> None:
    begun = begin("seq2seq")
    with contextlib.closing(build("seq2seq", begun=begun)) as wall:
        assert wall is begun
        assert tell(wall, "raise ValueError('inside')") == "inside"


def test_a_wall_that_cannot_be_begun_is_refused_when_it_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    begun = begin("seq2seq")
    with pytest.raises(WallError, match="apt-get install bubblewrap"):
        build("seq2seq", begun=begun)


def test_without_a_sandbox_grading_is_refused_unless_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(WallError, match="apt-get install bubblewrap"):
        build("seq2seq")
    assert build("seq2seq", allow_unconfined=True).level == Unconfined.level


def test_without_a_sandbox_a_submission_runs_as_any_process_and_its_limits_hold() -> None:
    wall = Unconfined("seq2seq", Limits(open_files=77))
    assert wall.missing() == ""
    assert wall.stands()
    code = "import os, resource\nfound = resource.getrlimit(resource.RLIMIT_NOFILE)[0]\n"
    code += f"raise ValueError([found, os.path.exists({__file__!r})])"
    assert tell(wall, code) == "[77, True]"


def test_a_worker_that_cannot_start_is_the_graders_fault() -> None:
    wall = Bubblewrap("no_such_suite", warm=True)
    with Session(wall, []) as session, pytest.raises(WorkerError, match="no_such_suite"):
        session.call("no_such_probe", {})


@pytest.mark.parametrize("way", ["warm", "cold"])
def test_memory_of_all_processes_together_has_a_limit(way: str) -> None:
    code = """
import os, time
for _ in range(8):
    if os.fork() == 0:
        block = b"x" * (300 << 20)
        time.sleep(60)
time.sleep(60)
"""
    with (
        contextlib.closing(made(way, memory=1792 << 20)) as wall,
        Session(wall, [Cell("task", code)]) as session,
        pytest.raises(StudentFault),
    ):
        session.call("no_such_probe", {})
    assert "used more memory than allowed" in session.findings[0]


def test_a_warm_process_that_is_killed_is_replaced() -> None:
    with (
        contextlib.closing(made("warm")) as wall,
        Session(wall, [Cell("task", "x = 1")]) as session,
    ):
        for _ in range(2):
            with pytest.raises(StudentFault, match="no_such_probe"):
                session.call("no_such_probe", {})
            _kill_below(psutil.Process())
    assert session.findings == []


def _kill_below(process: psutil.Process) -> None:
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended with one before it
            child.kill()
    psutil.wait_procs(process.children(recursive=True), timeout=10)


def test_a_hundred_submissions_leave_nothing_behind() -> None:
    me = psutil.Process()

    def held() -> tuple[int, int]:
        return me.num_fds(), len(me.children(recursive=True))

    with contextlib.closing(made("warm")) as wall:
        tell(wall, "raise ValueError('first')")
        time.sleep(1)  # until the first has ended too
        before = held()
        for number in range(100):
            assert tell(wall, f"raise ValueError({number})") == str(number)
        deadline = time.monotonic() + 10
        while held() != before and time.monotonic() < deadline:  # the last one may still be ending
            time.sleep(0.05)
        assert held() == before
