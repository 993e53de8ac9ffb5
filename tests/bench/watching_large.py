"""What the monitor costs where 500 locations were predicted for a year: `python -m tests.bench.watching_large`.

As usual, and in a storm in which all of them get worse; each in a process of its own.
"""

import json
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from pipeline.projects.openaq import OPENAQ
from steps.backends import promotions
from steps.backends.database import begin
from steps.contract.declaration import Declaration
from steps.monitoring.live import Watch
from steps.summaries.decision import Usual
from tests.bench.history import figure, kept

LOCATIONS = 500
DAYS = 366
HOW = ("as usual", "in a storm")
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


@kept("watching_large")
def main() -> None:
    """Print a line as usual, and one in a storm."""
    for how in HOW:
        found = asked(LOCATIONS, how)
        what = f"{LOCATIONS} locations, a year, {how}"
        print(f"  {what}: {found['alarms']:.0f} alarms, {found['core']:.0f} s of a core, {found['memory']:.0f} MB")
        figure(f"{what}: time", found["core"], "s of a core")
        figure(f"{what}: memory", found["memory"], "MB")


def asked(locations: int, how: str) -> dict[str, float]:
    """What a look costs, in a process of its own: alarms, s of a core, MB."""
    with TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "tests.bench.watching_large", folder, str(locations), how]
        said = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, float] = json.loads(said)
    return found


def measured(folder: str, locations: int, how: str) -> dict[str, float]:
    """Make it, and look once. In a storm all locations get worse for the last forty days."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", f"sqlite:///{Path(folder, 'watched.db')}")
        _filled(locations, "1" if how == "as usual" else "(CASE WHEN time > '2003-11-22' THEN 2.0 ELSE 1 END)")
        ids = [9000001 + number for number in range(locations)]
        usual = Usual(score=0.32, days=100, locations={str(one): 0.38 for one in ids})
        project = Declaration.model_validate_json(OPENAQ.declaration())
        began = time.process_time()
        watch = Watch.of(project, "no2", ids, NOW, usual=lambda _: usual)
        assert watch is not None
        watch.raised()
        found = watch.summary()
    took, memory = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"alarms": len(found.alarms), "core": took, "memory": memory}


def _filled(locations: int, factor: str) -> None:
    model: Any = {"version": 1, "model_uri": "s3://artifacts/m", "digest": "d" * 32, "scores": [], "recipe": {}}
    with begin() as connection:
        for statement in (_HOURS, _PLACES, _MEASURED, _PREDICTED):
            text = statement.replace("{hours}", str(DAYS * 24)).replace("{places}", str(locations))
            connection.connection.cursor().execute(text.replace("{factor}", factor))
        number = promotions.reserve(connection, "openaq", "a", "no2").decision
        promotions.settle(connection, "openaq", number, promoted=True, words="", **model)
        promotions.admit(connection, "openaq", number)
        promotions.verified(connection, "openaq", number, "http://127.0.0.1:1/")
        promotions.go_live(connection, "openaq", number)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measured(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
    else:
        main()
