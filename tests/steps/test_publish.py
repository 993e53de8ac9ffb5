"""The daily predictions, from features in a real lake into both databases."""

import json
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from steps import publish
from steps.backends import catalog, challengers, judged, measurements, objects, promotions, warehouse
from steps.backends.catalog import Accepted
from steps.backends.database import begin
from steps.backends.judged import Doubt
from steps.backends.measurements import Measured
from steps.backends.warehouse import online
from steps.backends.warehouse.schema import predictions
from steps.contract import declaration
from steps.errors import CheckFailed
from steps.features import hourly, keys
from steps.models.bands import Bands
from steps.models.linear import Linear
from tests.steps.support.databases import new_database
from tests.steps.support.released import DECLARATION, begin_trial, decide, release, releasing, run
from tests.steps.support.small_model import pack, upload

pytestmark = pytest.mark.usefixtures("database", "store_environment")

Floats = np.typing.NDArray[np.float64]
PROJECT = declaration.parse(DECLARATION)
PLACES = (9000001, 9000002)
FIRST, LAST = date(2003, 4, 1), date(2003, 5, 20)
AS_OF = datetime(2003, 5, 20, 12, tzinfo=UTC)
NOT_FEATURES = {"time", "value"}


def hours() -> pd.DatetimeIndex:
    return pd.date_range(FIRST, LAST + timedelta(days=1), freq="h", tz="UTC", inclusive="right")


def observed(place: int) -> Floats:
    """What was measured: a daily course with noise, another at each place."""
    random = np.random.default_rng(place)
    return 30 + 10 * np.sin(2 * np.pi * hours().hour.to_numpy() / 24) + random.normal(0, 3, len(hours()))


def observations() -> pd.DataFrame:
    long = [
        pd.DataFrame({"location": place, "time": hours(), "offset_minutes": 0, "parameter": name, "value": values})
        for place in PLACES
        for name, values in (("no2", observed(place)), ("temperature", 10 + observed(place) / 5))
    ]
    return pd.concat(long, ignore_index=True).sort_values(["location", "time", "parameter"], ignore_index=True)


def measured(day: Accepted) -> list[Measured]:
    pairs = zip(hours(), observed(day.location).tolist(), strict=True)
    times = ((time.to_pydatetime(), value) for time, value in pairs)
    return [Measured(time, "no2", "µg/m³", value) for time, value in times if day.first_hour <= time <= day.last_hour]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database; `test_warehouse` has what it asks of each kind."""
    return new_database(request, tmp_path, monkeypatch)


@cache
def built(place: int) -> pd.DataFrame:
    return hourly.build(observations(), parameter="no2", learning=PROJECT.learning, location=place)


@pytest.fixture
def features() -> pd.DataFrame:
    """The features of both places in the lake, as `prepare` leaves them; all rows."""
    days = pd.date_range(FIRST, LAST, freq="D", tz="UTC")
    good = [
        Accepted(
            place,
            day.date(),
            "e",
            f"raw/{place}",
            24,
            day.to_pydatetime() + timedelta(hours=1),
            day.to_pydatetime() + timedelta(hours=24),
        )
        for place in PLACES
        for day in days
    ]
    catalog.record("openaq", good, [], at=AS_OF)
    for place in PLACES:
        measurements.replace("openaq", place, {one: measured(one) for one in good if one.location == place})
    frames = []
    for month in keys.months("openaq", PROJECT, PLACES, "no2"):
        rows = built(month.location)
        rows = rows[(rows["time"] >= month.start) & (rows["time"] < month.end)]
        body = BytesIO()
        rows.to_parquet(body)
        objects.lake().put(month.object_key, body.getvalue())
        frames.append(rows)
    return pd.concat(frames, ignore_index=True)


def go_live(
    features: pd.DataFrame,
    folder: Path,
    *,
    version: int = 1,
    columns: list[str] | None = None,
    around: Bands | None = None,
) -> Linear:
    """A model of all the features, live."""
    columns = columns or [str(name) for name in features if name not in NOT_FEATURES]
    model = Linear.fit(features[columns], features["value"].to_numpy(), {}, 1)
    digest = pack(model, folder / f"model-{version}", around=around)
    uri = upload(folder / f"model-{version}", f"m{version}")
    release(decide(f"f{version}", version, model_uri=uri, digest=digest))
    return model


def published(
    folder: Path, *, as_of: datetime = AS_OF, declaration: str = DECLARATION, **options: str
) -> dict[str, Any]:
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    times = ["--as-of", as_of.isoformat(), "--created", "2026-01-01T00:00:00Z"]
    run(publish, *times, *words, "--summary-out", folder / "summary.json", declaration=declaration)
    return json.loads((folder / "summary.json").read_text())


def stored() -> list[tuple[Any, ...]]:
    with begin() as connection:
        return list(map(tuple, connection.execute(sa.select(predictions).order_by("target_at", "location"))))


def test_the_last_day_gives_the_next(features: pd.DataFrame, tmp_path: Path) -> None:
    model = go_live(features, tmp_path)
    summary = published(tmp_path)
    assert (summary["version"], summary["parameter"], summary["unit"]) == (1, "no2", "µg/m³")
    wanted = [AS_OF + timedelta(hours=hour) for hour in range(1, 25)]
    assert sorted({row["target_at"] for row in summary["rows"]}) == [time.isoformat() for time in wanted]
    assert len(summary["rows"]) == len(stored()) == 48
    last = features[(features["location"] == PLACES[1]) & (features["time"] == AS_OF)]
    (mine,) = [
        row["value"]
        for row in summary["rows"]
        if (row["location"], row["target_at"]) == (PLACES[1], wanted[-1].isoformat())
    ]
    assert mine == pytest.approx(model.predict(last[list(model.features)].to_numpy(dtype="float64"))[0])
    assert summary["words"] == "Published 48 hours ahead with version 1."


def test_publishing_again_leaves_the_same_rows(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path)
    published(tmp_path)
    before = stored()
    assert published(tmp_path)["version"] == 1
    assert stored() == before


def test_a_new_version_replaces_the_same_hours(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path)
    published(tmp_path)
    go_live(features, tmp_path, version=2, columns=["location", "lag_0"])
    published(tmp_path)
    assert [row[5] for row in stored()] == [2] * 48


def test_the_newest_features_give_the_newest_prediction_to_the_bit(features: pd.DataFrame, tmp_path: Path) -> None:
    model = go_live(features, tmp_path)
    published(tmp_path)
    found = online.read("openaq", "no2", PLACES)
    assert [(one.time, one.as_of, one.version) for one in found.values()] == [(AS_OF, AS_OF, 1)] * 2
    predicted = {(row[1], row[3]): row[6] for row in stored()}
    for place, one in found.items():
        row = [float(place) if name == "location" else one.features[name] for name in model.features]
        (alone,) = model.predict(np.array([row], dtype=np.float64))
        assert alone == predicted[place, one.target_at]


def test_a_publication_of_an_earlier_time_leaves_the_newest_features(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path)
    published(tmp_path)
    newest = online.read("openaq", "no2", PLACES)
    published(tmp_path, as_of=AS_OF - timedelta(days=2))
    assert online.read("openaq", "no2", PLACES) == newest


def test_what_publishes_nothing_leaves_the_newest_features(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path)
    published(tmp_path)
    newest = online.read("openaq", "no2", PLACES)
    published(tmp_path, as_of=AS_OF + timedelta(days=9))
    assert online.read("openaq", "no2", PLACES) == newest


def bands() -> Bands:
    """What a model that is right up to a twentieth would have."""
    answers = np.linspace(20, 40, 400)
    return Bands.calibrated(0.8, np.full(400, PLACES[0]), answers, answers * (1 + np.linspace(-0.05, 0.05, 400)))


def ends() -> list[tuple[float, float, float]]:
    with begin() as connection:
        found = warehouse.outcomes(connection, "openaq", "no2", AS_OF + timedelta(hours=1), AS_OF + timedelta(days=1))
    return [(one.low or np.nan, one.predicted, one.high or np.nan) for one in found]


def test_predictions_have_the_model_s_bands(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path, around=bands())
    summary = published(tmp_path)
    assert len(ends()) == len(summary["rows"]) == 48
    assert all(low <= value <= high and low < high for low, value, high in ends())
    told = sorted((row["low"], row["value"], row["high"]) for row in summary["rows"])
    newest = {
        (row["location"], datetime.fromisoformat(row["target_at"])): (row["low"], row["high"])
        for row in summary["rows"]
    }
    for place, one in online.read("openaq", "no2", PLACES).items():
        assert newest[place, one.target_at] == pytest.approx((one.low, one.high)), "the live model tells it, too"
    assert told == sorted(ends())
    before = stored()
    published(tmp_path)
    assert stored() == before


def test_bands_widen_after_days_that_missed(features: pd.DataFrame, tmp_path: Path) -> None:
    """This model is wrong by far more than its bands say."""
    go_live(features, tmp_path, around=bands())
    published(tmp_path)
    narrow = ends()
    for days in (5, 4, 3, 2, 1, 0):
        published(tmp_path, as_of=AS_OF - timedelta(days=days))
    wide = ends()
    assert [value for _, value, _ in wide] == [value for _, value, _ in narrow]
    assert np.mean([high - low for low, _, high in wide]) > 1.1 * np.mean([high - low for low, _, high in narrow])


def test_days_that_are_published_together_are_published_in_their_order(features: pd.DataFrame, tmp_path: Path) -> None:
    """A day's bands depend on what the days before have missed."""
    go_live(features, tmp_path, around=bands())
    for days in (3, 2, 1, 0):
        published(tmp_path, as_of=AS_OF - timedelta(days=days))
    one_by_one = stored()
    with begin() as connection:
        connection.execute(sa.delete(predictions))
    summary = published(tmp_path, days="4")
    assert stored() == one_by_one
    assert (len(one_by_one), len(summary["rows"]), summary["as_of"]) == (4 * 48, 48, AS_OF.isoformat())


def test_predictions_meet_what_came_true(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path)
    first = published(tmp_path, as_of=AS_OF - timedelta(days=1))
    assert first["live_rmse"] is None
    assert all(one["predicted"] is None and one["observed"] is not None for one in first["recent"])
    second = published(tmp_path)
    predicted = [one for one in second["recent"] if one["predicted"] is not None]
    assert len(predicted) == 48
    assert len(second["recent"]) == 3 * 48, "three days are shown, predicted or not"
    truth = {
        (place, time.isoformat()): value
        for place in PLACES
        for time, value in zip(hours(), observed(place), strict=True)
    }
    assert all(one["observed"] == truth[one["location"], one["target_at"]] for one in second["recent"])
    errors = [one["predicted"] - one["observed"] for one in predicted]
    assert second["live_rmse"] == pytest.approx(np.sqrt(np.mean(np.square(errors))))


def test_nothing_after_as_of_is_taken_for_known(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path)
    early = AS_OF - timedelta(days=2)
    published(tmp_path, as_of=early)
    later = published(tmp_path, as_of=early + timedelta(hours=6))
    assert later["recent"][-1]["target_at"] == (early + timedelta(hours=6)).isoformat()
    known = [one for one in later["recent"] if one["predicted"] is not None]
    assert len(known) == 12
    errors = [one["predicted"] - one["observed"] for one in known]
    assert later["live_rmse"] == pytest.approx(np.sqrt(np.mean(np.square(errors))))


def test_before_a_model_is_live_it_says_so(tmp_path: Path) -> None:
    summary = published(tmp_path)
    assert (summary["version"], summary["rows"]) == (None, [])
    assert summary["words"] == "No model of openaq that predicts no2 is live: nothing was published."


def test_the_live_model_of_another_parameter_is_not_used(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path)
    summary = published(tmp_path, parameter="pm25")
    assert summary["words"].startswith("No model of openaq that predicts pm25 is live (the live one predicts no2)")
    assert stored() == []


def test_without_hours_near_as_of_nothing_is_published(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path)
    summary = published(tmp_path, as_of=AS_OF + timedelta(days=5))
    assert "has features (the newest is 2003-05-21T00:00:00+00:00)" in summary["words"]
    assert stored() == []


def test_a_dead_input_costs_accuracy_not_the_forecast(features: pd.DataFrame, tmp_path: Path) -> None:
    """A model has learned from a sensor that has since stopped."""
    noise = np.random.default_rng(1).normal(0, 3, len(features))
    go_live(features.assign(co_so2=features["value"] / 2 + noise), tmp_path)
    summary = published(tmp_path)
    assert len(summary["rows"]) == len(stored()) == 48
    assert summary["lacked"] == ["co_so2"]
    assert summary["words"] == (
        "Published 48 hours ahead with version 1. It did without 1 feature that no location has any more: co_so2; "
        "the next training leaves out what has stopped."
    )
    assert {row[-1] for row in stored()} == {"co_so2"}


def test_a_model_that_lacks_most_of_what_it_answers_from_publishes_nothing(
    features: pd.DataFrame, tmp_path: Path
) -> None:
    go_live(features.assign(co_so2=features["value"]), tmp_path, columns=["location", "co_so2"])
    with pytest.raises(CheckFailed, match=r"lack 1 of the model's 2 features \(co_so2\), which carry .*: train again"):
        published(tmp_path)
    assert stored() == []


def test_features_that_are_not_computed_yet_are_asked_for(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path)
    month = keys.months("openaq", PROJECT, PLACES, "no2")[-1]
    objects.lake().delete(month.object_key)
    with pytest.raises(CheckFailed, match="openaq-backfill"):
        published(tmp_path)


def test_a_model_whose_files_were_changed_publishes_nothing(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path)
    objects.artifacts().put("m1/model.json", b"{}")
    with pytest.raises(CheckFailed, match="its files were changed; it is not loaded"):
        published(tmp_path)
    assert stored() == []


def test_the_live_model_is_the_one_that_was_rolled_back_to(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path, version=1)
    go_live(features, tmp_path, version=2)
    with begin() as connection:
        back = promotions.roll_back(connection, "openaq").decision
    release(back)
    assert published(tmp_path)["version"] == 1


def test_a_location_that_is_left_out_has_no_forecast_and_it_is_said_why(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    judged.record("openaq", "no2", {PLACES[0]: Doubt("it is dead", "2003-06")}, at=AS_OF)
    go_live(request.getfixturevalue("features"), tmp_path)
    summary = published(tmp_path)
    assert {row["location"] for row in summary["rows"]} == {PLACES[1]}
    assert summary["words"] == (
        f"Published 24 hours ahead with version 1. Location {PLACES[0]} is left out: it is dead."
    )


SHADOW = releasing("shadow", trial_days=30)


def packed(features: pd.DataFrame, folder: Path, version: int) -> dict[str, Any]:
    """A model of two features, in the store, as a decision names it."""
    model = Linear.fit(features[["location", "lag_0"]], features["value"].to_numpy(), {}, 1)
    digest = pack(model, folder / f"model-{version}")
    return {"model_uri": upload(folder / f"model-{version}", f"m{version}"), "digest": digest}


def roles() -> dict[tuple[str, int], int]:
    with begin() as connection:
        c = predictions.c
        found = connection.execute(sa.select(c.role, c.version, sa.func.count()).group_by(c.role, c.version))
        return {(role, version): rows for role, version, rows in found}


def test_a_challenger_on_trial_predicts_the_same_hours_and_the_champion_s_stay_its_own(
    features: pd.DataFrame, tmp_path: Path
) -> None:
    go_live(features, tmp_path)
    before = published(tmp_path)
    begin_trial("b", 2, **packed(features, tmp_path, 2))
    summary = published(tmp_path, declaration=SHADOW)
    assert roles() == {("champion", 1): 48, ("challenger", 2): 48}
    assert (summary["rows"], summary["version"]) == (before["rows"], 1)
    assert "Version 2, on trial, predicted the same hours." in summary["words"]
    published(tmp_path, declaration=SHADOW)
    assert roles() == {("champion", 1): 48, ("challenger", 2): 48}


def test_a_challenger_that_cannot_predict_costs_no_forecast(features: pd.DataFrame, tmp_path: Path) -> None:
    go_live(features, tmp_path)
    begin_trial("b", 2, model_uri="s3://artifacts/gone")
    summary = published(tmp_path, declaration=SHADOW)
    assert roles() == {("champion", 1): 48}
    assert "Version 2, on trial, could not predict: " in summary["words"]


def test_the_model_before_a_new_champion_goes_on_for_as_long_as_is_declared(
    features: pd.DataFrame, tmp_path: Path
) -> None:
    go_live(features, tmp_path)
    go_live(features, tmp_path, version=2, columns=["location", "lag_0"])
    published(tmp_path)
    assert roles() == {("champion", 2): 48}, "direct: it does not"
    week = releasing("direct", trial_days=7)
    summary = published(tmp_path, declaration=week)
    assert roles() == {("champion", 2): 48, ("former", 1): 48}
    assert "Version 1, live before, predicted the same hours." in summary["words"]
    with begin() as connection:  # it has been live for a while
        c = predictions.c
        earlier = c.target_at == AS_OF + timedelta(hours=1), c.role == "champion"
        connection.execute(sa.update(predictions).where(*earlier).values(target_at=AS_OF - timedelta(days=7)))
    published(tmp_path, declaration=week)
    assert ("former", 1) not in roles()


def test_what_was_on_trial_in_the_morning_and_is_live_at_noon_has_one_role(
    features: pd.DataFrame, tmp_path: Path
) -> None:
    go_live(features, tmp_path)
    number = begin_trial("b", 2, **packed(features, tmp_path, 2))
    published(tmp_path, declaration=SHADOW)
    with begin() as connection:
        trial = challengers.get(connection, "openaq", number)
        assert trial is not None
        taking = promotions.take_over(connection, trial.model, why="", run="r", by="monitor")
        challengers.end(connection, trial, "taken over", "", "r")
    release(taking.decision)
    published(tmp_path, declaration=SHADOW)
    assert roles() == {("champion", 2): 48, ("former", 1): 48}
