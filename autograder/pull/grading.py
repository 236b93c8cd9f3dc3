"""Grades a pull request: from what git and the server say to the pages a student reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autograder.errors import GitError
from autograder.report.attempts import Attempt, attempts_before, keep
from autograder.report.record import Report
from autograder.terms import FILE, Terms, read_terms

from .event import Request
from .git import Repository
from .handin import HandIn, NotGraded, hand_in, hand_in_at, read_capped
from .outcome import GRADED, GRADER_ERROR, LATE, NEEDS_PERSON, NOT_GRADED, Outcome, stamp
from .pages.folder import clear, read_previous, write_pages

Grade = Callable[[str, Path], Report]  # an assignment's name and a notebook -> its report


@dataclass(frozen=True)
class Conditions:
    """What every pull request is graded with.

    Attributes:
        grade: the judge.
        assignments: names of those that can be handed in.
        path: where the submission lies in a repository of the student's own.
        attempts: the file in which attempts are kept; None keeps none.
        attempts_today: how many came before on this day, if the server has counted.
        previous: the report of the attempt before.
        extension: how much longer the owner of an account has for an assignment.
    """

    grade: Grade
    assignments: Sequence[str]
    offering: Path = FILE
    path: str = ""
    attempts: Path | None = None
    attempts_today: int | None = None
    previous: Path | None = None
    extension: Callable[[str, str], timedelta] = lambda assignment, login: timedelta(0)


def grade_request(
    request: Request, repository: Repository, folder: Path, conditions: Conditions, now: datetime
) -> tuple[Outcome, str]:
    """Grade a request and write records and pages into a folder.

    Returns:
        What became of it, and what went wrong in the grader, for its owner's eyes only.

    Raises:
        OSError: the folder cannot be written.
    """
    clear(folder)
    known = Outcome(
        NOT_GRADED,
        login=request.login,
        number=request.number,
        head=request.head,
        base=request.base,
        came=stamp(request.came),
    )
    try:
        return _graded(known, request, repository, folder, conditions, now), ""
    except NotGraded as reason:
        labels = (NEEDS_PERSON,) if reason.needs_person else ()
        outcome, fault = replace(known, words=(str(reason),), labels=labels), ""
    except Exception as error:  # whatever one request has found wrong, its author is told of it
        outcome = replace(known, status=GRADER_ERROR, labels=(NEEDS_PERSON,))
        fault = f"{type(error).__name__}: {error}"
    write_pages(folder, outcome)
    return outcome, fault


def _graded(
    known: Outcome,
    request: Request,
    repository: Repository,
    folder: Path,
    conditions: Conditions,
    now: datetime,
) -> Outcome:
    newest = repository.commit(request.ref) if repository.has(request.ref) else ""
    if newest and newest != request.head and not repository.has(request.head):
        raise NotGraded(
            f"{request.head[:12]} was replaced by {newest[:12]}, which is graded by itself."
        )
    head = repository.commit(request.head)
    signature = repository.signature(head)
    handed_in = _handed_in(request, repository, head, conditions)
    data = read_capped(repository, handed_in)
    terms = read_terms(handed_in.assignment, conditions.offering)
    terms = terms.extended(conditions.extension(handed_in.assignment, request.login))
    attempt = Attempt(handed_in.assignment, request.login, _day(terms, now), head)
    number = _attempt_number(conditions, terms, attempt)
    words, labels = _told(request, handed_in, terms, head, newest)
    notebook = folder / f"{handed_in.assignment}.ipynb"
    notebook.write_bytes(data)
    report = conditions.grade(handed_in.assignment, notebook)
    report = report.about(
        student=request.login, submission=report.submission, findings=report.findings
    )
    level = terms.reveal(now)
    outcome = replace(
        known,
        status=GRADED,
        assignment=handed_in.assignment,
        path=handed_in.path,
        head=head,
        replaced_by=newest if newest != head else "",
        author=signature.author,
        committed=stamp(signature.committed),
        due=stamp(terms.due),
        late_seconds=terms.late(request.came).total_seconds(),
        penalty_percent=terms.penalty_percent(request.came),
        attempt=number,
        reveal=level.value,
        words=tuple(words),
        labels=tuple(labels),
    )
    previous = read_previous(conditions.previous, handed_in.assignment)
    write_pages(folder, outcome, report, level, terms, previous, data)
    if conditions.attempts is not None:
        keep(conditions.attempts, attempt)
    return outcome


def _handed_in(
    request: Request, repository: Repository, head: str, conditions: Conditions
) -> HandIn:
    if not request.base:
        fits = [n for n in conditions.assignments if conditions.path.endswith(f"{n}.ipynb")]
        names = sorted(fits, key=len)[-1:]  # a name may end with another
        if len(names) != 1:
            raise GitError(
                f"without a base to compare with, --path must name one of "
                f"{', '.join(f'{n}.ipynb' for n in conditions.assignments)}; "
                f"it is {conditions.path!r}"
            )
        return hand_in_at(repository, head, conditions.path, names[0])
    changes = repository.changes(repository.commit(request.base), head)
    return hand_in(changes, request.login, conditions.assignments)


def _attempt_number(conditions: Conditions, terms: Terms, attempt: Attempt) -> int:
    """Which of the day's attempts this is; 0 if nobody counts."""
    before = conditions.attempts_today
    if before is None and conditions.attempts is not None:
        before = attempts_before(conditions.attempts, attempt)
    if before is None:
        return 0
    if terms.attempts_per_day and before >= terms.attempts_per_day:
        raise NotGraded(
            f"{before} attempts were graded on {attempt.day}, and no more are on one day. What you "
            f"pushed keeps its time; push again, or have this run again, after midnight "
            f"({terms.zone.key})."
        )
    return before + 1


def _told(
    request: Request, handed_in: HandIn, terms: Terms, head: str, newest: str
) -> tuple[list[str], list[str]]:
    """What a student is told besides the report, and the labels that go with it."""
    words, labels = [], []
    if terms.about_due:
        words.append(terms.about_due)
    if terms.due and request.came and terms.late(request.came):
        taken = f"{terms.penalty_percent(request.came):g} % of the points earned"
        span = _span(*terms.late_span(request.came))
        words.append(f"Late by {span} (due {terms.local(terms.due)}): {taken} will be taken off.")
        labels.append(LATE)
    if terms.due and request.came is None:
        words.append("No server has said when this came; whether it is late, a person decides.")
        labels.append(NEEDS_PERSON)
    if newest and newest != head:
        words.append(f"Since then {newest[:12]} was pushed, which is graded by itself.")
    if handed_in.others:
        files = "1 other file" if handed_in.others == 1 else f"{handed_in.others} other files"
        words.append(f"{files} in your folder: not read. The notebook alone is graded.")
    return words, labels


def _span(days: int, rest: timedelta) -> str:
    hours, minutes = divmod(int(rest.total_seconds() // 60), 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "under a minute"


def _day(terms: Terms, now: datetime) -> str:
    return now.astimezone(terms.zone).date().isoformat()


def moment() -> datetime:
    """The grader's own clock."""
    return datetime.now(UTC)
