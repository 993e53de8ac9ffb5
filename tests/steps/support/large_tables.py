"""The tables that grow with the work, filled: some rows of each, and then each time twice as many.

Rows are multiplied inside the database, with other keys, so that a million takes seconds.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from steps.backends import sql
from steps.backends.catalog import location_days
from steps.backends.database import begin
from steps.backends.history import history
from steps.backends.ledger import uploads
from steps.backends.warehouse.schema import measurements, predictions

PROJECT = "openaq"
BASE = 1000  # rows of each table, before they are doubled
START = datetime(2024, 1, 1, tzinfo=UTC)
TABLES = (uploads, history, location_days, measurements, predictions)


def fill(doublings: int) -> None:
    """`BASE` rows in each table, doubled that often."""
    with begin() as connection:
        for table, rows in zip(TABLES, zip(*map(_rows, range(BASE)), strict=True), strict=True):
            connection.execute(sa.insert(table), list(rows))
    for number in range(doublings):
        for table in TABLES:
            with begin() as connection:
                _double(connection, table, number)
    with begin() as connection:
        connection.exec_driver_sql("ANALYZE") if connection.dialect.name == "postgresql" else None


def _double(connection: sa.Connection, table: sa.Table, number: int) -> None:
    """Add as many rows as there are, with other keys: in turn of other locations and of earlier hours."""
    moved = BASE * 2**number
    others: dict[str, Any] = {name: table.c[name] + moved for name in ("sequence", "location") if name in table.c}
    hour = next((name for name in ("time", "target_at") if name in table.c), None)
    if hour is not None and number % 2:
        others = {hour: sql.hours_before(table.c[hour], sa.literal_column(str(moved)))}
    if table is uploads:
        others = {name: table.c[name] + f".{number}" for name in ("upload", "key", "place", "holder")}
    columns = [others.get(column.name, column) for column in table.columns]
    connection.execute(table.insert().from_select([column.name for column in table.columns], sa.select(*columns)))


def _rows(number: int) -> tuple[dict[str, Any], ...]:
    """A row of each table. Of the uploads one in a hundred is open or not cleared, as where much was taken before."""
    hour = START + timedelta(hours=number)
    state = {1: "claimed", 2: "released", 3: "retracting", 4: "quarantined"}.get(number % 100, "done")
    upload = {
        "upload": f"u{number}", "project": PROJECT, "bucket": "inbox", "key": f"openaq/new/{number}", "version_id": "",
        "etag": "e", "modified": hour, "size": 1, "source": "s", "state": state, "run": "r", "holder": f"run-{number}",
        "owner": "o", "lease_until": 0.0, "claims": 1, "place": f"openaq/old/{number}", "sequence": number,
        "seen_at": hour, "cleared_at": None if number % 100 == 5 else hour,
    }  # fmt: skip
    entry = {
        "project": PROJECT, "sequence": number, "digest": "d", "chain": "c", "rows": 1, "total": 1, "key": "k",
        "run": "r", "made_at": hour,
    }  # fmt: skip
    place = {"project": PROJECT, "location": number // 100}
    day = place | {
        "day": (START + timedelta(days=number % 100)).date(), "etag": "e", "raw_key": "k", "rows": 24,
        "state": "quarantined" if number % 50 == 0 else "accepted", "reason": "it is cut off", "decided_at": hour,
        "first_hour": hour, "last_hour": hour, "latitude": 1.0, "longitude": 1.0,
    }  # fmt: skip
    at = START + timedelta(hours=number % 100)
    measured = place | {"time": at, "parameter": "no2", "value": 1.0, "unit": "µg/m³", "day": at.date(), "etag": "e"}
    predicted = place | {
        "parameter": "no2", "target_at": at, "role": "challenger" if number % 10 == 0 else "champion",
        "version": 1 + number % 3, "value": 1.0, "as_of": START,
    }  # fmt: skip
    return upload, entry, day, measured, predicted
