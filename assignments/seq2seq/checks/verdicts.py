"""The closed set of verdicts, and the result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a check can say. Listed in the order in which they are worth telling."""

    GRADER_ERROR = "grader error"  # our fault, never the student's
    NOT_ATTEMPTED = "not attempted"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    EXCEEDED_LIMIT = "exceeded a limit"
    WRONG = "wrong"
    SKIPPED = "skipped"  # needs an earlier check of the same task
    PASSED = "passed"


FOLLOWS = "follows from what is wrong above"
SIGNS = {Verdict.PASSED: "✓", Verdict.SKIPPED: "–", Verdict.GRADER_ERROR: "!"}  # else ✗


def sign(verdict: Verdict) -> str:
    """One character for a verdict."""
    return SIGNS.get(verdict, "✗")


@dataclass(frozen=True)
class Fault:
    """A mistake that was recognised: it costs a share of one line of the rubric, and that once.

    Either it explains all that a check was answered, or the judge has mended what came back and
    judged the rest as if it were right.
    """

    line: str  # key of the rubric's line that it breaks
    share: float  # of that line's points: what it costs
    rationale: str
    help: str = ""


@dataclass(frozen=True)
class CheckResult:
    """The verdict of one check, with the words a student reads."""

    check: str  # "<task>/<name>"
    sentence: str  # the check's docstring: the behaviour it asks for
    weight: float  # share of its line's points, relative to the line's other checks
    verdict: Verdict
    public: bool
    rationale: str = ""
    help: str = ""
    guess: bool = False  # the help names what usually causes this, not what was recognised
    line: str = ""  # key of the rubric's line that it gives evidence about
    faults: tuple[Fault, ...] = ()  # the mistakes that were recognised in it
    known: bool = False  # whether they are all that is wrong with it
    mended: bool = False  # whether it passes with them put right
    follows: str = ""  # the check whose failure may well be why this one did not pass

    @property
    def task(self) -> str:
        """The key of the task this check belongs to."""
        return self.check.partition("/")[0]


class StudentFault(Exception):
    """The student's code gave no value: not written, crashed, too slow or too large.

    Attributes:
        verdict: which of these.
        rationale: what happened, safe to show beside a public check.
        private_rationale: the same without any text the student's code could have composed,
            because an exception's message may quote a hidden input.
        help: where to look first, if the fault itself points somewhere.
        takes_hint: whether the help line that a check has for crashes may fit this one.
    """

    def __init__(
        self,
        verdict: Verdict,
        rationale: str,
        private_rationale: str = "",
        help: str = "",
        takes_hint: bool = False,
    ) -> None:
        super().__init__(rationale)
        self.verdict = verdict
        self.rationale = rationale
        self.private_rationale = private_rationale or rationale
        self.help = help
        self.takes_hint = takes_hint


def words(result: CheckResult) -> list[str]:
    """What a result says beyond its sentence, a line each."""
    if result.follows and result.verdict is not Verdict.SKIPPED:
        return [FOLLOWS]
    plain = (Verdict.PASSED, Verdict.WRONG)
    verdict = "" if result.verdict in plain else f"{result.verdict}: "
    lines = [verdict + result.rationale] if result.rationale else []
    return [*lines, *looks(result.help)]


def looks(help: str) -> list[str]:
    """A help line as it is shown, if there is one."""
    return [f"Look here first: {help}"] if help else []
