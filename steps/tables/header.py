"""The layout of a file: what separates its fields, and which column each of them is.

Names are compared without case, spaces, underscores, hyphens and points, and may come in any order. Whether the first
line is a header is not guessed: it is one if it has a declared name, or no field that begins like a number. Before it
there may be comments, which begin with `#`, and Excel's `sep=;`. A unit behind a name, as in `alcohol (% vol)`, must be
the declared one. A column without a name is no data; it may hold row numbers, or nothing.
"""

import csv
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from steps.checking.words import quoted
from steps.contract.declaration import Table
from steps.contract.written import DELIMITERS
from steps.tables.content import Lines
from steps.tables.verdicts import Unfit

_MOST_NAMES = 5
_NUMBER_BEGINS = re.compile(r"\s*[+-]?\.?[0-9]")
_COMMENT = "#"
_SEPARATOR = re.compile(r'"?sep=.?"?', re.IGNORECASE)
_WITH_UNIT = re.compile(r"(.+?)\s*[(\[](.+)[)\]]\s*")
_IGNORED = re.compile(r"[\s_.\-]+")


@dataclass(frozen=True)
class Layout:
    """What separates fields, the declared columns in the file's order ("" for one without a name, None for one that
    is declared to be ignored), and whether the first line names them."""

    delimiter: str
    columns: tuple[str | None, ...]
    header: bool


def opening(found: Lines, table: Table) -> int:
    """The index of the first line that is neither a comment nor says what separates fields. A comment that names every
    column is a header, as NumPy writes it.

    Raises:
        Unfit: there is none.
    """
    wanted = {_plain(column.name) for column in table.columns}
    for index in range(len(found)):
        line = found.line(index).strip()
        if line.startswith(_COMMENT):
            named = [set(map(_plain, fields(line.lstrip(_COMMENT), delimiter))) for delimiter in DELIMITERS]
            if any(wanted <= one for one in named):
                return index
        elif not _SEPARATOR.fullmatch(line):
            return index
    raise Unfit("it holds comments alone, and no row")


def repeated(found: Lines, first: int, shape: Layout) -> Any:
    """The indexes of the lines after `first` that are comments, or the same header again, as where files were put one
    after the other. What begins like a comment and has as many fields as a row is not taken for one."""
    most = len(shape.columns) - 2
    comments = [
        index
        for index in found.beginning_with(_COMMENT)
        if index > first and found.part(index, index + 1).count(shape.delimiter.encode()) <= most
    ]
    again = found.same_as(first)[1:].tolist() if shape.header else []
    return np.array(sorted({*comments, *again}), dtype=np.int64)


def layout(line: str, table: Table) -> Layout:
    """The layout that the first line, which `opening` finds, shows.

    Raises:
        Unfit: it does not fit the declared table.
    """
    line = line.strip().lstrip(_COMMENT) if line.lstrip().startswith(_COMMENT) else line
    wanted = {_plain(column.name): column.name for column in table.columns}
    units = {column.name: column.unit for column in table.columns}
    split = {delimiter: fields(line, delimiter) for delimiter in DELIMITERS}
    named = {
        delimiter: len(wanted.keys() & {_parted(field, wanted)[0] for field in found})
        for delimiter, found in split.items()
    }
    delimiter = max(split, key=lambda one: (named[one], len(split[one]) == len(wanted), len(split[one])))
    found = split[delimiter]
    if named[delimiter]:
        _check_units(found, wanted, units)
        return Layout(delimiter, _in_order(found, wanted, {_plain(name) for name in table.ignored}), header=True)
    if any(_NUMBER_BEGINS.match(field) for field in found):
        return _bare(found, delimiter, table)
    raise Unfit(
        f"it looks like another table's: line 1 ({quoted(line)}) names none of the columns {some(wanted.values())}"
    )


def fields(line: str, delimiter: str) -> list[str]:
    """The fields of one line."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # quotes in the middle of a field
        return line.split(delimiter)


def some(names: Iterable[str]) -> str:
    """The first few names, quoted, and how many more there are."""
    shown = [quoted(name) for name in names]
    more = len(shown) - _MOST_NAMES
    return ", ".join(shown[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _plain(name: str) -> str:
    return _IGNORED.sub("", name).casefold()


def _parted(name: str, wanted: Container[str]) -> tuple[str, str]:
    """A plain name, and the unit behind it, which is cut off if a declared name is left."""
    found = _WITH_UNIT.fullmatch(name)
    if found and _plain(name) not in wanted and _plain(found[1]) in wanted:
        return _plain(found[1]), found[2]
    return _plain(name), ""


def _check_units(found: Sequence[str], wanted: dict[str, str], units: dict[str, str]) -> None:
    for plain, unit in (_parted(field, wanted) for field in found):
        name = wanted.get(plain, "")
        if unit and _plain(unit) != _plain(units[name]):
            right = f"in {units[name]}" if units[name] else "without a unit"
            raise Unfit(
                f"its header gives {quoted(name)} in {quoted(unit)}, wanted {right}; convert it, or mend the name"
            )


def _unnamed(plain: str) -> bool:
    return not plain or plain.startswith("unnamed:")  # so pandas calls it when it reads and writes such a file


def _bare(found: Sequence[str], delimiter: str, table: Table) -> Layout:
    """The layout of a file whose first line is a row."""
    names = tuple(column.name for column in table.columns)
    other = f"{len(found):,} field{'s' * (len(found) != 1)} where {len(names)} are wanted"
    if table.header == "required":
        hint = f"; with {other} it looks like another table's" if len(found) != len(names) else ""
        raise Unfit(f"line 1 is not a header; wanted one that names the columns {some(names)}{hint}")
    if len(found) != len(names):
        comma = delimiter == "," and len(found) > len(names)
        hint = ", or has decimal commas instead of points" if comma else ""
        raise Unfit(f"line 1 has {other} ({some(names)}): it is cut off, or looks like another table's{hint}")
    return Layout(delimiter, names, header=False)


def _in_order(found: Sequence[str], wanted: dict[str, str], ignored: Set[str]) -> tuple[str | None, ...]:
    """The declared names in the order of a header."""
    there = [_parted(name, wanted)[0] for name in found]
    missing = [name for plain, name in wanted.items() if plain not in there]
    extra = [
        name
        for name, plain in zip(found, there, strict=True)
        if not (plain in wanted or plain in ignored or _unnamed(plain))
    ]
    doubled = [wanted[plain] for plain, times in Counter(there).items() if times > 1 and plain in wanted]
    if missing or extra or doubled:
        like = "it looks like another table's: " if 2 * len(missing) > len(wanted) else ""
        raise Unfit(like + "; ".join(_faults(missing, extra, doubled)))
    return tuple(wanted.get(plain, None if plain in ignored else "") for plain in there)


def _faults(missing: Sequence[str], extra: Sequence[str], doubled: Sequence[str]) -> Iterator[str]:
    if missing:
        yield f"it lacks the column{'s' * (len(missing) > 1)} {some(missing)}"
    if doubled:
        yield f"it has {some(doubled)} more than once"
    if extra:
        yield f"it has {len(extra):,} column{'s' * (len(extra) > 1)} not wanted: {some(extra)}"
