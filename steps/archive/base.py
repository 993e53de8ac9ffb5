"""Archive: a source of location-days, and what every implementation owes its callers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Found:
    """One version of a location's day at the source. `size` in bytes; `etag` can stand in a key."""

    location: int
    day: date
    path: str
    etag: str
    size: int


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

    @abstractmethod
    def find(self, location: int, first: date, last: date) -> list[Found]:
        """The location's days from `first` to `last` that are there, in order.

        Callers ask for at most a month at a time, so that an implementation may answer with one request.
        """

    @abstractmethod
    def holds(self, location: int) -> bool:
        """Whether there is any day of that location, as far as the source can be asked."""

    @abstractmethod
    def read(self, found: Found, limit: int) -> bytes | None:
        """The content of exactly that version: at most `limit` + 1 bytes, so that more than `limit` shows.

        None where the source has another version by now, or none.
        """
