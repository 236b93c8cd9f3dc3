"""`make measure`: what the grader catches, what it lets through, and what it says.

Prints a table and writes `build/measure.md`. Every submission of the corpus is graded on its own
task with every salt, and once on all tasks.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path

from tqdm import tqdm

from autograder.assignment import ROOT
from autograder.checks.verdicts import Verdict
from autograder.report import TaskReport

from .corpus import ASSIGNMENT, Entry, Job, entries, first_message, grade_all, problems
from .naive import caught_by_naive_suite

TASKS = tuple(task.key for task in ASSIGNMENT.graded_tasks)


class Measurement:
    """All verdicts on the corpus, by entry and salt."""

    def __init__(self) -> None:
        self.own: dict[str, dict[str, TaskReport]] = defaultdict(dict)  # entry id -> salt -> report
        self.problems: dict[str, set[str]] = defaultdict(set)

    def add(self, job: Job, reports: dict[str, TaskReport]) -> None:
        """Keep one grading."""
        assert job.entry is not None
        entry = job.entry
        self.own[entry.id][job.salt] = reports[entry.task]
        self.problems[entry.id].update(problems(entry, reports))

    def unsteady(self) -> list[str]:
        """Entries whose mark depends on the salt."""
        marks = {name: {r.points for r in by_salt.values()} for name, by_salt in self.own.items()}
        return sorted(name for name, found in marks.items() if len(found) > 1)

    def kills(self, entry: Entry) -> set[str]:
        """The checks that one entry fails, with any salt."""
        failed = (Verdict.WRONG, Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.EXCEEDED_LIMIT)
        return {
            check.check
            for report in self.own[entry.id].values()
            for check in report.checks
            if check.verdict in failed
        }

    def told(self, entry: Entry) -> bool:
        """Whether the first message says what a good teacher would, with every salt."""
        reports = self.own[entry.id].values()
        return all(entry.says.lower() in first_message(report).lower() for report in reports)


def measure(salts: list[str], processes: int | None) -> Measurement:
    """Grade the whole corpus."""
    corpus = entries()
    jobs = [Job(entry, salts[0], TASKS) for entry in corpus]
    jobs += [Job(entry, salt, (entry.task,)) for entry in corpus for salt in salts[1:]]
    found = Measurement()
    for job, reports in tqdm(
        grade_all(jobs, processes), total=len(jobs), desc="grading", mininterval=5.0
    ):
        found.add(job, reports)
    return found


def table(found: Measurement, salts: int) -> str:
    """The figures as Markdown."""
    corpus = entries()
    naive_kills = caught_by_naive_suite(corpus)
    lines = [
        "| task | wrong | caught | by a naive suite | first message right | right | failed "
        "| partly right | in range |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for key in (*TASKS, "all"):
        chosen = [entry for entry in corpus if key in (entry.task, "all")]
        wrong = [entry for entry in chosen if entry.kind == "wrong"]
        right = [entry for entry in chosen if entry.kind == "right"]
        partly = [entry for entry in chosen if entry.kind == "partly"]
        caught = [entry for entry in wrong if found.kills(entry)]
        naive = [entry for entry in wrong if entry.id in naive_kills]
        told = [entry for entry in wrong if found.told(entry)]
        failed = [entry for entry in right if found.problems[entry.id]]
        in_range = [entry for entry in partly if not found.problems[entry.id]]
        counts = [wrong, caught, naive, told, right, failed, partly, in_range]
        lines.append(f"| {key} | " + " | ".join(str(len(part)) for part in counts) + " |")
    seen = sum(bool(entry.seen) for entry in corpus if entry.kind == "wrong")
    lines += [
        "",
        f"{salts} salts; marks that depend on the salt: {len(found.unsteady())}. "
        f"Wrong submissions seen in real code: {seen}.",
        "",
        "| check | submissions that fail it | that only it fails |",
        "|---|---|---|",
    ]
    lines += [f"| {check} | {all_} | {only} |" for check, all_, only in kill_counts(found)]
    return "\n".join(lines) + "\n"


def kill_counts(found: Measurement) -> list[tuple[str, int, int]]:
    """For every check: how many entries fail it, and how many fail no other."""
    every: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    names: dict[str, None] = {}
    for entry in entries():
        for report in found.own[entry.id].values():
            names.update(dict.fromkeys(check.check for check in report.checks))
        kills = found.kills(entry)
        every.update(kills)
        if len(kills) == 1:
            alone.update(kills)
    return [(name, every[name], alone[name]) for name in names]


def main() -> int:
    """Measure, print, and fail if the grader is at odds with the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--salts", type=int, default=3, help="how many salts (default 3)")
    parser.add_argument("--jobs", type=int, default=None, help="processes (default: all cores)")
    options = parser.parse_args()
    salts = [f"measure-{number}" for number in range(options.salts)]
    found = measure(salts, options.jobs)
    text = table(found, len(salts))
    print(text)
    target = ROOT / "build" / "measure.md"
    target.parent.mkdir(exist_ok=True)
    Path(target).write_text(text)
    at_odds = {name: wrong for name, wrong in sorted(found.problems.items()) if wrong}
    for name, wrong in at_odds.items():
        print(f"at odds: {name}: {'; '.join(sorted(wrong))}")
    for name in found.unsteady():
        print(f"depends on the salt: {name}")
    return 1 if at_odds or found.unsteady() else 0


if __name__ == "__main__":
    sys.exit(main())
