"""What the monitor costs where 500 locations were predicted for a year: `python -m tests.bench.watching` runs it."""

import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.projects.openaq import OPENAQ
from steps.backends import promotions
from steps.backends.database import begin
from steps.contract.declaration import Declaration
from steps.monitoring.live import Watch
from steps.summaries.decision import Usual

LOCATIONS = 500
DAYS = 366
NOW = datetime(2004, 1, 2, tzinfo=UTC)
_HOURS = """
CREATE TEMP TABLE hours AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {hours})
SELECT strftime('%Y-%m-%d %H:%M:%S.000000', '2003-01-01', '+' || i || ' hours') AS t,
date('2003-01-01', '+' || ((i - 1) / 24) || ' days') AS d FROM n
"""
_PLACES = """
CREATE TEMP TABLE places AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {places})
SELECT 9000000 + i AS id FROM n
"""
_MEASURED = """
INSERT INTO measurements (project, location, time, parameter, value, unit, day, etag)
SELECT 'openaq', id, t, 'no2', 20 + (abs(random()) % 2000 + abs(random()) % 2000) / 100.0, 'µg/m³', d, 'a'
FROM places CROSS JOIN hours
"""
_PREDICTED = """
INSERT INTO predictions (project, location, parameter, target_at, value, version, as_of, low, high)
SELECT 'openaq', location, 'no2', time, value + ((abs(random()) % 1600) / 100.0 - 8) * {factor}, 1, time,
value - 10, value + 10 FROM measurements WHERE time > '2003-01-02'
"""


def measured(folder: str, how: str) -> None:
    """Make it, look once, and print what that took. In a storm all locations get worse for the last forty days."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", f"sqlite:///{Path(folder, how.replace(' ', '-'))}.db")
        factor = "1" if how == "as usual" else "(CASE WHEN time > '2003-11-22' THEN 2.0 ELSE 1 END)"
        _filled(factor)
        ids = [9000001 + number for number in range(LOCATIONS)]
        usual = Usual(score=0.32, days=100, locations={str(one): 0.38 for one in ids})
        project = Declaration.model_validate_json(OPENAQ.declaration())
        began = time.perf_counter()
        watch = Watch.of(project, "no2", ids, NOW, usual=lambda _: usual)
        assert watch is not None
        watch.raised()
        found = watch.summary()
    took, memory = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  {LOCATIONS} locations, a year, {how}: {len(found.alarms)} alarms, {took:.0f} s, {memory:.0f} MB", flush=True
    )


def _filled(factor: str) -> None:
    model: Any = {"version": 1, "model_uri": "s3://artifacts/m", "digest": "d" * 32, "scores": [], "recipe": {}}
    with begin() as connection:
        for statement in (_HOURS, _PLACES, _MEASURED, _PREDICTED):
            text = statement.replace("{hours}", str(DAYS * 24)).replace("{places}", str(LOCATIONS))
            connection.connection.cursor().execute(text.replace("{factor}", factor))
        number = promotions.reserve(connection, "openaq", "a", "no2").decision
        promotions.settle(connection, "openaq", number, promoted=True, words="", **model)
        promotions.admit(connection, "openaq", number)
        promotions.verified(connection, "openaq", number, "http://127.0.0.1:1/")
        promotions.go_live(connection, "openaq", number)
