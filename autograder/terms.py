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

from .assignment import ROOT
from .errors import NotText, OfferingError
from .files import read_typed

FILE = ROOT / "offering.toml"
UTC_ZONE = ZoneInfo("UTC")
DAY = timedelta(days=1)
WORKED_OUT = frozenset({"zone", "about_due"})  # of the terms: no settings of an assignment


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
    about_due: str = ""  # what a change of the clocks has made of the due time, in a sentence

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

    def days_late(self, came: datetime | None) -> int:
        """How many days of lateness have begun, by the clocks of the course's zone.

        A day ends when the clocks show the due time again, also where they were changed meanwhile.
        """
        if not self.late(came):
            return 0
        assert came is not None
        assert self.due is not None
        # no zone's clocks have ever been changed by more than a day
        days = max(1, (came - self.due) // DAY - 1)
        while came > self._day_end(days):
            days += 1
        return days

    def late_span(self, came: datetime) -> tuple[int, timedelta]:
        """Whole days of lateness, and what came on top of them."""
        days = max(0, self.days_late(came) - 1)
        return days, came - self._day_end(days)

    def _day_end(self, days: int) -> datetime:
        """When a day of lateness is over; of day 0, the due date itself."""
        assert self.due is not None
        if not days:
            return self.due
        shown = self.due.astimezone(self.zone).replace(tzinfo=None)
        return moment_shown(shown + days * DAY, self.zone)

    def penalty_percent(self, came: datetime | None) -> float:
        """What is taken off the points earned, in percent of them."""
        days = self.days_late(came)
        if days > self.late_days:
            return 100.0
        return min(100.0, days * self.late_percent_per_day)

    def local(self, moment: datetime) -> str:
        """A moment as the students' clocks show it."""
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M %Z")


def moment_shown(shown: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks of a zone show a time: in UTC.

    Of a time that they show twice, the second; for one that they skip, the next that there is.
    """
    first, second = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second
    # skipped: read by the clocks before the change it is after the change, and the reverse
    before, after = second, first
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == second.astimezone(zone).utcoffset():
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _odd_time(shown: datetime, zone: ZoneInfo) -> str:
    """What is odd about a time of a zone; "" for nearly all."""
    offsets = [shown.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
    if offsets[0] == offsets[1]:
        return ""
    meant = moment_shown(shown, zone).astimezone(zone)
    night = f"{shown:%Y-%m-%d %H:%M} ({zone.key})"
    if offsets[0] < offsets[1]:
        return f"The clocks skip {night}: due is the next time that they show, {meant:%H:%M %Z}."
    return f"The clocks show {night} twice: due is the second time, {meant:%H:%M %Z}."


def read_terms(assignment: str, file: Path = FILE) -> Terms:
    """The terms of an assignment; the defaults where the file, or a line in it, is missing.

    Raises:
        OfferingError: naming the setting, what was expected and what came.
    """
    if not file.is_file():
        return Terms()
    try:
        settings = tomllib.loads(read_typed(file))
    except NotText as error:
        raise OfferingError(str(error)) from error
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
    known = [field.name for field in fields(Terms) if field.name not in WORKED_OUT]
    values: dict[str, Any] = {}
    for key, value in section.items():
        if key not in known:
            raise OfferingError(f"{file.name}: no setting {key!r}; known: {', '.join(known)}")
        values[key] = _value(f"{file.name}: [{assignment}] {key}", key, value, zone)
    due = section.get("due")
    odd = _odd_time(due, zone) if due is not None and due.tzinfo is None else ""
    return Terms(zone=zone, about_due=odd, **values)


def _value(name: str, key: str, value: Any, zone: ZoneInfo) -> Any:
    if key == "due":
        if not isinstance(value, datetime):
            raise OfferingError(f"{name}: expected a time such as 2026-11-30T18:00:00")
        return value.astimezone(UTC) if value.tzinfo else moment_shown(value, zone)
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
