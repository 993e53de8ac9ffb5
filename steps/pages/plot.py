"""Plots: inline SVG that needs no script and fits any width.

Positions along the width are percentages, sizes of text and marks are pixels, so that a chart on a phone is narrower
but not smaller. Lines are drawn in a nested SVG of 1000 × 1000 units that is stretched to the plot. Colours come from
classes of the page's style, which knows light and dark. No element has a style of its own: the page's policy forbids
it.
"""

from collections.abc import Sequence
from itertools import pairwise

from steps.pages.markup import Markup, join, number, tag
from steps.pages.scale import Tick

Point = tuple[float, float | None]


def at(share: float) -> str:
    """A position along a side, as a percentage of it."""
    return f"{number(share * 100)}%"


def plot(
    title: str,
    description: str,
    *marks: Markup | None,
    x_ticks: Sequence[Tick],
    y_ticks: Sequence[Tick],
    unit: str,
    height: int = 220,
    class_: str = "plot",
) -> Markup:
    """A chart with both axes. `title` and `description` are for those who cannot see it. The class `plot labelled`
    leaves room for names at the right."""
    grid = [tag("line", x2="100%", y1=at(1 - tick.share), y2=at(1 - tick.share), class_="grid") for tick in y_ticks]
    labels = [tag("text", tick.label, x=-8, y=at(1 - tick.share), dy="0.35em", class_="tick end") for tick in y_ticks]
    below = [
        tag(
            "g",
            tag("line", x1=at(tick.share), x2=at(tick.share), y1="100%", y2="100%", class_="stub"),
            tag("text", tick.label, x=at(tick.share), y=height + 18, class_=f"tick {_anchor(tick.share)}"),
            class_="minor" if tick.minor else None,
        )
        for tick in x_ticks
    ]
    return tag(
        "svg",
        tag("title", title),
        tag("desc", description),
        tag("g", *grid, *labels, *below, tag("text", unit, x=-34, y=-17, class_="tick unit"), aria_hidden="true"),
        *marks,
        class_=class_,
        role="img",
        height=height,
    )


def line(points: Sequence[Point], class_: str) -> Markup:
    """A line through points (shares of both sides, y upwards); None is a gap, and a point between gaps a dot."""
    steps: list[str] = []
    drawing = False
    for x, y in points:
        if y is not None:
            steps.append(f"{'L' if drawing else 'M'}{x * 1000:.0f} {(1 - y) * 1000:.0f}{'' if drawing else 'h0'}")
        drawing = y is not None
    return stretched(tag("path", d="".join(steps), class_=class_))


def area(places: Sequence[float], low: Sequence[float | None], high: Sequence[float | None], class_: str) -> Markup:
    """The area between two lines over the same places, with a gap where either is None."""
    pieces: list[list[tuple[float, float, float]]] = [[]]
    for place, below, above in zip(places, low, high, strict=True):
        if below is None or above is None:
            pieces.append([])
        else:
            pieces[-1].append((place, below, above))
    drawn = []
    for piece in filter(None, pieces):
        there = "L".join(f"{place * 1000:.0f} {(1 - above) * 1000:.0f}" for place, _, above in piece)
        back = "L".join(f"{place * 1000:.0f} {(1 - below) * 1000:.0f}" for place, below, _ in reversed(piece))
        drawn.append(f"M{there}L{back}Z")
    return stretched(tag("path", d="".join(drawn), class_=class_))


def apart(shares: Sequence[float], least: float) -> list[float]:
    """The shares, moved apart so that labels have a distance of at least `least`, in the same order."""
    order = sorted(range(len(shares)), key=lambda index: shares[index])
    placed = list(shares)
    for one, other in pairwise(order):
        placed[other] = max(placed[other], placed[one] + least)
    over = max(placed, default=0.0) - max(shares, default=0.0)
    return [share - over / 2 for share in placed]


def stretched(*marks: Markup) -> Markup:
    """Marks in units of a thousandth of the plot's sides."""
    return tag(
        "svg",
        *marks,
        viewBox="0 0 1000 1000",
        preserveAspectRatio="none",
        width="100%",
        height="100%",
        class_="stretched",
    )


def marker(x: float, y: float, shape: int, class_: str, title: str | None = None) -> Markup:
    """One of four shapes, so that families differ by more than colour: disc, square, diamond, triangle."""
    drawn = ("M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0", "M-4-4h8v8h-8z", "M0-5.5l5.5 5.5l-5.5 5.5l-5.5-5.5z")
    path = (*drawn, "M0-5.5l5.2 9h-10.4z")[shape % 4]
    return tag(
        "svg",
        tag("path", tag("title", title) if title else None, d=path, class_=class_),
        x=at(x),
        y=at(1 - y),
        class_="at",
    )


def upright(x: float, low: float, high: float, class_: str) -> Markup:
    """A vertical line at x from low to high."""
    return tag("line", x1=at(x), x2=at(x), y1=at(1 - low), y2=at(1 - high), class_=class_)


def column(x: float, width: float, title: str) -> Markup:
    """An invisible column that shows `title` when pointed at."""
    return tag("rect", tag("title", title), x=at(x), width=at(width), height="100%", class_="hit")


def legend(*entries: tuple[str, str]) -> Markup:
    """What the marks mean: pairs of class and words."""
    return tag(
        "p",
        join(
            *(
                tag(
                    "span", tag("svg", tag("path", d="M1 6h18", class_=class_), class_="key", aria_hidden="true"), words
                )
                for class_, words in entries
            )
        ),
        class_="legend",
    )


def _anchor(share: float) -> str:
    if share < 0.03:
        return "start"
    return "end" if share > 0.97 else "middle"
