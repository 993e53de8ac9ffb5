"""Examine many raw files at once: which location-days are refused and why, and which of their rows can be used.

A fault of the file refuses the day: it cannot be read, lacks a column, holds another location, another day, or text for
a number. A fault of a parameter leaves that parameter out, and refuses the day if it is the target: more unusable
values than the declared share, a stuck sensor, too long a gap. A fault of a sensor, a unit that nobody knows, leaves
out that sensor; of a value (missing, out of range, contradicted by another line), that value. All of them are counted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from steps.checking import suites, words
from steps.checking.expectations import Expectations, Outcome
from steps.checking.hourly import hourly
from steps.checking.profile import OF_FILE, UNUSABLE, profile
from steps.checking.reading import RawFile
from steps.checking.table import Converted, Table, tabulate
from steps.contract.declaration import Declaration

_MOST_NAMED = 3  # sensors of one day
_BREAK_FILE = ("no_time", "other_day", "text")
_LEAVE_OUT_VALUE = ("unknown_unit", *UNUSABLE)
_LEAVE_OUT_PARAMETER = ("unusable", "stuck")


@dataclass(frozen=True)
class Verdict:
    """On one file, accepted if `reasons` is empty; `refused_for` is the target they are about, None for all. `place`:
    the location's coordinates (degrees), if the file gives them."""

    file: RawFile
    reasons: tuple[str, ...] = ()
    refused_for: str | None = None
    place: tuple[float, float] | None = None


@dataclass(frozen=True)
class Examined:
    """The verdicts, in the order of the files; the usable observations of all readable files (see `hourly`), which do
    not depend on the target; the outcomes; how many rows were left out of accepted files, by reason; how many values
    were converted; and the names that files give their locations."""

    verdicts: list[Verdict]
    observations: pd.DataFrame
    outcomes: list[Outcome]
    left_out: Counter[str]
    converted: Counter[Converted]
    names: dict[int, str]


class Examiner:
    """Examines files against a declaration; `target` is the parameter without which a day is useless."""

    def __init__(self, declaration: Declaration, target: str, expectations: Expectations) -> None:
        self._declaration = declaration
        self._target = target
        self._expectations = expectations

    def examine(self, files: Sequence[RawFile]) -> Examined:
        """The verdict on each file, and the contents of all."""
        quantities = self._declaration.quantities
        table = tabulate(files, self._declaration)
        of_rows = self._rows(table.rows)
        faults = _faults(table.rows, of_rows)
        profiled = profile(table, faults[list(_LEAVE_OUT_VALUE)], self._target, quantities)
        of_days = self._expectations.validate(profiled, suites.of_days(self._declaration.expectations, self._target))

        broken = _broken(table, faults)
        failing = _failing(of_days)
        lost = _of_pairs(table.rows, profiled.loc[sorted(failing)])
        out = faults[list(_LEAVE_OUT_VALUE)].any(axis=1) | lost | table.rows["file"].isin(list(broken))
        observations = hourly(table.rows[~out], files)
        verdicts = self._verdicts(table, broken, profiled, of_days, set(observations["file"]))
        return Examined(
            verdicts=verdicts,
            observations=observations,
            outcomes=[*of_rows, *of_days],
            left_out=_left_out(table, faults, lost, verdicts),
            converted=table.converted,
            names=_names(table, broken),
        )

    def _rows(self, rows: pd.DataFrame) -> list[Outcome]:
        there = sorted(set(rows["parameter"]))
        in_unit = rows["value"].where(rows["unknown_unit"].isna())
        values = {suites.value_of(name): in_unit.where(rows["parameter"] == name) for name in there}
        return self._expectations.validate(rows.assign(**values), suites.of_rows(there, self._declaration.quantities))

    def _verdicts(
        self,
        table: Table,
        broken: dict[int, list[str]],
        profiled: pd.DataFrame,
        outcomes: list[Outcome],
        with_rows: set[int],
    ) -> list[Verdict]:
        of_target: dict[int, list[str]] = {}
        for outcome in outcomes:
            for _, found in profiled.loc[outcome.failed].iterrows():
                number = found["file"]
                if found["parameter"] != self._target or number in broken:
                    continue
                if outcome.fault == "gap" and number in of_target:
                    continue  # a target that cannot be used is also absent; saying so adds nothing
                said = words.of_target(outcome.fault, found, self._declaration)
                because = self._units(table.rows, found) if outcome.fault == "gap" and found["unknown_unit"] else []
                of_target.setdefault(number, []).extend([*because, said])
        verdicts = []
        for number, file in enumerate(table.files):
            if number in broken:
                verdicts.append(Verdict(file, tuple(broken[number])))
            elif number in of_target or number not in with_rows:
                verdicts.append(Verdict(file, tuple(of_target.get(number, [words.NOTHING])), self._target))
            else:
                verdicts.append(Verdict(file, place=table.places[number]))
        return verdicts

    def _units(self, rows: pd.DataFrame, found: pd.Series) -> list[str]:
        """Which sensors of the target in a file are in no known unit."""
        mine = rows[(rows["file"] == found["file"]) & (rows["parameter"] == self._target)]
        strange = mine[mine["unknown_unit"].notna()].drop_duplicates("sensor").head(_MOST_NAMED)
        unit = self._declaration.unit(self._target)
        return [words.of_unit(row, unit) for _, row in strange.iterrows()]


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


def _failing(outcomes: list[Outcome]) -> set[int]:
    """The rows of `profiled` with a parameter that is left out."""
    return {int(label) for one in outcomes if one.fault in _LEAVE_OUT_PARAMETER for label in one.failed}


def _of_pairs(rows: pd.DataFrame, profiled: pd.DataFrame) -> "pd.Series[bool]":
    """Whether each row is of one of the files and parameters in `profiled`."""
    pairs = pd.MultiIndex.from_frame(profiled[["file", "parameter"]])
    return pd.Series(pd.MultiIndex.from_frame(rows[["file", "parameter"]]).isin(pairs), index=rows.index, dtype=bool)


def _left_out(table: Table, faults: pd.DataFrame, lost: "pd.Series[bool]", verdicts: list[Verdict]) -> Counter[str]:
    accepted = table.rows["file"].isin([number for number, one in enumerate(verdicts) if not one.reasons])
    values = faults[list(_LEAVE_OUT_VALUE)]
    counts: Counter[str] = Counter({name: int((values[name] & accepted).sum()) for name in UNUSABLE})
    counts["of a parameter left out"] = int((lost & accepted & ~values.any(axis=1)).sum())
    strange = table.rows[accepted & values["unknown_unit"]]
    counts.update(map(words.unknown_unit, strange["sensor"], strange["parameter"], strange["unknown_unit"]))
    for name, number in table.undeclared.items():
        counts[words.undeclared(name)] += number
    counts["repeated"] = table.repeated
    return +counts


def _names(table: Table, broken: dict[int, list[str]]) -> dict[int, str]:
    good = table.facts[~table.facts.index.isin(list(broken))]
    return {int(location): str(name) for location, name in zip(good["location"], good["name"], strict=True) if name}
