"""The features of a project as a person reads of them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from pipeline.cli.commands import cli
from pipeline.laptop.machine import LocalMachine
from pipeline.models.features import listed
from pipeline.projects.openaq import OPENAQ
from steps.backends import objects
from steps.backends.database import begin
from steps.backends.warehouse import online
from steps.backends.warehouse.online import Online


@pytest.fixture
def machine(
    tmp_path: object, store_environment: object, database_environment: str, monkeypatch: pytest.MonkeyPatch
) -> LocalMachine:
    """One whose store and database are the test's."""
    monkeypatch.setattr(LocalMachine, "use", lambda *_: None)
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path))
    return LocalMachine.here()


def put(name: str, value: object) -> None:
    objects.lake().put(f"openaq/store/{name}.json", json.dumps(value).encode())


def month(first: str, newest: str, **more: object) -> dict[str, object]:
    times = {"first": f"{first}:00+00:00", "newest": f"{newest}:00+00:00"}
    return times | {"rows": 1000, "columns": ["lag_0", "lag_1"], "locations": [7, 8]} | more


def test_before_anything_ran_it_says_what_to_run(machine: LocalMachine) -> None:
    assert listed(machine, OPENAQ).splitlines() == [
        "no features are laid out yet; run: pipeline run openaq-features",
        "",
        "the model server knows no location yet; run: pipeline run openaq-daily",
    ]


def test_views_services_and_the_model_servers_rows_are_listed(
    machine: LocalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    months = {
        "2003-05": month("2003-05-01T00:00", "2003-05-31T23:00"),
        "2003-06": month("2003-06-01T00:00", "2003-06-02T11:00", rows=24, locations=[7]),
    }
    put("no2_hours", months)
    assert "Feast knows none of it yet" in listed(machine, OPENAQ)
    services = [{"name": "openaq_v3", "version": 3, "features": ["lag_0"], "lacks": ["co_so2"]}]
    online_at = {"7": "2003-06-02T11:00:00+00:00"}
    put("no2_hours.applied", {"as_of": "2003-06-02T12:00:00+00:00", "services": services, "online": online_at})
    now = datetime.now(UTC)
    with begin() as connection:
        rows = [
            Online(7, now - timedelta(hours=2), now + timedelta(hours=22), now, 3, {}),
            Online(8, now - timedelta(hours=50), now - timedelta(hours=26), now, 3, {}),
        ]
        online.record(connection, "openaq", "no2", rows)
    lines = [line.split() for line in listed(machine, OPENAQ).splitlines()]
    hour = f"{datetime(2003, 6, 2, 11, tzinfo=UTC).astimezone():%Y-%m-%d %H:%M}".split()
    assert lines[1][:7] == ["no2_hours", "2", "2", "1,024", "2003-05-01", *hour]
    assert lines[1][7] == "1"
    assert lines[4] == ["openaq_v3", "3", "1", "co_so2"]
    assert "2.0 h 3" in " ".join(lines[-2])
    assert "50.0 h (more than 48: refused)" in " ".join(lines[-1])


def test_of_a_table_there_are_none(machine: LocalMachine) -> None:
    answer = CliRunner().invoke(cli, ["features", "wine"])
    assert str(answer.exception) == (
        "wine learns from a table, which has no features of its own; wanted a series like openaq"
    )
