"""A folder in the archive's layout. A version is named as a bucket with the same files would name it."""

from datetime import date

from steps.archive import layout
from steps.archive.base import Archive, Found
from steps.contract import selection
from steps.errors import StepError


class Folder(Archive):
    """The folder that holds `records/csv.gz/…`.

    Raises:
        BadInput: it does not exist, or has no such folder in it.
    """

    def __init__(self, source: str) -> None:
        self._root = selection.folder(source)

    def find(self, location: int, first: date, last: date) -> list[Found]:
        found = []
        for day in layout.days(first, last):
            path = layout.path(location, day)
            body = self._content(path, layout.LARGEST)
            if body is not None:
                found.append(Found(location, day, path, layout.stored_etag(body), len(body)))
        return found

    def holds(self, location: int) -> bool:
        return any((self._root / layout.location_prefix(location)).glob("*/*/*.csv.gz"))

    def read(self, found: Found, limit: int) -> bytes | None:
        body = self._content(found.path, limit)
        return body if body is not None and layout.stored_etag(body) == found.etag else None

    def _content(self, path: str, limit: int) -> bytes | None:
        place = self._root / path
        try:
            with place.open("rb") as file:
                return file.read(limit + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StepError(f"{place} could not be read: {error.strerror}") from error
