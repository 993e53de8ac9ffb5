"""The command that runs a notebook by hand, or writes it for Jupyter."""

from pathlib import Path

import click

from pipeline.cli.help import example
from pipeline.cli.pairs import named_values
from pipeline.cli.place import note_manifests
from pipeline.errors import UserError


@click.command("notebook", **example("pipeline notebook station -p station=9000001"))
@click.argument("name")
@click.option("-p", "--parameter", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter of the notebook.")
@click.option("--as-of", default="", help="The logical time, RFC 3339. Default: now.")
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it as .ipynb.")
def notebook(name: str, pairs: tuple[str, ...], as_of: str, write: Path | None) -> None:
    """Run the notebook NAME here, for all that it is declared for or as -p says, and print where its pages are.

    With --write FILE: run nothing, and write it for Jupyter, where it opens and runs with its defaults.
    """
    from pipeline import notebooks
    from pipeline.laptop.machine import LocalMachine

    project, declared = notebooks.find(name)
    if write is not None:
        if pairs or as_of:
            raise UserError("--write runs nothing; leave out -p and --as-of")
        click.echo(notebooks.write(declared, write))
        return
    note_manifests()
    given = named_values(pairs, "station=9000001")
    for line in notebooks.run(LocalMachine.here(), project, declared, given, as_of):
        click.echo(line)
