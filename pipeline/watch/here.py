"""The watch of this machine: its sources put together."""

from pathlib import Path

import click

from pipeline.engine.manifest.finding import SHIPPED
from pipeline.errors import UserError
from pipeline.laptop.children import Processes
from pipeline.laptop.cron_log import CronLog
from pipeline.laptop.machine import LocalMachine
from pipeline.watch.listener import BucketListener
from pipeline.watch.loop import Source, SystemClock, alone, interruptible, watch
from pipeline.watch.manifests import Folder
from pipeline.watch.messages import still
from pipeline.watch.schedules import Crons
from pipeline.watch.sensors import Sensors
from pipeline.watch.table import crons_table
from pipeline.watch.uploads import Uploads


def watch_here(place: Path | None) -> None:
    """Watch the CronWorkflows and Sensors of a folder or file (of manifests/, for None) until interrupted.

    Raises:
        UserError: there is none that can be run here, or another watch.
        KeyboardInterrupt: it was asked to end.
    """
    machine, folder = LocalMachine.here(), _folder(place)
    with alone(machine.home), interruptible():
        children = Processes(machine.home)
        crons = Crons(folder, machine.journal, CronLog(machine.journal.path), children, click.echo)
        listener = BucketListener(lambda name: machine.stack.settings("secret", name))
        uploads = Uploads(Sensors(folder.place), listener, machine.journal, children, click.echo)
        try:
            click.echo(f"watching {folder.place}; Ctrl-C ends the watch and leaves what runs alone")
            sources: list[Source] = [crons, uploads]
            for source in sources:
                source.look(SystemClock().now())
            if not crons.names() and not uploads.names():
                raise UserError(
                    f"no CronWorkflow and no Sensor in {folder.place} can be watched; name another folder or file"
                )
            watch(sources, children, SystemClock())
        except KeyboardInterrupt:
            click.echo(still([*crons.running(), *uploads.running()]))
            raise


def list_here(place: Path | None) -> tuple[str, list[str]]:
    """The CronWorkflows of a folder or file (of manifests/, for None) as a table; and what is broken, a line each.

    Raises:
        UserError: there is none.
    """
    machine = LocalMachine.here()
    known = (machine.home / "journal.db").exists()
    return crons_table(_folder(place), CronLog(machine.journal.path) if known else None, SystemClock().now())


def _folder(place: Path | None) -> Folder:
    """Named as a person would: from the present folder on where it is below that."""
    found = (place or SHIPPED).absolute()
    return Folder(found.relative_to(Path.cwd()) if found.is_relative_to(Path.cwd()) else found)
