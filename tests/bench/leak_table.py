"""What becomes of data that would make scores lie: each case done to real hours, and what was said of it.

    python -m tests.bench.leak_table

The sample's NO2 at two UK stations over 18 months; and PM2.5 at three in Beijing where OPENAQ_ARCHIVE names an archive
of them. One linear recipe, so that the cases differ in the data alone. RMSE on the holdout, in µg/m³.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pandas as pd

from steps.checking import agreement, lookahead
from steps.errors import CheckFailed
from steps.features import hourly
from steps.learning import trials
from steps.learning.dataset import Series
from steps.learning.judge import judge
from tests.bench import learning as bench
from tests.steps.support import leaks as wrong

RECIPE = {"alpha": 1000.0, "pooling": 0.3, "root": 0.5}
CASES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "as it is": lambda table: table,
    "a clock a day early": wrong.clock_early,
    "a clock a day late": partial(wrong.clock_early, by=-wrong.DAY),
    "one station": wrong.one_station,
    "13 % missing, and a gap of 120 days": partial(wrong.gap, days=120),
    "a third in ppm": wrong.unit_changed,
}


def main() -> None:
    """Print a table for each place."""
    uk = bench.uk_sample()
    _table("NO2, UK, 18 months", uk[uk["time"] >= pd.Timestamp("2002-06-30T01:00Z")], "no2")
    if bench.ARCHIVE.is_dir():
        _table("PM2.5, Beijing, a year", bench.beijing(), "pm25")


def _table(title: str, observed: pd.DataFrame, parameter: str) -> None:
    print(f"\n{title}\n  {'case':<36}{'ours':>7}{'naive':>7}  what was said")
    cases = dict(CASES)
    cases["a constant target"] = partial(wrong.constant, parameter=parameter)
    for name, change in cases.items():
        data = bench.dataset_of(change(observed), parameter, of_hours=False)
        _line(name, data, [one.reason for one in agreement.doubts(data.rows).values()])
    data = bench.dataset_of(observed, parameter, of_hours=False)
    _line("a shuffled target", replace(data, rows=wrong.shuffled(data.rows)), [])
    ahead = partial(wrong.looking_ahead(hourly.build, 24), parameter=parameter, learning=bench.LEARNING)
    month = observed[observed["time"] < observed["time"].min() + pd.Timedelta(days=40)]
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
    print(f"  {name:<36}{verdict.challenger.by('rmse'):>7.2f}{naive:>7.2f}  {said}")


if __name__ == "__main__":
    main()
