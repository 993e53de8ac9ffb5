"""A CSV file as far as its declaration needs it: the names of its columns and a sample of its rows.

Of a large file the beginning is read, and parts from all over it: what is declared leaves room anyway.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pipeline.errors import UserError
from steps.contract.written import DELIMITERS, NUMBER

_BEGINNING: Final = 4 * 2**20  # bytes
_PART: Final = 128 * 1024
_PARTS: Final = 16


@dataclass(frozen=True)
class Sample:
    """Some rows of a file. `names`: of its columns; empty for one that has none. `whole`: these are all its rows."""

    file: Path
    delimiter: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    whole: bool

    def column(self, index: int) -> list[str]:
        """The texts of a column, without the blanks around them."""
        return [row[index].strip() for row in self.rows]


def read(file: Path, *, whole: bool = False) -> Sample:
    """A sample of a CSV file; `whole`: all of it.

    Raises:
        UserError: it is not there, no text, or no table with a header and several columns.
    """
    try:
        if file.suffix == ".gz":
            parts = [gzip.decompress(file.read_bytes())]
        else:
            with file.open("rb") as stream:
                parts = [stream.read()] if whole else list(_parts(stream, file.stat().st_size))
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or error
        raise UserError(f"{file} cannot be read: {said}; wanted a CSV file") from None
    texts = [_text(part, file) for part in parts]
    lines = [line for line in texts[0].splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise UserError(f"{file} is empty; wanted a CSV file with a header and rows")
    delimiter = _delimiter(lines)
    names = tuple(name.strip() for name in _fields(lines[0], delimiter))
    _check(names, lines[0], file)
    lines += [line for text in texts[1:] for line in text.splitlines() if line.strip()]
    rows = tuple(_rows(lines[1:], delimiter, len(names), file))
    if not rows:
        raise UserError(f"{file} has a header and no rows; wanted some hundred rows to learn from")
    return Sample(file, delimiter, names, rows, whole=len(parts) == 1)


def _parts(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """The beginning, and parts from all over the rest; whole lines each."""
    beginning = stream.read(_BEGINNING)
    if size <= len(beginning):
        yield beginning
        return
    yield beginning[: beginning.rfind(b"\n") + 1]
    for number in range(1, _PARTS + 1):
        stream.seek(_BEGINNING + (size - _BEGINNING - _PART) * number // _PARTS)
        part = stream.read(_PART)
        yield part[part.find(b"\n") + 1 : part.rfind(b"\n") + 1]


def _text(part: bytes, file: Path) -> str:
    try:
        text = part.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UserError(f"{file} is no text in UTF-8; wanted a CSV file (a spreadsheet exports one)")
    return text


def _delimiter(lines: list[str]) -> str:
    """What separates most lines into as many fields as the header has, and into the most."""

    def fit(delimiter: str) -> tuple[int, int]:
        counts = [len(_fields(line, delimiter)) for line in lines[:50]]
        return (counts.count(counts[0]) if counts[0] > 1 else 0, counts[0])

    return max(DELIMITERS, key=fit)


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _check(names: tuple[str, ...], line: str, file: Path) -> None:
    if len(names) < 2:
        raise UserError(f"{file} has one column: its first line is {line[:60]!r}; wanted a target and what tells it")
    number = next((name for name in names if re.match(NUMBER, name)), "")
    if number:
        raise UserError(f"{file} has no header: its first line has {number!r}; wanted the columns' names there")
    if any("{{" in name for name in names):
        raise UserError(f"{file}: a column's name has '{{{{', which Argo would expand; rename it")
    twice = next((name for place, name in enumerate(names) if name and name in names[:place]), "")
    if twice:
        raise UserError(f"{file} has two columns named {twice!r}; rename one of them")


def _rows(lines: list[str], delimiter: str, width: int, file: Path) -> Iterator[tuple[str, ...]]:
    for number, row in enumerate(csv.reader(lines, delimiter=delimiter), 2):
        if len(row) != width:
            raise UserError(f"{file}, row {number:,}: it has {len(row)} fields, the header {width}; mend it")
        yield tuple(row)
