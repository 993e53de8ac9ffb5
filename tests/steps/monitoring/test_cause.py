"""What an alarm is taken for: a sensor that broke, or a world that changed."""

import numpy as np
import pandas as pd
import pytest

from steps.models.base import Array
from steps.monitoring.cause import Evidence, judge
from tests.steps.support.synthetic import LOCATIONS, observations

END = pd.Timestamp("2021-04-14T01:00Z")
SINCE = END - pd.Timedelta(days=8)  # when something happened at the first location
NOISE = np.random.default_rng(5)


def evidence(changed: Array | None = None, times: float = 1.0) -> Evidence:
    """Of 44 days, the last eight of them changed at one location."""
    seen = observations(44).query("parameter == 'no2'")[["location", "time", "value"]].reset_index(drop=True)
    own = ((seen["location"] == LOCATIONS[0]) & (seen["time"] > SINCE)).to_numpy()
    seen.loc[own, "value"] = seen.loc[own, "value"] * times if changed is None else changed[: own.sum()]
    days = seen.assign(day=seen["time"].dt.floor("D")).groupby(["day", "location"])
    told = days.size().rename("hours").reset_index().assign(lacking=0, error=5.0, persistence=10.0)
    return Evidence(seen, told, [], LOCATIONS[:1], SINCE, SINCE, {"ppb taken for µg/m³": 1.881})


@pytest.mark.parametrize("times", [1.5, 0.7, 0.55])
def test_more_or_less_of_the_same_is_the_worlds(times: float) -> None:
    cause, words = judge(evidence(times=times))
    assert cause == "world", words


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (np.full(200, 31.0), "99% of the hours at 101 since 2021-04-06 equal the one before"),
        (NOISE.uniform(0.5, 2.0, 200), "(a dead sensor)"),
        (NOISE.uniform(4.0, 10.0, 200), "(a dead sensor)"),  # not next to nothing, but no air is as restless
    ],
    ids=["stuck", "near zero", "noise"],
)
def test_a_sensor_that_broke_is_the_datas(changed: Array, words: str) -> None:
    cause, said = judge(evidence(changed))
    assert cause == "data"
    assert words in said
