"""Read a file into columns, some thousand lines at a time, so that its text is never split into cells as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from steps.checking.words import quoted
from steps.contract.declaration import Column, Table
from steps.contract.written import DELIMITERS
from steps.pages.words import count
from steps.tables import cells
from steps.tables.content import Lines, lines
from steps.tables.header import Layout, fields, layout, opening, repeated
from steps.tables.verdicts import Unfit

_PART = 20_000  # lines
_UNNAMED = Column(name="", high=1)  # stands for a column without a name


@dataclass(frozen=True, eq=False)
class Content:
    """The columns of a file, in the declared order: numbers, or an arrow array of trimmed texts. `notes`: what was read
    in another way than it is written, or not at all."""

    columns: dict[str, Any]
    rows: int
    numbers: Any  # of the line of each row, from 1
    notes: tuple[str, ...] = ()


def read(body: bytes, table: Table) -> Content:
    """What a file holds.

    Raises:
        Unfit: it is not such a table.
    """
    whole = lines(body, table)
    at = opening(whole, table)
    shape = layout(whole.line(at), table)
    first = at + 1 if shape.header else at
    left_out = repeated(whole, at, shape)
    found = whole.without(left_out).since(first)
    if not len(found):
        raise Unfit("it has a header and no row")
    columns, comma = _columns(found, shape, table)
    notes = list(_notes(shape, whole.numbers[left_out], comma=comma))
    return Content(columns, len(found), found.numbers, tuple(notes))


def _columns(found: Lines, shape: Layout, table: Table) -> tuple[dict[str, Any], bool]:
    """The values of each declared column, and whether decimals are written with a comma."""
    by_name = {column.name: column for column in table.columns}
    order = [None if name is None else by_name.get(name, _UNNAMED) for name in shape.columns]
    written = _Written(comma=b"." not in found.part(0, len(found)))
    parts: dict[str, list[Any]] = {column.name: [] for column in table.columns}
    for start in range(0, len(found), _PART):
        stop = min(start + _PART, len(found))
        texts = _split(found, start, stop, shape)
        for column, values in zip(order, _values(texts, order, found.numbers[start:stop], written), strict=True):
            if column is not None and column is not _UNNAMED:
                parts[column.name].append(values)
    if written.either and not written.decimals:
        raise Unfit(f"{written.either} may be a decimal or thousands; write decimals with a point, thousands without")
    columns = {
        column.name: pa.chunked_array(values, pa.string()) if column.levels else np.concatenate(values)
        for column in table.columns
        if (values := parts.pop(column.name))
    }
    return columns, written.decimals


@dataclass
class _Written:
    """How numbers are written: `comma`, decimals may be with a comma; `decimals`, some certainly are; `either`, the
    first that could be thousands as well, in words."""

    comma: bool
    decimals: bool = False
    either: str = ""

    def note(self, texts: Any, name: str, numbers: Any) -> None:
        """Look at the numbers of a column in some lines."""
        decimals, first = cells.commas(texts)
        self.decimals |= decimals
        if first is not None:
            self.either = self.either or f"line {numbers[first]:,}, {name}: {quoted(texts[first].as_py())}"


def _notes(shape: Layout, left_out: Any, *, comma: bool) -> Iterator[str]:
    if comma:
        yield "its decimals are written with a comma, and were read so"
    if "" in shape.columns:
        yield f"{count(shape.columns.count(''), 'column')} without a name, of row numbers or nothing, left out"
    if len(left_out):
        yield f"{count(len(left_out), 'line')} left out, the first is {left_out[0]:,}: comments, or the header again"


def _split(found: Lines, start: int, stop: int, shape: Layout) -> list[Any]:
    """The texts of each column in those lines."""
    part = found.part(start, stop)
    names = [str(number) for number in range(len(shape.columns))]
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(part),
            pa.csv.ReadOptions(use_threads=False, block_size=len(part) + 1, column_names=names),
            pa.csv.ParseOptions(delimiter=shape.delimiter),
            pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        table = None
    if table is None or table.num_rows != stop - start:
        raise Unfit(_ragged(found, start, stop, shape))
    return [cells.trimmed(table.column(name).combine_chunks()) for name in names]


def _values(texts: list[Any], order: list[Column | None], numbers: Any, written: _Written) -> list[Any]:
    """Each column's values; the first wrong cell, by its line, refuses the file."""
    values: list[Any] = []
    wrong: list[tuple[int, int]] = []
    for index, (own, column) in enumerate(zip(texts, order, strict=True)):
        if column is None:
            found, at = own, None
        elif column is _UNNAMED:
            found, at = own, cells.no_row_number(own)
        elif column.levels:
            found, at = own, cells.formula(own, column)
        else:
            found, at = cells.numbers(own, comma=written.comma)
            if written.comma and at is None:
                written.note(own, column.name, numbers)
        values.append(found)
        if at is not None:
            wrong.append((at, index))
    if wrong:
        at, index = min(wrong)
        column, text = order[index], texts[index][at].as_py()
        if column is None or column is _UNNAMED:
            raise Unfit(f"line {numbers[at]:,}: the column without a name has {quoted(text)}, wanted a row's number")
        raise Unfit(f"line {numbers[at]:,}, {column.name}: {cells.words(text, column)}")
    return values


def _ragged(found: Lines, start: int, stop: int, shape: Layout) -> str:
    """What is wrong with the first line whose number of fields is not that of the columns."""
    wanted = len(shape.columns)
    for index in range(start, stop):
        line = found.line(index)
        got = len(fields(line, shape.delimiter))
        if got == wanted:
            continue
        said = f"line {found.numbers[index]:,} has {got:,} field{'s' * (got != 1)}, wanted {wanted}"
        for other, name in DELIMITERS.items():
            if other != shape.delimiter and len(fields(line, other)) == wanted:
                return f"{said}: it is separated by {name}, the first line by {DELIMITERS[shape.delimiter]}"
        if got < wanted and index + 1 == len(found):
            return f"{said}: the last line is cut off"
        if got > wanted and shape.delimiter == ",":
            return f"{said}; decimals are written with a point, not a comma"
        return said
    return f"between lines {found.numbers[start]:,} and {found.numbers[stop - 1]:,} quotes do not enclose whole fields"
