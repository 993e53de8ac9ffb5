"""The sample that `make run` learns from: real, complete, the same each time."""

import gzip
import hashlib
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.quickstart import sample
from steps.archive import layout


@pytest.fixture(scope="module")
def archive() -> dict[str, bytes]:
    return dict(sample.objects())


def lines(body: bytes) -> list[list[str]]:
    return [line.split(",") for line in gzip.decompress(body).decode().splitlines()]


def test_each_file_is_where_the_archive_of_openaq_has_it(archive: dict[str, bytes]) -> None:
    days = layout.days(sample.FIRST_DAY, sample.LAST_DAY)
    places = {layout.path(location, day) for location in (9000001, 9000002) for day in days}
    assert set(archive) <= places
    assert len(archive) > 0.99 * len(places)


def test_it_is_the_same_to_the_byte_each_time(archive: dict[str, bytes]) -> None:
    again = {key: hashlib.sha256(body).digest() for key, body in sample.objects()}
    assert again == {key: hashlib.sha256(body).digest() for key, body in archive.items()}


def test_a_file_has_the_columns_of_openaq_and_the_hours_of_its_local_day(archive: dict[str, bytes]) -> None:
    for path, offset in (
        (layout.path(9000001, date(2003, 12, 31)), timedelta()),
        (layout.path(9000001, date(2003, 7, 15)), timedelta(hours=1)),
    ):
        header, *rows = lines(archive[path])
        assert header == [
            "location_id",
            "sensors_id",
            "location",
            "datetime",
            "lat",
            "lon",
            "parameter",
            "units",
            "value",
        ]
        assert {row[6]: row[7] for row in rows} == {
            "no2": "µg/m³",
            "wind_speed": "m/s",
            "wind_direction": "deg",
            "temperature": "c",
        }
        stamps = [datetime.fromisoformat(row[3]) for row in rows if row[6] == "temperature"]
        assert [stamp.hour for stamp in stamps] == [*range(1, 24), 0]
        assert {stamp.utcoffset() for stamp in stamps} == {offset}
        assert {row[0] for row in rows} == {"9000001"}


def test_its_last_hour_ends_at_the_time_that_it_names(archive: dict[str, bytes]) -> None:
    stamps = {row[3] for body in archive.values() for row in lines(body)[1:]}
    assert max(datetime.fromisoformat(stamp) for stamp in stamps).astimezone(UTC) == sample.END


def test_a_missing_value_has_no_line_and_both_stations_have_the_one_weather(archive: dict[str, bytes]) -> None:
    values: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for body in archive.values():
        for row in lines(body)[1:]:
            values[row[0], row[6]][row[3]] = row[8]
    assert all(value for series in values.values() for value in series.values())
    assert values["9000001", "wind_speed"] == values["9000002", "wind_speed"]
    assert len(values["9000001", "no2"]) == 12633
    assert len(values["9000002", "no2"]) == 11976


def test_it_is_laid_out_once_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "LAST_DAY", date(2002, 7, 20))
    expected = dict(sample.objects())
    assert sample.lay_out(tmp_path) == len(expected) == 40
    with monkeypatch.context() as patch:
        patch.setattr(sample, "_texts", lambda _span: pytest.fail("what is whole is made again"))
        assert sample.lay_out(tmp_path) == 0
    some, other = sorted(expected)[7:9]
    (tmp_path / some).unlink()
    assert sample.lay_out(tmp_path) == 1
    (tmp_path / "whole").unlink()  # as if it had been cut off, in the midst of a file
    (tmp_path / other).write_bytes(expected[other][:100])
    assert sample.lay_out(tmp_path) == 1
    assert {key: (tmp_path / key).read_bytes() for key in expected} == expected


def test_without_its_package_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "files", lambda _name: [])
    with pytest.raises(UserError, match="make setup"):
        next(sample.objects())
