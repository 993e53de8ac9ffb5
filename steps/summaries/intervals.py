"""How far apart the values of a series are, an hour or a day, and what their times are called.

A value's time is the end of what it stands for, in UTC: of the hour, or of the day. A day is a date, counted by
whatever clock its source has; its end is written as the midnight after it in UTC. So days are 24 hours apart where
clocks change, too, and the day before a stamp is the date.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

Frequency = Literal["hourly", "daily"]


@dataclass(frozen=True)
class Interval:
    """`name`: hour, or day. `alias`: pandas' name of the frequency."""

    name: str
    hours: int
    alias: str

    @property
    def length(self) -> timedelta:
        """From one time to the next."""
        return timedelta(hours=self.hours)

    @property
    def one(self) -> str:
        """With its article."""
        return f"{'a' if self is DAY else 'an'} {self.name}"

    def moment(self, end: datetime) -> str:
        """What ended then: 2003-06-22 05:00 UTC, or 2003-06-21."""
        return f"{self.placed(end):%Y-%m-%d}" + ("" if self is DAY else f" {self.placed(end):%H:%M} UTC")

    def label(self, placed: datetime) -> str:
        """What stands there, for a page: Sun 22 Jun 05:00, or Sat 21 Jun."""
        return f"{placed:%a} {placed.day} {placed:%b}" + ("" if self is DAY else f" {placed:%H:%M}")

    def span(self, first: datetime, last: datetime) -> str:
        """From one place to another: Sun 22 Jun 05:00 to Mon 23 Jun 04:00 UTC, or Sat 21 Jun to Sun 22 Jun."""
        return f"{self.label(first)} to {self.label(last)}" + ("" if self is DAY else " UTC")

    def ahead(self, hours: int) -> str:
        """So many hours in this unit: 24 hours, or 1 day."""
        number = hours // self.hours
        return f"{number} {self.name}{'s' * (number != 1)}"

    def placed(self, end: datetime) -> datetime:
        """Where what ended then stands on an axis of time (UTC): an hour at its end, a day at its date."""
        return end.astimezone(UTC) - (self.length if self is DAY else timedelta())


HOUR: Final = Interval("hour", 1, "h")
DAY: Final = Interval("day", 24, "D")


def of(frequency: Frequency) -> Interval:
    """The interval of a series of that frequency."""
    return DAY if frequency == "daily" else HOUR
