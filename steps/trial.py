"""One worker's share of a family's trials: each trains its recipe on the folds and leaves its score in the lake.

Trials that have a result are skipped, so a worker that was killed resumes with the missing ones.
"""

import click

from steps.backends import objects
from steps.contract import declaration as declared
from steps.contract import selection
from steps.contract.command import declaration_option, log, run
from steps.learning import lake, trials


@click.command()
@declaration_option
@click.option("--dataset", required=True, help="The dataset's fingerprint.")
@click.option("--family", required=True, help="The model family, by its name in the declaration.")
@click.option("--worker", type=click.IntRange(min=0), required=True, help="Which of the workers this is.")
@click.option("--workers", required=True, help="All workers, a JSON list like [0,1].")
def command(*, declaration: str, dataset: str, family: str, worker: int, workers: str) -> None:
    """Run the family's trials number worker, worker + workers, …: those that have no result yet."""
    project = declared.parse_any(declaration)
    project.learning.family(family)
    bucket, width = objects.lake(), selection.width(workers, worker)
    drawn = lake.trials(bucket, project.name, dataset).get(family, [])
    mine = list(enumerate(drawn))[worker::width]
    lacking = [one for one in mine if lake.recall(bucket, dataset, family, *one) is None]
    log.info("%s: %d of %d trials to run, %d have a result", family, len(lacking), len(mine), len(mine) - len(lacking))
    if not lacking:
        return
    rows = lake.load(bucket, project.name, dataset)
    for number, parameters in lacking:
        result = trials.evaluate(rows, project.learning, family, number, parameters)
        lake.remember(bucket, dataset, result)
        log.info("%s %d: %.3f %s in %.1f s", family, number, result.mean, rows.unit, result.seconds)


if __name__ == "__main__":
    run(command)
