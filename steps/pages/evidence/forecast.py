"""Forecast: the new model's forecasts for the end of the holdout, hour by hour or day by day, beside what came true."""

import math

from steps.pages.markup import Markup, join, tag
from steps.pages.parts import note, section
from steps.pages.plot import area, column, legend, line, plot
from steps.pages.scale import Scale, around, hours
from steps.pages.words import attribution, count, names, parameter_name, percent, quantity
from steps.summaries import intervals
from steps.summaries.base import Absent, Series
from steps.summaries.decision import Decision, Hours
from steps.summaries.intervals import DAY, Interval

_MOST_CHARTS = 8
_MOST_HOURS_TO_POINT_AT = 1500  # in one page; each costs a hundred bytes


def forecast(decision: Decision) -> Markup:
    """One chart for each location."""
    if decision.of_table:
        raise Absent("the decision was made on a table.")
    locations = list(decision.forecast)
    shown = {location: decision.forecast[location] for location in locations[:_MOST_CHARTS]}
    subject, unit = parameter_name(decision.parameter), decision.unit
    line_of_source = attribution(locations)
    left = len(locations) - len(shown)
    interval = intervals.of(decision.frequency)
    budget = _MOST_HOURS_TO_POINT_AT // max(len(shown), 1)
    return section(
        "forecast",
        "Forecast and truth",
        join(
            f"The end of the holdout{'' if interval is DAY else ', UTC'}. A break in the line: nothing was measured.",
            tag("br") if line_of_source else None,
            line_of_source,
        ),
        _legend(shown) if shown else note("Not kept."),
        *(_chart(location, own, subject, unit, budget=budget, interval=interval) for location, own in shown.items()),
        note(f"{count(left, 'more location')} not drawn: {names(locations[_MOST_CHARTS:])}.") if left else None,
    )


def _legend(shown: dict[str, Hours]) -> Markup:
    banded = any(own.low is not None for own in shown.values())
    return legend(("truth", "measured"), ("forecast", "forecast"), *([("band", "its band")] if banded else []))


def _chart(location: str, own: Hours, subject: str, unit: str, *, budget: int, interval: Interval) -> Markup:
    times, truth, said = [interval.placed(time) for time in own.time], own.truth, own.forecast
    if not times:
        none = f"No {interval.name}s in the holdout."
        return tag("div", tag("h3", f"Location {location}"), note(none), class_="block")
    gaps = (None,) * len(times)
    low, high = own.low or gaps, own.high or gaps
    x, x_ticks = hours(times[0], times[-1])
    y, y_ticks = around([value for value in (*truth, *said, *low, *high) if value is not None], from_zero=True)
    places = [x.share(time.timestamp()) for time in times]
    about = f"{subject} at location {location}, {interval.span(times[0], times[-1])}"
    fit = _fit(truth, said, unit, interval) + _held(truth, low, high)
    labels = [interval.label(time) for time in times] if len(times) <= budget else []
    return tag(
        "div",
        tag("h3", f"Location {location}", tag("small", fit)),
        plot(
            f"Forecast and truth: {about}",
            f"Two lines in {unit}. {fit}.",
            area(places, _shares(low, y), _shares(high, y), "band") if own.low else None,
            line(list(zip(places, _shares(said, y), strict=True)), "forecast"),
            line(list(zip(places, _shares(truth, y), strict=True)), "truth"),
            *(_hits(own, places, labels, unit) if labels else ()),
            x_ticks=x_ticks,
            y_ticks=y_ticks,
            unit=f"{subject}, {unit}",
        ),
        class_="block",
    )


def _shares(values: Series, scale: Scale) -> list[float | None]:
    return [None if value is None else scale.share(value) for value in values]


def _hits(own: Hours, places: list[float], labels: list[str], unit: str) -> list[Markup]:
    """The text that each hour, or day, shows when pointed at."""
    width = 1 / max(len(places) - 1, 1)
    return [
        column(place - width / 2, width, f"{label}\nmeasured {_seen(true)}\nforecast {_seen(value)} {unit}")
        for label, place, true, value in zip(labels, places, own.truth, own.forecast, strict=True)
    ]


def _fit(truth: Series, said: Series, unit: str, interval: Interval) -> str:
    pairs = [(true, value) for true, value in zip(truth, said, strict=True) if true is not None and value is not None]
    gaps = count(truth.count(None), interval.name) + " not measured" if None in truth else ""
    if not pairs:
        return gaps
    rmse = math.sqrt(sum((true - value) ** 2 for true, value in pairs) / len(pairs))
    return f"RMSE {quantity(rmse, 2)} {unit} over {count(len(pairs), interval.name)}{f' · {gaps}' if gaps else ''}"


def _held(truth: Series, low: Series, high: Series) -> str:
    """How much of the shown truth the bands held; empty if there are none."""
    inside = [
        below <= true <= above
        for true, below, above in zip(truth, low, high, strict=True)
        if true is not None and below is not None and above is not None
    ]
    return f" · {percent(sum(inside) / len(inside))} inside the band" if inside else ""


def _seen(value: float | None) -> str:
    return "nothing" if value is None else quantity(value, 1)
