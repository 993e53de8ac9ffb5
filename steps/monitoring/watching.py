"""The live model's days, each judged by detectors: its error and its bands, all locations together and each alone."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import pandas as pd

from steps.models.base import Array
from steps.monitoring import scores
from steps.monitoring.detector import Detector, path
from steps.summaries.decision import Usual
from steps.summaries.intervals import HOUR, Interval

LEVEL: Final = 365.0  # days between false alarms, on average at least, of each kind
OUTSIDE: Final = 0.10  # so much more of the truth may lie outside the bands than they promise
QUIET: Final = 2.0  # of the evidence, which grows by at most 1 a day while nothing has changed
ALL: Final = 0  # the location that stands for all of them


@dataclass(frozen=True)
class Watched:
    """A detector's way: the days that counted, the score of each, and the evidence after it, which is an alarm at
    `level`. `kind`: error or bands; `location`: 0 for all."""

    kind: str
    location: int
    level: float
    days: tuple[date, ...]
    scores: tuple[float, ...]
    evidence: tuple[float, ...]
    alarms: tuple[date, ...]


def joined(ways: Sequence[Watched]) -> list[Watched]:
    """The ways of models that followed each other, as one for each that is watched."""
    found: dict[tuple[str, int], Watched] = {}
    for way in ways:
        key = way.kind, way.location
        found[key] = _after(found[key], way) if key in found else way
    return list(found.values())


def _after(before: Watched, way: Watched) -> Watched:
    """Both, by the later one's level."""
    more = {name: getattr(before, name) + getattr(way, name) for name in ("days", "scores", "evidence", "alarms")}
    return replace(way, **more)


def since_last_model(days: pd.DataFrame, versions: Collection[int]) -> pd.DataFrame:
    """The days since the last one on which a version that is none of these predicted: detectors begin anew with each
    model, but for one that is another's refit."""
    other = days.loc[~days["version"].isin(list(versions)), "day"]
    own = days[days["day"] > other.max()] if len(other) else days
    return own[own["version"] == own.groupby("day")["version"].transform("max")]


def began(way: Watched, alarm: date) -> pd.Timestamp:
    """The day on which the evidence began to grow to that alarm."""
    quiet = [one for one, level in zip(way.days, way.evidence, strict=True) if one < alarm and level <= QUIET]
    return pd.Timestamp(quiet[-1] if quiet else way.days[0], tz="UTC") + pd.Timedelta(days=1)


def watch(days: pd.DataFrame, usual: Usual, band: float, interval: Interval = HOUR) -> list[Watched]:
    """All detectors' ways over `days` (of one model and its refits, as `skill.days` gives them). `band`: the share of
    the truth that bands are meant to hold."""
    counted = scores.whole(days, interval)
    together = scores.pooled(counted).sort_values("day")
    found = [_error(ALL, together, usual.score, LEVEL)]
    known = [str(location) for location in sorted(counted["location"].unique()) if str(location) in usual.locations]
    if len(known) > 1:  # of one location, all is said
        for name in known:
            own = counted[counted["location"] == int(name)].sort_values("day")
            found.append(_error(int(name), own, usual.locations[name], LEVEL * len(known)))
    return [*found, *_bands(counted, band)]


def _error(location: int, days: pd.DataFrame, usual: float, level: float) -> Watched:
    return _watched("error", location, days["day"], scores.of(days), Detector(usual, level))


def _bands(days: pd.DataFrame, band: float) -> Iterator[Watched]:
    banded = days[days["outside"].notna()]
    if banded.empty:
        return
    weighted = banded.assign(outside=banded["outside"] * banded["hours"]).groupby("day")[["outside", "hours"]].sum()
    missed = (weighted["outside"] / weighted["hours"]).to_numpy()
    yield _watched("bands", ALL, weighted.index.to_series(), missed, Detector(1 - band + OUTSIDE, LEVEL))


def _watched(kind: str, location: int, when: "pd.Series[pd.Timestamp]", told: Array, detector: Detector) -> Watched:
    days: Sequence[date] = [day.date() for day in when]
    ways = list(path(detector, told.tolist()))
    alarms = tuple(day for day, (_, alarm) in zip(days, ways, strict=True) if alarm)
    evidence = tuple(level for level, _ in ways)
    return Watched(kind, location, detector.level, tuple(days), tuple(told.tolist()), evidence, alarms)
