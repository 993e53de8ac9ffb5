"""A challenger on trial and days on which it was compared, as publish and outcomes leave them; without the days.

`python -m tests.quickstart.trial_days begin DECISION HOW`, or `lived ROLE VERSION FACTOR`: 25 days up to 2021-05-01 on
which the champion's error was one and that model's the factor, give or take. Run where the environment names the
database.
"""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from steps.backends import challengers, promotions, warehouse
from steps.backends.database import begin, upsert
from steps.backends.warehouse import Prediction, schema

LAST = datetime(2021, 5, 1, tzinfo=UTC)
DAYS = 25


def begin_trial(decision: int, how: Any) -> None:
    """What that decision promoted is on trial."""
    with begin() as connection:
        wanted = promotions.get(connection, "openaq", decision)
        assert challengers.admit(connection, wanted, how=how, share=0.1, days=30)
        trial = challengers.get(connection, "openaq", decision)
        assert trial is not None
        challengers.begun(connection, trial)


def lived(role: Any, version: int, factor: float) -> None:
    """The days."""
    random, made, seen = np.random.default_rng(version), [], []
    with begin() as connection:
        champion = promotions.live(connection, "openaq").version or 0
    for hour in range(DAYS * 24):
        time = LAST - timedelta(hours=hour)
        off, as_of = random.normal(0, 9), time - timedelta(hours=24)
        made.append(Prediction(101, time, 40 + off, champion, as_of))
        made.append(Prediction(101, time, 40 + off * factor + random.normal(), version, as_of, role=role))
        key = {"project": "openaq", "location": 101, "time": time, "parameter": "no2"}
        seen.append(key | {"value": 40.0, "unit": "µg/m³", "day": time.date(), "etag": "a"})
    with begin() as connection:
        warehouse.record(connection, "openaq", "no2", made)
        upsert(connection, schema.measurements, seen)


if __name__ == "__main__":
    if sys.argv[1] == "begin":
        begin_trial(int(sys.argv[2]), sys.argv[3])
    else:
        lived(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
