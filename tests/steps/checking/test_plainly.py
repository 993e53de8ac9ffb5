"""A plain look says that nothing fails exactly where Great Expectations does, of as many values; else it is asked."""

from typing import Any

import pandas as pd
import pytest

from pipeline.projects.abalone import ABALONE
from pipeline.projects.openaq import OPENAQ
from steps.checking import expectations, features, plainly, suites
from steps.checking.expectations import Expectations, Expected
from steps.contract.declaration import parse, parse_table
from steps.tables import suites as tables

OF_SERIES = parse(OPENAQ.declaration())
LIMITS = OF_SERIES.expectations
AT = pd.to_datetime(["2003-01-01T01:00Z", "2003-01-01T02:00Z", "2003-01-01T03:00Z"])
ROWS = {
    "at": AT,
    "day_minute": [60.0, 120.0, 180.0],
    "strange": [None, None, None],
    "value": [1.0, 2.0, 3.0],
    "code": [None, None, None],
    "unknown": [None, None, None],
    "series": [0, 0, 1],
    "value of no2": [1.0, 2.0, None],
}
SENSORS = {
    "unusable_share": [0.0, 0.2, 0.5],
    "still_limit": [24.0, None, 24.0],
    "still": [1.0, 2.0, 23.0],
    "minutes": [60.0, 15.0, None],
}
DAYS = {"unreadable": ["no"] * 3, "missing_columns": ["no"] * 3, "foreign": ["no"] * 3, "gap": [0.0, 18.0, None]}
FEATURES = {
    "infinite": [0.0, 0.0, 0.0],
    "type": ["float32"] * 3,
    "low": [1.0, None, 0.0],
    "lowest": [1.0, 0.0, 0.0],
    "high": [2.0, None, 1.0],
    "highest": [2.0, 1.0, 1.0],
    "calendar_missing": [None, 0.0, None],
}
ABALONES = parse_table(ABALONE.declaration()).table
TABLE: dict[str, list[Any]] = {
    **{one.name: [one.levels[0]] * 3 if one.levels else [one.high] * 3 for one in ABALONES.columns},
    **{tables.fraction_of(one.name): [0.0] * 3 for one in ABALONES.columns if one.whole},
}
SUITES: dict[str, tuple[dict[str, Any], list[Expected]]] = {
    "rows": (ROWS, suites.of_rows(["no2"], OF_SERIES.quantities)),
    "sensors": (SENSORS, suites.of_series(LIMITS, OF_SERIES.learning.interval)),
    "days": (DAYS, suites.of_days(LIMITS, "no2", OF_SERIES.learning.interval)),
    "features": (FEATURES, features._suite()),
    "table": (TABLE, tables.of_rows(ABALONES)),
}
WRONG: dict[str, dict[str, Any]] = {
    "rows": {"at": [None, AT[0], AT[0]], "day_minute": [-1.0, 1e9, None], "strange": ["x", None, None],
             "value": [None] * 3, "code": [-999.0, None, None], "unknown": ["ppx", None, None], "series": [0, 0, 0],
             "value of no2": [-1e9, 1e9, float("inf")]},
    "sensors": {"unusable_share": [0.6, 0.0, None], "still": [24.0, None, 25.0], "still_limit": [None] * 3,
                "minutes": [1e9, None, 60.0]},
    "days": {"unreadable": ["yes", "no", "no"], "missing_columns": [None, "no", "x"], "gap": [None] * 3},
    "features": {"infinite": [1.0, 0.0, 0.0], "type": ["float64", "float32", None], "low": [0.0, -1.0, -2.0],
                 "high": [3.0, None, 0.0], "highest": [None] * 3, "calendar_missing": [None, 0.1, 0.0]},
    "table": {one.name: ["?", None, one.levels[0]] if one.levels else [one.low, None, one.high * 2]
              for one in ABALONES.columns} | {name: [0.5, None, 0.0] for name in TABLE if name.startswith("fraction")},
}  # fmt: skip


@pytest.fixture(scope="module")
def asked() -> Expectations:
    return Expectations()


def frame(values: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(values)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("wrong", [False, True])
def test_it_agrees_with_great_expectations(asked: Expectations, suite: str, wrong: bool) -> None:
    good, expected = SUITES[suite]
    rows = frame(good | WRONG[suite] if wrong else good)
    told = asked._told(rows, expected)
    assert any(len(one.failed) for one in told) is wrong
    for one, outcome in zip(expected, told, strict=True):
        looked = plainly.checked(rows, one.expectation.name, one.expectation.given)
        assert looked == (None if len(outcome.failed) else outcome.checked), one.name
    assert [one.counted() for one in asked.validate(rows, expected)] == [one.counted() for one in told]


@pytest.mark.parametrize("suite", SUITES)
def test_where_nothing_is_wrong_it_is_not_even_loaded(suite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def loaded() -> None:
        raise AssertionError("Great Expectations is loaded, seconds that nobody has to wait")

    monkeypatch.setattr(expectations, "_load", loaded)
    good, expected = SUITES[suite]
    assert not any(len(one.failed) for one in Expectations().validate(frame(good), expected))
    with pytest.raises(AssertionError, match="is loaded"):
        column, values = next(iter(WRONG[suite].items()))
        Expectations().validate(frame(good | {column: values}), expected)


def test_what_it_does_not_know_is_asked() -> None:
    assert plainly.checked(frame(ROWS), "ExpectColumnMeanToBeBetween", {"column": "value", "min_value": 0}) is None
