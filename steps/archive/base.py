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
    if the source sent it along."""

    location: int
    day: date
    path: str
    etag: str
    size: int
    body: bytes | None = field(default=None, repr=False)


class Archive(ABC):
    """Contract.

    An archive belongs to someone else: it is read, never written, and may change between two calls. A missing file is
    an answer, not an error. A version is named by the source's etag or, if there is none, by a digest of its content;
    equal etags mean equal content. Everything a source says is checked before use: only paths of the layout count, an
    etag is made plain, a body is read up to a limit.

    Every call ends: a silent, slow or broken source becomes an error in bounded time. What may go away is a StepError,
    after a few tries; what will not is BadInput. Both name the source and what it did. All methods may be called from
    several threads at once.
    """

    def survey(self, locations: Sequence[int], first: date, last: date) -> list[Found]:
        """All existing days of `locations` from `first` to `last`, by location and day."""
        spans = [(location, *span) for location in locations for span in _months(first, last)]
        return [one for _, found in each(lambda span: self.find(*span), spans, threads=_THREADS) for one in found]

    @abstractmethod
    def find(self, location: int, first: date, last: date) -> list[Found]:
        """The location's existing days from `first` to `last`, in order.

        `survey` asks for at most a month at a time, so that an implementation may answer with one request.
        """

    @abstractmethod
    def holds(self, location: int) -> bool:
        """Whether the source is known to have any day of that location."""

    @abstractmethod
    def read(self, found: Found, limit: int) -> bytes | None:
        """The content of exactly that version: at most `limit` + 1 bytes, so that a longer one is noticed.

        None if the source now has another version, or none.
        """


def _months(first: date, last: date) -> list[tuple[date, date]]:
    """The range, split by month."""
    days = layout.days(first, last)
    starts = [day for day in days if day == first or day.day == 1]
    return [
        (start, (after - timedelta(days=1)) if after else last)
        for start, after in zip(starts, [*starts[1:], None], strict=True)
    ]
