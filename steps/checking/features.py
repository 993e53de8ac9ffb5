"""Check features before they are stored: they are numbers or missing, and within what their parameter allows.

A month's features are summarised by column first, so that one suite of a few expectations covers all of them and a
failure names the column, the location and the month. The names' prefixes are those of `steps.features.hourly`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from steps.checking.expectations import Expectations, Expected, Outcome, gxe
from steps.contract.declaration import Quantity
from steps.errors import CheckFailed

ROW = ("location", "time", "value")
_CALENDAR = "cal_"
_ANY = 1e6
_ROUNDING = 1e-3  # of the range; float32 has seven digits


def check(
    expectations: Expectations,
    built: Sequence[tuple[str, pd.DataFrame]],
    parameter: str,
    quantities: dict[str, Quantity],
) -> list[Outcome]:
    """The outcomes for months of features, each with the words that name it.

    Raises:
        CheckFailed: some are not as expected; names the first.
    """
    summaries = [_summary(name, rows, parameter, quantities) for name, rows in built]
    columns = pd.concat(summaries, ignore_index=True)
    outcomes = expectations.validate(columns, _suite())
    for outcome in outcomes:
        if len(outcome.failed):
            first = columns.loc[outcome.failed[0]]
            raise CheckFailed(
                f"the feature {first['feature']} of {first['month']} is not as expected: {outcome.name}, got "
                f"{first['low']:g} to {first['high']:g}, {first['infinite']:.0f} infinite, {first['missing']:.0%} "
                "missing; nothing of it was stored"
            )
    return outcomes


def _suite() -> list[Expected]:
    at_most = gxe.ExpectColumnPairValuesAToBeGreaterThanB
    return [
        Expected(
            "infinite",
            "no infinite value",
            "features",
            gxe.ExpectColumnValuesToBeBetween(column="infinite", max_value=0),
        ),
        Expected(
            "type", "is a float32", "features", gxe.ExpectColumnValuesToBeInSet(column="type", value_set=["float32"])
        ),
        Expected(
            "low",
            "not below what its parameter can be",
            "features",
            at_most(column_A="low", column_B="lowest", or_equal=True, ignore_row_if="either_value_is_missing"),
        ),
        Expected(
            "high",
            "not above what its parameter can be",
            "features",
            at_most(column_A="highest", column_B="high", or_equal=True, ignore_row_if="either_value_is_missing"),
        ),
        Expected(
            "missing",
            "the calendar is never missing",
            "features",
            gxe.ExpectColumnValuesToBeBetween(column="calendar_missing", max_value=0),
        ),
    ]


def _summary(month: str, rows: pd.DataFrame, parameter: str, quantities: dict[str, Quantity]) -> pd.DataFrame:
    """One row for each feature of the month: its type, extremes, and shares."""
    features = rows.drop(columns=[name for name in ROW if name in rows])
    values = features.to_numpy(dtype="float64", na_value=np.nan)
    finite = np.where(np.isfinite(values), values, np.nan)
    missing = np.isnan(values).mean(axis=0)
    bounds = [_bounds(str(name), parameter, quantities) for name in features]
    found = pd.DataFrame(
        {
            "month": month,
            "feature": features.columns.astype("str"),
            "type": [str(dtype) for dtype in features.dtypes],
            "infinite": np.isinf(values).sum(axis=0).astype("float64"),
            "missing": missing,
            "low": np.fmin.reduce(finite, axis=0),
            "high": np.fmax.reduce(finite, axis=0),
            "lowest": [low for low, _ in bounds],
            "highest": [high for _, high in bounds],
        }
    )
    return found.assign(calendar_missing=found["missing"].where(found["feature"].str.startswith(_CALENDAR)))


def _bounds(name: str, parameter: str, quantities: dict[str, Quantity]) -> tuple[float, float]:
    """What a feature can be, by its name."""
    kind, _, rest = name.partition("_")
    if kind == "others":
        kind = "change" if rest.startswith("change") else "mean"
    quantity = quantities[parameter]
    if kind in ("co", "wx"):
        of = max((known for known in quantities if f"{rest}_".startswith(f"{known}_")), key=len, default=None)
        quantity = quantities[of] if of else Quantity(unit="", low=-_ANY, high=_ANY, stuck_hours=None)
    width = quantity.high - quantity.low
    room = _ROUNDING * width
    match kind:
        case "lag" | "mean" | "min" | "max" | "co" | "wx":
            return quantity.low - room, quantity.high + room
        case "std":
            return 0, width
        case "change":
            return -width - room, width + room
        case "cal":
            return -1, 366
        case _:
            return -_ANY, _ANY
