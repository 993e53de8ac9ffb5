"""The page of a decision: in words what was decided, then everything that it rests on. One file, no scripts."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from steps.pages.decision import ANSWERS, MODEL, OUTCOME
from steps.pages.document import document
from steps.pages.fields import Absent, Fields, Unreadable, known
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
        facts([(name, _fact(read, fields)) for name, read in _FACTS], "facts large"),
    )


def _verdict(fields: Fields) -> str:
    if fields.raw("promoted") is True:
        return "the challenger was promoted"
    competed = known(lambda: any(row.text("name") == "champion" for row in fields.objects("scores")))
    return "the champion was kept" if competed else "the challenger was not promoted"


def _fact(read: Callable[[Fields], Child], fields: Fields) -> Child:
    return known(lambda: read(fields))


def _score(fields: Fields) -> Child:
    metric, own = deciding(fields), fields.objects("scores")[-1]
    unit = fields.text_or("unit") if metric.measured else ""
    return with_small(f"{metric.label} {metric.told(own.number(metric.name))} {unit}".rstrip(), own.text("name"))


def _model(fields: Fields) -> Child:
    if "version" not in fields:
        return with_small("no new version", "nothing was registered")
    return with_small(f"version {fields.text('version')}", "live once it is verified")


def _holdout(fields: Fields) -> Child:
    """Its rows. A table's holdout stays while data come, so it is said how often it has been looked at."""
    rows = f"{quantity(fields.objects('scores')[-1].number('rows'))} rows"
    table = "answers" in fields and "truth" in fields.inner("answers")
    looked = fields.whole("looked") if table and "looked" in fields else 1
    return with_small(rows, f"looked at {looked} times" if looked > 1 else "which nothing was chosen by")


def _bands(fields: Fields) -> Child:
    found = fields.inner("bands")
    return with_small(f"{percent(found.number('coverage'), 1)} inside", f"{percent(found.number('nominal'))} wanted")


_FACTS: Final[tuple[tuple[str, Callable[[Fields], Child]], ...]] = (
    ("Score", _score),
    ("Model", _model),
    ("Recipe", lambda fields: with_small(fields.inner("recipe").text("family"), "of the challenger")),
    ("Holdout", _holdout),
    ("Bands", _bands),
    ("Dataset", lambda fields: code(fields.text("fingerprint")[:12])),
)


def _moment(text: str) -> str:
    """A time as people read it; as it is where it is none."""
    try:
        return moment(instant(text))
    except ValueError:
        return text
