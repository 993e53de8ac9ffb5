"""An archive at an http(s) address: a bucket that anyone may list, or any server that has the files.

The first request settles which. If the address answers ListObjectsV2 (bare host or path style, without credentials), a
month is one request. If not, each day is requested by HEAD, and 404 or 403 (S3's answer for a missing object to those
who may not list) means a day without a file.
"""

import threading
from datetime import date
from functools import cached_property
from urllib.parse import quote, urlsplit

from steps.archive import layout, listing
from steps.archive.base import Archive, Found
from steps.backends.http import Answer, Client
from steps.errors import BadInput, StepError

_ABSENT = (403, 404, 410)
_LARGEST_PAGE = 20 * 1024 * 1024
_PAGES = 50  # a month is one page; a server may send less at a time


class Web(Archive):
    """The archive whose layout begins at `address`.

    Raises:
        BadInput: the address has no host, or a query.
    """

    def __init__(self, address: str, *, timeout: float) -> None:
        parts = urlsplit(address)
        if not parts.hostname or parts.query or parts.fragment:
            raise BadInput(f"--source {address!r} is not an archive's address; wanted one like https://host/bucket")
        self._base = address.rstrip("/")
        self._client = Client(timeout=timeout)
        self._probing = threading.Lock()

    def find(self, location: int, first: date, last: date) -> list[Found]:
        if not self._lists:
            asked = (self._ask(location, day) for day in layout.days(first, last))
            return [one for one in asked if one is not None]
        entries = {
            key: (etag, size)
            for prefix in sorted({layout.month_prefix(location, day) for day in (first, last)})
            for key, etag, size in self._listed(prefix)
        }
        found = []
        for day in layout.days(first, last):
            path = layout.path(location, day)
            if path in entries:
                etag, size = entries[path]
                found.append(Found(location, day, path, self._name(path, etag), size))
        return found

    def holds(self, location: int) -> bool:
        return self._lists and bool(self._page(layout.location_prefix(location), "&max-keys=1").entries)

    def read(self, found: Found, limit: int) -> bytes | None:
        answer = self._client.get(self._url(found.path), limit)
        if answer.status in _ABSENT:
            return None
        self._expect_file(answer, StepError)
        etag = answer.header("ETag")
        version = layout.plain(etag) if etag else layout.content_etag(answer.body)
        return answer.body if version == found.etag else None

    @property
    def _lists(self) -> bool:
        with self._probing:
            if isinstance(self._probed, StepError):
                raise self._probed
            return self._probed

    @cached_property
    def _probed(self) -> bool | StepError:
        """Whether the address answers ListObjectsV2; or the error if it answers nothing, so that not every thread has
        to find out."""
        try:
            answer = self._client.get(self._listing_url("records/csv.gz/", "&max-keys=1"), _LARGEST_PAGE)
        except StepError as error:
            return error
        if answer.status >= 500:
            return StepError(f"{answer.url} answered {answer.status}; the archive has a fault, try again later")
        if answer.status != 200:
            return False
        try:
            listing.parse(answer.body)
        except listing.NoListing:
            return False
        return True

    def _listed(self, prefix: str) -> list[tuple[str, str, int]]:
        entries: list[tuple[str, str, int]] = []
        more = ""
        for _ in range(_PAGES):
            page = self._page(prefix, more)
            entries += page.entries
            if page.token is None:
                return entries
            more = f"&continuation-token={quote(page.token, safe='')}"
        raise StepError(f"{self._base} lists {prefix} without an end; stopped after {_PAGES} pages")

    def _page(self, prefix: str, more: str) -> listing.Page:
        answer = self._client.get(self._listing_url(prefix, more), _LARGEST_PAGE)
        try:
            if answer.status != 200:
                raise listing.NoListing(f"status {answer.status}")
            return listing.parse(answer.body)
        except listing.NoListing as error:
            raise StepError(f"{self._base} listed its objects once, but not {prefix}: {error}; try again") from error

    def _ask(self, location: int, day: date) -> Found | None:
        path = layout.path(location, day)
        answer = self._client.head(self._url(path))
        if answer.status in _ABSENT:
            return None
        self._expect_file(answer, BadInput)
        size = answer.header("Content-Length")
        name = self._name(path, answer.header("ETag"))
        return Found(location, day, path, name, int(size) if size.isdecimal() else 0)

    def _name(self, path: str, etag: str) -> str:
        """The version's name; for a file without an etag, made from its content."""
        if etag.strip():
            return layout.plain(etag)
        answer = self._client.get(self._url(path), layout.LARGEST)
        self._expect_file(answer, StepError)
        return layout.content_etag(answer.body)

    @staticmethod
    def _expect_file(answer: Answer, wrong: type[StepError]) -> None:
        if answer.status == 401:
            raise BadInput(f"{answer.url} asks for credentials (401); wanted an archive that anyone may read")
        if answer.status != 200:
            raise StepError(f"{answer.url} answered {answer.status}, wanted a file; try again later")
        if answer.header("Content-Type").lower().startswith("text/html"):
            raise wrong(f"{answer.url} answered with a web page, wanted a gzipped CSV; is that the archive's address?")

    def _url(self, path: str) -> str:
        return f"{self._base}/{quote(path, safe='/=')}"

    def _listing_url(self, prefix: str, more: str) -> str:
        return f"{self._base}/?list-type=2&prefix={quote(prefix, safe='')}{more}"
