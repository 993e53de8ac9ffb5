"""When a schedule is due: the arithmetic of cron, as the controller does it (robfig/cron v3), to the second.

A time that the clock leaves out in spring is left out, and one that it shows twice in autumn is due twice. The usual
libraries (croniter, cronsim, APScheduler) make up for the one, or do not repeat the other; they also read `*/2` for a
day, `?`, `@every` and `CRON_TZ=` otherwise. The module's own answers are kept beside the tests, with the program that
asks it. https://pkg.go.dev/github.com/robfig/cron/v3
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, Literal, NamedTuple, Protocol

_EPOCH: Final = datetime(1970, 1, 1)
_DAY: Final = 86_400
_YEARS: Final = 5  # how far a time is looked for


class Schedule(Protocol):
    """When something is due. All times are whole seconds since 1970 (UTC)."""

    @property
    def zone(self) -> tzinfo | None:
        """The zone it is meant in; None for this machine's."""
        ...

    def next(self, after: float) -> int | None:
        """The first time after `after`; None where there is none within five years."""
        ...

    def latest(self, after: float, before: float) -> int | None:
        """The last time before `before` of those that follow `after`, if any."""
        ...


@dataclass(frozen=True)
class Every:
    """`@every 5m`: so many seconds after the time before, whatever the clock shows."""

    seconds: int
    zone: tzinfo | None

    def next(self, after: float) -> int:
        """So many seconds on; fractions of a second are dropped."""
        return math.floor(after) + self.seconds

    def latest(self, after: float, before: float) -> int | None:
        """The last of those that follow each other."""
        number = (math.ceil(before) - 1 - math.floor(after)) // self.seconds
        return math.floor(after) + number * self.seconds if number > 0 else None


@dataclass(frozen=True)
class Times:
    """Five fields: which minutes, hours, days, months and days of the week (0 is Sunday).

    A day must be of both kinds where one of them is `*`, else of either.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    zone: tzinfo | None

    def next(self, after: float) -> int | None:
        """The first time after `after`: month, day, hour and minute are moved on in turn until each one fits, and
        looked at again from the month whenever one has come round to its first value."""
        if not self.hours or not self.minutes:
            return None  # a field of commas alone
        at = math.floor(after) + 1
        wall = self._wall(at)
        last_year = wall.year + _YEARS
        moved = False
        while wall.year <= last_year:
            for hand in _HANDS:
                while not hand.fits(self, wall):
                    if not moved:
                        moved, at = True, hand.begin(self, at, wall)
                    at = hand.forward(self, at)
                    wall = self._wall(at)
                    if hand.first(wall):
                        break
                else:
                    continue
                break
            else:
                return at
        return None

    def latest(self, after: float, before: float) -> int | None:
        """The last time in between: there may be many, so it is looked for by halving what is left."""
        found = self.next(after)
        if found is None or found >= before:
            return None
        low, high = found, math.ceil(before)
        while high - low > 1:
            middle = (low + high) // 2
            later = self.next(middle)
            if later is not None and later < before:
                low = later
            else:
                high = middle
        return low

    def _wall(self, at: int) -> datetime:
        """What the clock shows there."""
        return datetime.fromtimestamp(at, self.zone).replace(tzinfo=None)

    def _at(self, wall: datetime) -> int:
        """When the clock shows that; as Go decides where it never does, or twice."""
        seconds = (wall - _EPOCH) // timedelta(seconds=1)
        return seconds - self._offset(seconds - self._offset(seconds))

    def _offset(self, at: int) -> int:
        return (self._wall(at) - _EPOCH) // timedelta(seconds=1) - at

    def _day_fits(self, wall: datetime) -> bool:
        by_month, by_week = wall.day in self.days, wall.isoweekday() % 7 in self.weekdays
        return by_month and by_week if self.any_day else by_month or by_week

    def _next_month(self, at: int) -> int:
        wall = self._wall(at)
        first = wall.replace(year=wall.year + wall.month // 12, month=wall.month % 12 + 1, day=1)
        return self._at(first + timedelta(days=wall.day - 1))

    def _next_day(self, at: int) -> int:
        """The next midnight; where there is none, an hour beside it."""
        then = self._at(self._wall(at) + timedelta(days=1))
        hour = self._wall(then).hour
        then += (24 - hour) * 3600 if hour > 12 else -hour * 3600
        return then if then > at else at + _DAY  # a zone may leave out a whole day


Concurrency = Literal["Allow", "Forbid", "Replace"]


@dataclass(frozen=True, eq=False)
class Cron:
    """What a CronWorkflow says of when it runs. `schedules`: as written, `times`: what they mean; as many of each.

    `deadline_seconds`: how late a start may be that was missed. `when`, `stop`: conditions, or empty. `keep_succeeded`,
    `keep_failed`: how many ended runs are kept.
    """

    name: str
    schedules: tuple[str, ...]
    times: tuple[Schedule, ...]
    timezone: str = ""
    namespace: str = ""
    labels: Mapping[str, str] | None = None
    concurrency: Concurrency = "Allow"
    deadline_seconds: int | None = None
    suspended: bool = False
    when: str = ""
    stop: str = ""
    keep_succeeded: int = 3
    keep_failed: int = 1

    @property
    def timetable(self) -> str:
        """Its schedules and their zone as one text: another one means that they were changed."""
        return ",".join(f"CRON_TZ={self.timezone} {each}" if self.timezone else each for each in self.schedules)


class _Hand(NamedTuple):
    """One hand of the clock: whether it is right, where it begins, how it moves on, whether it has come round."""

    fits: Callable[[Times, datetime], bool]
    begin: Callable[[Times, int, datetime], int]
    forward: Callable[[Times, int], int]
    first: Callable[[datetime], bool]


def _midnight(wall: datetime) -> datetime:
    return wall.replace(hour=0, minute=0, second=0)


_HANDS: Final = (
    _Hand(
        fits=lambda times, wall: wall.month in times.months,
        begin=lambda times, _, wall: times._at(_midnight(wall).replace(day=1)),
        forward=Times._next_month,
        first=lambda wall: wall.month == 1,
    ),
    _Hand(
        fits=Times._day_fits,
        begin=lambda times, _, wall: times._at(_midnight(wall)),
        forward=Times._next_day,
        first=lambda wall: wall.day == 1,
    ),
    _Hand(
        fits=lambda times, wall: wall.hour in times.hours,
        begin=lambda times, _, wall: times._at(wall.replace(minute=0, second=0)),
        forward=lambda _, at: at + 3600,
        first=lambda wall: wall.hour == 0,
    ),
    _Hand(
        fits=lambda times, wall: wall.minute in times.minutes,
        begin=lambda _, at, __: at - at % 60,
        forward=lambda _, at: at + 60,
        first=lambda wall: wall.minute == 0,
    ),
    _Hand(
        fits=lambda _, wall: wall.second == 0,
        begin=lambda _, at, __: at,
        forward=lambda _, at: at + 1,
        first=lambda wall: wall.second == 0,
    ),
)


@dataclass(frozen=True)
class Status:
    """What is kept of a CronWorkflow. `last_scheduled`: the time for which its last run was started.

    `timetable`: its schedules when one of them last rang. `active`: its runs that have not ended.
    """

    last_scheduled: int | None = None
    timetable: str = ""
    stopped: bool = False
    failed: int = 0
    succeeded: int = 0
    active: tuple[str, ...] = ()
