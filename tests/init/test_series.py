"""From a table of hours or days of anything to a project that learns from series."""

import gzip
import math
import random
import sys
from datetime import UTC, date, datetime, timedelta
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
    chance = random.Random(1)
    lines = ["Hour,zone,Load (MW),temp,remark"]
    for zone, base in (("north", 300), ("south", 200)):
        slow = 0.0
        for number in range(1, days * 24 * 60 // minutes + 1):
            time = datetime(2024, 1, 1) + timedelta(minutes=minutes * number)
            slow = 0.8 * slow + chance.gauss(0, 8)
            load = base + 50 * math.sin(2 * math.pi * minutes * number / 1440) + slow + chance.gauss(0, 5)
            lines.append(f"{time:%Y-%m-%d %H:%M},{zone},{load:.1f},{number % 20 - 5},text {number}")
    file = folder / "load.csv"
    file.write_text("\n".join(lines).replace(old, new, 1) + "\n", encoding="utf-8")
    return file


def sales(folder: Path, *, days: int = 400, old: str = "", new: str = "") -> Path:
    """What two shops sold a day, and the temperature; something of it replaced."""
    chance = random.Random(1)
    lines = ["date,shop,sold (pcs),temp"]
    for shop, base in (("north", 120), ("south", 80)):
        slow = 0.0
        for number in range(days):
            day = date(2023, 1, 1) + timedelta(days=number)
            slow = 0.7 * slow + chance.gauss(0, 4)
            season = math.sin(2 * math.pi * number / 365)
            sold = base + 30 * (day.weekday() >= 5) + 10 * season + slow + chance.gauss(0, 3)
            lines.append(f"{day},{shop},{sold:.0f},{10 - 12 * season + chance.gauss(0, 3):.1f}")
    file = folder / "sales.csv"
    file.write_text("\n".join(lines).replace(old, new, 1) + "\n", encoding="utf-8")
    return file


def sold(file: Path) -> series.Series:
    return told(file, "date", "shop", "sold (pcs)")


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
    assert first == "2,21,south,2024-01-01T01:00:00+00:00,0.0,0.02,load,MW,219.1"
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


@pytest.mark.parametrize(
    ("days", "minutes", "words"),
    [
        (400, 7 * 24 * 60, "its times are 7 days apart; wanted days, hours, or shorter"),
        (400, 3 * 60, "its times are 3 hours apart; wanted days, hours, or shorter"),
        (10, 60, "has 9 days; wanted 60 to learn from at least"),
    ],
)
def test_weeks_and_a_few_hours_are_refused(tmp_path: Path, days: int, minutes: int, words: str) -> None:
    with pytest.raises(UserError, match=words):
        told(table(tmp_path, days=days, minutes=minutes))


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


@pytest.fixture(scope="module")
def of_days(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("days")
    words = ("--series", str(sales(folder)), "--time", "date", "--entity", "shop", "--target", "sold (pcs)")
    return folder / "shops", call(folder, "init", "shops", *words)


def test_days_are_known_by_their_distance_and_it_says_so(of_days: tuple[Path, str]) -> None:
    _, said = of_days
    assert said.startswith("read 800 rows of sales.csv: 2023-01-01 to 2024-02-04\n")
    assert "target: sold (as asked), 1 day ahead; 2 locations\n" in said
    assert "frequency: daily (guessed, as most rows are a day apart); a date is the day itself\n" in said
    assert "note:" not in said


def test_a_project_of_days_is_declared_and_keeps_its_contracts(
    of_days: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = of_days
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PROJECT_CODE", projects.code_setting()["PROJECT_CODE"])
    declared = parse(str(projects.find("shops").declaration()))
    learning = declared.learning
    assert (learning.frequency, learning.horizon_hours, learning.gate.block_hours) == ("daily", 24, 168)
    assert (learning.features, learning.lags[:8]) == ("shops.features:build", (1, 2, 3, 4, 5, 6, 7, 14))
    assert "timezone: UTC" in (folder / "manifests/shops/shops-daily.yaml").read_text()
    assert "--as-of 2024-02-05T00:00:00Z" in (folder / "Makefile").read_text()
    check_features(declared)
    assert complaints(folder) == ""


def test_a_day_is_stamped_by_the_midnight_that_ends_it(of_days: tuple[Path, str]) -> None:
    file = of_days[0] / "data/archive/records/csv.gz/locationid=1/year=2023/month=12/location-1-20231231.csv.gz"
    _, first, second = gzip.decompress(file.read_bytes()).decode().splitlines()
    assert first.startswith("1,11,north,2024-01-01T00:00:00+00:00,0.0,0.01,sold,pcs,")
    assert second.startswith("1,12,north,2024-01-01T00:00:00+00:00,0.0,0.01,temp,1,")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "2023-03-01,north",
            "2023-03-01 13:00,north",
            "row 61: date 2023-03-01 13:00:00 has a time of day, and most",
        ),
        ("2023-03-01,north", "2023-03-02,north", "rows 61 and 62 are both 2023-03-02 of north; wanted one a day"),
        ("2023-03-01,north", "2023-03-01T00:00Z,north", "some times have an offset and some have none; wanted one or"),
        (
            "2023-03-01,north",
            "1 March,north",
            "row 61: date '1 March' is no time; wanted one like 2024-03-01T",
        ),
    ],
)
def test_what_is_no_day_is_refused_in_a_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(UserError) as raised:
        sold(sales(tmp_path, old=old, new=new))
    (line,) = str(raised.value).splitlines()
    assert words in line


def test_less_than_a_year_of_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has 364 days; wanted 365 to learn from at least"):
        sold(sales(tmp_path, days=364))
    assert sold(sales(tmp_path, days=365)).gaps == 0


def test_gaps_are_counted_and_not_filled(tmp_path: Path) -> None:
    file = sales(tmp_path)
    lines = [line for line in file.read_text().splitlines() if not line.startswith(("2023-03-0", "2023-05-07,south"))]
    file.write_text("\n".join(lines) + "\n")
    assert sold(file).gaps == 2 * 9 + 1


def test_a_date_is_the_day_by_the_clock_of_its_offset(tmp_path: Path) -> None:
    file = sales(tmp_path)
    for offset in ("+13:00", "-08:00"):
        dated = (line.replace(",", f"T00:00:00{offset},", 1) for line in file.read_text().splitlines()[1:])
        zoned = tmp_path / "zoned.csv"
        zoned.write_text("\n".join(["date,shop,sold (pcs),temp", *dated]) + "\n")
        found = sold(zoned)
        assert found.zoned and found.span == (datetime(2023, 1, 2, tzinfo=UTC), datetime(2024, 2, 5, tzinfo=UTC))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_from_days_to_a_live_model(of_days: tuple[Path, str]) -> None:
    folder, _ = of_days
    try:
        said = call(folder, "quickstart", "shops", "--source", "data/archive", "--as-of", "2024-02-05T00:00:00Z")
        assert "Model shops version 1, alias champion" in said
        assert "2 predictions up to 2024-02-05 in the warehouse" in said
        assert '"day":"2024-02-0' in said, "the answer says which day it is for"
        (report,) = (folder / ".pipeline" / "reports").glob("shops-daily-*.html")
        page = report.read_text(encoding="utf-8")
        assert "The next days" in page and "By weekday" in page and "By hour" not in page
        called = ("--locations", "1,2", "--parameter", "sold")
        again = call(
            folder, "run", "shops-monitor", "-p", "as-of=2024-02-05T00:00:00Z", "-p", "replay=2024-01-01..2024-02-04"
        )
        assert "Succeeded" in again, called
    finally:
        call(folder, "down")


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
