"""The features of a project that others can read: the views in the lake, the services of its models, and the newest row
of each location that the model server looks up."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.laptop.machine import LocalMachine
from pipeline.models.listing import local
from pipeline.project import Project
from pipeline.show.tables import table
from pipeline.stack import feast
from steps.backends import objects
from steps.backends.database import begin
from steps.backends.warehouse import online
from steps.pages.words import one_line
from steps.summaries.intervals import DAY

_VIEWS = ("VIEW", "LOCATIONS", "FEATURES", "ROWS", "FROM", "NEWEST", "ONLINE", "APPLIED AS OF")
_SERVICES = ("SERVICE", "VERSION", "FEATURES", "LACKS")


def listed(machine: LocalMachine, project: Project) -> str:
    """All of it; what is not there yet, and how to make it."""
    machine.use("object-store", "database")
    bucket = objects.lake()
    views = {
        each.key.rpartition("/")[2].removesuffix(".json"): json.loads(bucket.get(each.key) or b"{}")
        for each in bucket.list(f"{project.name}/store/")
        if each.key.count("/") == 2 and each.key.endswith(f"_{project.learning.interval.name}s.json")
    }
    applied = {
        name: json.loads(body)
        for name in views
        if (body := bucket.get(f"{project.name}/store/{name}.applied.json")) is not None
    }
    parts = [*_of_views(machine, project, views, applied), _of_model_server(project)]
    return "\n\n".join(parts)


def _of_views(
    machine: LocalMachine, project: Project, views: dict[str, dict[str, Any]], applied: dict[str, Any]
) -> list[str]:
    if not views:
        return [f"no features are laid out yet; run: pipeline run {project.name}-features"]
    parts = [table(_VIEWS, [_view(name, months, applied.get(name)) for name, months in sorted(views.items())])]
    if not applied:
        return [*parts, f"Feast knows none of it yet; run: pipeline run {project.name}-features"]
    if services := [_service(one) for view in applied.values() for one in view["services"]]:
        parts.append(table(_SERVICES, services))
    place = feast.repositories(machine.home) / project.name
    python = feast.environment(machine.home) / "bin" / "python"
    return [*parts, f"Repository:     {place}\nFeast's Python: {python}"]


def _view(name: str, months: dict[str, Any], applied: dict[str, Any] | None) -> tuple[str, ...]:
    files = [months[month] for month in sorted(months)]
    locations = {location for one in files for location in one["locations"]}
    columns = {column for one in files for column in one["columns"]}
    return (
        name,
        str(len(locations)),
        str(len(columns)),
        f"{sum(one['rows'] for one in files):,}",
        f"{files[0]['first']:.10}" if files else "-",
        _hour(max(one["newest"] for one in files)) if files else "-",
        str(len(applied["online"])) if applied else "-",
        _hour(applied["as_of"]) if applied else "-",
    )


def _service(one: dict[str, Any]) -> tuple[str, ...]:
    return one["name"], str(one["version"]), str(len(one["features"])), one_line(", ".join(one["lacks"])) or "-"


def _of_model_server(project: Project) -> str:
    """The rows that the model server answers from, and which of them are too old for it."""
    with begin() as connection:
        rows = online.listed(connection, project.name)
    if not rows:
        return f"the model server knows no location yet; run: pipeline run {project.name}-daily"
    now, oldest, interval = datetime.now(UTC), timedelta(hours=project.features_hours), project.learning.interval
    said: Callable[[datetime], str] = interval.moment if interval is DAY else local
    lines = []
    for parameter, one in rows:
        age = now - one.time
        old = f" (more than {project.features_hours}: refused)" if age > oldest else ""
        hours = f"{age / timedelta(hours=1):,.1f} h{old}"
        lines.append((str(one.location), parameter, said(one.time), said(one.target_at), hours, str(one.version)))
    return table(("LOCATION", "PARAMETER", interval.name.upper(), "PREDICTS", "AGE", "VERSION"), lines)


def _hour(text: str) -> str:
    return local(datetime.fromisoformat(text))
