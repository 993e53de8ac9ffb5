"""The rows of many files in one table, with separate columns for what the checks compare.

Only declared parameters come in, in their declared units; the others are counted by name. A sensor with a unit that
nobody knows is marked as a whole, as one that changes its mind about units cannot be believed. A line that repeats
another word for word is counted and dropped; two lines that contradict each other both stay, for a check to find.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from steps.checking.reading import COLUMNS, RawFile, Row, read, stamp
from steps.contract.declaration import Declaration
from steps.contract.units import Conversion, conversion, spelled

MINUTES_A_DAY = 24 * 60
_NO_VALUE = frozenset({"", "nan", "null", "none", "na"})
_EPOCH = date(1970, 1, 1)
_SENSOR = ["file", "sensor", "parameter"]
_SAME = [*_SENSOR, "time", "units", "value"]


@dataclass(frozen=True)
class Table:
    """Files and their rows.

    `facts` has a row for each file: location, day, name, and in words or null `unreadable`, `missing_columns` and
    `foreign` (another location's id in it). `places`: the files' locations in degrees, None if a file does not say.
    `rows`, unique index: `file` (its number), sensor, parameter, `units` (as delivered), `unit` (the declared one),
    `unknown_unit` (that its sensor has in this file, or null), `value` (in `unit`, NaN where missing), `text` (what is
    there instead of a number), `stamp` (as written), `time` (UTC, NaT if it is not one), `offset` (minutes) and
    `day_minute` (wall clock since the day began).
    `converted`: how many values were, by parameter, unit and conversion. `undeclared`: how many lines were of each
    parameter that is not declared.
    """

    files: Sequence[RawFile]
    facts: pd.DataFrame
    places: list[tuple[float, float] | None]
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
    names = declaration.spellings()
    lines: list[Row] = []
    numbers: list[int] = []
    facts = []
    places = []
    undeclared: Counter[str] = Counter()
    for number, file in enumerate(files):
        reading = read(file.body)
        own = str(file.location)
        facts.append(
            {
                "location": file.location,
                "day": file.day,
                "name": reading.name,
                "unreadable": reading.unreadable,
                "missing_columns": _listed(reading.missing),
                "foreign": next((row.location for row in reading.rows if row.location.strip() != own), None),
            }
        )
        places.append(reading.place)
        for row in reading.rows:
            name = names.get(row.parameter.strip().casefold())
            if name is None:
                undeclared[row.parameter] += 1
            else:
                lines.append(row._replace(parameter=name) if row.parameter != name else row)
                numbers.append(number)
    rows = _rows(lines, numbers, files)
    converted = _convert(rows, declaration)
    unique = rows.drop_duplicates(_SAME, ignore_index=True)
    return Table(files, _texts(pd.DataFrame(facts)), places, unique, converted, undeclared, len(rows) - len(unique))


def _convert(rows: pd.DataFrame, declaration: Declaration) -> "Counter[Converted]":
    """Turn the values into the declared units, and mark sensors whose unit is unknown; returns what was converted."""
    wanted = declaration.quantities
    pairs = list(zip(rows["parameter"], rows["units"], strict=True))
    known = {
        (name, units): conversion(units, wanted[name].unit, wanted[name].molar_mass, declaration.reference_celsius)
        for name, units in set(pairs)
    }
    each = [known[pair] or Conversion() for pair in pairs]
    factors, offsets = (np.array([getattr(one, name) for one in each]) for name in ("factor", "offset"))
    rows["unit"] = pd.Series([wanted[name].unit for name, _ in pairs], dtype="str")
    rows["value"] = rows["value"] * factors + offsets
    rows["unknown_unit"] = rows["units"].where(np.array([known[pair] is None for pair in pairs], dtype=bool))
    if rows["unknown_unit"].notna().any():
        rows["unknown_unit"] = rows.groupby(_SENSOR)["unknown_unit"].transform("first")
    counted: Counter[Converted] = Counter()
    for (name, units), number in Counter(pairs).items():
        found = known[name, units]
        if found is not None and found.changes:
            counted[Converted(name, spelled(units), wanted[name].unit, found)] += number
    return counted


def _rows(lines: list[Row], numbers: list[int], files: Sequence[RawFile]) -> pd.DataFrame:
    _, sensors, stamps, parameters, units, values = zip(*lines, strict=True) if lines else ((),) * len(COLUMNS)
    raw = pd.Series(values, dtype="object")
    value = pd.to_numeric(raw, errors="coerce").astype("float64")
    odd = [None if text.strip().lower() in _NO_VALUE else text for text in raw[value.isna()]]
    text = pd.Series(None, index=raw.index, dtype="object")
    text[value.isna()] = odd
    minutes, offsets = _times(stamps)
    file = np.array(numbers, dtype="int64")
    midnights = np.array([(one.day - _EPOCH).days * MINUTES_A_DAY for one in files], dtype="float64")
    return pd.DataFrame(
        {
            "file": file,
            "sensor": pd.Series(sensors, dtype="str"),
            "parameter": pd.Series(parameters, dtype="str"),
            "units": pd.Series([unit.strip() for unit in units], dtype="str"),
            "value": value,
            "text": text.astype("str").where(text.notna()),
            "stamp": pd.Series(stamps, dtype="str"),
            "time": pd.to_datetime(minutes * 60, unit="s", utc=True, errors="coerce").as_unit("us"),
            "offset": offsets,
            "day_minute": minutes + offsets - midnights[file],
        }
    )


def _times(stamps: Sequence[str]) -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", ...]:
    """Minutes since 1970 UTC and offsets in minutes, NaN if a stamp is not a time."""
    found = [stamp(text) or (np.nan, np.nan) for text in stamps]
    both = np.array(found, dtype="float64").reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _listed(names: Sequence[str]) -> str | None:
    return ", ".join(names) or None


def _texts(facts: pd.DataFrame) -> pd.DataFrame:
    words = ["unreadable", "missing_columns", "foreign"]
    return facts.astype(dict.fromkeys(words, "str"))
