"""An offering's dates and limits, from `offering.toml`: when work is late, how much is told."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ..assignment import ROOT

FILE = ROOT / "offering.toml"
UTC_ZONE = ZoneInfo("UTC")
DAY = timedelta(days=1)


class OfferingError(ValueError):
    """The offering's settings are not in order."""


class Reveal(IntEnum):
    """How much of a report a student is shown; each level adds to the one before."""

    NOTHING = 0  # that it came, and what was odd about the file
    TOTAL = 1  # the sum of points
    TASKS = 2  # the points of each task, and the public checks
    CHECKS = 3  # the sentence and the verdict of each hidden check
    MESSAGES = 4  # what was seen, and where to look first


@dataclass(frozen=True)
class Terms:
    """What holds for one assignment of the offering."""

    zone: ZoneInfo = UTC_ZONE
    due: datetime | None = None  # UTC; None: never late
    grace_minutes: float = 10.0
    late_percent_per_day: float = 10.0  # of the points earned, for each day begun
    late_days: int = 7  # after which nothing counts
    attempts_per_day: int = 10  # graded ones of one student; 0: as many as they like
    reveal_before_due: Reveal = Reveal.MESSAGES
    reveal_after_due: Reveal = Reveal.MESSAGES

    def reveal(self, now: datetime) -> Reveal:
        """What may be shown at a moment."""
        over = self.due is not None and now > self.due
        return self.reveal_after_due if over else self.reveal_before_due

    def late(self, came: datetime | None) -> timedelta:
        """How long after the due date something came; nothing within the grace, or if unknown."""
        if self.due is None or came is None:
            return timedelta(0)
        late = came - self.due
        return late if late > timedelta(minutes=self.grace_minutes) else timedelta(0)

    def penalty_percent(self, came: datetime | None) -> float:
        """What is taken off the points earned, in percent of them."""
        days = math.ceil(self.late(came) / DAY)
        if days > self.late_days:
            return 100.0
        return min(100.0, days * self.late_percent_per_day)

    def local(self, moment: datetime) -> str:
        """A moment as the students' clocks show it."""
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M %Z")


def read_terms(assignment: str, file: Path = FILE) -> Terms:
    """The terms of an assignment; the defaults where the file, or a line in it, is missing.

    Raises:
        OfferingError: naming the setting, what was expected and what came.
    """
    if not file.is_file():
        return Terms()
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OfferingError(f"{file.name} is not TOML: {error}") from error
    settings = dict(settings)
    name = settings.pop("time_zone", "UTC")
    try:
        zone = ZoneInfo(name)
    except (ValueError, LookupError, TypeError, OSError) as error:
        raise OfferingError(
            f"{file.name}: time_zone {name!r} is no IANA zone such as Europe/Paris"
        ) from error
    for key, value in settings.items():
        if not isinstance(value, dict):
            raise OfferingError(f"{file.name}: {key} stands outside an assignment's section")
    section = settings.get(assignment, {})
    known = [field.name for field in fields(Terms) if field.name != "zone"]
    values = {}
    for key, value in section.items():
        if key not in known:
            raise OfferingError(f"{file.name}: no setting {key!r}; known: {', '.join(known)}")
        values[key] = _value(f"{file.name}: [{assignment}] {key}", key, value, zone)
    return Terms(zone=zone, **values)


def _value(name: str, key: str, value: Any, zone: ZoneInfo) -> Any:
    if key == "due":
        if not isinstance(value, datetime):
            raise OfferingError(f"{name}: expected a time such as 2026-11-30T18:00:00")
        # an hour that the clocks show twice is over when it is over the second time
        return (value if value.tzinfo else value.replace(tzinfo=zone, fold=1)).astimezone(UTC)
    if key.startswith("reveal"):
        levels = [level.name.lower() for level in Reveal]
        if value not in levels:
            raise OfferingError(f"{name}: expected one of {', '.join(levels)}, got {value!r}")
        return Reveal[str(value).upper()]
    whole = key in {"late_days", "attempts_per_day"}
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise OfferingError(f"{name}: expected a {'whole ' if whole else ''}number, got {value!r}")
    if not 0 <= value < math.inf:
        raise OfferingError(f"{name}: expected 0 or more, got {value!r}")
    return value
