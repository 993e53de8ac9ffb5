"""What a notebook asks for: the warehouse's hours and forecasts of one station, and a place to hand a table over.

On a cluster and in `pipeline run` the settings are in the environment. In a notebook opened by hand, the state folder
of the folder that it is opened in, or of one above it, is looked at.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from steps.backends.columns import Utc
from steps.backends.database import begin
from steps.backends.warehouse import schema
from steps.errors import BadInput

_HOUR = ["time", "day", "parameter", "unit", "value"]
_FORECAST = ["target_at", "predicted", "observed", "low", "high", "version"]


def find_warehouse() -> None:
    """Name the warehouse in the environment, where nothing does.

    Raises:
        BadInput: there is none.
    """
    if os.environ.get("DATABASE_URL"):
        return
    here = Path.cwd()
    homes = [Path(os.environ["PIPELINE_HOME"])] if os.environ.get("PIPELINE_HOME") else []
    homes += [folder / ".pipeline" for folder in (here, *here.parents)]
    found = next((home / "pipeline.db" for home in homes if (home / "pipeline.db").is_file()), None)
    if found is None:
        raise BadInput(f"no warehouse: DATABASE_URL is not set, and {here} has no .pipeline; run: pipeline quickstart")
    os.environ["DATABASE_URL"] = f"sqlite:///{found.resolve()}"


def until(project: str, station: int, as_of: str) -> datetime:
    """The newest hour of a station up to `as_of` (RFC 3339; empty: now), from which a notebook looks back.

    Raises:
        LookupError: it has none.
    """
    find_warehouse()
    now = datetime.fromisoformat(as_of).astimezone(UTC) if as_of else datetime.now(UTC)
    c = schema.measurements.c
    query = sa.select(sa.func.max(c.time, type_=Utc)).where(c.project == project, c.location == station, c.time <= now)
    with begin() as connection:
        newest: datetime | None = connection.scalar(query)
    if newest is None:
        raise LookupError(f"nothing was measured at station {station} up to {now:%Y-%m-%d %H:%M} UTC")
    return newest


def hours(project: str, station: int, end: datetime, days: int) -> pd.DataFrame:
    """What was measured at a station in the days before `end`, in order of time: `time` (UTC, the end of the hour),
    `day` and `local` (local), `parameter`, `unit`, `value`."""
    find_warehouse()
    c = schema.measurements.c
    within = c.time.between(end - timedelta(days=days), end)
    query = sa.select(*(c[name] for name in _HOUR)).where(c.project == project, c.location == station, within)
    with begin() as connection:
        rows = connection.execute(query.order_by(c.time, c.parameter)).all()
    frame = _frame(rows, _HOUR, "time")
    return frame.assign(local=frame["time"].dt.tz_localize(None) + _offsets(frame))


def forecasts(project: str, station: int, parameter: str, end: datetime, days: int) -> pd.DataFrame:
    """What was predicted for the hours of those days and for those to come, beside what came true and, as `before`, the
    value 24 hours earlier, which is persistence's answer."""
    find_warehouse()
    c = schema.outcomes.c
    within = c.target_at >= end - timedelta(days=days)
    query = sa.select(*(c[name] for name in _FORECAST))
    query = query.where(c.project == project, c.location == station, c.parameter == parameter, within)
    with begin() as connection:
        rows = connection.execute(query.order_by(c.target_at)).all()
    frame = _frame(rows, _FORECAST, "target_at")
    measured = hours(project, station, end, days + 1)
    values = measured[measured["parameter"] == parameter].set_index("time")["value"]
    return frame.assign(before=(frame["target_at"] - pd.Timedelta(hours=24)).map(values))


def deliver(frame: pd.DataFrame, table: str) -> None:
    """Hand a table over: the warehouse gets its rows once the notebook has ended well."""
    folder = Path("deliver")
    folder.mkdir(exist_ok=True)
    frame.to_parquet(folder / f"{table}.parquet", index=False)


def _offsets(frame: pd.DataFrame) -> pd.Series:
    """How far local time is ahead of UTC at each hour. A local day's first hour ends at 01:00, so each day with all of
    its 24 hours says; the others are as the day before."""
    hours = frame.groupby("day")["time"].agg(["nunique", "min"])
    first = pd.to_datetime(hours.index.to_series()) + pd.Timedelta(hours=1) - hours["min"].dt.tz_localize(None)
    known = first.where(hours["nunique"] == 24).ffill().bfill().fillna(pd.Timedelta(0))
    return frame["day"].map(known)


def _frame(rows: Sequence[Any], columns: list[str], time: str) -> pd.DataFrame:
    frame: pd.DataFrame = pd.DataFrame(rows, columns=columns)
    frame[time] = pd.to_datetime(frame[time], utc=True)
    return frame
