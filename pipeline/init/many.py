"""A folder of many files of one shape, CSV (plain or gzip) or Parquet, as one table."""

import csv
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

from pipeline.errors import UserError
from pipeline.init import columns, reading
from pipeline.init.reading import Sample

FILE: Final = "file"
"""The column that says which file a row is of, where that tells whose it is."""
_ENDINGS: Final = (".csv", ".csv.gz", ".parquet")
_LARGEST: Final = 200 * 2**20  # bytes of all files
_OPENAQ: Final = {"location_id", "datetime", "parameter", "value"}


def parts(folder: Path) -> list[Sample]:
    """Each file of a folder and of those below it, by their paths, its columns in the order of the first.

    Raises:
        UserError: there is none, one cannot be read, or one has other columns or another kind of values.
    """
    files = [file for file in sorted(folder.rglob("*")) if file.name.endswith(_ENDINGS) and file.is_file()]
    files = [file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts)]
    if not files:
        raise UserError(f"{folder} has no file that ends in {', '.join(_ENDINGS)}; name a folder that has some")
    if sum(file.stat().st_size for file in files) > _LARGEST:
        raise UserError(f"{folder} has more than {_LARGEST // 2**20} MB; begin with a part of it")
    first, *others = map(_read, files)
    if set(first.names) >= _OPENAQ:
        raise UserError(f"{first.file} has OpenAQ's columns: {folder} is an archive, for `source` of a Project")
    return list(_alike([first, *(_ordered(one, first) for one in others)]))


def joined(found: Sequence[Sample], folder: Path, *, named: bool = False) -> Sample:
    """All their rows as one table. `named`: with a column of the files' names, without their ends."""
    names = (*found[0].names, FILE) if named else found[0].names
    rows = tuple((*row, _stem(one.file)) if named else row for one in found for row in one.rows)
    return Sample(folder, found[0].delimiter, names, rows, whole=True)


def _read(file: Path) -> Sample:
    return _parquet(file) if file.suffix == ".parquet" else reading.read(file, whole=True)


def _parquet(file: Path) -> Sample:
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    from pyarrow import parquet  # noqa: PLC0415

    try:
        found = parquet.read_table(file)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{file} cannot be read: {' '.join(str(error).split())[:100]}; wanted Parquet") from None
    cells = [[_cell(value) for value in column.to_pylist()] for column in found.columns]
    if len(cells) < 2 or not found.num_rows:
        raise UserError(f"{file} has {len(cells)} columns and {found.num_rows} rows; wanted a table")
    return Sample(file, ",", tuple(found.column_names), tuple(zip(*cells, strict=True)), whole=True)


def _cell(value: object) -> str:
    """A value as a CSV file would have it."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is what differs from itself
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _ordered(one: Sample, first: Sample) -> Sample:
    """The same table with its columns in the order of the first file.

    Raises:
        UserError: they are not the same.
    """
    if one.names == first.names:
        return one
    if lacking := [name for name in first.names if name not in one.names]:
        raise UserError(f"{one.file} has no column {lacking[0]!r}, which {first.file} has; wanted files of one shape")
    if more := [name for name in one.names if name not in first.names]:
        raise UserError(f"{one.file} has a column {more[0]!r}, which {first.file} has not; wanted files of one shape")
    places = [one.names.index(name) for name in first.names]
    rows = tuple(tuple(row[place] for place in places) for row in one.rows)
    return Sample(one.file, one.delimiter, first.names, rows, whole=True)


def _alike(found: list[Sample]) -> Iterator[Sample]:
    """The files, each column of which holds numbers in all, or texts in all.

    Raises:
        UserError: so it is not.
    """
    kinds: dict[str, tuple[str, Path]] = {}
    for one in found:
        for index, name in enumerate(one.names):
            kind = columns.kind(one.column(index))
            known, before = kinds.setdefault(name, (kind, one.file)) if kind else ("", one.file)
            if kind != known:
                words = f"{one.file}: {name!r} holds {kind}, where {before} has {known}"
                raise UserError(f"{words}; wanted files of one shape")
        yield one


def _stem(file: Path) -> str:
    return file.name.partition(".")[0]


def copied(sample: Sample, file: Path) -> None:
    """Write a table as one CSV file."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=sample.delimiter, lineterminator="\n").writerows([sample.names, *sample.rows])
