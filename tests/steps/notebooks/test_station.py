"""The notebook that ships, on data that are made up, by hand as the step executes it."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
import sqlalchemy as sa
from nbclient import NotebookClient

from steps.backends.database import begin
from steps.backends.warehouse import schema
from steps.notebooks import air, limits
from tests import ROOT
from tests.steps.support import synthetic

STATION = 9000001


def fill(days: int) -> None:
    """Put made-up hours of one station, an hour ahead of UTC, into the warehouse."""
    found = synthetic.observations(days, (STATION,))[["time", "parameter", "value"]]
    more = {"project": "openaq", "location": STATION, "unit": "µg/m³", "etag": "a"}
    rows: list[dict[str, Any]] = [
        {**more, "time": time, "day": time.date(), "parameter": parameter, "value": value}
        for time, parameter, value in found.itertuples(index=False)
    ]
    with begin() as connection:
        connection.execute(sa.insert(schema.measurements), rows)


@pytest.mark.usefixtures("database_environment")
def test_local_time_follows_from_the_local_day() -> None:
    fill(3)
    newest = air.until("openaq", STATION, "")
    hours = air.hours("openaq", STATION, newest, 2)
    assert hours["time"].min() >= newest - timedelta(days=2)
    assert ((hours["local"] - hours["time"].dt.tz_localize(None)) == pd.Timedelta(hours=1)).all()


def test_a_day_is_held_against_the_limits_by_their_rules() -> None:
    times = pd.date_range("2003-01-01T01:00Z", periods=72, freq="h")
    value = [50.4] * 24 + [51.0] * 17 + [None] * 7 + [10.0] * 23 + [201.0]
    hours = pd.DataFrame(
        {"time": times, "day": (times - pd.Timedelta(hours=1)).date, "unit": "µg/m³", "parameter": "no2"}
    )
    days = limits.days(hours.assign(value=pd.Series(value)).dropna()).set_index("day")
    first, second, third = days.to_dict("records")
    assert (first["who_over"], first["eu_over"]) == (True, False), "50.4 is 50 when it is compared with 50"
    assert second["hours"] == 17
    assert pd.isna(second["mean"]) and pd.isna(second["who_over"]) and pd.isna(second["max_8h"])
    assert (third["who_over"], third["eu_hours_over"], third["max_hour"]) == (False, 1, 201.0)
    assert third["max_8h"] == pytest.approx((7 * 10 + 201) / 8)
    (hourly,) = [each for each in limits.of("no2") if each.by == limits.EU and each.span == "hour"]
    assert limits.passed(days.reset_index(), hourly) == 1


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_it_is_written_for_jupyter_and_runs_there_with_its_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".pipeline").mkdir()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/.pipeline/pipeline.db")
    fill(400)
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    file = tmp_path / "station.ipynb"
    command = [sys.executable, "-m", "steps.notebooks.reading", "shipped/station.py", str(file)]
    subprocess.run(command, check=True, cwd=ROOT, env=dict(os.environ))
    notebook = nbformat.read(file, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}, timeout=100).execute()
    pictures = [
        output.data["text/plain"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "image/svg+xml" in output.get("data", {})
    ]
    assert len(pictures) == 4, "course, rhythm, wind and trend; there is no forecast"
    delivered = pd.read_parquet(tmp_path / "deliver" / "station_days.parquet")
    assert set(delivered["parameter"]) >= {"no2"}
    assert delivered.duplicated(["location", "day", "parameter"]).sum() == 0
