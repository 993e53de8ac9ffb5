"""/health: whether what must run does. Looking starts nothing."""

from functools import partial

from starlette.responses import Response

from pipeline.laptop.watched import row, watched
from pipeline.project import Project
from pipeline.projects import every
from pipeline.serve.api.requests import Call
from pipeline.serve.pages.frame import dot, page
from steps.pages.markup import Markup
from steps.pages.parts import note, section, table
from steps.pages.words import readable

_HERE = ("pipeline doctor", "pipeline up", "pipeline monitor openaq")
_OF_A_PROCESS = ("#Pid", "#Memory", "Log")
_ALARMS = 50  # of a project that are shown
_WATCHES = ("Model", "Seen", "#Evidence", "Last alarm", "What came of it", "Up to")


def health_page(call: Call) -> Response:
    """The servers, the models that must be served, and whether anything watches."""
    machine = call.service.machine
    rows = [
        (each.name, dot(each.state), each.address or "–", str(each.pid or "–"),
         f"{each.memory_mb:.0f} MB" if each.memory_mb else "–", readable(each.since) if each.since else "–",
         each.log.name if each.log else "–")
        for each in machine.stack.status()
    ]  # fmt: skip
    logs = f"Logs are in {machine.home / 'logs'}." if not call.service.namespace else ""
    columns = ("Server", "State", "Address", "#Pid", "#Memory", "Since", "Log")
    said = [at for at, _ in enumerate(columns) if not call.service.namespace or columns[at] not in _OF_A_PROCESS]
    servers = table([columns[at] for at in said], [[cells[at] for at in said] for cells in rows], "Servers")
    models = [(each.project, f"version {each.champion.version}", dot("right" if each.right else "wrong"), each.words)
              for each in machine.served()]  # fmt: skip
    served = (
        table(("Project", "Champion", "State", "What to know"), models, "Models") if models else note("None is live.")
    )
    states = watched(machine)
    looks = table(_WATCHES, [row(each) for each in states], "Watches") if states else note("Nobody has looked yet.")
    there = call.service.namespace
    watching = "Schedules and inboxes are watched." if machine.watched() else "Nothing watches; start it: pipeline up"
    body = (
        section("servers", "Servers", f"{watching} {logs}", servers),
        None if there else section("models", "Models", "Those that must be served.", served),
        section("watches", "Watches", "How the live models do; at 100 % the evidence of a change is an alarm.", looks),
        section("monitoring", "Alarms", "Of live models, the newest first.", _alarms(call)),
    )
    return page("Health", call.service.typed(_HERE, ["kubectl get pods"]), *body, here="/health")


def _alarms(call: Call) -> Markup:
    machine = call.service.machine
    if not machine.has_database():
        return note("Nothing is live yet.")
    from steps.backends.database import read  # noqa: PLC0415 - SQLAlchemy is slow to import
    from steps.backends.warehouse import skill  # noqa: PLC0415 - likewise

    machine.use("database")
    rows = []
    for project in every().values():
        if isinstance(project, Project):
            found = read(partial(skill.raised, project=project.name, parameter=project.learning.target))
            rows += [(f"{one.day:%F}", project.name, str(one.version), dot(one.cause), one.words,
                      one.outcome or one.training or "–") for one in reversed(found[-_ALARMS:])]  # fmt: skip
    columns = ("Day", "Project", "#Version", "Cause", "Seen", "What came of it")
    return table(columns, rows, "Alarms", "") if rows else note("No alarm.")
