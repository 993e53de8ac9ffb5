"""Measurements in the warehouse: whole days, once, whoever loads them and however often; on both databases."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from threading import Barrier, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from steps.backends import catalog, measurements
from steps.backends.catalog import Accepted, Refused
from steps.backends.database import begin
from steps.backends.measurements import Measured, Pending
from steps.backends.warehouse.schema import measurements as table

pytestmark = pytest.mark.usefixtures("database")

PLACE = 9000001
DAY = date(2003, 6, 1)
Loaded = dict[Accepted, list[Measured]]


def version(day: date, etag: str) -> Accepted:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Accepted(PLACE, day, etag, f"raw/{day}/{etag}", 24, start + timedelta(hours=1), start + timedelta(days=1))


def hours(one: Accepted, *, value: float = 10.0, first: int = 1, last: int = 24) -> list[Measured]:
    start = datetime(one.day.year, one.day.month, one.day.day, tzinfo=UTC)
    return [Measured(start + timedelta(hours=hour), "no2", "µg/m³", value) for hour in range(first, last + 1)]


def accept(*days: Accepted) -> None:
    catalog.record("openaq", days, [], at=datetime(2003, 7, 1, tzinfo=UTC))


def load(loaded: Loaded, *withdrawn: date) -> int:
    return measurements.replace("openaq", PLACE, loaded, withdrawn)


def stored() -> list[tuple[Any, ...]]:
    c = table.c
    with begin() as connection:
        return list(map(tuple, connection.execute(sa.select(c.time, c.value, c.day, c.etag).order_by(c.time))))


def pending() -> Pending:
    return measurements.pending("openaq", PLACE)


def test_an_accepted_day_is_pending_until_it_is_loaded() -> None:
    one = version(DAY, "a")
    accept(one)
    assert pending() == Pending([one], [])
    assert load({one: hours(one)}) == 24
    assert pending() == Pending([], [])
    assert [(value, day, etag) for _, value, day, etag in stored()] == [(10.0, DAY, "a")] * 24


def test_loading_again_writes_nothing() -> None:
    one = version(DAY, "a")
    accept(one)
    load({one: hours(one)})
    before = stored()
    assert load({one: hours(one, value=99.0)}) == 0
    assert stored() == before


def test_a_patched_day_replaces_exactly_its_rows_also_those_it_took_away() -> None:
    days = [version(DAY + timedelta(days=number), "a") for number in range(4)]
    accept(*days)
    load({one: hours(one) for one in days})
    patched = version(DAY + timedelta(days=1), "b")
    accept(patched)
    before = stored()
    assert load({patched: hours(patched, value=20.0, first=3)}) == 22
    while (due := pending()).accepted:
        load({one: hours(one) for one in due.accepted})
    kept = [row for row in before if row[2] != patched.day]
    assert [row for row in stored() if row[2] != patched.day] == kept
    assert [row[1:] for row in stored() if row[2] == patched.day] == [(20.0, patched.day, "b")] * 22


def test_a_version_that_is_overtaken_is_left_for_the_next() -> None:
    old, new = version(DAY, "a"), version(DAY, "b")
    accept(old)
    accept(new)
    assert load({old: hours(old)}) == 0
    assert stored() == []
    assert pending() == Pending([new], [])


def test_a_day_that_is_refused_after_all_loses_its_rows() -> None:
    one = version(DAY, "a")
    accept(one)
    load({one: hours(one)})
    refused = Refused(PLACE, DAY, "a", "quarantine/a", "the limits have changed", None)
    catalog.record("openaq", [], [refused], at=datetime(2003, 7, 2, tzinfo=UTC))
    assert pending() == Pending([], [DAY])
    load({}, DAY)
    assert stored() == []
    assert pending() == Pending([], [])


class TestAnHourThatTheFilesOfTwoDaysHave:
    """As where a zone is half an hour from UTC's hours, and a station reports each quarter of an hour."""

    ONE, TWO = version(DAY, "a"), version(DAY + timedelta(days=1), "a")

    @pytest.fixture(autouse=True)
    def both(self, database: str) -> Iterator[None]:
        accept(self.ONE, self.TWO)
        yield
        assert len({row[0] for row in stored()}) == len(stored()) == 48
        assert pending() == Pending([], [])

    def of_one(self, *, last: int = 24) -> Loaded:
        return {self.ONE: hours(self.ONE, last=last)}

    def of_two(self) -> Loaded:
        return {self.TWO: hours(self.TWO, first=0, value=2.0)}

    @pytest.mark.parametrize("together", [True, False])
    def test_has_the_earlier_day_s_value(self, *, together: bool) -> None:
        for loaded in [self.of_two() | self.of_one()] if together else [self.of_two(), self.of_one()]:
            load(loaded)
        assert [row[1] for row in stored()] == [10.0] * 24 + [2.0] * 24

    def test_has_the_later_one_s_where_a_patch_took_the_earlier_away(self) -> None:
        load(self.of_one() | self.of_two())
        patched = version(DAY, "b")
        accept(patched)
        load({patched: hours(patched, last=23)})
        assert pending() == Pending([self.TWO], [])
        load(self.of_two())
        assert [row[1] for row in stored()] == [10.0] * 23 + [2.0] * 25


STATEMENTS = 6  # where a day replaces another: select, two to remove, insert, mark, commit


def _load_and_die(url: str, loaded: Loaded, at: int) -> None:
    """Killed with no chance to tidy up, before that statement of the transaction."""
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)

    os.environ["DATABASE_URL"] = url
    with begin():
        pass  # the tables are there
    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    sa.event.listen(sa.Engine, "commit", count)
    measurements.replace("openaq", PLACE, loaded)


@pytest.mark.parametrize("at", range(1, STATEMENTS + 1))
def test_a_load_that_is_killed_leaves_all_or_nothing_and_goes_on(database: str, at: int) -> None:
    old, new = version(DAY, "a"), version(DAY, "b")
    accept(old)
    load({old: hours(old)})
    accept(new)
    before = stored()
    loaded = {new: hours(new, value=20.0, first=3)}
    processes = get_context("forkserver")
    processes.set_forkserver_preload(["steps.prepare", "steps.backends.measurements"])
    child = processes.Process(target=_load_and_die, args=(database, loaded, at))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    child.close()
    assert stored() == before
    assert pending() == Pending([new], [])
    assert load(loaded) == 22
    assert [row[1:] for row in stored()] == [(20.0, DAY, "b")] * 22


def test_two_loaders_at_once_leave_what_one_does() -> None:
    days = [version(DAY + timedelta(days=number), "a") for number in range(20)]
    accept(*days)
    load({one: hours(one, value=1.0) for one in days[:10]})
    patched = [version(one.day, "b") for one in days[:10]]
    accept(*patched)
    start, failures = Barrier(2), []

    def work() -> None:
        try:
            start.wait()
            while (due := pending()).accepted:
                for one in due.accepted:
                    load({one: hours(one)})
        except Exception as error:
            failures.append(error)

    loaders = [Thread(target=work) for _ in range(2)]
    for loader in loaders:
        loader.start()
    for loader in loaders:
        loader.join()
    assert failures == []
    wanted = [(one.day, one.etag) for one in [*patched, *days[10:]] for _ in range(24)]
    assert [(day, etag) for _, _, day, etag in stored()] == wanted
    assert {row[1] for row in stored()} == {10.0}
