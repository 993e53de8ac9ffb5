"""The same truth, reported every 1, 5, 10, 15, 30 or 60 minutes, is refused on the same days and gives the same
features, up to a ten thousandth of what a feature's largest value is."""

import random
import re
from datetime import date, timedelta, timezone

import pytest

from pipeline.projects.openaq import OPENAQ
from steps.archive import layout
from steps.contract.declaration import parse
from tests.steps.support.finer import RHYTHMS, Days, Outcome, apart, outcome
from tests.steps.support.openaq import Line, Seeded

DECLARATION = parse(OPENAQ.declaration())
TOLERANCE = 1e-4
FAULTS = ("none", "none", "none", "gap", "stuck", "codes", "few codes", "hours gone", "unit", "drift", "absent")


def bent(lines: list[Line], fault: str, chance: random.Random) -> list[Line]:
    """An hourly day with something wrong with its NO2."""
    mine = [line for line in lines if line["parameter"] == "no2"]
    rest = [line for line in lines if line["parameter"] != "no2"]
    hours = range(len(mine))
    match fault:
        case "gap":
            begin, length = chance.randrange(5), chance.choice([18, 19])
            mine = [line for hour, line in enumerate(mine) if not begin <= hour < begin + length]
        case "stuck":
            last = chance.choice([23, 24])
            mine = [line | {"value": "31.5", "still": ""} if hour < last else line for hour, line in enumerate(mine)]
        case "codes" | "few codes":
            code = chance.choice(["-999", "-9999", "985", "999"])
            wrong = set(chance.sample(hours, 14 if fault == "codes" else 5))
            mine = [line | {"value": code, "still": ""} if hour in wrong else line for hour, line in enumerate(mine)]
        case "hours gone":
            mine = [mine[hour] for hour in sorted(chance.sample(hours, 17))]
        case "unit":
            mine = [line | {"units": "ppb", "value": f"{float(line['value']) / 1.88043:.6f}"} for line in mine]
        case "drift":
            mine = [line | {"value": f"{float(line['value']) - 20:.2f}"} for line in mine]
        case "absent":
            mine = []
    return [*mine, *rest]


def days(seed: int, offset: timezone) -> Days:
    """Twelve days of two locations, of which some have a fault."""
    chance = random.Random(seed)
    seeded = Seeded(days=12, offset=offset)
    return [
        (location, day, bent(seeded.lines(location, day), chance.choice(FAULTS), chance))
        for location in seeded.locations
        for day in layout.days(seeded.first, seeded.last)
    ]


def kinds(found: Outcome) -> dict[tuple[int, date], list[str]]:
    """Which days were refused, and why; without the numbers of values, of which there are more at a finer rhythm."""
    return {key: [re.sub(r"\d+", "#", reason) for reason in reasons] for key, reasons in found.refused.items()}


@pytest.mark.parametrize(
    ("seed", "offset"),
    [
        (1, timedelta(hours=5, minutes=45)),
        pytest.param(2, timedelta(), marks=pytest.mark.soak),
        pytest.param(3, timedelta(hours=-3, minutes=-30), marks=pytest.mark.soak),
    ],
)
def test_any_rhythm_gives_the_same_features_and_refusals(seed: int, offset: timedelta) -> None:
    truth = days(seed, timezone(offset))
    hourly = outcome(truth, 60, DECLARATION, "no2")
    assert 2 <= len(hourly.refused) < len(truth) - 8
    for minutes in RHYTHMS[:-1] if seed == 1 else RHYTHMS[1:-1]:  # a look at every minute takes as long as all others
        found = outcome(truth, minutes, DECLARATION, "no2")
        assert found.lines == hourly.lines * 60 // minutes
        assert kinds(found) == kinds(hourly), minutes
        assert apart(found, hourly) < TOLERANCE, minutes


def test_another_truth_does_not() -> None:
    truth = days(1, timezone(timedelta()))
    other = [(location, day, [line | {"value": f"{float(line['value']) + 0.1}"} for line in lines])
             for location, day, lines in truth]  # fmt: skip
    assert apart(outcome(truth, 60, DECLARATION, "no2"), outcome(other, 60, DECLARATION, "no2")) > TOLERANCE
