"""A daily series' files: a value stands for the day whose midnight it is stamped by, whatever the clock's offset."""

from datetime import UTC, date, datetime, timedelta

import pytest

from steps.checking import agreement
from steps.checking.examine import Examined, Examiner
from steps.checking.expectations import Expectations
from steps.summaries.intervals import DAY, HOUR
from tests.steps.support.daily import FIRST, declared, file, midnight, observations


@pytest.fixture(scope="module")
def examiner() -> Examiner:
    return Examiner(declared(), "sold", Expectations())


def look(examiner: Examiner, *stamped: tuple[str, str], day: date = FIRST) -> Examined:
    return examiner.examine([file(*stamped, day=day)])


@pytest.mark.parametrize("offset", ["+00:00", "+13:00", "-08:00", "+05:30"])
def test_a_day_is_the_date_whatever_the_offset(examiner: Examiner, offset: str) -> None:
    found = look(examiner, (midnight(FIRST, offset), "120"))
    assert found.verdicts[0].reasons == ()
    row = found.observations.iloc[0]
    end = datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(days=1)
    assert (len(found.observations), row["time"].to_pydatetime(), row["value"]) == (1, end, 120)
    assert DAY.moment(end) == f"{FIRST}"


def test_where_clocks_change_days_are_24_hours_apart(examiner: Examiner) -> None:
    spring = [(date(2024, 3, 30), "+01:00"), (date(2024, 3, 31), "+02:00"), (date(2024, 4, 1), "+02:00")]
    files = [file((midnight(day, offset), "9"), day=day) for day, offset in spring]
    times = examiner.examine(files).observations["time"]
    assert times.diff().dropna().dt.total_seconds().tolist() == [86400, 86400]


def test_values_within_a_day_become_its_mean(examiner: Examiner) -> None:
    hours = [(f"{FIRST}T{hour:02d}:00:00+00:00", str(hour)) for hour in range(1, 24)] + [(midnight(FIRST), "24")]
    assert look(examiner, *hours).observations["value"].tolist() == [12.5]


@pytest.mark.parametrize(
    ("stamped", "words"),
    [
        ([(f"{FIRST}T00:00:00+00:00", "9")], "sold has no value of that day; wanted one, stamped by the midnight that"),
        ([(f"{FIRST}T12:00:00+00:00", "9")], "sold has no value of that day; wanted one, stamped by the midnight that"),
        ([(midnight(FIRST), "9"), (midnight(FIRST), "8")], "100% of 2 sold values cannot be used"),
        ([(midnight(FIRST), "")], "100% of 1 sold values cannot be used (1 missing"),
        ([(midnight(FIRST + timedelta(days=1)), "9")], "1 of 1 times are not of 2023-01-02"),
    ],
)
def test_what_is_no_day_is_refused_in_a_line(examiner: Examiner, stamped: list[tuple[str, str]], words: str) -> None:
    (reason,) = look(examiner, *stamped).verdicts[0].reasons
    assert reason.startswith(words)


def test_a_shop_that_says_nothing_but_0_is_left_out_after_months_not_days() -> None:
    rows = observations(300)
    rows = rows[rows["parameter"] == "sold"].reset_index(drop=True)
    assert agreement.doubts(rows, DAY) == {}
    last = rows[rows["location"] == 1]["time"].iloc
    silent = {
        count: rows["value"].mask((rows["location"] == 1) & (rows["time"] >= last[-count]), 0.0) for count in (119, 120)
    }
    assert agreement.doubts(rows.assign(value=silent[119]), DAY) == {}
    (doubt,) = agreement.doubts(rows.assign(value=silent[120]), DAY).values()
    since = last[-120] - timedelta(days=1)
    assert doubt.reason == f"it has said 0 for 120 days in a row, since {since:%F}: it is dead"
    assert HOUR.moment(last[-1]).endswith("00:00 UTC")
