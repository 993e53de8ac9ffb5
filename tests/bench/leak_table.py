"""What becomes of data that would make scores lie: each case done to real hours, and what was said of it.

    python -m tests.bench.leak_table

First what each case makes of the score, with one linear recipe, so that the cases differ in the data alone: RMSE on
the holdout in µg/m³, where nothing refused it. Then every leak that `steps.checking.leaks` is there for, with what was
said; and what it says of the real hours as they are: each parameter as the target, at all stations and at each alone,
over all hours, each month with the week before it, and 33 days from every tenth day. No real hour may be refused; how
near the nearest comes to what is allowed is the margin.

The sample's NO2 at two UK stations; and, where OPENAQ_ARCHIVE names an archive of them, three in Beijing.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from steps.checking.leaks import copies, foresight, lookahead
from steps.checking.leaks import finding as leaks
from steps.errors import CheckFailed
from steps.features import hourly
from steps.learning import trials
from steps.learning.dataset import Series
from steps.learning.judge import judge
from tests.bench import learning as bench
from tests.bench.history import figure, kept
from tests.steps.support import leaks as wrong

Table = pd.DataFrame

RECIPE = {"alpha": 1000.0, "pooling": 0.3, "root": 0.5}
DAY = pd.Timedelta(days=1)
CASES: dict[str, Callable[[Table], Table]] = {
    "as it is": lambda table: table,
    "a clock a day early": wrong.clock_early,
    "a clock a day late": partial(wrong.clock_early, by=-wrong.DAY),
    "one station": wrong.one_station,
    "13 % missing, and a gap of 120 days": partial(wrong.gap, days=120),
    "a third in ppm": wrong.unit_changed,
}
SHIFTS = (1, 5, 8, 12, 16, 24, 60, 500, -12)


@dataclass(frozen=True)
class Place:
    """Real observations, the parameter that leaks are made of, and all that may be a target."""

    title: str
    observed: Table
    parameter: str
    targets: tuple[str, ...]


@kept("leak_table")
def main() -> None:
    """Print the tables."""
    places = list(_places())
    for place in places:
        since = place.observed["time"].max() - pd.Timedelta(days=548)
        _scores(replace(place, observed=place.observed[place.observed["time"] >= since]))
    for place in places:
        _leaks(place)
    for place in places:
        _false_alarms(place)


def _places() -> Iterator[Place]:
    uk = bench.uk_sample()
    yield Place("NO2, UK", uk[uk["time"] >= pd.Timestamp("2002-06-30T01:00Z")], "no2", ("no2",))
    if bench.ARCHIVE.is_dir():
        beijing = bench.beijing()
        yield Place("PM2.5, Beijing", beijing, "pm25", tuple(sorted(beijing["parameter"].unique())))


def _scores(place: Place) -> None:
    print(f"\n{place.title}: scores\n  {'case':<36}{'ours':>7}{'naive':>7}  what was said")
    cases: dict[str, Callable[[Table], Table]] = {
        **CASES,
        "a constant target": partial(wrong.constant, parameter=place.parameter),
        "a copy 12 hours early": partial(wrong.copied, hours=12),
        "an input that is the target of 24 hours later": partial(_input, place, wrong.FORETELLING["itself"]),
    }
    for name, change in cases.items():
        observed = change(place.observed)
        _line(name, bench.dataset_of(observed, place.parameter, of_hours=False), _said(observed, place.parameter))
    data = bench.dataset_of(place.observed, place.parameter, of_hours=False)
    _line("a shuffled target", replace(data, rows=wrong.shuffled(data.rows)), [])
    ahead = partial(wrong.looking_ahead(hourly.build, 24), parameter=place.parameter, learning=bench.LEARNING)
    month = place.observed[place.observed["time"] < place.observed["time"].min() + 40 * DAY]
    build = partial(ahead, location=int(month["location"].min()))
    print(f"  {'a feature from the future':<50}  refused: {lookahead.found(month, build(month), build)}")


def _line(name: str, data: Series, doubts: list[str]) -> None:
    try:
        judged = judge(data, bench.LEARNING, [trials.evaluate(data, bench.LEARNING, "linear", 0, RECIPE)], None)
    except CheckFailed as error:
        print(f"  {name:<50}  refused: {error}")
        return
    verdict = judged.verdict
    naive = min(one.by("rmse") for one in verdict.scores[:-1])
    said = f"refused: {doubts[0]}" if doubts else verdict.words.partition(":")[0]
    look = "; a reason to look" if "a reason to look" in verdict.words else ""
    print(f"  {name:<36}{verdict.challenger.by('rmse'):>7.2f}{naive:>7.2f}  {said}{look}")


def _leaks(place: Place) -> None:
    print(f"\n{place.title}: leaks over all hours, and in how many of the stretches of 33 days each is refused")
    cases: dict[str, Callable[[Table], Table]] = {
        f"a copy {abs(hours)} h {'early' if hours > 0 else 'late'}": partial(wrong.copied, hours=hours)
        for hours in SHIFTS
    }
    cases["a copy 8 h early, scaled, blurred, rounded"] = partial(wrong.copied, hours=8, noise=0.05)
    cases |= {f"an input: {name}": partial(_input, place, made) for name, made in wrong.FORETELLING.items()}
    for name, change in cases.items():
        observed = change(place.observed)
        said = _said(observed, place.parameter)
        parts = [bool(_said(part, place.parameter)) for part in _stretches(observed, 33, every=66)]
        print(f"  {name:<44}{sum(parts):>3} of {len(parts)}  {said[0] if said else 'not found'}")
        figure(f"{place.title}: {name}, refused", 100 * sum(parts) / max(1, len(parts)), "% of the stretches")


def _input(place: Place, made: Callable[["pd.Series[float]"], "pd.Series[float]"], observed: Table) -> Table:
    """With another location that reports an input which is made of the target at the first."""
    return wrong.reported(observed, "relativehumidity", made(wrong.hourly_of(observed, place.parameter)))


def _said(observed: Table, parameter: str) -> list[str]:
    return _looked(observed, bench.features_of(observed, parameter), parameter).refused


def _looked(observed: Table, features: Table, parameter: str) -> leaks.Leaks:
    reports = observed.groupby("parameter")["location"].unique()
    return leaks.found(features, parameter, _near(features), lambda name: list(reports.get(name, [])))


def _near(features: Table) -> dict[int, list[int]]:
    ids = sorted(features["location"].unique())
    return {one: [other for other in ids if other != one] for one in ids}


def _false_alarms(place: Place) -> None:
    looked, refused, seconds = 0, list[str](), list[float]()
    nearest: dict[tuple[str, str], tuple[float, str]] = {}
    for parameter in place.targets:
        for observed in (place.observed, *(own for _, own in place.observed.groupby("location"))):
            features = bench.features_of(observed, parameter)
            hours = len(features) / features["location"].nunique()
            for span, part in (
                ("all", features),
                *(("month", one) for one in _months(features)),
                *(("33 days", one) for one in _stretches(features, 33, every=10)),
            ):
                began = time.process_time()
                refused += [f"{parameter}, {span}: {line}" for line in _looked(observed, part, parameter).refused]
                seconds += [time.process_time() - began] if span == "all" else []
                looked += 1
                for kind, share, what in _shares(part):
                    nearest[kind, span] = max(nearest.get((kind, span), (0.0, "")), (share, f"{parameter}: {what}"))
    took = f"{max(seconds):.2f} s for {hours:.0f} hours"
    print(f"\n{place.title}: {looked} looks at real hours, {len(refused)} refused; {took}")
    figure(f"{place.title}: false alarms at real hours", len(refused), "refused")
    for line in refused:
        print(f"  FALSE ALARM {line}")
    for (kind, span), (share, what) in sorted(nearest.items()):
        print(f"  {kind:<10}{span:<9}at most {share:.2f} of what is allowed  {what}")


def _shares(features: Table) -> Iterator[tuple[str, float, str]]:
    """How much of what is allowed each measure has, and where."""
    for one in foresight.measured(features):
        what = f"{one.feature} at {one.location}, {one.hours} h ahead, {one.value:.2f} of {one.allowed:.2f}"
        yield one.measure, one.value / one.allowed, what
    for pair in copies.measured(features, _near(features)):
        yield "copy", max(pair.fit.now / copies.SAME, pair.fit.best / copies.SHIFTED), f"{pair.fit}"


def _months(features: Table) -> Iterator[Table]:
    for _, one in features.groupby(features["time"].dt.strftime("%Y-%m")):
        before = one["time"].min() - 7 * DAY
        yield features[features["time"].between(before, one["time"].max())]


def _stretches(rows: Table, days: int, every: int) -> Iterator[Table]:
    for first in pd.date_range(rows["time"].min(), rows["time"].max() - days * DAY, freq=f"{every}D"):
        yield rows[rows["time"].between(first, first + days * DAY)]


if __name__ == "__main__":
    main()
