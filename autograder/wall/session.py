"""One submission's worker: started behind the wall, asked over the wire, killed at the end."""

from __future__ import annotations

import dataclasses
import os
import re
import secrets
import signal
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from autograder.errors import Undecided, WorkerError
from checks.program import OWN_SECONDS, Cell, LeftOut, NotDefined, Trouble
from checks.student import fault
from checks.verdicts import StudentFault, Verdict

from .inside.wire import (
    Deadline,
    Message,
    Patience,
    WireError,
    pack,
    read_frame,
    unpack,
    write_frame,
)
from .inside.worker import READY
from .launch import START_SECONDS, Bound, StartError, StillRunning, Worker
from .wall import Wall
from .watch import IDLE, Found, Watch

STARTS = 3  # of a warm process that ends, before the grader gives up on a submission
LEFT_OUT = 20  # statements of a notebook that are told to have failed
CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT)
STARVED = (
    20  # a call may take so many times its processor time on a busy machine, then nobody knows
)


def ending(status: int | None) -> str:
    """How a submission's first process ended, in words that say nothing else: they may stand
    beside a hidden check, and code and signal are the student's to choose.
    """
    if status is None:
        return "closed the connection through which it is asked"
    if status >= 0:
        return "ended its own process, as `os._exit` does"
    if -status in CRASHES:
        return "crashed Python itself (in compiled code, or by far too deep a recursion)"
    if -status in (signal.SIGKILL, signal.SIGXCPU):
        return "used more memory or processor time than allowed, or killed its own process"
    return "ended its own process by a signal"


class WallFell(RuntimeError):
    """The warm process has ended, by no fault of the submission."""


def request_of(probe: str, inputs: dict[str, Any]) -> Message:
    """A request to run one probe."""
    return pack({"probe": probe, "inputs": inputs})


class Session:
    """Runs probes in a worker; a worker that dies or hangs is replaced before the next call."""

    def __init__(self, wall: Wall, cells: Sequence[Cell], names: Iterable[str] = ()) -> None:
        """Take a program to run; `names` are those of the contract that it should define."""
        self._wall = wall
        self._cells = list(cells)
        self._names = frozenset(names)
        self._unloadable: StudentFault | None = None
        self._may_sleep: float = IDLE * wall.limits.processor_seconds  # in all calls together
        self._worker: Worker | None = None
        self._watch: Watch | None = None
        self._reading = self._writing = -1
        self.undecided: Undecided | None = None  # then nothing else is asked
        self.troubles: dict[str, Trouble] = {}
        self.left_out: list[LeftOut] = []
        self.findings: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """Run one probe on the submission.

        Raises:
            StudentFault: the code crashed, ran out of time, ended its process or sent nonsense.
            WorkerError: no worker could be started or kept.
        """
        return self.value(self.ask(request_of(probe, inputs)))

    def ask(self, request: Message) -> Message:
        """Send the submission a question; its answer as it came, which `value` reads.

        Raises:
            StudentFault: the code ran out of time, ended its process or sent nonsense.
            WorkerError: no worker could be started or kept.
        """
        if self.undecided is not None:
            raise self.undecided
        for _ in range(STARTS):
            try:
                self._ensure_loaded()
                return self._ask(request, self._wall.limits.call_seconds)
            except WallFell:
                continue
        raise WorkerError(f"the warm process ended {STARTS} times while this was graded")

    def value(self, answer: Message) -> Any:
        """What an answer says.

        Raises:
            StudentFault: that the code crashed or returned too much, or it is no answer.
        """
        reply = self._read(answer)
        if "trouble" in reply:
            raise self._fault(self._trouble(reply["trouble"]))
        if "too_large" in reply:
            raise StudentFault(Verdict.EXCEEDED_LIMIT, "the value returned is too large to judge")
        if "value" not in reply:
            raise self._lost("sent a reply that is not one")
        return reply["value"]

    def close(self) -> None:
        """End the worker and everything it started."""
        if self._watch is not None:
            self._watch.close()
            self._may_sleep -= self._watch.asleep
            self._watch = None
        if self._worker is not None:
            worker, self._worker = self._worker, None
            os.close(self._reading)
            os.close(self._writing)
            try:
                worker.kill()
            except StillRunning as error:
                raise WorkerError(str(error)) from error

    def _ensure_loaded(self) -> None:
        """Start a worker if there is none and run the notebook's cells in it.

        A notebook that does not finish loading is loaded again without what stands at the top level
        of its cells, but for what its functions need; and then with definitions only.
        """
        if self._worker is not None:
            return
        if self._unloadable is not None:
            raise self._unloadable
        if self._may_sleep <= 0:
            raise self._stopped(Found.ASLEEP, 0.0)
        limit = self._wall.limits.load_seconds
        parts = [dataclasses.replace(cell, whole=False) for cell in self._cells]
        for cells, seconds in ((self._cells, OWN_SECONDS), (parts, OWN_SECONDS), (parts, 0.0)):
            self._start()
            try:
                load = [dataclasses.asdict(cell) for cell in cells]
                request = {"load": load, "names": sorted(self._names), "seconds": seconds}
                reply = self._read(self._ask(pack(request), limit))
            except StudentFault as error:
                failed = error
                finding = f"running your cells from top to bottom failed: {error.private_rationale}"
                if finding not in self.findings:
                    self.findings.append(finding)
                continue
            self._cells = list(cells)
            self._note(reply.get("value"), reply.get("left_out"))
            return
        self._unloadable = StudentFault(
            failed.verdict,
            "your notebook's cells do not run to their end, so nothing could be tried: "
            f"{failed.private_rationale}",
        )
        raise self._unloadable

    def _note(self, troubles: Any, left_out: Any) -> None:
        """Keep what loading the notebook brought up; it comes from the submission's process."""
        told = troubles if isinstance(troubles, dict) else {}
        labels = [cell.label for cell in self._cells if cell.label in told]
        self.troubles = {label: self._trouble(told[label]) for label in labels}
        first = left_out[:LEFT_OUT] if isinstance(left_out, list) else []
        self.left_out = [one for one in map(self._left_out, first) if one.names and one.label]
        for one in self.left_out:
            if one.sentence() not in self.findings:
                self.findings.append(one.sentence())

    def _start(self) -> None:
        self.close()
        child_reads, self._writing = os.pipe()
        self._reading, child_writes = os.pipe()
        os.set_blocking(self._writing, False)
        try:
            self._worker = self._wall.start(child_reads, child_writes)
        except StartError as error:
            os.close(self._reading)
            os.close(self._writing)
            raise WorkerError(f"the worker did not start: {error}") from error
        finally:
            os.close(child_reads)
            os.close(child_writes)
        try:
            ready = read_frame(self._reading, Patience(START_SECONDS))
        except Deadline:
            raise self._too_busy(
                f"no worker was ready within {START_SECONDS:.0f} seconds"
            ) from None
        except (WireError, OSError):
            ready = None
        if ready is None or ready[0] != READY:
            why = self._worker.why()
            self.close()
            raise WorkerError(f"the worker did not start: {why}")
        self._worker.ready(self._wall.limits)
        less = self._wall.bound is Bound.CGROUP and self._worker.bound is not Bound.CGROUP
        if less and self._wall.stands():
            self.close()
            raise WorkerError("the submission got no control group, as those before it did")
        self._watch = Watch(self._worker, self._wall.limits, self._may_sleep)

    def _ask(self, request: Message, seconds: float) -> Message:
        """Send a request and receive the reply that carries its id.

        The worker may take `seconds` of processor time, and sleep `IDLE` times as long.
        """
        worker, watch = self._worker, self._watch
        assert worker is not None
        assert watch is not None
        identity = secrets.token_bytes(16)  # a reply cannot be written before its request
        patience = Patience(STARVED * seconds)
        watch.begin(seconds)
        frame = None
        broken = False
        try:
            write_frame(self._writing, identity, request, patience)
            frame = read_frame(self._reading, patience)
        except Deadline:
            raise self._too_busy(
                f"no answer within {STARVED * seconds:.0f} seconds, in which it could not compute "
                f"for the {seconds:.0f} it may"
            ) from None
        except WireError:
            broken = True
        except OSError:
            pass
        finally:
            watch.end()
        if frame is not None and frame[0] == identity:
            return frame[1]
        watch.look()
        if watch.found is not None:
            raise self._stopped(watch.found, seconds)
        if broken or frame is not None:
            raise self._lost("sent a reply that is not one")
        if not self._wall.stands():
            self.close()
            raise WallFell
        raise self._lost(ending(worker.status()))

    def _stopped(self, found: Found, seconds: float) -> StudentFault:
        """Why the submission was ended, after a call that might take so many seconds."""
        self.close()
        if found is Found.MEMORY:
            return self._lost("used more memory than allowed")
        if found is Found.PROCESSOR:
            return self._lost("used more processor time than allowed")
        if found is Found.CALL:
            return StudentFault(
                Verdict.TIMED_OUT,
                f"no answer within {seconds:.0f} seconds of computing; a loop may never end, or "
                "far too much is computed",
            )
        return StudentFault(
            Verdict.TIMED_OUT,
            "no answer: your code sleeps, or waits for something that does not come",
        )

    def _too_busy(self, why: str) -> Undecided:
        """Nothing can be said about the submission, now or by what it might still be asked."""
        self.close()
        self.undecided = Undecided(f"the machine is too busy to grade this: {why}")
        return self.undecided

    def _read(self, answer: Message) -> dict[str, Any]:
        try:
            reply = unpack(answer)
        except WireError:
            reply = None
        if not isinstance(reply, dict):
            raise self._lost("sent a reply that is not one")
        return reply

    def _trouble(self, value: Any) -> Trouble:
        """Read a trouble from the wire, whatever was sent: pages on hidden checks may show it."""
        fields = value if isinstance(value, dict) else {}
        type_name = str(fields.get("type_name", ""))
        message = " ".join(str(fields.get("message", ""))[:300].split())  # on one line
        if type_name == NotDefined.__name__ and message not in self._names:
            type_name = NameError.__name__
        label, line = self._place(fields)
        return Trouble(
            type_name=re.sub(r"\W", "", type_name)[:64] or "an exception",
            message=message,
            label=label,
            line=line,
            stub=bool(label) and fields.get("stub") is True,
        )

    def _left_out(self, value: Any) -> LeftOut:
        """Read from the wire what a statement failed to make: names that stand in the code."""
        fields = value if isinstance(value, dict) else {}
        label, line = self._place(fields)
        code = "\n".join(cell.code for cell in self._cells)
        names = fields.get("names")
        names = [str(n)[:64] for n in names[:LEFT_OUT]] if isinstance(names, tuple) else []
        known = tuple(name for name in names if name.isidentifier() and name in code)
        return LeftOut(known, label, line, self._trouble(fields.get("trouble")))

    def _place(self, fields: dict[str, Any]) -> tuple[str, int]:
        """The cell and line that something from the wire names, if the notebook has them."""
        lengths = {cell.label: cell.code.count("\n") + 1 for cell in self._cells}
        label, line = str(fields.get("label", "")), fields.get("line")
        if isinstance(line, int) and 0 < line <= lengths.get(label, 0):
            return label, line
        return "", 0

    def _lost(self, what: str) -> StudentFault:
        self.close()
        return StudentFault(Verdict.EXCEEDED_LIMIT, f"your code {what}")

    def _fault(self, trouble: Trouble) -> StudentFault:
        """A name may be missing because the cell that defines it failed: then say that."""
        if trouble.type_name == NotDefined.__name__:
            pattern = re.compile(rf"\b(class|def)\s+{re.escape(trouble.message)}\b")
            for cell in self._cells:
                if cell.label in self.troubles and pattern.search(cell.code):
                    return fault(self.troubles[cell.label])
        return fault(trouble, left_out=self.left_out)
