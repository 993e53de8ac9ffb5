"""The rows of many files in one table, with separate columns for what the checks compare.

Only declared parameters come in; the others are counted. A line that repeats another word for word is counted and
dropped; two lines that contradict each other both stay, for a check to find.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from steps.checking.reading import COLUMNS, RawFile, Row, read, stamp
from steps.contract.declaration import Quantity

MINUTES_A_DAY = 24 * 60
_NO_VALUE = frozenset({"", "nan", "null", "none", "na"})
_EPOCH = date(1970, 1, 1)
_SAME = ["file", "sensor", "parameter", "time", "units", "value"]


@dataclass(frozen=True)
class Table:
    """Files and their rows.

    `facts` has a row for each file: location, day, name, and in words or null `unreadable`, `missing_columns` and
    `foreign` (another location's id in it). `places`: the files' locations in degrees, None if a file does not say.
    `rows`, unique index: `file` (its number), sensor, parameter, `units` and `declared_units`, `value` (NaN where
    missing), `text` (what is there instead of a number), `stamp` (as written), `time` (UTC, NaT if it is not one),
    `offset` (minutes) and `day_minute` (wall clock since the day began).
    """

    files: Sequence[RawFile]
    facts: pd.DataFrame
    places: list[tuple[float, float] | None]
    rows: pd.DataFrame
    undeclared: int
    repeated: int


def tabulate(files: Sequence[RawFile], quantities: dict[str, Quantity]) -> Table:
    """Read all of `files`."""
    lines: list[Row] = []
    numbers: list[int] = []
    facts = []
    places = []
    undeclared = 0
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
        declared = [row for row in reading.rows if row.parameter in quantities]
        undeclared += len(reading.rows) - len(declared)
        lines += declared
        numbers += [number] * len(declared)
    rows = _rows(lines, numbers, files, quantities)
    unique = rows.drop_duplicates(_SAME, ignore_index=True)
    return Table(files, _texts(pd.DataFrame(facts)), places, unique, undeclared, len(rows) - len(unique))


def _rows(
    lines: list[Row], numbers: list[int], files: Sequence[RawFile], quantities: dict[str, Quantity]
) -> pd.DataFrame:
    _, sensors, stamps, parameters, units, values = zip(*lines, strict=True) if lines else ((),) * len(COLUMNS)
    raw = pd.Series(values, dtype="object")
    value = pd.to_numeric(raw, errors="coerce").astype("float64")
    odd = [None if text.strip().lower() in _NO_VALUE else text for text in raw[value.isna()]]
    text = pd.Series(None, index=raw.index, dtype="object")
    text[value.isna()] = odd
    minutes, offsets = _times(stamps)
    file = np.array(numbers, dtype="int64")
    midnights = np.array([(one.day - _EPOCH).days * MINUTES_A_DAY for one in files], dtype="float64")
    wanted = {name: quantity.unit for name, quantity in quantities.items()}
    return pd.DataFrame(
        {
            "file": file,
            "sensor": pd.Series(sensors, dtype="str"),
            "parameter": pd.Series(parameters, dtype="str"),
            "units": pd.Series([unit.strip().replace("\u03bc", "\u00b5") for unit in units], dtype="str"),
            "declared_units": pd.Series([wanted[name] for name in parameters], dtype="str"),
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
