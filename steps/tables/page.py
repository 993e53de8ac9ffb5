"""The page of an ingest run: what arrived, what became of each file and why, and what happens next."""

from steps.pages.arrivals import files
from steps.pages.document import document
from steps.pages.markup import Markup, join, tag
from steps.pages.parts import code, section, table, unfolds
from steps.pages.validation import expectations
from steps.pages.words import one_line, readable
from steps.summaries.ingest import Ingest


def page(ingest: Ingest) -> str:
    """The page, as HTML."""
    again = "Correct a file and drop it again, or, if it is right as it is, let it back in: "
    hint = join(again, code("pipeline inbox release KEY --why …")) if ingest.quarantined else None
    main = tag(
        "main",
        tag(
            "header",
            tag("p", " · ".join([ingest.project, ingest.run, readable(ingest.made_at)]), class_="eyebrow"),
            tag("h1", "What arrived"),
            tag("p", ingest.words, class_="lede"),
        ),
        section("files", "Files", hint, *files(ingest), _places(ingest)),
        section("expectations", "Expectations", None, expectations(ingest.suites)) if ingest.suites else None,
    )
    return document(f"{ingest.project}: what arrived", main)


def _places(ingest: Ingest) -> Markup | None:
    kept, caption = (*ingest.quarantined, *ingest.accepted, *ingest.known), "Where each file is now"
    rows = [[code(one_line(file.key)), code(one_line(file.place or ""))] for file in kept]
    return unfolds(caption, table(["File", "Now at"], rows, caption)) if rows else None
