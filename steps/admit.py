"""The fence before a deployment: a decision is admitted unless a later one has been.

A mutex keeps two deployments apart, but does not keep them in order. So the number decides: a decision older than the
one the server has, or is about to have, is turned away here and its manifest is never written.
"""

from pathlib import Path

import click

from steps.backends import promotions
from steps.backends.database import begin
from steps.contract import declaration as declared
from steps.contract.command import declaration_option, input_file, log, run, write_json, write_text
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
    project = declared.parse_any(declaration).name
    with begin() as connection:
        admitted = promotions.admit(connection, project, decision)
        wanted = promotions.get(connection, project, decision)
        dataset = promotions.dataset(connection, project, wanted.version)
        manifest = deployment.build(template, project, image, wanted, dataset) if admitted else {}
    write_json(manifest_out, manifest)
    write_text(admitted_out, "true" if admitted else "false")
    log.info("decision %d of %s: %s", decision, project, "admitted" if admitted else "not admitted, a later one was")


if __name__ == "__main__":
    run(command)
