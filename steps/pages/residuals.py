"""Residuals: where the challenger errs: by hour of the day, by season, by location."""

from steps.pages.fields import Fields
from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import facts, figure, section, table
from steps.pages.plot import at, marker, plot, upright
from steps.pages.scale import Tick, around
from steps.pages.words import count, quantity, shortened

_GROUPS = (("hour", "hour of the day"), ("season", "season"), ("location", "location"))
_MOST = 24  # groups in a picture; of more there is the table


def residuals(decision: Fields) -> Markup | None:
    """Mean and spread of truth − answer, in all and by group; None where the summary has none."""
    whole = decision.inner("residuals") if "residuals" in decision else None
    groups = decision.inner("residual_groups") if "residual_groups" in decision else Fields({})
    drawn = [
        _group(words, groups.objects(name), decision.text_or("unit"), decision.text_or("hour_zone", "UTC"))
        for name, words in _GROUPS
        if name in groups and groups.objects(name)
    ]
    if whole is None and not drawn:
        return None
    return section(
        "residuals",
        "Where it errs",
        "Residuals on the holdout: the truth less the answer. Above zero the answers were too low. Marks are means, "
        "whiskers one standard deviation.",
        facts(_facts(whole, decision.text_or("unit"))) if whole else None,
        *drawn,
    )


def _facts(whole: Fields, unit: str) -> list[tuple[str, Child]]:
    return [
        ("Mean", f"{quantity(whole.number('mean'), 2)} {unit}".rstrip()),
        ("Standard deviation", f"{quantity(whole.number('sd'), 2)} {unit}".rstrip()),
        ("Rows", quantity(whole.number("rows")) if "rows" in whole else None),
    ]


def _group(words: str, found: list[Fields], unit: str, zone: str) -> Markup:
    numbers = _table(words, found, unit)
    title = f"By {words}{f', {zone}' if words.startswith('hour') else ''}"
    picture = _picture(words, found, unit) if len(found) <= _MOST else None
    return figure(title, picture, _caption(words, found, unit), numbers)


def _picture(words: str, found: list[Fields], unit: str) -> Markup:
    ends = [one.number("mean") + sign * one.number("sd") for one in found for sign in (-1, 1)]
    y, y_ticks = around([*ends, 0.0])
    zero = y.share(0.0)
    marks = [tag("line", x2="100%", y1=at(1 - zero), y2=at(1 - zero), class_="zero")]
    x_ticks = []
    many = len(found) > 8
    for index, one in enumerate(found):
        x, mean, sd = (index + 0.5) / len(found), one.number("mean"), one.number("sd")
        marks += [
            upright(x, y.share(mean - sd), y.share(mean + sd), "whisker"),
            *(
                tag("svg", tag("path", d="M-4 0h8", class_="whisker"), x=at(x), y=at(1 - y.share(end)), class_="at")
                for end in (mean - sd, mean + sd)
            ),
            tag("g", marker(x, y.share(mean), 0, "mark", _said(one, unit)), class_="f0"),
        ]
        if not many or index % 3 == 0:
            x_ticks.append(Tick(x, shortened(one.text("group"), 14), minor=many and index % 6 != 0))
    return plot(
        f"Residuals by {words}",
        f"Mean and standard deviation, {unit}, of {len(found)} groups.",
        *marks,
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        unit=unit,
        height=190,
    )


def _caption(words: str, found: list[Fields], unit: str) -> str:
    ranked = sorted(found, key=lambda one: one.number("mean"))
    widest = max(found, key=lambda one: one.number("sd"))
    extremes = [one for one in (ranked[-1], ranked[0]) if one.number("mean")]
    told = [
        f"{_where(words, one)} the answers were {quantity(abs(one.number('mean')), 2)} {unit}".rstrip()
        + f" too {'low' if one.number('mean') > 0 else 'high'} on average"
        for one in dict.fromkeys(extremes)
    ]
    spread = f"they spread most {_where(words, widest)}, ±{quantity(widest.number('sd'), 2)} {unit}".rstrip()
    sentence = "; ".join([*told, spread]) + "."
    return f"Of {count(len(found), 'group')} by {words}: {sentence}"


def _where(words: str, one: Fields) -> str:
    group = one.text("group")
    return {"hour of the day": f"at {group:0>2}:00", "season": f"in {group}"}.get(words, f"at {words} {group}")


def _table(words: str, found: list[Fields], unit: str) -> Markup:
    of = f", {unit}" if unit else ""
    rows: list[list[Child]] = [
        [
            one.text("group"),
            quantity(one.number("mean"), 2),
            quantity(one.number("sd"), 2),
            quantity(one.number("rows")),
        ]
        for one in found
    ]
    return table([words.capitalize(), f"#Mean{of}", f"#Standard deviation{of}", "#Rows"], rows, f"Residuals by {words}")


def _said(one: Fields, unit: str) -> str:
    return f"{one.text('group')}: {quantity(one.number('mean'), 2)} ± {quantity(one.number('sd'), 2)} {unit}".rstrip()
