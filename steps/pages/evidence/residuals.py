"""Residuals: where the challenger errs: by hour of the day or weekday, by season, by location."""

from collections.abc import Sequence

from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import facts, figure, section, table
from steps.pages.plot import at, marker, plot, upright
from steps.pages.scale import Tick, around
from steps.pages.words import count, quantity, shortened
from steps.summaries.decision import Decision, Group, Residuals

_GROUPS = (("hour", "hour of the day"), ("weekday", "weekday"), ("season", "season"), ("location", "location"))
_MOST = 24  # groups in a picture; more are in the table only


def residuals(decision: Decision) -> Markup | None:
    """Mean and spread of truth − answer, overall and by group; None if the summary has none."""
    whole, unit, zone = decision.residuals, decision.unit, decision.hour_zone or "UTC"
    groups = [(words, decision.residual_groups.get(name)) for name, words in _GROUPS]
    drawn = [_group(words, found, unit, zone) for words, found in groups if found]
    if whole is None and not drawn:
        return None
    return section(
        "residuals",
        "Where it errs",
        "Residuals on the holdout: the truth less the answer. Above zero the answers were too low. Marks are means, "
        "whiskers one standard deviation.",
        facts(_facts(whole, unit)) if whole else None,
        *drawn,
    )


def _facts(whole: Residuals, unit: str) -> list[tuple[str, Child]]:
    return [
        ("Mean", f"{quantity(whole.mean, 2)} {unit}".rstrip()),
        ("Standard deviation", f"{quantity(whole.sd, 2)} {unit}".rstrip()),
        ("Rows", None if whole.rows is None else quantity(whole.rows)),
    ]


def _group(words: str, found: Sequence[Group], unit: str, zone: str) -> Markup:
    numbers = _table(words, found, unit)
    title = f"By {words}{f', {zone}' if words.startswith('hour') else ''}"
    picture = _picture(words, found, unit) if len(found) <= _MOST else None
    return figure(title, picture, _caption(words, found, unit), numbers)


def _picture(words: str, found: Sequence[Group], unit: str) -> Markup:
    y, y_ticks = around([*(end for one in found for end in (one.mean - one.sd, one.mean + one.sd)), 0.0])
    zero = y.share(0.0)
    marks = [tag("line", x2="100%", y1=at(1 - zero), y2=at(1 - zero), class_="zero")]
    x_ticks = []
    many = len(found) > 8
    for index, one in enumerate(found):
        x, low, high = (index + 0.5) / len(found), y.share(one.mean - one.sd), y.share(one.mean + one.sd)
        marks += [
            upright(x, low, high, "whisker"),
            *(
                tag("svg", tag("path", d="M-4 0h8", class_="whisker"), x=at(x), y=at(1 - end), class_="at")
                for end in (low, high)
            ),
            tag("g", marker(x, y.share(one.mean), 0, "mark", _said(one, unit)), class_="f0"),
        ]
        if not many or index % 3 == 0:
            x_ticks.append(Tick(x, shortened(one.group, 14), minor=many and index % 6 != 0))
    return plot(
        f"Residuals by {words}",
        f"Mean and standard deviation, {unit}, of {len(found)} groups.",
        *marks,
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        unit=unit,
        height=190,
    )


def _caption(words: str, found: Sequence[Group], unit: str) -> str:
    ranked = sorted(found, key=lambda one: one.mean)
    widest = max(found, key=lambda one: one.sd)
    extremes = [ranked[-1], ranked[0]] if len(ranked) > 1 else ranked
    sentences = [
        f"{_where(words, one)} the answers were {quantity(abs(one.mean), 2)} {unit}".rstrip()
        + f" too {'low' if one.mean > 0 else 'high'} on average"
        for one in extremes
        if one.mean
    ]
    spread = f"they spread most {_where(words, widest)}, ±{quantity(widest.sd, 2)} {unit}".rstrip()
    return f"Of {count(len(found), 'group')} by {words}: {'; '.join([*sentences, spread])}."


def _where(words: str, one: Group) -> str:
    known = {"hour of the day": f"at {one.group:0>2}:00", "season": f"in {one.group}", "weekday": f"on {one.group}"}
    return known.get(words, f"at {words} {one.group}")


def _table(words: str, found: Sequence[Group], unit: str) -> Markup:
    of = f", {unit}" if unit else ""
    rows: list[list[Child]] = [
        [one.group, quantity(one.mean, 2), quantity(one.sd, 2), "–" if one.rows is None else quantity(one.rows)]
        for one in found
    ]
    return table([words.capitalize(), f"#Mean{of}", f"#Standard deviation{of}", "#Rows"], rows, f"Residuals by {words}")


def _said(one: Group, unit: str) -> str:
    return f"{one.group}: {quantity(one.mean, 2)} ± {quantity(one.sd, 2)} {unit}".rstrip()
