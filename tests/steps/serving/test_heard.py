"""What the live model was asked is read back, put beside what it has learned from, and shown; it alarms nobody."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from steps.backends.objects import lake
from steps.models.base import Array
from steps.monitoring import asked
from steps.monitoring.asked import Asked, Model
from steps.pages.monitoring import page
from steps.release import requests
from steps.summaries.monitoring import Monitoring
from tests.steps.support.small_model import FEATURES, table, train

pytestmark = pytest.mark.usefixtures("store_environment")

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
SUMMARY = Monitoring(as_of=NOON, parameter="no2", unit="µg/m³", version=7, words="all is well")


def put(values: Array, *, ago: int = 0, version: int = 7, features: tuple[str, ...] = ("a", "b")) -> None:
    """A file of one request, so many days before."""
    at = NOON - timedelta(days=ago)
    asked.write(lake(), Model("openaq", version, 1, features), [Asked(f"{ago}-{version}", at, values, values[:, 0])])


def days(count: int) -> list[date]:
    return [(NOON - timedelta(days=ago)).date() for ago in range(count, -1, -1)]


def test_what_was_kept_of_a_version_is_read_back() -> None:
    put(np.array([[1.0, np.nan], [2.0, 3.0]]), ago=1)
    put(np.array([[5.0, 6.0]]))
    put(np.array([[9.0, 9.0]]), version=6)
    put(np.array([[9.0, 9.0]]), ago=9)
    lake().put(f"openaq/requests/day={NOON:%F}/000000-v7-broken.parquet", b"PAR1 and nothing else")
    found = asked.read(lake(), "openaq", 7, days(7))
    assert found is not None
    assert (found.requests, found.answers.tolist(), found.since) == (2, [1.0, 2.0, 5.0], date(2026, 5, 3))
    assert found.values["a"].tolist() == [1.0, 2.0, 5.0]
    assert np.isnan(found.values["b"]).tolist() == [True, False, False]


def test_of_many_files_some_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "_MOST_FILES", 3)
    for ago in range(6, -1, -1):
        put(np.array([[float(ago), 0.0]]), ago=ago)
    found = asked.read(lake(), "openaq", 7, days(7))
    assert found is not None
    assert found.values["a"].tolist() == [6.0, 3.0, 0.0]


def test_nothing_kept_is_nothing_said() -> None:
    assert asked.read(lake(), "openaq", 7, days(7)) is None
    assert requests.told("openaq", SUMMARY, beside=False) == SUMMARY
    assert "What it was asked" not in page("openaq", SUMMARY)


def test_what_is_old_is_deleted() -> None:
    for ago in (200, 91, 90, 1):
        put(np.ones((1, 2)), ago=ago)
    requests.told("openaq", SUMMARY, beside=False)
    kept = [each.key.split("/")[2] for each in lake().list("openaq/requests/")]
    assert kept == [f"day={NOON - timedelta(days=ago):%F}" for ago in (90, 1)]


def test_it_stands_on_the_page_beside_what_was_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = train(), table()
    live: Any = SimpleNamespace(version=7, model=model, learned=SimpleNamespace(rows=rows))
    monkeypatch.setattr(requests, "_live", lambda project: live)
    values = rows.to_numpy()[:100].copy()
    values[:80, FEATURES.index("wx_temperature")] = np.nan
    put(values, features=tuple(FEATURES))
    found = requests.told("openaq", SUMMARY, beside=True).requests
    assert found is not None
    assert (found.requests, found.rows) == (1, 100)
    assert [(one.feature, one.share) for one in found.absent] == [("wx_temperature", 0.8), ("lag_24", 0.15)]
    assert [one.usual for one in found.absent] == [0.0, pytest.approx(1 / 7, abs=0.01)]
    answers = np.quantile(model.predict(rows.to_numpy()), requests.QUANTILES)
    assert found.usual == pytest.approx(answers.tolist())
    shown = page("openaq", SUMMARY.model_copy(update={"requests": found}))
    assert "1 request with 100 rows since 2026-05-03" in shown
    assert "wx_temperature" in shown
    assert "no alarm" in shown


def test_whatever_was_sent_the_monitor_goes_on() -> None:
    put(np.array([[1e308, 1.0], [-1e308, 1.0], [np.nan, np.nan]]), features=("<script>alert(1)</script>", "{{=1+1}}"))
    found = requests.told("openaq", SUMMARY, beside=False)
    assert found.requests is not None
    assert Monitoring.read(found.to_json()) == found
    assert "<script>alert" not in page("openaq", found)


def test_with_the_store_away_the_summary_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_BUCKET", "nowhere")
    assert requests.told("openaq", SUMMARY, beside=False) == SUMMARY
