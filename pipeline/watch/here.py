"""The watch of this machine: its sources put together."""

import os
from pathlib import Path

import click

from pipeline import shipped, stale
from pipeline.errors import UserError
from pipeline.laptop.background import Background
from pipeline.laptop.children import Children
from pipeline.laptop.cron_log import CronLog
from pipeline.laptop.home import MADE
from pipeline.laptop.machine import LocalMachine
from pipeline.laptop.setups import SetUps
from pipeline.watch.cron_runs import CronRuns
from pipeline.watch.declarations import Declarations
from pipeline.watch.listener import BucketListener
from pipeline.watch.loop import Clock, Source, alone, interruptible, watch
from pipeline.watch.manifests import CronWorkflows
from pipeline.watch.messages import Log, still_running_message
from pipeline.watch.schedules import Schedules
from pipeline.watch.sensors import Sensors
from pipeline.watch.serving import Serving
from pipeline.watch.table import crons_table
from pipeline.watch.uploads import Uploads


def watch_here(place: Path | None) -> None:
    """Watch the CronWorkflows and Sensors of a folder or file (None: of those known by name) until interrupted.

    Raises:
        UserError: there is nothing that can be run here, or another watch is running.
        KeyboardInterrupt: it was told to end.
    """
    machine, own = LocalMachine.here(), place is None
    place = _place(place)
    with alone(machine.home), interruptible() as interruption:
        setups = SetUps(machine.home) if own else None
        journal, children, log = machine.journal, Children(machine.home), Log(click.echo)
        cron_log = CronLog(journal)
        schedules = Schedules(
            _workflows(machine, place, setups), cron_log, CronRuns(journal, cron_log, children, log), log
        )
        listener = BucketListener(lambda name: machine.stack.settings("secret", name))
        uploads = Uploads(Sensors(place), listener, Background(journal), children, log)
        others: list[Source] = [Declarations(machine.home, place, log), Serving(machine.serve, log)] if own else []
        sources: list[Source] = [schedules, uploads, *others]
        try:
            click.echo(f"watching {place}; Ctrl-C ends the watch, not the runs that it started")
            for source in sources:
                source.process(Clock().now())
            if not schedules.names() and not uploads.names():
                raise UserError(f"{place} has no CronWorkflow and no Sensor to watch; name another folder or file")
            watch(sources, children, Clock(), interruption)
        except KeyboardInterrupt:
            click.echo(still_running_message([*schedules.executing(), *uploads.executing()]))
            raise


def list_here(place: Path | None) -> tuple[str, list[str]]:
    """The CronWorkflows of a folder or file (None: of those known by name) as a table; what is broken or stale, a line
    each.

    Raises:
        UserError: there is none.
    """
    machine = LocalMachine.here()
    cron_log = CronLog(machine.journal) if (machine.home / "journal.db").exists() else None
    setups = None if place else SetUps(machine.home)
    text, problems = crons_table(_workflows(machine, _place(place), setups), cron_log, Clock().now())
    return text, problems if place else [*problems, *stale.notes(machine.home, machine.manifests)]


def outlook(home: Path) -> list[str]:
    """Why schedules of the workflows known by name are not started or will not succeed, a line for each reason."""
    workflows = CronWorkflows(_place(None), SetUps(home))
    workflows.reload()
    lines = [each.held for each in workflows.known.values() if each.held]
    if not os.environ.get("OPENAQ_API_KEY"):
        lines += [
            f"{project} was set up with source api, so its schedules need OPENAQ_API_KEY; set it and call this again"
            for project, setup in workflows.set_up.items()
            if setup.source == "api"
        ]
    return list(dict.fromkeys(lines))


def _workflows(machine: LocalMachine, place: Path, setups: SetUps | None) -> CronWorkflows:
    """Those of a place; where these are the machine's own, also what clients of the API made."""
    return CronWorkflows(place, setups, machine.home / MADE if setups is not None else None)


def _place(place: Path | None) -> Path:
    """A folder or file, or those of the workflows known by name; relative to the present folder when inside it."""
    found = (place or shipped.manifests()).absolute()
    return found.relative_to(Path.cwd()) if found.is_relative_to(Path.cwd()) else found
