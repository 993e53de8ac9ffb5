"""Lay the current features out flat, and write down what Feast is to be told of them: generated from the declaration,
the lake, and the models that were released."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from steps.backends import modelstore, objects, promotions
from steps.backends.database import begin
from steps.backends.promotions import Promotion
from steps.contract import declaration as declared
from steps.contract import selection
from steps.contract.command import declaration_option, log, run, selection_options, write_json
from steps.contract.declaration import Declaration
from steps.errors import BadInput, CheckFailed
from steps.features import keys
from steps.featurestore import flat
from steps.featurestore.definitions import Definitions, Service, View
from steps.pages.words import count
from steps.summaries.intervals import Interval

_MOST_SERVICES: Final = 50  # the newest versions


@click.command()
@declaration_option
@selection_options
@click.option("--hours", type=click.IntRange(min=1), required=True, help="How old a row may be to be found.")
@click.option("--definitions-out", type=click.Path(path_type=Path), required=True, help="What Feast is told, as JSON.")
def command(
    *, declaration: str, locations: str, parameter: str, as_of: str, created: str, hours: int, definitions_out: Path
) -> None:
    """Lay out the features up to as-of, and write the definitions."""
    project = declared.parse(declaration)
    chosen, target = selection.locations(locations, project), selection.parameter(parameter, project)
    found = definitions(project, chosen, target, selection.as_of(as_of, created), hours)
    write_json(definitions_out, found.model_dump(mode="json"))
    view = found.view
    log.info(
        "%s: %d rows of %s, %d features, up to %s", view.name, view.rows, count(len(view.locations), "location"),
        len(view.features), view.newest.isoformat(),
    )  # fmt: skip


def definitions(
    project: Declaration, locations: Sequence[int], parameter: str, as_of: datetime, hours: int
) -> Definitions:
    """Lay the view out, and what is to be told of it.

    Raises:
        CheckFailed: no feature is known at these locations, or some are not in the lake.
    """
    name = view_name(parameter, project.learning.interval)
    months = keys.months(project.name, project, locations, parameter, last=as_of.astimezone(UTC).date())
    if not months:
        raise CheckFailed(f"no features of {parameter} are known at these locations; run {project.name}-backfill first")
    bucket = objects.lake()
    laid = flat.lay_out(bucket, project.name, name, months)
    view = View(
        name=name,
        parameter=parameter,
        unit=project.unit(parameter),
        features=flat.features_of(laid),
        files=tuple(one.file for one in laid.values()),
        rows=sum(one.rows for one in laid.values()),
        first=min(one.first for one in laid.values()),
        newest=max(one.newest for one in laid.values()),
        locations=tuple(sorted({location for one in laid.values() for location in one.locations})),
    )
    services = _services(project.name, parameter, view.features)
    return Definitions(
        project=project.name, title=project.title, as_of=as_of, hours=hours, view=view, services=services
    )


def view_name(parameter: str, interval: Interval) -> str:
    """The name of the view of a parameter's features."""
    return f"{parameter}_{interval.name}s"


def service_name(project: str, version: int) -> str:
    """The name of the service of a model version."""
    return f"{project.replace('-', '_')}_v{version}"


def _services(project: str, parameter: str, known: Sequence[str]) -> tuple[Service, ...]:
    """One for each version that was released, the newest first; a model that cannot be read is passed over."""
    with begin() as connection:
        decisions = promotions.listed(connection, project)
    newest = {one.version: one for one in reversed(decisions) if one.promoted and one.parameter == parameter}
    found = []
    for version in sorted((version for version in newest if version is not None), reverse=True)[:_MOST_SERVICES]:
        try:
            wanted = _features(newest[version])
        except (BadInput, CheckFailed) as error:
            log.warning("version %d gets no service: %s", version, error)
            continue
        there = tuple(name for name in wanted if name in known)
        lacks = tuple(name for name in wanted if name not in known)
        found.append(Service(name=service_name(project, version), version=version, features=there, lacks=lacks))
    return tuple(found)


def _features(decision: Promotion) -> list[str]:
    """What the decision's model sees, `location` apart, which is the key."""
    files = modelstore.fetch(str(decision.model_uri), str(decision.digest))
    if "model.json" not in files:
        raise CheckFailed(f"there is no model.json at {decision.model_uri}")
    return [name for name in json.loads(files["model.json"])["features"] if name != "location"]


if __name__ == "__main__":
    run(command)
