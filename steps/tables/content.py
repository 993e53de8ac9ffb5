"""From bytes to the lines of a text, or to what else the bytes are.

Only gzip is unpacked, and only as far as a dropped file may be large; everything takes time in proportion to the size.
The length of a line is limited, so that millions of fields, or one enormous field, are noticed before anything splits
the line.

Text is UTF-8, UTF-16 with its mark, or else Windows-1252, which has Latin-1 in it. That guess can do no harm: a cell is
read only if it is a number or a declared level.
"""

import codecs
import re
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from steps.contract.declaration import Table
from steps.tables.verdicts import Unfit

MOST_LINES = 2_000_000  # more than 64 MB of a real table hold, but fewer than a file of newlines has
LONGEST_LINE = 16_384  # bytes
_MEGABYTE = 2**20
_BOM = codecs.BOM_UTF8
_GZIP = b"\x1f\x8b"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UNICODE_BREAKS = ("\u0085".encode(), "\u2028".encode(), "\u2029".encode())
_DOS_END = b"\x1a"
_BY_FIRST_BYTES = (
    (b"PK", "a zip archive or an Excel workbook; save the table as CSV"),
    (b"BZh", "a bzip2 file; unpack it first"),
    (b"\xfd7zXZ", "an xz file; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file; unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the table as CSV"),
    (b"PAR1", "a Parquet file; save the table as CSV"),
    (b"%PDF", "a PDF; save the table as CSV"),
    (codecs.BOM_UTF32_LE, "UTF-32 text; save it as UTF-8"),
    (codecs.BOM_UTF32_BE, "UTF-32 text; save it as UTF-8"),
    (_GZIP, "a gzip file inside another; pack it once"),
    (b"<", "HTML or XML, as of a page with an error; save the table itself as CSV"),
    (b"{", "JSON; save the table as CSV"),
    (b"[", "JSON; save the table as CSV"),
)
_ONLY_BLANKS = re.compile(rb"^[ \t;,|]+$", re.MULTILINE)
_Indexes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines of a text that are not blank: where each begins and ends, and its number in the file, from 1."""

    text: bytes
    starts: _Indexes
    ends: _Indexes
    numbers: _Indexes

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, index: int) -> str:
        """The line of that index, without its newline."""
        return self.text[self.starts[index] : self.ends[index]].decode()

    def part(self, first: int, last: int) -> bytes:
        """The lines from `first` up to, not including, `last`."""
        return self.text[self.starts[first] : self.ends[last - 1]]

    def beginning_with(self, first: str) -> _Indexes:
        """The indexes of the lines that begin with this character of ASCII."""
        return np.flatnonzero(np.frombuffer(self.text, dtype=np.uint8)[self.starts] == ord(first))

    def same_as(self, index: int) -> _Indexes:
        """The indexes of the lines with the same bytes as this one, which is among them."""
        wanted, lengths = self.part(index, index + 1), self.ends - self.starts
        alike = np.flatnonzero(lengths == len(wanted))
        return np.array([one for one in alike if self.part(one, one + 1) == wanted], dtype=np.int64)

    def since(self, first: int) -> "Lines":
        """The lines from `first`."""
        return Lines(self.text, self.starts[first:], self.ends[first:], self.numbers[first:])

    def without(self, indexes: _Indexes) -> "Lines":
        """The other lines, with the numbers that they had."""
        if not len(indexes):
            return self
        kept = np.delete(np.arange(len(self)), indexes)
        ends = np.cumsum(self.ends[kept] - self.starts[kept] + 1) - 1
        starts = np.concatenate([[0], ends[:-1] + 1])[: len(kept)]
        text = b"\n".join(self.part(one, one + 1) for one in kept)
        return Lines(text, starts, ends, self.numbers[kept])


def lines(body: bytes, table: Table) -> Lines:
    """The lines of a file; newlines may be of any system.

    Raises:
        Unfit: it is empty, no text, or too large once it is unpacked, or has too many or too long lines.
    """
    if body.startswith(_GZIP):
        body = _unpacked(body, table.largest_mb)
    if not body.strip():
        raise Unfit("the file is empty" if not body else "the file is empty: it holds blank lines alone")
    text = _broken(_text(body))
    if text.count(b"\n") > MOST_LINES:
        raise Unfit(f"it has {text.count(b'\n'):,} lines, wanted at most {MOST_LINES:,}; drop it in parts")
    found = _found(text)
    if not len(found):
        raise Unfit("the file is empty: it holds no line")
    _fit(found)
    return found


def _unpacked(body: bytes, largest_mb: int) -> bytes:
    """What a gzip file holds, which may have several parts."""
    parts, left = [], largest_mb * _MEGABYTE
    while body.startswith(_GZIP):
        unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            part = unpacking.decompress(body, left + 1)
        except zlib.error:
            raise Unfit("it is a gzip file that cannot be unpacked; pack it again") from None
        if len(part) > left:
            raise Unfit(f"unpacked it has more than {largest_mb} MB, wanted at most {largest_mb}; drop it in parts")
        if not unpacking.eof:
            raise Unfit("it is a gzip file that is cut off; pack or copy it again")
        parts.append(part)
        left, body = left - len(part), unpacking.unused_data
    if body.strip(b"\0"):
        raise Unfit("it is a gzip file with something else after its end; pack it again")
    return b"".join(parts)


def _broken(text: bytes) -> bytes:
    """The text with newlines alone between its lines, no marks before them, and no blanks in blank ones."""
    text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
    for other in _UNICODE_BREAKS:
        text = text.replace(other, b"\n") if other in text else text
    text = text.rstrip(_DOS_END)
    while text.startswith(_BOM):
        text = text[len(_BOM) :]
    while b"\n" + _BOM in text:  # parts that were put one after the other, each with its mark
        text = text.replace(b"\n" + _BOM, b"\n")
    if text.startswith((b" ", b"\t")) or any(b"\n" + one in text for one in (b" ", b"\t", b";", b",", b"|")):
        text = _ONLY_BLANKS.sub(b"", text)
    return text


def _text(body: bytes) -> bytes:
    """The text of the body, in UTF-8."""
    head = body[:1_000].lstrip()
    for first, what in _BY_FIRST_BYTES:
        if head.startswith(first):
            raise Unfit(f"it is {what}")
    if body.startswith(_UTF16):
        try:
            body = body.decode("utf-16").encode()
        except UnicodeError:
            raise Unfit("it begins as UTF-16 text and goes on as none; save it as UTF-8") from None
    zero = body.find(b"\0")
    if zero >= 0:
        utf16 = len(body) % 2 == 0 and body[:200].count(b"\0") * 3 >= len(body[:200])
        what = "UTF-16 text without its mark; save it as UTF-8" if utf16 else "no text, wanted CSV in UTF-8"
        raise Unfit(f"byte {zero + 1:,} is NUL: it is {what}")
    try:
        body.decode()
    except UnicodeDecodeError:
        return _from_windows(body)
    return body


def _from_windows(body: bytes) -> bytes:
    try:
        return body.decode("cp1252").encode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Unfit(
            f"it is neither UTF-8 nor Windows-1252 text: byte {error.start + 1:,}, in line {line:,}, is "
            f"{body[error.start]:#04x}; save it as UTF-8"
        ) from None


def _found(text: bytes) -> Lines:
    breaks = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
    starts = np.concatenate([[0], breaks + 1])
    ends = np.concatenate([breaks, [len(text)]])
    there = np.flatnonzero(ends > starts)
    return Lines(text, starts[there], ends[there], there + 1)


def _fit(found: Lines) -> None:
    lengths = found.ends - found.starts
    long = np.flatnonzero(lengths > LONGEST_LINE)
    if len(long):
        first = int(long[0])
        line = found.part(first, first + 1)
        fields = max(line.count(b";"), line.count(b",")) + 1
        raise Unfit(
            f"line {found.numbers[first]:,} is {len(line):,} bytes long and has {fields:,} columns; "
            f"wanted at most {LONGEST_LINE:,} bytes"
        )
    if b'"' in found.text:
        quotes = np.flatnonzero(np.frombuffer(found.text, dtype=np.uint8) == ord('"'))
        own = np.searchsorted(quotes, found.ends) - np.searchsorted(quotes, found.starts)
        odd = np.flatnonzero(own % 2)
        if len(odd):
            raise Unfit(f"line {found.numbers[odd[0]]:,} opens a quote and does not close it there")
