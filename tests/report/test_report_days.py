"""A report on a series of days speaks of days: no hour, and no midnight that nobody asked for."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.views import RunView
from pipeline.report import write
from tests.report import example_runs
from tests.report.report_page import Page, rewritten

AS_OF = datetime(2003, 6, 23, tzinfo=UTC)  # the end of Sunday, 22 June


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Page]:
    def written(*runs: RunView) -> Page:
        return Page(write(runs, tmp_path / "out" / "report.html").read_text(encoding="utf-8"))

    return written


def ends(count: int) -> list[str]:
    return [f"{AS_OF - timedelta(days=back):%FT%TZ}" for back in reversed(range(count))]


def coming(summary: dict[str, Any]) -> dict[str, Any]:
    end = f"{AS_OF + timedelta(days=1):%FT%TZ}"
    row = {"location": 9000001, "target_at": end, "value": 120.0, "low": 110.0, "high": 131.0}
    recent = [
        {"location": 9000001, "target_at": each, "predicted": None if number < 5 else 90.0 + number, "observed": 95.0}
        for number, each in enumerate(ends(12))
    ]
    return summary | {"frequency": "daily", "unit": "pcs", "rows": [row], "recent": recent}


def decided(summary: dict[str, Any]) -> dict[str, Any]:
    numbers = [float(number) for number in range(60)]
    held_out = {"time": ends(60), "truth": numbers, "forecast": numbers, "low": None, "high": None}
    groups = {"weekday": [{"group": day, "mean": 1.0, "sd": 2.0, "rows": 8} for day in ("Mon", "Tue", "Wed")]}
    shown = {"forecast": {"9000001": held_out}, "residual_groups": groups, "hour_zone": None}
    matter = [{"feature": "lag_7", "share": 0.4}, {"feature": "mean_same_weekday", "share": 0.3}]
    return summary | shown | {"frequency": "daily", "importance": matter}


def test_predictions_are_of_the_next_day(report: Callable[..., Page], tmp_path: Path) -> None:
    page = report(rewritten(example_runs.daily(tmp_path), "predictions", coming))
    text = page.section("predictions").text
    assert "The next days" in text and "120.0 pcs in the next day" in text
    assert "Mon 23 Jun\npredicted 120.0 pcs" in text, "the date, not the midnight that ends it"
    assert "Sun 22 Jun\nmeasured 95.0 pcs\npredicted 101.0 pcs" in text
    assert not re.search(r"\d\d:\d\d", text.replace("2003-06-23 00:00 UTC", "")), "as-of is the only time of day"


def test_a_decision_is_shown_by_day(report: Callable[..., Page], tmp_path: Path) -> None:
    page = report(rewritten(example_runs.train(tmp_path), "decision", decided))
    forecast = page.section("forecast").text
    assert "over 60 days" in forecast and "Sun 22 Jun\nmeasured 59.0" in forecast
    assert not re.search(r"\d\d:\d\d|UTC", forecast)
    assert "on Mon the answers were 1.00" in page.section("residuals").text
    importance = page.section("importance").text
    assert "NO₂ 7 days before that" in importance and "on this weekday, last 4 weeks" in importance
