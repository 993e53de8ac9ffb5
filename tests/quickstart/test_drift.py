"""The story of `make drift`, as far as it needs no servers: what the values become, and the run of a fortnight."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from pipeline.engine.manifest import find
from pipeline.projects.openaq import SAMPLE
from pipeline.quickstart import drift, sample
from steps.contract.declaration import parse


def ends(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def test_a_sensor_breaks_and_is_mended_and_later_a_road_is_built() -> None:
    roadside, other = SAMPLE
    broken, mended = drift.BROKEN
    assert drift.changed(roadside, "no2", ends(broken), "60") == "5.00"
    assert drift.changed(roadside, "no2", ends(broken, 0), "60") == "60", (
        "an hour that ends at midnight is of yesterday"
    )
    assert drift.changed(roadside, "no2", ends(mended), "60") == drift.changed(other, "no2", ends(broken), "60") == "60"
    assert [drift.changed(one, "no2", ends(drift.CHANGED), "60") for one in SAMPLE] == ["90", "90"]
    assert drift.changed(roadside, "wind_speed", ends(broken), "6") == "6"
    assert drift.changed(roadside, "no2", ends(broken), "") == ""


def test_the_whole_story_is_in_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    span = sample.Span(drift.FIRST, drift.FIRST + timedelta(days=9), drift.changed)
    assert len(list(sample._texts(span))) == 20
    assert (drift.END - drift.LIVE).days == 365
    assert drift.LIVE < drift.BROKEN[0] < drift.BROKEN[1] < drift.CHANGED < drift.END


def test_a_fortnight_publishes_its_days_in_order_and_then_looks_by_the_project_s_own_steps(tmp_path: Path) -> None:
    """One step publishes them: side by side, a day's bands would follow what happened to be published before it."""
    machine = drift._anew(tmp_path)
    path = drift._Story(machine)._manifest()
    found = find(str(path), "", known=machine.manifests)
    assert found.name == "openaq-fortnight"
    spec = yaml.safe_load(path.read_text())["spec"]
    dag = next(one for one in spec["templates"] if one["name"] == spec["entrypoint"])["dag"]["tasks"]
    assert {one["name"]: one.get("depends") for one in dag} == {
        "monitor": "publish",
        "train": "monitor",
        "conclude": "monitor",
        "publish": None,
    }
    assert not any("withParam" in one for one in dag)
    publish = next(one for one in spec["templates"] if one["name"] == "publish")
    assert publish["container"]["args"][-2:] == ["--days", "{{workflow.parameters.days}}"]
    declared = next(one["value"] for one in spec["arguments"]["parameters"] if one["name"] == "declaration")
    assert parse(declared).learning.gate.release == "shadow"
