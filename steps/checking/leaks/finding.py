"""What in a dataset's hours would make scores lie, in words that name it: refused, or only said.

Copies and clocks come first. A location whose clock is off makes its neighbours' inputs know the future, so inputs are
looked at only where no clock is off: the innocent are not named.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from steps.backends.judged import Doubt
from steps.checking import agreement
from steps.checking.leaks import copies, foresight
from steps.checking.leaks.foresight import Foreknown
from steps.pages.words import count, names
from steps.summaries.intervals import DAY, HOUR, Interval

# what a feature is made of, as `steps.features.hourly` names it
_MADE_OF: Final = re.compile(r"(?:co_|wx_)?(.+?)(?:_mean_\d+|_change_\d+|_now)?")
_OTHERS: Final = "others"
_MOST_NAMED: Final = 5
_DAYS_ARE_NOT: Final = (
    "whether a location is another's copy, or an input knows the target's future, is looked at in hours, not in days"
)

Reporting = Callable[[str], Sequence[int]]


@dataclass(frozen=True)
class Leaks:
    """In words: what is `refused`, and what is only `said`."""

    refused: list[str]
    said: list[str]


def found(
    rows: pd.DataFrame,
    parameter: str,
    neighbours: Mapping[int, Sequence[int]],
    reporting: Reporting,
    interval: Interval = HOUR,
) -> Leaks:
    """What is wrong with features (location, time, value of the `parameter`, and what a model sees).

    `neighbours`: those whose hours a location's features are made of. `reporting`: the locations that report a
    parameter of that name.
    """
    if interval is DAY:
        return Leaks([], [_DAYS_ARE_NOT])
    alike = copies.found(rows, neighbours)
    off = {location for one in alike for location in one.off}
    refused = [one.words for one in alike if one.hours]
    refused += _told(agreement.shifted(rows[~rows["location"].isin(off)]))
    if not refused:
        refused += _inputs(rows, parameter, neighbours, reporting)
    return Leaks([*refused, *_told(agreement.jumped(rows))], [one.words for one in alike if not one.hours])


def _told(doubts: Mapping[int, Doubt]) -> list[str]:
    return [f"location {location} is in doubt: {doubt.reason}" for location, doubt in doubts.items()]


def _inputs(
    rows: pd.DataFrame, parameter: str, neighbours: Mapping[int, Sequence[int]], reporting: Reporting
) -> list[str]:
    """The inputs that know too much: a line for each thing they are made of, with its strongest evidence."""
    by_origin: dict[str, list[Foreknown]] = {}
    for one in foresight.found(rows):
        by_origin.setdefault(_origin(one.feature), []).append(one)
    lines = []
    for origin, known in by_origin.items():
        strongest = max(known, key=lambda one: one.value / one.allowed)
        near = neighbours[strongest.location]
        if origin == _OTHERS:
            values = rows.assign(**{strongest.feature: rows["value"]})
            what, where = parameter, foresight.sources(values, strongest, near)
        else:
            what, where = origin, _reported(rows, strongest, near, reporting(origin))
        at = _locations(sorted({one.location for one in known}))
        lines.append(f"{what} of {_locations(where)} {_knows(strongest, parameter, at)}")
    return lines


def _origin(feature: str) -> str:
    """co_so2_mean_24 is made of so2."""
    of = _MADE_OF.fullmatch(feature)
    origin = of[1] if of else feature
    return "wind_direction" if origin.startswith("wind_") and origin != "wind_speed" else origin


def _reported(rows: pd.DataFrame, one: Foreknown, near: Sequence[int], reports: Sequence[int]) -> list[int]:
    """Who reports what the feature is made of: the location itself, or else neighbours."""
    lent = sorted(set(reports) & set(near))
    return foresight.sources(rows, one, lent) if lent and one.location not in reports else [one.location]


def _locations(which: Sequence[int]) -> str:
    shown = [str(one) for one in which[:_MOST_NAMED]]
    more = [f"{len(which) - _MOST_NAMED} more"] if len(which) > _MOST_NAMED else []
    return f"location{'s' * (len(which) > 1)} {names(shown + more)}"


def _knows(one: Foreknown, parameter: str, where: str) -> str:
    ahead = f"knows {parameter} {count(one.hours, 'hour')} ahead at {where}"
    what = "is a function of what comes then" if one.measure == "function" else "goes with what the past leaves open"
    when = f" {one.when}" if one.when else ""
    return f"{ahead}: it {what} by {one.value:.2f}{when}, now by {one.now:.2f} (at most {one.allowed:.2f} is allowed)"
