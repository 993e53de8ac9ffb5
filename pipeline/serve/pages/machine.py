"""/inbox and /health: where dropped files are and why, and whether what must run does. Looking starts nothing."""

from starlette.responses import Response

from pipeline.laptop.watched import row, watched
from pipeline.serve.api.requests import Call
from pipeline.serve.pages.frame import dot, page
from pipeline.stack import Stack
from steps.pages.markup import tag
from steps.pages.parts import note, section, table

_WATCHES = ("Model", "Seen", "#Evidence", "Last alarm", "What came of it", "Up to")


def inbox_page(call: Call) -> Response:
    """What `pipeline inbox` says."""
    machine = call.service.machine
    if not _runs(machine.stack, "object-store"):
        said = note("The object store does not run, so what is in it cannot be seen; start it with: pipeline up")
        return page("Inbox", ["pipeline inbox"], said, here="/inbox")
    from pipeline.inbox.listing import listed  # noqa: PLC0415 - the object store's library is slow to import

    return page(
        "Inbox", ["pipeline inbox", "pipeline put PROJECT FILE"], _printed(listed(machine, None, 200)), here="/inbox"
    )


def health_page(call: Call) -> Response:
    """The servers, the models that must be served, and whether anything watches."""
    machine = call.service.machine
    rows = [
        (each.name, dot(each.state), each.address or "–", str(each.pid or "–"),
         f"{each.memory_mb:.0f} MB" if each.memory_mb else "–", each.since or "–", str(each.log or "–"))
        for each in machine.stack.status()
    ]  # fmt: skip
    servers = table(("Server", "State", "Address", "#Pid", "#Memory", "Since", "Log"), rows, "Servers")
    models = [(each.project, f"version {each.champion.version}", dot("right" if each.right else "wrong"), each.words)
              for each in machine.served()]  # fmt: skip
    served = (
        table(("Project", "Champion", "State", "What to know"), models, "Models") if models else note("None is live.")
    )
    states = watched(machine)
    looks = table(_WATCHES, [row(each) for each in states], "Watches") if states else note("Nobody has looked yet.")
    watching = "Schedules and inboxes are watched." if machine.watched() else "Nothing watches; start it: pipeline up"
    body = (
        section("servers", "Servers", watching, servers),
        section("models", "Models", "Those that must be served.", served),
        section("watches", "Watches", "How the live models do; at 100 % the evidence of a change is an alarm.", looks),
    )
    return page("Health", ["pipeline doctor", "pipeline up"], *body, here="/health")


def _runs(stack: Stack, name: str) -> bool:
    return any(each.name == name and each.state == "running" for each in stack.status())


def _printed(text: str) -> str:
    return tag("pre", text, tabindex="0")
