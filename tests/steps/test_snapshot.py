"""A dataset is fixed under a fingerprint of what it is made of, once, with the list of its trials."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from steps.backends import datasets, judged, objects
from steps.backends.database import begin
from steps.backends.judged import Doubt
from steps.errors import BadInput, CheckFailed
from steps.learning import lake
from steps.learning.dataset import Series
from steps.learning.drawing import draw
from steps.summaries.dataset import SeriesDataset
from tests.steps.support import leaks
from tests.steps.support.learned import Learner, fill
from tests.steps.support.released import decide, release
from tests.steps.support.synthetic import LEARNING, LOCATIONS, observations

FIRST, LAST = "2021-03-01", "2021-04-14"  # of 45 days


@pytest.fixture
def learner(store_environment: dict[str, str], database_environment: str, tmp_path: Path) -> Learner:
    return Learner(tmp_path)


def stored(learner: Learner) -> dict[str, str]:
    folder = f"openaq/datasets/{learner.fingerprint()}/"
    return {one.key.removeprefix(folder): one.etag for one in objects.lake().list(folder)}


def test_a_dataset_is_fixed_and_described(learner: Learner) -> None:
    fill()
    ended = learner.snapshot()
    assert ended.code == 0, ended.log
    assert json.loads((learner.folder / "workers").read_text()) == [0, 1]
    assert set(stored(learner)) == {"dataset.json", "dataset.parquet", "files.json.gz", "trials.json"}
    dataset = lake.load(objects.lake(), "openaq", learner.fingerprint())
    assert isinstance(dataset, Series)
    summary = learner.summary()
    assert summary["kind"] == "dataset"
    assert summary["rows"] == len(dataset.rows) > 1500
    assert summary["features"] == len(dataset.features)
    assert summary["locations"] == list(LOCATIONS)
    assert (summary["parameter"], summary["embargo_hours"]) == ("no2", 24)
    assert summary["from"].startswith("2021-03-02")
    assert summary["trials"] == {family.name: family.trials for family in LEARNING.families}
    assert pd.Timestamp(summary["holdout_from"]) == dataset.holdout_from
    assert dataset.training().sum() > dataset.holdout().sum() > 0
    assert not {"time", "value", "target", "target_at"} & set(dataset.features)
    assert {str(dataset.rows[name].dtype) for name in dataset.features[1:]} == {"float32"}


def test_a_dataset_names_the_raw_files_that_it_is_made_of_whatever_is_patched_later(learner: Learner) -> None:
    fill()
    learner.snapshot(as_of="2021-04-10T05:30:00Z")
    before = datasets.files(objects.lake(), "openaq", learner.fingerprint())
    assert before is not None
    assert [(one.location, one.day) for one in before] == [
        (location, f"{day:%F}") for location in LOCATIONS for day in pd.date_range(FIRST, "2021-04-09")
    ]
    first = before[0]
    assert first.path == "records/csv.gz/locationid=101/year=2021/month=03/location-101-20210301.csv.gz"
    assert (first.etag, first.key) == ("a", "raw/101/2021-03-01")
    fill(etag="patched")
    assert datasets.files(objects.lake(), "openaq", learner.fingerprint()) == before


def test_the_trials_of_all_families_together_have_no_more_pods_than_are_declared(learner: Learner) -> None:
    ended = learner.snapshot(workers=26)
    assert ended.code == 2
    assert "--workers 26 for each of 2 model families is more than the 50 pods" in ended.error


def test_again_finds_it_done_and_changes_nothing(learner: Learner) -> None:
    fill()
    learner.snapshot()
    before, fingerprint, summary = stored(learner), learner.fingerprint(), learner.summary()
    ended = learner.snapshot(created="2022-06-01T00:00:00Z", workers=8)
    assert ended.code == 0, ended.log
    assert "is there" in ended.log
    assert (stored(learner), learner.fingerprint(), learner.summary()) == (before, fingerprint, summary)
    assert len(json.loads((learner.folder / "workers").read_text())) == 8


def test_a_champion_that_came_from_it_leaves_it_as_it_is(learner: Learner) -> None:
    fill()
    learner.snapshot()
    before, fingerprint = stored(learner), learner.fingerprint()
    make_champion("linear", draw(LEARNING.families[0], None)[4])
    learner.snapshot()
    assert (learner.fingerprint(), stored(learner)) == (fingerprint, before)


def test_a_champion_is_among_the_trials_of_a_new_dataset(learner: Learner) -> None:
    recipe = {"alpha": 321.0, "pooling": 0.5, "root": 0.125}
    make_champion("linear", recipe)
    fill()
    learner.snapshot()
    drawn = lake.trials(objects.lake(), "openaq", learner.fingerprint())
    assert drawn["linear"][0] == recipe
    assert {family: len(ones) for family, ones in drawn.items()} == learner.summary()["trials"]


@pytest.mark.parametrize(
    "recipe",
    [
        *(pytest.param(one, marks=pytest.mark.soak) for one in ({}, {"family": "linear"})),
        {"family": "gone", "parameters": {"a": 1}},
    ],
)
def test_a_champion_without_a_usable_recipe_is_passed_over(learner: Learner, recipe: dict[str, object]) -> None:
    make_champion_of(recipe)
    fill()
    ended = learner.snapshot()
    assert ended.code == 0, ended.log
    drawn = lake.trials(objects.lake(), "openaq", learner.fingerprint())
    assert drawn["linear"] == draw(LEARNING.families[0], None)


def test_the_fingerprint_changes_with_what_is_learned_from(learner: Learner) -> None:
    fill()
    found = []
    for options in ({}, {"as_of": f"{LAST}T05:00:00Z"}, {"locations": str(LOCATIONS[0])}):
        if "locations" in options:
            fill(locations=(LOCATIONS[0],))
        ended = learner.snapshot(**options)
        assert ended.code == 0, ended.log
        found.append(learner.fingerprint())
    fill(etag="patched")
    learner.snapshot()
    found.append(learner.fingerprint())
    assert len(set(found)) == 4


def test_as_of_lets_nothing_later_in_and_a_later_one_adds_nothing(learner: Learner) -> None:
    fill()
    learner.snapshot(as_of="2021-04-10T05:30:00Z")
    dataset = lake.load(objects.lake(), "openaq", learner.fingerprint())
    assert dataset.rows["target_at"].max() == pd.Timestamp("2021-04-10T00:00Z")
    learner.snapshot(as_of="2021-06-01T00:00:00Z")
    later = learner.fingerprint()
    learner.snapshot(as_of="2021-07-01T00:00:00Z")
    assert learner.fingerprint() == later
    # a whole month before: the newer one is not looked at
    ended = learner.snapshot(as_of="2021-03-29T12:00:00Z")
    assert ended.code == 0, ended.log
    assert learner.summary()["to"] == "2021-03-29T00:00:00+00:00"


def test_a_day_that_comes_later_changes_nothing_of_what_was_known_before(learner: Learner) -> None:
    as_of = "2021-04-10T05:30:00Z"
    fill(days=40)
    learner.snapshot(as_of=as_of)
    before, fingerprint = stored(learner), learner.fingerprint()
    fill(days=45)
    learner.snapshot(as_of=as_of)
    assert (learner.fingerprint(), stored(learner)) == (fingerprint, before)


def test_a_location_without_the_target_is_named_and_left_out(learner: Learner) -> None:
    table = observations(45)
    fill(table=table[(table["location"] == LOCATIONS[0]) | (table["parameter"] != "no2")])
    ended = learner.snapshot()
    assert ended.code == 0, ended.log
    assert f"no no2 to learn from at {LOCATIONS[1]}" in ended.log
    assert learner.summary()["locations"] == [LOCATIONS[0]]


def test_nothing_in_the_catalog_is_one_line(learner: Learner) -> None:
    ended = learner.snapshot()
    assert ended.code == 3
    assert "no day of no2 is known at locations 101, 102" in ended.error
    assert "openaq-backfill" in ended.error


def test_features_that_are_missing_are_one_line(learner: Learner) -> None:
    fill()
    one = next(iter(objects.lake().list("openaq/features/")))
    objects.lake().delete(one.key)
    ended = learner.snapshot()
    assert ended.code == 3
    assert "run the project's backfill first" in ended.error


def test_an_input_that_knows_the_future_is_refused_with_the_location_that_reports_it(learner: Learner) -> None:
    table = observations(45)
    later = leaks.hourly_of(table, "no2").shift(-24)
    fill(table=leaks.reported(table, "relativehumidity", later), locations=(*LOCATIONS, 999))
    ended = learner.snapshot(locations=f"{LOCATIONS[0]},{LOCATIONS[1]},999")
    assert ended.code == 3
    assert "relativehumidity of location 999 knows no2 24 hours ahead at locations 101 and 102: " in ended.error
    assert "leave the location out with `locations`, or have its source fixed" in ended.error
    assert not list(objects.lake().list("openaq/datasets/"))


def test_a_copy_whose_clock_is_early_is_refused_by_name(learner: Learner) -> None:
    fill(table=leaks.copied(observations(45), 12), locations=(*LOCATIONS, 999))
    ended = learner.snapshot(locations=f"{LOCATIONS[0]},{LOCATIONS[1]},999")
    assert ended.code == 3
    assert "location 999 is a copy of 101 with its clock 12 hours early" in ended.error


def test_a_station_under_two_ids_is_learned_from_and_said(learner: Learner) -> None:
    fill(table=leaks.copied(observations(45), 0), locations=(*LOCATIONS, 999))
    ended = learner.snapshot(locations=f"{LOCATIONS[0]},{LOCATIONS[1]},999")
    assert ended.code == 0, ended.log
    assert "locations 101 and 999 are one station under two ids" in ended.log
    assert learner.summary()["notes"][0].startswith("locations 101 and 999 are one station under two ids")
    dataset = lake.load(objects.lake(), "openaq", learner.fingerprint())
    assert isinstance(dataset, Series)
    assert list(dataset.notes) == learner.summary()["notes"]


def test_too_little_is_one_line_and_leaves_no_dataset(learner: Learner) -> None:
    fill(days=5)
    ended = learner.snapshot()
    assert ended.code == 3
    assert "are too few" in ended.error
    assert not list(objects.lake().list("openaq/datasets/"))


def test_no_target_at_all_is_one_line(learner: Learner) -> None:
    table = observations(45)
    fill(table=table[table["parameter"] != "no2"])
    ended = learner.snapshot()
    assert ended.code == 3
    assert "nothing to learn from" in ended.error


def test_a_folder_that_a_kill_left_unfinished_is_made_again(learner: Learner) -> None:
    fill()
    learner.snapshot()
    whole = stored(learner)
    objects.lake().delete(f"openaq/datasets/{learner.fingerprint()}/dataset.json")
    objects.lake().put(f"openaq/datasets/{learner.fingerprint()}/dataset.parquet", b"torn")
    assert lake.find(objects.lake(), "openaq", learner.fingerprint(), SeriesDataset) is None
    learner.snapshot()
    assert stored(learner) == whole


def test_what_is_no_fingerprint_is_refused() -> None:
    for name in ("", "../cache", "0" * 31, "x" * 32):
        with pytest.raises(BadInput, match="is not a fingerprint"):
            lake.find(objects.Bucket.__new__(objects.Bucket), "openaq", name, SeriesDataset)


def test_a_dataset_that_is_gone_is_one_line(learner: Learner) -> None:
    for ask in (lake.load, lake.trials):
        with pytest.raises(CheckFailed, match="has no dataset 0000"):
            ask(objects.lake(), "openaq", "0" * 32)


def make_champion(family: str, parameters: Mapping[str, object]) -> None:
    make_champion_of({"family": family, "parameters": parameters, "features": None})


def make_champion_of(recipe: dict[str, object]) -> None:
    number = decide("f" * 32, 1)
    with begin() as connection:
        from steps.backends.promotions import promotions

        connection.execute(promotions.update().values(recipe=recipe))
    release(number)


def test_a_location_that_is_left_out_is_not_learned_from_and_it_is_said_why(learner: Learner) -> None:
    judged.record("openaq", "no2", {101: Doubt("it is dead", "2021-04")}, at=datetime(2021, 4, 14, tzinfo=UTC))
    fill()
    ended = learner.snapshot()
    assert ended.code == 0, ended.log
    assert learner.summary()["locations"] == [102]
    assert "location 101 is left out: it is dead" in ended.log
