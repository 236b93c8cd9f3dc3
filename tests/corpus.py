"""The corpus of submissions: wrong, right but unusual, and partly right answers to each task.

A file in `submissions/<assignment>/<task>/<kind>/` replaces the code of its cell in the solution.
Its first lines are comments that say what is expected of the grader:

    # says: <words that the first message of the task must contain>      (wrong and partly)
    # mark: <lowest>..<highest share of the task's points>               (partly)
    # public: yes                          (a public check must fail: students can see it coming)
    # seen: <where the mistake was seen in real code>                    (optional)
"""

from __future__ import annotations

import contextlib
import gc
import io
import multiprocessing
import re
import signal
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from autograder.assignment import Assignment
from autograder.judge.grade import precedents
from autograder.judge.precedents import ByPrecedent, Transcript
from autograder.judge.reference import reference
from autograder.notebook.repair import repair
from autograder.report.record import TaskReport
from autograder.suites import probes_of
from autograder.wall.inside.wire import Message, pack, unpack
from checks.plugin import Grading, run_suite
from checks.program import Cell, Lesson, fresh_module, run_cells
from checks.student import LocalRunner, Student
from checks.verdicts import StudentFault, Verdict, words

KINDS = ("wrong", "right", "partly")
ASSIGNMENT = Assignment("seq2seq")
FOLDER = Path(__file__).resolve().parent / "submissions" / ASSIGNMENT.name
FAILED = (Verdict.WRONG, Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.EXCEEDED_LIMIT)
CALL_SECONDS = 10  # of processor time, as behind the wall


@dataclass(frozen=True)
class Entry:
    """One submission of the corpus."""

    task: str
    kind: str
    name: str
    code: str

    @property
    def says(self) -> str:
        """What the task's first message must contain."""
        return self._term("says")

    @property
    def seen(self) -> str:
        """Where the mistake was seen."""
        return self._term("seen")

    @property
    def public(self) -> bool:
        """Whether a public check must fail."""
        return self._term("public") == "yes"

    @property
    def marks(self) -> tuple[float, float]:
        """The lowest and highest share of its task's points that it deserves."""
        if self.kind == "right":
            return 1.0, 1.0
        lowest, _, highest = (self._term("mark") or "0..0.999").partition("..")
        return float(lowest), float(highest)

    @property
    def id(self) -> str:
        """`<task>/<kind>/<name>`."""
        return f"{self.task}/{self.kind}/{self.name}"

    def _term(self, name: str) -> str:
        found = re.search(rf"^# {name}: (.*)$", self.code, re.MULTILINE)
        return found.group(1).strip() if found else ""


def entries(kinds: Iterable[str] = KINDS) -> list[Entry]:
    """The whole corpus, in a fixed order."""
    return [
        Entry(path.parent.parent.name, path.parent.name, path.stem, path.read_text())
        for path in sorted(FOLDER.glob("*/*/*.py"))
        if path.parent.name in set(kinds)
    ]


class Here(LocalRunner):
    """A session without a wall: runs probes in this process, with the deadline of a call."""

    def ask(self, request: Message) -> Message:
        """The answer to a question, as it would come through the wall."""
        return pack({"value": self.call(**unpack(request))})

    def value(self, answer: Message) -> Any:
        """What an answer says."""
        return unpack(answer)["value"]

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """Run a probe; an alarm ends it as the judge would."""
        signal.signal(signal.SIGPROF, _late)
        signal.setitimer(signal.ITIMER_PROF, CALL_SECONDS)
        try:
            return super().call(probe, inputs)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def _late(*_: object) -> None:
    raise StudentFault(Verdict.TIMED_OUT, f"no answer within {CALL_SECONDS} seconds of computing")


def grade_here(
    entry: Entry | None, salt: str, tasks: Iterable[str], public_only: bool = False
) -> dict[str, TaskReport]:
    """Grade the solution with one cell replaced, in this process: for trusted code only."""
    cells = repair(ASSIGNMENT.source, ASSIGNMENT.source).cells
    if entry is not None:
        cells = tuple(
            Cell(cell.label, entry.code) if cell.label == entry.task else cell for cell in cells
        )
    warnings.simplefilter("ignore")  # a student's warning is no error, in our tests neither
    module = fresh_module("submission")
    with contextlib.redirect_stdout(io.StringIO()):
        run_cells(cells, module)
    transcript = Transcript(Here(Lesson(module.__dict__), probes_of(ASSIGNMENT.name)))
    wanted = set(tasks)
    chosen = [task for task in ASSIGNMENT.graded_tasks if task.key in wanted]
    files = [file for task in chosen for file in ASSIGNMENT.suite_files(task.key)]
    files = [file for file in files if file.parent.name == "checks" or not public_only]
    grading = Grading(Student(transcript), reference(ASSIGNMENT), salt)
    run_suite(files, grading, ByPrecedent(grading, transcript, precedents(ASSIGNMENT, salt)))
    if grading.problems:  # a check that fails by itself is the first thing to know
        whose = entry.id if entry else "solution"
        raise RuntimeError(f"salt {salt!r}, {whose}: {grading.problems[0]}")
    results = grading.results.values()
    return {
        task.key: TaskReport(task.key, task.points, tuple(r for r in results if r.task == task.key))
        for task in chosen
    }


@dataclass(frozen=True)
class Job:
    """A submission to grade, or the solution, with one salt."""

    entry: Entry | None
    salt: str
    tasks: tuple[str, ...]
    public_only: bool = False  # run no hidden check


def _run(job: Job) -> tuple[Job, dict[str, TaskReport]]:
    torch.set_num_threads(1)
    return job, grade_here(job.entry, job.salt, job.tasks, job.public_only)


def grade_all(
    jobs: list[Job], processes: int | None = None
) -> Iterator[tuple[Job, dict[str, TaskReport]]]:
    """Grade many submissions, each in a process of its own, so that none disturbs the next."""
    tasks = tuple({task for job in jobs for task in job.tasks})
    for salt in {job.salt for job in jobs}:  # once, before the processes part: answers are kept
        grade_here(None, salt, tasks)
    context = multiprocessing.get_context("fork")
    gc.collect()
    gc.freeze()  # else every fork's first collection copies all memory
    with context.Pool(processes or multiprocessing.cpu_count(), maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(_run, jobs)


def first_message(report: TaskReport) -> str:
    """What a student reads first about a task, "" if nothing is to be fixed."""
    first = report.first_to_fix
    return " ".join([first.sentence, *words(first)]) if first else ""


def problems(entry: Entry, reports: dict[str, TaskReport]) -> list[str]:
    """Where the grader's verdict on an entry is not the expected one."""
    found = []
    for key, report in reports.items():
        share = (report.points or 0.0) / report.max_points
        first = report.first_to_fix
        if key != entry.task:
            if first is not None:
                found.append(f"loses points in {key!r}: {first.check}: {first.rationale}")
            continue
        lowest, highest = entry.marks
        if not lowest <= share <= highest:
            at = f"; first: {first.check}: {first.rationale}" if first else ""
            found.append(f"earns {share:.3f} of its task, not {lowest}..{highest}{at}")
        if entry.public and not any(c.public and c.verdict in FAILED for c in report.checks):
            found.append("passes all public checks")
        message = first_message(report)
        if entry.says and entry.says.lower() not in message.lower():
            found.append(f"is told {message!r}, without {entry.says!r}")
    return found
