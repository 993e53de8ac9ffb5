"""The page of a decision: words first, then what they rest on; what a summary has not is left out."""

from itertools import pairwise
from typing import Any

from steps.learning import measures
from steps.pages import decision
from steps.pages.plot import apart, area
from steps.summaries.decision import Decision
from tests.report import example_summaries
from tests.report.report_page import Page

NEW = ("folds", "bands", "residuals", "residual_groups", "hour_zone", "span")


def page(*, promoted: bool = False, **change: Any) -> Page:
    found = {**example_summaries.decision(promoted=promoted), "made_at": "2003-06-23T00:00:00+00:00", **change}
    return Page(decision.page("openaq", Decision.read(found)))


def slugs(page: Page) -> list[str | None]:
    return [section.attributes["id"] for section in page.all("section")]


def test_it_says_in_words_what_was_decided_and_then_why() -> None:
    found = page()
    head = found.all("header")[0].text
    assert found.title == "NO₂: the champion was kept"
    assert example_summaries.decision(promoted=False)["words"] in head
    assert "openaq · decision 2 · 2003-06-23 00:00 UTC" in head
    assert "79.2\u00a0% inside" in head
    wanted = ["scores", "comparison", "folds", "forecast", "bands", "residuals", "importance", "trials"]
    assert slugs(found) == wanted
    assert "script" not in {element.name for element in found.elements}
    assert "http" not in found.source.replace("http-equiv", "")


def test_every_picture_has_a_sentence_with_numbers_and_a_table() -> None:
    found = page()
    for slug in ("comparison", "folds", "bands", "residuals"):
        section = found.section(slug)
        blocks = [each for each in section.children[1].children if each.attributes.get("class") == "block"]
        assert blocks, slug
        for block in blocks:
            picture, caption, numbers = block.children[-3:]
            assert (picture.name, picture.attributes["role"]) == ("svg", "img")
            assert any(letter.isdigit() for letter in caption.text)
            assert numbers.name == "details"
    text = found.section("comparison").text
    assert "0.08 µg/m³ better than the champion’s over 108 days" in text
    assert "at least −0.11 µg/m³. Zero lies inside: it may be chance." in text
    assert "22.3\u00a0% below persistence" in found.section("scores").text


def test_lines_differ_in_more_than_colour() -> None:
    found = page()
    kinds = {path.attributes["class"] for path in found.all("path") if "series" in (path.attributes["class"] or "")}
    assert {"series s0", "series s1", "series s2"} <= kinds
    style = found.all("style")[0].text
    dashes = [line.partition("stroke-dasharray:")[2] for line in style.split("path.s")[1:]]
    assert len({dash.partition(";")[0] for dash in dashes if dash}) >= 3
    shapes = {path.attributes["d"] for path in found.all("path") if path.attributes["class"] == "mark"}
    assert len(shapes) >= 3


def test_a_summary_of_an_earlier_version_has_what_it_has() -> None:
    found = page(promoted=True, **dict.fromkeys(NEW))
    assert found.title == "NO₂: the challenger was promoted"
    assert slugs(found) == ["scores", "forecast", "importance", "trials"]


def test_what_is_broken_costs_its_section() -> None:
    found = page(folds=[{"score": "x"}], bands={}, recipe=[])
    assert "summary.bands.nominal is missing" in found.section("bands").text
    assert "Cannot be shown. summary.folds[0].score: got 'x', wanted a number" in found.section("folds").text
    assert "wanted" not in found.section("residuals").text


def test_too_few_blocks_are_said_and_not_drawn() -> None:
    few = {"difference": 1.5, "bound": None, "confidence": 0.9, "blocks": 4, "draws": 0}
    text = page(bootstrap=few, span="4 days").section("comparison").text
    assert "The difference is 1.50 µg/m³; 4 days are too few to tell that from chance." in text


def test_bands_that_rest_on_few_days_are_called_so() -> None:
    told = example_summaries.decision(promoted=False)["bands"]
    assert "Not calibrated yet: the bands rest on 13 days" in page(bands=told | {"days": 13}).section("bands").text
    assert "Not calibrated" not in page(bands=told | {"days": 30}).section("bands").text


def test_a_refresh_says_what_is_released_and_how_the_live_model_did() -> None:
    later = {"version": 1, "score": {"name": "live model", "rmse": 31.4, "mae": 20.0, "rows": 3137}}
    found = page(promoted=True, refreshed=True, afterwards=later)
    head = found.all("header")[0].text
    assert found.title == "NO₂: the live model was refreshed"
    assert "version 1, on 3,137 later rows" in head


def test_a_table_has_answers_and_no_hours() -> None:
    table: dict[str, Any] = {
        "forecast": {},
        "residual_groups": {},
        "bands": None,
        "answers": {"truth": [1.0, 2.0], "answer": [1.5, 2.5]},
        "looked": 3,
        "span": "296 rows",
    }
    found = page(**table)
    assert slugs(found) == ["scores", "comparison", "folds", "answers", "residuals", "importance", "trials"]
    assert "over 296 rows" in found.section("comparison").text
    assert "looked at 3 times" in found.all("header")[0].text


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other() -> None:
    placed = apart([0.5, 0.51, 0.9, 0.5], 0.07)
    ordered = sorted(placed)
    assert all(other - one >= 0.07 - 1e-9 for one, other in pairwise(ordered))
    assert placed[2] == max(placed)


def test_a_band_has_gaps_where_there_is_none() -> None:
    drawn = area([0.0, 0.25, 0.5, 0.75, 1.0], [0.1, 0.1, None, 0.2, 0.2], [0.5, 0.5, 0.5, 0.5, 0.6], "band")
    assert drawn.count("M") == drawn.count("Z") == 2


def test_the_names_of_measures_are_such_as_mlflow_allows() -> None:
    assert measures._name("Dec–Feb") == "Dec_Feb"
