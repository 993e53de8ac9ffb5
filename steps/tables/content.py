"""From bytes to the lines of a text, or to what else the bytes are.

Nothing is ever decompressed, and everything takes time in proportion to the size. The length of a line is limited, so
that millions of fields, or one enormous field, are noticed before anything splits the line.
"""

import codecs
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from steps.tables.verdicts import Unfit

MOST_LINES = 2_000_000  # more than 64 MB of a real table hold, but fewer than a file of newlines has
LONGEST_LINE = 16_384  # bytes
_BOM = codecs.BOM_UTF8
_STEP = 2**20
_BY_FIRST_BYTES = (
    (b"\x1f\x8b", "a gzip file; unpack it first"),
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
    (codecs.BOM_UTF16_LE, "UTF-16 text; save it as UTF-8"),
    (codecs.BOM_UTF16_BE, "UTF-16 text; save it as UTF-8"),
)
_ONLY_BLANKS = re.compile(rb"^[ \t]+$", re.MULTILINE)
_Indexes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines of a text that are not blank: where each begins and ends, and its number in the file, from 1.

    `ended`: whether the last line ends with a newline.
    """

    text: bytes
    starts: _Indexes
    ends: _Indexes
    numbers: _Indexes
    ended: bool

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, index: int) -> str:
        """The line of that index, without its newline."""
        return self.text[self.starts[index] : self.ends[index]].decode()

    def part(self, first: int, last: int) -> bytes:
        """The lines from `first` up to, not including, `last`."""
        return self.text[self.starts[first] : self.ends[last - 1]]


def lines(body: bytes) -> Lines:
    """The lines of a file; newlines may be of any system.

    Raises:
        Unfit: it is empty, not UTF-8 text, or has too many or too long lines.
    """
    if not body.strip():
        raise Unfit("the file is empty" if not body else "the file is empty: it holds blank lines alone")
    _is_text(body)
    text = body[len(_BOM) :] if body.startswith(_BOM) else body
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if text.startswith((b" ", b"\t")) or b"\n " in text or b"\n\t" in text:
        text = _ONLY_BLANKS.sub(b"", text)
    if text.count(b"\n") > MOST_LINES:
        raise Unfit(f"it has {text.count(b'\n'):,} lines, wanted at most {MOST_LINES:,}; drop it in parts")
    found = _found(text)
    if not len(found):
        raise Unfit("the file is empty: it holds no line")
    _fit(found)
    return found


def _is_text(body: bytes) -> None:
    for first, what in _BY_FIRST_BYTES:
        if body.startswith(first):
            raise Unfit(f"it is {what}")
    zero = body.find(b"\0")
    if zero >= 0:
        utf16 = len(body) % 2 == 0 and body[:200].count(b"\0") * 3 >= len(body[:200])
        what = "UTF-16 text without its mark; save it as UTF-8" if utf16 else "no text, wanted CSV in UTF-8"
        raise Unfit(f"byte {zero + 1:,} is NUL: it is {what}")
    decoder, at = codecs.getincrementaldecoder("utf-8")(), 0
    while at < len(body):
        piece, kept = body[at : at + _STEP], len(decoder.getstate()[0])
        try:
            decoder.decode(piece, final=at + _STEP >= len(body))
        except UnicodeDecodeError as error:
            wrong = at - kept + error.start
            line = body.count(b"\n", 0, wrong) + 1
            raise Unfit(
                f"it is not UTF-8 text: byte {wrong + 1:,}, in line {line:,}, is {body[wrong]:#04x}; save it as UTF-8"
            ) from None
        at += _STEP


def _found(text: bytes) -> Lines:
    breaks = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
    starts = np.concatenate([[0], breaks + 1])
    ends = np.concatenate([breaks, [len(text)]])
    there = np.flatnonzero(ends > starts)
    return Lines(text, starts[there], ends[there], there + 1, ended=text.endswith(b"\n"))


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
            raise Unfit(f"line {found.numbers[odd[0]]:,} opens a quote and does not close it")
