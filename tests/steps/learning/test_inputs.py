"""Inputs that died are found."""

import numpy as np
import pandas as pd
import pytest

from steps.learning import inputs


def features(**columns: float) -> pd.DataFrame:
    """Thirty days of two locations."""
    hours = pd.date_range("2024-01-01", periods=30 * 24, freq="h", tz="UTC")
    whole = pd.concat([pd.DataFrame({"location": place, "time": hours}) for place in (1, 2)], ignore_index=True)
    return whole.assign(value=1.0, **columns)


@pytest.mark.parametrize(
    ("days", "place", "dead"),
    [(8, None, ["co_so2"]), (6, None, []), (8, 1, [])],
    ids=["of both", "too short", "of one location"],
)
def test_an_input_that_stopped_everywhere_days_ago_is_dead(days: int, place: int | None, dead: list[str]) -> None:
    frame = features(co_so2=1.0, wx_temperature=1.0)
    stopped = frame["time"] > frame["time"].max() - pd.Timedelta(days=days)
    frame.loc[stopped & ((frame["location"] == place) if place else True), "co_so2"] = np.nan
    assert inputs.dead(frame) == dead


def test_a_target_that_stopped_is_not_an_input() -> None:
    frame = features(co_so2=1.0)
    assert inputs.dead(frame.assign(value=np.nan)) == []
