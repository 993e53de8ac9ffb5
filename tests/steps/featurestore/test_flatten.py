"""The features laid out flat, each row once, and what Feast is told of them."""

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipeline.projects.openaq import OPENAQ
from steps.backends import objects
from steps.errors import BadInput, CheckFailed
from steps.features import keys
from steps.featurestore import flatten
from steps.featurestore.definitions import Definitions, parse
from tests.steps.support.invoking import run_step
from tests.steps.support.learned import fill
from tests.steps.support.released import decide
from tests.steps.support.small_model import FEATURES, pack, train, upload
from tests.steps.support.synthetic import LOCATIONS, PROJECT, features, observations

pytestmark = pytest.mark.usefixtures("store_environment", "database_environment")

AS_OF = datetime(2021, 4, 15, tzinfo=UTC)
DAYS = 45


def defined(locations: tuple[int, ...] = LOCATIONS) -> Definitions:
    return flatten.definitions(PROJECT, locations, "no2", AS_OF, 48)


def laid_out(told: Definitions) -> pd.DataFrame:
    """All rows of all files."""
    frames = [pd.read_parquet(BytesIO(objects.lake().get(file) or b"")) for file in told.view.files]
    return pd.concat(frames, ignore_index=True).sort_values(["location", "time"], ignore_index=True)


def there() -> set[str]:
    return {one.key for one in objects.lake().list("openaq/store/no2_hours/")}


def test_each_row_is_there_once_as_it_is_in_the_lake() -> None:
    fill(DAYS)
    told = defined()
    wanted = keys.read(objects.lake(), keys.months("openaq", PROJECT, LOCATIONS, "no2"))
    pd.testing.assert_frame_equal(laid_out(told), wanted.drop(columns="value"), check_exact=True)
    assert (told.view.rows, told.view.locations) == (len(wanted), LOCATIONS)
    assert (told.view.first, told.view.newest) == (wanted["time"].min(), wanted["time"].max())
    assert told.view.features == tuple(wanted.drop(columns=["location", "time", "value"]))


def test_of_a_patched_month_the_new_rows_are_there_and_the_old_are_not() -> None:
    fill(DAYS)
    before = defined()
    table = observations(DAYS)
    march = table["time"] < pd.Timestamp("2021-03-03", tz="UTC")
    table.loc[march, "value"] += 1
    fill(DAYS, etag="b", table=table)
    after = defined()
    assert len(laid_out(after)) == len(laid_out(before))
    rows = features(table).sort_values(["location", "time"], ignore_index=True)
    assert laid_out(after)["lag_0"].equals(rows["lag_0"])
    assert not laid_out(before)["lag_0"].equals(rows["lag_0"]), "a reader of the list before still finds its files"
    again = defined()
    assert (again.view, there()) == (after.view, set(after.view.files)), "from the next time on it does not"


def test_what_has_not_changed_is_neither_read_nor_written(monkeypatch: pytest.MonkeyPatch) -> None:
    fill(DAYS)
    told = defined()
    monkeypatch.setattr(keys, "read", None)
    assert defined() == told


def test_all_files_have_the_same_columns_though_locations_measure_different_things() -> None:
    table = observations(DAYS)
    early = table["time"] < pd.Timestamp("2021-04-01", tz="UTC")
    table = table[~(early & (table["parameter"] == "temperature"))]
    fill(DAYS, table=table)
    told = defined()
    schemas = [pq.read_schema(BytesIO(objects.lake().get(file) or b"")) for file in told.view.files]
    assert len({str(schema.remove_metadata()) for schema in schemas}) == 1
    assert laid_out(told)["wx_temperature"].isna().any()
    assert laid_out(told)["wx_temperature"].notna().any()


def test_each_version_has_a_service_of_what_it_was_fitted_with(tmp_path: Path) -> None:
    fill(DAYS, table=observations(DAYS)[lambda rows: rows["parameter"] != "temperature"])
    digest = pack(train(), tmp_path / "model")
    for version, uri in ((1, upload(tmp_path / "model", "m1")), (2, "s3://artifacts/gone"), (3, None)):
        decide(f"f{version}", version if uri else None, model_uri=uri, digest=digest)
    (only,) = defined().services
    assert (only.name, only.version, only.lacks) == ("openaq_v1", 1, ("wx_temperature",))
    assert {*only.features, *only.lacks, "location"} == set(FEATURES)


def test_the_step_writes_what_the_next_one_reads(tmp_path: Path) -> None:
    fill(DAYS)
    ended = run_step(
        flatten.command,
        declaration=OPENAQ.declaration(),
        locations="101,102",
        as_of="2021-04-15T00:00:00Z",
        created="2026-01-01T00:00:00Z",
        hours=48,
        definitions_out=tmp_path / "definitions.json",
    )
    assert ended.code == 0, ended.log
    assert parse((tmp_path / "definitions.json").read_text()) == defined()
    assert json.loads((tmp_path / "definitions.json").read_text())["view"]["name"] == "no2_hours"


def test_without_features_it_says_what_to_run() -> None:
    with pytest.raises(CheckFailed, match="no features of no2 are known at these locations; run openaq-backfill first"):
        defined()


def test_definitions_that_are_none_are_one_line() -> None:
    with pytest.raises(BadInput, match="--definitions: view is missing; run the workflow again from flatten"):
        parse('{"project": "openaq", "title": "", "as_of": "2021-04-15T00:00:00Z", "hours": 48, "services": []}')
