"""Whether an alarm is the data's or the world's.

A broken sensor looks like drift after a week, and a model that learned from it would be worse for it; so before the
world is taken to have changed, the data must be in order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd

from steps.models.base import Array
from steps.monitoring import scores
from steps.pages.words import count, names
from steps.summaries.intervals import DAY, HOUR, Interval

Cause = Literal["data", "world", "unclear"]

RECENT: Final = pd.Timedelta(days=14)  # at most, before the alarm; less if the evidence began to grow later
BEFORE: Final = pd.Timedelta(days=28)  # before these, that they are compared with
_NEAR = 0.1  # of a factor
_NOTHING = 0.2  # times what it was beside the others, or less
_LOW = 0.5  # times what it was beside the others, or less
_NOISE = 0.3  # the correlation of an hour with the next, or less: that of air is more than half
_FALLEN = 0.6  # times what it was itself, or less: else the others have risen
_FLAT = 0.5  # of the hours equal to the one before
_LACKING = 0.5  # of the predictions did without an input that they had before
_REFUSED = 0.25  # of the days
_FEWEST = 7  # days that count, among the recent ones
_DAY = 24
_WEEK = 7


@dataclass(frozen=True)
class Evidence:
    """What is known of the days up to an alarm, at the locations that it is about.

    The recent days are those from `since` on; they are compared with those before `until`, the beginning of the first
    change that was seen, so that a fault that stays is not taken for the usual. `observed`: location, time (the hour's
    end) and value, of both, and of some other locations. `days`: as `skill.days` gives them.
    `refused`: location and day of what was quarantined in the recent days. `mistakable`: in words, what a value is
    multiplied by where its unit is taken for another. `interval`: an hour, or a day of a daily series.
    """

    observed: pd.DataFrame
    days: pd.DataFrame
    refused: Sequence[tuple[int, date]]
    locations: Sequence[int]
    since: pd.Timestamp
    until: pd.Timestamp
    mistakable: Mapping[str, float]
    interval: Interval = HOUR

    @property
    def some(self) -> int:
        """So many values tell something: a day of hours, or a week of days."""
        return _WEEK if self.interval is DAY else _DAY


def judge(evidence: Evidence) -> tuple[Cause, str]:
    """The cause, and what it is taken from, in words."""
    faults = [fault for check in _CHECKS for fault in check(evidence)]
    if faults:
        return "data", f"The data are broken: {'; '.join(faults)}."
    recent = scores.whole(evidence.days, evidence.interval)
    counted = recent.loc[recent["day"] >= evidence.since, "day"].nunique()
    if counted < _FEWEST:
        days, enough = count(counted, "day has", "days have"), "a value" if evidence.interval is DAY else "enough hours"
        return "unclear", f"Only {days} {enough} since {evidence.since:%F}."
    words = "The data are in order: little was refused, no input is missing, no sensor is stuck or in another unit."
    return "world", words


def _quarantined(evidence: Evidence) -> Iterator[str]:
    refused = len(evidence.refused)
    if refused > _REFUSED * RECENT.days * len(evidence.locations):
        places = sorted({location for location, _ in evidence.refused})
        yield f"{count(refused, 'day')} were refused at {names(list(map(str, places)))}"


def _lacking(evidence: Evidence) -> Iterator[str]:
    day = evidence.days["day"]
    now, before = (_share_lacking(evidence.days[part]) for part in (day >= evidence.since, day < evidence.until))
    if now > _LACKING and before < _LACKING / 2:
        yield f"{now:.0%} of the predictions since {evidence.since:%F} did without an input that they had had before"


def _share_lacking(days: pd.DataFrame) -> float:
    return float(days["lacking"].sum() / max(1, days["hours"].sum()))


def _flat(evidence: Evidence) -> Iterator[str]:
    about = evidence.observed[evidence.observed["location"].isin(evidence.locations)]
    for location, hours in about.groupby("location"):
        own = hours.sort_values("time")
        same = own["value"].diff().eq(0).to_numpy()
        recent, before = (own["time"] > evidence.since).to_numpy(), (own["time"] <= evidence.until).to_numpy()
        if min(recent.sum(), before.sum()) < evidence.some:
            continue
        if same[recent].mean() > _FLAT and same[before].mean() < _FLAT / 2:
            where = f"the {evidence.interval.name}s at {location} since {evidence.since:%F}"
            yield f"{same[recent].mean():.0%} of {where} equal the one before"


def _scaled(evidence: Evidence) -> Iterator[str]:
    """Locations whose values have in the last days become a unit's factor larger or smaller, over their whole range,
    while the others' have not."""
    for location, (_, beside) in _times(evidence, _newest(evidence, 7)).items():
        for words, factor in evidence.mistakable.items():
            for wanted in (factor, 1 / factor):
                if (np.abs(beside / wanted - 1) < _NEAR).all():
                    yield f"the values at {location} are {wanted:.3g} times what they were ({words})"


def _dead(evidence: Evidence) -> Iterator[str]:
    """Locations whose values have in the last days become next to nothing, or low and mere noise, while the others'
    have not."""
    newest = _newest(evidence, 4)
    for location, (own, beside) in _times(evidence, newest).items():
        # the lower quartile of clean air is next to nothing, too
        nothing = (beside[1:] < _NOTHING).all() or (beside[1] < _LOW and _is_noise(evidence, location, newest))
        if nothing and (own[1:] < _FALLEN).all():
            yield f"the values at {location} are {np.median(beside):.2g} times what they were (a dead sensor)"


def _is_noise(evidence: Evidence, location: int, since: pd.Timestamp) -> bool:
    """Whether an hour says next to nothing about the next."""
    seen = evidence.observed
    own = seen[(seen["location"] == location) & (seen["time"] > since)].set_index("time")["value"]
    return own.nunique() > 1 and bool(own.sort_index().asfreq(evidence.interval.alias).autocorr() < _NOISE)


def _newest(evidence: Evidence, days: int) -> pd.Timestamp:
    """Since when the newest days are; an alarm may come soon, when half of the recent days were as ever."""
    last: pd.Timestamp = evidence.observed["time"].max()
    return max(evidence.since, last - pd.Timedelta(days=days))


def _times(evidence: Evidence, since: pd.Timestamp) -> dict[int, tuple[Array, Array]]:
    """By location, how many times what they were the values' quartiles are since then, by themselves and beside the
    others'."""
    ratios: dict[int, Array] = {}
    for location, hours in evidence.observed.groupby("location"):
        time, value = hours["time"], hours["value"]
        parts = value[time <= evidence.until], value[time > since]
        if min(map(len, parts)) >= (_WEEK if evidence.interval is DAY else 2 * _DAY):
            before, now = (np.quantile(part, [0.25, 0.5, 0.75]) for part in parts)
            if (before > 0).all() and (now > 0).all():
                ratios[int(str(location))] = now / before
    found = {}
    for location in sorted(set(ratios) & set(evidence.locations)):
        others = [float(np.median(other)) for place, other in ratios.items() if place != location]
        found[location] = ratios[location], ratios[location] / (np.median(others) if others else 1.0)
    return found


_CHECKS: Final = (_quarantined, _lacking, _flat, _scaled, _dead)
