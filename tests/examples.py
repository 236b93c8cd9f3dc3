"""One example of each record, with all that is hard to write down; `golden/` holds their text."""

from __future__ import annotations

from autograder.judge.results import Result
from autograder.pull.outcome import GRADED, LATE, NEEDS_PERSON, Outcome
from autograder.report.attempts import Attempt
from autograder.report.record import Report, TaskReport
from autograder.rubric import Limit, Line, Rubric
from checks.verdicts import CheckResult, Fault, Verdict

TASK = TaskReport(
    "encoder",
    20.0,
    (
        CheckResult("encoder/shapes", "You return “shapes”.", 1.0, Verdict.PASSED, public=True),
        CheckResult(
            "encoder/order[3]",
            "You keep the batch's order.",
            0.1 + 0.2,
            Verdict.WRONG,
            public=False,
            rationale='row 2 came third; "é" </script> \\ \t🙂',
            help="was it sorted, and never put back?",
            guess=True,
            line="rows",
        ),
        CheckResult(
            "encoder/state",
            "You return h and c.",
            1.0,
            Verdict.WRONG,
            public=False,
            rationale="h and c are exchanged",
            help="h comes first",
            line="rows",
            faults=(Fault("context", 0.25, "h and c are exchanged", "h comes first"),),
            known=True,
            mended=True,
        ),
        CheckResult(
            "encoder/length",
            "You take length 1.",
            5e-7,
            Verdict.SKIPPED,
            public=False,
            line="context",
            follows="encoder/order[3]",
        ),
        CheckResult("encoder/pads", "You skip padding.", 123456.789, Verdict.CRASHED, public=False),
        CheckResult("encoder/whole", "You end.", 2.0, Verdict.TIMED_OUT, public=False),
    ),
    rubric=Rubric(
        (Line("context", 12.5, "You “keep” h and c."), Line("rows", 7.5, "You keep rows.")),
        (Limit(0.1, ("shapes", "order"), "A constant"),),
    ),
)
BESIDE = {
    "greedy BLEU on hidden sentences": 41.5,
    "search-error rate": [0.5, 0.25, 1 / 3],
    "on cuda": {"agrees": None, "why": "no “cuda”", "tasks": {"encoder": {"agrees": True}}, "n": 3},
}
REPORT = Report(
    "seq2seq",
    (TASK, TaskReport("greedy", 15.0), TaskReport("translation", 10.0, by_hand=True)),
    ("a cell was missing: “déjà”", "\x1b[31m\u202e"),
    wall="bubblewrap",
    suite="5f2a",
    student="a17",
    submission="unreadable",
    beside=BESIDE,
)
OUTCOME = Outcome(
    GRADED,
    login="Alice",
    number=7,
    assignment="seq2seq",
    path="submissions/Alice/seq2seq.ipynb",
    head="a" * 40,
    base="b" * 40,
    author="Ålice <a@example.org>",
    committed="2026-11-01T00:00:00Z",
    came="2026-11-20T10:00:00Z",
    due="2026-11-19T10:00:00Z",
    late_seconds=86400.5,
    penalty_percent=10.0,
    attempt=2,
    reveal="messages",
    words=("Late by 1 d.", "“Since then”"),
    labels=(LATE, NEEDS_PERSON),
)
RESULT = Result(TASK, ("“déjà”",), BESIDE)
ATTEMPT = Attempt("seq2seq", "Ålice", "2026-11-20", "a" * 40)
