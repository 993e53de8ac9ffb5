"""A day's score: how large the live model's error is beside persistence's, on the same hours.

Season and weather hit both alike, so their ratio hardly depends on them, nor on the day before; the error alone does,
and detectors of it alarm every winter. The score is error / (error + persistence's error), which is a half where the
model is no better than persistence, stretched so that the usual range of a day fills 0 to 1.
"""

from typing import Final

import numpy as np
import pandas as pd

from steps.models.base import Array
from steps.summaries.decision import Usual
from steps.summaries.intervals import DAY, HOUR, Interval

LOW, HIGH = 0.30, 0.65  # of the ratio; what lies beyond counts as this, or single days would outweigh weeks
FEWEST_HOURS: Final = 12  # of a location's day, or it does not count; where the day has one value, that is it
FEWEST_ROWS: Final = 30  # of a table, that are scored together
NO_BETTER: Final = (0.5 - LOW) / (HIGH - LOW)  # the score of what is as good as persistence
_BLOCK_DAYS: Final = 7
_ONE_SIDED_95: Final = 1.645
_LEAST, _MOST = 0.05, 0.95
_FEWEST_PARTS: Final = 3  # of a table's holdout
_FEWEST_DAYS: Final = 14  # of a location; with fewer it has no usual score of its own


def by_day(rows: pd.DataFrame, answers: Array) -> pd.DataFrame:
    """Each location's days (UTC): location, day, hours, error and persistence, both mean absolute errors in the
    target's unit. `rows`: with location, target_at, value (persistence's answer) and target; `answers` to them."""
    told = pd.DataFrame(
        {
            "location": rows["location"].to_numpy(),
            "day": day_of(rows["target_at"]).to_numpy(),
            "error": np.abs(answers - rows["target"].to_numpy()),
            "persistence": np.abs(rows["value"].to_numpy() - rows["target"].to_numpy()),
        }
    )
    found = told.groupby(["location", "day"]).agg(
        hours=("error", "size"), error=("error", "mean"), persistence=("persistence", "mean")
    )
    return found.reset_index()


def day_of(ends: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """The day (UTC) that hours with these ends belong to: 24 of them end from 01:00 to 24:00."""
    return (ends - pd.Timedelta(hours=1)).dt.floor("D")


def whole(days: pd.DataFrame, interval: Interval = HOUR) -> pd.DataFrame:
    """The days that count."""
    return days if interval is DAY else days[days["hours"] >= FEWEST_HOURS]


def pooled(days: pd.DataFrame, means: tuple[str, str] = ("error", "persistence")) -> pd.DataFrame:
    """All locations' days as one series: day, hours, and the means."""
    weighted = days.assign(**{name: days[name] * days["hours"] for name in means})
    found = weighted.groupby("day")[["hours", *means]].sum().reset_index()
    return found.assign(**{name: found[name] / found["hours"] for name in means})


def score(error: Array, persistence: Array) -> Array:
    """The scores, 0 to 1, of days with these mean absolute errors; the middle where both are 0."""
    both = error + persistence
    share = np.divide(error, both, out=np.full(len(both), (LOW + HIGH) / 2), where=both > 0)
    return np.asarray((np.clip(share, LOW, HIGH) - LOW) / (HIGH - LOW))


def of(days: pd.DataFrame) -> Array:
    """The scores of days that have error and persistence."""
    return score(days["error"].to_numpy(dtype=np.float64), days["persistence"].to_numpy(dtype=np.float64))


def usual(rows: pd.DataFrame, answers: Array, interval: Interval = HOUR) -> Usual:
    """What a model's mean score is at most, all locations taken together and each by itself; by its `answers` to `rows`
    that it has not learned from. Rows as for `by_day`."""
    days = whole(by_day(rows, answers), interval)
    together = pooled(days).sort_values("day")
    own = {str(location): of(part.sort_values("day")) for location, part in days.groupby("location")}
    return Usual(
        score=most(of(together)),
        days=len(together),
        locations={name: most(scores) for name, scores in own.items() if len(scores) >= _FEWEST_DAYS},
    )


def errors(answers: Array, truth: Array, task: str) -> Array:
    """How far off each answer is: of numbers the absolute difference, of classes 1 where it is wrong."""
    return np.asarray(np.abs(answers - truth) if task == "regression" else answers != truth, dtype=np.float64)


def of_rows(own: Array, naive: Array) -> Usual:
    """What the mean score of a table's model is at most, by its errors on rows that it has not learned from, in the
    order in which they came, and those of a naive predictor. Of too few rows: that it is no worse than that."""
    parts = len(own) // FEWEST_ROWS
    if parts < _FEWEST_PARTS:
        return Usual(score=NO_BETTER, days=parts)
    means = [np.array([part.mean() for part in np.array_split(each, parts)]) for each in (own, naive)]
    return Usual(score=most(score(*means)), days=parts)


def most(scores: Array) -> float:
    """The mean of scores (in the order of their days), and 1.645 standard errors: from weeks, since days that follow
    each other may be alike."""
    if not len(scores):
        return _MOST
    weeks = [part.mean() for part in np.array_split(scores, max(1, len(scores) // _BLOCK_DAYS))]
    spread = float(np.std(weeks, ddof=1)) if len(weeks) > 1 else float(np.std(scores))
    return float(np.clip(np.mean(scores) + _ONE_SIDED_95 * spread / np.sqrt(len(weeks)), _LEAST, _MOST))
