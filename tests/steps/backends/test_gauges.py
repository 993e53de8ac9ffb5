"""What Prometheus is told of the projects: read from the tables, at most so often, and nothing while there is no
database."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from steps.backends import gauges, promotions, runs
from steps.backends.catalog import location_days
from steps.backends.challengers import challengers
from steps.backends.database import begin
from steps.backends.gauges import Gauge, scraped
from steps.backends.gauges.scraped import Gauges
from steps.backends.ledger import uploads
from steps.backends.runs import Run
from steps.backends.trainings import trainings
from steps.backends.warehouse import detectors, skill
from steps.backends.warehouse.detectors import Detector
from steps.backends.warehouse.skill import Alarm
from tests import ROOT

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
NAMES = set(re.findall(r"^\| (pipeline_\w+) ", str(gauges.__doc__), re.MULTILINE))


LIVE = {
    "project": "openaq", "kind": "train", "promoted": True, "live_at": NOON, "made_at": NOON, "parameter": "no2",
    "model_uri": "s3://a/m", "digest": "d",
}  # fmt: skip
DAY = {"project": "openaq", "location": 1, "etag": "e", "raw_key": "k", "rows": 24, "decided_at": NOON}
DROPPED = {
    "project": "wine", "bucket": "inbox", "version_id": "", "etag": "e", "size": 1, "run": "r", "holder": "r",
    "owner": "o", "lease_until": 0.0, "claims": 1, "source": "s", "seen_at": NOON, "rows_new": 0, "rows_known": 0,
}  # fmt: skip


@pytest.fixture
def filled(database: str) -> None:
    """A project with a live model that has raised an alarm, data and a quarantine; and one of files."""
    rows: list[tuple[sa.Table, dict[str, Any]]] = [
        (promotions.promotions, LIVE | {"decision": 3, "fingerprint": "f", "version": 6, "ended": "replaced"}),
        (promotions.promotions, LIVE | {"decision": 4, "fingerprint": "g", "version": 7}),
        (
            trainings,
            {
                "project": "wine",
                "fingerprint": "f",
                "sequence": 1,
                "state": "offered",
                "name": "n",
                "attempts": 1,
                "until": 0.0,
            },
        ),
        (location_days, DAY | {"day": date(2026, 4, 30), "state": "accepted", "first_hour": NOON, "last_hour": NOON}),
        (location_days, DAY | {"day": date(2026, 5, 1), "state": "quarantined"}),
        (
            challengers,
            {"project": "openaq", "decision": 5, "first": 5, "how": "shadow", "share": 0.0, "days": 60}
            | {"admitted_at": NOON},
        ),
        (uploads, DROPPED | {"upload": "1", "key": "1", "state": "quarantined", "rows_refused": 3}),
        (uploads, DROPPED | {"upload": "2", "key": "2", "state": "done", "rows_refused": 2}),
        (uploads, DROPPED | {"upload": "3", "key": "3", "state": "claimed", "rows_refused": 0}),
    ]
    error, bands = (
        Detector("error", 0, 7, date(2026, 4, 30), 73, 365),
        Detector("bands", 0, 7, date(2026, 4, 29), 0, 365),
    )
    with begin() as connection:
        for table, row in rows:
            connection.execute(sa.insert(table), row)
        runs.record(connection, Run("openaq", "openaq-train-1", "train", NOON, NOON, "Succeeded", None))
        detectors.note(connection, "openaq", "no2", [error, Detector("error", 1, 7, date(2026, 4, 1), 1, 1)])
        detectors.note(connection, "openaq", "no2", [error, bands])
        for version in (6, 7):
            alarm = Alarm(version, date(2026, 4, 1), "error", 0, 1, date(2026, 4, 14 + version), "world", "worse")
            skill.raise_alarm(connection, "openaq", "no2", alarm, NOON)


def told(collector: Gauges) -> dict[tuple[str, tuple[str, ...]], float]:
    registry = CollectorRegistry()
    registry.register(collector)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {(each.name, tuple(each.labels.values())): each.value for one in families for each in one.samples}


def test_what_is_told(filled: None) -> None:
    found = told(Gauges())
    ended = found.pop(("pipeline_run_end_timestamp_seconds", ("openaq", "Succeeded", "train")))
    assert abs(time.time() - ended) < 60
    assert found == {
        ("pipeline_database_up", ()): 1,
        ("pipeline_live_model_info", ("4", "no2", "openaq", "7")): 1,
        ("pipeline_live_since_timestamp_seconds", ("openaq",)): NOON.timestamp(),
        ("pipeline_decision_timestamp_seconds", ("openaq",)): NOON.timestamp(),
        ("pipeline_trainings", ("wine", "offered")): 1,
        ("pipeline_detector_evidence_ratio", ("error", "0", "no2", "openaq")): 0.2,
        ("pipeline_detector_evidence_ratio", ("bands", "0", "no2", "openaq")): 0,
        ("pipeline_outcome_timestamp_seconds", ("no2", "openaq")): datetime(2026, 5, 1, tzinfo=UTC).timestamp(),
        ("pipeline_alarms", ("world", "openaq")): 1,
        ("pipeline_alarm_timestamp_seconds", ("world", "openaq")): datetime(2026, 4, 21, tzinfo=UTC).timestamp(),
        ("pipeline_measurement_timestamp_seconds", ("1", "openaq")): NOON.timestamp(),
        ("pipeline_quarantined_files", ("openaq",)): 1,
        ("pipeline_quarantined_files", ("wine",)): 1,
        ("pipeline_quarantined_rows", ("wine",)): 5,
        ("pipeline_open_uploads", ("wine",)): 1,
        ("pipeline_open_trials", ("openaq",)): 1,
    }


def test_all_that_is_told_is_in_the_table_and_the_other_way_round(filled: None) -> None:
    assert {name for name, _ in told(Gauges())} == NAMES


def test_it_is_read_again_only_after_a_while(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, reads = [0.0], []

    def read(connection: sa.Connection) -> Iterator[Gauge]:
        reads.append(clock[0])
        return iter(())

    monkeypatch.setattr(gauges, "read", read)
    collector = Gauges(lambda: clock[0])
    for now in (0.0, 5.0, 14.9, 15.0, 20.0, 31.0):
        clock[0] = now
        told(collector)
    assert reads == [0.0, 15.0, 31.0]


def test_without_a_database_that_is_all_it_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg2://nobody:x@127.0.0.1:1/none")
    assert told(Gauges()) == {("pipeline_database_up", ()): 0}


def test_the_command_answers_until_it_is_ended(database_environment: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "steps.metrics", "--address", "127.0.0.1", "--port", str(port)]
    started = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        assert started.stderr is not None
        assert f"127.0.0.1:{port}/metrics" in started.stderr.readline()
        assert "pipeline_database_up 1.0" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
        taken = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert taken.returncode == 2
        assert taken.stderr == f"error: cannot listen on 127.0.0.1, port {port}: Address already in use\n"
    finally:
        started.send_signal(signal.SIGTERM)
        assert started.wait(10) == 0
        started.stderr.close()  # type: ignore[union-attr]


def test_what_it_means_is_told_with_it() -> None:
    assert set(scraped._MEANINGS) == NAMES
