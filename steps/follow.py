"""After a workflow that did not succeed: make the server serve what is live.

It runs under the same mutex as a release, so no other release is between `admit` and `verify`. The decision admitted
last is therefore either live or was left behind: not verified (put back what is live), or verified without it being
certain that the alias moved. In that case the alias decides.

A challenger that was admitted to its trial and not seen beside the champion was left behind, too: its trial ends.
"""

from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from steps.backends import challengers, promotions, trainings
from steps.backends.challengers import Trial
from steps.backends.database import begin
from steps.backends.promotions import Champion, Promotion
from steps.contract import declaration as declared
from steps.contract.command import declaration_option, input_file, log, run, write_json, write_text
from steps.release import deployment

_FAILED = "its release did not succeed"


@click.command()
@declaration_option
@click.option(
    "--deployment", "template", type=input_file, required=True, help="The SeldonDeployment, but for each <…>."
)
@click.option("--image", required=True, help="The image that serves models.")
@click.option("--run", "name", required=True, help="The workflow's name; the training it claimed is released.")
@click.option(
    "--manifest-out", type=click.Path(path_type=Path), required=True, help="The SeldonDeployment; {} if none."
)
@click.option("--needed-out", type=click.Path(path_type=Path), required=True, help="true or false.")
def command(*, declaration: str, template: Path, image: str, name: str, manifest_out: Path, needed_out: Path) -> None:
    """Write the manifest of what is live, if the server may be serving something else."""
    project = declared.parse_any(declaration).name
    with begin() as connection:
        trainings.free(connection, project, name)
    manifest = _manifest(template, project, image)
    write_json(manifest_out, manifest)
    write_text(needed_out, "true" if manifest else "false")


def _manifest(template: Path, project: str, image: str) -> dict[str, Any]:
    with begin() as connection:
        last = promotions.newest_admitted(connection, project)
        live = promotions.champion(connection, project)
        _end_trial(connection, project)
        trial = challengers.last(connection, project)
    if last is None or (_verified(last) and live is not None and live.decision == last.decision):
        if live is None or last is None or not _still_served(trial, last):
            log.info("%s: nothing to put back", project)
            return {}
        return _put_back(template, project, image, live)
    if _verified(last) and _alias(project) == last.version:
        with begin() as connection:
            promotions.go_live(connection, project, last.decision)
        log.info("%s: version %s was live without being recorded; it is recorded now", project, last.version)
        return {}
    if live is None:
        log.info("%s: decision %d did not go live, and nothing was live before it", project, last.decision)
        return {}
    if live.decision != last.decision and last.ended is None:
        with begin() as connection:
            promotions.end(connection, project, last.decision, _FAILED)
    return _put_back(template, project, image, live)


def _put_back(template: Path, project: str, image: str, live: Champion) -> dict[str, Any]:
    log.info("%s: putting back version %d (decision %d)", project, live.version, live.decision)
    with begin() as connection:
        return deployment.build(connection, template, project, image, live)


def _end_trial(connection: sa.Connection, project: str) -> None:
    """End a trial that was admitted and did not begin."""
    trial = challengers.on_trial(connection, project)
    if trial is not None and trial.since is None:
        challengers.end(connection, trial, "withdrawn", _FAILED)


def _still_served(trial: Trial | None, live: Promotion) -> bool:
    """Whether the server may still have a challenger whose trial is over: it was not asked since."""
    if trial is None or trial.ended_at is None or live.verified_at is None:
        return False
    return live.verified_at < trial.ended_at


def _verified(decision: Promotion) -> bool:
    """Whether it was verified since it was last admitted."""
    admitted, verified = decision.admitted_at, decision.verified_at
    return admitted is not None and verified is not None and verified >= admitted and decision.ended is None


def _alias(project: str) -> int | None:
    from steps.backends.tracking import Tracking  # noqa: PLC0415 - seconds of imports, for a case that is rare

    return Tracking(project).alias()


if __name__ == "__main__":
    run(command)
