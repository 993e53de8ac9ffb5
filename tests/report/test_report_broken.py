"""What steps left behind may be missing, broken or of another version: that costs its section, never the page."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.views import Nodes, RunView
from pipeline.report import write
from tests.report import example_runs
from tests.report.report_page import Page, rewritten


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Page]:
    def written(*runs: RunView) -> Page:
        return Page(write(runs, tmp_path / "out" / "report.html").read_text(encoding="utf-8"))

    return written


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "is gone (No such file or directory)"),
        (lambda path: path.write_text("<html>502"), "is broken (Expecting value"),
        (lambda path: path.write_text("[1, 2]"), "is broken (summary: got [1, 2], wanted an object)"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00"), "is broken ('utf-8' codec"),
        (lambda path: path.write_text("[" * 200_000), "is nested too deeply"),
        (lambda path: path.write_text(""), "is broken (Expecting value"),
    ],
)
def test_broken_summary_costs_its_sections_only(
    report: Callable[..., Page], tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    run = example_runs.train(tmp_path)
    spoil(next(tmp_path.glob("*decide.json")))
    page = report(run)
    assert "No decision summary could be read: that of decide" in page.section("scores").text
    assert words in page.section("scores").text
    assert "9b1f4c07a7d3" in page.section("dataset").text
    assert page.title == "openaq-train succeeded"


@pytest.mark.parametrize(
    ("change", "slug", "words"),
    [
        (
            {"scores": [{"name": "persistence", "rmse": "x"}]},
            "scores",
            "summary.scores[0].rmse: got 'x', wanted a number",
        ),
        ({"scores": None}, "scores", "summary.scores is missing"),
        ({"trials": {"a": 1}}, "trials", "summary.trials: got {'a': 1}, wanted a list"),
        ({"importance": [3]}, "importance", "summary.importance[0]: got 3, wanted an object"),
        (
            {"forecast": {"1": {"time": ["2003-01-01T00:00:00Z"], "truth": [], "forecast": [1.0]}}},
            "forecast",
            "got 1 times, 0 true values and 1 forecasts",
        ),
        (
            {"forecast": {"1": {"time": ["soon"], "truth": [1.0], "forecast": [1.0]}}},
            "forecast",
            "summary.forecast.1.time[0]: got 'soon', wanted an RFC 3339 time",
        ),
    ],
)
def test_wrong_field_is_named_and_costs_its_section_only(
    report: Callable[..., Page], tmp_path: Path, change: dict[str, Any], slug: str, words: str
) -> None:
    run = rewritten(example_runs.train(tmp_path), "decision", lambda summary: summary | change)
    page = report(run, example_runs.daily(tmp_path))
    assert words in page.section(slug).text
    assert "12.43" in page.section("predictions").text
    others = {"scores", "trials", "importance", "forecast"} - {slug}
    assert all("Cannot be shown" not in page.section(other).text for other in others)


ANYTHING: tuple[Any, ...] = (
    *(None, True, -1, 0, 1e308, -1e308, 10**400, float("nan"), float("-inf"), "", "x", "\ud800\x00"),
    *([], {}, [[]], [{}], [None], {"a": None}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
)
ONCE_FATAL = [
    (("importance", 0, "share"), 10**400),
    (("forecast", "9000001", "low", 0), 10**400),
    (("forecast", "9000001", "time", 1), "0001-01-01T00:00:00+14:00"),
    (("forecast", "9000001", "truth", 1), -1e308),
    (("residual_groups", "hour", 1, "sd"), -1e308),
]


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value but those far down a list."""
    yield above
    items = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*above, key))


def put(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    """The JSON value with `other` in that place."""
    if not place:
        return other
    value[place[0]] = put(value[place[0]], place[1:], other)
    return value


def test_anything_may_stand_anywhere(tmp_path: Path) -> None:
    drawn = random.Random(20260302)
    runs = example_runs.backfill(tmp_path), example_runs.train(tmp_path, promoted=False), example_runs.daily(tmp_path)
    left = [(run, path) for run in runs for path in sorted(tmp_path.glob(f"{run.id}-*.json"))]
    assert len(left) == 5
    for run, path in left:
        good = path.read_text()
        changes = [(drawn.choice(list(places(json.loads(good)))), drawn.choice(ANYTHING)) for _ in range(15)]
        for place, other in [*changes, *(ONCE_FATAL if "decide" in path.name else ())]:
            path.write_text(json.dumps(put(json.loads(good), place, other)))
            assert write([run], tmp_path / "report.html").stat().st_size > 10_000, (path.name, place, other)
        path.write_text(good)


def test_a_time_that_utc_does_not_have_is_passed_over(report: Callable[..., Page], tmp_path: Path) -> None:
    run = replace(example_runs.backfill(tmp_path), parameters={"as-of": "0001-01-01T00:00:00+14:00"})
    assert "2026-03-02" in report(run).all("header")[0].text


def test_numbers_that_are_none_do_not_stop_it(report: Callable[..., Page], tmp_path: Path) -> None:
    run = example_runs.train(tmp_path)
    path = next(tmp_path.glob("*decide.json"))
    summary = json.loads(path.read_text())
    summary["forecast"]["9000001"]["truth"] = [None] * 336
    summary["trials"][0]["folds"] = [float("nan"), float("inf"), 17.0]
    path.write_text(json.dumps(summary))
    page = report(run)
    assert "336 hours not measured" in page.section("forecast").text
    assert "Best of 20 trials" in page.section("trials").text
    assert "nan" not in page.section("trials").text.lower()


def test_a_decision_that_was_recalled_has_lost_its_pictures(report: Callable[..., Page], tmp_path: Path) -> None:
    lost: dict[str, Any] = {"trials": [], "forecast": {}, "importance": []}
    page = report(rewritten(example_runs.train(tmp_path), "decision", lambda summary: summary | lost))
    assert "18.63" in page.section("scores").text
    for slug in ("trials", "forecast", "importance"):
        assert "Not kept." in page.section(slug).text


def test_no_live_model_is_said_in_the_steps_words(report: Callable[..., Page], tmp_path: Path) -> None:
    nothing: dict[str, Any] = {
        "rows": [],
        "recent": [],
        "version": None,
        "live_rmse": None,
        "words": "No model is live.",
    }
    page = report(rewritten(example_runs.daily(tmp_path), "predictions", lambda summary: summary | nothing))
    assert "No model is live." in page.section("predictions").text
    assert page.title == "openaq-daily succeeded"


def test_no_runs_and_a_run_that_has_not_begun(report: Callable[..., Page], tmp_path: Path) -> None:
    assert report().title == "No runs"
    pending = replace(example_runs.daily(tmp_path), phase="Pending", nodes=Nodes(), started_at=None, finished_at=None)
    assert "openaq-daily" in report(pending).title
