"""The step that loads what a run's notebooks handed over."""

import json
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from pipeline.projects.openaq import OPENAQ
from steps.backends.database import begin
from steps.contract.notebooks import Delivery, Notebook, Plan, Work, canonical
from steps.notebooks import load
from steps.notebooks.keeping import Place
from tests.steps.support.invoking import Ended, run_step

pytestmark = pytest.mark.usefixtures("store_environment", "database_environment")

DAYS = Delivery(table="days", key=("station", "day"))
HOURS = Delivery(table="hours", key=("station",))
NOTEBOOK = Notebook(name="small", path="small.py", delivers=(HOURS, DAYS))
WORK = tuple(Work(notebook="small", item=str(item), parameters={}) for item in (7, 8, 9))


def packed(**columns: Any) -> bytes:
    body = BytesIO()
    pd.DataFrame(columns).to_parquet(body, index=False)
    return body.getvalue()


def deliver(index: int, hours: bytes) -> Place:
    place = Place.of("openaq", "a-run", index, WORK[index])
    place.deliver({"days": packed(station=[index], day=[date(2003, 1, 1)], mean=[1.5]), "hours": hours})
    return place


def loaded(folder: Path) -> Ended:
    (folder / "plan.json").write_text(Plan(work=WORK).model_dump_json())
    return run_step(
        load.command,
        declaration=OPENAQ.declaration(),
        notebooks=canonical((NOTEBOOK,)),
        plan=folder / "plan.json",
        run="a-run",
        summary_out=folder / "summary.json",
    )


def test_only_what_ended_well_is_loaded_and_again_is_the_same(tmp_path: Path) -> None:
    places = [deliver(index, packed(station=[index])) for index in (0, 2)]
    assert loaded(tmp_path).code == 0
    assert loaded(tmp_path).code == 0
    assert json.loads((tmp_path / "summary.json").read_text())["words"] == "hours: 2 rows; days: 2 rows"
    with begin() as connection:
        rows = connection.execute(sa.text("SELECT station, notebook FROM days ORDER BY station")).all()
    assert [tuple(row) for row in rows] == [(0, places[0].address), (2, places[1].address)]


def test_what_is_refused_of_one_copy_does_not_keep_the_others_out(tmp_path: Path) -> None:
    place = deliver(0, packed(town=["x"]))
    deliver(1, packed(station=[1], mean=[1]))
    other = deliver(2, packed(station=[2], mean=["high"]))
    ended = loaded(tmp_path)
    assert ended.code == 2
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["rows"] == {"hours": 1, "days": 3}
    assert summary["refused"] == [
        f"hours: its key is station, and it has no station ({place.address})",
        "hours: the column mean has whole numbers, and texts are delivered; deliver it under another name, or declare "
        f"retype='mean' ({other.address})",
    ]


def test_nothing_handed_over_is_no_mistake(tmp_path: Path) -> None:
    assert loaded(tmp_path).code == 0
    assert json.loads((tmp_path / "summary.json").read_text())["words"] == "hours: 0 rows; days: 0 rows"
