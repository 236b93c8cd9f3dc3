"""An offering's dates and limits, from `offering.toml`: when work is late, how much is told."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import total_ordering
from pathlib import Path
from zoneinfo import ZoneInfo

from .assignment import ROOT
from .errors import NotText, OfferingError, RecordError
from .files import read_typed
from .records import Amount, Count, Percent, read_toml, typed

FILE = ROOT / "offering.toml"
UTC_ZONE = ZoneInfo("UTC")
DAY = timedelta(days=1)


@total_ordering
class Reveal(Enum):
    """How much of a report a student is shown; each level adds to the one before."""

    NOTHING = "nothing"  # that it came, and what was odd about the file
    TOTAL = "total"  # the sum of points
    TASKS = "tasks"  # the points of each task, and the public checks
    CHECKS = "checks"  # the sentence and the verdict of each hidden check
    MESSAGES = "messages"  # what was seen, and where to look first

    def __lt__(self, other: Reveal) -> bool:
        levels = list(Reveal)
        return levels.index(self) < levels.index(other)


@dataclass(frozen=True)
class Settings:
    """An assignment's section of the file."""

    due: datetime | None = None  # by the clocks of the zone, if it names no other; None: never late
    grace_minutes: Amount = 10.0
    late_percent_per_day: Amount = 10.0  # of the points earned, for each day begun
    late_percents: tuple[Percent, ...] = ()  # instead, for the first day, the second, ...
    late_percent_at_most: Percent = 100.0  # as long as anything counts
    late_days: Count = 7  # after which nothing counts
    attempts_per_day: Count = 10  # graded ones of one student; 0: as many as they like
    reveal_before_due: Reveal = Reveal.MESSAGES
    reveal_after_due: Reveal = Reveal.MESSAGES


@dataclass(frozen=True)
class Terms(Settings):
    """What holds for one assignment of the offering: its settings, `due` now in UTC."""

    zone: ZoneInfo = UTC_ZONE
    about_due: str = ""  # what a change of the clocks has made of the due time, in a sentence

    def reveal(self, now: datetime) -> Reveal:
        """What may be shown at a moment."""
        over = self.due is not None and now > self.due
        return self.reveal_after_due if over else self.reveal_before_due

    def extended(self, extension: timedelta) -> Terms:
        """The terms of somebody who has longer."""
        return self if self.due is None else replace(self, due=self.due + extension)

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
        percent = days * self.late_percent_per_day
        if days and self.late_percents:
            percent = self.late_percents[min(days, len(self.late_percents)) - 1]
        return min(self.late_percent_at_most, percent)

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
        settings = read_toml(read_typed(file))
    except NotText as error:
        raise OfferingError(str(error)) from error
    except RecordError as error:
        raise OfferingError(f"{file.name}: {error}") from error
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
    known = [field.name for field in fields(Settings)]
    for key in section:
        if key not in known:
            raise OfferingError(f"{file.name}: no setting {key!r}; known: {', '.join(known)}")
    try:
        read = typed(section, Settings)
    except RecordError as error:
        raise OfferingError(f"{file.name}: [{assignment}] {error}") from error
    due, odd = read.due, ""
    try:
        if due is not None and due.tzinfo is None:
            due, odd = moment_shown(due, zone), _odd_time(due, zone)
        elif due is not None:
            due = due.astimezone(UTC)
    except OverflowError as error:
        raise OfferingError(
            f"{file.name}: [{assignment}] due: {read.due} is before or after all that clocks count"
        ) from error
    return Terms(**{**vars(read), "due": due}, zone=zone, about_due=odd)
