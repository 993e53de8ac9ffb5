"""What is expected of raw data, in three suites: of rows, of each sensor's day, and of location-days.
The bounds are the declaration's.
"""

from collections.abc import Collection

from steps.checking.expectations import Expected, gxe
from steps.checking.hourly import LEAST_COVERED, slowest
from steps.checking.table import MINUTES_A_DAY
from steps.contract.declaration import Expectations, Quantity
from steps.summaries.intervals import DAY, Interval


def value_of(parameter: str) -> str:
    """The column that holds the values of one parameter in its declared unit, and null elsewhere."""
    return f"value of {parameter}"


def of_rows(parameters: Collection[str], quantities: dict[str, Quantity]) -> list[Expected]:
    """On `Table.rows`, with a column `value_of` for each of `parameters`."""
    return [
        Expected(
            "no_time",
            "is an ISO 8601 time with an offset",
            "datetime",
            gxe.ExpectColumnValuesToNotBeNull(column="at"),
        ),
        Expected(
            "other_day",
            "is in the file's local day",
            "datetime",
            gxe.ExpectColumnValuesToBeBetween(column="day_minute", min_value=0, max_value=MINUTES_A_DAY),
        ),
        Expected("text", "is a number", "value", gxe.ExpectColumnValuesToBeNull(column="strange")),
        Expected("missing", "is there", "value", gxe.ExpectColumnValuesToNotBeNull(column="value")),
        Expected("code", "is no error code of an instrument", "value", gxe.ExpectColumnValuesToBeNull(column="code")),
        Expected(
            "unknown_unit",
            "is a known unit of its parameter",
            "units",
            gxe.ExpectColumnValuesToBeNull(column="unknown"),
        ),
        *(_inside(name, quantities[name]) for name in parameters),
        Expected(
            "contradictory",
            "is the only one of its sensor at that time",
            "value",
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["series", "at"], ignore_row_if="any_value_is_missing"),
        ),
    ]


def _inside(parameter: str, quantity: Quantity) -> Expected:
    return Expected(
        "outside",
        f"is from {quantity.low:g} to {quantity.high:g} {quantity.unit}",
        parameter,
        gxe.ExpectColumnValuesToBeBetween(column=value_of(parameter), min_value=quantity.low, max_value=quantity.high),
    )


def of_series(limits: Expectations, interval: Interval) -> list[Expected]:
    """On `profile.of_series`."""
    return [
        Expected(
            "unusable",
            f"at most {limits.null_share:.0%} of a day's values are missing, impossible or contradictory",
            "each sensor",
            gxe.ExpectColumnValuesToBeBetween(column="unusable_share", max_value=limits.null_share),
        ),
        Expected(
            "stuck",
            "does not stand still for hours",
            "each sensor",
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="still_limit", column_B="still", ignore_row_if="either_value_is_missing"
            ),
        ),
        Expected(
            "seldom",
            f"reports often enough to know {LEAST_COVERED:.0%} of each {interval.name}",
            "each sensor",
            gxe.ExpectColumnValuesToBeBetween(column="minutes", max_value=slowest(interval) / 60),
        ),
    ]


def of_days(limits: Expectations, target: str, interval: Interval) -> list[Expected]:
    """On `profile.of_days`."""
    files = {
        "unreadable": "is a gzipped CSV of at most 10 MB",
        "missing_columns": "has the archive's columns",
        "foreign": "holds its own location alone",
    }
    return [
        *(
            Expected(fault, name, "file", gxe.ExpectColumnValuesToBeInSet(column=fault, value_set=["no"]))
            for fault, name in files.items()
        ),
        Expected(
            "gap",
            "has a value" if interval is DAY else f"is absent for at most {limits.gap_hours} hours in a row",
            target,
            gxe.ExpectColumnValuesToBeBetween(column="gap", max_value=limits.gap_hours),
        ),
    ]
