"""Comparison: how sure it is that the challenger is better than the champion."""

from steps.pages.fields import Fields
from steps.pages.markup import Markup, tag
from steps.pages.metrics import Metric, deciding
from steps.pages.parts import figure, note, section, table
from steps.pages.plot import at, marker, plot, stretched, upright
from steps.pages.scale import around
from steps.pages.words import count, percent, quantity

_HEIGHT = 104
_LINE = 0.42  # where the interval lies, as a share of the height from below


def comparison(decision: Fields) -> Markup | None:
    """The difference, its lower bound and zero on one axis; None where there was no champion."""
    if "bootstrap" not in decision:
        return None
    found, metric = decision.inner("bootstrap"), deciding(decision)
    unit = decision.text_or("unit") if metric.measured else ""
    difference = found.number("difference")
    over = decision.text_or("span") or count(found.number("blocks"), "block")
    about = "Gain over the champion’s recipe, which was trained and scored on the same rows. Right of zero is better."
    if "bound" not in found:
        few = f"The difference is {_told(difference, metric, unit)}; {over} are too few to tell that from chance."
        return section("comparison", "Against the champion", about, note(few))
    bound, confidence = found.number("bound"), percent(found.number("confidence"))
    caption = (
        f"The challenger’s {metric.label} is {_told(abs(difference), metric, unit)} "
        f"{'better' if difference >= 0 else 'worse'} than the champion’s over {over}; with {confidence} confidence "
        f"the gain is at least {_told(bound, metric, unit)}. "
        + ("Zero lies outside: that is more than chance." if bound > 0 else "Zero lies inside: it may be chance.")
    )
    rows = [
        [name, value]
        for name, value in (
            ("Gain", _told(difference, metric, unit)),
            (f"Its one-sided bound, {confidence}", _told(bound, metric, unit)),
            ("Blocks", quantity(found.number("blocks"))),
            ("Draws", quantity(found.number("draws"))),
        )
    ]
    drawn = _picture(difference, bound, metric, unit, confidence)
    return section(
        "comparison",
        "Against the champion",
        about,
        figure(None, drawn, caption, table(["Block bootstrap", "#"], rows, "The comparison with the champion")),
    )


def _picture(difference: float, bound: float, metric: Metric, unit: str, confidence: str) -> Markup:
    above = difference - bound
    x, x_ticks = around([0.0, bound, difference, difference + 0.8 * above])
    zero, low, middle = x.share(0.0), x.share(bound), x.share(difference)
    return plot(
        "Gain over the champion with its one-sided bound",
        f"The gain is {_told(difference, metric, unit)}, its lower bound {_told(bound, metric, unit)}.",
        upright(zero, 0.0, 1.0, "zero"),
        tag("text", "no difference", x=at(zero), y=-6, class_=f"note {_anchor(zero)}"),
        stretched(tag("path", d=f"M{low * 1000:.0f} {(1 - _LINE) * 1000:.0f}H1000", class_="interval")),
        upright(low, _LINE - 0.12, _LINE + 0.12, "end-of"),
        tag("svg", tag("path", d="M-9-6l9 6l-9 6", class_="arrow"), x="100%", y=at(1 - _LINE), class_="at"),
        tag("g", marker(middle, _LINE, 2, "mark"), class_="f0"),
        _label(middle, 0.68, f"gain {_told(difference, metric, unit)}"),
        _label(low, 0.14, f"at least {_told(bound, metric, unit)} ({confidence})"),
        x_ticks=x_ticks,
        y_ticks=[],
        unit="",
        height=_HEIGHT,
    )


def _label(x: float, y: float, words: str) -> Markup:
    return tag("text", words, x=at(x), y=at(1 - y), class_=f"strong halo {_anchor(x)}")


def _anchor(share: float) -> str:
    return "start" if share < 0.3 else "end" if share > 0.7 else "middle"


def _told(value: float, metric: Metric, unit: str) -> str:
    """A difference with as many digits as it takes to see it."""
    digits = metric.digits if abs(value) >= 10**-metric.digits or value == 0 else metric.digits + 2
    return f"{quantity(value, digits)} {unit}".rstrip()
