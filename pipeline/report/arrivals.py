"""Arrivals: the files that came in, what became of each, and why."""

from collections.abc import Sequence

from pipeline.report.story import Story, Summary
from steps.pages.fields import Fields
from steps.pages.markup import Child, Markup, join, tag
from steps.pages.parts import facts, section, table, unfolds
from steps.pages.words import one_line, quantity

_SHOWN = 12


def arrivals(story: Story) -> Markup:
    """One block for each run that looked into an inbox."""
    return section(
        "arrivals",
        "Files",
        "A file is taken once. Its rows that are not known yet join all earlier ones; what cannot be learned from "
        "goes to quarantine with its reason.",
        *(_block(summary) for summary in story.all("ingest")),
    )


def _block(summary: Summary) -> Markup:
    fields = summary.fields
    return tag(
        "div",
        tag("h3", summary.run.workflow, tag("small", fields.text_or("words"))),
        facts(_facts(fields)),
        _files("Quarantined", "Why", [(one, one.text("reason")) for one in fields.objects("quarantined")]),
        _files("Accepted", "Rows", [(one, _rows(one)) for one in fields.objects("accepted")]),
        _files("Known before", "", [(one, "every row is known") for one in fields.objects("known")]),
        _files("Missing", "Why", [(one, one.text("reason")) for one in fields.objects("missing")]),
        class_="block",
    )


def _facts(fields: Fields) -> list[tuple[str, Child]]:
    return [
        ("Files", quantity(fields.number("claimed"))),
        ("Rows in all", quantity(fields.number("rows")) if "rows" in fields else None),
        ("History", f"number {fields.whole('sequence')}" if "sequence" in fields else None),
        ("Training", tag("code", fields.text("training")) if "training" in fields else "none: nothing new"),
    ]


def _rows(one: Fields) -> Child:
    known, refused = one.number("rows_known"), one.number("rows_refused")
    parts = [f"{quantity(one.number('rows_new'))} new"]
    parts += [f"{quantity(known)} known"] if known else []
    parts += [f"{quantity(refused)} left out"] if refused else []
    notes = one.texts("notes") if "notes" in one else []
    return join(", ".join(parts), *(tag("small", text) for text in notes))


def _files(caption: str, said: str, found: Sequence[tuple[Fields, Child]]) -> Markup | None:
    if not found:
        return None
    columns = ["File", said or "Rows"]
    rows = [(tag("code", one_line(one.text("key")), title=one.text_or("place")), words) for one, words in found]
    rest = rows[_SHOWN:]
    return join(
        tag("h4", f"{caption}: {len(rows)}"),
        table(columns, rows[:_SHOWN], caption),
        unfolds(f"{len(rest)} more", table(columns, rest, caption)) if rest else None,
    )
