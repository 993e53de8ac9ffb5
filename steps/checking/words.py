"""Why a location-day was refused, in words that its owner understands. Text from a file is quoted and cut short."""

import pandas as pd

from steps.checking.hourly import LEAST_COVERED, slowest
from steps.checking.profile import every
from steps.checking.reading import RawFile
from steps.contract.declaration import Declaration, Expectations
from steps.summaries.intervals import DAY

NOTHING = "it holds no usable value of a declared parameter"
_LONGEST_QUOTE = 40


def quoted(text: object) -> str:
    """Text from a file, made harmless for a terminal or a page and no longer than a line."""
    shown = repr(str(text))
    return shown if len(shown) <= _LONGEST_QUOTE else f"{shown[:_LONGEST_QUOTE]}…'"


def of_file(facts: pd.Series, file: RawFile) -> list[str]:
    """What is wrong with the file as a whole; `facts` is its row of `Table.facts`."""
    if pd.notna(facts["unreadable"]):
        return [str(facts["unreadable"])]
    if pd.notna(facts["missing_columns"]):
        return [f"it must have one column of each name, and does not: {facts['missing_columns']}"]
    if pd.notna(facts["foreign"]):
        return [f"it holds location {quoted(facts['foreign'])}, wanted {file.location} alone"]
    return []


def of_rows(fault: str, rows: pd.DataFrame, total: int, file: RawFile) -> str:
    """What is wrong with `rows` of the file's `total`."""
    share = f"{len(rows)} of {total}"
    first = rows.iloc[0]
    match fault:
        case "text":
            return f"{share} values are not numbers; the first is {quoted(first['raw'])}"
        case "no_time":
            return f"{share} times are not ISO 8601 with an offset; the first is {quoted(first['stamp'])}"
        case _:
            return f"{share} times are not of {file.day}; the first is {quoted(first['stamp'])}"


def of_sensor(series: pd.Series, what: str) -> str:
    """Why values of a sensor were left out; `series` has its id and parameter."""
    return f"sensor {quoted(series['sensor'])}: {series['parameter']} {what}"


def undeclared(parameter: str) -> str:
    """Why values of a parameter were left out."""
    return f"parameter {quoted(parameter)} is not declared"


def of_unit(series: pd.Series, wanted: str) -> str:
    """That a sensor is in no known unit."""
    return (
        f"sensor {quoted(series['sensor'])} gives {series['parameter']} in {quoted(series['unknown_unit'])}, which is "
        f"no known unit of it; wanted {wanted}, or what converts to it"
    )


def of_target(fault: str, found: pd.Series, declaration: Declaration, name: str) -> str:
    """What is wrong with the target in a file; `found` is a row of `profile.of_series`, for a gap of `of_days`."""
    limits: Expectations = declaration.expectations
    if fault == "gap":
        if declaration.learning.interval is DAY:
            return f"{name} has no value of that day; wanted one, stamped by the midnight that ends it"
        return f"{name} is absent for {found['gap']:.0f} hours in a row; at most {limits.gap_hours} may be"
    wanted = declaration.quantities[name]
    match fault:
        case "unusable":
            kinds = [
                f"{found['missing']:.0f} missing",
                *([f"{found['code']:.0f} error codes"] if found["code"] else []),
                f"{found['outside']:.0f} outside {wanted.low:g} to {wanted.high:g} {wanted.unit}",
                f"{found['contradictory']:.0f} contradictory",
            ]
            share = f"{found['unusable_share']:.0%}"
            return (
                f"{share} of {found['rows']:.0f} {name} values cannot be used ({', '.join(kinds)}); "
                f"at most {limits.null_share:.0%} may be so"
            )
        case "stuck":
            return f"{name} stands still for {found['still']:.0f} hours; less than {wanted.stuck_hours} may be"
        case _:
            interval = declaration.learning.interval
            known = f"{interval.one} is known from {LEAST_COVERED:.0%} of it"
            least = f"so at least every {every(slowest(interval) / 60)} is wanted"
            return f"{name} comes every {every(found['minutes'])}; {known}, {least}"
