"""What is wrong with a location-day, said in words; what is not wrong enough is left out and counted."""

import gzip
import os
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
import pytest

from pipeline.projects.openaq import OPENAQ
from steps.archive import layout
from steps.checking.examine import Examined, Examiner
from steps.checking.expectations import Expectations
from steps.checking.reading import RawFile, read
from steps.contract.declaration import parse
from tests.steps.support.openaq import FIRST, HEADER, Bend, Line, Seeded, packed, setting, without

SEEDED = Seeded()
DECLARATION = parse(OPENAQ.declaration())


@pytest.fixture(scope="module")
def examiner() -> Examiner:
    return Examiner(DECLARATION, "no2", Expectations())


def raw(body: bytes, *, location: int = 101, day: date = FIRST) -> RawFile:
    return RawFile(location, day, "etag", "key", body)


def look(examiner: Examiner, *bent: bytes | Bend | None) -> Examined:
    """Examine bent versions of one location's day."""
    bodies = [one if isinstance(one, bytes) else SEEDED.body(101, FIRST, one) for one in bent]
    return examiner.examine([raw(body) for body in bodies])


def cells(bend_one: Line, every: int = 1) -> Bend:
    """A bend that sets fields in each n-th line of NO2."""

    def bend(lines: list[Line]) -> list[Line]:
        return [
            line | bend_one if line["parameter"] == "no2" and number % every == 0 else line
            for number, line in enumerate(lines)
        ]

    return bend


def plain(text: str) -> bytes:
    return gzip.compress(text.encode())


HEAD = ",".join(HEADER) + "\n"
BOMB = gzip.compress(bytes(layout.LARGEST + 1))


UNREADABLE: list[tuple[bytes, str]] = [
    (b"", "the file is empty"),
    (b"<html>oops</html>", "not a gzip file; it begins with b'<html>oops</"),
    (SEEDED.body(101, FIRST)[:200], "the gzip file is cut off"),
    (b"\x1f\x8b" + b"\xff" * 50, "the gzip file is damaged"),
    (SEEDED.body(101, FIRST)[:-8] + b"\0" * 8, "the gzip file is damaged"),
    (BOMB, "unpacked it is larger than 10 MB"),
    (BOMB[: len(BOMB) // 2], "the gzip file is cut off"),
    (b"\x1f\x8b" + bytes(layout.LARGEST), "the file is larger than 10 MB"),
    (gzip.compress(b"") * 5000, "more than 100 members"),
    (plain(HEAD + "\n" * 500_000), "more than 200,000 lines"),
    (plain(""), "the file is empty"),
    (plain(HEAD), "a header and no rows"),
    (gzip.compress((HEAD + "101,1,São Paulo").encode("latin-1")), "not UTF-8 text"),
    (plain(HEAD + '101,1,"x,2021'), "not CSV"),
    (plain(HEAD + "101,1,x\n"), "line 2 has 3 fields where the header has 9"),
]
COLUMNLESS: list[tuple[bytes, str]] = [
    (packed(SEEDED.lines(101, FIRST), [name for name in HEADER if name != gone]), f"and does not: {gone}")
    for gone in ("value", "units", "datetime", "parameter", "location_id", "sensors_id")
]
BROKEN: list[tuple[bytes | Bend, str]] = [
    *UNREADABLE,
    *COLUMNLESS,
    (packed(SEEDED.lines(101, FIRST), [*HEADER, "value"]), "one column of each name, and does not: value"),
    (setting(location_id="102"), "it holds location '102', wanted 101 alone"),
    (cells({"location_id": "102"}, every=24), "it holds location '102'"),
    (setting("no2", value="high"), "24 of 96 values are not numbers; the first is 'high'"),
    (setting("wind_speed", value="calm"), "24 of 96 values are not numbers; the first is 'calm'"),
    (cells({"datetime": "2021-03-01T05:00:00"}), "24 of 96 times are not ISO 8601 with an offset"),
    (cells({"datetime": "tomorrow"}), "the first is 'tomorrow'"),
    (cells({"datetime": "2021-04-01T05:00:00+00:00"}), "24 of 96 times are not of 2021-03-01"),
]
USELESS_WITHOUT_TARGET: list[tuple[Bend, str]] = [
    (
        setting("no2", units="furlongs"),
        "sensor '1011' gives no2 in 'furlongs', which is no known unit of it; wanted µg/m³",
    ),
    (cells({"units": "m/s"}, every=23), "sensor '1011' gives no2 in 'm/s'"),
    (setting("no2", value=""), "100% of 24 no2 values cannot be used (24 missing"),
    (setting("no2", value="99999"), "24 outside -15 to 1000 µg/m³"),
    (setting("no2", value="31.5"), "no2 stands still for 24 hours; less than 24 may be"),
    (without("no2"), "no2 is absent for 24 hours in a row; at most 18 may be"),
    (without("no2", range(2, 21)), "no2 is absent for 19 hours in a row"),
    (without("no2", range(5, 24)), "no2 is absent for 19 hours in a row"),
    (without("no2", range(19)), "no2 is absent for 19 hours in a row"),
    (lambda lines: lines + [line | {"value": "1"} for line in lines], "48 contradictory"),
]
LEFT_OUT: list[tuple[Bend, str, int, int]] = [  # what, why, how many rows, how many stay
    (cells({"value": ""}, every=6), "missing", 4, 92),
    (cells({"value": "NaN"}, every=6), "missing", 4, 92),
    (cells({"value": "-999"}, every=6), "sensor '1011': no2 of -999, an error code", 4, 92),
    (cells({"value": "inf"}, every=6), "outside", 4, 92),
    (lambda lines: [*lines, lines[3] | {"value": "1"}], "contradictory", 2, 95),
    (lambda lines: [*lines, *lines], "repeated", 96, 96),
    (setting("temperature", units="ppb"), "sensor '1014': temperature in an unknown unit 'ppb'", 24, 72),
    (setting("wind_speed", parameter="noise"), "parameter 'noise' is not declared", 24, 72),
    (setting("wind_speed", value=""), "missing", 24, 72),
    (without("no2", range(2, 20)), "nothing", 0, 78),
    (without("no2", range(6, 24)), "nothing", 0, 78),
    (without("no2", range(18)), "nothing", 0, 78),
]


class TestADayIsRefused:
    def test_because_of_its_file(self, examiner: Examiner) -> None:
        found = look(examiner, None, *(bent for bent, _ in BROKEN), None)
        first, *verdicts, last = found.verdicts
        assert first.reasons == last.reasons == ()
        for verdict, (_, words) in zip(verdicts, BROKEN, strict=True):
            assert any(words in reason for reason in verdict.reasons), (words, verdict.reasons)
            assert verdict.refused_for is None
        assert set(found.observations["file"]) == {0, len(BROKEN) + 1}

    def test_because_of_its_target(self, examiner: Examiner) -> None:
        found = look(examiner, None, *(bent for bent, _ in USELESS_WITHOUT_TARGET), None)
        first, *verdicts, last = found.verdicts
        assert first.reasons == last.reasons == ()
        for verdict, (_, words) in zip(verdicts, USELESS_WITHOUT_TARGET, strict=True):
            assert any(words in reason for reason in verdict.reasons), (words, verdict.reasons)
            assert verdict.refused_for == "no2"

    def test_in_words_in_which_its_content_can_do_no_harm(self, examiner: Examiner) -> None:
        hostile = "\x1b[2J<script>" + "x" * 5000
        reason = look(examiner, setting("no2", value=hostile)).verdicts[0].reasons[0]
        assert "\x1b" not in reason
        assert len(reason) < 200


class TestADayIsAccepted:
    def test_whole(self, examiner: Examiner) -> None:
        found = look(examiner, None)
        assert len(found.observations) == 96
        assert not found.left_out
        assert found.observations["time"].min() == pd.Timestamp("2021-03-01T01:00Z")
        assert found.observations["time"].max() == pd.Timestamp("2021-03-02T00:00Z")
        assert all(outcome.checked and not len(outcome.failed) for outcome in found.outcomes)

    def test_without_what_cannot_be_used(self, examiner: Examiner) -> None:
        found = look(examiner, *(bent for bent, *_ in LEFT_OUT))
        assert {verdict.reasons for verdict in found.verdicts} == {()}
        assert list(found.observations.groupby("file").size()) == [left for *_, left in LEFT_OUT]
        expected: Counter[str] = Counter()
        for _, why, count, _ in LEFT_OUT:
            expected[why] += count
        assert found.left_out == expected

    @pytest.mark.parametrize(
        ("bend", "factor"),
        [
            (setting("no2", units="ppb"), 1.8804),
            (setting("no2", units="PPM"), 1880.4),
            (setting("no2", units="mg/m³"), 1000.0),
            (setting("no2", units="ug/m3"), 1.0),
            (setting("no2", units="\u03bcg/m3", parameter="NO2"), 1.0),
        ],
    )
    def test_in_another_unit_or_spelling(self, bend: Bend, factor: float) -> None:
        roomy = DECLARATION.quantities["no2"].model_copy(update={"high": 1e6})
        quantities = DECLARATION.quantities | {"no2": roomy}
        examiner = Examiner(DECLARATION.model_copy(update={"quantities": quantities}), "no2", Expectations())
        found = look(examiner, None, bend)
        assert [one.reasons for one in found.verdicts] == [(), ()]
        values = found.observations[found.observations["parameter"] == "no2"].groupby("file")["value"].apply(list)
        assert values[1] == pytest.approx([value * factor for value in values[0]], rel=1e-4)
        assert sum(found.converted.values()) == (24 if factor != 1 else 0)
        assert not found.left_out

    def test_at_the_temperature_that_the_project_states(self, examiner: Examiner) -> None:
        european = Examiner(DECLARATION.model_copy(update={"reference_celsius": 20}), "no2", Expectations())
        warm, cool = (look(one, setting("no2", units="ppb")).observations["value"] for one in (examiner, european))
        ratios = set((cool / warm).round(4))
        assert ratios == {1.0, round(298.15 / 293.15, 4)}

    def test_of_one_sensor_if_another_has_a_unit_that_nobody_knows(self, examiner: Examiner) -> None:
        other = [line | {"sensors_id": "7", "units": "index"} for line in SEEDED.lines(101, FIRST)[:24]]
        alone, beside = look(examiner, None), look(examiner, lambda lines: [*lines, *other])
        assert beside.verdicts[0].reasons == ()
        pd.testing.assert_frame_equal(alone.observations, beside.observations)
        assert beside.left_out == {"sensor '7': no2 in an unknown unit 'index'": 24}

    def test_without_a_co_pollutant_that_stands_still(self) -> None:
        found = look(Examiner(DECLARATION, "temperature", Expectations()), setting("no2", value="31.5"))
        assert found.verdicts[0].reasons == ()
        assert found.left_out == {"sensor '1011': no2 that stands still": 24}
        assert set(found.observations["parameter"]) == {"temperature", "wind_speed", "wind_direction"}

    def test_with_a_byte_order_mark_quotes_and_the_other_micro_sign(self, examiner: Examiner) -> None:
        text = gzip.decompress(SEEDED.body(101, FIRST)).decode().replace("\u00b5", "\u03bc")
        quoted = "\r\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines())
        found = look(examiner, gzip.compress(("\ufeff" + quoted).encode()), None)
        assert [one.reasons for one in found.verdicts] == [(), ()]
        assert list(found.observations.groupby("file").size()) == [96, 96]

    def test_in_two_gzip_members_and_with_padding(self, examiner: Examiner) -> None:
        text = zlib.decompress(SEEDED.body(101, FIRST), wbits=31)
        found = look(examiner, gzip.compress(text[:1000]) + gzip.compress(text[1000:]) + b"\0\0\0")
        assert found.verdicts[0].reasons == ()
        assert len(found.observations) == 96

    def test_in_local_time(self, examiner: Examiner) -> None:
        beijing = Seeded(offset=timezone(timedelta(hours=8)))
        found = look(examiner, beijing.body(101, FIRST)).observations
        assert found["time"].min() == pd.Timestamp("2021-02-28T17:00Z")
        assert set(found["offset_minutes"]) == {480}

    def test_with_several_values_an_hour_as_their_mean(self, examiner: Examiner) -> None:
        def quarters(lines: list[Line]) -> list[Line]:
            return [
                line | {"datetime": line["datetime"].replace(":00:00", f":{minute}:00", 1), "value": value}
                for line in lines[:-1]
                for minute, value in (("15", "350"), ("45", "30"))
                if line["parameter"] in ("no2", "wind_direction") and line["datetime"] < "2021-03-02"
            ]

        found = look(examiner, quarters).observations
        hour = found[found["time"] == pd.Timestamp("2021-03-01T03:00Z")]
        values = dict(zip(hour["parameter"], hour["value"], strict=True))
        assert values["no2"] == 190
        assert values["wind_direction"] == pytest.approx(10)


def every(minutes: int, value: Callable[[int], float], parameter: str = "pm25") -> bytes:
    """A day of one sensor that reports so often; `value` of the hour (0 to 23)."""
    midnight = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    first = SEEDED.lines(101, FIRST)[0] | {"parameter": parameter}
    return packed(
        [
            first
            | {
                "datetime": (midnight + timedelta(minutes=minute)).isoformat(),
                "value": f"{value((minute - 1) // 60)}",
            }
            for minute in range(minutes, 24 * 60 + 1, minutes)
        ]
    )


@pytest.mark.parametrize("minutes", [1, 2, 5, 10, 15, 30, 60])
class TestAtAnyRhythm:
    """A day is judged in hours, whatever a sensor's rhythm."""

    def reasons(self, body: bytes, parameter: str = "pm25") -> tuple[str, ...]:
        verdict, *_ = Examiner(DECLARATION, parameter, Expectations()).examine([raw(body)]).verdicts
        return verdict.reasons

    def test_some_hours_of_the_same_are_not_stuck(self, minutes: int) -> None:
        assert self.reasons(every(minutes, lambda hour: 7.0 if hour < 23 else 8.0)) == ()

    def test_a_day_of_the_same_is(self, minutes: int) -> None:
        assert self.reasons(every(minutes, lambda _: 7.0)) == ("pm25 stands still for 24 hours; less than 24 may be",)

    def test_optical_sensors_read_zero_in_clean_air(self, minutes: int) -> None:
        assert self.reasons(every(minutes, lambda _: 0.0)) == ()

    def test_instruments_for_gases_do_not(self, minutes: int) -> None:
        assert "stands still for 24 hours" in self.reasons(every(minutes, lambda _: 0.0, "no2"), "no2")[0]

    def test_a_sensor_that_flickers_between_zero_and_one_is_not_stuck(self, minutes: int) -> None:
        assert self.reasons(every(minutes, lambda hour: float(hour % 2))) == ()

    def test_the_hours_are_the_same(self, minutes: int) -> None:
        hours = Examiner(DECLARATION, "pm25", Expectations()).examine([raw(every(minutes, float))]).observations
        assert hours["value"].tolist() == list(range(24))


def test_a_day_is_judged_the_same_beside_any_others(examiner: Examiner) -> None:
    files = [raw(SEEDED.body(101, day), day=day) for day in layout.days(FIRST, FIRST + timedelta(days=3))]
    files[3] = raw(SEEDED.body(101, files[3].day, setting("no2", value="31.5")), day=files[3].day)
    together = examiner.examine(files)
    for number, file in enumerate(files):
        alone = examiner.examine([file])
        assert alone.verdicts == [together.verdicts[number]]
        mine = together.observations[together.observations["file"] == number].drop(columns="file")
        pd.testing.assert_frame_equal(alone.observations.drop(columns="file"), mine.reset_index(drop=True))


def test_a_bomb_is_not_unpacked_to_be_refused() -> None:
    bomb = gzip.compress(bytes(40 * layout.LARGEST))
    tracemalloc.start()
    try:
        assert read(bomb).unreadable == "unpacked it is larger than 10 MB"
        assert tracemalloc.get_traced_memory()[1] < 4 * layout.LARGEST
    finally:
        tracemalloc.stop()


def test_no_files_are_no_trouble(examiner: Examiner) -> None:
    found = examiner.examine([raw(b"nothing")])
    assert found.observations.empty
    assert len(found.verdicts) == 1


def real_archive() -> Path:
    """A year of three real stations, where it is."""
    folder = Path(os.environ.get("OPENAQ_ARCHIVE") or "no-such-folder")
    if not folder.is_dir():
        pytest.skip("no archive of real stations: OPENAQ_ARCHIVE names none")
    return folder


def test_a_month_of_real_stations_is_accepted(examiner: Examiner) -> None:
    beijing = Examiner(DECLARATION, "pm25", Expectations())
    files = [
        raw(path.read_bytes(), location=location, day=day)
        for location in (9900001, 9900002, 9900003)
        for day in layout.days(date(2016, 11, 1), date(2016, 11, 30))
        if (path := real_archive() / layout.path(location, day)).is_file()
    ]
    found = beijing.examine(files)
    refused = [one for one in found.verdicts if one.reasons]
    assert len(files) > 80
    assert len(refused) <= 0.1 * len(files)
    rows = sum(len(read(file.body)) for file in files)
    assert 0.9 * rows < len(found.observations) <= rows
    assert set(found.observations["parameter"]) == {"pm25", "pm10", "so2", "no2", "co", "o3"}
