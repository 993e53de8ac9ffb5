"""Whether a feature function keeps its contract: that of `steps.features.table.build`, or of `hourly` or `daily`."""

import time

import numpy as np
import pandas as pd

from steps.checking.leaks import lookahead
from steps.contract.code import load
from steps.contract.declaration import Declaration, TableDeclaration
from steps.features.table import features
from steps.testing.tables import made_up
from steps.testing.telling import refuse

_DAYS = 30


def check_features(declaration: TableDeclaration | Declaration, *, seconds: float = 10.0) -> None:
    """Check the feature function that a project declares on made-up rows: that it gives numbers, the same twice, each
    row from itself (of a series: from itself and what came before), nothing of the target, and is fast.

    Raises:
        AssertionError: it does not; says in which point.
    """
    if isinstance(declaration, TableDeclaration):
        _of_table(declaration, seconds)
    else:
        _of_series(declaration, seconds)


def _of_table(declaration: TableDeclaration, seconds: float) -> None:
    name, target = declaration.learning.features, declaration.target
    rows = made_up(declaration)
    before = rows.copy()
    found = features(rows, declaration)
    refuse(not rows.equals(before), f"{name} changes the rows that it is given")
    refuse(not found.equals(features(rows, declaration)), f"{name} gives other features for the same rows")
    some = rows.iloc[[7, 3, 150]]
    alone = features(some, declaration)
    refuse(list(alone) != list(found), f"{name} gives other columns for fewer rows")
    odd = _differs(found.iloc[[7, 3, 150]], alone)
    refuse(bool(odd), f"{name}: {odd} of a row depends on the rows beside it; a live model is asked for one at a time")
    shuffled = rows.assign(**{target.name: rows[target.name].to_numpy()[::-1]})
    odd = _differs(found, features(shuffled, declaration))
    refuse(bool(odd), f"{name}: {odd} is made from the target {target.name}, which nobody knows when a model is asked")
    empty = features(rows.iloc[:0], declaration)
    refuse(list(empty) != list(found), f"{name} gives other columns for no rows")
    endless = [str(column) for column in found if np.isinf(found[column]).any()]
    refuse(bool(endless), f"{name}: {', '.join(endless)} is infinite somewhere in the declared ranges; NaN is missing")
    many = made_up(declaration, 20_000)
    began = time.process_time()
    features(many, declaration)
    took = time.process_time() - began
    refuse(took > seconds, f"{name}: 20,000 rows take {took:.1f} s, wanted {seconds:g} s")


def _of_series(declaration: Declaration, seconds: float) -> None:
    learning = declaration.learning
    name, history = learning.features, load(f"{learning.features.partition(':')[0]}:history_hours")(learning)
    refuse(not isinstance(history, int) or history < 1, f"{name}: history_hours gives {history!r}, wanted hours")
    seen = _observations(declaration, (24 * _DAYS + history) // learning.interval.hours)
    before = seen.copy()

    def build(observed: pd.DataFrame) -> pd.DataFrame:
        found: pd.DataFrame = load(name)(observed, parameter=learning.target, learning=learning, location=1)
        return found

    began = time.process_time()
    rows = build(seen)
    took = time.process_time() - began
    refuse(not seen.equals(before), f"{name} changes the observations that it is given")
    lacking = {"location", "time", "value"} - set(rows)
    refuse(bool(lacking), f"{name} gives no column {', '.join(sorted(lacking))}")
    refuse(not rows.equals(build(seen)), f"{name} gives other features for the same observations")
    words = lookahead.found(seen, rows, build)
    refuse(words is not None, f"{name} looks ahead: {words}")
    last = seen["time"].max()
    window = build(seen[seen["time"] >= last - pd.Timedelta(hours=history)])
    odd = _differs(rows.iloc[[-1]].drop(columns="time"), window.iloc[[-1]].drop(columns="time"))
    refuse(bool(odd), f"{name}: {odd} looks further back than the {history} hours that history_hours says")
    refuse(took > seconds, f"{name}: {len(rows):,} {learning.interval.name}s take {took:.1f} s, wanted {seconds:g} s")


def _observations(declaration: Declaration, count: int) -> pd.DataFrame:
    """So many hours or days of every quantity at two locations, in the middle of its range; one in twenty is
    missing."""
    random = np.random.default_rng(7)
    interval = declaration.learning.interval
    begin = pd.Timestamp("2024-03-01T00:00Z") + interval.length
    times = pd.date_range(begin, periods=count, freq=interval.alias, unit="us")
    parts = []
    for location in (1, 2):
        for name, quantity in declaration.quantities.items():
            middle, width = (quantity.low + quantity.high) / 2, (quantity.high - quantity.low) / 20
            values = random.normal(middle, width, count)
            parts.append(pd.DataFrame({"location": location, "time": times, "parameter": name, "value": values}))
    found = pd.concat(parts, ignore_index=True).assign(offset_minutes=60)
    kept = found[(random.random(len(found)) > 0.05) | (found["time"] == times[-1])]
    return kept.sort_values(["location", "time", "parameter"], ignore_index=True)


def _differs(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """The first column in which two frames of the same columns differ; empty if none does."""
    for column in one:
        if column not in other:
            return str(column)
        if not np.allclose(one[column].to_numpy(float), other[column].to_numpy(float), rtol=1e-6, equal_nan=True):
            return str(column)
    return ""
