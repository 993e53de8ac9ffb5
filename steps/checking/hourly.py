"""Usable values become hours, or days of a daily series, whatever a sensor's rhythm: one counts if they cover three
quarters of it.

That is what the EU asks of an hourly value (directive 2008/50/EC, annex XI; kept in 2024/2881). A value stands for the
time before its stamp, as far as the stamp before it or the sensor's rhythm, the median distance of its stamps in that
day, whichever is nearer. So every five minutes nine of twelve are enough, every half hour both must be there, and a
value that reaches into two hours counts in each by the time it covers.

Hours are those of the local clock, as people and rules count them: at +05:30 the hour from 01:00 to 02:00 is one hour,
and has the stamp of the whole hour of UTC that it ends in or at, here 21:00. Where the clock changes, an hour is told
from the one before by its offset. A day is likewise that of the local clock, and has the stamp that
`steps.summaries.intervals` says, whatever the offset.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from steps.summaries.intervals import DAY, Interval

HOUR: Final = 3600.0  # seconds, as are all times here
LEAST_COVERED: Final = 0.75
_A_DAY: Final = 24 * HOUR
_SLACK: Final = 30.0  # clocks of loggers are off by seconds

_Floats = np.ndarray[Any, np.dtype[np.float64]]
_Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Hours:
    """The hours, or days. `found`, by series and time: series, `time` (the end, seconds since 1970 UTC), `hour` (the
    end on the local clock, hours since 1970), `offset` (minutes), value. `used`: which of the rows are in one."""

    found: pd.DataFrame
    used: _Flags


def slowest(interval: Interval) -> float:
    """A sensor that reports less often covers too little of any hour, or day."""
    return interval.hours * HOUR / LEAST_COVERED


def spacing(rows: pd.DataFrame) -> _Floats:
    """The time since the stamp before in each row's series, NaN at its first. `rows`: by series and time."""
    series, at = rows["series"].to_numpy(), rows["at"].to_numpy()
    found = np.full(len(rows), np.nan)
    found[1:] = np.where(series[1:] == series[:-1], np.diff(at), np.nan)
    return found


def rhythm(rows: pd.DataFrame, spaces: _Floats, count: int) -> _Floats:
    """How often each of the `count` series reports: the median distance of its stamps; a day if it has one stamp."""
    several = spaces > 0
    medians = pd.Series(spaces[several]).groupby(rows["series"].to_numpy()[several]).median()
    return medians.reindex(range(count)).fillna(_A_DAY).to_numpy()


def hourly(
    rows: pd.DataFrame, spaces: _Floats, rhythms: _Floats, usable: _Flags, direction: _Flags, *, interval: Interval
) -> Hours:
    """The hours, or days, that the `usable` of `rows` cover enough of. `spaces` and `rhythms` as above; `direction`:
    which series are of directions (degrees), whose mean is that of their vectors."""
    length = interval.hours * HOUR
    picked = np.flatnonzero(usable)
    series = rows["series"].to_numpy()[picked]
    at, offset = rows["at"].to_numpy()[picked], rows["offset"].to_numpy()[picked]
    covers = np.fmin(np.fmin(spaces[picked], rhythms[series]), length)
    local = at + 60 * offset
    end = np.ceil(local / length) * length
    here = np.minimum(covers, local - (end - length))
    early = np.flatnonzero(covers > here)
    part = np.concatenate([np.arange(len(picked)), early])
    parts = pd.DataFrame(
        {
            "row": picked[part],
            "series": series[part],
            "end": np.concatenate([end, end[early] - length]),
            "offset": offset[part],
            "weight": np.concatenate([here, (covers - here)[early]]),
            "value": rows["value"].to_numpy()[picked[part]],
        }
    )
    utc = np.ceil((parts["end"] - 60 * parts["offset"]) / HOUR) * HOUR
    parts["time"] = parts["end"] if interval is DAY else utc
    if len(early) or (np.diff(parts["time"].to_numpy()) < 0).any():
        parts = parts.sort_values(["series", "time"], kind="stable", ignore_index=True)
    return _covered(parts, direction, len(rows), length)


def _covered(parts: pd.DataFrame, direction: _Flags, count: int, length: float) -> Hours:
    """What is so long and `parts` of values, by series and time, cover enough of; of `count` rows in all."""
    keys = parts[["series", "time"]].to_numpy()
    new = np.ones(len(parts), dtype=bool)
    new[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    starts = np.flatnonzero(new)
    hour = np.cumsum(new) - 1
    weight, value = parts["weight"].to_numpy(), parts["value"].to_numpy()
    covered = np.add.reduceat(weight, starts) if len(starts) else weight
    first = value[starts]
    # from the first value, so that an hour of equal values has exactly that
    mean = first + (np.add.reduceat(weight * (value - first[hour]), starts) / covered if len(starts) else 0)
    found = parts.iloc[starts][["series", "time", "end", "offset"]].assign(value=mean)
    several = np.diff(np.append(starts, len(parts))) > 1
    turned = direction[found["series"].to_numpy()] & several
    if turned.any():
        angle = np.deg2rad(value)
        east, north = (np.add.reduceat(weight * wave(angle), starts) for wave in (np.sin, np.cos))
        found["value"] = np.where(turned, np.rad2deg(np.arctan2(east, north)) % 360, mean)
    enough = covered >= LEAST_COVERED * length - _SLACK
    used = np.zeros(count, dtype=bool)
    used[parts["row"].to_numpy()[enough[hour]]] = True
    found["hour"] = found.pop("end") / HOUR
    return Hours(found[enough].reset_index(drop=True), used)
