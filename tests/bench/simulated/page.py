"""The page: each quantity against locations, on logarithmic axes, from ten to ten thousand."""

import math
from collections.abc import Sequence
from typing import Final

from steps.pages.document import document
from steps.pages.markup import Markup, tag
from steps.pages.parts import figure, section, table
from steps.pages.plot import line, marker, plot
from steps.pages.scale import Scale, Tick
from steps.pages.words import quantity
from tests.bench.simulated.quantities import HISTORY, LIMIT, WHOLE, Quantity

_TITLES: Final = {
    "time": "Time of each step",
    "memory": "Memory of each step",
    "requests": "Requests to the object store",
    "bytes": "Bytes to and from it",
    "store": "What lies in it",
    "database": "What lies in the database",
    "workflow": "Argo's Workflow object",
}
_LEAST: Final = 1e-3
_ALONG: Final = 60  # points of a curve


def page(found: Sequence[Quantity], lede: str) -> str:
    """The page, as HTML."""
    groups = {name: [one for one in found if one.what.group == name] for name in _TITLES}
    there = {name: ones for name, ones in groups.items() if ones}
    drawn = [section(name, _TITLES[name], _note(ones), *map(_figure, ones)) for name, ones in there.items()]
    links = (tag("a", _TITLES[name], href=f"#{name}") for name in there)
    head = tag(
        "header",
        tag("p", "benches · scale", class_="eyebrow"),
        tag("h1", f"From ten locations to {WHOLE:,}"),
        tag("p", lede, class_="lede"),
    )
    return document("Scale", tag("main", head, tag("nav", *links, aria_label="Sections"), *drawn))


def _note(ones: Sequence[Quantity]) -> str:
    over = [one.what.name for one in ones if one.fit.superlinear]
    return f"More than proportional: {', '.join(over)}." if over else "Nothing grows more than in proportion."


def _figure(one: Quantity) -> Markup:
    each = f"locations with {HISTORY} days each" if one.what.history else "locations"
    sizes = [size for size in one.points if one.points[size] > 0]
    first = 10.0 ** math.floor(math.log10(min([10.0, *sizes])))
    across, x_ticks = _decades(first, WHOLE)
    curve = [first * (WHOLE / first) ** (step / _ALONG) for step in range(_ALONG + 1)]
    limits = [LIMIT] if one.what.group == "memory" else []
    values = [max(_LEAST, one.at(size)) for size in curve] + [one.points[size] for size in sizes] + limits
    up, y_ticks = _decades(10.0 ** math.floor(math.log10(min(values))), 10.0 ** math.ceil(math.log10(max(values))))
    at = [(across.share(math.log10(size)), up.share(math.log10(max(_LEAST, one.at(size))))) for size in curve]
    marks = [line(at, "series s0")]
    for limit in limits:
        height = up.share(math.log10(limit))
        marks.append(line([(0.0, height), (1.0, height)], "rule"))
    marks += [
        line([(0.0, up.share(math.log10(limit))), (1.0, up.share(math.log10(limit)))], "rule") for limit in limits
    ]
    marks += [
        marker(across.share(math.log10(size)), up.share(math.log10(one.points[size])), 0, "mark f1", _told(one, size))
        for size in sizes
    ]
    words = f"Grows with {each} to the power of {one.fit.exponent:.2f}; "
    words += f"at {WHOLE:,}: {quantity(one.at(WHOLE))} {one.what.unit}."
    drawn = plot(one.what.name, words, *marks, x_ticks=x_ticks, y_ticks=y_ticks, unit=one.what.unit, height=180)
    rows = [[quantity(size), quantity(value), quantity(one.at(size))] for size, value in one.points.items()]
    return figure(one.what.name, drawn, words, table([f"#{each}", "#Measured", "#Curve"], rows, one.what.name))


def _told(one: Quantity, size: float) -> str:
    return f"{quantity(one.points[size])} {one.what.unit} at {quantity(size)}"


def _decades(low: float, high: float) -> tuple[Scale, list[Tick]]:
    """A logarithmic scale, with a tick at each power of ten."""
    first, last = round(math.log10(low)), max(round(math.log10(high)), round(math.log10(low)) + 1)
    scale = Scale(first, last)
    return scale, [Tick(scale.share(power), _power(power)) for power in range(first, last + 1)]


def _power(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"
