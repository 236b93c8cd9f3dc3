"""A grader that stays gives the marks of `grade`, outlives clients and judges, and ends cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import multiprocessing
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat import NotebookNode

from autograder.__main__ import _parser
from autograder.assignment import ROOT, Assignment, released_notebook
from autograder.errors import ServerError
from autograder.files import MAX_BYTES
from autograder.judge.batch import Graded
from autograder.offering import Offering
from autograder.report.record import Report
from autograder.serve import judges, unix_socket
from autograder.serve.judges import Judges, Over
from autograder.serve.server import WAITING, Server
from autograder.serve.unix_socket import let_go, listening, require_place
from autograder.wall.wall import Unconfined

from .fragile import Fragile
from .repository import copy_repository
from .serving import SALT, Client, Connection, serving, start

pytestmark = pytest.mark.long

LESSON = Assignment("seq2seq")
TASK = "decoder"
ONE = f"?task={TASK}"
PAGE = ROOT / "docs" / "serve.md"
REACH = """
import os, socket
def reach(place):
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(place)
    except OSError:
        return os.path.exists(place), False
    return os.path.exists(place), True
"""


def notebook(code: str | None = None) -> bytes:
    """The solution, or one that differs from the release in one cell."""
    book = nbformat.reads(
        nbformat.writes(LESSON.source if code is None else released_notebook(LESSON)), as_version=4
    )
    for cell in book.cells:
        if code and _name(cell) == TASK:
            cell.source = code
    return nbformat.writes(book).encode()


def _name(cell: NotebookNode) -> object:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def dawdler(number: int) -> bytes:
    """A submission that takes its time."""
    return notebook(f"import time\ntime.sleep(6)\nclass Decoder:\n    number = {number}")


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """All that a server has started."""
    return psutil.Process(process.pid).children(recursive=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server that grades two at once."""
    with serving(tmp_path_factory.mktemp("serve") / "s", "--jobs", "2") as client:
        yield client


def test_reports_are_those_of_the_command_line_byte_for_byte(
    server: Client, tmp_path: Path
) -> None:
    bodies = {
        "right": notebook(),
        "wrong": notebook("class Decoder(nn.Module):\n    pass\n"),
        "damaged": notebook()[:5000],
    }
    answers = {name: server.post(body, ONE) for name, body in bodies.items()}
    for name, body in bodies.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "seq2seq.ipynb").write_bytes(body)
    files = [tmp_path / name / "seq2seq.ipynb" for name in bodies]
    done = command(*files, "--json", tmp_path / "reports", "--again")
    assert done.returncode == 0, done.stderr
    assert answers == {
        name: (200, (tmp_path / "reports" / name / "seq2seq.json").read_text()) for name in bodies
    }
    assert len({text for _, text in answers.values()}) == len(bodies)
    text = server.post(bodies["wrong"], ONE, Accept="text/plain")
    assert text == (200, command(tmp_path / "wrong" / "seq2seq.ipynb").stdout)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`grade`, with the server's salt."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "autograder", "grade", "seq2seq"),
            *(*map(str, arguments), "--task", TASK),
        ],
        cwd=ROOT,
        env={**os.environ, "AUTOGRADER_SALT": SALT},
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_are_graded_at_once_and_who_hangs_up_holds_nobodys_place(server: Client) -> None:
    slow = [server.posting(dawdler(number), ONE) for number in range(2)]
    server.until(grading=2, waiting=0)
    with contextlib.ExitStack() as gone:
        for _ in range(2 * WAITING):
            connection = gone.enter_context(contextlib.closing(Connection(server.place)))
            connection.request("POST", "/seq2seq", b"{")
        server.until(grading=2, waiting=2 * WAITING)
        connection = gone.enter_context(contextlib.closing(Connection(server.place)))
        connection.request("POST", "/seq2seq", b"{")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
        assert answer.read() == b"error: 32 submissions wait already; ask again\n"
    server.until(grading=2, waiting=0)
    assert [answer()[0] for answer in slow] == [200, 200]
    server.until(grading=0)


def test_who_hangs_up_while_graded_disturbs_nobody(server: Client) -> None:
    with contextlib.closing(Connection(server.place)) as connection:
        connection.request("POST", f"/seq2seq{ONE}", dawdler(2))
        server.until(grading=1)
    server.until(grading=0)
    assert server.post(notebook(), ONE)[0] == 200


def test_a_judge_that_is_killed_costs_no_mark(server: Client) -> None:
    answer = server.posting(dawdler(3), ONE)
    server.until(grading=1)
    judging = [
        one for one in psutil.Process(server.process.pid).children() if "python" in one.name()
    ]
    for one in judging:
        one.kill()
    assert answer()[0] == 200
    server.until(grading=0)


@pytest.mark.parametrize(
    ("method", "address", "status", "said"),
    [
        ("POST", "/other", 404, "this server grades 'seq2seq' and nothing else"),
        ("POST", "/", 405, "Method Not Allowed"),
        ("GET", "/seq2seq", 405, "Method Not Allowed"),
        ("POST", "/a/b", 404, "POST a notebook to /ASSIGNMENT, or GET /"),
        ("POST", "/seq2seq?task=x", 400, "no graded task 'x'; the tasks: encoder, decoder, "),
        ("POST", "/seq2seq?tusk=x", 400, "no parameter 'tusk'; the only one: task"),
    ],
)
def test_what_cannot_be_answered_is_told_in_a_line(
    server: Client, method: str, address: str, status: int, said: str
) -> None:
    told, text = server.ask(method, address, b"{}")
    assert told == status
    assert text.startswith(f"error: {said}")
    assert text.count("\n") == 1


@pytest.mark.parametrize("announced", [str(MAX_BYTES + 1), "9" * 5000, ""])
def test_what_is_too_large_is_refused_before_all_of_it_has_come(
    server: Client, announced: str
) -> None:
    with contextlib.closing(Connection(server.place)) as connection:
        connection.putrequest("POST", "/seq2seq")
        if announced:
            connection.putheader("Content-Length", announced)
            connection.endheaders()
        else:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            with contextlib.suppress(BrokenPipeError):  # it has heard enough
                for _ in range(MAX_BYTES // 2**20 + 1):
                    connection.send(b"100000\r\n" + bytes(2**20) + b"\r\n")
        answer = connection.getresponse()
        assert answer.status == 413
        assert answer.read().startswith(b"error: it has more than ")


def test_it_says_who_grades(server: Client) -> None:
    told = server.status()
    assert told["assignment"] == "seq2seq"
    assert told["wall"] == "bubblewrap"
    assert f'"suite": "{told["suite"]}"' in server.post(b"{", ONE)[1]


def test_student_code_neither_sees_the_socket_nor_gets_to_it(server: Client) -> None:
    tried = f"{REACH}\nfound = reach({str(server.place)!r})\n"
    outside: dict[str, object] = {}
    exec(tried, outside)
    assert outside["found"] == (True, True)
    solved = next(cell.source for cell in LESSON.source.cells if _name(cell) == TASK)
    for found, share in (((False, False), 1.0), ((True, True), 0.0)):
        code = f"{tried}\nif found != {found}:\n    raise RuntimeError(found)\n{solved}"
        report = Report.from_json(server.post(notebook(code), ONE)[1])
        assert report.points == share * report.max_points


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_line_of_the_page_asks_with_curl(server: Client, tmp_path: Path) -> None:
    (line,) = re.findall(r"^curl .*$", PAGE.read_text(), re.MULTILINE)
    (tmp_path / "seq2seq.ipynb").write_bytes(notebook())
    typed = line.replace("$XDG_RUNTIME_DIR/grader.sock", str(server.place))
    assert typed != line
    done = subprocess.run(
        ["sh", "-c", typed], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Report.from_json(done.stdout).points == Report.from_json(done.stdout).max_points


def test_the_page_types_what_the_command_takes() -> None:
    typed = re.findall(r"python -m autograder (serve .+)$", PAGE.read_text(), re.MULTILINE)
    assert len(typed) == 2
    for line in typed:
        options = _parser().parse_args(shlex.split(line))
        assert options.socket.name == "grader.sock"


def test_the_page_states_the_numbers() -> None:
    words = PAGE.read_text()
    for stated in (
        f"more than {MAX_BYTES / 2**20:g} MiB",
        f"503 | {WAITING} for each",
        f"after {judges.RENEWED} submissions",
    ):
        assert stated in words


def test_it_ends_cleanly_and_takes_the_place_of_one_that_was_killed(tmp_path: Path) -> None:
    place = tmp_path / "s"
    with serving(place, "--jobs", "1") as killed:
        assert killed.post(notebook("class Decoder: name = 'mine'"), ONE)[0] == 200
        left = family(killed.process)
        assert len(left) > 1
        killed.process.kill()
        assert psutil.wait_procs(left, timeout=20)[1] == []
    assert place.exists()
    with serving(place, "--jobs", "1") as client:
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        second = start(place)
        assert second.communicate()[1].startswith(f"error: {place}: a server answers there")
        assert second.returncode == 1
        waits = [client.posting(dawdler(number), ONE) for number in (4, 5)]
        client.until(grading=1, waiting=1)
        left = family(client.process)
        code, out, err = client.end()
        assert (code, err) == (0, "")
        told = "this server ends; ask again when one answers here\n"
        assert [answer() for answer in waits] == [(503, told)] * 2
        assert psutil.wait_procs(left, timeout=20)[1] == []
        assert list(tmp_path.iterdir()) == []
        assert re.search(r"^POST /seq2seq\?task=decoder: 503, [\d.]+ s$", out, re.MULTILINE)
        assert SALT not in out
    with serving(place, "--jobs", "1") as client:
        left = family(client.process)
        code, out, err = client.end(signal.SIGINT)
        assert (code, err) == (130, "")
        assert psutil.wait_procs(left, timeout=20)[1] == []
        assert list(tmp_path.iterdir()) == []


def test_a_changed_suite_ends_it_before_another_mark_is_given(tmp_path: Path) -> None:
    clone, place = tmp_path / "clone", tmp_path / "s"
    copy_repository(clone, without="(tests|docs)/")
    with serving(place, "--jobs", "1", clone=clone) as client:
        early = client.posting(dawdler(6), ONE)
        client.until(grading=1)
        with (clone / "autograder" / "suites" / "memory.py").open("a") as file:
            file.write("# changed\n")
        told = "the suites, the release or the offering have changed since this server started"
        assert client.ask("GET", "/") == (503, f"{told}\n")
        assert early() == (503, f"{told}\n")
        _, err = client.process.communicate()
        assert (client.process.returncode, err) == (1, f"error: {told}; start it again\n")
        assert not place.exists()


def quick(salt: str) -> Fragile:
    """One that needs nothing."""
    return Fragile(Offering(LESSON, salt), LESSON.source, Unconfined("seq2seq"))


def graded(salt: str, *names: Path, over: str = "") -> list[Graded]:
    """What one judge says of one after the other."""

    async def ask() -> list[Graded]:
        one = Judges(quick(salt), 1, lambda: None, lambda: over)
        try:
            return [await one.grade(name) for name in names]
        finally:
            one.end()

    return asyncio.run(ask())


@pytest.mark.parametrize(("kills", "error"), [(2, ""), (3, "its judge was killed 3 times")])
def test_a_submission_whose_judge_is_killed_is_tried_three_times_and_stops_no_other(
    tmp_path: Path, kills: int, error: str
) -> None:
    mine, other = graded(str(kills), tmp_path / "mine", tmp_path / "other")
    assert mine.error == error
    assert other.report is not None


def test_a_process_grades_many_and_is_replaced_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "RENEWED", 2)
    outcomes = graded("0", *[tmp_path / "other"] * 5)
    asked = [one.report.student for one in outcomes if one.report]
    assert [asked[0] == asked[1], asked[2] == asked[3], len(set(asked))] == [True, True, 3]


def test_nothing_is_graded_when_it_is_over(tmp_path: Path) -> None:
    with pytest.raises(Over, match="enough"):
        graded("0", tmp_path / "other", over="enough")


@pytest.mark.parametrize("changed", ["", "salt", "excuse", "release", "broken"])
def test_it_is_over_when_anything_that_marks_depend_on_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    monkeypatch.setenv("AUTOGRADER_SALT", "0")
    read = Path.read_bytes

    def over() -> str:
        async def ask() -> str:
            server = Server(quick("0"), 1, tmp_path / "s")
            assert server.over() == ""
            if changed == "salt":
                monkeypatch.setenv("AUTOGRADER_SALT", "1")
            if changed == "excuse":
                monkeypatch.setattr("autograder.offering.read_excuses", lambda *_: ("one",))
            if changed == "release":
                monkeypatch.setattr(
                    Path, "read_bytes", lambda self: read(self) + b" " * (self.suffix == ".ipynb")
                )
            if changed == "broken":
                monkeypatch.setattr("autograder.assignment.read_toml", refuse)
            return server.over()

        return asyncio.run(ask())

    def refuse(text: str) -> object:
        raise ServerError(text)

    assert bool(over()) == bool(changed)


def dead(path: Path) -> None:
    """Leave a socket that nobody listens at."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))


def test_a_dead_socket_is_replaced_a_living_one_is_not_and_none_is_left(tmp_path: Path) -> None:
    place = tmp_path / "s"
    dead(place)
    with listening(place):
        with pytest.raises(ServerError, match="a server answers there"), listening(place):
            pass
        assert place.exists()
    assert not place.exists()


def test_nobody_but_the_owner_or_a_group_may_connect(tmp_path: Path) -> None:
    place, group = tmp_path / "s", grp.getgrgid(os.getgid()).gr_name
    with listening(place):
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
    with listening(place, group):
        assert stat.S_IMODE(place.stat().st_mode) == 0o660
        assert place.stat().st_gid == os.getgid()
    with pytest.raises(ServerError, match="no group 'nobody at all'"):
        listening(place, "nobody at all").__enter__()


def test_a_successors_socket_is_not_removed(tmp_path: Path) -> None:
    place = tmp_path / "s"
    with listening(place):
        place.rename(tmp_path / "moved")
        dead(place)
    assert place.exists()


def test_a_place_that_is_not_ones_own_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServerError, match="is no socket"):
        require_place(tmp_path / "file")
    assert (tmp_path / "file").exists()
    with pytest.raises(ServerError, match="longer than 107 bytes"):
        require_place(tmp_path / ("s" * 108))
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o1777)
    with pytest.raises(ServerError, match="can be changed by others"):
        require_place(tmp_path / "open" / "s")
    (tmp_path / "open" / "own").mkdir(mode=0o700)
    require_place(tmp_path / "open" / "own" / "s")  # sticky: nobody moves it away
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(ServerError, match="can be changed by others"):
        require_place(tmp_path / "open" / "own" / "s")
    with pytest.raises(FileNotFoundError):
        require_place(tmp_path / "missing" / "s")
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda *_: False)  # root may write everywhere
        with pytest.raises(ServerError, match="is not yours to write"):
            require_place(tmp_path / "s")
    monkeypatch.setattr(unix_socket, "system_folders", lambda: [str(tmp_path)])
    with pytest.raises(ServerError, match="is seen by student code"):
        require_place(tmp_path / "s")


def test_a_fork_holds_no_connection_open(tmp_path: Path) -> None:
    place = tmp_path / "s"
    with listening(place) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.setblocking(True)
        client.connect(str(place))
        connection, _ = listener.accept()
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe()

        def stay() -> None:
            let_go(place)
            there.send("let go")
            there.recv()

        fork = context.Process(target=stay)
        fork.start()
        assert here.recv() == "let go"
        connection.close()
        client.settimeout(20)
        assert client.recv(1) == b""
        here.send("end")
        fork.join()
        assert fork.exitcode == 0
