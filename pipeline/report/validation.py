"""Validation: what the data had to pass, and which days of which location did not."""

from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.report.story import Story, Summary
from steps.pages.fields import Fields
from steps.pages.markup import Child, Markup, join, tag
from steps.pages.parts import facts, note, section, table, unfolds, with_small
from steps.pages.plot import at
from steps.pages.words import count, names, percent, quantity

_SHOWN = 12


@dataclass
class Spell:
    """Days in a row on which a location was refused for the same reasons."""

    location: str
    first: str
    last: str
    days: int
    reasons: list[str]


def validation(story: Story) -> Markup:
    """One block for each run that checked data."""
    found = story.all("validation")
    return section(
        "validation",
        "Checks of the data",
        "A location's day is accepted or refused as a whole. What is refused is kept aside with its reason, and the "
        "rest goes on.",
        *(_block(summary) for summary in found),
    )


def _block(summary: Summary) -> Markup:
    fields = summary.fields
    total, accepted = fields.whole("location_days"), fields.whole("accepted")
    refused = fields.objects("refused")
    if total == 0:
        return tag("div", tag("h3", summary.run.workflow), note("Nothing new to check."), class_="block")
    said = (
        f"{count(total, 'location-day')}, {len(refused)} refused"
        if refused
        else f"{count(total, 'location-day')}, all accepted"
    )
    return tag(
        "div",
        tag("h3", summary.run.workflow, tag("small", said)),
        _share(accepted, len(refused)),
        facts(_facts(fields)),
        _refused(refused) if refused else None,
        *_remarks(fields),
        unfolds("What was checked", _expectations(fields.objects("expectations")))
        if "expectations" in fields
        else None,
        class_="block",
    )


def _share(accepted: int, refused: int) -> Markup:
    """Accepted and refused as parts of one bar."""
    whole = max(accepted + refused, 1)
    part = accepted / whole
    return tag(
        "svg",
        tag("title", f"{accepted} location-days accepted, {refused} refused"),
        tag("rect", width=at(part), height=8, class_="accepted"),
        tag("rect", x=at(part), width=at(1 - part), height=8, class_="refused") if refused else None,
        class_="bars",
        height=8,
        role="img",
    )


def _facts(fields: Fields) -> list[tuple[str, Child]]:
    features = fields.inner("features") if "features" in fields else None
    made = []
    if features:
        again = features.whole("months") - features.whole("computed")
        new = f"{count(features.whole('computed'), 'month')} computed" + (f", {again} known already" if again else "")
        made = [("Features", with_small(f"{quantity(features.number('columns'))} columns", new))]
    return [
        ("Accepted", quantity(fields.number("accepted"))),
        ("Refused", quantity(len(fields.objects("refused")))),
        ("Rows read", quantity(fields.number("rows"))),
        *made,
    ]


def _remarks(fields: Fields) -> list[Markup]:
    """What is wrong with no single day: values left out of accepted ones, and stations that fell silent."""
    left_out = fields.inner("left_out") if "left_out" in fields else Fields({})
    stale = fields.objects("stale") if "stale" in fields else []
    values = ", ".join(f"{name.replace('_', ' ')} {quantity(left_out.number(name))}" for name in left_out)
    silent = [f"{one.text('location')} (newest day {one.text_or('newest', 'none')})" for one in stale]
    return [
        *([note(f"Values left out of accepted days: {values}.")] if values else []),
        *([note(tag("span", f"Silent for too long: {names(silent)}.", class_="bad"))] if silent else []),
    ]


def _refused(refused: list[Fields]) -> Markup:
    """Refused days; days in a row that were refused for the same reasons are one line."""
    spells: list[Spell] = []
    for one in sorted(refused, key=lambda one: (one.text("location"), one.text("day"))):
        location, day, reasons = one.text("location"), one.text("day"), one.texts("reasons")
        last = spells[-1] if spells else None
        if last and (last.location, last.reasons) == (location, reasons) and _follows(day, last.last):
            last.last, last.days = day, last.days + 1
        else:
            spells.append(Spell(location, day, day, 1, reasons))
    columns, caption = ["Location", "Days", "Refused because"], "Refused location-days"
    rows = [_row(spell) for spell in spells]
    rest = len(rows) - _SHOWN
    return join(
        table(columns, rows[:_SHOWN], caption),
        unfolds(f"{rest} more", table(columns, rows[_SHOWN:], caption)) if rest > 0 else None,
    )


def _follows(day: str, before: str) -> bool:
    """Whether `day` is the one after; False where they are no days at all."""
    try:
        return date.fromisoformat(day) - date.fromisoformat(before) == timedelta(days=1)
    except ValueError:
        return False


def _row(spell: Spell) -> list[Child]:
    last = join(" to ", tag("span", spell.last, class_="nowrap")) if spell.days > 1 else None
    return [
        tag("span", spell.location, class_="nowrap"),
        join(tag("span", spell.first, class_="nowrap"), last, tag("small", count(spell.days, "day")) if last else None),
        join(*(tag("div", reason) for reason in spell.reasons)),
    ]


def _expectations(found: list[Fields]) -> Markup:
    rows: list[list[Child]] = []
    for one in sorted(found, key=lambda one: -one.number("failed")):
        checked, failed = one.number("checked"), one.number("failed")
        share = f" ({percent(failed / checked, 1)})" if failed >= checked * 0.0005 > 0 else ""
        rows.append(
            [
                one.text("name"),
                tag("code", one.text("column")) if "column" in one else None,
                quantity(checked),
                tag("span", f"{quantity(failed)}{share}", class_="bad" if failed else "soft"),
            ]
        )
    return table(["Expectation", "Of", "#Checked", "#Failed"], rows, "Expectations")
