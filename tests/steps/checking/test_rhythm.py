"""Whatever a sensor's rhythm and clock, its values become the hours they cover, and what becomes none is counted."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from pipeline.projects.openaq import OPENAQ
from steps.checking.examine import Examined, Examiner
from steps.checking.expectations import Expectations
from steps.checking.reading import RawFile
from steps.contract.declaration import parse
from tests.steps.support.openaq import FIRST, HEADER, Line, packed

DECLARATION = parse(OPENAQ.declaration())
LITTLE = "of an hour that they cover too little of"

Report = tuple[datetime, float]


@pytest.fixture(scope="module")
def examiner() -> Examiner:
    return Examiner(DECLARATION, "pm25", Expectations())


def lines(reports: Sequence[Report], sensor: str = "7", parameter: str = "pm25", units: str = "µg/m³") -> list[Line]:
    """What a sensor reports, as lines of a file."""
    same = dict.fromkeys(HEADER, "") | {"location_id": "101", "sensors_id": sensor, "parameter": parameter}
    return [same | {"units": units, "datetime": time.isoformat(), "value": repr(value)} for time, value in reports]


def day(minutes: int, *, hours: int = 24, shift: int = 0, seconds: int = 0, zone: timezone | ZoneInfo = UTC,
        on: date = FIRST) -> list[Report]:  # fmt: skip
    """A report every so many minutes, `shift` minutes and `seconds` late, each saying the number of its hour."""
    begin = datetime(on.year, on.month, on.day, tzinfo=zone).astimezone(UTC)
    late = timedelta(minutes=shift, seconds=seconds)
    return [
        ((begin + timedelta(minutes=minute) + late).astimezone(zone), float((minute - 1) // 60))
        for minute in range(minutes, 60 * hours + 1, minutes)
    ]


def look(examiner: Examiner, *sensors: list[Line], on: date = FIRST) -> Examined:
    return examiner.examine([RawFile(101, on, "e", "k", packed([line for some in sensors for line in some]))])


def hours(found: Examined, parameter: str = "pm25") -> dict[str, float]:
    """Values by the end of their hour."""
    mine = found.observations[found.observations["parameter"] == parameter]
    return dict(zip(mine["time"].dt.strftime("%d %H:%M"), mine["value"].round(9), strict=True))


class TestAnHourCounts:
    @pytest.mark.parametrize(
        ("minutes", "enough", "too_few"),
        [(1, 45, 44), (5, 9, 8), (10, 5, 4), (15, 3, 2), (20, 3, 2), (30, 2, 1), (60, 1, 0)],
    )
    def test_if_three_quarters_of_it_are_covered(
        self, examiner: Examiner, minutes: int, enough: int, too_few: int
    ) -> None:
        every = day(minutes)
        of_sixth = [one for one in every if one[1] == 5]
        rest = [one for one in every if one[1] != 5]
        whole = look(examiner, lines(rest + of_sixth[:enough]))
        assert "01 06:00" in hours(whole)
        assert not whole.left_out
        partial = look(examiner, lines(rest + of_sixth[:too_few]))
        assert hours(partial).keys() == hours(whole).keys() - {"01 06:00"}
        assert partial.left_out == ({LITTLE: too_few} if too_few else {})

    def test_by_the_time_that_values_cover_where_they_reach_into_two(self, examiner: Examiner) -> None:
        found = look(examiner, lines(day(60, shift=15, hours=23)))
        said = hours(found)
        assert said["01 06:00"] == pytest.approx(0.75 * 5 + 0.25 * 4)
        assert "02 00:00" not in said and len(said) == 23

    def test_though_a_logger_is_some_seconds_late(self, examiner: Examiner) -> None:
        found = look(examiner, lines(day(60, seconds=7, hours=23)))
        assert list(hours(found).values()) == pytest.approx(list(range(23)), abs=0.01)

    def test_if_values_come_every_ten_seconds(self, examiner: Examiner) -> None:
        begin = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
        reports = [(begin + timedelta(seconds=10 * n), 1.0 + (n - 1) // 360) for n in range(1, 360 * 24 + 1)]
        found = look(examiner, lines(reports))
        assert not found.left_out
        assert list(hours(found).values()) == [float(n) for n in range(1, 25)]

    def test_though_a_value_of_it_is_missing(self, examiner: Examiner) -> None:
        reports = [(time, float("nan") if number % 12 == 3 else value) for number, (time, value) in enumerate(day(5))]
        found = look(examiner, lines(reports))
        assert found.left_out == {"missing": 24}
        assert len(hours(found)) == 24


class TestASensorThatReportsTooSeldom:
    @pytest.mark.parametrize(
        ("minutes", "words"), [(180, "3 hours"), (120, "2 hours"), (90, "90 minutes"), (1440, "24 hours")]
    )
    def test_is_named_and_has_no_hours(self, examiner: Examiner, minutes: int, words: str) -> None:
        found = look(examiner, lines(day(minutes)))
        [verdict] = found.verdicts
        assert verdict.refused_for == "pm25"
        assert verdict.reasons[0].startswith(f"pm25 comes every {words}; an hour is known from 75% of it")
        beside = look(examiner, lines(day(60)), lines(day(minutes), "8", "no2"))
        assert not beside.verdicts[0].reasons
        assert beside.left_out == {f"sensor '8': no2 every {words}, too seldom for hours": len(day(minutes))}


class TestALocalClock:
    @pytest.mark.parametrize(
        "minutes", [5, 15, 60, *(pytest.param(one, marks=pytest.mark.soak) for one in (1, 10, 30))]
    )
    @pytest.mark.parametrize("offset", [(5, 45), (5, 30), (-3, -30), (12, 45), (-9, -30), (14, 0), (-12, 0)])
    def test_has_its_own_hours_at_any_rhythm(self, examiner: Examiner, minutes: int, offset: tuple[int, int]) -> None:
        zone = timezone(timedelta(hours=offset[0], minutes=offset[1]))
        found = look(examiner, lines(day(minutes, zone=zone)))
        assert found.verdicts[0].reasons == () and not found.left_out
        assert found.observations["value"].tolist() == [float(n) for n in range(24)]
        end = datetime(FIRST.year, FIRST.month, FIRST.day, 1, tzinfo=zone).astimezone(UTC)
        assert found.observations["time"].iloc[0] == pd.Timestamp(end).ceil("h")
        assert found.observations["time"].diff().dropna().unique().tolist() == [pd.Timedelta(hours=1)]

    @pytest.mark.parametrize("minutes", [15, 60, *(pytest.param(one, marks=pytest.mark.soak) for one in (1, 5))])
    @pytest.mark.parametrize(
        ("zone", "on", "count"),
        [
            ("Europe/Vienna", date(2021, 3, 28), 23),
            ("Europe/Vienna", date(2021, 10, 31), 25),
            ("America/New_York", date(2021, 11, 7), 25),
            ("Asia/Kathmandu", date(2021, 3, 28), 24),
        ],
    )
    def test_doubles_an_hour_or_skips_one_when_it_changes(
        self, examiner: Examiner, minutes: int, zone: str, on: date, count: int
    ) -> None:
        reports = day(minutes, zone=ZoneInfo(zone), on=on, hours=count)
        assert reports[-1][0].astimezone(ZoneInfo(zone)).date() == on + timedelta(days=1)
        found = look(examiner, lines(reports), on=on)
        assert found.verdicts[0].reasons == () and not found.left_out
        assert found.observations["value"].tolist() == [float(n) for n in range(count)]
        assert found.observations["time"].is_unique

    def test_that_doubles_an_hour_without_saying_so_contradicts_itself(self, examiner: Examiner) -> None:
        on = date(2021, 10, 31)
        vienna = ZoneInfo("Europe/Vienna")
        naive = [
            (time.replace(tzinfo=timezone(timedelta(hours=1))), value)
            for time, value in day(60, zone=vienna, on=on, hours=25)
        ]
        found = look(examiner, lines(naive), on=on)
        assert found.verdicts[0].reasons == ()
        assert found.left_out == {"contradictory": 2}
        assert len(found.observations) == 23


def with_codes(code: float, every: int, minutes: int = 60, usual: float = 20.0) -> list[Report]:
    return [(time, code if number % every == 0 else usual + value) for number, (time, value) in enumerate(day(minutes))]


class TestAnErrorCode:
    @pytest.mark.parametrize("code", [985.0, 999.0, -999.0, -9999.0])
    def test_is_left_out_and_named(self, examiner: Examiner, code: float) -> None:
        found = look(examiner, lines(with_codes(code, 6)))
        assert found.verdicts[0].reasons == ()
        assert found.left_out == {f"sensor '7': pm25 of {code:g}, an error code": 4}
        assert max(hours(found).values()) < 50

    def test_is_seen_before_it_is_converted(self, examiner: Examiner) -> None:
        """As µg/m³ it is −1.9, which a drifting instrument may say."""
        beside = look(examiner, lines(day(60)), lines(with_codes(-999.0, 6, usual=9e3), "8", "no2", "ppt"))
        assert beside.left_out == {"sensor '8': no2 of -999, an error code": 4}
        assert min(hours(beside, "no2").values()) > 10

    def test_that_is_most_of_a_day_refuses_it(self, examiner: Examiner) -> None:
        found = look(examiner, lines([(t, v if n > 20 else 985.0) for n, (t, v) in enumerate(day(60))]))
        assert "21 error codes" in found.verdicts[0].reasons[0]

    @pytest.mark.parametrize(
        ("parameter", "units", "values"),
        [
            ("pressure", "hpa", [985.0, 985.0, 986.5, 999.0, 999.0, 990.0]),  # a low that comes and goes
            ("pm25", "µg/m³", [310.0, 720.0, 999.0, 999.0, 940.0, 500.0]),  # smoke
            ("pm25", "µg/m³", [12.0, 14.0, 985.0, 13.0, 11.0, 12.5]),  # once
            ("no2", "µg/m³", [-2.0, -0.5, 0.0, 1.5, -14.0, -3.0]),  # zero drift
        ],
    )
    def test_is_not_what_may_have_been_measured(
        self, examiner: Examiner, parameter: str, units: str, values: list[float]
    ) -> None:
        reports = [(time, values[number % 6] if number < 6 else values[0] + number / 100)
                   for number, (time, _) in enumerate(day(60))]  # fmt: skip
        found = look(examiner, lines(day(60), "9"), lines(reports, "8", parameter, units))
        if parameter == "pm25":
            found = look(examiner, lines(reports))
        assert not found.left_out
        assert list(hours(found, parameter).values())[:6] == values


class TestSeveralSensors:
    def steady(self, by: float = 0.0, times: float = 1.0, minutes: int = 60) -> list[Report]:
        return [(time, 20 + (value % 7) * 2 * times + by) for time, value in day(minutes)]

    def test_that_agree_are_averaged_and_named(self, examiner: Examiner) -> None:
        found = look(examiner, lines(self.steady(), "9"), lines(self.steady(by=2), "12"))
        assert hours(found)["01 01:00"] == 21
        assert not found.left_out
        [one] = found.several
        assert (one.location, one.parameter, one.used, one.rejected) == (101, "pm25", ("9", "12"), ())

    def test_of_those_that_do_not_the_oldest_is_used(self, examiner: Examiner) -> None:
        found = look(examiner, lines(self.steady(by=40), "12"), lines(self.steady(), "9"))
        assert hours(found) == hours(look(examiner, lines(self.steady(), "9")))
        assert found.left_out == {"sensor '12': pm25 that differs from the sensor that was used": 24}
        [one] = found.several
        assert (one.used, one.rejected) == (("9",), ("12",))

    def test_of_any_rhythm_count_alike(self, examiner: Examiner) -> None:
        found = look(examiner, lines(self.steady(), "9"), lines(self.steady(by=2, minutes=5), "12"))
        assert hours(found)["01 01:00"] == 21

    def test_the_oldest_of_which_is_mostly_silent_is_not_followed(self, examiner: Examiner) -> None:
        found = look(examiner, lines(self.steady()[:10], "9"), lines(self.steady(by=40), "12"))
        [one] = found.several
        assert (one.used, one.rejected) == (("12",), ("9",))
        assert len(hours(found)) == 24

    def test_that_took_each_other_s_place_fill_the_day(self, examiner: Examiner) -> None:
        found = look(examiner, lines(self.steady()[:14], "9"), lines(self.steady(by=40)[14:], "12"))
        assert len(hours(found)) == 24
        assert not found.left_out

    def test_one_of_which_is_stuck_leave_the_other(self, examiner: Examiner) -> None:
        still = [(time, 31.5) for time, _ in day(60)]
        found = look(examiner, lines(still, "3"), lines(self.steady(), "9"))
        assert found.verdicts[0].reasons == ()
        assert hours(found)["01 01:00"] == 20
        assert found.left_out == {"sensor '3': pm25 that stands still": 24}
        assert not found.several

    def test_of_directions_agree_across_north(self, examiner: Examiner) -> None:
        west, east = ([(time, degrees) for time, _ in day(60)] for degrees in (350.0, 20.0))
        vanes = lines(west, "8", "wind_direction", "deg"), lines(east, "9", "wind_direction", "deg")
        found = look(examiner, lines(day(60)), *vanes)
        assert set(hours(found, "wind_direction").values()) == {5.0}
