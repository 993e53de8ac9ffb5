"""Where copies and tables are kept."""

import pytest

from steps.backends import objects
from steps.contract.notebooks import Work
from steps.notebooks.keeping import Place

WORK = Work(notebook="station", item="Wien/Süd {{x}}", parameters={})


def test_a_place_names_the_run_and_what_it_was_for() -> None:
    assert Place.of("openaq", "a-run", 3, WORK).prefix == "notebooks/openaq/a-run/station/003-Wien-S-d-x-"


@pytest.mark.usefixtures("store_environment")
def test_the_copy_of_an_earlier_attempt_stays_and_tables_come_all_or_none() -> None:
    place, store = Place.of("openaq", "a-run", 3, WORK), objects.artifacts()
    place.put_aside()
    place.keep("first", "page")
    place.put_aside()
    place.keep("second", "page")
    kept = {each.key.rpartition("/")[2]: store.get(each.key) for each in store.list(f"{place.prefix}/")}
    assert sorted(kept.values(), key=str) == [b"first", b"page", b"second"]
    assert place.delivered() is None
    place.deliver({"days": b"1", "hours": b"2"})
    assert place.delivered() == {"days": b"1", "hours": b"2"}
