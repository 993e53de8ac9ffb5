"""The fence before a deployment: a decision is admitted unless a later one has been.

A mutex keeps two deployments apart, but does not keep them in order. So the number decides: a decision older than the
one the server has, or is about to have, is turned away here and its manifest is never written.

Where the project's release is not direct, a new recipe is admitted to its trial beside the champion, which stays what
the manifest serves. Taking over later is a decision of its own, admitted like any other.
"""

from pathlib import Path

import click
import sqlalchemy as sa

from steps.backends import challengers, promotions
from steps.backends.database import begin
from steps.backends.promotions import Champion, Promotion
from steps.contract import declaration as declared
from steps.contract.command import declaration_option, input_file, log, run, write_json, write_text
from steps.contract.declaration import Gate
from steps.release import deployment


@click.command()
@declaration_option
@click.option("--decision", type=int, required=True, help="The number of the decision to deploy.")
@click.option(
    "--deployment", "template", type=input_file, required=True, help="The SeldonDeployment, but for each <…>."
)
@click.option("--image", required=True, help="The image that serves models.")
@click.option(
    "--manifest-out", type=click.Path(path_type=Path), required=True, help="The SeldonDeployment; {} if none."
)
@click.option("--admitted-out", type=click.Path(path_type=Path), required=True, help="true or false.")
def command(
    *, declaration: str, decision: int, template: Path, image: str, manifest_out: Path, admitted_out: Path
) -> None:
    """Let a decision pass to deployment, unless a later one has passed."""
    declared_project = declared.parse_any(declaration)
    project, gate = declared_project.name, declared_project.learning.gate
    with begin() as connection:
        wanted, live = promotions.get(connection, project, decision), promotions.champion(connection, project)
        new = challengers.due(gate.release, wanted.kind, wanted.parameter, wanted.version, live)
        if live is not None and wanted.promoted and new:
            admitted = _on_trial(connection, wanted, gate)
            serving: Champion | Promotion = live
        else:
            admitted, serving = _direct(connection, wanted, gate), wanted
        manifest = deployment.build(connection, template, project, image, serving) if admitted else {}
    write_json(manifest_out, manifest)
    write_text(admitted_out, "true" if admitted else "false")
    log.info("decision %d of %s: %s", decision, project, "admitted" if admitted else "not admitted, a later one was")


def _on_trial(connection: sa.Connection, wanted: Promotion, gate: Gate) -> bool:
    return challengers.admit(connection, wanted, how=gate.release, share=gate.shares[0], days=gate.guarded_days)


def _direct(connection: sa.Connection, wanted: Promotion, gate: Gate) -> bool:
    """Admit it to be what is live. Only the champion's refresh leaves a trial as it is; another model that goes live
    ends it, as there is nothing left that the challenger was compared with."""
    if not promotions.admit(connection, wanted.project, wanted.decision):
        return False
    if live_again := promotions.champion(connection, wanted.project):
        stays = wanted.kind == "refresh" or live_again.decision == wanted.decision
        if gate.release == "direct" or not stays:
            challengers.withdraw(connection, wanted.project, f"version {wanted.version} was released directly")
    return True


if __name__ == "__main__":
    run(command)
