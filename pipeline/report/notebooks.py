"""Notebooks: what each run executed, how it ended, and where its copy is."""

from pipeline.report.story import Found, Story
from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import code, note, section, spent, table
from steps.summaries.base import known
from steps.summaries.notebook import Executed, Loaded


def notebooks(story: Story) -> Markup:
    """One row for each notebook, and what was handed over."""
    rows = [_row(story, found) for found in story.all(Executed)]
    loaded = known(lambda: story.all(Loaded)) or []
    return section(
        "notebooks",
        "Notebooks",
        "Each is executed for itself. Its copy is kept whatever happens, and as a page beside it.",
        table(("Notebook", "For", "Ended", "#Took", "Copy"), rows, "Executed notebooks"),
        *(note("Handed over: ", tag("b", found.summary.words), ".") for found in loaded),
        *(tag("p", reason, class_="bad") for found in loaded for reason in found.summary.refused),
    )


def _row(story: Story, found: Found[Executed]) -> tuple[Child, ...]:
    one, page = found.summary, story.page_of(found)
    ended = "done" if one.ended == "done" else tag("span", f"failed: {one.said}", class_="bad")
    return (
        tag("a", one.notebook, href=page) if page else one.notebook,
        one.item,
        ended,
        spent(one.seconds),
        code(one.address),
    )
