"""The commands around the inbox: drop a file, see where each is, let one out of quarantine or take one back."""

from pathlib import Path

import click

from pipeline.cli.help import example
from pipeline.cli.place import note_manifests, note_state
from pipeline.errors import UserError


@click.command("put", **example("pipeline put abalone survey.csv"))
@click.argument("project")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="What it is called in the inbox. Default: the file's own name.")
def put(project: str, file: Path, name: str) -> None:
    """Drop a file into a project's inbox, which starts a run within a second where `pipeline up` was called."""
    from pipeline.inbox.put import key_of, table_project
    from pipeline.inbox.put import put as drop
    from pipeline.laptop.machine import LocalMachine

    key = key_of(table_project(project), name or file.name)
    if not file.is_file():
        raise UserError(f"{file} is no file; name one that is there")
    note_state()
    machine = LocalMachine.here()
    drop(machine, key, file)
    click.echo(f"s3://inbox/{key}")
    if not machine.watched():
        click.echo("nobody watches the inbox now; the next `pipeline up` finds the file", err=True)


class _Inbox(click.Group):
    """`pipeline inbox`, and `pipeline inbox PROJECT`, are `pipeline inbox list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Inbox, **example("pipeline inbox abalone"))
def inbox() -> None:
    """Show what is in the inboxes: what waits, was taken, moved or refused, and why."""


@inbox.command("list", **example("pipeline inbox abalone"))
@click.argument("project", required=False)
@click.option("--limit", default=50, show_default=True, help="How many, newest first.")
def inbox_list(project: str | None, limit: int) -> None:
    """List the uploads of PROJECT, or of all."""
    from pipeline.inbox.listing import listed
    from pipeline.inbox.put import table_project
    from pipeline.laptop.home import absent
    from pipeline.laptop.machine import LocalMachine

    if project is not None:
        table_project(project)
    if words := absent():
        click.echo(words)
        return
    machine = LocalMachine.here()
    with machine.reading():
        click.echo(listed(machine, project, limit))


@inbox.command(
    "release", **example('pipeline inbox release abalone/new/survey.csv --why "measured again, it is right"')
)
@click.argument("key")
@click.option("--why", required=True, help="Why it is let back in; kept with the file's story.")
@click.option("--who", default="", help="Who says so. Default: the user of this machine.")
def inbox_release(key: str, why: str, who: str) -> None:
    """Take a file out of quarantine and through the checks again. KEY is what `pipeline inbox` shows."""
    from pipeline.inbox.listing import release
    from pipeline.laptop.machine import LocalMachine

    note_manifests()
    machine = LocalMachine.here()
    click.echo(release(machine, key, who=who, why=why))


@inbox.command("retract", **example('pipeline inbox retract wine/new/white.csv --why "it is white wine"'))
@click.argument("key")
@click.option("--why", required=True, help="Why it is taken back; kept with the file's story.")
@click.option("--who", default="", help="Who says so. Default: the user of this machine.")
def inbox_retract(key: str, why: str, who: str) -> None:
    """Take an accepted file back: its rows leave the history, and a training without them starts.

    KEY is what `pipeline inbox` shows. Rows that another file brought, too, stay. The file is kept, in retracted/.
    """
    from pipeline.inbox.listing import retract
    from pipeline.laptop.machine import LocalMachine

    note_manifests()
    machine = LocalMachine.here()
    click.echo(retract(machine, key, who=who, why=why))
