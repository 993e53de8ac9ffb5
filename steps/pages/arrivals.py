"""Arrivals: the files that came in, what became of each, and why."""

from collections.abc import Sequence

from steps.pages.markup import Child, Markup, join, tag
from steps.pages.parts import facts, table, unfolds
from steps.pages.words import one_line, quantity
from steps.summaries.ingest import Accepted, File, Ingest, Retracted

_SHOWN = 12


def files(ingest: Ingest) -> tuple[Markup | None, ...]:
    """The files of one run: how many, and a table for each outcome."""
    return (
        facts(_facts(ingest)),
        _files("Quarantined", "Why", [(file, file.place, file.reason) for file in ingest.quarantined]),
        _files("Accepted", "Rows", [(file, file.place, _rows(file)) for file in ingest.accepted]),
        _files("Known before", "Rows", [(file, file.place, "every row is known") for file in ingest.known]),
        _files("Retracted", "Why", [(file, file.place, _left(file)) for file in ingest.retracted]),
        _files("Missing", "Why", [(file, None, file.reason) for file in ingest.missing]),
    )


def _facts(ingest: Ingest) -> list[tuple[str, Child]]:
    return [
        ("Files", quantity(ingest.claimed)),
        ("Rows in all", None if ingest.rows is None else quantity(ingest.rows)),
        ("History", None if ingest.sequence is None else f"number {ingest.sequence}"),
        ("Training", "none: nothing new" if ingest.training is None else tag("code", ingest.training)),
    ]


def _rows(file: Accepted) -> Child:
    copied = f" ({quantity(file.rows_copied)} of them copies up to rounding)" if file.rows_copied else ""
    parts = [f"{quantity(file.rows_new)} new{copied}"]
    parts += [f"{quantity(file.rows_known)} known"] if file.rows_known else []
    parts += [f"{quantity(file.rows_refused)} left out"] if file.rows_refused else []
    return join(", ".join(parts), *(tag("small", text) for text in file.notes))


def _left(file: Retracted) -> Child:
    return join(file.why, tag("small", f"{quantity(file.rows_left)} rows left the history"))


def _files(caption: str, said: str, found: Sequence[tuple[File, str | None, Child]]) -> Markup | None:
    """A table of files, with where each is now and a remark on it."""
    if not found:
        return None
    rows = [(tag("code", one_line(file.key), title=place or ""), words) for file, place, words in found]
    rest = rows[_SHOWN:]
    return join(
        tag("h4", f"{caption}: {len(rows)}"),
        table(["File", said], rows[:_SHOWN], caption),
        unfolds(f"{len(rest)} more", table(["File", said], rest, caption)) if rest else None,
    )
