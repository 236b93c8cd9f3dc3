"""The corpus of submissions: wrong, right but unusual, and twice wrong answers to each task.

A file in `submissions/<assignment>/<task>/<kind>/` replaces the code of its cell in the solution.
Its first lines are comments that say what is expected of the grader:

    # says: <words that the first message of the task must contain>      (wrong)
    # costs: <lowest>..<highest share of the task's points that it loses> (wrong)
    # unseen: <why nothing can be seen of what works, so that it loses more>
    # mistakes: <name>, <name>         (two: the wrong entries whose mistakes it has, both of them)
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
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import torch

from autograder.assignment import Assignment
from autograder.errors import Failure
from autograder.judge.batch import processors
from autograder.judge.grade import precedents
from autograder.judge.precedents import ByPrecedent, Transcript
from autograder.judge.reference import reference
from autograder.notebook.repair import repair
from autograder.offering import Offering
from autograder.report.record import TaskReport
from autograder.suites import probes_of
from autograder.wall.inside.wire import Message, pack, unpack
from checks.plugin import PACKAGE, Grading, run_suite
from checks.program import Cell, Lesson, fresh_module, run_cells
from checks.student import LocalRunner, Student
from checks.verdicts import StudentFault, Verdict, words

KINDS = ("wrong", "right", "two")
HEADERS = ("says", "costs", "unseen", "mistakes", "public", "seen")
ASTRAY = 0.2  # share of a task by which a mark may miss what an entry deserves
SHARES = re.compile(r"[01](\.\d+)?\.\.[01](\.\d+)?")
FOLDER = Path(__file__).resolve().parent / "submissions"
FAILED = (Verdict.WRONG, Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.EXCEEDED_LIMIT)
CALL_SECONDS = 10  # of processor time, as behind the wall
AT_ONCE = 100  # submissions for which checks are collected once: now and then something is told


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
    def mistakes(self) -> list[str]:
        """The names of the wrong entries of its task whose mistakes it has."""
        return [name.strip() for name in self._term("mistakes").split(",") if name.strip()]

    @property
    def public(self) -> bool:
        """Whether a public check must fail."""
        return self._term("public") == "yes"

    @property
    def costs(self) -> str:
        """The share of its task's points that it deserves to lose, as it is written."""
        return self._term("costs")

    @property
    def unseen(self) -> str:
        """Why the grader cannot see what works in it, and so marks it lower than it deserves."""
        return self._term("unseen")

    @property
    def deserves(self) -> tuple[float, float]:
        """The lowest and highest share of its task's points that it deserves."""
        if self.kind == "right":
            return 1.0, 1.0
        least, _, most = (self.costs or "0..1").partition("..")
        return 1.0 - float(most), 1.0 - float(least)

    @property
    def middle(self) -> float:
        """The middle of what it deserves."""
        return sum(self.deserves) / 2

    @property
    def id(self) -> str:
        """`<task>/<kind>/<name>`."""
        return f"{self.task}/{self.kind}/{self.name}"

    def _term(self, name: str) -> str:
        found = re.search(rf"^# {name}: (.*)$", self.code, re.MULTILINE)
        return found.group(1).strip() if found else ""


def entries(assignment: Assignment, kinds: Iterable[str] = KINDS) -> list[Entry]:
    """The whole corpus of an assignment, in a fixed order."""
    tasks = {task.key for task in assignment.graded_tasks}
    corpus = []
    for path in sorted((FOLDER / assignment.name).glob("*/*/*.py")):
        entry = Entry(path.parent.parent.name, path.parent.name, path.stem, path.read_text())
        if problem := odd(entry, tasks):
            raise OddEntry(f"{path}: {problem}")
        if entry.kind in set(kinds):
            corpus.append(entry)
    return corpus


class OddEntry(Failure, ValueError):
    """A file of the corpus is not where it belongs, or does not say what it must."""


def odd(entry: Entry, tasks: Collection[str]) -> str:
    """What is amiss with an entry before it is graded, "" if nothing is."""
    if entry.task not in tasks:
        return f"no task {entry.task!r}; the tasks are {', '.join(sorted(tasks))}"
    if entry.kind not in KINDS:
        return f"no kind {entry.kind!r}; the kinds are {', '.join(KINDS)}"
    head = re.match(r"(?:#.*\n)*", entry.code)
    for name in re.findall(r"^# (\w+): ", head[0] if head else "", re.MULTILINE):
        if name not in HEADERS and get_close_matches(name, HEADERS):
            return f"no header {name!r}; the headers are {', '.join(HEADERS)}"
    if entry.kind == "two" and len(entry.mistakes) != 2:
        return "an answer with two mistakes names them: `# mistakes: <name>, <name>`"
    if entry.kind == "wrong" and not entry.says:
        return "a wrong answer says in `# says: ...` what its student must be told"
    if entry.kind == "wrong" and entry.costs and not SHARES.fullmatch(entry.costs):
        return f"`# costs: {entry.costs}`: expected the least and most lost, such as 0.1..0.25"
    return ""


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


def here(assignment: Assignment, entry: Entry | None, probes: Any = None) -> Here:
    """The solution with one cell replaced, its cells run in this process: for trusted code only.

    Args:
        probes: what is asked of it, if not the assignment's probes themselves.
    """
    cells = _solution(assignment)
    if entry is not None:
        cells = tuple(
            Cell(cell.label, entry.code) if cell.label == entry.task else cell for cell in cells
        )
    warnings.simplefilter("ignore")  # a student's warning is no error, in our tests neither
    module = fresh_module("submission")
    with contextlib.redirect_stdout(io.StringIO()):
        run_cells(cells, module)
    return Here(Lesson(module.__dict__), probes or probes_of(assignment.name))


def _late(*_: object) -> None:
    raise StudentFault(Verdict.TIMED_OUT, f"no answer within {CALL_SECONDS} seconds of computing")


@cache
def _solution(assignment: Assignment) -> tuple[Cell, ...]:
    return repair(assignment.source, assignment.source).cells


@dataclass(frozen=True)
class Job:
    """A submission to grade, or the solution."""

    offering: Offering
    entry: Entry | None
    tasks: tuple[str, ...]
    public_only: bool = False  # run no hidden check, and none after one that fails


class Collected:
    """The checks of some tasks, collected once, for whichever submission is put before them."""

    session: pytest.Session  # of pytest, since the checks are collected
    answering: Here

    def __init__(self, job: Job) -> None:
        """Make it for all jobs that differ from this one in the entry alone."""
        transcript = Transcript(self)
        self._whose = job.entry.id if job.entry else "solution"
        self.offering, assignment = job.offering, job.offering.assignment
        self.tasks = [task for task in assignment.graded_tasks if task.key in job.tasks]
        files = [file for task in self.tasks for file in assignment.suite_files(task.key)]
        self.files = [f for f in files if f.is_relative_to(PACKAGE) or not job.public_only]
        student = Student(transcript, probes_of(assignment.name))
        self.grading = Grading(student, reference(assignment), job.offering.salt)
        known = precedents(job.offering)
        self.by_precedent = ByPrecedent(self.grading, transcript, known)

    def ask(self, request: Message) -> Message:
        """What the submission answers."""
        return self.answering.ask(request)

    def value(self, answer: Message) -> Any:
        """What an answer says."""
        return self.answering.value(answer)

    def load(self, entry: Entry | None) -> None:
        """Run the solution's cells with one replaced, in this process: for trusted code only."""
        self._whose = entry.id if entry else self._whose
        self.answering = here(self.offering.assignment, entry)

    def reports(self) -> dict[str, TaskReport]:
        """What was found, by task."""
        if self.grading.problems:  # a check that fails by itself is the first thing to know
            problem = self.grading.problems[0]
            raise RuntimeError(f"salt {self.offering.salt!r}, {self._whose}: {problem}")
        results = self.grading.results.values()
        return {
            task.key: TaskReport(
                task.key,
                task.points,
                tuple(r for r in results if r.task == task.key),
                rubric=task.rubric,
            )
            for task in self.tasks
        }


def grade_here(
    offering: Offering, entry: Entry | None, tasks: Iterable[str]
) -> dict[str, TaskReport]:
    """Grade the solution with one cell replaced, in this process: for trusted code only."""
    collected = Collected(Job(offering, entry, tuple(tasks)))
    collected.load(entry)
    run_suite(collected.files, collected.grading, collected.by_precedent)
    return collected.reports()


class Forks:
    """Pytest plugin: when checks are collected, a fork goes on with them for every submission.

    So none disturbs the next, and what is the same for all is done once.
    """

    def __init__(self, jobs: list[Job], processes: int | None) -> None:
        self.graded: list[tuple[Job, dict[str, TaskReport]]] = []
        self._collected = Collected(jobs[0])
        self._jobs = jobs
        self._processes = processes or processors()

    def run(self) -> None:
        """Grade all jobs."""
        run_suite(self._collected.files, self._collected.grading, self)
        if len(self.graded) < len(self._jobs):
            raise RuntimeError(f"not graded: {self._collected.grading.problems}")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Part; a fork knows the collected without being sent it."""
        self._collected.session = session
        _inherited.append(self._collected)
        gc.collect()
        gc.freeze()  # else every fork's first collection copies all memory
        try:
            context = multiprocessing.get_context("fork")
            with context.Pool(self._processes, maxtasksperchild=1) as pool:
                self.graded = list(pool.imap_unordered(_in_fork, self._jobs))
        finally:
            gc.unfreeze()
            _inherited.pop()
        return True


_inherited: list[Collected] = []


def _in_fork(job: Job) -> tuple[Job, dict[str, TaskReport]]:
    torch.set_num_threads(1)
    collected = _inherited[-1]
    collected.load(job.entry)
    items = collected.session.items
    for some in [[item] for item in items] if job.public_only else [items]:
        collected.session.items = some
        collected.by_precedent.pytest_runtestloop(collected.session)
        results = collected.grading.results.values()
        if job.public_only and any(r.verdict in FAILED or r.faults for r in results):
            collected.grading.pytest_sessionfinish()
            return job, collected.reports()
    collected.grading.pytest_sessionfinish()
    collected.grading.problems += collected.grading.missing_evidence()
    return job, collected.reports()


def grade_all(
    jobs: list[Job], processes: int | None = None
) -> Iterator[tuple[Job, dict[str, TaskReport]]]:
    """Grade many submissions, each in a process of its own, so that none disturbs the next."""
    for offering, task in dict.fromkeys((job.offering, task) for job in jobs for task in job.tasks):
        _grade_solution(offering, task)
    for _, alike in groupby(sorted(jobs, key=_checks), _checks):
        waiting = list(alike)
        while waiting:
            forks = Forks(waiting[:AT_ONCE], processes)
            forks.run()
            yield from forks.graded
            waiting = waiting[AT_ONCE:]


@cache
def _grade_solution(offering: Offering, task: str) -> None:
    """Grade it once, before the processes part: answers are kept."""
    grade_here(offering, None, [task])


def _checks(job: Job) -> tuple[str, str, tuple[str, ...], bool]:
    """What is to be run."""
    return job.offering.assignment.name, job.offering.salt, job.tasks, job.public_only


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
        lowest, highest = entry.deserves
        astray = 0.0 if entry.kind == "right" else ASTRAY
        lost = entry.kind == "right" or share < 1.0
        least = 0.0 if entry.unseen else lowest - astray
        if not (least <= share <= highest + astray and lost):
            at = f"; first: {first.check}: {first.rationale}" if first else ""
            found.append(f"earns {share:.3f} of its task, not {lowest:g}..{highest:g}{at}")
        if entry.public and not any(c.public and c.verdict in FAILED for c in report.checks):
            found.append("passes all public checks")
        message = first_message(report)
        if entry.says and entry.says.lower() not in message.lower():
            found.append(f"is told {message!r}, without {entry.says!r}")
    return found
