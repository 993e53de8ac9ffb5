"""`make run`: the main job from nothing to a served model and tomorrow's predictions, on this machine.

It starts what it needs (slow servers in the background, awaited where a step first needs them), and runs the project's
own manifests one after the other: backfill, train, daily. It has no logic of its own about what is done already: every
step looks first, so a second call goes through the same nodes and finds their outputs. A workflow that was cut off is
resumed.
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from pipeline import sample
from pipeline.errors import PipelineError, UserError
from pipeline.projects import find
from pipeline.running import Laptop
from pipeline.tables import table
from steps.backends import database, promotions
from steps.backends.objects import Bucket

if TYPE_CHECKING:
    from pipeline.engine.views import RunView

HISTORY = timedelta(days=548)  # 18 months: a winter and the one after it


@dataclass(frozen=True)
class Wish:
    """What to learn from, as typed; empty means the sample's."""

    locations: str
    parameter: str
    as_of: str
    source: str


def quickstart(project: str, wish: Wish) -> None:
    """Do it all and say how it went.

    Raises:
        UserError: the wish cannot be understood.
        RunFailed: a workflow did not succeed.
    """
    declared = find(project)
    as_of = _time(wish.as_of) if wish.as_of else (datetime.now(UTC) if wish.source else sample.END)
    laptop = Laptop.here()
    click.echo(f"starting the servers (their logs: {laptop.home / 'logs'})")
    laptop.stack.start_in_background(["fork-server", "tracking"])
    os.environ.update(laptop.host.environment("secret", "object-store"))
    source = _given(wish.source) if wish.source else _lay_out_sample(laptop)
    selection = {
        "locations": wish.locations or ",".join(str(location) for location in declared.locations),
        "parameter": wish.parameter or declared.learning.target,
    }
    yesterday = as_of - timedelta(days=1)
    history = {"source": source, "from": f"{as_of - HISTORY:%F}", "to": f"{yesterday - timedelta(seconds=1):%F}"}
    width = {"workers": str(os.cpu_count() or 1)}
    wanted = (
        ("backfill", selection | history | width | {"as-of": f"{yesterday:%FT%TZ}"}),
        ("train", selection | width | {"as-of": f"{yesterday:%FT%TZ}"}),
        ("daily", selection | width | {"source": source, "as-of": f"{as_of:%FT%TZ}"}),
    )
    runs = []
    for workflow, parameters in wanted:
        name = f"{project}-{workflow}"
        runs.append(laptop.succeed(laptop.unfinished(name, parameters) or laptop.submit(name, parameters)))
    report = laptop.report([run.id for run in runs])
    click.echo(_closing(laptop, project, runs, report))


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"AS_OF={text}: wanted a time such as 2003-06-01T00:00:00Z") from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _given(source: str) -> str:
    return source if "://" in source else str(Path(source).expanduser().absolute())


def _lay_out_sample(laptop: Laptop) -> str:
    archive = laptop.stack.public_bucket("openaq-archive")
    laid = sample.lay_out(Bucket("openaq-archive"))
    if laid:
        click.echo(f"laid out {laid:,} days of the sample at {archive} ({sample.ATTRIBUTION})")
    return archive


def _closing(laptop: Laptop, project: str, runs: list["RunView"], report: Path) -> str:
    decision, predictions = _summary(runs, "decision"), _summary(runs, "predictions")
    unit = decision["unit"]
    rows = [
        (score["name"], f"{score['rmse']:.2f}", f"{score['mae']:.2f}", f"{score['rows']:,}")
        for score in decision["scores"]
    ]
    lines = [
        "",
        table(("PREDICTOR", f"RMSE {unit}", f"MAE {unit}", "HOURS HELD OUT"), rows),
        "",
        f"Decision {decision['decision']}: {decision['words']}",
        f"Model {project} version {predictions['version']}, alias champion",
        f"{len(predictions['rows'])} predictions up to {_hour(predictions['rows'][-1]['target_at'])} in the warehouse"
        if predictions["rows"]
        else "No predictions: no hour of the last day has what the model needs",
        "",
        f"Try it:  {_curl(laptop, project)}",
        f"MLflow:  {laptop.stack.address('tracking')}",
        f"Report:  {report}",
        "The servers stay up; `pipeline down` (or `make down`) stops them.",
    ]
    return "\n".join(lines)


def _hour(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone(UTC):%F %H:%M} UTC"


def _summary(runs: list["RunView"], kind: str) -> dict[str, Any]:
    for run in runs:
        for node in run.nodes:
            path = node.outputs.get("artifacts", {}).get("summary")
            if path is not None and node.phase == "Succeeded":
                summary: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
                if summary.get("kind") == kind:
                    return summary
    raise PipelineError(f"no step left a summary of kind {kind!r}; see: pipeline logs")


def _curl(laptop: Laptop, project: str) -> str:
    """One line that asks the live server for a prediction, from a row that it keeps as an example."""
    os.environ.update(laptop.host.environment("secret", "database"))
    with database.begin() as connection:
        champion = promotions.champion(connection, project)
    if champion is None:
        return "no model is live yet, so there is nothing to ask"
    server = urlsplit(str(champion.url))
    ask = f"curl -s {server.scheme}://{server.netloc}/example"
    return f"{ask} | curl -s -H 'Content-Type: application/json' -d @- {champion.url}"
