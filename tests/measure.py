"""`make measure`: what the grader catches, what it lets through, and what it says.

Prints tables and writes `build/measure-<assignment>.md`. Every submission of the corpus is graded
with the first salt on all tasks, with each further salt on its own task.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections import Counter, defaultdict
from fnmatch import fnmatch
from statistics import mean

import pandas
from tqdm import tqdm

from autograder.assignment import ROOT, Assignment, only_assignment
from autograder.errors import Failure
from autograder.offering import Offering
from autograder.report.record import TaskReport
from checks.verdicts import CheckResult

from . import naive
from .corpus import FAILED, FOLDER, Entry, Job, entries, first_message, grade_all, problems

ROUNDING = 0.001  # of points to cents
TOGETHER = 0.03  # of the task: by how much two mistakes may cost more than their sum


class Measurement:
    """All verdicts on some entries of the corpus, by entry and salt."""

    def __init__(self, assignment: Assignment, corpus: list[Entry]) -> None:
        self.assignment = assignment
        self.corpus = corpus
        self.own: dict[str, dict[str, TaskReport]] = defaultdict(dict)  # entry id -> salt -> report
        self.problems: dict[str, set[str]] = defaultdict(set)

    def add(self, job: Job, reports: dict[str, TaskReport]) -> None:
        """Keep one grading."""
        assert job.entry is not None
        entry = job.entry
        self.own[entry.id][job.offering.salt] = reports[entry.task]
        self.problems[entry.id].update(problems(entry, reports))

    def unsteady(self) -> list[str]:
        """Entries whose mark depends on the salt."""
        marks = {
            name: {r.points or 0.0 for r in by_salt.values()} for name, by_salt in self.own.items()
        }
        return [f"{name}: {sorted(m)}" for name, m in sorted(marks.items()) if len(m) > 1]

    def kills(self, entry: Entry) -> set[str]:
        """The checks that one entry fails, with any salt."""
        return {
            check.check
            for report in self.own[entry.id].values()
            for check in report.checks
            if check.verdict in FAILED
        }

    def share(self, entry: Entry) -> float:
        """The share of its task's points that an entry earns, with the first salt."""
        report = next(iter(self.own[entry.id].values()))
        return (report.points or 0.0) / report.max_points

    def told(self, entry: Entry) -> bool:
        """Whether the first message says what a good teacher would, with every salt."""
        reports = self.own[entry.id].values()
        return all(entry.says.lower() in first_message(report).lower() for report in reports)

    def checks(self) -> dict[str, CheckResult]:
        """Every check that was run, as it ended once."""
        reports = [report for by_salt in self.own.values() for report in by_salt.values()]
        return {check.check: check for report in reports for check in report.checks}

    def only_killers(self) -> Counter[str]:
        """For every hidden check with a weight: how many entries fail no other of these."""
        checks = self.checks().items()
        weighty = {name for name, check in checks if check.weight and not check.public}
        kills = [self.kills(entry) & weighty for entry in self.corpus]
        return Counter(check for found in kills if len(found) == 1 for check in found)

    def superfluous(self) -> list[str]:
        """Hidden checks that no entry needs and no argument keeps."""
        needed, kept = self.only_killers(), arguments(self.assignment)
        hidden = [name for name, check in self.checks().items() if not check.public]
        return [name for name in hidden if name not in needed and name not in kept]


def arguments(assignment: Assignment) -> dict[str, str]:
    """Why a hidden check stays though each entry that fails it fails another too."""
    found: dict[str, str] = {}
    for task in assignment.graded_tasks:
        key = task.key
        limiting = {name for limit in task.rubric.at_most for name in limit.unless}
        found |= {f"{key}/{name}": "a limit of the rubric reads it" for name in limiting}
        for file in assignment.suite_files(key):
            suite = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
            for name, function in vars(suite).items():
                for mark in getattr(function, "pytestmark", []):
                    if "stays" in mark.kwargs:
                        found[f"{key}/{name.removeprefix('test_')}"] = mark.kwargs["stays"]
    return found


def tasks_of(assignment: Assignment) -> tuple[str, ...]:
    """The keys of the tasks that suites grade."""
    return tuple(task.key for task in assignment.graded_tasks)


def measure(
    assignment: Assignment,
    corpus: list[Entry],
    salts: list[str],
    processes: int | None,
    own: bool,
) -> Measurement:
    """Grade entries: with the first salt on all tasks unless `own`, with others on their own."""
    first, *further = (Offering(assignment, salt) for salt in salts)
    every = tasks_of(assignment)
    jobs = [Job(first, entry, (entry.task,) if own else every) for entry in corpus]
    jobs += [Job(offering, entry, (entry.task,)) for entry in corpus for offering in further]
    found = Measurement(assignment, corpus)
    graded = grade_all(jobs, processes)
    for job, reports in tqdm(graded, total=len(jobs), desc="grading", mininterval=5.0):
        found.add(job, reports)
    return found


def task_table(found: Measurement) -> list[str]:
    """What was caught, what was told and what was marked wrongly, a row per task."""
    yardstick = found.assignment == naive.ASSIGNMENT  # the only one that has a naive suite
    naive_kills = naive.caught_by_naive_suite(found.corpus) if yardstick else set()
    lines = [
        "| task | wrong | caught | by a naive suite | first message right | right | failed |",
        "|---|---|---|---|---|---|---|",
    ]
    for key in (*tasks_of(found.assignment), "all"):
        chosen = [entry for entry in found.corpus if key in (entry.task, "all")]
        wrong = [entry for entry in chosen if entry.kind == "wrong"]
        right = [entry for entry in chosen if entry.kind == "right"]
        caught = [entry for entry in wrong if found.kills(entry)]
        simple = [entry for entry in wrong if entry.id in naive_kills]
        told = [entry for entry in wrong if found.told(entry)]
        failed = [entry for entry in right if found.problems[entry.id]]
        counts = [wrong, caught, simple, told, right, failed]
        shown = [str(len(part)) if yardstick or part is not simple else "–" for part in counts]
        lines.append(f"| {key} | {' | '.join(shown)} |")
    return lines


SLIP, FAULT = 0.2, 0.4  # shares lost: a slip costs less than the one, a core fault over the other


def fairness_table(found: Measurement) -> list[str]:
    """How the marks agree with what the entries deserve, a row per task."""
    lines = [
        "| task | wrong | rank correlation | mean mark | deserved | slips below half marks "
        "| nothing though something works | core faults above 60 % | within what is deserved "
        "| lower, since nothing is seen |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for key in (*tasks_of(found.assignment), "all"):
        chosen = [e for e in found.corpus if e.kind == "wrong" and e.costs]
        chosen = [entry for entry in chosen if key in (entry.task, "all")]
        marks = [found.share(entry) for entry in chosen]
        deserved = [entry.deserves for entry in chosen]
        both = list(zip(marks, deserved, strict=True))
        slips = sum(mark < 0.5 for mark, (lowest, _) in both if lowest >= 1 - SLIP)
        nothing = sum(mark == 0 for mark, (lowest, _) in both if lowest > 0.1)
        core = sum(mark > 0.6 for mark, (_, highest) in both if highest <= 1 - FAULT)
        within = sum(lowest - 0.005 <= mark <= highest + 0.005 for mark, (lowest, highest) in both)
        facts = [
            str(len(chosen)),
            f"{rank_correlation(marks, [entry.middle for entry in chosen]):.2f}",
            f"{mean(marks):.0%}" if marks else "–",
            f"{mean(entry.middle for entry in chosen):.0%}" if marks else "–",
            *map(str, (slips, nothing, core, within, sum(bool(e.unseen) for e in chosen))),
        ]
        lines.append(f"| {key} | {' | '.join(facts)} |")
    return lines


def rank_correlation(one: list[float], other: list[float]) -> float:
    """Spearman's, ties sharing their ranks; NaN where there is nothing to compare."""
    return float(pandas.Series(one).rank().corr(pandas.Series(other).rank()))


def line_table(found: Measurement) -> list[str]:
    """What each line of the rubrics costs the wrong answers to its task, in the mean."""
    head = "| task | line | points | answers that lose there | mean loss |"
    lines = [head, "|---|---|---|---|---|"]
    for task in found.assignment.graded_tasks:
        wrong = [e for e in found.corpus if e.kind == "wrong" and e.task == task.key]
        for line in task.rubric.line:
            losses = [
                one.line.points - one.points
                for entry in wrong
                for report in found.own[entry.id].values()
                for one in report.mark.lines
                if one.line.key == line.key and one.points < one.line.points
            ]
            loss = f"{mean(losses):.2f}" if losses else "–"
            lines.append(f"| {task.key} | {line.key} | {line.points:g} | {len(losses)} | {loss} |")
    return lines


def unfair_pairs(found: Measurement) -> list[str]:
    """Answers with two mistakes that earn more than with one, or lose more than with each alone."""
    said = []
    for entry in (e for e in found.corpus if e.kind == "two"):
        single = [f"{entry.task}/wrong/{name}" for name in entry.mistakes]
        alone = [e for e in found.corpus if e.id in single]
        if len(alone) < 2:
            continue
        mark, marks = found.share(entry), [found.share(one) for one in alone]
        limited = any(report.mark.limit for report in found.own[entry.id].values())
        least = min(min(marks), 1 - sum(1 - one for one in marks) - ROUNDING)
        if mark > min(marks) + ROUNDING:
            said.append(f"{entry.id} earns {mark:.3f}, with one mistake {min(marks):.3f}")
        elif mark < least - TOGETHER and not limited:
            said.append(f"{entry.id} earns {mark:.3f}, its mistakes alone {marks}")
    return said


def check_table(found: Measurement) -> list[str]:
    """How many entries fail each check, and how many fail no other hidden check."""
    every = Counter(check for entry in found.corpus for check in found.kills(entry))
    alone, kept = found.only_killers(), arguments(found.assignment)
    lines = [
        "| check | submissions that fail it | and no other hidden check | why it stays |",
        "|---|---|---|---|",
    ]
    for name, check in found.checks().items():
        only = "public" if check.public else str(alone[name])
        lines.append(f"| {name} | {every[name]} | {only} | {kept.get(name, '')} |")
    return lines


def answers(found: Measurement) -> list[str]:
    """For each entry its points, and the first message: what its author would read."""
    return [
        f"{name} (salt {salt}): {report.points:g} of {report.max_points:g} points. "
        f"{first_message(report) or 'nothing to fix'}"
        for name, by_salt in found.own.items()
        for salt, report in by_salt.items()
    ]


def main() -> int:
    """Measure, print, and fail if the grader is at odds with the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entries", nargs="*", default=["*"], help="e.g. 'encoder/wrong/*'")
    parser.add_argument("--assignment", metavar="NAME", help="if there are several")
    parser.add_argument("--salts", type=int, default=1, help="how many salts (default 1)")
    parser.add_argument("--jobs", type=int, default=None, help="processes (default: all cores)")
    parser.add_argument("--own", action="store_true", help="grade no entry on other tasks")
    options = parser.parse_args()
    try:
        assignment = Assignment(options.assignment or only_assignment())
        every = entries(assignment)
    except Failure as error:
        parser.error(str(error))
    if not every:
        parser.error(f"there are no answers in {FOLDER / assignment.name}")
    corpus = [e for e in every if any(fnmatch(e.id, pattern) for pattern in options.entries)]
    salts = [f"measure-{n}" for n in range(options.salts)]
    found = measure(assignment, corpus, salts, options.jobs, options.own)
    seen = sum(bool(entry.seen) for entry in corpus if entry.kind == "wrong")
    facts = f"{options.salts} salts. Wrong submissions with the place they were seen: {seen}."
    tables = [task_table(found), [facts]]
    tables += [fairness_table(found)] if any(entry.costs for entry in corpus) else []
    tables += [line_table(found)] if any(task.rubric.line for task in assignment.tasks) else []
    tables += [check_table(found)]
    text = "\n".join(line for table in tables for line in (*table, ""))
    print(text)
    at_odds = {name: wrong for name, wrong in sorted(found.problems.items()) if wrong}
    for name, wrong in at_odds.items():
        print(f"at odds: {name}: {'; '.join(sorted(wrong))}")
    for line in unfair_pairs(found):
        print(f"unfair: {line}")
    for line in found.unsteady():
        print(f"mark depends on the salt: {line}")
    if options.entries != ["*"]:
        print(*answers(found), sep="\n")
        return 1 if at_odds or unfair_pairs(found) or found.unsteady() else 0
    for name in found.superfluous():
        print(f"no submission needs it: {name}")
    target = ROOT / "build" / f"measure-{assignment.name}.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)
    return 1 if at_odds or unfair_pairs(found) or found.unsteady() or found.superfluous() else 0


if __name__ == "__main__":
    sys.exit(main())
