"""The curve finds what grows too fast, requests are counted by their price, and what breaks is named."""

from math import inf

import pytest

from tests.bench.simulated import costs, objects
from tests.bench.simulated.counted import kind
from tests.bench.simulated.fit import fit
from tests.bench.simulated.job import Used
from tests.bench.simulated.page import page
from tests.bench.simulated.quantities import BACKFILL, DAILY, LEARNING, Quantity, broken, decided, quantities
from tests.bench.simulated.world import Left, Measured
from tests.report.report_page import Page

SIZES = (10, 30, 100, 200)
BEND = (1.03, 0.98, 1.02, 0.99)  # as a machine with other work bends what is measured


def bent(power: float, base: float = 3.0, slope: float = 0.2) -> dict[float, float]:
    return {size: (base + slope * size**power) * bend for size, bend in zip(SIZES, BEND, strict=True)}


def test_a_line_stays_a_line_however_it_is_bent() -> None:
    found = fit(bent(1.0))
    assert not found.superlinear
    assert found.at(10_000) == pytest.approx(2000, rel=0.15)


@pytest.mark.parametrize("power", [1.5, 2.0])
def test_what_grows_faster_is_named(power: float) -> None:
    found = fit(bent(power))
    assert found.superlinear
    assert found.power == pytest.approx(power, abs=0.15)


def test_what_does_not_grow_has_no_exponent_and_reaches_nothing() -> None:
    found = fit(dict.fromkeys(SIZES, 50.0))
    assert found.exponent == 0.0
    assert found.at(10_000) == pytest.approx(50)
    assert found.reaches(1000) == inf


def test_nothing_at_all_stays_nothing() -> None:
    assert fit(dict.fromkeys(SIZES, 0.0)).at(10_000) == 0


@pytest.mark.parametrize(
    ("method", "url", "charged"),
    [
        ("GET", "http://s/lake/raw/x", "cheap"),
        ("HEAD", "http://s/lake/raw/x", "cheap"),
        ("GET", "http://s/lake?list-type=2&prefix=raw", "dear"),
        ("PUT", "http://s/lake/raw/x", "dear"),
        ("POST", "http://s/lake?delete", "dear"),
        ("DELETE", "http://s/lake/raw/x", None),
    ],
)
def test_requests_are_told_by_their_price(method: str, url: str, charged: str | None) -> None:
    assert kind(method, url) == charged


def made(locations: int) -> Measured:
    """A size at which snapshot takes 2 MB a location, and prepare is quadratic."""
    names = (*BACKFILL, *LEARNING, *DAILY)
    used = {name: Used(1.0, 3 + 0.1 * locations, 200.0, 2 * locations, locations, 0.1, 0.1) for name in names}
    used["snapshot"] = Used(1.0, 5, 200.0 + 2 * locations)
    used["prepare, a day more"] = Used(1.0, 0.01 * locations**2, 300.0)
    return Measured(
        locations, 400, used, Left({"raw": 400 * locations}, {"raw": locations}, {"days": locations}, locations)
    )


def _found() -> list[Quantity]:
    parts = {"judge": {"core": 3.0, "memory": 300.0}, "refit": {"core": 1.0, "memory": 300.0}}
    return [*quantities([made(size) for size in SIZES]), *decided(dict.fromkeys((10, 20, 40), parts))]


def test_what_breaks_is_named_with_its_size_and_drawn() -> None:
    found = _found()
    ((size, words),) = broken(found)
    assert words == "memory of snapshot goes over 1,000 MB"
    assert size == pytest.approx(400, rel=0.05)
    fast = [one.what.name for one in found if one.fit.superlinear]
    assert fast == ["prepare, a day more"]
    drawn = Page(page(found, "What comes first"))
    plots = [each for each in drawn.all("svg") if each.attributes.get("class") == "plot"]
    assert len(plots) == len(found)
    assert "More than proportional: prepare, a day more." in drawn.section("time").text


def test_a_month_costs_what_its_parts_cost() -> None:
    month = costs.month(_found(), 200, 50)
    *parts, together = month.values()
    assert together == pytest.approx(sum(parts))
    assert min(parts) > 0


def test_argos_object_grows_by_the_ids_alone() -> None:
    few, many = (objects.daily(",".join(map(str, range(7_000_000, 7_000_000 + count))), 5) for count in (10, 1000))
    assert few.nodes == many.nodes
    assert many.plain - few.plain == pytest.approx(8 * 990, rel=0.02)
    assert many.argument == 8 * 1000 - 1
