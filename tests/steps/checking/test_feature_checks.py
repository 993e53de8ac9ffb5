"""Features are checked before they are stored: one that cannot be is named, with its location and month."""

import numpy as np
import pandas as pd
import pytest

from pipeline.projects.openaq import OPENAQ
from steps.archive import layout
from steps.checking import features
from steps.checking.examine import Examiner
from steps.checking.expectations import Expectations, Outcome
from steps.checking.reading import RawFile
from steps.contract.declaration import parse
from steps.errors import CheckFailed
from steps.features import hourly
from tests.steps.support.openaq import Seeded

DECLARATION = parse(OPENAQ.declaration())
SEEDED = Seeded(days=10)


@pytest.fixture(scope="module")
def expectations() -> Expectations:
    return Expectations()


@pytest.fixture(scope="module")
def built(expectations: Expectations) -> pd.DataFrame:
    """Ten days of real features of seeded observations."""
    files = [
        RawFile(location, day, "etag", "key", SEEDED.body(location, day))
        for location in SEEDED.locations
        for day in layout.days(SEEDED.first, SEEDED.last)
    ]
    seen = Examiner(DECLARATION, "no2", expectations).examine(files).observations
    return hourly.build(seen, parameter="no2", learning=DECLARATION.learning, location=101)


def check(expectations: Expectations, rows: pd.DataFrame, parameter: str = "no2") -> list[Outcome]:
    return features.check(expectations, [("location 101 in 2021-03", rows)], parameter, DECLARATION.quantities)


def test_what_is_built_of_good_observations_is_as_expected(expectations: Expectations, built: pd.DataFrame) -> None:
    outcomes = check(expectations, built)
    assert all(outcome.checked and not len(outcome.failed) for outcome in outcomes)
    assert next(outcome.checked for outcome in outcomes if outcome.fault == "infinite") == len(built.columns) - 3


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("lag_3", np.inf, "no infinite value"),
        ("lag_3", 1100, "not above what its parameter can be"),
        ("mean_24", -40, "not below what its parameter can be"),
        ("std_24", -1, "not below"),
        ("change_24", 1200, "not above"),
        ("others_now", 1100, "not above"),
        ("wx_temperature", 61, "not above"),
        ("wx_wind_speed_mean_6", -1, "not below"),
        ("cal_hour", 400, "not above"),
        ("cal_year_sin", np.nan, "the calendar is never missing"),
    ],
)
def test_one_that_cannot_be_is_named(
    expectations: Expectations, built: pd.DataFrame, column: str, value: float, words: str
) -> None:
    wrong = built.copy()
    wrong.loc[100, column] = value
    with pytest.raises(CheckFailed, match=f"the feature {column} of location 101 in 2021-03") as raised:
        check(expectations, wrong)
    assert words in str(raised.value)


def test_a_feature_of_another_type_is_named(expectations: Expectations, built: pd.DataFrame) -> None:
    with pytest.raises(CheckFailed, match=r"lag_0.*is a float32"):
        check(expectations, built.astype({"lag_0": "float64"}))


def test_one_that_is_missing_all_month_is_no_fault(expectations: Expectations, built: pd.DataFrame) -> None:
    assert check(expectations, built.assign(lag_144=np.float32(np.nan)))
