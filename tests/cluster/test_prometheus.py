"""What the chart gives to Prometheus and Grafana: rules that fire where they should, and questions that are answered.

`promtool` and `prometheus` are Debian's (`apt-get download prometheus; dpkg-deb -x …`), on the PATH or in the folder
that PROMETHEUS names; without them these tests are skipped.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
import yaml

from steps.backends import gauges, promotions, runs
from steps.backends.catalog import location_days
from steps.backends.database import begin
from steps.backends.ledger import uploads
from steps.backends.runs import Run
from steps.backends.trainings import trainings
from steps.backends.warehouse import detectors, skill
from steps.backends.warehouse.detectors import Detector
from steps.backends.warehouse.skill import Alarm
from steps.serving import measures
from tests import ROOT
from tests.steps.support.model_server import Address, serving
from tests.steps.support.small_model import FEATURES, pack, train, upload

HERE = Path(__file__).parent
FILES = ROOT / "charts" / "platform" / "files"
RULES = FILES / "rules.yaml"
VALUES = yaml.safe_load((FILES.parent / "values.yaml").read_text())
DASHBOARD = json.loads((FILES / "dashboard.json").read_text())
DOCUMENTED = set(re.findall(r"^\| ((?:model|pipeline)_\w+) ", f"{gauges.__doc__}\n{measures.__doc__}", re.MULTILINE))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def program(name: str) -> str:
    """Where it is; skips the test where it is not."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PROMETHEUS", ""), os.environ["PATH"]]))
    return found or pytest.skip(f"{name} is not installed; see PROMETHEUS in {Path(__file__).name}")


def asked_for(query: str) -> set[str]:
    found = re.findall(r"\b(?:model|pipeline)_\w+", query)
    return {re.sub(r"_bucket$", "", name) for name in found}


def test_only_what_is_documented_is_asked_for_and_all_of_it_can_be_seen() -> None:
    seen = set[str]().union(*map(asked_for, QUERIES))
    assert seen | set[str]().union(*(asked_for(rule["expr"]) for rule in ALERTS)) <= DOCUMENTED
    assert DOCUMENTED - seen == {"pipeline_database_up"}, "which has an alert"


def test_the_page_has_the_tables_of_the_code() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    for told in (gauges, measures):
        rows = [line for line in str(told.__doc__).splitlines() if line.startswith("|")]
        assert "\n".join(rows) in page
    assert set(re.findall(r"`metrics\.(\w+)`", page)) == set(VALUES["metrics"]) - {"enabled", "resources"}


def test_no_alert_is_of_what_only_the_season_moves() -> None:
    quiet = {"model_prediction", "model_absent_values_total", "pipeline_detector_evidence_ratio"}
    assert not quiet & set[str]().union(*(asked_for(rule["expr"]) for rule in ALERTS))


def test_every_alert_fires_in_a_test_and_says_what_to_do() -> None:
    cases = yaml.safe_load((HERE / "rules_test.yaml").read_text())["tests"]
    tried = [(one["alertname"], bool(one["exp_alerts"])) for case in cases for one in case["alert_rule_test"]]
    for rule in ALERTS:
        assert {(rule["alert"], True), (rule["alert"], False)} <= set(tried)
        assert set(rule["annotations"]) == {"summary", "action"}


def test_the_rules_fire_where_they_should(tmp_path: Path) -> None:
    promtool = program("promtool")
    for path in (RULES, HERE / "rules_test.yaml"):
        shutil.copy(path, tmp_path)
    for what in ("check", "test"):
        name = "rules.yaml" if what == "check" else "rules_test.yaml"
        done = subprocess.run(
            [promtool, what, "rules", name], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def running(command: list[str], log: Path, **more: Any) -> Iterator[None]:
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output, **more) as started:
        try:
            yield
        finally:
            started.terminate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def fill() -> None:
    """A project of each kind, as far as there is something to see."""
    now = datetime.now(UTC)
    today = now.date()
    more = {"kind": "train", "fingerprint": "f", "promoted": True, "parameter": "no2", "made_at": now, "live_at": now}
    dropped = {"bucket": "inbox", "key": "k", "version_id": "", "etag": "e", "size": 1, "source": "k", "run": "r"}
    held = {"holder": "r", "owner": "o", "lease_until": 0.0, "claims": 1, "rows_refused": 2, "seen_at": now}
    state = {"fingerprint": "f", "sequence": 1, "name": "n", "attempts": 1, "until": 0.0, "state": "offered"}
    day = {"location": 1, "day": today, "etag": "e", "state": "accepted", "raw_key": "k", "rows": 24, "last_hour": now}
    rows: list[tuple[sa.Table, dict[str, Any]]] = [
        (promotions.promotions, {"decision": 4, "version": 7, "model_uri": "s3://a/m", "digest": "d", **more}),
        (uploads, {"upload": "1", "state": "claimed", "rows_new": 0, "rows_known": 0, **dropped, **held}),
        (trainings, state),
        (location_days, {"decided_at": now, **day}),
    ]
    with begin() as connection:
        for table, row in rows:
            connection.execute(sa.insert(table), {"project": "openaq", **row})
        runs.record(connection, Run("openaq", "openaq-train-1", "train", now, now, "Failed", None))
        detectors.note(connection, "openaq", "no2", [Detector("error", 0, 7, today, 73, 365)])
        skill.raise_alarm(connection, "openaq", "no2", Alarm(7, today, "error", 0, 1, today, "world", "worse"), now)


def scrape(folder: Path, targets: list[str]) -> Path:
    """Prometheus' configuration: our rules, and these."""
    config = {
        "global": {"scrape_interval": "250ms", "scrape_timeout": "250ms", "evaluation_interval": "250ms"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "ours", "static_configs": [{"targets": targets}]}],
    }
    path = folder / "prometheus.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


class Prometheus:
    """A real one, asked by HTTP."""

    def __init__(self, address: str) -> None:
        self._address = f"{address}/api/v1"

    def ask(self, path: str, **parameters: str) -> Any:
        try:
            answer = requests.get(f"{self._address}/{path}", params=parameters, timeout=5).json()
        except requests.RequestException:
            return None
        assert answer["status"] == "success", (parameters, answer)
        return answer["data"]

    def values(self, query: str) -> list[float]:
        found = self.ask("query", query=query)
        return [float(one["value"][1]) for one in found["result"]] if found else []


def awaited[T](look: Callable[[], T], wanted: Callable[[T], bool], what: str) -> T:
    deadline = time.monotonic() + 30
    while not wanted(found := look()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return found


@pytest.fixture
def prometheus(
    store_environment: object, database_environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Prometheus, Address]]:
    """One that scrapes a model server and the pipelines."""
    command = program("prometheus")
    fill()
    monkeypatch.setenv("REQUESTS_SECONDS", "0.2")
    monkeypatch.setenv("REQUESTS_ROWS", "20")
    monkeypatch.setenv("MODEL_DECISION", "4")
    digest = pack(train(), tmp_path / "model")
    own, exported = free_port(), free_port()
    with ExitStack() as opened:
        server = opened.enter_context(serving(upload(tmp_path / "model", "m"), 7, digest, tmp_path / "log"))
        metrics = [sys.executable, "-m", "steps.metrics", "--address", "127.0.0.1", "--port", str(exported)]
        opened.enter_context(running(metrics, tmp_path / "metrics.log", cwd=ROOT))
        targets = [server.metrics.removeprefix("http://").removesuffix("/metrics"), f"127.0.0.1:{exported}"]
        options = {
            "config.file": scrape(tmp_path, targets),
            "storage.tsdb.path": tmp_path / "tsdb",
            "web.listen-address": f"127.0.0.1:{own}",
        }
        started = [command, *(f"--{name}={value}" for name, value in options.items())]
        opened.enter_context(running(started, tmp_path / "prometheus.log"))
        yield Prometheus(f"http://127.0.0.1:{own}"), server


def ask(server: Address) -> None:
    """Requests of every kind: answered, without a feature, refused, and more than is kept."""
    for rows in ([[1.0] * 5], [[1.0, None, 1.0, 1.0, 1.0]] * 19, [["x"] * 5], [[1.0] * 5] * 19):
        body = {"data": {"names": FEATURES, "ndarray": rows}}
        requests.post(f"{server}/api/v1.0/predictions", json=body, timeout=10)


@pytest.mark.soak  # 10 seconds: rates need some
def test_a_real_prometheus_reads_all_of_it_and_answers_the_dashboard(prometheus: tuple[Prometheus, Address]) -> None:
    reader, server = prometheus
    awaited(lambda: reader.values("up"), lambda found: found == [1, 1], "both are scraped")
    written = {"$project": ".*", "$__rate_interval": "30s"}
    for query in QUERIES:
        for name, value in written.items():
            query = query.replace(name, value)  # noqa: PLW2901 - the query as Grafana sends it

        def look(query: str = query) -> list[float]:
            ask(server)
            return reader.values(query)

        awaited(look, lambda found: bool(found) and not any(map(isnan, found)), f"an answer to {query}")
    rules = reader.ask("rules")
    assert {rule["health"] for group in rules["groups"] for rule in group["rules"]} == {"ok"}
    firing = {one["labels"]["alertname"] for one in reader.ask("alerts")["alerts"] if one["state"] == "firing"}
    assert firing == {"RunFailed", "LiveModelWorse"}
