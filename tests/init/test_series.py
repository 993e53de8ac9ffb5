"""From a table of hours of anything to a project that learns from series."""

import gzip
import math
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline import projects
from pipeline.errors import UserError
from pipeline.init import series
from pipeline.init.reading import read
from steps.contract.declaration import parse
from steps.testing import check_features
from tests.init.test_init import call, complaints

DAYS = 70


def table(folder: Path, *, days: int = DAYS, minutes: int = 60, old: str = "", new: str = "") -> Path:
    """The load of two zones, and a temperature; something of it replaced."""
    lines = ["Hour,zone,Load (MW),temp,remark"]
    for zone, base in (("north", 300), ("south", 200)):
        for number in range(1, days * 24 * 60 // minutes + 1):
            time = datetime(2024, 1, 1) + timedelta(minutes=minutes * number)
            load = base + 50 * math.sin(number / 4) + number % 7
            lines.append(f"{time:%Y-%m-%d %H:%M},{zone},{load:.1f},{number % 20 - 5},text {number}")
    file = folder / "load.csv"
    file.write_text("\n".join(lines).replace(old, new, 1) + "\n", encoding="utf-8")
    return file


def told(file: Path, time: str = "Hour", entity: str = "zone", target: str = "Load (MW)") -> series.Series:
    return series.told(read(file, whole=True), time, entity, target)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("series")
    words = ("--series", str(table(folder)), "--time", "Hour", "--entity", "zone", "--target", "Load (MW)")
    return folder / "grid", call(folder, "init", "grid", *words)


def test_it_says_what_it_read(made: tuple[Path, str]) -> None:
    _, said = made
    assert said.startswith("read 3,360 rows of load.csv: 2024-01-01 01:00 to 2024-03-11 00:00 UTC\n")
    assert "target: load (as asked), 24 hours ahead; 2 locations\n" in said
    assert "note: its times have no offset, and are taken for UTC; each is the end of its hour\n" in said
    assert "laid out 140 days in grid/data/archive\n" in said


def test_the_declaration_loads_and_is_rendered(made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = made
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PROJECT_CODE", projects.code_setting()["PROJECT_CODE"])
    declared = parse(str(projects.find("grid").declaration()))
    assert declared.locations == (1, 2)
    assert (declared.learning.target, sorted(declared.quantities)) == ("load", ["load", "temp"])
    assert [declared.unit(name) for name in ("load", "temp")] == ["MW", "1"]
    assert (folder / "manifests" / "grid" / "grid-daily.yaml").is_file()
    assert (
        'quickstart grid --by-make --source "$(SOURCE)" --as-of 2024-03-11T00:00:00Z'
        in (folder / "Makefile").read_text()
    )
    check_features(declared)


def test_without_a_source_it_is_asked_for(made: tuple[Path, str]) -> None:
    said = call(made[0], "quickstart", code=2)
    assert said == "error: there is no sample for grid; give --source FOLDER or an address\n"


def test_what_it_writes_is_python_as_it_should_be(made: tuple[Path, str]) -> None:
    assert complaints(made[0]) == ""


def test_its_hours_are_an_archive(made: tuple[Path, str]) -> None:
    file = made[0] / "data/archive/records/csv.gz/locationid=2/year=2024/month=01/location-2-20240101.csv.gz"
    header, first, *_, last = gzip.decompress(file.read_bytes()).decode().splitlines()
    assert header.startswith("location_id,sensors_id,location,datetime,lat,lon,parameter,units,value")
    assert first == "2,21,south,2024-01-01T01:00:00+00:00,0.0,0.02,load,MW,213.4"
    assert last.split(",")[3] == "2024-01-02T00:00:00+00:00", "an hour belongs to the day that it ends"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"time": "When"}, r"has no column 'When'; it has: Hour, zone, "),
        ({"entity": "area"}, r"has no column 'area'"),
        ({"target": "remark"}, r"'remark' cannot be the target; wanted a column of numbers"),
        ({"time": "remark"}, r"row 2: remark 'text 1' is no time; wanted one like 2024-"),
        ({"entity": ""}, r"times repeat|hours apart"),
    ],
)
def test_what_is_no_table_of_hours_is_refused(tmp_path: Path, given: dict[str, str], words: str) -> None:
    file = table(tmp_path)
    if given == {"entity": ""}:
        header, *lines = file.read_text().splitlines()
        file.write_text("\n".join([header, *sorted(lines)]) + "\n")
    with pytest.raises(UserError, match=words):
        told(file, **given)


def test_days_and_a_few_hours_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="its times are 24 hours apart; wanted hours, or shorter"):
        told(table(tmp_path, days=400, minutes=24 * 60))
    with pytest.raises(UserError, match="has 9 days; wanted 60 to learn from at least"):
        told(table(tmp_path, days=10))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--series", "load.csv", "--target", "temp"], "--series FILE wants --time COLUMN and --target COLUMN"),
        (["--time", "Hour"], "--time and --entity are of --series FILE, or of --from FOLDER"),
        (
            ["--series", "load.csv", "--from", "load.csv", "--time", "Hour", "--target", "temp"],
            "neither --from nor --task",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, words: list[str], said: str) -> None:
    (line,) = call(tmp_path, "init", "grid", *words, code=2).splitlines()
    assert said in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_from_hours_to_a_live_model(made: tuple[Path, str]) -> None:
    folder, _ = made
    try:
        as_of = "2024-03-11T00:00:00Z"
        said = call(folder, "quickstart", "grid", "--source", "data/archive", "--as-of", as_of)
        assert "Model grid version 1, alias champion" in said
        assert "48 predictions up to 2024-03-12 00:00 UTC" in said
    finally:
        call(folder, "down")
