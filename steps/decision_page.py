"""The page of a decision: in words what was decided, then everything that it rests on. One file, no scripts."""

from collections.abc import Mapping
from typing import Any

from steps.pages.decision import ANSWERS, MODEL, OUTCOME
from steps.pages.document import document
from steps.pages.fields import Absent, Fields, Unreadable
from steps.pages.markup import Child, Markup, join, tag
from steps.pages.metrics import deciding
from steps.pages.parts import code, facts, note, section, with_small
from steps.pages.words import instant, moment, parameter_name, percent, quantity


def page(project: str, summary: Mapping[str, Any]) -> str:
    """The page, as HTML, of a decision's summary. What a summary of an earlier version has not is left out."""
    fields = Fields(dict(summary), "summary")
    drawn: list[tuple[str, str, Markup]] = []
    for slug, name, make in (*OUTCOME, *ANSWERS, *MODEL):
        try:
            made = make(fields)
        except Absent:
            continue
        except Unreadable as reason:
            made = section(slug, name, None, note(f"Cannot be shown. {reason}"))
        if made is not None:
            drawn.append((slug, name, made))
    main = tag(
        "main",
        _head(project, fields),
        tag("nav", *(tag("a", name, href=f"#{slug}") for slug, name, _ in drawn), aria_label="Sections"),
        *(made for _, _, made in drawn),
    )
    return document(f"{project}: decision {fields.text('decision')}", main)


def _head(project: str, fields: Fields) -> Markup:
    made_at = _moment(fields.text_or("made_at"))
    return tag(
        "header",
        tag(
            "p", join(f"{project} · decision {fields.text('decision')}", made_at and f" · {made_at}"), class_="eyebrow"
        ),
        tag("h1", f"{parameter_name(fields.text('parameter'))}: {_verdict(fields)}"),
        tag("p", fields.text("words"), class_="lede"),
        facts(_facts(fields), "facts large"),
    )


def _verdict(fields: Fields) -> str:
    if fields.raw("promoted") is True:
        return "the challenger was promoted"
    competed = any(row.text_or("name") == "champion" for row in fields.objects("scores"))
    return "the champion was kept" if competed else "the challenger was not promoted"


def _facts(fields: Fields) -> list[tuple[str, Child]]:
    metric, scores = deciding(fields), fields.objects("scores")
    unit = fields.text_or("unit") if metric.measured else ""
    own = scores[-1] if scores else Fields({})
    alias = f"to be {fields.text('alias')}, once verified" if "alias" in fields else "nothing was registered"
    looked = fields.whole("looked") if "looked" in fields else 0
    recipe = fields.inner("recipe") if "recipe" in fields else Fields({})
    return [
        (
            metric.label,
            with_small(f"{metric.told(own.number(metric.name))} {unit}".rstrip(), own.text_or("name"))
            if metric.name in own
            else None,
        ),
        ("Model", with_small(f"version {fields.text('version')}" if "version" in fields else "no new version", alias)),
        ("Recipe", with_small(recipe.text("family"), "of the challenger") if "family" in recipe else None),
        ("Holdout", _holdout(own, looked, table="truth" in _answers(fields))),
        ("Bands", _bands(fields)),
        ("Dataset", code(fields.text("fingerprint")[:12]) if "fingerprint" in fields else None),
    ]


def _holdout(own: Fields, looked: int, *, table: bool) -> Child:
    """Its rows. A table's holdout stays while data come, so it is said how often it has been looked at."""
    if "rows" not in own:
        return None
    often = f"looked at {looked} times" if table and looked > 1 else "which nothing was chosen by"
    return with_small(f"{quantity(own.number('rows'))} rows", often)


def _answers(fields: Fields) -> Fields:
    return fields.inner("answers") if "answers" in fields else Fields({})


def _bands(fields: Fields) -> Child:
    if "bands" not in fields:
        return None
    found = fields.inner("bands")
    return with_small(f"{percent(found.number('coverage'), 1)} inside", f"{percent(found.number('nominal'))} wanted")


def _moment(text: str) -> str:
    """A time as people read it; as it is where it is none."""
    try:
        return moment(instant(text))
    except ValueError:
        return text
