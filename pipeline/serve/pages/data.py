"""/data: how fresh and how whole each project's data are, and what was refused why. Looking starts nothing."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from pipeline.project import Project, TableProject
from pipeline.projects import every
from pipeline.serve.api.requests import Call
from pipeline.serve.pages.frame import page
from steps.pages.markup import Markup, join, tag
from steps.pages.parts import facts, note, section, table
from steps.pages.words import count

if TYPE_CHECKING:
    from steps.backends.warehouse.standing import Coverage

_MOST: Final = 200  # locations in a table, those that are furthest behind first


def data_page(call: Call) -> Response:
    """All projects."""
    machine = call.service.machine
    here = [f"sqlite3 {machine.home / 'pipeline.db'} .schema", "pipeline inbox"]
    commands = call.service.typed(here, ["argo cron list"])
    if not machine.has_database():
        return page("Data", commands, note("Nothing has come yet; begin with: pipeline quickstart"), here="/data")
    machine.use("database")
    parts = [
        section(name, name, "", _series(call, project) if isinstance(project, Project) else _files(call, project))
        for name, project in every().items()
    ]
    return page("Data", commands, *parts, here="/data")


def _series(call: Call, project: Project) -> Markup:
    from steps.backends import judged  # noqa: PLC0415 - SQLAlchemy is slow to import
    from steps.backends.database import read  # noqa: PLC0415
    from steps.backends.warehouse import standing  # noqa: PLC0415

    found = read(lambda connection: standing.coverage(connection, project.name))
    refused = read(lambda connection: standing.refusals(connection, project.name))
    if not found:
        return note(
            f"No day has come yet{call.service.hint(f'; make a start with: pipeline quickstart {project.name}')}"
        )
    out = judged.left_out(project.name, project.learning.target, [one.location for one in found])
    today = datetime.now(UTC).date()
    behind = sorted(found, key=lambda one: (one.newest or date.min, one.location))
    rows = [_line(one, out.get(one.location, ""), today) for one in behind[:_MOST]]
    columns = ("#Location", "Newest day", "#Days behind", "#Days accepted", "#Of those since the first", "#Refused",
               "Left out")  # fmt: skip
    more = note(f"{len(found) - _MOST} more are fresher.") if len(found) > _MOST else None
    return join(table(columns, rows, f"Locations of {project.name}, the stalest first"), more, _reasons(refused, "day"))


def _line(one: "Coverage", left_out: str, today: date) -> tuple[str, ...]:
    refused = str(one.refused)
    if one.newest is None or one.first is None:
        return str(one.location), "–", "–", "0", "–", refused, left_out or "–"
    span = (one.newest - one.first).days + 1
    share = f"{one.accepted / span:.0%}"
    behind = str((today - one.newest).days)
    return str(one.location), f"{one.newest:%F}", behind, str(one.accepted), share, refused, left_out or "–"


def _files(call: Call, project: TableProject) -> Markup:
    from steps.backends import history  # noqa: PLC0415 - likewise
    from steps.backends.database import read  # noqa: PLC0415
    from steps.backends.warehouse import standing  # noqa: PLC0415

    head = read(lambda connection: history.head(connection, project.name))
    states = read(lambda connection: standing.files(connection, project.name))
    refused = read(lambda connection: standing.file_refusals(connection, project.name))
    if not states:
        return note(f"No file has come yet{call.service.hint(f'; drop one with: pipeline put {project.name} FILE')}")
    since = f"{head.made_at.astimezone():%F %H:%M}" if head else None
    rows = count(head.total, "row") if head else "no row"
    shown = facts(
        [
            ("History", rows),
            ("Last file taken", since),
            *((state.title(), str(number)) for state, number in states.items()),
        ]
    )
    return join(shown, _reasons(refused, "file"))


def _reasons(refused: Sequence[tuple[str, int]], what: str) -> Markup | None:
    if not refused:
        return None
    rows = [(reason or "–", str(number)) for reason, number in refused]
    return tag("div", table(("Why", f"#{what.title()}s"), rows, f"Why {what}s are in quarantine"), class_="block")
