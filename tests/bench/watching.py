"""The monitor's detector on the product's own forecasts: false alarms a year, and how soon it sees a change.

    python -m tests.bench.watching

A linear model learns from the first half of the UK sample (NO2), its holdout says what is usual, and it is live for the
rest; the same for PM2.5 in Beijing where OPENAQ_ARCHIVE has an archive. Years are drawn from the live days, each with
its errors and persistence's. `worst`: the live error as much larger as the usual allows, where the false alarms are
most. A change multiplies the model's error from the first day on; `both`: persistence's too, as a harder season does.
For comparison: the error of 7 days against 1.2 times the holdout's, as it is often done.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from steps.learning import trials
from steps.learning.dataset import Series
from steps.learning.recipe import ask, train
from steps.models.base import Array
from steps.monitoring import scores
from steps.monitoring.detector import Detector, path
from steps.monitoring.watching import LEVEL
from steps.summaries.decision import Recipe
from tests.bench import learning as bench

YEARS = 500
YEAR = 365
NEVER = 999


def main() -> None:
    """Print a table for each case."""
    for title, dataset, begin, live in cases():
        held, days = _lived(dataset, begin, live)
        usual = scores.most(scores.of(held))
        found = list(path(Detector(usual, LEVEL), scores.of(days)))
        print(f"\n{title}: holdout of {len(held)} days, usual score {usual:.3f}; live for {len(days)} days")
        alarms, most = sum(alarm for _, alarm in found), max(level for level, _ in found)
        print(f"  as it was: {alarms} alarms, evidence at most {most:.0f} of {LEVEL:.0f}")
        weekly = days["error"].rolling(7).mean() > 1.2 * held["error"].mean()
        print(f"  7 days' error above 1.2 times the holdout's: on {weekly.mean():.0%} of the days")
        print(f"  {'':<22}{'alarms a year':>14}{'first, median':>15}{'90 %':>6}{'none in a year':>16}")
        worst = _worst(days, usual)
        rows = {"nothing changed": (1.0, 1.0), f"worst (× {worst:.2f})": (worst, 1.0), "both × 1.25": (1.25, 1.25)}
        for name, factors in (rows | {f"error × {more}": (more, 1.0) for more in (1.15, 1.25, 1.5)}).items():
            _row(name, *_years(days, usual, *factors))


def cases() -> Iterator[tuple[str, Series, float, float]]:
    """Title, dataset, and the shares of its time at which the holdout and the life begin."""
    yield "NO2, UK", bench.dataset_of(bench.uk_sample(), "no2", of_hours=False), 0.4, 0.5
    if bench.ARCHIVE.is_dir():
        yield "PM2.5, Beijing", bench.dataset_of(bench.beijing(), "pm25", of_hours=False), 0.5, 0.67


def _lived(dataset: Series, begin: float, live: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The days of the holdout, and those of the life, all locations together."""
    times = dataset.rows["target_at"]
    first, whole = times.min(), times.max() - times.min()
    held, lived = first + begin * whole, first + live * whole
    parts = (times >= held) & (times < lived), times >= lived
    ended = held, lived
    found = []
    for part, end in zip(parts, ended, strict=True):
        recipe = Recipe(family="linear", parameters=trials.draw(bench.LEARNING.families[0], None)[0])
        model = train(bench.LEARNING, recipe, dataset, (times < end - dataset.horizon).to_numpy())
        rows = dataset.rows.loc[part]
        found.append(scores.pooled(scores.whole(scores.by_day(rows, ask(model, rows)))).sort_values("day"))
    return found[0], found[1]


def _worst(days: pd.DataFrame, usual: float) -> float:
    """How much larger the live error may be before the mean score is above the usual one."""
    low, high = 0.5, 3.0
    for _ in range(40):
        middle = (low + high) / 2
        mean = scores.score(days["error"].to_numpy() * middle, days["persistence"].to_numpy()).mean()
        low, high = (middle, high) if mean < usual else (low, middle)
    return low


def _years(days: pd.DataFrame, usual: float, error: float, persistence: float) -> tuple[Array, Array]:
    """Of each year: how many alarms, and the day of the first."""
    random = np.random.default_rng(0)
    alarms, first = [], []
    for _ in range(YEARS):
        drawn = days.iloc[random.integers(0, len(days), YEAR)]
        told = scores.score(drawn["error"].to_numpy() * error, drawn["persistence"].to_numpy() * persistence)
        raised = [day for day, (_, alarm) in enumerate(path(Detector(usual, LEVEL), told), 1) if alarm]
        alarms.append(len(raised))
        first.append(raised[0] if raised else NEVER)
    return np.array(alarms, dtype=float), np.array(first, dtype=float)


def _row(name: str, alarms: Array, first: Array) -> None:
    median, most = (f"{day:.0f} d" if day < NEVER else "–" for day in np.quantile(first, [0.5, 0.9]))
    print(f"  {name:<22}{alarms.mean():14.2f}{median:>15}{most:>6}{(first == NEVER).mean():16.1%}", flush=True)


if __name__ == "__main__":
    main()
