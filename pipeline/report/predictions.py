"""Predictions: the next hours, which nobody knows yet, after the last ones, which can be compared already."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.report.story import Story
from steps.pages.fields import Fields
from steps.pages.markup import Child, Markup, join, tag
from steps.pages.parts import facts, note, section, table, unfolds
from steps.pages.plot import at, column, legend, line, plot, upright
from steps.pages.scale import Scale, around, hours
from steps.pages.words import count, hour, moment, parameter_name, quantity

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
    fields = story.latest("predictions").fields
    subject, unit = parameter_name(fields.text("parameter")), fields.text_or("unit")
    rows = fields.objects("rows")
    if not rows:
        why = fields.text_or("words", fields.text_or("message", "Nothing was predicted."))
        return section("predictions", "The next hours", None, note(why))
    as_of = fields.time("as_of")
    places = {location: place for location, place in _places(story, fields, rows).items() if place.coming}
    version = f"version {fields.text('version')}" if "version" in fields else None
    error = f"{quantity(fields.number('live_rmse'), 2)} {unit}" if "live_rmse" in fields else None
    return section(
        "predictions",
        "The next hours",
        join(f"Made as of {moment(as_of)}.", tag("br") if story.attribution else None, story.attribution),
        facts([("Model", version), ("Predictions", count(len(rows), "hour")), ("Live error (RMSE)", error)]),
        legend(("truth", "measured"), ("forecast", "predicted")),
        *(_chart(location, place, as_of, subject, unit) for location, place in list(places.items())[:_MOST_CHARTS]),
        unfolds("The numbers", _table(places, subject, unit)),
    )


def _places(story: Story, fields: Fields, rows: list[Fields]) -> dict[str, Place]:
    places = {location: Place(measured) for location, measured in _held_out(story, fields.text("parameter")).items()}
    for row in rows:
        places.setdefault(row.text("location"), Place()).coming[row.time("target_at")] = row.number("value")
    for row in fields.objects("recent") if "recent" in fields else []:
        place = places.setdefault(row.text("location"), Place())
        for name, series in (("observed", place.measured), ("predicted", place.predicted)):
            if name in row:
                series[row.time("target_at")] = row.number(name)
    return places


def _held_out(story: Story, parameter: str) -> dict[str, Series]:
    """What was measured at the end of the holdout: before the first predictions come true, all there is to compare."""
    decision = story.find("decision")
    if decision is None or decision.fields.raw("parameter") != parameter or "forecast" not in decision.fields:
        return {}
    try:
        found = decision.fields.inner("forecast")
        places = {location: found.inner(location) for location in found}
        pairs = {name: zip(place.times("time"), place.numbers("truth"), strict=True) for name, place in places.items()}
        return {name: {time: value for time, value in pair if value is not None} for name, pair in pairs.items()}
    except ValueError:  # its own section says what is wrong with it
        return {}


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
    """The part of the plot that nobody has measured yet."""
    shade = tag("rect", x=at(now), width=at(1 - now), height="100%", class_="future")
    return tag("g", shade, upright(now, 0, 1, "rule"), tag("text", "as of", x=at(now), y=-7, class_="tick"))


def _bridge(said: Series, coming: Series) -> Series:
    """The first coming hour, where what was predicted before leads up to it, so that the line does not break."""
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
