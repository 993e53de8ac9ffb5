"""Examine many raw files at once: which location-days are refused and why, and which of their rows can be used.

A fault of the file refuses the day: it cannot be read, lacks a column, holds another location, another day, or text for
a number. A fault of a sensor leaves out that sensor: a unit that nobody knows, more unusable values than the declared
share, one that is stuck, or reports too seldom. A value is left out that is missing, an error code, out of range, or
contradicted by another line; and one whose hour is not covered enough. If the target has too long a gap, because of all
this or as it came, the day is refused. All that is left out is counted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from steps.checking import left_out, profile, sensors, suites, words
from steps.checking.expectations import Expectations, Outcome
from steps.checking.hourly import hourly, rhythm, spacing
from steps.checking.profile import OF_FILE, UNUSABLE
from steps.checking.reading import RawFile
from steps.checking.sensors import Chosen
from steps.checking.table import Converted, Table, tabulate
from steps.contract.declaration import Declaration

_MOST_NAMED = 3  # sensors of one day
_BREAK_FILE = ("no_time", "other_day", "text")
_LEAVE_OUT_VALUE = ("unknown_unit", *UNUSABLE)
_LEAVE_OUT_SENSOR = ("unusable", "stuck", "seldom")


@dataclass(frozen=True)
class Verdict:
    """On one file, accepted if `reasons` is empty; `refused_for` is the target they are about, None for all. `place`:
    the location's coordinates (degrees), if the file gives them."""

    file: RawFile
    reasons: tuple[str, ...] = ()
    refused_for: str | None = None
    place: tuple[float, float] | None = None


@dataclass(frozen=True)
class Several:
    """Sensors of one parameter at a location, by id: which the hours are made of, and which not."""

    location: int
    parameter: str
    used: tuple[str, ...]
    rejected: tuple[str, ...]


@dataclass(frozen=True)
class Examined:
    """The verdicts, in the order of the files; the usable observations of all readable files (file, location, time,
    offset_minutes, parameter, value: one for each file, hour and parameter, in that order), which do not depend on the
    target; the outcomes; how many rows were left out of accepted files, by reason; how many values were converted; on
    how many accepted days there were several sensors; and the names that files give their locations."""

    verdicts: list[Verdict]
    observations: pd.DataFrame
    outcomes: list[Outcome]
    left_out: Counter[str]
    converted: Counter[Converted]
    several: Counter[Several]
    names: dict[int, str]


class Examiner:
    """Examines files against a declaration; `target` is the parameter without which a day is useless."""

    def __init__(self, declaration: Declaration, target: str, expectations: Expectations) -> None:
        self._declaration = declaration
        self._target = target
        self._expectations = expectations
        self._interval = declaration.learning.interval
        self._directions = frozenset(name for name, one in declaration.quantities.items() if one.unit == "deg")

    def examine(self, files: Sequence[RawFile]) -> Examined:
        """The verdict on each file, and the contents of all."""
        table = tabulate(files, self._declaration)
        of_rows = self._rows(table)
        faults = _faults(table.rows, of_rows)
        broken = _broken(table, faults)
        bad = faults[list(_LEAVE_OUT_VALUE)]

        spaces = spacing(table.rows)
        rhythms = rhythm(table.rows, spaces, len(table.series))
        quantities, limits = self._declaration.quantities, self._declaration.expectations
        profiled = profile.of_series(table, bad, rhythms, quantities)
        of_series = self._expectations.validate(profiled, suites.of_series(limits, self._interval))

        judged = profiled.assign(**{one.fault: profiled.index.isin(one.failed) for one in of_series})
        failing = judged[list(_LEAVE_OUT_SENSOR)].any(axis=1).to_numpy()
        number = table.rows["series"].to_numpy()
        usable = ~(bad.any(axis=1).to_numpy() | failing[number] | table.rows["file"].isin(list(broken)).to_numpy())
        directions = table.series["parameter"].isin(self._directions).to_numpy()
        hours = hourly(table.rows, spaces, rhythms, usable, directions, interval=self._interval)
        chosen = sensors.choose(hours.found, table.series, self._directions)

        daily = profile.of_days(table, chosen.hours, self._target, self._interval)
        of_days = self._expectations.validate(daily, suites.of_days(limits, self._target, self._interval))
        reasons = self._reasons(judged, daily, of_series, of_days)
        verdicts = _verdicts(table, broken, reasons, set(chosen.hours["file"]), self._target)
        accepted = np.array([not one.reasons for one in verdicts], dtype=bool)
        return Examined(
            verdicts=verdicts,
            observations=_observations(chosen.hours, files),
            outcomes=[*of_rows, *of_series, *of_days],
            left_out=left_out.counted(
                table, bad, judged, chosen, uncovered=usable & ~hours.used, accepted=accepted, interval=self._interval
            ),
            converted=table.converted,
            several=_several(table, chosen, accepted),
            names=_names(table, broken),
        )

    def _rows(self, table: Table) -> list[Outcome]:
        rows = table.rows
        there = sorted(set(table.series["parameter"]))
        parameters = table.series["parameter"].to_numpy()[rows["series"]]
        judged = rows["value"].where(rows["unknown"].isna() & rows["code"].isna())
        values = {suites.value_of(name): judged.where(parameters == name) for name in there}
        columns = ["series", "at", "day_minute", "strange", "value", "code", "unknown"]
        return self._expectations.validate(
            rows[columns].assign(**values), suites.of_rows(there, self._declaration.quantities)
        )

    def _reasons(
        self, profiled: pd.DataFrame, daily: pd.DataFrame, of_series: list[Outcome], of_days: list[Outcome]
    ) -> dict[int, list[str]]:
        """Why files are refused for their target: it is absent for too long, and what is wrong with its sensors."""
        gap = next(outcome for outcome in of_days if outcome.fault == "gap")
        mine = profiled[profiled["parameter"] == self._target]
        found: dict[int, list[str]] = {}
        for file in gap.failed.tolist():
            of_file = mine[mine["file"] == file]
            strange = of_file[of_file["unknown_unit"].notna()].head(_MOST_NAMED)
            said = [words.of_unit(one, self._declaration.unit(self._target)) for _, one in strange.iterrows()]
            of_sensors = [
                words.of_target(outcome.fault, one, self._declaration, self._target)
                for outcome in of_series
                for _, one in of_file[of_file.index.isin(outcome.failed)].head(_MOST_NAMED).iterrows()
            ]
            absent = words.of_target("gap", daily.loc[file], self._declaration, self._target)
            # a target that cannot be used is also absent; saying so adds nothing
            found[file] = list(dict.fromkeys([*said, *(of_sensors or [absent])]))
        return found


def _verdicts(
    table: Table, broken: dict[int, list[str]], of_target: dict[int, list[str]], with_hours: set[int], target: str
) -> list[Verdict]:
    verdicts = []
    for number, file in enumerate(table.files):
        if number in broken:
            verdicts.append(Verdict(file, tuple(broken[number])))
        elif number in of_target or number not in with_hours:
            verdicts.append(Verdict(file, tuple(of_target.get(number, [words.NOTHING])), target))
        else:
            verdicts.append(Verdict(file, place=table.places[number]))
    return verdicts


def _observations(hours: pd.DataFrame, files: Sequence[RawFile]) -> pd.DataFrame:
    locations = np.array([file.location for file in files], dtype="int64")
    found = pd.DataFrame(
        {
            "file": hours["file"],
            "location": locations[hours["file"].to_numpy()],
            "time": pd.to_datetime(hours["time"], unit="s", utc=True).dt.as_unit("us"),
            "offset_minutes": hours["offset"].astype("int16"),
            "parameter": hours["parameter"].astype("str"),
            "value": hours["value"],
        }
    )
    return found.sort_values(["file", "time", "parameter"], ignore_index=True)


def _faults(rows: pd.DataFrame, outcomes: list[Outcome]) -> pd.DataFrame:
    """For each row and each fault of a row, whether it has it."""
    found = {name: np.zeros(len(rows), dtype=bool) for name in (*_BREAK_FILE, *_LEAVE_OUT_VALUE)}
    for outcome in outcomes:
        found[outcome.fault][outcome.failed] = True
    return pd.DataFrame(found, index=rows.index)


def _broken(table: Table, faults: pd.DataFrame) -> dict[int, list[str]]:
    """The numbers of the files that are refused as a whole, and why."""
    broken: dict[int, list[str]] = {}
    of_file = table.facts[list(OF_FILE)].notna().any(axis=1)
    for number, facts in table.facts[of_file].iterrows():
        broken[int(str(number))] = words.of_file(facts, table.files[int(str(number))])
    totals = table.rows["file"].value_counts()
    for fault in _BREAK_FILE:
        for number, rows in table.rows[faults[fault]].groupby("file"):
            said = words.of_rows(fault, rows, totals[number], table.files[int(str(number))])
            broken.setdefault(int(str(number)), []).append(said)
    return broken


def _several(table: Table, chosen: Chosen, accepted: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Counter[Several]:
    ids = table.series["sensor"]
    return Counter(
        Several(
            table.files[file].location,
            parameter,
            tuple(ids[one] for one in used),
            tuple(ids[one] for one in chosen.rejected[file, parameter]),
        )
        for (file, parameter), used in chosen.used.items()
        if accepted[file]
    )


def _names(table: Table, broken: dict[int, list[str]]) -> dict[int, str]:
    good = table.facts[~table.facts.index.isin(list(broken))]
    return {int(location): str(name) for location, name in zip(good["location"], good["name"], strict=True) if name}
