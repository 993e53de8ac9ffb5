"""Bands around forecasts: they hold what they promise, follow what they missed, and know nothing too early."""

import json

import numpy as np
import pandas as pd
import pytest

from steps.contract import declaration
from steps.errors import BadInput
from steps.learning import bands as learned
from steps.learning.recipe import ask, train
from steps.models.bands import RATE, Bands
from steps.summaries.decision import Recipe
from tests.steps.support.released import DECLARATION
from tests.steps.support.small_dataset import DRAWN, series

Floats = np.typing.NDArray[np.float64]
LEARNING = declaration.parse(DECLARATION).learning
ONE, TWO = 9000001, 9000002
HOURS = 24 * 200


def forecasts(seed: int, noise: float = 0.3) -> tuple[Floats, Floats, Floats]:
    """Locations, answers and truths whose errors are a share of the answer, twice as large at the second location."""
    random = np.random.default_rng(seed)
    location = np.repeat([ONE, TWO], HOURS)
    answer = random.uniform(10, 60, 2 * HOURS)
    spread = np.where(location == ONE, noise, 2 * noise)
    return location, answer, answer * np.exp(random.normal(0, spread))


def calibrated(nominal: float = 0.8) -> Bands:
    return Bands.calibrated(nominal, *forecasts(1))


def coverage(bands: Bands, location: Floats, answer: Floats, truth: Floats) -> float:
    low, high = bands.around(location, answer)
    return float(np.mean((low <= truth) & (truth <= high)))


@pytest.mark.parametrize("nominal", [0.5, 0.8, 0.95])
def test_they_hold_the_stated_share_of_what_comes_at_each_location(nominal: float) -> None:
    location, answer, truth = forecasts(2)
    for place in (ONE, TWO):
        mine = location == place
        held = coverage(calibrated(nominal), location[mine], answer[mine], truth[mine])
        assert held == pytest.approx(nominal, abs=4 * np.sqrt(nominal * (1 - nominal) / HOURS))


def test_a_location_that_is_not_known_has_the_errors_of_all() -> None:
    location, answer, truth = forecasts(3)
    assert coverage(calibrated(), np.full_like(location, 7), answer, truth) == pytest.approx(0.8, abs=0.02)


def test_they_are_as_wide_as_the_forecast_is_high_and_never_below_what_can_be() -> None:
    bands = calibrated()
    low, high = bands.around(np.full(3, ONE), np.array([20.0, 40.0, -5.0]) + bands.lowest)
    assert high[1] - low[1] == pytest.approx(2 * (high[0] - low[0]))
    assert low[0] >= bands.lowest
    assert low[2] == bands.lowest - 5 and high[2] >= low[2], "a forecast is in its own band"


def test_forecasts_below_all_truth_do_not_make_them_explode() -> None:
    location, answer, truth = forecasts(4)
    low = np.arange(len(answer)) % 5 == 0
    answer = np.where(low, truth.min() - 1, answer)
    bands = Bands.calibrated(0.8, location, answer, truth)
    lower, upper = bands.around(location, answer)
    assert (upper - lower).max() < 10 * truth.max()


def test_days_of_misses_widen_them_and_days_of_hits_narrow_them() -> None:
    bands, answer = calibrated(), np.array([30.0])
    where = np.array([ONE])
    width = {missed: np.ptp(bands.following(ONE, [missed] * 3).around(where, answer)) for missed in (0.0, 0.2, 1.0)}
    assert width[0.0] < width[0.2] < width[1.0]
    assert width[0.2] == pytest.approx(np.ptp(bands.around(where, answer))), "as many misses as there shall be"
    assert np.ptp(bands.following(ONE, [1.0]).around(np.array([TWO]), answer)) == np.ptp(
        bands.around(np.array([TWO]), answer)
    )
    assert bands.following(ONE, [1.0]).errors[ONE].out == pytest.approx(0.2 - 0.8 * RATE)
    for missed in (0.0, 1.0):
        assert np.isfinite(bands.following(ONE, [missed] * 500).around(where, answer)).all()


def test_stored_and_read_they_are_the_same() -> None:
    bands = calibrated().following(ONE, [0.5])
    assert Bands.from_bytes(bands.to_bytes()) == bands


@pytest.mark.parametrize(
    "change",
    [
        {"errors": {}},
        {"least": 0},
        {"nominal": 2},
        {"lowest": "x"},
        {"errors": {"0": {"quantiles": [2, 1], "rows": 5, "out": 0.2}}},
        {"errors": {"0": {"quantiles": [0, 1], "rows": 0, "out": 0.2}}},
        {"errors": {"zero": {}}},
        {"errors": 7},
    ],
)
def test_what_is_no_bands_is_refused(change: dict[str, object]) -> None:
    stored = json.loads(calibrated().to_bytes()) | change
    with pytest.raises(BadInput, match=r"bands.json does not hold bands: .*; train again"):
        Bands.from_bytes(json.dumps(stored).encode())


def test_a_day_s_band_knows_no_truth_of_the_day_before_or_later() -> None:
    times = pd.date_range("2021-01-01T01:00Z", periods=24 * 10, freq="h")
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"location": ONE, "target_at": times, "target": random.uniform(10, 60, len(times))})
    answers = np.full(len(times), 30.0)
    day = pd.Timestamp("2021-01-05T00:00Z")
    other = rows.assign(target=rows["target"].where(times.floor("D") != day, 1000.0))
    before, after = (learned.walk(calibrated(), one, answers, pd.Timedelta(hours=24))[1] for one in (rows, other))
    first = times.floor("D")[np.flatnonzero(before != after)[0]]
    assert first == day + pd.Timedelta(days=2)


def test_the_holdout_is_measured_and_what_is_deployed_has_learned_from_it() -> None:
    dataset = series("a")
    recipe = Recipe(family="linear", parameters=DRAWN["linear"][0])
    model = train(LEARNING, recipe, dataset, dataset.training())
    held = dataset.holdout()
    measured = learned.measure(dataset, LEARNING, recipe, ask(model, dataset.rows.loc[held]))
    coverage = measured.coverage
    assert coverage.nominal == 0.8
    assert coverage.coverage == pytest.approx(0.8, abs=0.08)
    assert sum(month.rows for month in coverage.by_month) == coverage.rows == held.sum()
    folds = sum(int(fold.score.sum()) for fold in dataset.folds(np.flatnonzero(dataset.training()), LEARNING.folds))
    assert measured.bands.errors[0].rows == folds + held.sum()
