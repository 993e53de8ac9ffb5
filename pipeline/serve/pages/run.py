"""/runs/NAME: one run: what it is, why it failed, its graph, its logs, and what can be done to it."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from pipeline.engine.views import RunView, labels
from pipeline.explain import of_run
from pipeline.report.notebooks import notebooks
from pipeline.report.page import page as report
from pipeline.report.runs import runs as graph
from pipeline.report.story import Story
from pipeline.serve.api.requests import Call
from pipeline.serve.objects import Item
from pipeline.serve.pages.documents import listed, written
from pipeline.serve.pages.frame import dot, form, page
from pipeline.serve.pages.runs import took
from pipeline.serve.problems import invalid
from steps.pages.markup import Markup, join, tag
from steps.pages.parts import code, facts, section, table, unfolds
from steps.pages.words import moment
from steps.summaries.base import known

_GOING_ON = ("Pending", "Running")


def run_page(call: Call) -> Response:
    """The page."""
    item = call.service.runs.item(call.name)
    view = call.service.runs.view(item.name)
    here = [f"pipeline explain {item.name}", f"pipeline logs -f {item.name}", f"argo get {item.name}"]
    commands = call.service.typed(here, [f"argo get {item.name}", f"argo logs -f {item.name}"])
    query = {"listOptions.fieldSelector": f"metadata.name={item.name}", "fields": "result.type"}
    story = Story([view], datetime.now(UTC), served=True)
    body = join(_actions(call, item, view), _facts(call, item, view), _why(call, item), graph(story),
                known(lambda: notebooks(story)), _documents(call, view), _logs(call, item.name, view))  # fmt: skip
    watch = f"/api/v1/workflow-events/?{urlencode(query)}"
    return page(item.name, commands, body, here="/runs", watch=watch)


def report_page(call: Call) -> Response:
    """The report of the run, as `pipeline report` writes it."""
    view = call.service.runs.view(call.service.runs.item(call.name).name)
    return HTMLResponse(report(Story([view], datetime.now(UTC), served=True)))


def _facts(call: Call, item: Item, view: RunView) -> Markup:
    name = quote(item.name, safe="")
    more = call.service.page and f"{call.service.page}/workflows/{call.service.namespace}/{name}"
    parameters = join(*(tag("div", code(name), " = ", value[:400]) for name, value in view.parameters.items()))
    return facts(
        [
            ("Phase", dot("Suspended" if view.halted else view.phase)),
            ("Workflow", view.workflow),
            ("Began", moment(view.started_at) if view.started_at else "not yet"),
            ("Took", took(view.started_at, view.finished_at)),
            ("Done", item.progress or item.row["progress"] or None),
            ("Message", view.message or None),
            ("Parameters", unfolds(f"{len(view.parameters)} of them", parameters) if view.parameters else None),
            ("Report", None if call.service.namespace else join(
                tag("a", "the whole page", href=f"/runs/{name}/report"),
                tag("small", code(f"pipeline report {item.name}")))),
            ("Argo", tag("a", "its page in the Argo UI", href=more) if more else None),
        ]
    )  # fmt: skip


def _actions(call: Call, item: Item, view: RunView) -> Markup | None:
    """What can be done. On a cluster a run is not gone on with from a node: that is the Argo UI's."""
    if not call.service.acts:
        return None
    here = not call.service.namespace
    address, name = f"/runs/{quote(item.name, safe='')}", item.name
    if view.phase in _GOING_ON:
        halt = ("resume", "Resume") if view.halted or (here and _pauses(view)) else ("suspend", "Suspend")
        buttons = [form(f"{address}/{halt[0]}", halt[1]), form(f"{address}/stop", "Stop", sure=f"Stop {name}?")]
    else:
        again = form(f"{address}/retry", "Retry what failed") if here and view.phase in ("Failed", "Error") else None
        whole = form(f"{address}/resubmit", "Run again")
        buttons = [each for each in (again, whole, _from_node(address, view) if here else None) if each]
    return tag("div", *buttons, class_="actions")


def _pauses(view: RunView) -> bool:
    return any(node.type == "Suspend" and node.phase == "Running" for node in view.nodes)


def _from_node(address: str, view: RunView) -> Markup | None:
    """Running again from a node, in place."""
    names = labels(view)
    nodes = [node for node in view.nodes if node.type == "Pod" and node.phase == "Succeeded"][:200]
    if not nodes:
        return None
    options = [tag("option", names[node.id], value=node.id) for node in nodes]
    return form(f"{address}/retry", "Run again from", tag("select", *options, name_="node", aria_label="Node"))


def _why(call: Call, item: Item) -> Markup | None:
    """What `pipeline explain` says, of what did not simply succeed."""
    if item.row["phase"] == "Succeeded" or item.row["started_at"] is None or call.service.namespace:
        return None
    lines = of_run(call.service.runs.journal, item.name)
    said = [
        tag("p", line.text, class_=f"line depth{min(line.depth, 3)} {line.style.partition(' ')[0]}") for line in lines
    ]
    failed = item.row["phase"] in ("Failed", "Error")
    return section("why", "Why it failed" if failed else "How it stands", "In the words of: pipeline explain", *said)


def _documents(call: Call, view: RunView) -> Markup | None:
    found = list(written(call.service.runs, view))
    shown = listed(found, "Pages of this run", alone=True)
    return section("documents", "Pages", "What its steps have written to be read.", shown) if found else None


def _logs(call: Call, name: str, view: RunView) -> Markup:
    shown = labels(view)
    address = f"/api/v1/workflows/-/{quote(name, safe='')}/log?logOptions.follow=true&logOptions.timestamps=true"
    leaves = [node for node in view.nodes if node.type in ("Pod", "HTTP") and node.started_at is not None][:400]
    rows = [
        (shown[node.id], dot(node.phase), took(node.started_at, node.finished_at),
         tag("button", "show", data_log=f"{address}&{urlencode({'podName': node.id})}"))
        for node in leaves
    ]  # fmt: skip
    every = tag("button", "Show all of them", data_log=f"{address}&logOptions.tailLines=1000", data_of=f"{name}-")
    listed = table(("Step", "Phase", "#Took", "Log"), rows, "Steps that have a log") if rows else None
    come = "As they are by now" if call.service.namespace else "As they come"
    panel = tag("pre", id="log", tabindex="0", aria_label="Log", aria_live="off", hidden=True)
    return section("logs", "Logs", f"{come}, each line after its time (UTC).", every, panel, listed)


def act(what: str, call: Call) -> Response:
    """Do what a button of the page says, and show the run."""
    service, name = call.service, call.name
    fields = parse_qs(call.body.get("form", ""))
    if what == "resubmit":
        name = service.submitter.resubmit(name, None, "", memoized=False)["metadata"]["name"]
    elif what == "retry":
        node = fields.get("node", [""])[0]
        service.controller.retry(name, {"restartSuccessful": True, "nodeFieldSelector": f"id={node}"} if node else {})
    elif what in ("stop", "suspend", "resume"):
        {
            "stop": lambda: service.controller.stop(name, {}),
            "suspend": lambda: service.controller.suspend(name),
            "resume": lambda: service.controller.resume(name, {}),
        }[what]()
    else:
        raise invalid(f"{what!r:.40} is nothing that is done to a run")
    return RedirectResponse(f"/runs/{quote(name, safe='')}", 303)
