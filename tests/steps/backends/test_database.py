"""The database on first use, on SQLite and on a real PostgreSQL."""

import subprocess
import sys

import pytest
import sqlalchemy as sa

from steps.backends import database as backend
from steps.backends import promotions, warehouse
from steps.backends.database import begin

FIRST_USE = "from steps.backends import catalog, promotions, warehouse, database\nwith database.begin(): pass"


def test_four_processes_use_a_fresh_database_at_once(database: str) -> None:
    started = [subprocess.Popen([sys.executable, "-c", FIRST_USE], stderr=subprocess.PIPE) for _ in range(4)]
    said = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], said


_BEFORE = """CREATE TABLE predictions (
    project VARCHAR(63) NOT NULL, location BIGINT NOT NULL, parameter VARCHAR(63) NOT NULL,
    target_at TIMESTAMP WITH TIME ZONE NOT NULL, value FLOAT NOT NULL, version INTEGER NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL, PRIMARY KEY (project, location, parameter, target_at))"""
_ROW = "INSERT INTO predictions VALUES ('openaq', 7, 'no2', '2003-06-01 12:00:00', 4.5, 3, '2003-05-31 12:00:00')"


def test_a_table_of_an_earlier_version_gets_the_new_key_and_keeps_its_rows(database: str) -> None:
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        for statement in (_BEFORE, _ROW, "CREATE VIEW outcomes AS SELECT * FROM predictions"):
            connection.exec_driver_sql(statement)
    with begin() as connection:
        rows = connection.execute(sa.select(warehouse.schema.predictions)).mappings().all()
        key = sa.inspect(connection).get_pk_constraint("predictions")["constrained_columns"]
        outcome = connection.execute(sa.select(warehouse.schema.outcomes.table)).mappings().one()
    assert [(row["location"], row["role"], row["version"], row["value"]) for row in rows] == [(7, "champion", 3, 4.5)]
    assert set(key) == {"project", "location", "parameter", "target_at", "role", "version"}
    assert (outcome["predicted"], outcome["version"]) == (4.5, 3)
    backend._create_tables.cache_clear()
    with begin() as connection:  # another process: nothing is left to change
        assert connection.execute(sa.select(sa.func.count()).select_from(warehouse.schema.predictions)).scalar() == 1
        assert promotions.newest(connection, "openaq") is None
    engine.dispose()


@pytest.mark.usefixtures("database")
def test_an_index_that_an_earlier_version_lacked_or_had_of_other_columns_is_made() -> None:
    with begin() as connection:
        connection.exec_driver_sql("DROP INDEX uploads_places")
        connection.exec_driver_sql("DROP INDEX uploads_open")
        connection.exec_driver_sql("CREATE INDEX uploads_open ON uploads (project, state)")
    backend._create_tables.cache_clear()
    with begin() as connection:
        found = {index["name"]: index["column_names"] for index in sa.inspect(connection).get_indexes("uploads")}
    assert found["uploads_open"] == ["project", "state", "cleared_at"]
    assert found["uploads_places"] == ["project", "place"]
