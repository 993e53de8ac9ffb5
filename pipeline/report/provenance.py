"""Provenance: the inputs of the runs, so that the page can be traced to its data and reproduced."""

import json
from typing import TYPE_CHECKING

from pipeline.report.story import Story
from steps.pages.markup import Child, Markup, tag
from steps.pages.parts import code, facts, note, section, unfolds
from steps.pages.words import moment, shortened

if TYPE_CHECKING:
    from pipeline.engine.views import RunView

_LONGEST_VALUE = 300


def provenance(story: Story) -> Markup:
    """Parameters of each run, the declaration, and whose data it is."""
    return section(
        "provenance",
        "Provenance",
        "What the runs were given.",
        note("Data: ", tag("b", story.attribution), ".") if story.attribution else None,
        *(_run(run) for run in story.runs),
        _declaration(story),
    )


def _run(run: "RunView") -> Markup:
    given: list[tuple[str, Child]] = [
        (name, code(shortened(value, _LONGEST_VALUE)))
        for name, value in run.parameters.items()
        if name != "declaration" and value
    ]
    return tag(
        "div",
        tag("h3", run.workflow, tag("small", f"{run.id} · submitted {moment(run.created_at)}")),
        facts(given) if given else note("No parameters: everything as declared."),
        class_="block",
    )


def _declaration(story: Story) -> Markup | None:
    if story.declaration is None:
        return None
    return unfolds("The project's declaration", tag("pre", json.dumps(story.declaration, indent=2, ensure_ascii=False)))
