"""Scores 24 hours ahead on folds and holdout, beside the naive predictors and two plain models; and how bands hold.

    python -m tests.bench.learning

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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd

from pipeline.projects.openaq import OPENAQ
from steps.contract import declaration
from steps.contract.declaration import Learning
from steps.features import hourly
from steps.learning import drawing, split, trials
from steps.learning.dataset import Series, label
from steps.learning.judge import judge
from steps.learning.scoring import score
from steps.learning.trials import best
from steps.models.base import Array
from steps.summaries.decision import Score, Trial
from tests.bench.history import figure, kept

LEARNING = declaration.parse(OPENAQ.declaration()).learning
METRIC = LEARNING.gate.metric
ARCHIVE = Path(os.environ.get("OPENAQ_ARCHIVE") or "no-such-folder")
Predictor = Callable[[Series, split.Mask, split.Mask], Array]
THREE = ["lag_0", "mean_24", "mean_same_hour"]
WEATHER = {"wind_speed": "ws", "wind_direction": "wd", "temperature": "air_temp"}


@kept("learning")
def main() -> None:
    """Print a table for each case."""
    for title, dataset in cases():
        _report(title, dataset)


def cases() -> Iterator[tuple[str, Series]]:
    """Each case's title and dataset."""
    uk = uk_sample()
    since = pd.Timestamp("2002-06-30T01:00Z")
    yield "NO2, UK, 18 months", dataset_of(uk[uk["time"] >= since], "no2", of_hours=True)
    yield "NO2, UK, three years", dataset_of(uk, "no2", of_hours=True)
    if ARCHIVE.is_dir():
        yield "PM2.5, Beijing, a year", dataset_of(beijing(), "pm25", of_hours=False)
    else:
        print("Beijing is left out: OPENAQ_ARCHIVE names no archive")


def _report(title: str, dataset: Series) -> None:
    learned, scored = dataset.training(), dataset.holdout()
    began = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        waiting = [pool.submit(trials.evaluate, dataset, LEARNING, *one) for one in _drawn(LEARNING)]
        results = [one.result() for one in waiting]
    took = time.perf_counter() - began
    verdicts = {
        family.name: judge(dataset, LEARNING, [one for one in results if one.family == family.name], None).verdict
        for family in LEARNING.families
    }
    linear = verdicts["linear"]
    naive = min(linear.scores[:2], key=lambda one: one.by("rmse"))
    print(f"\n{title}: {learned.sum()} rows to learn from, {scored.sum()} in the holdout from {dataset.holdout_from}")
    print(f"  {'RMSE and MAE on the holdout':<38}RMSE    MAE   RMSE on the folds")
    for one in linear.scores[:2]:
        _line(one, [fold.naive[one.name] for fold in linear.folds])
    for name, predictor in PLAIN.items():
        _line(rate(name, predictor, dataset, learned, scored), on_folds(predictor, dataset))
    for name, verdict in verdicts.items():
        chosen = best(verdict.trials, METRIC)
        _line(verdict.challenger.model_copy(update={"name": f"ours, {name}"}), chosen.folds, _shown(chosen))
        rmse = verdict.challenger.by("rmse")
        figure(f"{title}: {name} on the holdout", rmse, "RMSE, µg/m³", beside=(naive.name, naive.by("rmse")))
    chosen = best(results, METRIC)
    bands = verdicts[chosen.family].bands
    assert bands is not None
    print(f"  chosen by the folds alone: {chosen.family}")
    print(f"  bands around it, of {bands.nominal:.0%}: {bands.coverage:.1%} inside, {bands.width:.1f} wide on average")
    print("    " + "  ".join(f"{one.month} {one.coverage:.0%}" for one in bands.by_month))
    for family in LEARNING.families:
        seconds = [one.seconds or 0.0 for one in results if one.family == family.name]
        print(f"  {len(seconds)} trials of {family.name}: {sum(seconds):.1f} s, longest {max(seconds):.1f} s")
    print(f"  all trials, two workers: {took:.1f} s")
    figure(f"{title}: inside the bands", 100 * bands.coverage, "%")
    figure(f"{title}: all trials, two workers", took, "s")


def _line(holdout: Score, folds: Sequence[float], more: str = "") -> None:
    each = " ".join(f"{fold:.1f}" for fold in folds)
    own = f"{holdout.name:<34}{holdout.by('rmse'):7.2f}{holdout.by('mae'):7.2f}"
    print(f"  {own}   {np.mean(folds):6.2f} ({each})  {more}")


def rate(name: str, predictor: Predictor, dataset: Series, learned: split.Mask, scored: split.Mask) -> Score:
    """Its score on the rows that are `scored`."""
    return score(name, predictor(dataset, learned, scored), dataset.target[scored])


def on_folds(predictor: Predictor, dataset: Series) -> list[float]:
    """Its score on each fold."""
    folds = trials.folds(dataset, LEARNING)
    return [rate("", predictor, dataset, fold.learn, fold.score).by(METRIC) for fold in folds]


def _drawn(learning: Learning) -> list[tuple[str, int, trials.Parameters]]:
    return [
        (family.name, number, parameters)
        for family in learning.families
        for number, parameters in enumerate(drawing.draw(family, None))
    ]


def _shown(result: Trial) -> str:
    return " ".join(f"{name}={value:.3g}" for name, value in result.parameters.items())


def _ridge(dataset: Series, learned: split.Mask, scored: split.Mask) -> Array:
    rows, target = dataset.rows, dataset.target[learned]
    three = rows[THREE].fillna(rows.loc[learned, THREE].mean()).to_numpy(dtype=float)
    three = (three - three[learned].mean(axis=0)) / three[learned].std(axis=0)
    gram = three[learned].T @ three[learned] + np.eye(len(THREE))
    weights = np.linalg.solve(gram, three[learned].T @ (target - target.mean()))
    answers: Array = target.mean() + three[scored] @ weights
    return answers


def _trees(dataset: Series, learned: split.Mask, scored: split.Mask) -> Array:
    every = dataset.rows[list(dataset.features)].to_numpy(dtype=float)
    settings = {"verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
    trees = lightgbm.train(settings, lightgbm.Dataset(every[learned], dataset.target[learned]))
    return np.asarray(trees.predict(every[scored]))


PLAIN: dict[str, Predictor] = {"ridge on three features": _ridge, "LightGBM with its defaults": _trees}


def features_of(observations: pd.DataFrame, parameter: str) -> pd.DataFrame:
    found = [
        hourly.build(observations, parameter=parameter, learning=LEARNING, location=int(location))
        for location in observations["location"].unique()
    ]
    return pd.concat(found, ignore_index=True)


def dataset_of(observations: pd.DataFrame, parameter: str, *, of_hours: bool) -> Series:
    rows = label(features_of(observations, parameter), LEARNING.horizon_hours)
    whole = Series("", parameter, "µg/m³", LEARNING.horizon_hours, datetime.max, rows)
    hours = np.sort(rows["target_at"].unique())
    first, last = rows["time"].min(), rows["target_at"].max()
    cut = pd.Timestamp(hours[int(0.8 * len(hours))]) if of_hours else last - 0.2 * (last - first)
    return replace(whole, holdout_from=cut)


def uk_sample() -> pd.DataFrame:
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


def beijing() -> pd.DataFrame:
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
