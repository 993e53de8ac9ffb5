"""Arrivals: the files that came in, what became of each, and why."""

from pipeline.report.story import Found, Story
from steps.pages.arrivals import files
from steps.pages.markup import Markup, tag
from steps.pages.parts import section
from steps.summaries.ingest import Ingest


def arrivals(story: Story) -> Markup:
    """One block for each run that looked into an inbox."""
    return section(
        "arrivals",
        "Files",
        "A file is taken once. Its rows that are not known yet join all earlier ones; what cannot be learned from "
        "goes to quarantine with its reason.",
        *(_block(found) for found in story.all(Ingest)),
    )


def _block(found: Found[Ingest]) -> Markup:
    title = tag("h3", found.run.workflow, tag("small", found.summary.words))
    return tag("div", title, *files(found.summary), class_="block")
