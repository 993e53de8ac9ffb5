"""/projects: what is live and since when, and every decision with its reasons."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from starlette.responses import Response

from pipeline.project import Project, TableProject
from pipeline.projects import every, find, problems
from pipeline.serve.api.requests import Call
from pipeline.serve.pages.documents import Document, listed, newest
from pipeline.serve.pages.frame import form, page
from pipeline.serve.pages.starting import started
from pipeline.serve.problems import invalid
from steps.backends.promotions import Promotion
from steps.pages.markup import Markup, tag
from steps.pages.parts import facts, note, section, table

if TYPE_CHECKING:
    from pipeline.models.decisions import Decisions


def projects_page(call: Call) -> Response:
    """All of them."""
    rows = [_line(call, project) for project in every().values()]
    shown = table(("Project", "Live", "Since", "#Decisions", "Last run"), rows, "Projects")
    here = [f"pipeline models {name}" for name in every()]
    commands = call.service.typed(here, ["kubectl get seldondeployments"])
    return page("Projects", commands, shown, *map(note, problems()), here="/projects")


def _line(call: Call, project: Project | TableProject) -> tuple[str, ...]:
    from pipeline.models.decisions import decisions_of  # noqa: PLC0415 - SQLAlchemy is slow to import
    from pipeline.models.listing import local  # noqa: PLC0415

    found = decisions_of(call.service.machine, project.name)
    runs = (each for each in call.service.runs.items() if str(each.row["workflow"]).startswith(f"{project.name}-"))
    last = next(runs, None)
    return (
        tag("a", project.name, href=f"/projects/{project.name}"),
        f"version {found.champion}" if found.champion else "–",
        local(found.live.live_at) if found.live else "–",
        str(len(found.all)),
        tag("a", f"{last.name}: {last.row['phase']}", href=f"/runs/{quote(last.name, safe='')}") if last else "–",
    )


def project_page(call: Call) -> Response:
    """One: its decisions, the newest first."""
    from pipeline.models.decisions import decisions_of  # noqa: PLC0415 - likewise
    from pipeline.models.listing import afterwards, local, period  # noqa: PLC0415

    project = find(call.name)
    metric = project.learning.gate.metric
    found = decisions_of(call.service.machine, project.name)

    def row(one: Promotion) -> tuple[str, ...]:
        made = one.run if hasattr(one, "run") and one.run else ""
        run: Markup | str = tag("a", made, href=f"/runs/{quote(made, safe='')}") if made else "–"
        lived = period(found, one) if one.live_at else ("not promoted" if not one.promoted else "not yet")
        scores = ", ".join(f"{each['name']} {each[metric]:.3g}" for each in one.scores or () if metric in each)
        version, told = str(one.version or "–"), afterwards(found, one, metric)
        return (
            str(one.decision),
            one.kind,
            version,
            local(one.made_at),
            scores or "–",
            told,
            lived,
            one.words or "–",
            run,
        )

    columns = ("#Decision", "Kind", "#Version", "Made", f"{metric.upper()} then", "Since then", "Live", "Why", "Run")
    shown = table(columns, [row(one) for one in found.all], f"Decisions of {project.name}") if found.all else note(
        f"No model of {project.name} yet{call.service.hint(f'; make one with: pipeline quickstart {project.name}')}"
    )  # fmt: skip
    live = facts(
        [
            ("Live", f"version {found.champion}" if found.champion else "nothing"),
            ("Note", found.note if found.registry or not call.service.namespace else None),
        ]
    )
    here = [f"pipeline models {project.name} --all", f"pipeline rollback {project.name} --to VERSION --why …"]
    back = f"argo submit --from workflowtemplate/{project.name}-rollback -p to=VERSION -p why=…"
    commands = call.service.typed(here, [back])
    body = (
        live,
        _back(project.name, found) if call.service.acts else None,
        shown,
        _documents(call, project.name),
    )
    return page(project.name, commands, *body, here="/projects")


def _documents(call: Call, name: str) -> Markup | None:
    """The newest page of each kind."""
    found: dict[tuple[str, str, str], Document] = {}
    for one in newest(call.service.runs, prefix=f"{name}-"):
        found.setdefault((one.workflow, one.step, one.artifact), one)
    every_one = tag("a", "All of them", href="/documents")
    shown = listed(found.values(), f"Newest pages of {name}")
    return section("documents", "Reports", every_one, shown) if found else None


def _back(name: str, found: "Decisions") -> Markup | None:
    """The way back to a version that was live before."""
    earlier = sorted({one.version for one in found.all if one.live_at and one.version} - {found.champion}, reverse=True)
    if not earlier or found.champion is None:
        return None
    options = [tag("option", f"version {version}", value=str(version)) for version in earlier]
    why = tag("input", name_="why", required=True, placeholder="why", aria_label="Why")
    which = tag("select", *options, name_="to", aria_label="Version")
    sure = f"Put an earlier model of {name} in the place of version {found.champion}?"
    back = form(f"/projects/{name}/rollback", "Roll back", which, why, sure=sure)
    return tag("div", back, class_="actions")


def act(what: str, call: Call) -> Response:
    """Roll back, and show the run that does."""
    from pipeline.models.rollback import parameters  # noqa: PLC0415 - likewise

    project = find(call.name)
    if what != "rollback":
        raise invalid(f"{what!r:.40} is nothing that is done to a project")
    fields = parse_qs(call.body.get("form", ""))
    to, why = fields.get("to", [""])[0], fields.get("why", [""])[0]
    if not why.strip():
        raise invalid("there is no reason; say in a few words why")
    if not to.isdecimal():
        raise invalid(f"{to!r:.40} is not a version; wanted a whole number")
    return started(call, f"{project.name}-rollback", parameters(int(to), why))
