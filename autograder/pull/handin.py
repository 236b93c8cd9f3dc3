"""Which file of a pull request is the submission, or why there is none to grade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.files import MAX_BYTES

from .git import ABSENT, Change, Repository

FOLDER = "submissions"
KINDS = {"120000": "a link", "160000": "another repository", ABSENT: "deleted"}


@dataclass(frozen=True)
class HandIn:
    """The one file to grade."""

    assignment: str
    path: str
    blob: str
    others: int = 0  # other files of the student's folder that the request changes


class NotGraded(Exception):
    """There is nothing here that may be graded; the message is for the student.

    Attributes:
        needs_person: whether it is for a person to look at, and not only for the student.
    """

    def __init__(self, words: str, needs_person: bool = False) -> None:
        super().__init__(words)
        self.needs_person = needs_person


def hand_in(changes: Sequence[Change], login: str, assignments: Sequence[str]) -> HandIn:
    """The submission among a request's changes: `submissions/<login>/<assignment>.ipynb`.

    Args:
        login: of the request's author; accounts' names do not depend on case.

    Raises:
        NotGraded: none, several, none of a student's to change, or no regular file.
    """
    own = [change for change in changes if _is_own(change.path, login)]
    outside = [change for change in changes if change not in own]
    home = f"{FOLDER}/{login}/"
    if outside:
        raise NotGraded(_about(outside, home, assignments), needs_person=True)
    names = {f"{assignment}.ipynb": assignment for assignment in assignments}
    candidates = [change for change in own if change.path.split("/", 2)[2] in names]
    wanted = " or ".join(f"{home}{name}" for name in sorted(names))
    if not candidates:
        changed = f"it changes {own[0].path}" if own else "it changes nothing"
        raise NotGraded(f"No submission was found: {changed}. Hand in {wanted}, under that name.")
    if len(candidates) > 1:
        paths = ", ".join(change.path for change in candidates[:5])
        raise NotGraded(
            f"This request holds {len(candidates)} submissions ({paths}). "
            "Open one request for each."
        )
    rest = [change for change in own if change not in candidates]
    for change in rest:
        if not change.regular and change.mode != ABSENT:
            raise NotGraded(f"{change.path} is {_kind(change)}; take it out.", needs_person=True)
    return _checked(candidates[0], names[candidates[0].path.split("/", 2)[2]], len(rest))


def hand_in_at(repository: Repository, commit: str, path: str, assignment: str) -> HandIn:
    """The submission in a repository of the student's own, where only one file is looked at.

    Raises:
        NotGraded: it is not there, or no regular file.
    """
    return _checked(repository.entry(commit, path), assignment, 0)


def read_capped(repository: Repository, file: HandIn) -> bytes:
    """The submission's bytes.

    Raises:
        NotGraded: it is too large; nothing was read then.
    """
    size = repository.size(file.blob)
    if size > MAX_BYTES:
        raise NotGraded(
            f"{file.path} has {size} bytes, more than {MAX_BYTES}. Clear large outputs, save, "
            "push again."
        )
    return repository.read(file.blob, MAX_BYTES)


def _checked(change: Change, assignment: str, others: int) -> HandIn:
    if change.mode == ABSENT:
        raise NotGraded(f"{change.path} is not there, or was deleted. Put it back, push again.")
    if not change.regular:
        raise NotGraded(
            f"{change.path} is {_kind(change)}, not a file. Hand in the notebook itself.",
            needs_person=True,
        )
    return HandIn(assignment, change.path, change.blob, others)


def _kind(change: Change) -> str:
    return KINDS.get(change.mode, f"of mode {change.mode}")


def _is_own(path: str, login: str) -> bool:
    parts = path.split("/", 2)
    if len(parts) < 3 or parts[0] != FOLDER:
        return False
    return parts[1].isascii() and parts[1].lower() == login.lower()  # K, the Kelvin sign, is no k


def _about(outside: Sequence[Change], home: str, assignments: Sequence[str]) -> str:
    names = ", ".join(change.path for change in outside[:5])
    more = f" and {len(outside) - 5} more" if len(outside) > 5 else ""
    words = (
        f"This request changes what is not yours to change: {names}{more}. Only files in {home} "
        "are graded. Take the other changes out and push again; until then nothing is graded, "
        "and a person is asked to look."
    )
    for name in (f"{assignment}.ipynb" for assignment in assignments):
        if any(change.path == name for change in outside):
            words += f" Your notebook belongs at {home}{name}; leave {name} as it was."
    return words
