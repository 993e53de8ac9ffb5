"""Failures: which step failed, what it said, and the last lines of its log."""

from typing import TYPE_CHECKING

from pipeline.report.story import Story
from pipeline.report.tasks import Task
from pipeline.report.tasks import failures as failed_nodes
from steps.pages.markup import Markup, tag
from steps.pages.parts import facts, section, spent
from steps.pages.words import elapsed, moment

if TYPE_CHECKING:
    from pipeline.engine.views import NodeView, RunView

_LINES = 20
_MOST = 12


def failures(story: Story) -> Markup | None:
    """Every node that failed for good; None if there are none."""
    found = [(run, task, node) for run in story.runs for task, node in failed_nodes(run)]
    if not found:
        return None
    return section(
        "failures",
        "What failed",
        "The message, and the end of the step's log."
        + (f" The first {_MOST} of {len(found)}." if len(found) > _MOST else ""),
        *(_failure(story, *one) for one in found[:_MOST]),
    )


def _failure(story: Story, run: "RunView", task: Task, node: "NodeView") -> Markup:
    from pipeline.engine.views import last_lines  # noqa: PLC0415 — the engine needs more than a report does

    lines = last_lines(node.log / "stderr.log", _LINES) if node.log else []
    about = run.workflow + (f" · attempt {node.attempt + 1}" if task.tries > 1 else "")
    lasted = spent(elapsed(node.started_at, node.finished_at, story.now))
    return tag(
        "div",
        tag("h3", node.display_name if task.fanned else task.name, tag("small", about)),
        tag("p", node.message or "It left no message.", class_="bad"),
        facts(
            [
                ("Began", moment(node.started_at) if node.started_at else None),
                ("Took", lasted),
                ("Log", str(node.log) if node.log else None),
            ]
        ),
        tag("pre", "\n".join(lines)) if lines else None,
        class_="failure",
    )
