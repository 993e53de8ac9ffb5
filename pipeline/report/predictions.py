"""Predictions: the hours or days to come, after the last ones, which can already be compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.report.story import Story
from steps.pages.markup import Child, Markup, join, tag
from steps.pages.parts import facts, note, section, table, unfolds
from steps.pages.plot import at, column, legend, line, marker, plot, upright
from steps.pages.scale import Scale, around, hours
from steps.pages.words import count, moment, parameter_name, quantity
from steps.summaries import intervals
from steps.summaries.base import known
from steps.summaries.decision import Decision
from steps.summaries.intervals import DAY, HOUR, Interval
from steps.summaries.predictions import Predictions

_MOST_CHARTS = 8
_RECENT = {HOUR: timedelta(hours=72), DAY: timedelta(days=60)}
Series = dict[datetime, float]


@dataclass
class Place:
    """What is known and predicted at one location, each at its place in time. `ends`: of the bands of what comes."""

    interval: Interval
    measured: Series = field(default_factory=dict)
    predicted: Series = field(default_factory=dict)
    coming: Series = field(default_factory=dict)
    ends: dict[datetime, tuple[float, float]] = field(default_factory=dict)


def predictions(story: Story) -> Markup:
    """One chart for each location, and the numbers."""
    found = story.latest(Predictions)
    subject, unit, as_of = parameter_name(found.parameter), found.unit, found.as_of
    interval = intervals.of(found.frequency)
    title = f"The next {interval.name}s"
    if not found.rows:
        return section("predictions", title, None, note(found.words or "Nothing was predicted."))
    now = interval.placed(as_of) + (interval.length / 2 if interval is DAY else timedelta())
    places = {location: place for location, place in _places(story, found).items() if place.coming}
    version = None if found.version is None else f"version {found.version}"
    ahead = count(len(found.rows), interval.name)
    error = None if found.live_rmse is None else f"{quantity(found.live_rmse, 2)} {unit}"
    return section(
        "predictions",
        title,
        join(f"Made as of {moment(as_of)}.", tag("br") if story.attribution else None, story.attribution),
        facts([("Model", version), ("Predictions", ahead), ("Live error (RMSE)", error)]),
        legend(("truth", "measured"), ("forecast", "predicted")),
        *(_chart(location, place, now, subject, unit) for location, place in list(places.items())[:_MOST_CHARTS]),
        unfolds("The numbers", _table(places, subject, unit)),
    )


def _places(story: Story, found: Predictions) -> dict[str, Place]:
    held_out = known(lambda: _held_out(story.latest(Decision), found.parameter)) or {}  # its section says what is wrong
    interval = intervals.of(found.frequency)
    places = {location: Place(interval, measured) for location, measured in held_out.items()}
    for row in found.rows:
        place = places.setdefault(str(row.location), Place(interval))
        place.coming[interval.placed(row.target_at)] = row.value
        if row.low is not None and row.high is not None:
            place.ends[interval.placed(row.target_at)] = row.low, row.high
    for past in found.recent:
        place = places.setdefault(str(past.location), Place(interval))
        for value, series in ((past.observed, place.measured), (past.predicted, place.predicted)):
            if value is not None:
                series[interval.placed(past.target_at)] = value
    return places


def _held_out(decision: Decision, parameter: str) -> Mapping[str, Series]:
    """What was measured at the end of the holdout: all there is to compare before the first predictions come true."""
    if decision.parameter != parameter:
        return {}
    placed = intervals.of(decision.frequency).placed
    return {
        location: {placed(time): value for time, value in zip(own.time, own.truth, strict=True) if value is not None}
        for location, own in decision.forecast.items()
    }


def _chart(location: str, place: Place, as_of: datetime, subject: str, unit: str) -> Markup:
    interval = place.interval
    since = min(place.coming) - _RECENT[interval]
    known, said = (
        {time: series[time] for time in series if time >= since} for series in (place.measured, place.predicted)
    )
    times = sorted({*known, *said, *place.coming})
    many = len(place.coming) > 1
    alone = {} if many else place.ends
    x, x_ticks = hours(times[0], times[-1] + (timedelta() if many else interval.length))
    drawn = [*known.values(), *said.values(), *place.coming.values(), *(end for ends in alone.values() for end in ends)]
    y, y_ticks = around(drawn, from_zero=True)
    width = interval.length.total_seconds() / (x.high - x.low)
    now = x.share(as_of.timestamp())
    lowest, highest = min(place.coming.values()), max(place.coming.values())
    range_ = f"{quantity(lowest, 1)} to {quantity(highest, 1)} {unit}" if many else f"{quantity(lowest, 1)} {unit}"
    ahead = count(len(place.coming), interval.name) if many else interval.name
    return tag(
        "div",
        tag("h3", f"Location {location}", tag("small", f"{range_} in the next {ahead}")),
        plot(
            f"Predicted {subject} at location {location}",
            f"From {interval.span(min(place.coming), max(place.coming))}: {range_}.",
            _future(now) if 0 <= now < 1 else None,
            _drawn(said | _bridge(said, place), x, y, interval, "forecast"),
            _drawn(place.coming, x, y, interval, "forecast next"),
            _drawn(known, x, y, interval, "truth"),
            None if many else _alone(place, x, y),
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


def _alone(place: Place, x: Scale, y: Scale) -> Markup:
    """The only one that is coming, which no line would show, and its band."""
    ((time, value),) = place.coming.items()
    place_x = x.share(time.timestamp())
    low, high = place.ends.get(time, (value, value))
    band = upright(place_x, y.share(low), y.share(high), "whisker")
    return tag("g", band, marker(place_x, y.share(value), 0, "mark"), class_="f0")


def _bridge(said: Series, place: Place) -> Series:
    """The first that is coming, if earlier predictions lead up to it, so that the line does not break."""
    first = min(place.coming)
    return {first: place.coming[first]} if first - place.interval.length in said else {}


def _drawn(series: Series, x: Scale, y: Scale, interval: Interval, class_: str) -> Markup:
    points = _in_order(series, interval)
    return line(
        [(x.share(time.timestamp()), y.share(value) if value is not None else None) for time, value in points], class_
    )


def _in_order(series: Series, interval: Interval) -> Iterator[tuple[datetime, float | None]]:
    """The series in order, with a gap where something is missing."""
    before: datetime | None = None
    for time, value in sorted(series.items()):
        if before is not None and time - before > interval.length:
            yield before + interval.length, None
        yield time, value
        before = time


def _title(time: datetime, place: Place, unit: str) -> str:
    known = (("measured", place.measured), ("predicted", place.predicted), ("predicted", place.coming))
    label = place.interval.label(time)
    return "\n".join([label, *(f"{name} {quantity(one[time], 1)} {unit}" for name, one in known if time in one)])


def _table(places: dict[str, Place], subject: str, unit: str) -> Markup:
    coming = [place.coming for place in places.values()]
    times = sorted({time for own in coming for time in own})
    interval = next(iter(places.values())).interval
    rows: list[list[Child]] = [
        [interval.label(time), *(quantity(own[time], 1) if time in own else "–" for own in coming)] for time in times
    ]
    head = ["Day" if interval is DAY else "Hour, UTC", *(f"#{location}, {unit}" for location in places)]
    return table(head, rows, f"Predicted {subject}")
