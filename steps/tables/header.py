"""The layout of a file: what separates its fields, and which column each of them is.

Names are compared without case, spaces, underscores, hyphens and points, and may come in any order. Whether the first
line is a header is not guessed: it is one if it has a declared name, or no field that begins like a number.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from steps.checking.words import quoted
from steps.contract.declaration import Table
from steps.tables.verdicts import Unfit

DELIMITERS = {";": "semicolons", ",": "commas"}
_OTHERS = {"\t": "tabs", "|": "bars"}
_MOST_NAMES = 5
_NUMBER_BEGINS = re.compile(r"\s*[+-]?\.?[0-9]")
_IGNORED = re.compile(r"[\s_.\-]+")


@dataclass(frozen=True)
class Layout:
    """What separates fields, the declared columns in the file's order, and whether the first line names them."""

    delimiter: str
    columns: tuple[str, ...]
    header: bool


def layout(line: str, table: Table) -> Layout:
    """The layout that the first line shows.

    Raises:
        Unfit: it does not fit the declared table.
    """
    wanted = {_plain(column.name): column.name for column in table.columns}
    split = {delimiter: fields(line, delimiter) for delimiter in (*DELIMITERS, *_OTHERS)}
    named = {delimiter: len(wanted.keys() & set(map(_plain, found))) for delimiter, found in split.items()}
    delimiter = max(split, key=lambda one: (named[one], len(split[one]) == len(wanted), len(split[one])))
    found = split[delimiter]
    if delimiter in _OTHERS and (named[delimiter] > 1 or len(found) == len(wanted)):
        raise Unfit(f"its columns are separated by {_OTHERS[delimiter]}, wanted semicolons or commas")
    if named[delimiter]:
        return Layout(delimiter, _in_order(found, wanted), header=True)
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


def _in_order(found: Sequence[str], wanted: dict[str, str]) -> tuple[str, ...]:
    """The declared names in the order of a header."""
    there = [_plain(name) for name in found]
    missing = [name for plain, name in wanted.items() if plain not in there]
    extra = [name for name, plain in zip(found, there, strict=True) if plain not in wanted]
    doubled = [wanted[plain] for plain, times in Counter(there).items() if times > 1 and plain in wanted]
    if missing or extra or doubled:
        like = "it looks like another table's: " if 2 * len(missing) > len(wanted) else ""
        raise Unfit(like + "; ".join(_faults(missing, extra, doubled)))
    return tuple(wanted[plain] for plain in there)


def _faults(missing: Sequence[str], extra: Sequence[str], doubled: Sequence[str]) -> Iterator[str]:
    if missing:
        yield f"it lacks the column{'s' * (len(missing) > 1)} {some(missing)}"
    if doubled:
        yield f"it has {some(doubled)} more than once"
    if extra:
        unnamed = " (a column without a name may be a row's number; leave it out)" if "" in map(_plain, extra) else ""
        yield f"it has {len(extra):,} column{'s' * (len(extra) > 1)} not wanted: {some(extra)}{unnamed}"
