"""/projects: what is live and since when, and every decision with its reasons."""

from urllib.parse import quote

from starlette.responses import Response

from pipeline.project import Project, TableProject
from pipeline.projects import PROJECTS, find
from pipeline.serve.api.requests import Call
from pipeline.serve.pages.frame import page
from steps.backends.promotions import Promotion
from steps.pages.markup import Markup, tag
from steps.pages.parts import facts, note, table


def projects_page(call: Call) -> Response:
    """All of them."""
    rows = [_line(call, project) for project in PROJECTS.values()]
    shown = table(("Project", "Live", "Since", "#Decisions", "Last run"), rows, "Projects")
    commands = [f"pipeline models {name}" for name in PROJECTS]
    return page("Projects", commands, shown, here="/projects")


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
        f"No model of {project.name} yet; make one with: pipeline quickstart {project.name}"
    )  # fmt: skip
    live = facts([("Live", f"version {found.champion}" if found.champion else "nothing"), ("Note", found.note)])
    commands = [f"pipeline models {project.name} --all", f"pipeline rollback {project.name} --why …"]
    return page(project.name, commands, live, shown, here="/projects")
