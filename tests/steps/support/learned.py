"""A lake with features of made-up observations, as `prepare` leaves it, and training's first steps on it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.projects.openaq import OPENAQ
from steps import snapshot, trial
from steps.backends import catalog, measurements, objects
from steps.backends.catalog import Accepted
from steps.backends.measurements import Measured
from steps.features import keys
from tests.steps.support.invoking import Ended, run_step
from tests.steps.support.synthetic import LOCATIONS, PROJECT, features, observations

DECLARATION = OPENAQ.declaration()
CREATED = "2021-12-24T00:00:00Z"


def fill(days: int = 45, locations: tuple[int, ...] = LOCATIONS, *, etag: str = "a", table: Any = None) -> None:
    """Put the observations' days into the catalog and the warehouse, every file with that etag, and their features into
    the lake."""
    rows = observations(days, locations) if table is None else table
    files = [(_accepted(location, when, own, etag), own) for location, when, own in _days(rows)]
    catalog.record("openaq", [day for day, _ in files], [], at=datetime.now(UTC))
    for location in locations:
        loaded = {day: _measured(own) for day, own in files if day.location == location}
        measurements.replace("openaq", location, loaded)
    whole = features(rows)
    for month in keys.months("openaq", PROJECT, locations, "no2"):
        inside = (whole["location"] == month.location) & whole["time"].between(month.start, month.end, inclusive="left")
        body = BytesIO()
        whole[inside].to_parquet(body, index=False)
        objects.lake().put(month.object_key, body.getvalue())


def _days(rows: pd.DataFrame) -> Iterator[tuple[int, date, pd.DataFrame]]:
    """Each location's days; an hour belongs to the day in which it began."""
    days = (rows["time"] - pd.Timedelta(hours=1)).dt.date
    for location in sorted(set(rows["location"])):
        for day in sorted(set(days[rows["location"] == location])):
            yield int(location), day, rows[(rows["location"] == location) & (days == day)]


def _measured(own: pd.DataFrame) -> list[Measured]:
    rows = zip(own["time"], own["parameter"], own["value"], strict=True)
    return [Measured(time.to_pydatetime(), name, PROJECT.unit(name), value) for time, name, value in rows]


def _accepted(location: int, day: date, own: pd.DataFrame, etag: str) -> Accepted:
    first, last = (edge.to_pydatetime() for edge in (own["time"].min(), own["time"].max()))
    return Accepted(location, day, etag, f"raw/{location}/{day}", len(own), first, last)


@dataclass(frozen=True)
class Learner:
    """Runs snapshot and trial; outputs go to `folder`."""

    folder: Path

    def snapshot(self, **options: object) -> Ended:
        given = {"locations": ",".join(map(str, LOCATIONS)), "created": CREATED, "workers": 2}
        outputs = {f"{name}_out": self.folder / name for name in ("dataset", "workers", "summary")}
        return run_step(snapshot.command, declaration=DECLARATION, **(given | outputs | options))

    def trial(self, family: str, worker: int = 0, workers: str = "[0]", dataset: str = "") -> Ended:
        return run_step(
            trial.command,
            declaration=DECLARATION,
            dataset=dataset or self.fingerprint(),
            family=family,
            worker=worker,
            workers=workers,
        )

    def fingerprint(self) -> str:
        return (self.folder / "dataset").read_text()

    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "summary").read_text())
        return found
