"""The catalog: one row for a location's day, which a refusal never empties. On both databases."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy.exc import StatementError

from steps.backends import catalog
from steps.backends.catalog import Accepted, Refused

pytestmark = pytest.mark.usefixtures("database")

DAY = date(2021, 3, 1)
AT = datetime(2021, 3, 9, 1, 2, 3, tzinfo=UTC)


def good(etag: str, *, location: int = 101, day: date = DAY) -> Accepted:
    first, last = datetime(2021, 3, 1, 1, tzinfo=UTC), datetime(2021, 3, 2, tzinfo=UTC)
    return Accepted(location, day, etag, f"raw/{etag}", 96, first, last)


def bad(etag: str, *, refused_for: str | None = None, reason: str = "it is empty") -> Refused:
    return Refused(101, DAY, etag, f"quarantine/{etag}", reason, refused_for)


def record(*ones: Accepted | Refused, project: str = "openaq") -> None:
    accepted = [one for one in ones if isinstance(one, Accepted)]
    catalog.record(project, accepted, [one for one in ones if isinstance(one, Refused)], at=AT)


def known(target: str = "no2") -> set[str]:
    return catalog.decided("openaq", [101], target).get((101, DAY), set())


def test_what_is_accepted_comes_back_as_it_was() -> None:
    record(good("a"), good("b", location=102))
    assert catalog.accepted("openaq", [102, 101]) == [good("a"), good("b", location=102)]
    assert catalog.accepted("openaq", [103]) == []
    assert catalog.accepted("other", [101]) == []


def test_a_patch_replaces_what_was_accepted() -> None:
    record(good("a"))
    record(good("b"))
    assert catalog.accepted("openaq", [101]) == [good("b")]
    assert known() == {"b"}


def test_the_same_again_changes_nothing() -> None:
    for _ in range(2):
        record(good("a"), good("b", location=102))
    assert len(catalog.accepted("openaq", [101, 102])) == 2


def test_a_refused_version_is_known_and_not_accepted() -> None:
    record(bad("a"))
    assert catalog.accepted("openaq", [101]) == []
    assert known() == {"a"}


def test_a_bad_patch_leaves_what_was_accepted() -> None:
    record(good("a"))
    record(bad("b"))
    record(bad("b"))
    assert catalog.accepted("openaq", [101]) == [good("a")]
    assert known() == {"a", "b"}
    record(good("c"))
    assert known() == {"c"}


def test_an_accepted_version_that_is_refused_later_is_not_accepted_any_more() -> None:
    record(good("a"))
    record(bad("a"))
    assert catalog.accepted("openaq", [101]) == []


def test_a_version_refused_for_a_target_is_unknown_to_another() -> None:
    record(bad("a", refused_for="no2"))
    assert known("no2") == {"a"}
    assert known("pm25") == set()
    record(good("a"))
    assert known("pm25") == known("no2") == {"a"}


def test_all_is_recorded_or_nothing() -> None:
    with pytest.raises(StatementError, match="no time zone"):
        record(good("a"), Accepted(102, DAY, "b", "raw/b", 1, datetime(2021, 3, 1), AT))
    assert catalog.accepted("openaq", [101, 102]) == []
