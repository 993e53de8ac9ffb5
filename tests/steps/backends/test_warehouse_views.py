"""The warehouse's views over small data whose answers are worked out by hand, and that all of it is documented."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from steps.backends import database, warehouse
from steps.backends.database import View, begin
from steps.backends.warehouse import Prediction, batches, online, schema, skill, watches

MIDNIGHT = datetime(2003, 6, 2, tzinfo=UTC)
ONE, TWO = 9000001, 9000002


def at(hour: int) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def predict(location: int, hour: int, value: float, low: float | None = None, high: float | None = None) -> None:
    one = Prediction(location, at(hour), value, 1, at(hour - 24), low, high)
    with begin() as connection:
        warehouse.record(connection, "openaq", "no2", [one])


def measure(location: int, hour: int, value: float, parameter: str = "no2") -> None:
    row = {"project": "openaq", "location": location, "time": at(hour), "parameter": parameter, "value": value}
    more = {"unit": "µg/m³", "day": at(hour).date(), "etag": "a"}
    with begin() as connection:
        connection.execute(sa.insert(schema.measurements), row | more)


def rows(view: View, *columns: str) -> list[tuple[object, ...]]:
    names = columns or tuple(view.meanings)
    with begin() as connection:
        query = sa.select(*(view.c[name] for name in names)).order_by(*view.c)
        return [tuple(row) for row in connection.execute(query)]


@pytest.mark.usefixtures("database")
class TestLiveError:
    def test_is_of_each_day_and_location_beside_persistence(self) -> None:
        for hour, predicted, observed in ((1, 10.0, 13.0), (2, 20.0, 16.0), (24, 5.0, 5.0), (25, 7.0, 6.0)):
            predict(ONE, hour, predicted)
            measure(ONE, hour, observed)
        measure(ONE, -23, 11.0)  # a day before the first: persistence is 2 too low there
        assert rows(schema.live_error) == [
            (
                *("openaq", "no2", ONE, date(2003, 6, 2)),
                *(3, pytest.approx((25 / 3) ** 0.5), pytest.approx(7 / 3), pytest.approx(1 / 3)),
                *(1, 2.0, 2.0),
            ),
            ("openaq", "no2", ONE, date(2003, 6, 3), 1, 1.0, 1.0, 1.0, 1, 7.0, 7.0),
        ]

    def test_has_no_row_where_nothing_came_true(self) -> None:
        predict(ONE, 1, 10.0)
        measure(TWO, 1, 10.0)
        measure(ONE, 1, 10.0, parameter="pm25")
        measure(ONE, 2, 10.0)
        assert rows(schema.live_error) == []

    def test_has_no_persistence_where_the_day_before_was_not_measured(self) -> None:
        predict(ONE, 1, 10.0)
        measure(ONE, 1, 13.0)
        assert rows(schema.live_error, "hours", "rmse", "persistence_hours", "persistence_rmse", "persistence_mae") == [
            (1, 3.0, 0, None, None)
        ]


@pytest.mark.usefixtures("database")
def test_coverage_counts_what_is_within_the_band_its_ends_included() -> None:
    for hour, observed in ((1, 8.0), (2, 12.0), (3, 12.1), (4, None)):
        predict(ONE, hour, 10.0, 8.0, 12.0)
        if observed is not None:
            measure(ONE, hour, observed)
    predict(TWO, 1, 10.0)
    measure(TWO, 1, 99.0)
    predict(TWO, 25, 10.0)
    assert rows(schema.coverage) == [
        ("openaq", "no2", date(2003, 6, 2), 5, pytest.approx(0.8), 3, pytest.approx(2 / 3), pytest.approx(4.0)),
        ("openaq", "no2", date(2003, 6, 3), 1, 0.0, 0, None, None),
    ]


@pytest.mark.usefixtures("database")
def test_freshness_is_of_each_location_and_parameter() -> None:
    for hour in (1, 2, 3):
        measure(ONE, hour, 1.0)
    measure(ONE, 2, 1.0, parameter="pm25")
    predict(ONE, 24, 1.0)
    predict(TWO, 25, 1.0)
    keys = "location", "parameter", "newest_measurement", "newest_prediction"
    assert rows(schema.freshness, *keys) == [
        (ONE, "no2", at(3), at(24)),
        (ONE, "pm25", at(2), None),
        (TWO, "no2", None, at(25)),
    ]


@pytest.mark.usefixtures("database")
def test_freshness_counts_hours_by_the_database_s_clock() -> None:
    with begin() as connection:
        now = datetime.fromtimestamp(database.clock(connection), UTC)
    hour = (now - MIDNIGHT) // timedelta(hours=1)
    measure(ONE, hour - 5, 1.0)
    predict(ONE, hour + 20, 1.0)
    [(measured, predicted)] = rows(schema.freshness, "measurement_hours_ago", "prediction_hours_ago")
    assert isinstance(measured, float) and 5 <= measured < 7
    assert isinstance(predicted, float) and -20 <= predicted < -18


@pytest.mark.usefixtures("database")
def test_a_view_that_was_made_otherwise_is_made_anew_and_then_left() -> None:
    measure(ONE, 1, 1.0)
    with begin() as connection:
        for view in reversed((*schema.VIEWS, skill.live_skill)):
            connection.exec_driver_sql(f"DROP VIEW {view.name}")
        connection.exec_driver_sql("CREATE VIEW freshness AS SELECT 1 AS old")
        connection.exec_driver_sql("UPDATE view_definitions SET definition = 'old' WHERE name = 'freshness'")
        database._make_views(connection)  # as a process of the new version does first
        statements: list[str] = []
        sa.event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
        database._make_views(connection)
    assert len(rows(schema.freshness)) == 1
    assert [statement for statement in statements if "VIEW" in statement.upper().split()] == []


@pytest.mark.parametrize(
    "table",
    (*schema.TABLES, online.online_features, skill.alarms, batches.batches, watches.watches),
    ids=lambda table: table.name,
)
def test_every_table_and_column_has_its_meaning(table: sa.Table) -> None:
    assert table.comment
    assert [column.name for column in table.columns if not column.comment] == []


@pytest.mark.parametrize("view", (*schema.VIEWS, skill.live_skill), ids=lambda view: view.name)
def test_every_view_and_column_has_its_meaning(view: View) -> None:
    assert view.meaning
    assert list(view.meanings) == [column.name for column in view.c]
    assert all(view.meanings.values())
