"""Validation: what collected data had to pass, and which days of which location did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from steps.pages.markup import Child, Markup, join, tag
from steps.pages.parts import facts, note, table, unfolds, with_small
from steps.pages.plot import at
from steps.pages.words import count, names, percent, quantity, shortened
from steps.summaries.validation import Converted, Expectation, Features, Refused, Several, Validation

_SHOWN = 12
_MOST = 1000
_LONGEST = 40


@dataclass
class Spell:
    """Days in a row on which a location was refused for the same reasons."""

    location: int
    first: str
    last: str
    days: int
    reasons: tuple[str, ...]


def checks(name: str, checked: Validation) -> Markup:
    """What one run checked, under its name."""
    refused = checked.refused
    if checked.location_days == 0:
        return tag("div", tag("h3", name), note("Nothing new to check."), *_remarks(checked), class_="block")
    outcome = f"{len(refused)} refused" if refused else "all accepted"
    return tag(
        "div",
        tag("h3", name, tag("small", f"{count(checked.location_days, 'location-day')}, {outcome}")),
        _share(checked.accepted, len(refused)),
        facts(_facts(checked)),
        _refused(refused) if refused else None,
        *_remarks(checked),
        _converted(checked.converted) if checked.converted else None,
        _several(checked.several) if checked.several else None,
        unfolds("What was checked", expectations(checked.expectations)) if checked.expectations else None,
        class_="block",
    )


def _share(accepted: int, refused: int) -> Markup:
    """The accepted and the refused days as parts of one bar."""
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


def _facts(checked: Validation) -> list[tuple[str, Child]]:
    return [
        ("Accepted", quantity(checked.accepted)),
        ("Refused", quantity(len(checked.refused))),
        ("Rows read", quantity(checked.rows)),
        ("Features", _features(checked.features) if checked.features else None),
    ]


def _features(made: Features) -> Markup:
    again = made.months - made.computed
    new = f"{count(made.computed, 'month')} computed" + (f", {again} known already" if again else "")
    return with_small(f"{quantity(made.columns)} columns", new)


def _remarks(checked: Validation) -> list[Markup]:
    """Problems of no single day: values left out of accepted days, locations that are left out or fell silent, and
    where they are."""
    values = ", ".join(f"{name.replace('_', ' ')} {quantity(left_out)}" for name, left_out in checked.left_out.items())
    silent = [f"{one.location} (newest day {one.newest or 'none'})" for one in checked.stale]
    moved = [f"{one.location} (by {quantity(one.kilometres, 1)} km, on {one.since})" for one in checked.moved]
    unplaced = [str(location) for location in checked.unplaced]
    return [
        *(
            note(tag("span", f"Location {one.location} is left out: {one.reason}.", class_="bad"))
            for one in checked.left_out_locations
        ),
        *([note(f"Values left out of accepted days: {values}.")] if values else []),
        *([note(tag("span", f"Silent for too long: {names(silent)}.", class_="bad"))] if silent else []),
        *([note(f"Moved: {names(moved)}; neighbours are chosen by where they were first.")] if moved else []),
        *([note(f"Mobile or of unknown place, so far from all: {names(unplaced)}.")] if unplaced else []),
    ]


def _converted(found: Sequence[Converted]) -> Markup:
    """Which values came in another unit than the declared one, and by what they were multiplied."""
    rows: list[list[Child]] = [
        [tag("code", one.parameter), one.given, one.unit, one.formula, quantity(one.values)] for one in found
    ]
    return table(["Parameter", "Delivered in", "Used in", "By", "#Values"], rows, "Converted units")


def _several(found: Sequence[Several]) -> Markup:
    """Which of several sensors the hours were made of."""
    rows: list[list[Child]] = [
        [
            str(one.location),
            tag("code", one.parameter),
            f"{'mean of ' if len(one.used) > 1 else ''}{names([shortened(name, _LONGEST) for name in one.used])}",
            ", ".join(shortened(name, _LONGEST) for name in one.rejected) or None,
            quantity(one.days),
        ]
        for one in found[:_MOST]
    ]
    return table(["Location", "Parameter", "Sensors used", "Not used", "#Days"], rows, "Several sensors")


def _refused(refused: Sequence[Refused]) -> Markup:
    """Refused days; days in a row that were refused for the same reasons are one line."""
    spells: list[Spell] = []
    for one in sorted(refused, key=lambda one: (one.location, one.day)):
        last = spells[-1] if spells else None
        if last and (last.location, last.reasons) == (one.location, one.reasons) and _follows(one.day, last.last):
            last.last, last.days = one.day, last.days + 1
        else:
            spells.append(Spell(one.location, one.day, one.day, 1, one.reasons))
    columns, caption = ["Location", "Days", "Refused because"], "Refused location-days"
    rows = [_row(spell) for spell in spells[:_MOST]]
    left = len(spells) - len(rows)
    rest = table(columns, rows[_SHOWN:], caption), note(f"and {quantity(left)} more.") if left else None
    return join(
        table(columns, rows[:_SHOWN], caption),
        unfolds(f"{len(spells) - _SHOWN} more", *rest) if len(rows) > _SHOWN else None,
    )


def _follows(day: str, before: str) -> bool:
    """Whether `day` follows `before`; False if they are not days."""
    try:
        return date.fromisoformat(day) - date.fromisoformat(before) == timedelta(days=1)
    except ValueError:
        return False


def _row(spell: Spell) -> list[Child]:
    last = join(" to ", tag("span", spell.last, class_="nowrap")) if spell.days > 1 else None
    return [
        tag("span", str(spell.location), class_="nowrap"),
        join(tag("span", spell.first, class_="nowrap"), last, tag("small", count(spell.days, "day")) if last else None),
        join(*(tag("div", reason) for reason in spell.reasons)),
    ]


def expectations(found: Sequence[Expectation]) -> Markup:
    """What was expected, and how often it failed."""
    rows: list[list[Child]] = []
    for one in sorted(found, key=lambda one: -one.failed):
        share = f" ({percent(one.failed / one.checked, 1)})" if one.failed >= one.checked * 0.0005 > 0 else ""
        rows.append(
            [
                one.name,
                tag("code", one.column) if one.column else None,
                quantity(one.checked),
                tag("span", f"{quantity(one.failed)}{share}", class_="bad" if one.failed else "soft"),
            ]
        )
    return table(["Expectation", "Of", "#Checked", "#Failed"], rows, "Expectations")
