"""Fix a dataset, and draw the list of trials on it.

A dataset is named by a fingerprint of everything it is made of: the accepted days that had ended at as-of, the
declaration, the code. Days that came later are not part of it, even in the same month, so the same as-of always gives
the same dataset. Nor is the live model: training again on a dataset that is already decided does nothing, and a
champion that changes in between competes on the next dataset.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
import pandas as pd

from steps.archive import layout
from steps.backends import caching, catalog, datasets, judged, measurements, objects
from steps.backends.objects import Bucket
from steps.checking.leaks import finding as leaks
from steps.contract import declaration as declared
from steps.contract import reach, selection
from steps.contract.command import declaration_option, log, run, selection_options, write_json, write_text
from steps.contract.declaration import Declaration
from steps.errors import CheckFailed
from steps.features import keys
from steps.learning import DECIDED_BY, drawing, enough, inputs, lake, split
from steps.learning.champion import live_recipe
from steps.learning.dataset import Series, label
from steps.summaries.dataset import SeriesDataset


@click.command()
@declaration_option
@selection_options
@click.option("--workers", type=click.IntRange(min=1), required=True, help="How many may run a family's trials.")
@click.option("--dataset-out", type=click.Path(path_type=Path), required=True, help="The dataset's fingerprint.")
@click.option("--workers-out", type=click.Path(path_type=Path), required=True, help="The workers, a JSON list.")
@click.option("--summary-out", type=click.Path(path_type=Path), required=True, help="What it holds, as JSON.")
def command(
    *,
    declaration: str,
    locations: str,
    parameter: str,
    as_of: str,
    created: str,
    workers: int,
    dataset_out: Path,
    workers_out: Path,
    summary_out: Path,
) -> None:
    """Fix the dataset of the accepted data up to as-of, and draw its trials."""
    project = declared.parse(declaration)
    chosen, target = selection.locations(locations, project), selection.parameter(parameter, project)
    most = selection.pods(workers, project, fan_outs=len(project.learning.families))
    summary = snapshot(objects.lake(), project, chosen, target, selection.as_of(as_of, created))
    width = min(most, max(summary.trials.values()))
    write_json(summary_out, summary.to_json())
    write_text(workers_out, caching.canonical(list(range(width))))
    write_text(dataset_out, summary.fingerprint)


def snapshot(
    bucket: Bucket, project: Declaration, locations: Sequence[int], parameter: str, as_of: datetime
) -> SeriesDataset:
    """Put the dataset and its trials into the lake, unless they are there; returns its summary.

    Raises:
        CheckFailed: there are no features, too few rows to learn from, or rows that would make scores lie.
    """
    months = keys.months(project.name, project, locations, parameter, last=as_of.astimezone(UTC).date())
    days = {day for month in months for day in month.days if day.last_hour <= as_of}
    if not days:
        raise CheckFailed(
            f"no day of {parameter} is known at locations {', '.join(map(str, locations))} up to {as_of:%F}; "
            f"run {project.name}-backfill first"
        )
    fingerprint = caching.key(
        "snapshot",
        days=sorted([day.location, day.day.isoformat(), day.etag] for day in days),
        declaration=project.model_dump(mode="json", exclude={"title", "locations", "window_days"}),
        code=reach.digest("steps.snapshot", *DECIDED_BY, *project.learning.code),
        parameter=parameter,
        locations=sorted(locations),
        neighbours={str(month.location): month.neighbours for month in months},
    )
    if found := lake.find(bucket, project.name, fingerprint, SeriesDataset):
        log.info("dataset %s is there: %d rows", fingerprint, found.rows)
        return found
    features = _ended(keys.read(bucket, months), days)
    for location, reason in judged.left_out(project.name, parameter, locations).items():
        log.warning("location %d is left out: %s", location, reason)
    near = {month.location: month.neighbours for month in months}
    reporting = partial(measurements.reporting, project.name, locations)
    looked = leaks.found(features, parameter, near, reporting, project.learning.interval)
    if looked.refused:
        words = "; ".join(looked.refused)
        raise CheckFailed(f"{words}; leave the location out with `locations`, or have its source fixed")
    for words in looked.said:
        log.warning("%s", words)
    dataset = replace(_dataset(features, project, parameter, fingerprint), notes=tuple(looked.said))
    times = dataset.rows["target_at"]
    what = f"{len(times)} rows with targets from {times.min():%F} to {times.max():%F}"
    enough.check(dataset, project.learning.folds, what)
    champion = live_recipe(project.name, parameter)
    drawn = {family.name: drawing.draw(family, champion) for family in project.learning.families}
    datasets.put_files(bucket, project.name, fingerprint, map(_raw_file, days))
    lake.save(bucket, project.name, dataset, drawn)
    summary = dataset.summary(drawn)
    if missing := sorted(set(locations).difference(summary.locations)):
        log.warning("no %s to learn from at %s", parameter, ", ".join(map(str, missing)))
    log.info("dataset %s: %d rows, %d features", fingerprint, summary.rows, summary.features)
    return summary


def _ended(features: pd.DataFrame, days: Iterable[catalog.Accepted]) -> pd.DataFrame:
    """The rows of each location up to the last hour of its last complete day."""
    last: dict[int, datetime] = {}
    for day in days:
        last[day.location] = max(day.last_hour, last.get(day.location, day.last_hour))
    return features[features["time"] <= features["location"].map(pd.Series(last))]


def _raw_file(day: catalog.Accepted) -> datasets.RawFile:
    path = layout.path(day.location, day.day)
    return datasets.RawFile(day.location, day.day.isoformat(), day.etag, path, day.raw_key)


def _dataset(features: pd.DataFrame, project: Declaration, parameter: str, fingerprint: str) -> Series:
    learning = project.learning
    if dead := inputs.dead(features):
        log.warning("left out, since no location has had them for %d days: %s", inputs.DEAD_AFTER.days, ", ".join(dead))
    rows = label(features.drop(columns=dead), learning.horizon_hours, learning.interval)
    return Series(
        fingerprint=fingerprint,
        parameter=parameter,
        unit=project.quantities[parameter].unit,
        frequency=learning.frequency,
        horizon_hours=learning.horizon_hours,
        holdout_from=split.holdout_from(rows["target_at"], learning.holdout_share),
        rows=rows,
    )


if __name__ == "__main__":
    run(command)
