"""The rows of many files in one table, as numbers that the checks can compare.

Only declared parameters come in, in their declared units; the others are counted by name. A sensor with a unit that
nobody knows is marked as a whole, as one that changes its mind about units cannot be believed. A line that repeats
another word for word is counted and dropped; two lines that contradict each other both stay, for a check to find.

A file of a sensor that reports every minute has sixty times the lines, so texts that repeat are looked at once: whose
line it is becomes the number of a series, a sensor's day of one parameter.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, Self

import numpy as np
import pandas as pd

from steps.checking.codes import codes
from steps.checking.reading import COLUMNS, RawFile, Reading, read, stamp
from steps.contract.declaration import Declaration
from steps.contract.units import Conversion, conversion, spelled

MINUTES_A_DAY = 24 * 60
_NO_VALUE = frozenset({"", "nan", "null", "none", "na"})
_EPOCH = date(1970, 1, 1)

_Floats = np.ndarray[Any, np.dtype[np.float64]]
_Ints = np.ndarray[Any, np.dtype[np.int64]]
_Texts = np.ndarray[Any, np.dtype[np.object_]]


@dataclass(frozen=True)
class Table:
    """Files and their rows.

    `facts` has a row for each file: location, day, name, and in words or null `unreadable`, `missing_columns` and
    `foreign` (another location's id in it). `places`: the files' locations in degrees, None if a file does not say.
    `series`, by its number: `file` (its number), parameter, sensor, `unknown_unit` (that it has, or null).
    `rows`, by series and time: `series`, `file`, `value` (in the declared unit, NaN where missing), `code` (the error
    code that it is, else NaN), `strange` (1 where there is a text instead of a number, else NaN), `unknown` (1 where
    the unit is, else NaN), `raw` and `stamp` (value and time as written), `at` (seconds since 1970 UTC, NaN if it is no
    time), `offset` (minutes) and `day_minute` (wall clock since the day began).
    `converted`: how many values were, by parameter, unit and conversion. `undeclared`: how many lines were of each
    parameter that is not declared.
    """

    files: Sequence[RawFile]
    facts: pd.DataFrame
    places: list[tuple[float, float] | None]
    series: pd.DataFrame
    rows: pd.DataFrame
    converted: "Counter[Converted]"
    undeclared: Counter[str]
    repeated: int


@dataclass(frozen=True)
class Converted:
    """A parameter's values in a unit that is not the declared one, and what made them such."""

    parameter: str
    given: str
    unit: str
    conversion: Conversion


def tabulate(files: Sequence[RawFile], declaration: Declaration) -> Table:
    """Read all of `files`."""
    readings = [read(file.body) for file in files]
    facts = pd.DataFrame([_facts(file, reading) for file, reading in zip(files, readings, strict=True)])
    file = np.repeat(np.arange(len(files)), list(map(len, readings)))
    _, sensors, stamps, parameters, units, values = (
        np.array(list(chain.from_iterable(reading.column(name) for reading in readings)), dtype="object")
        for name in COLUMNS
    )
    known = declaration.spellings()
    parameter, spellings = pd.factorize(parameters)
    declared = np.array([known.get(one.strip().casefold(), "") for one in spellings], dtype="object")
    there = (declared != "")[parameter] if len(parameter) else np.array([], dtype=bool)
    undeclared = Counter(parameters[~there].tolist())
    names = declared[parameter] if len(parameter) else parameters
    sensor, name, time, unit = (_Column.of(column[there]) for column in (sensors, names, stamps, units))
    lines = _Lines(file[there], sensor, name, time, unit, values[there])
    return Table(files, facts, [one.place for one in readings], *_rows(lines, files, declaration, undeclared))


@dataclass(frozen=True)
class _Column:
    """A column of texts that repeat: the number of each among the `texts`."""

    number: _Ints
    texts: _Texts

    @classmethod
    def of(cls, texts: _Texts) -> Self:
        return cls(*pd.factorize(texts))


@dataclass(frozen=True)
class _Lines:
    """The lines of declared parameters, by column."""

    file: _Ints
    sensor: _Column
    parameter: _Column
    stamp: _Column
    units: _Column
    value: _Texts


def _facts(file: RawFile, reading: Reading) -> dict[str, object]:
    own = str(file.location)
    others = sorted(one for one in set(reading.column("location_id")) if one.strip() != own)
    return {
        "location": file.location,
        "day": file.day,
        "name": reading.name,
        "unreadable": reading.unreadable,
        "missing_columns": ", ".join(reading.missing) or None,
        "foreign": others[0] if others else None,
    }


def _rows(
    lines: _Lines, files: Sequence[RawFile], declaration: Declaration, undeclared: Counter[str]
) -> tuple[pd.DataFrame, pd.DataFrame, "Counter[Converted]", Counter[str], int]:
    number, series = _series(lines)
    delivered = pd.to_numeric(pd.Series(lines.value, dtype="object"), errors="coerce").to_numpy(dtype="float64")
    missing = np.isnan(delivered)
    strange = np.full(len(delivered), np.nan)
    strange[missing] = [np.nan if text.strip().lower() in _NO_VALUE else 1 for text in lines.value[missing]]
    moments = [stamp(text) or (np.nan, np.nan) for text in lines.stamp.texts]
    at, offset = np.array(moments, dtype="float64").reshape(-1, 2)[lines.stamp.number].T
    midnights = np.array([(one.day - _EPOCH).days * MINUTES_A_DAY for one in files], dtype="float64")
    value, unknown, converted = _converted(lines, delivered, declaration)
    series["unknown_unit"] = _first_unknown(lines, number, unknown, len(series))
    rows = pd.DataFrame(
        {
            "series": number,
            "file": lines.file,
            "value": value,
            "code": codes(delivered, number),
            "strange": strange,
            "unknown": np.where(series["unknown_unit"].notna().to_numpy()[number], 1.0, np.nan),
            "raw": pd.Series(lines.value, dtype="object"),
            "stamp": pd.Series(lines.stamp.texts[lines.stamp.number], dtype="object"),
            "at": at,
            "offset": offset,
            "day_minute": np.floor(at / 60) + offset - midnights[lines.file],
        }
    )
    rows, repeated = _unique(rows, pd.DataFrame({"unit": lines.units.number, "delivered": delivered}))
    return series, rows, converted, undeclared, repeated


def _series(lines: _Lines) -> tuple[_Ints, pd.DataFrame]:
    """The number of each line's series, and the series."""
    sensor, parameter = lines.sensor, lines.parameter
    which = (lines.file * len(sensor.texts) + sensor.number) * len(parameter.texts) + parameter.number
    found, first, number = np.unique(which, return_index=True, return_inverse=True)
    series = pd.DataFrame(
        {
            "file": lines.file[first],
            "parameter": pd.Series(parameter.texts[parameter.number[first]], dtype="object"),
            "sensor": pd.Series(sensor.texts[sensor.number[first]], dtype="object"),
        },
        index=pd.RangeIndex(len(found)),
    )
    return number.astype("int64"), series


def _converted(
    lines: _Lines, delivered: _Floats, declaration: Declaration
) -> tuple[_Floats, "np.ndarray[Any, np.dtype[np.bool_]]", "Counter[Converted]"]:
    """The values in the declared units, which of them are in an unknown one, and what was converted."""
    wanted = declaration.quantities
    units, parameters = lines.units.texts, lines.parameter.texts
    pairs = lines.parameter.number * len(units) + lines.units.number
    found, pair, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    known: list[Conversion | None] = []
    converted: Counter[Converted] = Counter()
    for both, count in zip(found.tolist(), counts.tolist(), strict=True):
        name, given = str(parameters[both // len(units)]), str(units[both % len(units)]).strip()
        one = conversion(given, wanted[name].unit, wanted[name].molar_mass, declaration.reference_celsius)
        known.append(one)
        if one is not None and one.changes:
            converted[Converted(name, spelled(given), wanted[name].unit, one)] += count
    factors = np.array([one.factor if one else 1.0 for one in known], dtype="float64")
    offsets = np.array([one.offset if one else 0.0 for one in known], dtype="float64")
    unknown = np.array([one is None for one in known], dtype=bool)
    return delivered * factors[pair] + offsets[pair], unknown[pair], converted


def _first_unknown(
    lines: _Lines, number: _Ints, unknown: "np.ndarray[Any, np.dtype[np.bool_]]", count: int
) -> "pd.Series[Any]":
    """The first unknown unit of each series, null if it has none."""
    found = pd.Series(None, index=pd.RangeIndex(count), dtype="object")
    if unknown.any():
        which, first = np.unique(number[unknown], return_index=True)
        found[which] = [text.strip() for text in lines.units.texts[lines.units.number[unknown][first]]]
    return found


def _unique(rows: pd.DataFrame, delivered: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The rows by series and time, without those that repeat another in what was `delivered`, and how many did."""
    same = rows[["series", "at"]]
    again = np.zeros(len(rows), dtype=bool)
    if same.duplicated().any():
        again = pd.concat([same, delivered], axis=1).duplicated().to_numpy()
    order = np.lexsort((rows["at"], rows["series"]))
    return rows.take(order[~again[order]]).reset_index(drop=True), int(again.sum())
