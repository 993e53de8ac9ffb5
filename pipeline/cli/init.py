"""The command that makes a project."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from pipeline.cli.help import example
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.init.columns import Task


@click.command("init", **example("pipeline init housing --from prices.csv --target price"))
@click.argument("name")
@click.option(
    "--from",
    "table",
    type=click.Path(path_type=Path),
    metavar="PLACE",
    help="A CSV file, or a folder of many files of one shape, CSV or Parquet. Default: an example.",
)
@click.option("--target", default="", metavar="COLUMN", help="The column to predict. Default: guessed, and said.")
@click.option(
    "--task", type=click.Choice(["regression", "classification"]), help="What it is. Default: guessed, and said."
)
@click.option("--series", type=click.Path(path_type=Path), metavar="FILE", help="A table of hours or days, not --from.")
@click.option("--time", default="", metavar="COLUMN", help="Of --series or a folder: the column with the times.")
@click.option("--entity", default="", metavar="COLUMN", help="Of those: the column that says whose they are.")
@click.option("--title", default="", help="What it is about, for people.")
def init(
    name: str,
    table: Path | None,
    *,
    target: str,
    task: str | None,
    series: Path | None,
    time: str,
    entity: str,
    title: str,
) -> None:
    """Make a project of your own: a folder NAME with a declaration, a feature function, a model family, and tests.

    In a terminal it asks for what is not given.
    """
    from pipeline.init.making import Wanted, check_name, make

    check_name(name)
    if series is not None and (table is not None or task is not None or not time or not target):
        raise UserError("--series FILE wants --time COLUMN and --target COLUMN, and neither --from nor --task")
    if (time or entity) and series is None and not (table is not None and table.is_dir()):
        raise UserError("--time and --entity are of --series FILE, or of --from FOLDER")
    asks = sys.stdin.isatty() and sys.stdout.isatty()
    if table is None and series is None and asks:
        given = click.prompt("A CSV file to learn from (empty: an example)", default="", show_default=False)
        table = Path(given).expanduser() if given else None
    ask = _ask if asks and table is not None else _take
    wanted = Wanted(name, series or table, target, cast("Task | None", task), title, time, entity, ask)
    for line in make(wanted):
        click.echo(line)


def _ask(question: str, guessed: str) -> str:
    answer: str = click.prompt(question, default=guessed)
    return answer


def _take(_question: str, guessed: str) -> str:
    return guessed
