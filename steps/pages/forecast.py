"""Forecast: what the new model said about the end of the holdout, hour by hour, beside what came true."""

import math

from steps.pages.attribution import attribution
from steps.pages.fields import Absent, Fields, Unreadable
from steps.pages.markup import Markup, join, tag
from steps.pages.parts import note, section
from steps.pages.plot import area, column, legend, line, plot
from steps.pages.scale import around, hours
from steps.pages.words import count, hour, names, parameter_name, percent, quantity

_MOST_CHARTS = 8
_MOST_HOURS_TO_POINT_AT = 1500  # in one page: each costs a hundred bytes


def forecast(decision: Fields) -> Markup:
    """One chart for each location."""
    if "answers" in decision and "truth" in decision.inner("answers"):
        raise Absent("the decision was made on a table.")
    found = decision.inner("forecast")
    locations = list(found)
    unit = decision.text_or("unit")
    subject = parameter_name(decision.text("parameter"))
    shown = locations[:_MOST_CHARTS]
    line_of_source = attribution(locations)
    left = len(locations) - len(shown)
    budget = _MOST_HOURS_TO_POINT_AT // max(len(shown), 1)
    return section(
        "forecast",
        "Forecast and truth",
        join(
            "The end of the holdout, UTC. A break in the line: nothing was measured.",
            tag("br") if line_of_source else None,
            line_of_source,
        ),
        legend(*_kinds(found, shown)) if shown else note("Not kept."),
        *(_chart(location, found.inner(location), subject, unit, budget) for location in shown),
        note(f"{count(left, 'more location')} not drawn: {names(locations[_MOST_CHARTS:])}.") if left else None,
    )


def _kinds(found: Fields, shown: list[str]) -> list[tuple[str, str]]:
    banded = any("low" in found.inner(location) for location in shown)
    return [("truth", "measured"), ("forecast", "forecast"), *([("band", "its band")] if banded else [])]


def _chart(location: str, fields: Fields, subject: str, unit: str, budget: int) -> Markup:
    times = fields.times("time")
    truth, said = fields.numbers("truth"), fields.numbers("forecast")
    if not (len(times) == len(truth) == len(said)):
        raise Unreadable(f"{fields.where}: got {len(times)} times, {len(truth)} true values and {len(said)} forecasts")
    if not times:
        return tag("div", tag("h3", f"Location {location}"), note("No hours in the holdout."), class_="block")
    none: list[float | None] = [None] * len(times)
    low, high = (fields.numbers(name) if name in fields else none for name in ("low", "high"))
    if not (len(times) == len(low) == len(high)):
        raise Unreadable(f"{fields.where}: got {len(times)} times, bands of {len(low)} and {len(high)} hours")
    x, x_ticks = hours(times[0], times[-1])
    y, y_ticks = around([value for value in (*truth, *said, *low, *high) if value is not None], from_zero=True)
    places = [x.share(time.timestamp()) for time in times]
    drawn = [
        line(
            [(place, None if value is None else y.share(value)) for place, value in zip(places, values, strict=True)],
            kind,
        )
        for values, kind in ((said, "forecast"), (truth, "truth"))
    ]
    below, above = ([None if value is None else y.share(value) for value in values] for values in (low, high))
    width = 1 / max(len(times) - 1, 1)
    hits = [
        column(place - width / 2, width, f"{hour(time)}\nmeasured {_seen(true)}\nforecast {_seen(value)} {unit}")
        for time, place, true, value in zip(times, places, truth, said, strict=True)
    ]
    about = f"{subject} at location {location}, {hour(times[0])} to {hour(times[-1])} UTC"
    return tag(
        "div",
        tag("h3", f"Location {location}", tag("small", _fit(truth, said, unit) + _held(truth, low, high))),
        plot(
            f"Forecast and truth: {about}",
            f"Two lines in {unit}. {_fit(truth, said, unit)}{_held(truth, low, high)}.",
            area(places, below, above, "band") if any(value is not None for value in low) else None,
            *drawn,
            *(hits if len(hits) <= budget else ()),
            x_ticks=x_ticks,
            y_ticks=y_ticks,
            unit=f"{subject}, {unit}",
        ),
        class_="block",
    )


def _fit(truth: list[float | None], said: list[float | None], unit: str) -> str:
    pairs = [(true, value) for true, value in zip(truth, said, strict=True) if true is not None and value is not None]
    gaps = count(truth.count(None), "hour") + " not measured" if None in truth else ""
    if not pairs:
        return gaps
    rmse = math.sqrt(sum((true - value) ** 2 for true, value in pairs) / len(pairs))
    return f"RMSE {quantity(rmse, 2)} {unit} over {count(len(pairs), 'hour')}{f' · {gaps}' if gaps else ''}"


def _held(truth: list[float | None], low: list[float | None], high: list[float | None]) -> str:
    """How much of what is shown the bands held; nothing where there are none."""
    inside = [
        below <= true <= above
        for true, below, above in zip(truth, low, high, strict=True)
        if true is not None and below is not None and above is not None
    ]
    return f" · {percent(sum(inside) / len(inside))} inside the band" if inside else ""


def _seen(value: float | None) -> str:
    return "nothing" if value is None else quantity(value, 1)
