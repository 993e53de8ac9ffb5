"""The features of each location's newest hour, on both databases: written once, read by one who may do no more."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from steps.backends import database as backend
from steps.backends.database import begin, look
from steps.backends.warehouse import online
from steps.backends.warehouse.online import Online, online_features
from steps.backends.warehouse.schema import predictions
from steps.errors import StepError

NOON = datetime(2003, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROW = Online(7, NOON, NOON + 24 * HOUR, NOON + HOUR, 3, {"lag_0": 0.1 + 0.2, "wx_temperature": None})


def record(*rows: Online, parameter: str = "no2") -> None:
    with begin() as connection:
        online.record(connection, "openaq", parameter, rows)


def read(*locations: int) -> dict[int, Online]:
    return online.read("openaq", "no2", locations)


def test_what_was_written_is_read_to_the_bit(database: str) -> None:
    record(ROW, replace(ROW, location=8))
    record(replace(ROW, location=9), parameter="pm25")
    assert read(7, 9) == {7: ROW}


def test_writing_again_leaves_one_row_and_an_older_one_never_replaces_a_newer(database: str) -> None:
    record(ROW)
    record(ROW)
    later = replace(ROW, as_of=NOON + 25 * HOUR, time=NOON + 24 * HOUR, features={"lag_0": 2.0})
    record(later, replace(ROW, location=8))
    record(ROW, replace(ROW, location=8, features={"lag_0": 5.0}))
    assert read(7, 8) == {7: later, 8: replace(ROW, location=8, features={"lag_0": 5.0})}, "8: patched, as of the same"
    with begin() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(online_features)) == 2


def test_before_anything_is_published_nothing_is_known(database: str) -> None:
    with sa.create_engine(database).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE other (x int)")  # so that there is a database
    assert read(7) == {}


def test_who_looks_cannot_write(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/pipeline.db")
    with pytest.raises(StepError, match="unable to open"), look():
        read(7)
    record(ROW)
    with pytest.raises(StepError, match="readonly"), look() as connection:
        connection.execute(sa.delete(online_features))


@pytest.fixture
def serving(postgres: str) -> Iterator[str]:
    """The model servers' role, as the platform makes it."""
    with sa.create_engine(postgres + "postgres").connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {online.READER} LOGIN")
        connection.commit()
        yield online.READER
        owned = connection.exec_driver_sql(
            "SELECT datname FROM pg_database WHERE datname LIKE 't%%' AND NOT datistemplate"
        )
        names = list(owned.scalars())
    for name in names:
        with sa.create_engine(postgres + name).begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {online.READER}")
    with sa.create_engine(postgres + "postgres").begin() as connection:
        connection.exec_driver_sql(f"DROP ROLE {online.READER}")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_model_server_may_read_this_table_and_no_other(
    database: str, serving: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(ROW)
    backend._create_tables.cache_clear()
    record(ROW)  # another process finds the right there
    monkeypatch.setenv("DATABASE_URL", database.replace("pipeline@", f"{serving}@"))
    assert read(7) == {7: ROW}
    with pytest.raises(StepError, match="permission denied"), look() as connection:
        connection.execute(sa.delete(online_features))
    with pytest.raises(StepError, match="permission denied"), look() as connection:
        connection.execute(sa.select(predictions))
