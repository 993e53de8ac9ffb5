"""/documents: every page that steps have written: reports of checks, decisions, monitoring, executed notebooks. They
are shown in a sandbox, as all artifacts are."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from pipeline.engine.views import RunView, labels
from pipeline.serve.api.requests import Call
from pipeline.serve.listing import number
from pipeline.serve.pages.frame import page
from pipeline.serve.runs import Runs
from steps.pages.markup import Markup, tag
from steps.pages.parts import code, note, table
from steps.pages.words import moment

_RUNS: Final = 20  # runs in which one page looks
_ENDS: Final = (".html", ".htm")


class Document(NamedTuple):
    """A page that a node of a run has left as an artifact."""

    run: str
    workflow: str
    step: str
    artifact: str
    address: str
    made: datetime | None


def written(runs: Runs, view: RunView) -> Iterator[Document]:
    """Those of one run."""
    names: dict[str, str] = {}
    for node in view.nodes:
        if node.type != "Pod":
            continue
        for name, path in (node.outputs.get("artifacts") or {}).items():
            address = runs.page_at(view.id, node.id, name, str(path)) if str(path).endswith(_ENDS) else None
            if address is not None:
                names = names or labels(view)
                yield Document(view.id, view.workflow, names[node.id], name, address, node.finished_at)


def newest(runs: Runs, first: int = 0, prefix: str = "") -> list[Document]:
    """Those of the newest runs, from the one at `first` on. `prefix`: of the workflows that are meant."""
    items = [each for each in runs.items() if str(each.row["workflow"]).startswith(prefix)]
    return [one for each in items[first : first + _RUNS] for one in written(runs, runs.view(each.name))]


def listed(found: Iterable[Document], caption: str, *, alone: bool = False) -> Markup:
    """As a table, each with the command that copies it. `alone`: all are of the run whose page this is."""
    rows = [
        (
            tag("a" if one.address else "span", f"{one.step}: {one.artifact}", href=one.address or None),
            *(() if alone else (tag("a", one.run, href=f"/runs/{quote(one.run, safe='')}"), one.workflow)),
            moment(one.made) if one.made else "–",
            code(f"argo cp {one.run} . --artifact-name {one.artifact}"),
        )
        for one in found
    ]
    columns = ("Page", *(() if alone else ("Run", "Workflow")), "Written", "A copy of it")
    return table(columns, rows, caption)


def documents_page(call: Call) -> Response:
    """The page. `from` of its query: how many of the newest runs are passed over."""
    first = number(call.query, "from")
    found, total = newest(call.service.runs, first), len(call.service.runs.items())
    shown = listed(found, "Pages, those of the newest run first") if found else note("These runs have left no page.")
    until = min(first + _RUNS, total)
    older = tag("a", "Older runs", href=f"/documents?from={until}") if until < total else None
    newer = tag("a", "Newer runs", href=f"/documents?from={max(first - _RUNS, 0)}") if first else None
    said = note(f"Of the runs {min(first + 1, total)} to {until} of {total}, the newest first. ", newer, " ", older)
    return page(
        "Reports and notebooks", call.service.typed(["pipeline report RUN"], []), shown, said, here="/documents"
    )
