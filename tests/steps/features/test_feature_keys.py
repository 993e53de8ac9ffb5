"""Keys of features: they change with everything that a month's rows can see, and with nothing else."""

from datetime import UTC, date, datetime, timedelta

import pytest

from pipeline.projects.openaq import OPENAQ
from steps.archive import layout
from steps.backends import catalog
from steps.contract.declaration import Declaration, parse
from steps.errors import CheckFailed
from steps.features import keys
from steps.features.keys import FeatureMonth

DECLARATION = parse(OPENAQ.declaration())
FIRST, LAST = date(2021, 1, 1), date(2021, 4, 30)


def accept(location: int, day: date, etag: str, *, offset: int = 0) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=offset)
    hours = midnight + timedelta(hours=1), midnight + timedelta(days=1)
    catalog.record("openaq", [catalog.Accepted(location, day, etag, "key", 96, *hours)], [], at=datetime.now(UTC))


@pytest.fixture(autouse=True)
def _four_months_of_two_locations(database_environment: str) -> None:
    good = [
        catalog.Accepted(
            location,
            day,
            "a",
            "key",
            96,
            datetime(day.year, day.month, day.day, 1, tzinfo=UTC),
            datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1),
        )
        for location in (101, 102)
        for day in layout.days(FIRST, LAST)
    ]
    catalog.record("openaq", good, [], at=datetime.now(UTC))


def months(declaration: Declaration = DECLARATION, parameter: str = "no2", **span: date) -> list[FeatureMonth]:
    return keys.months("openaq", declaration, [101, 102], parameter, **span)


def places(found: list[FeatureMonth]) -> dict[tuple[int, str], str]:
    return {(one.location, one.month): one.object_key for one in found}


def changed(before: list[FeatureMonth]) -> set[tuple[int, str]]:
    now = places(months())
    return {which for which, place in places(before).items() if now[which] != place}


def test_every_location_has_every_month_that_it_has_an_hour_in() -> None:
    found = months()
    # the last hour of 30 April ends in May
    assert [(one.month, one.location) for one in found] == [
        (f"2021-0{month}", location) for month in range(1, 6) for location in (101, 102)
    ]
    assert len({one.key for one in found}) == 10
    assert found[0].object_key == f"openaq/features/no2/location=101/month=2021-01/{found[0].key}.parquet"


def test_the_same_catalog_has_the_same_keys() -> None:
    assert months() == months()


def test_a_month_looks_at_its_history_and_no_further() -> None:
    march = next(one for one in months() if one.month == "2021-03")
    assert march.history == timedelta(hours=168)
    days = {one.day for one in march.days}
    assert (min(days), max(days)) == (date(2021, 2, 21), date(2021, 3, 31))
    assert {one.location for one in march.days} == {101, 102}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2021, 2, 10), {"2021-02"}),
        (date(2021, 2, 20), {"2021-02"}),
        (date(2021, 2, 21), {"2021-02", "2021-03"}),  # its last hour is the first of March's history
        (date(2021, 2, 28), {"2021-02", "2021-03"}),
        (date(2021, 3, 1), {"2021-03"}),
    ],
)
def test_a_patched_day_changes_the_months_that_can_see_it(day: date, expected: set[str]) -> None:
    before = months()
    accept(102, day, "patched")
    assert changed(before) == {(location, month) for month in expected for location in (101, 102)}


def test_a_day_whose_hours_are_of_the_month_before_changes_that_one() -> None:
    """1 March begins in Beijing while it is February in UTC."""
    before = months()
    accept(102, date(2021, 3, 1), "patched", offset=8)
    assert (101, "2021-02") in changed(before)


def test_a_new_day_changes_its_month() -> None:
    before = months()
    accept(101, date(2021, 5, 1), "a")
    assert changed(before) == {(101, "2021-05")}  # the other has no hour that could see it


def test_another_parameter_or_set_of_locations_has_other_keys() -> None:
    now = set(places(months()).values())
    assert now.isdisjoint(places(months(parameter="o3")).values())
    assert now.isdisjoint(places(keys.months("openaq", DECLARATION, [101], "no2")).values())


def test_what_features_are_made_by_is_in_the_key_and_nothing_else_of_the_declaration() -> None:
    lags = DECLARATION.learning.model_copy(update={"lags": (1, 2)})
    other = DECLARATION.model_copy(update={"learning": lags})
    assert set(places(months()).values()).isdisjoint(places(months(other)).values())
    gate = DECLARATION.learning.gate.model_copy(update={"bound": 3.0})
    same = DECLARATION.model_copy(update={"learning": DECLARATION.learning.model_copy(update={"gate": gate})})
    assert places(months()) == places(months(same))


def test_a_range_leaves_out_the_months_around_it() -> None:
    found = months(first=date(2021, 2, 3), last=date(2021, 3, 1))
    assert {one.month for one in found} == {"2021-02", "2021-03"}


def test_features_that_are_not_there_say_what_to_run(store_environment: dict[str, str]) -> None:
    from steps.backends.objects import lake

    with pytest.raises(CheckFailed, match="10 of 10 location-months are not in the lake") as raised:
        keys.read(lake(), months())
    assert "openaq-backfill" in str(raised.value)
    with pytest.raises(CheckFailed):
        keys.read(lake(), [])
