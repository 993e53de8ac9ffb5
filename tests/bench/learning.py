"""Scores 24 hours ahead, beside the naive predictors and two plain models, on real data that nothing was tuned to.

    python tests/bench/learning.py

NO2 at the two UK stations of the sample (the last 18 months, and all three years), and PM2.5 at three in Beijing where
OPENAQ_ARCHIVE has an archive of them. A row counts where the parameter is observed
at t and 24 hours later. The holdout is the last 20 %: of the distinct target hours for the UK, of the time from first
to last for Beijing, where winter comes only after the training part.
"""

import csv
import gzip
import importlib.metadata
import io
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd

from pipeline.projects.openaq import OPENAQ
from steps import declaration
from steps.declaration import Learning
from steps.features import hourly
from steps.learning import split, trials
from steps.learning.dataset import Series, label
from steps.learning.judge import judge
from steps.learning.scoring import score
from steps.learning.trials import TrialResult, best

LEARNING = declaration.parse(OPENAQ.declaration()).learning
ARCHIVE = Path(os.environ.get("OPENAQ_ARCHIVE") or "no-such-folder")
THREE = ["lag_0", "mean_24", "mean_same_hour"]
WEATHER = {"wind_speed": "ws", "wind_direction": "wd", "temperature": "air_temp"}


def main() -> None:
    """Print a table for each case."""
    uk = _uk()
    since = pd.Timestamp("2002-06-30T01:00Z")
    _report("NO2, UK, 18 months", _dataset(uk[uk["time"] >= since], "no2", of_hours=True))
    _report("NO2, UK, three years", _dataset(uk, "no2", of_hours=True))
    if ARCHIVE.is_dir():
        _report("PM2.5, Beijing, a year", _dataset(_archive(), "pm25", of_hours=False))
    else:
        print("Beijing is left out: OPENAQ_ARCHIVE names no archive")


def _report(title: str, dataset: Series) -> None:
    learned, scored = dataset.training(), dataset.holdout()
    began = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        waiting = [pool.submit(trials.evaluate, dataset, LEARNING, *one) for one in _drawn(LEARNING)]
        results = [one.result() for one in waiting]
    took = time.perf_counter() - began
    judgements = {
        family.name: judge(dataset, LEARNING, [one for one in results if one.family == family.name], None)
        for family in LEARNING.families
    }
    lines = [(one.name, one.by("rmse"), one.by("mae"), "") for one in judgements["linear"].scores[:2]]
    for name, answers in _plain(dataset, learned, scored).items():
        one = score(name, answers, dataset.target[scored])
        lines.append((one.name, one.by("rmse"), one.by("mae"), ""))
    for name, judgement in judgements.items():
        own, chosen = judgement.scores[-1], best(list(judgement.trials))
        lines.append((f"ours, {name}", own.by("rmse"), own.by("mae"), f"folds {chosen.mean:.2f}  {_shown(chosen)}"))
    print(f"\n{title}: {learned.sum()} rows to learn from, {scored.sum()} in the holdout from {dataset.holdout_from}")
    for name, rmse, mae, more in lines:
        print(f"  {name:<30} RMSE {rmse:7.2f}  MAE {mae:7.2f}  {more}")
    print(f"  chosen by the folds alone: {best(results).family}")
    for family in LEARNING.families:
        seconds = [one.seconds for one in results if one.family == family.name]
        print(f"  {len(seconds)} trials of {family.name}: {sum(seconds):.1f} s, longest {max(seconds):.1f} s")
    print(f"  all trials, two workers: {took:.1f} s")


def _drawn(learning: Learning) -> list[tuple[str, int, trials.Parameters]]:
    return [
        (family.name, number, parameters)
        for family in learning.families
        for number, parameters in enumerate(trials.draw(family, None))
    ]


def _shown(result: TrialResult) -> str:
    return " ".join(f"{name}={value:.3g}" for name, value in result.parameters.items())


def _plain(dataset: Series, learned: split.Mask, scored: split.Mask) -> dict[str, np.ndarray]:
    """A ridge on three features, and LightGBM as it comes on all of them."""
    rows, target = dataset.rows, dataset.target[learned]
    three = rows[THREE].fillna(rows.loc[learned, THREE].mean()).to_numpy(dtype=float)
    three = (three - three[learned].mean(axis=0)) / three[learned].std(axis=0)
    gram = three[learned].T @ three[learned] + np.eye(len(THREE))
    weights = np.linalg.solve(gram, three[learned].T @ (target - target.mean()))
    every = rows[list(dataset.features)].to_numpy(dtype=float)
    settings = {"verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
    trees = lightgbm.train(settings, lightgbm.Dataset(every[learned], target))
    return {
        "ridge on three features": target.mean() + three[scored] @ weights,
        "plain LightGBM": np.asarray(trees.predict(every[scored])),
    }


def _dataset(observations: pd.DataFrame, parameter: str, *, of_hours: bool) -> Series:
    found = [
        hourly.build(observations, parameter=parameter, learning=LEARNING, location=int(location))
        for location in observations["location"].unique()
    ]
    rows = label(pd.concat(found, ignore_index=True), LEARNING.horizon_hours)
    whole = Series("", parameter, "µg/m³", LEARNING.horizon_hours, datetime.max, rows)
    hours = np.sort(rows["target_at"].unique())
    first, last = rows["time"].min(), rows["target_at"].max()
    cut = pd.Timestamp(hours[int(0.8 * len(hours))]) if of_hours else last - 0.2 * (last - first)
    return replace(whole, holdout_from=cut)


def _uk() -> pd.DataFrame:
    file = next(one for one in importlib.metadata.files("aqeval") or () if one.name == "aq_data.csv.gz")
    text = gzip.decompress(Path(str(file.locate())).read_bytes()).decode()
    table = pd.DataFrame(list(csv.DictReader(io.StringIO(text)))).replace("", np.nan)
    ends = pd.to_datetime(table["date"], utc=True) + pd.Timedelta(hours=1)
    series = [(9000001, "no2", "no2"), (9000002, "no2", "bg.no2")]
    series += [(location, name, column) for location in (9000001, 9000002) for name, column in WEATHER.items()]
    long = [
        pd.DataFrame({"location": location, "time": ends, "parameter": name, "value": table[column].astype(float)})
        for location, name, column in series
    ]
    rows = pd.concat(long).dropna()
    local = rows["time"].dt.tz_convert("Europe/London").dt.tz_localize(None)
    return rows.assign(offset_minutes=(local - rows["time"].dt.tz_localize(None)).dt.total_seconds() // 60)


def _archive() -> pd.DataFrame:
    table = pd.concat([pd.read_csv(path) for path in sorted(ARCHIVE.rglob("*.csv.gz")) if path.is_file()])
    local = table["datetime"].str.slice(0, 19).pipe(pd.to_datetime)
    times = pd.to_datetime(table["datetime"], utc=True)
    return pd.DataFrame(
        {
            "location": table["location_id"],
            "time": times,
            "offset_minutes": (local - times.dt.tz_localize(None)).dt.total_seconds() // 60,
            "parameter": table["parameter"],
            "value": table["value"],
        }
    )


if __name__ == "__main__":
    main()
