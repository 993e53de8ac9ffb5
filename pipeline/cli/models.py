"""The commands around models: which there are, what one was made of and from, and the way back to an earlier one."""

import click

from pipeline.cli.help import example
from pipeline.cli.place import note_manifests
from pipeline.errors import UserError


@click.command("models", **example("pipeline models openaq 3 --files"))
@click.argument("project")
@click.argument("version", required=False)
@click.option("--all", "whole", is_flag=True, help="With the decisions that kept the champion, too.")
@click.option("--files", is_flag=True, help="With VERSION: every raw file that the model was made of.")
def models(project: str, version: str | None, *, whole: bool, files: bool) -> None:
    """List the models of PROJECT on this machine, or show one version down to its raw files.

    VERSION is its number, or the first digits of the digest or the dataset that a served answer names.
    """
    from pipeline.laptop.machine import LocalMachine
    from pipeline.models.detail import shown
    from pipeline.models.listing import listed
    from pipeline.projects import find

    declared, machine = find(project), LocalMachine.here()
    if version is None and files:
        raise UserError(f"--files is of one version; which: pipeline models {project}")
    if version is not None and whole:
        raise UserError("--all is of the list; leave out the version or --all")
    with machine.reading():
        click.echo(
            listed(machine, declared, whole=whole)
            if version is None
            else shown(machine, declared, version, files=files)
        )


@click.command("rollback", **example("pipeline rollback openaq --why unstable"))
@click.argument("project")
@click.option("--why", default="", help="Why, in a few words; kept with the decision.")
@click.option("--to", type=click.IntRange(1), metavar="VERSION", help="Which version. Default: the one live before.")
def rollback(project: str, why: str, to: int | None) -> None:
    """Put a model that was live before back; recorded as a decision of its own, with who and why."""
    from pipeline.laptop.machine import LocalMachine
    from pipeline.models.rollback import roll_back
    from pipeline.projects import find

    note_manifests()
    click.echo(roll_back(LocalMachine.here(), find(project).name, to=to, why=why))


@click.command("monitor", **example("pipeline monitor openaq --replay 2003-01-01 2003-12-31"))
@click.argument("project")
@click.option("--as-of", default="", help="The logical time, RFC 3339. Default: now.")
@click.option(
    "--replay", nargs=2, metavar="FROM TO", help="Two days: when it would have alarmed; nothing is written down."
)
def monitor(project: str, as_of: str, replay: tuple[str, str] | None) -> None:
    """Look how the live model of PROJECT does, day by day, or file by file; an alarm that is the world's starts a
    training."""
    from pipeline.laptop.machine import LocalMachine
    from pipeline.models.monitoring import monitored
    from pipeline.projects import find

    declared = find(project)
    note_manifests()
    click.echo(monitored(LocalMachine.here(), declared.name, {"as-of": as_of, "replay": "/".join(replay or ())}))


@click.command("features", **example("pipeline features openaq"))
@click.argument("project")
def features(project: str) -> None:
    """List the features of PROJECT that others can read here, how fresh they are, and where."""
    from pipeline.laptop.machine import LocalMachine
    from pipeline.models.features import listed
    from pipeline.project import Project
    from pipeline.projects import find

    declared = find(project)
    if not isinstance(declared, Project):
        raise UserError(f"{project} learns from a table, which has no features of its own; wanted a series like openaq")
    machine = LocalMachine.known()
    with machine.reading():
        click.echo(listed(machine, declared))


@click.command("metrics", **example("pipeline metrics --port 9100"))
@click.option("--port", type=click.IntRange(1, 65535), default=9100, show_default=True, help="Where to listen.")
@click.option("--address", default="127.0.0.1", show_default=True, help="On which of the machine's addresses.")
def metrics(port: int, address: str) -> None:
    """Tell Prometheus how the projects here are, at /metrics, until Ctrl-C; and say where the servers tell of
    themselves."""
    from pipeline.laptop.machine import LocalMachine
    from pipeline.models.metrics import serve

    serve(LocalMachine.known(), address, port)
