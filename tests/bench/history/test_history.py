"""A bench's run is a line, what is no line costs only itself, and the page shows every figure."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.bench.history import figure, kept, lines
from tests.bench.history.__main__ import main
from tests.bench.history.page import page
from tests.report.report_page import Page

HOSTILE = "<script>alert(1)</script>&\"'"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "not" / "there" / "yet.jsonl"
    monkeypatch.setenv("BENCH_HISTORY", str(found))
    return found


@kept("sleeping")
def bench() -> None:
    figure("naps", 3, "s", beside=("nights", 12.0))
    figure("dreams", 7.5, "MB")


def written(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_each_run_is_a_line_with_what_it_depends_on(file: Path) -> None:
    bench()
    bench()
    first, second = written(file)
    assert first["figures"] == second["figures"] == [
        {"name": "naps", "value": 3.0, "unit": "s", "beside": {"name": "nights", "value": 12.0}},
        {"name": "dreams", "value": 7.5, "unit": "MB"},
    ]  # fmt: skip
    assert first["bench"] == "sleeping"
    assert first["cores"] >= 1
    assert first["machine"]
    assert re.fullmatch(r"[0-9a-f]{12}\+?|", first["commit"])
    assert first["at"] < second["at"]


def test_a_bench_that_fails_leaves_no_line(file: Path) -> None:
    @kept("failing")
    def broken() -> None:
        figure("half", 1, "s")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert not file.exists()


def test_what_cannot_be_kept_is_said_and_the_bench_goes_on(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "not").write_text("a file where the folder would be")
    bench()
    assert f"{file} could not be written" in capsys.readouterr().err


def test_figures_of_no_bench_are_nobodys(file: Path) -> None:
    figure("lost", 1, "s")
    bench()
    assert [one["name"] for one in written(file)[0]["figures"]] == ["naps", "dreams"]


def test_a_broken_line_is_left_out_with_a_word(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench()
    whole = file.read_bytes()
    nan = whole.replace(b"7.5", b"NaN")
    file.write_bytes(whole + b'{"bench": "cut o\n' + b"\xff\xfe\n\n" + nan + whole)
    assert main() == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(file.with_suffix(".html"))
    assert [line.split(" ")[0] for line in told.err.splitlines()] == [f"{file}:{number}" for number in (2, 3, 4, 5)]
    assert "2 runs of 1 bench" in file.with_suffix(".html").read_text()


def test_no_history_is_one_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 2
    assert capsys.readouterr().err == (
        f"{file} could not be read (No such file or directory); run a bench first: make bench SET=small\n"
    )


def test_the_page_has_a_plot_for_each_figure_and_one_for_its_ratio(file: Path) -> None:
    bench()
    bench()
    drawn = Page(page(lines.read(file)[0]))
    plots = [each for each in drawn.all("svg") if each.attributes.get("class") == "plot"]
    assert [each.children[0].text for each in plots] == ["naps", "naps, times nights", "dreams"]
    notes = [each.text for each in drawn.all("p") if each.attributes.get("class") == "note"]
    assert "As many times as nights, side by side: 0.250 last, between 0.250 and 0.250." in notes


def test_what_a_line_says_is_text_and_no_markup(file: Path) -> None:
    bench()
    text = file.read_text().replace("naps", json.dumps(HOSTILE)[1:-1]).replace("sleeping", json.dumps(HOSTILE)[1:-1])
    file.write_text(text)
    found, broken = lines.read(file)
    assert broken == []
    drawn = page(found)
    assert "<script" not in drawn
    assert {each.text for each in Page(drawn).all("h2")} == {HOSTILE}
