"""One tree of errors: what a person is told in one line, and the exit code that goes with it.

A `Failure` is something to mend by whoever called: bad input, a missing program, a refusal. A
`GraderFault` is the grader's own, never the student's. Nothing here imports anything, so that the
command line can know them all before it knows what it shall do.
"""

from __future__ import annotations

from typing import ClassVar


class Failure(Exception):
    """It cannot be done, and the message says why and what to do."""

    exit_code: ClassVar[int] = 1
    label: ClassVar[str] = "error"


class GraderFault(Failure):
    """The grader itself failed; nothing is said about a submission."""

    exit_code = 2
    label = "grader error, not the student's"


class GraderError(GraderFault):
    """A check is missing or failed by its own fault; the submission has no mark."""


class WorkerError(GraderFault):
    """A worker did not start or cannot be ended."""


class Undecided(WorkerError):
    """The machine gave a submission too little of its time to say anything about it."""


class UnknownAssignment(Failure, LookupError):
    """There is no assignment, or no task in it, of this name."""


class AssignmentError(Failure, ValueError):
    """What an assignment declares, or shall be called, is not in order."""


class Unreadable(Failure, ValueError):
    """A file is not a notebook that can be read at all."""


class NotText(Failure, OSError):
    """A file that should hold text and does not."""


class WallError(Failure):
    """The wall is missing or does not hold."""


class LimitError(Failure, ValueError):
    """A limit that there is not, or a value it cannot have."""


class NoDevice(Failure, OSError):
    """The device asked for is not on this machine."""


class ReleaseRefused(Failure):
    """The release would give an answer away, or would not grade as it should."""


class CourseError(Failure):
    """The course's configuration or gradebook cannot be used as it is."""


class NoGradebook(CourseError):
    """Nothing was released yet, so there is no gradebook."""


class ClusterError(Failure):
    """The cluster cannot be used, or is no longer there; what was graded is kept."""


class ServerError(Failure):
    """The server cannot serve there, or not any more; what was graded is kept."""


class ClassError(Failure):
    """The class could not be graded as a whole."""


class NotAmended(Failure):
    """It cannot be done as it was asked for; nothing was changed."""


class SheetError(Failure, ValueError):
    """A list of students, or another table, cannot be used as it is; nothing was changed."""


class OfferingError(Failure, ValueError):
    """The offering's settings are not in order."""


class RecordError(Failure, ValueError):
    """A record is not of its schema; the message names the field, what was expected, what came."""


class EventError(Failure, ValueError):
    """An event, or what stands for it, does not say what must be known."""


class GitError(Failure):
    """Git could not answer; the message holds the question and git's words."""
