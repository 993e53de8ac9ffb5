"""What is expected of rows: each number there and in its range, whole where it must be, each text one of its levels."""

from typing import Any

import pandas as pd

from steps.checking.expectations import Expected, gxe
from steps.checking.words import quoted
from steps.contract.declaration import Column, Table

_MOST_VALUES = 3


def fraction_of(name: str) -> str:
    """The column that holds a number's fractional part."""
    return f"fraction of {name}"


def of_rows(table: Table) -> list[Expected]:
    """On a frame with the declared columns, and `fraction_of` for each that must be whole."""
    return [expected for column in table.columns for expected in _of_column(column)]


def fractions(frame: pd.DataFrame, table: Table) -> dict[str, "pd.Series[float]"]:
    """The columns that `of_rows` needs in addition to the declared ones."""
    whole = [column.name for column in table.columns if column.whole]
    return {fraction_of(name): frame[name] % 1.0 for name in whole}


def faults(fault: str, values: "pd.Series[Any]", column: Column) -> list[tuple[int, str]]:
    """How many of the failed values fail in which way, in words."""
    if fault == "level":
        return [(len(values), _described(values, column, f"is none of {', '.join(column.levels)}"))]
    if fault == "missing":
        return [(len(values), f"{column.name} is missing")]
    if fault == "fraction":
        return [(len(values), _described(values, column, "is not whole"))]
    low = values[values <= column.low] if column.above else values[values < column.low]
    high = values[values > column.high]
    least = f"is not above {column.low:g}" if column.above else f"is below {column.low:g}"
    sides = ((low, least), (high, f"is above {column.high:g}"))
    return [(len(own), _described(own, column, what)) for own, what in sides if len(own)]


def _of_column(column: Column) -> list[Expected]:
    if column.levels:
        in_set = gxe.ExpectColumnValuesToBeInSet(column=column.name, value_set=list(column.levels))
        return [Expected("level", f"is one of {', '.join(column.levels)}", column.name, in_set)]
    unit = f" (in {column.unit})" if column.unit else ""
    least = f"above {column.low:g} and at most" if column.above else f"from {column.low:g} to"
    between = gxe.ExpectColumnValuesToBeBetween(
        column=column.name, min_value=column.low, max_value=column.high, strict_min=column.above
    )
    there = gxe.ExpectColumnValuesToNotBeNull(column=column.name)
    found = [Expected("missing", "is there", column.name, there)]
    found.append(Expected("range", f"is {least} {column.high:g}{unit}", column.name, between))
    if column.whole:
        none = gxe.ExpectColumnValuesToBeInSet(column=fraction_of(column.name), value_set=[0.0])
        found.append(Expected("fraction", "is a whole number", column.name, none))
    return found


def _described(values: "pd.Series[Any]", column: Column, what: str) -> str:
    different = values.head(10_000).unique()
    shown = [quoted(one) if isinstance(one, str) else _number(one) for one in different[:_MOST_VALUES]]
    more = ", …" if len(different) > _MOST_VALUES else ""
    return f"{column.name} {', '.join(shown)}{more} {what}"


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
