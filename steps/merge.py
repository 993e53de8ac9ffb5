"""Fix the dataset that a project's history makes now, split it, and draw the list of trials on it.

Training always uses the newest state, whichever state it was started for; so of many trainings that wait, one learns
and the others find the work done. A dataset's fingerprint covers the history, the declaration and the code.
"""

from pathlib import Path

import click

from steps.backends import caching, objects, promotions, trainings
from steps.backends.database import transact
from steps.backends.objects import Bucket
from steps.contract import declaration as declared
from steps.contract import selection
from steps.contract.command import declaration_option, log, run, write_json, write_text
from steps.contract.declaration import TableDeclaration
from steps.errors import CheckFailed
from steps.features.table import features
from steps.learning import drawing, enough, lake
from steps.learning.champion import live_recipe
from steps.learning.table_dataset import Table
from steps.learning.tables import fingerprint
from steps.summaries.dataset import TableDataset
from steps.tables import copies, history_rows, leaks
from steps.tables.history_rows import Ever


@click.command()
@declaration_option
@click.option("--run", "name", required=True, help="The workflow's name, under which the training is claimed.")
@click.option("--created", required=True, help="When the workflow was created (RFC 3339); shown in the summary.")
@click.option("--workers", type=click.IntRange(min=1), required=True, help="How many may run a family's trials.")
@click.option("--dataset-out", type=click.Path(path_type=Path), required=True, help="The dataset's fingerprint.")
@click.option("--workers-out", type=click.Path(path_type=Path), required=True, help="The workers, a JSON list.")
@click.option("--wanted-out", type=click.Path(path_type=Path), required=True, help="false if it is decided already.")
@click.option("--summary-out", type=click.Path(path_type=Path), required=True, help="What it holds, as JSON.")
def command(
    *,
    declaration: str,
    name: str,
    created: str,
    workers: int,
    dataset_out: Path,
    workers_out: Path,
    wanted_out: Path,
    summary_out: Path,
) -> None:
    """Fix the dataset of all accepted rows, and draw its trials."""
    project = declared.parse_table(declaration)
    most = selection.pods(workers, project, fan_outs=len(project.learning.families))
    bucket = objects.lake()
    ever = history_rows.ever(bucket, project.name)
    if not ever.present.any():
        raise CheckFailed(f"no file of {project.name} has been accepted yet; put one: pipeline put {project.name} FILE")
    head = ever.entries[-1]
    dataset, newest = fingerprint(project, head.chain), head.sequence
    summary = lake.find(bucket, project.name, dataset, TableDataset) or _make(bucket, project, ever)
    claimed = transact(lambda connection: trainings.claim(connection, project.name, dataset, newest, name))
    wanted = claimed and not _decided(project.name, dataset)
    log.info("number %d of the history: %d rows%s", head.sequence, summary.rows, "" if wanted else ", decided already")
    width = min(most, max(summary.trials.values()))
    write_json(summary_out, summary.model_copy(update={"made_at": created}).to_json())
    write_text(workers_out, caching.canonical(list(range(width))))
    write_text(wanted_out, "true" if wanted else "false")
    write_text(dataset_out, dataset)


def _decided(project: str, dataset: str) -> bool:
    found = transact(lambda connection: promotions.find(connection, project, dataset))
    return found is not None and found.promoted is not None


def _make(bucket: Bucket, project: TableDeclaration, ever: Ever) -> TableDataset:
    """Store the dataset and its trials; returns its summary. A copy of a row that was taken back stays on its side.

    Raises:
        CheckFailed: there are too few rows to learn from, or a column gives the target away.
    """
    learning, head = project.learning, ever.entries[-1]
    rows = ever.rows[ever.present].reset_index(drop=True)
    if given := leaks.found(rows, project):
        raise CheckFailed(f"{'; '.join(given)}; leave it out of the table's declared columns, and of the files")
    inputs = features(rows, project)
    copy_of = ever.rows["row"].to_numpy()[copies.originals(ever.rows, project.table)[ever.present]]
    dataset = Table(
        fingerprint=fingerprint(project, head.chain),
        parameter=learning.target,
        unit=project.target.unit,
        task=learning.task,
        holdout_share=learning.holdout_share,
        number=head.sequence,
        rows=inputs.assign(row=rows["row"], copy_of=copy_of, target=rows[learning.target]),
    )
    enough.check(dataset, learning.folds, f"{len(rows)} rows of {project.name}")
    champion = live_recipe(project.name, learning.target)
    drawn = {family.name: drawing.draw(family, champion) for family in learning.families}
    lake.save(bucket, project.name, dataset, drawn)
    return dataset.summary(drawn)


if __name__ == "__main__":
    run(command)
