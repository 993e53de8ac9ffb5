"""From a folder of many files of one shape to a project: a series where a column has times, else a table."""

import gzip
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline import projects
from tests.init.test_init import call

DAYS = 70


def hours(base: float, first: int = 0, days: int = DAYS) -> list[tuple[str, float, float]]:
    """Time, temperature and load, hour by hour."""
    begin = datetime(2024, 1, 1) + timedelta(days=first)
    return [
        (f"{begin + timedelta(hours=number)}", number % 20 - 5.0, base + round(50 * math.sin(number / 4), 1))
        for number in range(1, days * 24 + 1)
    ]


def csv(rows: Sequence[tuple[object, ...]], *names: str) -> str:
    return "\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n"


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(text.encode()) if file.suffix == ".gz" else text.encode())
    return file


def line(text: str, start: str) -> str:
    return next(one for one in text.splitlines() if one.startswith(start))


def test_a_file_for_each_zone_is_a_series_of_zones(tmp_path: Path) -> None:
    for zone, base in (("north", 300), ("south", 200)):
        write(tmp_path / "load" / f"{zone}.csv", csv(hours(base), "when", "temp", "load (MW)"))
    said = call(tmp_path, "init", "grid", "--from", "load")
    assert "found 2 files of one shape in load\n" in said
    assert line(said, "time:") == "time: when (guessed, as it holds times; --time names another)"
    assert line(said, "entity:").startswith("entity: file (guessed, as no file has a time twice")
    assert (
        line(said, "target:")
        == "target: load (guessed, the last one; --target names another), 24 hours ahead; 2 locations"
    )
    assert "locations=(1, 2),  # 1 north, 2 south" in (tmp_path / "grid" / "grid" / "project.py").read_text()
    assert len(list((tmp_path / "grid" / "data" / "archive").rglob("*.csv.gz"))) == 2 * DAYS


def test_a_file_for_each_month_with_a_column_that_tells_zones_apart(tmp_path: Path) -> None:
    for month, first in enumerate((0, 35)):
        rows = [(time, zone, load, temp) for zone in ("a", "b") for time, temp, load in hours(100, first, 35)]
        names = ["ds", "zone", "load", "temp"]
        if month:  # columns in another order, and another format
            frame = pd.DataFrame(rows, columns=names).assign(ds=lambda each: pd.to_datetime(each["ds"]))[names[::-1]]
            (tmp_path / "load" / "2024").mkdir(parents=True)
            frame.to_parquet(tmp_path / "load" / "2024" / "late.parquet")
        else:
            write(tmp_path / "load" / "2023.csv.gz", csv(rows, *names))
    said = call(tmp_path, "init", "grid", "--from", "load", "--target", "load")
    assert line(said, "entity:") == "entity: zone (guessed, as it tells rows of one time apart; --entity names another)"
    assert line(said, "target:") == "target: load (as asked), 24 hours ahead; 2 locations"
    assert f"laid out {2 * DAYS} days" in said


def test_without_times_it_is_a_table(tmp_path: Path) -> None:
    for part in range(3):
        rows = [(n % 7, n * part % 11, n % 7 + part) for n in range(80)]
        write(tmp_path / "prices" / f"{part}.csv", csv(rows, "rooms", "age", "price"))
    said = call(tmp_path, "init", "homes", "--from", "prices")
    assert "found 3 files of one shape in prices\nread 240 rows of prices\n" in said
    assert line(said, "target:").startswith("target: price (guessed, the last one")
    assert (tmp_path / "homes" / "data" / "homes.csv").read_text().count("\n") == 241


GOOD = csv([(1, 2), (3, 5)], "a", "b")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "all has no file that ends in .csv, .csv.gz, .parquet"),
        ({"1.csv": GOOD, "2.csv": csv([(1, 2)], "a", "c")}, "all/2.csv has no column 'b', which all/1.csv has"),
        (
            {"1.csv": GOOD, "2.csv": csv([(1, 2, 3)], "a", "b", "c")},
            "all/2.csv has a column 'c', which all/1.csv has not",
        ),
        (
            {"1.csv": GOOD, "2.csv": csv([(1, "x")], "a", "b")},
            "all/2.csv: 'b' holds texts, where all/1.csv has numbers",
        ),
        ({"1.csv": GOOD, "2.parquet": "no"}, "all/2.parquet cannot be read: "),
        ({"1.csv": GOOD, "2.csv": "a,b\n1\n"}, "all/2.csv, row 2: it has 1 fields, the header 2"),
        (
            {"1.csv": csv([("2024-01-01 01:00", 1), ("2024-01-01 01:00", 2)], "time", "v")},
            "all: several rows have one time; name the column that tells them apart by --entity",
        ),
        (
            {
                "records/csv.gz/locationid=1/1.csv": csv(
                    [(1, "x", "no2", 1)], "location_id", "datetime", "parameter", "value"
                )
            },
            "has OpenAQ's columns: all is an archive, for `source` of a Project",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_that_are_not_of_one_shape_are_refused_in_one_line(
    tmp_path: Path, files: dict[str, str], words: str
) -> None:
    (tmp_path / "all").mkdir()
    for name, text in files.items():
        write(tmp_path / "all" / name, text)
    (said,) = call(tmp_path, "init", "grid", "--from", "all", code=2).splitlines()
    assert words in said
    assert [path.name for path in tmp_path.iterdir()] == ["all"]


def test_a_gz_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_text("a,b\n1,2\n")
    (said,) = call(tmp_path, "init", "grid", "--from", "a.csv.gz", code=2).splitlines()
    assert "a.csv.gz cannot be read: Not a gzipped file" in said


def test_the_series_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "load" / "all.csv", csv(hours(300), "when", "temp", "load"))
    said = call(tmp_path, "init", "grid", "--from", "load")
    assert "entity: one alone\n" in said
    monkeypatch.chdir(tmp_path / "grid")
    assert projects.names()[0] == "grid"
