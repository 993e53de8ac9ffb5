"""Read a file into columns, some thousand lines at a time, so that its text is never split into cells as a whole."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from steps.contract.declaration import Column, Table
from steps.tables import cells
from steps.tables.content import Lines, lines
from steps.tables.header import DELIMITERS, Layout, fields, layout
from steps.tables.verdicts import Unfit

_PART = 20_000  # lines


@dataclass(frozen=True, eq=False)
class Content:
    """The columns of a file, in the declared order: numbers, or an arrow array of trimmed texts."""

    columns: dict[str, Any]
    rows: int
    numbers: Any  # of the line of each row, from 1


def read(body: bytes, table: Table) -> Content:
    """What a file holds.

    Raises:
        Unfit: it is not such a table.
    """
    found = lines(body)
    shape = layout(found.line(0), table)
    first = 1 if shape.header else 0
    if len(found) == first:
        raise Unfit("it has a header and no row")
    by_name = {column.name: column for column in table.columns}
    order = [by_name[name] for name in shape.columns]
    parts: dict[str, list[Any]] = {column.name: [] for column in table.columns}
    for start in range(first, len(found), _PART):
        stop = min(start + _PART, len(found))
        texts = _split(found, start, stop, shape)
        for column, values in zip(order, _values(texts, order, found.numbers[start:stop]), strict=True):
            parts[column.name].append(values)
    columns = {
        column.name: pa.chunked_array(values, pa.string()) if column.levels else np.concatenate(values)
        for column in table.columns
        if (values := parts.pop(column.name))
    }
    return Content(columns, len(found) - first, found.numbers[first:])


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


def _values(texts: list[Any], order: list[Column], numbers: Any) -> list[Any]:
    """Each column's values; the first wrong cell, by its line, refuses the file."""
    values: list[Any] = []
    wrong: list[tuple[int, int]] = []
    for index, (own, column) in enumerate(zip(texts, order, strict=True)):
        if column.levels:
            found, at = own, cells.formula(own, column)
        else:
            found, at = cells.numbers(own)
        values.append(found)
        if at is not None:
            wrong.append((at, index))
    if wrong:
        at, index = min(wrong)
        said = cells.words(texts[index][at].as_py(), order[index])
        raise Unfit(f"line {numbers[at]:,}, {order[index].name}: {said}")
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
        other = next(one for one in DELIMITERS if one != shape.delimiter)
        if len(fields(line, other)) == wanted:
            return f"{said}: it is separated by {DELIMITERS[other]}, the first line by {DELIMITERS[shape.delimiter]}"
        if got < wanted and index + 1 == len(found):
            return f"{said}: the last line is cut off"
        if got > wanted and shape.delimiter == ",":
            return f"{said}; decimals are written with a point, not a comma"
        return said
    return f"between lines {found.numbers[start]:,} and {found.numbers[stop - 1]:,} quotes do not enclose whole fields"
