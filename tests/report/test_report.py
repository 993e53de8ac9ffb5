"""The report: one page that needs nothing else, says what was learned, and survives what steps leave behind."""

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.views import RunView
from pipeline.report import write
from tests.report import example_runs
from tests.report.report_page import Page, rewritten


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Page]:
    def written(*runs: RunView) -> Page:
        return Page(write(runs, tmp_path / "out" / "report.html").read_text(encoding="utf-8"))

    return written


@pytest.fixture
def full(report: Callable[..., Page], tmp_path: Path) -> Page:
    return report(example_runs.backfill(tmp_path), example_runs.train(tmp_path), example_runs.daily(tmp_path))


def test_page_loads_and_runs_nothing(full: Page) -> None:
    names = {element.name for element in full.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "image", "use"}
    for element in full.elements:
        for name, value in element.attributes.items():
            assert not name.startswith("on"), name
            assert name not in {"style", "src", "srcset", "xlink:href", "action"}, name
            assert name != "href" or (value or "").startswith("#"), value
    assert "url(" not in full.all("style")[0].text
    assert "@import" not in full.all("style")[0].text


def test_policy_allows_the_one_style_and_nothing_else(full: Page) -> None:
    policy = next(
        meta.attributes["content"]
        for meta in full.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert len(full.all("style")) == 1
    digest = base64.b64encode(hashlib.sha256(full.all("style")[0].text.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy


def test_headline_says_what_was_learned_and_for_whom(full: Page) -> None:
    head = full.all("header")[0].text
    assert full.title == "NO₂ 24 h ahead: the linear model’s error is 22\u00a0% below persistence"
    assert "There was no champion to beat." in head
    for fact in ("18.63 µg/m³", "version 1", "champion · decision 1", "9000001, 9000002", "2003-06-23", "1 min 37 s"):
        assert fact in head
    assert "Air quality 24 hours ahead, from OpenAQ" in head


def test_sections_come_in_order_and_navigation_finds_them(full: Page) -> None:
    slugs = [element.attributes["id"] for element in full.all("section")]
    assert slugs == [
        *("scores", "folds", "forecast", "bands", "residuals", "predictions", "importance", "trials"),
        *("validation", "dataset", "runs", "provenance"),
    ]
    links = [element.attributes["href"] for element in full.all("a")]
    assert links == [f"#{slug}" for slug in slugs]
    ids = [element.attributes["id"] for element in full.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))


def test_sections_say_their_numbers(full: Page) -> None:
    expected = {
        "scores": (
            "persistence",
            "23.98",
            "training mean",
            "21.84",
            "challenger (linear)",
            "−22.3\u00a0%",
            "4,871",
        ),
        "forecast": ("Location 9000001", "Location 9000002", "hours not measured", "NO₂, µg/m³"),
        "folds": ("5 folds", "it beats persistence on 5", "2002-03-01", "training mean"),
        "bands": ("79.2\u00a0%", "80\u00a0%", "41.3 µg/m³", "least in 2003-05, 76.0\u00a0%"),
        "residuals": ("By hour of the day, local", "at 08:00 the answers were 2.10 µg/m³ too low", "Jun–Aug"),
        "predictions": ("version 1", "48 hours", "12.43 µg/m³", "Mon 23 Jun 05:00"),
        "trials": ("Best of 20 trials", "linear · 12", "lightgbm · 8", "learning rate", "chosen"),
        "importance": ("lag_0", "NO₂ now", "14.2\u00a0%", "others"),
        "validation": (
            "openaq-backfill",
            "above range 7",
            "9000002 (newest day none)",
            "3 refused",
            "got index, wanted µg/m³",
            "all accepted",
            "between 0 and 75",
        ),
        "dataset": ("25,316", "12 linear, 8 lightgbm", "9b1f4c07a7d3", "2003-03-06"),
        "runs": ("snapshot", "trials-linear", "2/2", "2 attempts", "verify", "openaq-daily-6tt2c"),
        "provenance": ("2001-12-23", "openaq-train-r8w5n", "horizon_hours"),
    }
    for slug, facts in expected.items():
        for fact in facts:
            assert fact in full.section(slug).text, (slug, fact)


def test_sample_is_named_wherever_its_data_are_shown(full: Page) -> None:
    line = "aqeval 0.7.3 sample, unnamed UK stations"
    assert line in full.all("header")[0].text
    for slug in ("forecast", "predictions", "dataset", "provenance"):
        assert line in full.section(slug).text


def test_sample_is_not_named_where_the_data_are_others(report: Callable[..., Page], tmp_path: Path) -> None:
    run = rewritten(example_runs.train(tmp_path), "dataset", lambda summary: summary | {"locations": ["8118"]})
    run = rewritten(run, "decision", lambda summary: summary | {"forecast": {"8118": summary["forecast"]["9000001"]}})
    assert "aqeval" not in report(replace(run, parameters={"locations": "8118"})).body


def test_charts_speak_to_those_who_cannot_see_them(full: Page) -> None:
    kinds = {"plot", "plot labelled", "bars", "bars span"}
    charts = [svg for svg in full.all("svg") if svg.attributes.get("class") in kinds]
    assert len(charts) >= 8
    for chart in charts:
        assert chart.attributes.get("role") == "img"
        assert chart.children[0].name == "title"
        assert chart.children[0].text
    for table in full.all("table"):
        assert table.children[0].name == "caption"
        assert table.children[0].text


def test_forecast_shows_gaps_as_gaps(full: Page) -> None:
    assert "3 hours not measured" in full.section("forecast").text
    lines = [path.attributes["d"] or "" for path in full.all("path") if path.attributes.get("class") == "truth"]
    assert max(line.count("M") for line in lines) > 1, "no line is broken anywhere"


def test_every_hour_of_the_forecast_can_be_pointed_at(full: Page) -> None:
    titles = [element.text for element in full.all("title") if "rect" in element.above]
    assert sum("measured nothing" in title for title in titles) > 0
    assert sum("forecast" in title for title in titles) == 2 * 336


def test_refusal_is_a_result(report: Callable[..., Page], tmp_path: Path) -> None:
    page = report(example_runs.train(tmp_path, promoted=False))
    assert page.title == "NO₂ 24 h ahead: the new model was not promoted"
    assert "the champion stays" in page.all("header")[0].text
    assert "at least −0.11 µg/m³. Zero lies inside: it may be chance." in page.section("comparison").text
    assert "evaluated false" in page.section("runs").text


def test_failed_run_shows_where_why_and_its_last_lines(report: Callable[..., Page], tmp_path: Path) -> None:
    page = report(example_runs.backfill(tmp_path), example_runs.train_that_failed(tmp_path))
    assert page.title == "openaq-train failed at decide"
    failed = page.section("failures").text
    assert "start it with `pipeline up`" in failed
    assert "the winner is linear 7" in failed
    assert "attempt 2" in failed
    assert "omitted" in page.section("runs").text
    assert not page.has("scores")
    assert page.all("footer")[0].text.startswith("Not in this report: ")
    assert "; decide failed." in page.all("footer")[0].text


def test_what_does_not_belong_to_a_run_is_not_missed(full: Page) -> None:
    assert full.all("footer") == []


def test_retry_that_helped_is_no_failure(full: Page) -> None:
    assert not full.has("failures")


def test_days_in_a_row_refused_for_one_reason_are_one_line(report: Callable[..., Page], tmp_path: Path) -> None:
    def silent(summary: dict[str, Any]) -> dict[str, Any]:
        days = [("2003-05-30", "absent"), ("2003-05-31", "absent"), ("2003-06-01", "absent"), ("2003-06-03", "absent")]
        days += [("2003-06-04", "stuck")]
        refused = [{"location": 7, "day": day, "reasons": [reason]} for day, reason in reversed(days)]
        return summary | {"refused": [*refused, {"location": 8, "day": "soon", "reasons": ["odd"]}]}

    text = report(rewritten(example_runs.backfill(tmp_path), "validation", silent)).section("validation").text
    assert "72003-05-30 to 2003-06-013 daysabsent72003-06-03absent72003-06-04stuck" in text
    assert "8soonodd" in text


def test_predictions_alone_make_a_headline(report: Callable[..., Page], tmp_path: Path) -> None:
    page = report(example_runs.daily(tmp_path))
    assert page.title == "NO₂: the next 24 h, predicted for 2 stations"


def test_before_anything_came_true_the_holdout_leads_up_to_the_predictions(
    report: Callable[..., Page], tmp_path: Path
) -> None:
    first: dict[str, Any] = {"recent": [], "live_rmse": None}
    daily = rewritten(example_runs.daily(tmp_path), "predictions", lambda summary: summary | first)
    alone = report(daily).section("predictions").text
    after = report(example_runs.train(tmp_path), daily).section("predictions").text
    assert "measured 2" not in alone.replace("measuredpredicted", "")
    assert len(re.findall(r"measured \d", after)) > 100


def test_a_location_without_predictions_has_no_chart_of_them(report: Callable[..., Page], tmp_path: Path) -> None:
    def one(summary: dict[str, Any]) -> dict[str, Any]:
        return summary | {"rows": [row for row in summary["rows"] if row["location"] == 9000001]}

    page = report(example_runs.train(tmp_path), rewritten(example_runs.daily(tmp_path), "predictions", one))
    text = page.section("predictions").text
    assert "Location 9000001" in text
    assert "Location 9000002" not in text


def test_running_and_interrupted_runs(report: Callable[..., Page], tmp_path: Path) -> None:
    run = example_runs.daily(tmp_path, end=None)
    assert report(run).title == "openaq-daily is running"
    assert "running" in report(run).section("runs").text
    assert report(replace(run, interrupted=True)).title == "openaq-daily was interrupted"
    assert "; the run has not come so far yet." in report(run).all("footer")[0].text


def test_page_is_small(tmp_path: Path) -> None:
    runs = [example_runs.backfill(tmp_path), example_runs.train(tmp_path), example_runs.daily(tmp_path)]
    assert write(runs, tmp_path / "report.html").stat().st_size <= 400_000


def test_many_locations_stay_small(report: Callable[..., Page], tmp_path: Path) -> None:
    def many(summary: dict[str, Any]) -> dict[str, Any]:
        one = summary["forecast"]["9000001"]
        return summary | {"forecast": {str(index): one for index in range(40)}}

    page = report(rewritten(example_runs.train(tmp_path), "decision", many))
    assert "32 more locations not drawn" in page.section("forecast").text
    assert len(page.source) <= 400_000


def test_report_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write([example_runs.backfill(tmp_path)], tmp_path / "reports" / "report.html")
    before = path.read_text()

    def full(file: Path, *_: object, **__: object) -> int:
        file.write_bytes(b"<!doctype")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write([], path)
    monkeypatch.undo()
    assert path.read_text() == before
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_importing_it_costs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; import pipeline.report; roots = {name.partition('.')[0] for name in sys.modules}; "
        "print(sorted(roots - sys.stdlib_module_names - {'pipeline', 'steps', '__main__'}))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_paper(scheme: str) -> None:
    """WCAG 2.2: 4.5 for text (1.4.3), 3 for what a chart is drawn in (1.4.11)."""
    style = (Path(sys.modules["steps.pages"].__path__[0]) / "style.css").read_text()
    blocks = re.findall(r":root \{([^}]*)\}", style)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})\b", blocks[0] + (blocks[1] if scheme == "dark" else "")))

    def luminance(colour: str) -> float:
        parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, other: str) -> float:
        darker, lighter = sorted((luminance(colours[one]), luminance(colours[other])))
        return (lighter + 0.05) / (darker + 0.05)

    for text in ("ink", "soft", "link", "red"):
        assert contrast(text, "paper") >= 4.5, text
    for mark in ("blue", "orange", "green", "purple", "red", "truth"):
        assert contrast(mark, "paper") >= 3, mark
