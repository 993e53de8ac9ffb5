"""Predictions: the hours to come, after the last ones, which can already be compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.report.story import Story
from steps.pages.markup import Child, Markup, join, tag
from steps.pages.parts import facts, note, section, table, unfolds
from steps.pages.plot import at, column, legend, line, plot, upright
from steps.pages.scale import Scale, around, hours
from steps.pages.words import count, hour, moment, parameter_name, quantity
from steps.summaries.base import known
from steps.summaries.decision import Decision
from steps.summaries.predictions import Predictions

_MOST_CHARTS = 8
_RECENT = timedelta(hours=72)
_HOUR = timedelta(hours=1)
Series = dict[datetime, float]


@dataclass
class Place:
    """What is known and predicted at one location."""

    measured: Series = field(default_factory=dict)
    predicted: Series = field(default_factory=dict)
    coming: Series = field(default_factory=dict)


def predictions(story: Story) -> Markup:
    """One chart for each location, and the numbers."""
    found = story.latest(Predictions)
    subject, unit, as_of = parameter_name(found.parameter), found.unit, found.as_of
    if not found.rows:
        return section("predictions", "The next hours", None, note(found.words or "Nothing was predicted."))
    places = {location: place for location, place in _places(story, found).items() if place.coming}
    version = None if found.version is None else f"version {found.version}"
    error = None if found.live_rmse is None else f"{quantity(found.live_rmse, 2)} {unit}"
    return section(
        "predictions",
        "The next hours",
        join(f"Made as of {moment(as_of)}.", tag("br") if story.attribution else None, story.attribution),
        facts([("Model", version), ("Predictions", count(len(found.rows), "hour")), ("Live error (RMSE)", error)]),
        legend(("truth", "measured"), ("forecast", "predicted")),
        *(_chart(location, place, as_of, subject, unit) for location, place in list(places.items())[:_MOST_CHARTS]),
        unfolds("The numbers", _table(places, subject, unit)),
    )


def _places(story: Story, found: Predictions) -> dict[str, Place]:
    held_out = known(lambda: _held_out(story.latest(Decision), found.parameter)) or {}  # its section says what is wrong
    places = {location: Place(measured) for location, measured in held_out.items()}
    for row in found.rows:
        places.setdefault(str(row.location), Place()).coming[row.target_at] = row.value
    for past in found.recent:
        place = places.setdefault(str(past.location), Place())
        for value, series in ((past.observed, place.measured), (past.predicted, place.predicted)):
            if value is not None:
                series[past.target_at] = value
    return places


def _held_out(decision: Decision, parameter: str) -> Mapping[str, Series]:
    """What was measured at the end of the holdout: all there is to compare before the first predictions come true."""
    if decision.parameter != parameter:
        return {}
    return {
        location: {time: value for time, value in zip(own.time, own.truth, strict=True) if value is not None}
        for location, own in decision.forecast.items()
    }


def _chart(location: str, place: Place, as_of: datetime, subject: str, unit: str) -> Markup:
    since = min(place.coming) - _RECENT
    known, said = (
        {time: series[time] for time in series if time >= since} for series in (place.measured, place.predicted)
    )
    times = sorted({*known, *said, *place.coming})
    x, x_ticks = hours(times[0], times[-1])
    y, y_ticks = around([*known.values(), *said.values(), *place.coming.values()], from_zero=True)
    width = 3600 / (x.high - x.low)
    now = x.share(as_of.timestamp())
    lowest, highest = min(place.coming.values()), max(place.coming.values())
    range_ = f"{quantity(lowest, 1)} to {quantity(highest, 1)} {unit}"
    return tag(
        "div",
        tag("h3", f"Location {location}", tag("small", f"{range_} in the next {count(len(place.coming), 'hour')}")),
        plot(
            f"Predicted {subject} at location {location}",
            f"From {hour(min(place.coming))} to {hour(max(place.coming))} UTC: {range_}.",
            _future(now) if 0 <= now < 1 else None,
            _drawn(said | _bridge(said, place.coming), x, y, "forecast"),
            _drawn(place.coming, x, y, "forecast next"),
            _drawn(known, x, y, "truth"),
            *(column(x.share(time.timestamp()) - width / 2, width, _title(time, place, unit)) for time in times),
            x_ticks=x_ticks,
            y_ticks=y_ticks,
            unit=f"{subject}, {unit}",
            height=190,
        ),
        class_="block",
    )


def _future(now: float) -> Markup:
    """The part of the plot that has not been measured yet."""
    shade = tag("rect", x=at(now), width=at(1 - now), height="100%", class_="future")
    return tag("g", shade, upright(now, 0, 1, "rule"), tag("text", "as of", x=at(now), y=-7, class_="tick"))


def _bridge(said: Series, coming: Series) -> Series:
    """The first coming hour, if earlier predictions lead up to it, so that the line does not break."""
    first = min(coming)
    return {first: coming[first]} if first - _HOUR in said else {}


def _drawn(series: Series, x: Scale, y: Scale, class_: str) -> Markup:
    return line(
        [(x.share(time.timestamp()), y.share(value) if value is not None else None) for time, value in _hourly(series)],
        class_,
    )


def _hourly(series: Series) -> Iterator[tuple[datetime, float | None]]:
    """The series in order, with a gap where an hour is missing."""
    before: datetime | None = None
    for time, value in sorted(series.items()):
        if before is not None and time - before > _HOUR:
            yield before + _HOUR, None
        yield time, value
        before = time


def _title(time: datetime, place: Place, unit: str) -> str:
    known = (("measured", place.measured), ("predicted", place.predicted), ("predicted", place.coming))
    return "\n".join([hour(time), *(f"{name} {quantity(one[time], 1)} {unit}" for name, one in known if time in one)])


def _table(places: dict[str, Place], subject: str, unit: str) -> Markup:
    times = sorted({time for place in places.values() for time in place.coming})
    rows: list[list[Child]] = [
        [hour(time), *(quantity(place.coming[time], 1) if time in place.coming else "–" for place in places.values())]
        for time in times
    ]
    return table(["Hour, UTC", *(f"#{location}, {unit}" for location in places)], rows, f"Predicted {subject}")
