"""The same truth at any rhythm: hours told minute by minute, reported as means of so many minutes; and what comes of
them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from steps.checking.examine import Examiner
from steps.checking.expectations import Expectations
from steps.checking.reading import RawFile
from steps.contract.declaration import Declaration
from steps.features import hourly
from tests.steps.support.openaq import Line, Seeded, packed

RHYTHMS = (1, 5, 10, 15, 30, 60)  # minutes
_SWING = 0.2  # of the hour's mean, up and down within it

Days = Sequence[tuple[int, date, list[Line]]]  # location, day and its hourly lines


@dataclass
class Finer(Seeded):
    """`Seeded`, reported every `minutes`: an hour's reports have its value as their mean, up to the last digit."""

    minutes: int = 60

    def lines(self, location: int, day: date) -> list[Line]:
        return [fine for line in super().lines(location, day) for fine in told(line, self.minutes)]


def told(line: Line, minutes: int) -> list[Line]:
    """An hour's line as the lines of a sensor that reports every `minutes`. A direction stays, and so does what is no
    measurement: an error code, a value that stands still (its line has a `still`)."""
    end, mean = datetime.fromisoformat(line["datetime"]), float(line["value"])
    swing = 0.0 if "still" in line or line["units"] == "deg" else _SWING
    return [
        line
        | {
            "datetime": (end - timedelta(minutes=60 - first - minutes)).isoformat(),
            "value": f"{mean * (1 + swing * _turn(first, minutes)):.4f}",
        }
        for first in range(0, 60, minutes)
    ]


def _turn(first: int, minutes: int) -> float:
    """The mean over some minutes of an hour of one turn of the sine."""
    return sum(math.sin(math.tau * (minute + 0.5) / 60) for minute in range(first, first + minutes)) / minutes


@dataclass(frozen=True)
class Outcome:
    """What comes of days at one rhythm: how many lines they had, which were refused and why, and the features."""

    lines: int
    refused: dict[tuple[int, date], tuple[str, ...]]
    features: pd.DataFrame


def outcome(days: Days, minutes: int, declaration: Declaration, parameter: str) -> Outcome:
    """Examine `days`, told every `minutes`, and make the features of all locations."""
    fine = [[one for line in lines for one in told(line, minutes)] for *_, lines in days]
    files = [RawFile(days[at][0], days[at][1], "e", "k", packed(lines)) for at, lines in enumerate(fine)]
    found = Examiner(declaration, parameter, Expectations()).examine(files)
    refused = {(one.file.location, one.file.day): one.reasons for one in found.verdicts if one.reasons}
    good = [number for number, one in enumerate(found.verdicts) if not one.reasons]
    table = found.observations[found.observations["file"].isin(good)].drop(columns="file")
    table = table.sort_values(["location", "time", "parameter"], ignore_index=True)
    rows = [
        hourly.build(table, parameter=parameter, learning=declaration.learning, location=location)
        for location in sorted({location for location, *_ in days})
    ]
    return Outcome(sum(map(len, fine)), refused, pd.concat(rows, ignore_index=True))


def apart(one: Outcome, other: Outcome) -> float:
    """The most that any feature of any row differs by, over the largest value of that feature or 1; infinite if one has
    a row, a column or a value that the other lacks."""
    keys = ["location", "time"]
    first, second = (each.features.set_index(keys).astype("float64") for each in (one, other))
    if not first.index.equals(second.index) or list(first) != list(second):
        return math.inf
    if not first.isna().equals(second.isna()):
        return math.inf
    return float(((first - second).abs().max() / first.abs().max().clip(lower=1)).max())
