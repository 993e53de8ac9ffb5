"""Everything new in a project's inbox is claimed and checked, its rows join the history, files are moved, a training is
requested.

An event only says "look now". A run that finds nothing new says so and ends, which is how a duplicate event ends. What
an earlier run left unfinished is finished here, and a training is requested for any untrained state of the history,
whichever run added it.
"""

from pathlib import Path

import click
import pandas as pd

from steps import tables
from steps.backends import history, ledger, objects
from steps.backends.database import transact
from steps.contract import declaration as declared
from steps.contract.command import declaration_option, input_file, log, run, write_json, write_text
from steps.contract.manifests import filled
from steps.inbox import announced, training
from steps.inbox.candidates import prefix
from steps.inbox.summary import summary
from steps.inbox.taker import Taker
from steps.inbox.taking import take
from steps.tables import copies, page, shift, world


@click.command()
@declaration_option
@click.option("--records", default="", help="A notification, in base64; if empty, the whole inbox is searched.")
@click.option("--run", "name", required=True, help="The workflow's name; the files it takes are stored under it.")
@click.option("--created", required=True, help="When the workflow was created (RFC 3339); shown on the page.")
@click.option("--training", "template", type=input_file, required=True, help="The Workflow, but for each <…>.")
@click.option("--train-out", type=click.Path(path_type=Path), required=True, help="true or false.")
@click.option(
    "--manifest-out", type=click.Path(path_type=Path), required=True, help="The training to start; {} if none."
)
@click.option("--summary-out", type=click.Path(path_type=Path), required=True, help="What arrived, as JSON.")
@click.option("--report-out", type=click.Path(path_type=Path), required=True, help="What arrived, as a page.")
def command(
    *,
    declaration: str,
    records: str,
    name: str,
    created: str,
    template: Path,
    train_out: Path,
    manifest_out: Path,
    summary_out: Path,
    report_out: Path,
) -> None:
    """Take everything new in the inbox."""
    project = declared.parse_table(declaration)
    inbox, lake = objects.inbox(), objects.lake()
    notified = announced.read(records, inbox.name, prefix(project.name))
    taker = Taker(
        project=project.name,
        run=name,
        inbox=inbox,
        lake=lake,
        largest_mb=project.table.largest_mb,
        examine=lambda files: tables.examine(files, project),
        shifted=_Shifted(project),
        originals=lambda rows, since: copies.originals(rows, project.table, since),
    )
    taken = take(taker, notified)
    head = transact(lambda connection: history.head(connection, project.name))
    held = transact(lambda connection: ledger.held(connection, project.name, name))
    train = training.wanted(project, name)
    found = summary(project.name, name, held, taken, head=head, training=train, made_at=created)
    write_json(summary_out, found.to_json())
    write_text(report_out, page.page(found))
    write_json(manifest_out, filled("--training", template, {"name": train, "run": name}) if train else {})
    write_text(train_out, "true" if train else "false")
    log.info("%s", found.words)


class _Shifted:
    """Why new rows come from a different world. Classes are compared with the history; numbers with what the live model
    expects, which is fetched when the first rows need it."""

    def __init__(self, project: declared.TableDeclaration) -> None:
        self._project = project
        self._champion: shift.Champion | None = None
        self._fetched = False

    def __call__(self, rows: pd.DataFrame, known: world.Known) -> str | None:
        if self._project.learning.task == "classification":
            return world.reason(rows, known, self._project)
        if not self._fetched:
            self._champion, self._fetched = shift.champion(self._project.name), True
        return shift.reason(rows, self._champion, self._project)


if __name__ == "__main__":
    run(command)
