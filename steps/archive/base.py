"""Archive: a source of location-days, and what every implementation owes its callers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from steps.archive import layout
from steps.contract.threads import each

_THREADS: Final = 16


@dataclass(frozen=True)
class Found:
    """One version of a location's day at the source. `size` in bytes; `etag` can stand in a key. `body`: its content,
    where the source gave it along."""

    location: int
    day: date
    path: str
    etag: str
    size: int
    body: bytes | None = field(default=None, repr=False)


class Archive(ABC):
    """Contract.

    An archive belongs to someone else: it is read, never written, and may change between two calls. A day's file that
    is not there is an answer, not an error. A version is named by the etag that the source gives it, and where it
    gives none by a digest of its content; equal etags mean equal content. Everything a source says is checked before
    it is used: only paths of the layout count, an etag is made plain, a body is read up to a limit.

    A call ends: a source that is silent, slow or cut off becomes an error in bounded time. What may heal is a
    StepError, after a few tries; what will not is BadInput. Both name the source and what it did. All methods may be
    called from several threads at once.
    """

    def survey(self, locations: Sequence[int], first: date, last: date) -> list[Found]:
        """All days of `locations` from `first` to `last` that are there, by location and day."""
        spans = [(location, *span) for location in locations for span in _months(first, last)]
        return [one for _, found in each(lambda span: self.find(*span), spans, threads=_THREADS) for one in found]

    @abstractmethod
    def find(self, location: int, first: date, last: date) -> list[Found]:
        """The location's days from `first` to `last` that are there, in order.

        `survey` asks for at most a month at a time, so that an implementation may answer with one request.
        """

    @abstractmethod
    def holds(self, location: int) -> bool:
        """Whether there is any day of that location, as far as the source can be asked."""

    @abstractmethod
    def read(self, found: Found, limit: int) -> bytes | None:
        """The content of exactly that version: at most `limit` + 1 bytes, so that more than `limit` shows.

        None where the source has another version by now, or none.
        """


def _months(first: date, last: date) -> list[tuple[date, date]]:
    """The range cut at the ends of months."""
    days = layout.days(first, last)
    starts = [day for day in days if day == first or day.day == 1]
    return [
        (start, (after - timedelta(days=1)) if after else last)
        for start, after in zip(starts, [*starts[1:], None], strict=True)
    ]
