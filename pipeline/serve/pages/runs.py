"""/runs: all runs, with a filter."""

from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from starlette.responses import Response

from pipeline.serve.api.requests import Call
from pipeline.serve.objects import Item
from pipeline.serve.pages.frame import dot, page
from steps.pages.markup import Markup, tag
from steps.pages.parts import note, spent, table
from steps.pages.words import elapsed, moment, shortened

_MOST = 200
_PHASES = ("", "Running", "Succeeded", "Failed", "Error", "Pending")


def runs_page(call: Call) -> Response:
    """The page."""
    wanted, phase = call.query.get("q", ""), call.query.get("phase", "")
    found = [each for each in call.service.runs.items() if _fits(each, wanted, phase)]
    rows = [_row(each) for each in found[:_MOST]]
    columns = ("Run", "Workflow", "Phase", "Began", "#Took", "#Done", "Message")
    shown = table(columns, rows, "Runs, the newest first", "rows") if rows else note("No run fits.")
    more = note(f"{len(found) - _MOST} older ones are not shown.") if len(found) > _MOST else None
    fields = "result.object.metadata.resourceVersion,result.type"
    version = call.service.runs.version()
    watch = f"/api/v1/workflow-events/?{urlencode({'fields': fields, 'listOptions.resourceVersion': version})}"
    return page(
        "Runs",
        call.service.typed(["pipeline runs"], ["argo list"]),
        _filter(wanted, phase),
        shown,
        more,
        here="/runs",
        watch=watch,
    )


def _fits(item: Item, wanted: str, phase: str) -> bool:
    return (not phase or item.row["phase"] == phase) and (
        wanted.lower() in f"{item.name} {item.row['workflow']} {item.row['message']}".lower()
    )


def _filter(wanted: str, phase: str) -> Markup:
    options = [tag("option", each or "any phase", value=each, selected=each == phase) for each in _PHASES]
    return tag(
        "form",
        tag(
            "input", type="search", name_="q", value=wanted, placeholder="name, workflow, message", aria_label="Filter"
        ),
        tag("select", *options, name_="phase", aria_label="Phase"),
        tag("button", "Filter"),
        class_="filter",
        role="search",
    )


def _row(item: Item) -> tuple[str, ...]:
    row = item.row
    began = datetime.fromtimestamp(row["started_at"], UTC) if row["started_at"] else None
    ended = datetime.fromtimestamp(row["finished_at"], UTC) if row["finished_at"] else None
    return (
        tag("a", item.name, href=f"/runs/{quote(item.name, safe='')}"),
        row["workflow"],
        dot("Suspended" if item.halted else row["phase"]),
        moment(began) if began else "–",
        took(began, ended),
        item.progress or row["progress"] or "–",
        shortened(row["message"], 160),
    )


def took(began: datetime | None, ended: datetime | None) -> str:
    """How long something ran, or has run by now."""
    return spent(elapsed(began, ended, datetime.now(UTC)) if began else None)
