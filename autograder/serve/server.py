"""What is asked over HTTP, and what is answered: a report, or a line that says why not."""

from __future__ import annotations

import asyncio
import errno
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler, stream_request_body

from autograder.assignment import Assignment
from autograder.errors import Failure, GraderFault, UnknownAssignment
from autograder.files import MAX_BYTES
from autograder.judge.batch import Graded, Grader
from autograder.judge.fingerprint import fingerprint_now, suite_fingerprint
from autograder.offering import Offering
from autograder.report.render import report_text
from autograder.text import line

from .judges import Judges, Over
from .unix_socket import let_go

WAITING = 16  # submissions that may wait, for each that can be graded at once
BODY_SECONDS = 60.0  # in which a submission must have come whole
IDLE_SECONDS = 60.0  # in which a client that is connected must have asked for something
LONGEST = 20  # digits of a number that is a size
ANSWER_SECONDS = 5.0  # for telling those who wait that the server ends
GONE = 499  # who asked has hung up; nobody but the log is told
BUSY = (errno.EMFILE, errno.ENFILE)  # too much is open just now to look
CHANGED = "the suites, the release or the offering have changed since this server started"
ENDS = "this server ends; ask again when one answers here"


class Refusal(HTTPError):
    """A request that is not answered with a report; what is said instead, on one line."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(status)
        self.told = told


class Server:
    """A grader that is asked over a socket.

    Attributes:
        ended: done when nothing more is graded: "" if that was asked for, else why.
    """

    def __init__(self, grader: Grader, jobs: int, place: Path) -> None:
        """Serve what is graded with `grader`; nobody is let in yet."""
        self.grader = grader
        self.judges = Judges(grader, jobs, lambda: let_go(place), self.over)
        self.most = WAITING * jobs
        self.jobs = jobs
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.answering: set[asyncio.Task[Any]] = set()
        application = Application(
            [("/", Status, {"server": self}), ("/([^/]+)", Submission, {"server": self})],
            default_handler_class=Nothing,
            default_handler_args={"server": self},
            log_function=_log,
        )
        self.http = HTTPServer(
            application,
            max_body_size=MAX_BYTES,
            body_timeout=BODY_SECONDS,
            idle_connection_timeout=IDLE_SECONDS,
        )

    def over(self) -> str:
        """Why nothing more may be graded, "" as long as it may.

        Marks of suites that are no more must not be given; a fresh start is the one sure way to
        have nothing of them left.
        """
        if not self.ended.done() and self._changed():
            self.ended.set_result(CHANGED)
        return (self.ended.result() or ENDS) if self.ended.done() else ""

    def _changed(self) -> bool:
        before = self.grader.offering
        try:
            now = Offering.here(Assignment(before.assignment.name))
            return now != before or fingerprint_now(now) != suite_fingerprint(before)
        except (Failure, OSError) as error:  # something is being written, or is gone
            return getattr(error, "errno", None) not in BUSY

    def end(self) -> None:
        """Grade nothing more."""
        if not self.ended.done():
            self.ended.set_result("")

    async def close(self) -> None:
        """Tell all who wait, end all processes and let nobody in any more."""
        self.end()
        self.http.stop()
        self.judges.end()
        if self.answering:
            await asyncio.wait(self.answering, timeout=ANSWER_SECONDS)
        await self.http.close_all_connections()


class Handler(RequestHandler):
    """Answers with one line where there is nothing better to say."""

    def initialize(self, server: Server) -> None:
        """Tornado's: what all handlers are given."""
        self.server = server

    def set_default_headers(self) -> None:
        """Tornado's: say nothing of the programs that answer."""
        self.clear_header("Server")

    def write_error(self, status_code: int, **terms: Any) -> None:
        """Tornado's: one line in place of a page."""
        _, error, _ = terms.get("exc_info", (None, None, None))
        if isinstance(error, Refusal):
            told = error.told
        elif isinstance(error, HTTPError) or error is None:
            told = f"error: {self._reason}"
        else:  # a fault of ours that one request has found
            told = f"{GraderFault.label}: {type(error).__name__}: {error}"
        if status_code == 503:
            self.set_header("Retry-After", "10")
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(line(told) + "\n")


class Nothing(Handler):
    """Any other address."""

    def prepare(self) -> None:
        """Refuse."""
        raise Refusal(404, "error: POST a notebook to /ASSIGNMENT, or GET /")


class Status(Handler):
    """Who grades here, and how many wait."""

    def get(self) -> None:
        """One line of JSON."""
        if why := self.server.over():
            raise Refusal(503, why)
        server, grader = self.server, self.server.grader
        told = {
            "assignment": grader.offering.assignment.name,
            "suite": suite_fingerprint(grader.offering),
            "wall": grader.wall.level,
            "bound": grader.wall.bound,
            "jobs": server.jobs,
            "grading": server.judges.grading,
            "waiting": server.judges.waiting,
        }
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(told) + "\n")


@stream_request_body
class Submission(Handler):
    """A notebook that is handed over, and its report."""

    def initialize(self, server: Server) -> None:
        """Tornado's: what all handlers are given."""
        super().initialize(server)
        self._body = bytearray()
        self._asked: asyncio.Task[Graded] | None = None

    def prepare(self) -> None:
        """Refuse what will not be graded, before it is taken in."""
        if self.request.method != "POST":
            raise HTTPError(405)
        assignment = self.server.grader.offering.assignment
        if self.path_args != [assignment.name]:
            raise Refusal(404, f"error: this server grades {assignment.name!r} and nothing else")
        for name in self.request.query_arguments:
            if name != "task":
                raise Refusal(400, f"error: no parameter {name!r}; the only one: task")
        self._tasks = self.get_query_arguments("task") or None
        try:
            assignment.require_tasks(self._tasks or [])
        except UnknownAssignment as error:
            raise Refusal(400, f"error: {error}") from error
        connection = self.request.connection
        assert isinstance(connection, HTTP1Connection)
        connection.set_max_body_size(sys.maxsize)  # tornado would refuse without a word
        length = self.request.headers.get("Content-Length", "")
        if length.isdecimal():
            self._require_size(int(length[:LONGEST]))
        self._require_room()

    def data_received(self, chunk: bytes) -> None:
        """Tornado's: a part of the body has come."""
        try:
            self._require_size(len(self._body) + len(chunk))
        except Refusal:
            self.send_error(413, exc_info=sys.exc_info())
        else:
            self._body += chunk

    def _require_size(self, size: int) -> None:
        if size > MAX_BYTES:
            raise Refusal(413, f"error: it has more than {MAX_BYTES} bytes; clear large outputs")

    def _require_room(self) -> None:
        if self.server.judges.waiting >= self.server.most:
            raise Refusal(503, f"error: {self.server.most} submissions wait already; ask again")

    async def post(self, name: str) -> None:
        """Grade the notebook and answer with its report."""
        self._require_room()
        task = asyncio.current_task()
        assert task is not None
        self.server.answering.add(task)
        task.add_done_callback(self.server.answering.discard)
        with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
            notebook = Path(folder) / f"{name}.ipynb"
            notebook.write_bytes(self._body)
            self._body.clear()
            self._asked = asyncio.ensure_future(self.server.judges.grade(notebook, self._tasks))
            try:
                outcome = await self._asked
            except Over as why:
                raise Refusal(503, str(why)) from why
            except asyncio.CancelledError:  # nobody waits for it any more
                self.set_status(GONE, "Client Closed Request")
                return
        self._answer(outcome)

    def _answer(self, outcome: Graded) -> None:
        if outcome.report is None:
            told = line(f"{GraderFault.label}: {outcome.error}")
            print(told, file=sys.stderr, flush=True)
            raise Refusal(500, told)
        if "text/plain" in self.request.headers.get("Accept", ""):
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(report_text(outcome.report) + "\n")
        else:
            self.set_header("Content-Type", "application/json; charset=utf-8")
            self.finish(outcome.report.to_json())

    def on_connection_close(self) -> None:
        """Tornado's: the client has gone; its turn goes to the next one."""
        super().on_connection_close()
        if self._asked is not None:
            self._asked.cancel()


def _log(handler: RequestHandler) -> None:
    """A line for each request: nothing of what was handed over, and nothing of whose it is."""
    request = handler.request
    asked = line(f"{request.method} {request.uri}")
    print(f"{asked}: {handler.get_status()}, {request.request_time():.2f} s", flush=True)
