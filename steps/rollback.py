"""The way back: a new decision that names the version that was live before the present one.

It then goes the way of every decision (admit, deploy, verify), so a late older one cannot undo it. Rolling back once
more returns to where one was, as `cd -` does: it is the way out of a bad step, not a walk through history.
"""

from pathlib import Path

import click

from steps import declaration as declared
from steps.backends import promotions
from steps.backends.database import begin
from steps.command import log, run, write_text


@click.command()
@click.option("--declaration", required=True, help="The project's declaration, as JSON.")
@click.option("--decision-out", type=click.Path(path_type=Path), required=True, help="The new decision's number.")
def command(declaration: str, decision_out: Path) -> None:
    """Decide for the version that was live before."""
    project = declared.parse_any(declaration).name
    with begin() as connection:
        decision = promotions.roll_back(connection, project)
    write_text(decision_out, str(decision.decision))
    log.info("decision %d of %s: %s", decision.decision, project, decision.words)


if __name__ == "__main__":
    run(command)
