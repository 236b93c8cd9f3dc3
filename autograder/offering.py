"""One offering of the course: an assignment, and the secret that its inputs are drawn from."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from .assignment import ROOT, Assignment
from .errors import GraderError
from .files import read_typed
from .report.excuse import FILE as EXCUSED
from .report.excuse import Excuse, read_excuses

SALT_VARIABLE = "AUTOGRADER_SALT"
SALT_FILE = ROOT / ".salt"


@dataclass(frozen=True)
class Offering:
    """An assignment as it is given once: what all marks of one class have in common."""

    assignment: Assignment
    salt: str = field(repr=False)  # a secret: in no log, in no traceback
    excuses: tuple[Excuse, ...] = ()  # checks that do not count as they did

    @staticmethod
    def here(assignment: Assignment, root: Path = ROOT) -> Offering:
        """The offering of a course directory.

        Raises:
            GraderError: its salt is an empty file.
            RecordError: a decision about a check cannot be read.
            OSError: the salt cannot be read or kept.
        """
        return Offering(assignment, offering_salt(), read_excuses(root / EXCUSED, assignment.name))


def offering_salt() -> str:
    """The secret of this offering: from AUTOGRADER_SALT, else from `.salt`, made on first use."""
    salt = os.environ.get(SALT_VARIABLE, "").strip()
    if salt:
        return salt
    try:
        with open(SALT_FILE, "x", encoding="utf-8", opener=_owner_only) as file:
            file.write(secrets.token_hex(16) + "\n")
    except FileExistsError:
        pass
    salt = read_typed(SALT_FILE).strip()
    if not salt:
        raise GraderError(f"{SALT_FILE} is empty; delete it, or set {SALT_VARIABLE}")
    return salt


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
