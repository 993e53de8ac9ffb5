"""`make run`: the main job from nothing to a served model and tomorrow's predictions, on this machine.

It starts the servers (slow ones in the background; a step that needs one waits for it), and runs the project's own
manifests one after the other: backfill, train, daily. It does not decide what is done already: every step looks first,
so a second call goes through the same nodes and finds their outputs. A workflow that was cut off is resumed.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline import stale
from pipeline.errors import UserError
from pipeline.laptop import given
from pipeline.laptop.machine import LocalMachine
from pipeline.laptop.setups import SetUp, SetUps
from pipeline.project import Project
from pipeline.projects.openaq import SAMPLE
from pipeline.quickstart import sample
from pipeline.quickstart.closing import addresses, decided, newest_decision, scores, summary
from pipeline.quickstart.typed import Typed
from steps.contract import selection
from steps.contract.selection import API
from steps.pages.words import count
from steps.summaries.intervals import DAY, HOUR, Interval

if TYPE_CHECKING:
    from pipeline.engine.views import RunView

HISTORY = {HOUR: timedelta(days=548), DAY: timedelta(days=1096)}  # a winter and the one after it; three


@dataclass(frozen=True)
class SeriesOptions:
    """What to learn from, as typed; empty means the sample's."""

    locations: str
    parameter: str
    as_of: str
    source: str
    typed: Typed


def quickstart(declared: Project, options: SeriesOptions) -> None:
    """Do it all and say how it went.

    Raises:
        UserError: an option cannot be understood, or the manifests are stale.
        RunFailed: a workflow did not succeed.
    """
    project = declared.name
    as_of = _time(options) if options.as_of else (datetime.now(UTC) if options.source else sample.END)
    _check(declared, options)
    if options.source == API:
        from steps.backends.openaq import OpenAQ  # noqa: PLC0415 - requests and its friends, which only the API needs

        OpenAQ.here()  # fails before anything is started if there is no key
    machine = LocalMachine.here()
    stale.refuse(machine.home, machine.manifests, project)
    click.echo(f"starting the servers (their logs: {machine.home / 'logs'})")
    machine.stack.start_in_background(["fork-server", "tracking"])
    source = _given(options.source) if options.source else _lay_out_sample(machine)
    parameter = options.parameter or declared.learning.target
    chosen = {
        "locations": options.locations or _locations(machine, declared, source, parameter, options.typed),
        "parameter": parameter,
    }
    interval, yesterday = declared.learning.interval, as_of - timedelta(days=1)
    history = {
        "source": source,
        "from": f"{as_of - HISTORY[interval]:%F}",
        "to": f"{yesterday - timedelta(seconds=1):%F}",
    }
    most = declared.pods // len(declared.learning.families)
    width = {"workers": str(min(os.cpu_count() or 1, most))}
    wanted = (
        ("backfill", chosen | history | width | {"as-of": f"{yesterday:%FT%TZ}"}),
        ("train", chosen | width | {"as-of": f"{yesterday:%FT%TZ}"}),
        ("daily", chosen | width | {"source": source, "as-of": f"{as_of:%FT%TZ}"}),
    )
    runs, before = [], newest_decision(machine, project)
    for workflow, parameters in wanted:
        name = f"{project}-{workflow}"
        runs.append(machine.succeed(machine.unfinished(name, parameters) or machine.submit(name, parameters)))
    SetUps(machine.home).keep(project, SetUp(source=source, sample=not options.source, **chosen))
    for problem in machine.serve():  # a second call trains nothing, so nothing else has started the model's server
        click.echo(f"note: {problem}", err=True)
    click.echo(_closing(machine, declared, runs, before))


def _check(declared: Project, options: SeriesOptions) -> None:
    """Refuse what can be known to be wrong before anything starts.

    Raises:
        UserError: the sample is not installed, or a location is not in it or in the folder.
        BadInput: the parameter is not declared, a location is no id, or the source is no archive.
    """
    typed, source = options.typed, options.typed.given("source", options.source)
    values = {"locations": options.locations, "parameter": options.parameter, "source": options.source}
    given.refuse(declared, f"{declared.name}-backfill", values, typed.name)
    if not options.source:
        if not options.locations and not set(SAMPLE).intersection(declared.locations):
            raise UserError(
                f"there is no sample for {declared.name}; give {typed.given('source', 'FOLDER')} or an address"
            )
        sample.require()
    wanted = selection.locations(options.locations, declared)
    if not options.source and (other := sorted(set(wanted).difference(SAMPLE))):
        there, asked = " and ".join(map(str, SAMPLE)), typed.given("locations", options.locations)
        raise UserError(f"{asked}: the sample has {there}, not {other[0]}; give {typed.given('source', '…')}, too")
    if options.source and "://" not in options.source and options.source != API:
        folder = selection.folder(options.source) / "records" / "csv.gz"
        if not any((folder / f"locationid={one}").is_dir() for one in wanted):
            raise UserError(
                f"{source} has no data of location {wanted[0]}: {folder} has no folder locationid={wanted[0]}"
            )


def _time(options: SeriesOptions) -> datetime:
    """The logical time that was typed, in UTC, which an offset may change.

    Raises:
        UserError: it is none, or there are no data of then.
    """
    asked = options.typed.given("as-of", options.as_of)
    try:
        time = datetime.fromisoformat(options.as_of)
    except ValueError:
        raise UserError(f"{asked}: wanted a time such as 2003-06-01T00:00:00Z") from None
    time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    if time > datetime.now(UTC):
        raise UserError(f"{asked} is yet to come; wanted a time that has passed")
    if not options.source and not sample.BEGIN < time <= sample.END:
        span, instead = f"{sample.BEGIN:%F} to {sample.END:%F}", options.typed.given("source", "…")
        raise UserError(f"{asked}: the sample has hours from {span}; wanted a time between them, or {instead}, too")
    return time


def _given(source: str) -> str:
    return source if "://" in source or source == API else str(Path(source).expanduser().absolute())


def _locations(machine: LocalMachine, declared: Project, source: str, parameter: str, typed: Typed) -> str:
    """The ids to learn from if none are given: the declared ones, or for the API those around the project's home."""
    if source != API:
        return ",".join(str(location) for location in declared.locations)
    from pipeline.quickstart import locations  # noqa: PLC0415 - likewise

    home, instead = declared.home, typed.given("locations", "…")
    if home is None:
        raise UserError(f"{declared.name} declares no `home` to look around; give {instead}")
    found = locations.choose(locations.near(machine, home.latitude, home.longitude, home.radius, parameter))
    if not found:
        raise UserError(
            f"no location within {home.radius / 1000:g} km of {home.name} has measured {parameter} lately; give "
            f"{instead}, which `pipeline locations --near LAT,LON` finds"
        )
    click.echo(f"{parameter} around {home.name}: " + ", ".join(f"{one.id} {one.name or ''}".strip() for one in found))
    return ",".join(str(one.id) for one in found)


def _lay_out_sample(machine: LocalMachine) -> str:
    archive = machine.home / "samples" / "openaq"
    if laid := sample.lay_out(archive):
        click.echo(f"laid out {laid:,} days of the sample in {archive} ({sample.ATTRIBUTION})")
    return str(archive)


def _closing(machine: LocalMachine, declared: Project, runs: list["RunView"], before: int | None) -> str:
    """What is said at the end; `before`: as for `decided`."""
    decision, predictions = summary(runs, "decision"), summary(runs, "predictions")
    project, interval = declared.name, declared.learning.interval
    rows = predictions["rows"]
    lines = [
        "",
        scores(decision, f"{interval.name.upper()}S HELD OUT"),
        "",
        decided(decision, before),
        f"Model {project} version {predictions['version']}, alias champion",
        f"{count(len(rows), 'prediction')} up to {_moment(interval, rows[-1]['target_at'])} in the warehouse"
        if rows
        else "No predictions: nothing of the last day has all that the model needs",
        "",
        *addresses(machine, project, machine.report([run.id for run in runs])),
    ]
    return "\n".join(lines)


def _moment(interval: Interval, time: str) -> str:
    return interval.moment(datetime.fromisoformat(time))
