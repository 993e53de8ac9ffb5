"""The monitor's detector on the product's own forecasts: false alarms a year, and how soon it sees a change.

    python -m tests.bench.watching

A linear model learns from the first half of the UK sample (NO2), its holdout says what is usual, and it is live for the
rest; the same for PM2.5 in Beijing where OPENAQ_ARCHIVE has an archive. Years are drawn from the live days, each with
its errors and persistence's. `worst`: the live error as much larger as the usual allows, where the false alarms are
most. A change multiplies the model's error from the first day on; `both`: persistence's too, as a harder season does.
`holdout anew`: nothing changed, but each year has a holdout of its own, drawn from the live days by weeks.
For comparison: the error of 7 days against 1.2 times the holdout's, as it is often done.

Then one location of the two alone gets worse; and sensors of the UK sample break in the ways that checks may miss, each
seen as the features, answers and alarms that follow. The monitor's own time and memory: `watching_large`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from pipeline.projects.openaq import OPENAQ
from steps.contract.units import mistakable
from steps.learning import drawing
from steps.learning.dataset import Series, label
from steps.learning.recipe import ask, train
from steps.models import Model
from steps.models.base import Array
from steps.monitoring import scores
from steps.monitoring.cause import RECENT, Evidence, judge
from steps.monitoring.detector import Detector, path
from steps.monitoring.watching import LEVEL, Watched, began, watch
from steps.summaries.decision import Recipe, Usual
from tests.bench import learning as bench
from tests.bench.history import figure, kept

YEARS = 500
YEAR = 365
NEVER = 999
SHIFTS = 200
INJECTED = 40
_NO2 = OPENAQ.quantities["no2"]
FACTORS = mistakable(_NO2.unit, _NO2.molar_mass, OPENAQ.reference_celsius)
Fault = Callable[[Array, np.random.Generator], Array]


@kept("watching")
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
            _row(title, name, *_years(days, usual, *factors))
        _row(title, "holdout anew, too", *_anew(days, len(held)))
    _alone()
    _broken()


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
        recipe = Recipe(family="linear", parameters=drawing.draw(bench.LEARNING.families[0], None)[0])
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


def _anew(days: pd.DataFrame, held: int) -> tuple[Array, Array]:
    """The same where nothing has changed, and chance has made the holdout, too: in one year of twenty what is usual
    lies below the truth."""
    random, told = np.random.default_rng(5), scores.of(days)
    alarms, first = [], []
    for _ in range(YEARS):
        begins = random.integers(0, len(told) - 7, held // 7 + 1)
        usual = scores.most(np.concatenate([told[one : one + 7] for one in begins])[:held])
        ways = path(Detector(usual, LEVEL), told[random.integers(0, len(told), YEAR)].tolist())
        raised = [day for day, (_, alarm) in enumerate(ways, 1) if alarm]
        alarms.append(len(raised))
        first.append(raised[0] if raised else NEVER)
    return np.array(alarms, dtype=float), np.array(first, dtype=float)


def _row(of: str, name: str, alarms: Array, first: Array) -> None:
    median, most = (f"{day:.0f} d" if day < NEVER else "–" for day in np.quantile(first, [0.5, 0.9]))
    print(f"  {name:<22}{alarms.mean():14.2f}{median:>15}{most:>6}{(first == NEVER).mean():16.1%}", flush=True)
    figure(f"{of}, {name}: alarms a year", float(alarms.mean()), "alarms")
    figure(f"{of}, {name}: none in a year", 100 * float((first == NEVER).mean()), "%")


def _alone() -> None:
    """How soon a change at one of two locations is seen, by its own detector."""
    life = Life.of_uk()
    random, level = np.random.default_rng(1), LEVEL * len(life.usual.locations)
    lived = life.days[life.days["day"] >= life.live]
    print(f"\nOne location alone, of {len(life.usual.locations)} ({SHIFTS} shifts each)")
    for factor in (1.0, 1.25, 1.5, 2.0):
        alarms, first = [], []
        for number in range(SHIFTS):
            name = sorted(life.usual.locations)[number % 2]
            own = lived[lived["location"] == int(name)]
            drawn = own.iloc[random.integers(0, len(own), YEAR)]
            told = scores.score(drawn["error"].to_numpy() * factor, drawn["persistence"].to_numpy())
            ways = path(Detector(life.usual.locations[name], level), told)
            raised = [day for day, (_, alarm) in enumerate(ways, 1) if alarm]
            alarms.append(len(raised))
            first.append(raised[0] if raised else NEVER)
        _row("one location alone", f"error × {factor}", np.array(alarms, dtype=float), np.array(first, dtype=float))


@dataclass(frozen=True)
class Life:
    """The UK sample's model, what is usual of it, and its days; live from `live` on."""

    model: Model
    usual: Usual
    days: pd.DataFrame
    live: pd.Timestamp
    observed: pd.DataFrame

    @classmethod
    def of_uk(cls) -> "Life":
        observed = bench.uk_sample()
        dataset = bench.dataset_of(observed, "no2", of_hours=False)
        rows, times = dataset.rows, dataset.rows["target_at"]
        first, whole = times.min(), times.max() - times.min()
        held, live = first + 0.4 * whole, (first + 0.5 * whole).floor("D")
        recipe = Recipe(family="linear", parameters=drawing.draw(bench.LEARNING.families[0], None)[0])
        judged = train(bench.LEARNING, recipe, dataset, (times < held - dataset.horizon).to_numpy())
        part = rows[(times >= held) & (times < live)]
        model = train(bench.LEARNING, recipe, dataset, (times < live - dataset.horizon).to_numpy())
        usual = scores.usual(part, ask(judged, part))
        lived = rows[times >= live]
        return cls(model, usual, _days(lived, ask(model, lived)), live, observed)


def _days(rows: pd.DataFrame, answers: Array) -> pd.DataFrame:
    found = scores.by_day(rows, answers)
    nothing = found.assign(outside=np.nan, lacking=0, version=1)
    return nothing.sort_values(["day", "location"], ignore_index=True)


def _broken() -> None:
    """Sensors that break, and what the alarms that follow are taken for."""
    life, random = Life.of_uk(), np.random.default_rng(3)
    first, last = life.live + pd.Timedelta(days=90), life.days["day"].max() - pd.Timedelta(days=90)
    print(f"\nSensors that break, {INJECTED} each: alarms within 90 days, and what they are taken for")
    print(f"  {'':<34}{'alarmed':>8}{'data':>7}{'world':>7}{'unclear':>9}")
    for name, fault in FAULTS.items():
        causes: list[str] = []
        for number in range(INJECTED):
            since = first + pd.Timedelta(days=int(random.integers(0, (last - first).days)))
            causes += _causes(life, fault, 9000001 + number % 2, since, random)
        seen = Counter(causes)
        alarmed = INJECTED - seen["none"]
        share = {cause: seen[cause] / max(1, alarmed) for cause in ("data", "world", "unclear")}
        print(f"  {name:<34}{alarmed / INJECTED:8.0%}{share['data']:7.0%}{share['world']:7.0%}{share['unclear']:9.0%}")
        figure(f"a sensor, {name}: taken for the data's", 100 * share["data"], "% of alarms")


def _causes(life: Life, fault: Fault, location: int, since: pd.Timestamp, random: np.random.Generator) -> list[str]:
    """The cause of the first alarm after a fault; none if there is none in 90 days."""
    until = since + pd.Timedelta(days=90)
    seen = life.observed
    part = seen[(seen["time"] > since - pd.Timedelta(days=100)) & (seen["time"] <= until)].copy()
    own = ((part["location"] == location) & (part["parameter"] == "no2") & (part["time"] > since)).to_numpy()
    part.loc[own, "value"] = fault(part.loc[own, "value"].to_numpy(), random)
    rows = label(bench.features_of(part, "no2"), bench.LEARNING.horizon_hours)
    rows = rows[rows["target_at"] > since]
    before = life.days[(life.days["day"] < since) & (life.days["day"] >= since - pd.Timedelta(days=60))]
    days = pd.concat([before, _days(rows, ask(life.model, rows))], ignore_index=True)
    ways = [
        way for way in watch(days, life.usual, 0.8) if any(pd.Timestamp(day, tz="UTC") >= since for day in way.alarms)
    ]
    if not ways:
        return ["none"]
    alarms = [(min(day for day in way.alarms if pd.Timestamp(day, tz="UTC") >= since), way) for way in ways]
    day, way = min(alarms, key=lambda one: one[0])
    spans = _spans(way, ways, day)
    hours = part[part["parameter"] == "no2"][["location", "time", "value"]]
    hours = hours[hours["time"] <= pd.Timestamp(day, tz="UTC") + pd.Timedelta(days=1)]
    places = (9000001, 9000002) if way.location == 0 else (way.location,)
    judged, _ = judge(Evidence(hours, days, [], places, *spans, FACTORS))
    return [judged]


def _spans(way: Watched, ways: Sequence[Watched], day: date) -> tuple[pd.Timestamp, pd.Timestamp]:
    """As the monitor looks: since when an alarm's days are recent, and until when they were as usual."""
    since = max(began(way, day), pd.Timestamp(day, tz="UTC") + pd.Timedelta(days=1) - RECENT)
    return since, min(began(each, each.alarms[0]) for each in ways)


def _stuck(values: Array, _random: np.random.Generator) -> Array:
    return np.full_like(values, values[0])


def _repeats(values: Array, _random: np.random.Generator) -> Array:
    return np.repeat(values[::4], 4)[: len(values)]


def _dead(values: Array, random: np.random.Generator) -> Array:
    return np.asarray(random.uniform(0.5, 2.0, len(values)))


def _ppb(values: Array, _random: np.random.Generator) -> Array:
    return values / 1.881


def _of_ppb(values: Array, _random: np.random.Generator) -> Array:
    return values * 1.881


def _cleaner(values: Array, _random: np.random.Generator) -> Array:
    return values * 0.7


def _nearly_closed(values: Array, _random: np.random.Generator) -> Array:
    return values * 0.55


FAULTS: Final[dict[str, Fault]] = {
    "stuck at a value": _stuck,
    "every value four times": _repeats,
    "dead: noise near zero": _dead,
    "ppb taken for µg/m³": _ppb,
    "µg/m³ taken for ppb": _of_ppb,
    "no fault: x 0.7": _cleaner,
    "no fault: x 0.55": _nearly_closed,
}


if __name__ == "__main__":
    main()
