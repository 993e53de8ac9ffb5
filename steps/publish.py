"""The daily predictions: the last 24 hours of features give the next 24 hours (the last day the next), which go into
the warehouse.

It needs neither the tracking server nor the model server: the live model comes straight from the object store, by the
address and digest in the table of promotions. Publishing again replaces the same rows. Earlier predictions are joined
with what has come true since, which shows how the live model is doing. With the predictions go the features of each
location's newest hour, by which the model server can be asked about a location.

A challenger on trial predicts the same hours, and so does the model that was live before a new champion, for as long
as the project declares: the monitor compares them. Neither costs a forecast where it cannot answer.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click
import numpy as np
import pandas as pd

from steps.backends import challengers, judged, objects, promotions, warehouse
from steps.backends.database import begin
from steps.backends.promotions import Champion, Promotion
from steps.backends.warehouse import Outcome, Prediction, Role, online
from steps.backends.warehouse.online import Online
from steps.contract import declaration as declared
from steps.contract import selection
from steps.contract.command import declaration_option, log, run, selection_options, write_json
from steps.contract.declaration import Declaration
from steps.errors import CheckFailed, StepError
from steps.features import keys
from steps.models import Model
from steps.models.bands import Bands
from steps.pages.words import count
from steps.release import stored
from steps.summaries import predictions
from steps.summaries.intervals import DAY, HOUR, Interval
from steps.summaries.predictions import Past, Predictions

PERIOD = timedelta(hours=24)
WATCHED = timedelta(days=30)
_SHOWN: Final = {HOUR: timedelta(days=3), DAY: WATCHED}
_MOST_LACKED: Final = 0.5  # of the model's answers, by importance
_NAMED: Final = 5


@click.command()
@declaration_option
@selection_options
@click.option("--days", type=click.IntRange(1), default=1, help="So many days in their order, the last one of as-of.")
@click.option("--summary-out", type=click.Path(path_type=Path), required=True, help="What was published, as JSON.")
def command(
    *, declaration: str, locations: str, parameter: str, as_of: str, created: str, days: int, summary_out: Path
) -> None:
    """Predict the next 24 hours, or the next day, with the live model and write them to the warehouse."""
    project = declared.parse(declaration)
    parameter = selection.parameter(parameter, project)
    places = selection.locations(locations, project)
    last = selection.as_of(as_of, created)
    for earlier in reversed(range(days)):
        published = publish(project, places, parameter, last - earlier * PERIOD)
        log.info(published.words)
    write_json(summary_out, published.to_json())


def publish(project: Declaration, places: Sequence[int], parameter: str, now: datetime) -> Predictions:
    """Publish a day. Its bands follow the misses of the days before, so days are published in their order.

    Raises:
        CheckFailed: the rows lack too much or have an infinite feature, or an answer is not a finite number.
    """
    with begin() as connection:
        live = promotions.champion(connection, project.name)
    unit = project.quantities[parameter].unit
    if live is None or live.parameter != parameter:
        other = f" (the live one predicts {live.parameter})" if live else ""
        words = f"No model of {project.name} that predicts {parameter} is live{other}: nothing was published."
        return Predictions(as_of=now, parameter=parameter, unit=unit, words=words)
    frame = _features(project, places, parameter, now)
    earlier = _outcomes(project.name, parameter, now)
    made, lacked = predict(frame, live, now, timedelta(hours=project.learning.horizon_hours))
    made = banded(made, stored.around(live.model_uri, live.digest), earlier, now)
    others, besides = _beside(project, live, frame, now) if made else ([], "")
    newest = _newest(frame, live, now, made) if made else []
    outcomes = _published(project.name, parameter, now, [*made, *others], newest)
    interval = project.learning.interval
    ahead = f"{count(len(made), interval.name)} ahead"
    words = f"Published {ahead} with version {live.version}." if made else _nothing(frame, now, interval)
    words += besides + _without(lacked) + _left_out(judged.left_out(project.name, parameter, places))
    return Predictions(
        as_of=now,
        parameter=parameter,
        unit=unit,
        version=live.version,
        rows=tuple(map(predictions.Prediction.of, made)),
        recent=tuple(_recent(outcomes, frame, now, interval)),
        frequency=project.learning.frequency,
        live_rmse=warehouse.rmse(outcomes),
        lacked=lacked,
        words=words,
    )


def _features(project: Declaration, locations: Sequence[int], parameter: str, now: datetime) -> pd.DataFrame:
    """The rows of the watched days up to `now`."""
    first, last = (now - WATCHED).date(), now.date()
    months = keys.months(project.name, project, locations, parameter, first=first, last=last)
    frame = keys.read(objects.lake(), months)
    return frame[(frame["time"] > now - WATCHED) & (frame["time"] <= now)]


def predict(
    frame: pd.DataFrame, live: Champion | Promotion, now: datetime, horizon: timedelta, role: Role = "champion"
) -> tuple[list[Prediction], tuple[str, ...]]:
    """A model's answers to the rows with t in (now − 24 h, now], each for t + horizon; and the features that it
    has learned from and that no row has, because a sensor died or a location went. It does without them, as with any
    missing value, unless they carry more than half of its answers.

    Raises:
        CheckFailed: the rows lack too much or have an infinite feature, or an answer is not a finite number.
    """
    version = int(live.version or 0)
    model = stored.load(str(live.model_uri), str(live.digest)).model
    rows = frame[frame["time"] > now - PERIOD]
    if rows.empty:
        return [], ()
    rows = rows.assign(**{name: np.nan for name in model.features if name not in rows})
    lacked = _lacked(model, rows, version)
    values = rows[list(model.features)].to_numpy(dtype=np.float64)
    if np.isinf(values).any():
        raise CheckFailed("a feature of the last 24 hours is infinite; run the project's backfill again")
    answers = model.predict(values)
    if not np.isfinite(answers).all():
        raise CheckFailed(f"version {version} answered something that is not a number; it is not published")
    pairs = zip(rows["location"], rows["time"], answers, strict=True)
    named = ", ".join(lacked) or None
    made = [
        Prediction(int(location), time.to_pydatetime() + horizon, float(answer), version, now, lacked=named, role=role)
        for location, time, answer in pairs
    ]
    return made, lacked


def _beside(project: Declaration, live: Champion, frame: pd.DataFrame, now: datetime) -> tuple[list[Prediction], str]:
    """The answers of the models that predict beside the live one, and in words which they are."""
    found, words = [], ""
    for role, model in _others(project, live, now):
        what = f"Version {model.version}, {'on trial' if role == 'challenger' else 'live before'},"
        try:
            found += predict(frame, model, now, timedelta(hours=project.learning.horizon_hours), role)[0]
            words += f" {what} predicted the same {project.learning.interval.name}s."
        except StepError as error:
            words += f" {what} could not predict: {error}."
    return found, words


def _others(project: Declaration, live: Champion, now: datetime) -> list[tuple[Role, Promotion]]:
    """The challenger on trial, and the former champion while the live one is new."""
    found: list[tuple[Role, Promotion]] = []
    with begin() as connection:
        trial = challengers.on_trial(connection, project.name)
        if trial is not None and trial.since is not None and trial.model.parameter == live.parameter:
            found.append(("challenger", trial.model))
        former = promotions.former(connection, project.name)
        began = warehouse.began(connection, project.name, live.parameter, live.version)
    guarded = timedelta(days=project.learning.gate.guarded_days)
    if former is not None and guarded and (began is None or now < began + guarded):
        found.append(("former", former))
    return found


def _lacked(model: Model, rows: pd.DataFrame, version: int) -> tuple[str, ...]:
    shares = model.importance()
    lacked = tuple(name for name in model.features if shares[name] > 0 and rows[name].isna().all())
    share = sum(shares[name] for name in lacked)
    if share > _MOST_LACKED:
        raise CheckFailed(
            f"the rows lack {len(lacked)} of the model's {len(model.features)} features ({', '.join(lacked[:_NAMED])})"
            f", which carry {share:.0%} of its answers; version {version} cannot do without them: train again"
        )
    return lacked


def _without(lacked: Sequence[str]) -> str:
    """What the model did without, in words."""
    if not lacked:
        return ""
    more = ", …" if len(lacked) > _NAMED else ""
    return (
        f" It did without {count(len(lacked), 'feature')} that no location has any more: {', '.join(lacked[:_NAMED])}"
        f"{more}; the next training leaves out what has stopped."
    )


def _left_out(found: Mapping[int, str]) -> str:
    """Which locations have no forecast, and why."""
    return "".join(f" Location {location} is left out: {reason}." for location, reason in found.items())


def banded(made: list[Prediction], bands: Bands | None, earlier: Sequence[Outcome], now: datetime) -> list[Prediction]:
    """The predictions with their bands, which follow the misses of earlier days that are over; unchanged if the model
    has no bands."""
    if bands is None or not made:
        return made
    missed: defaultdict[int, defaultdict[datetime, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for one in earlier:
        day = one.target_at.replace(hour=0, minute=0, second=0, microsecond=0)
        if one.version == made[0].version and one.missed is not None and day + PERIOD <= now:
            missed[one.location][day].append(one.missed)
    for location, days in missed.items():
        bands = bands.following(location, [float(np.mean(days[day])) for day in sorted(days)])
    low, high = bands.around(np.array([one.location for one in made]), np.array([one.value for one in made]))
    ends = zip(made, low, high, strict=True)
    return [replace(one, low=float(lower), high=float(upper)) for one, lower, upper in ends]


def _outcomes(project: str, parameter: str, now: datetime) -> list[Outcome]:
    """The predictions of the watched days, and what came true."""
    with begin() as connection:
        return warehouse.outcomes(connection, project, parameter, now - WATCHED, now)


def _newest(frame: pd.DataFrame, live: Champion, now: datetime, made: Sequence[Prediction]) -> list[Online]:
    """The features of each location's newest hour of the 24 up to `now`, and what was `made` of them."""
    predicted = {one.location: one for one in sorted(made, key=lambda one: one.target_at)}
    rows = frame[frame["time"] > now - PERIOD].drop_duplicates("location", keep="last")
    names = [str(name) for name in rows if name not in ("location", "time", "value")]
    values = rows[names].to_numpy(dtype=np.float64)
    return [
        Online(
            location=int(location),
            time=time.to_pydatetime(),
            target_at=predicted[int(location)].target_at,
            as_of=now,
            version=live.version,
            low=predicted[int(location)].low,
            high=predicted[int(location)].high,
            features={name: value if np.isfinite(value) else None for name, value in zip(names, row, strict=True)},
        )
        for location, time, row in zip(rows["location"], rows["time"], values.tolist(), strict=True)
    ]


def _published(
    project: str, parameter: str, now: datetime, made: Sequence[Prediction], newest: Sequence[Online]
) -> list[Outcome]:
    """Write the predictions and the newest features; returns the outcomes of the watched days."""
    with begin() as connection:
        warehouse.record(connection, project, parameter, made)
        online.record(connection, project, parameter, newest)
        return warehouse.outcomes(connection, project, parameter, now - WATCHED, now)


def _nothing(frame: pd.DataFrame, now: datetime, interval: Interval) -> str:
    none = f"hour of the 24 up to {now.isoformat()}" if interval is HOUR else f"day that ended by {now.isoformat()}"
    newest = f"the newest is {frame['time'].max().isoformat()}" if not frame.empty else "there are none in 30 days"
    return f"No {none} has features ({newest}): nothing was published."


def _recent(outcomes: Sequence[Outcome], frame: pd.DataFrame, now: datetime, interval: Interval) -> list[Past]:
    """The last days hour by hour, or day by day: predicted and measured values, None if missing."""
    predicted = {(one.target_at, one.location): one.predicted for one in outcomes}
    known = frame[frame["value"].notna()]
    hours = zip(known["time"], known["location"], known["value"], strict=True)
    observed = {(time.to_pydatetime(), int(location)): float(value) for time, location, value in hours}
    return [
        Past(
            location=location,
            target_at=time,
            predicted=predicted.get((time, location)),
            observed=observed.get((time, location)),
        )
        for time, location in sorted(predicted.keys() | observed.keys())
        if time > now - _SHOWN[interval]
    ]


if __name__ == "__main__":
    run(command)
