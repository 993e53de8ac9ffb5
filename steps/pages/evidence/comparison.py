"""Comparison: how certain it is that the challenger is better than the champion."""

from steps.pages.markup import Markup, tag
from steps.pages.metrics import Metric, deciding
from steps.pages.parts import figure, note, section, table
from steps.pages.plot import at, marker, plot, stretched, upright
from steps.pages.scale import around
from steps.pages.words import count, percent, quantity
from steps.summaries.decision import Decision

_HEIGHT = 104
_LINE = 0.42  # the height of the interval, as a share of the plot's, from below


def comparison(decision: Decision) -> Markup | None:
    """The difference, its lower bound and zero on one axis; None if there was no champion."""
    found, metric = decision.bootstrap, deciding(decision)
    if found is None:
        return None
    unit = decision.unit if metric.measured else ""
    gain = _formatted(found.difference, metric, unit)
    over = decision.span or count(found.blocks, "block")
    about = "Gain over the champion’s recipe, which was trained and scored on the same rows. Right of zero is better."
    if found.bound is None:
        few = f"The difference is {gain}; {over} are too few to tell that from chance."
        return section("comparison", "Against the champion", about, note(few))
    least, confidence = _formatted(found.bound, metric, unit), percent(found.confidence)
    caption = (
        f"The challenger’s {metric.label} is {_formatted(abs(found.difference), metric, unit)} "
        f"{'better' if found.difference >= 0 else 'worse'} than the champion’s over {over}; with {confidence} "
        f"confidence the gain is at least {least}. "
        + ("Zero lies outside: that is more than chance." if found.bound > 0 else "Zero lies inside: it may be chance.")
    )
    rows = [
        ["Gain", gain],
        [f"Its one-sided bound, {confidence}", least],
        ["Blocks", quantity(found.blocks)],
        ["Draws", quantity(found.draws)],
    ]
    drawn = _picture(found.difference, found.bound, gain, f"{least} ({confidence})")
    return section(
        "comparison",
        "Against the champion",
        about,
        figure(None, drawn, caption, table(["Block bootstrap", "#"], rows, "The comparison with the champion")),
    )


def _picture(difference: float, bound: float, gain: str, least: str) -> Markup:
    above = difference - bound
    x, x_ticks = around([0.0, bound, difference, difference + 0.8 * above])
    zero, low, middle = x.share(0.0), x.share(bound), x.share(difference)
    return plot(
        "Gain over the champion with its one-sided bound",
        f"The gain is {gain}, its lower bound {least.rpartition(' (')[0]}.",
        upright(zero, 0.0, 1.0, "zero"),
        tag("text", "no difference", x=at(zero), y=-6, class_=f"note {_anchor(zero)}"),
        stretched(tag("path", d=f"M{low * 1000:.0f} {(1 - _LINE) * 1000:.0f}H1000", class_="interval")),
        upright(low, _LINE - 0.12, _LINE + 0.12, "end-of"),
        tag("svg", tag("path", d="M-9-6l9 6l-9 6", class_="arrow"), x="100%", y=at(1 - _LINE), class_="at"),
        tag("g", marker(middle, _LINE, 2, "mark"), class_="f0"),
        _label(middle, 0.68, f"gain {gain}"),
        _label(low, 0.14, f"at least {least}"),
        x_ticks=x_ticks,
        y_ticks=[],
        unit="",
        height=_HEIGHT,
    )


def _label(x: float, y: float, words: str) -> Markup:
    return tag("text", words, x=at(x), y=at(1 - y), class_=f"strong halo {_anchor(x)}")


def _anchor(share: float) -> str:
    if share < 0.3:
        return "start"
    return "end" if share > 0.7 else "middle"


def _formatted(value: float, metric: Metric, unit: str) -> str:
    """A difference with as many digits as it takes to see one."""
    digits = metric.digits if abs(value) >= 10**-metric.digits or value == 0 else metric.digits + 2
    return f"{quantity(value, digits)} {unit}".rstrip()
