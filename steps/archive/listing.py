"""The answer of S3's ListObjectsV2, read from XML that may have been written by anyone.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html. Document types, and with them all entities, are
refused: a listing has none, and entity attacks need one.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

_ENTRY = {"Key", "ETag", "Size"}
_PAGE = {"IsTruncated", "NextContinuationToken"}


class NoListing(Exception):
    """The text is not a ListBucketResult. Says what it begins with."""


@dataclass
class Page:
    """One page: (key, etag, size) of each object, and the token of the page that follows (None: the last)."""

    entries: list[tuple[str, str, int]] = field(default_factory=list)
    token: str | None = None


def parse(body: bytes) -> Page:
    """The page in `body`.

    Raises:
        NoListing: it is HTML, an error document, cut off, or anything else.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError) as error:
        raise NoListing(str(error)) from error
    return reader.page()


class _Reader:
    def __init__(self) -> None:
        self._path: list[str] = []
        self._entry: dict[str, str] = {}
        self._said: dict[str, str] = {}
        self._page = Page()

    def doctype(self, *_: object) -> None:
        raise NoListing("it has a document type")

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if not self._path and name != "ListBucketResult":
            raise NoListing(f"it is a document <{name}>")
        self._path.append(name)
        if self._path[1:] == ["Contents"]:
            self._entry = {}

    def text(self, text: str) -> None:
        match self._path[1:]:
            case ["Contents", name] if name in _ENTRY:
                self._entry[name] = self._entry.get(name, "") + text
            case [name] if name in _PAGE:
                self._said[name] = self._said.get(name, "") + text

    def end(self, _tag: str) -> None:
        if self._path[1:] == ["Contents"] and "Key" in self._entry:
            size = self._entry.get("Size", "0")
            self._page.entries.append((self._entry["Key"], self._entry.get("ETag", ""), int(size)))
        self._path.pop()

    def page(self) -> Page:
        if self._said.get("IsTruncated", "").strip() == "true":
            if "NextContinuationToken" not in self._said:
                raise NoListing("it is truncated and has no continuation token")
            self._page.token = self._said["NextContinuationToken"]
        return self._page
