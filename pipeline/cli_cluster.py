"""The commands that talk to a cluster."""

from pathlib import Path
from typing import Any

import click

from pipeline.cli_help import example

ROOT = Path(__file__).parent.parent
_NAMESPACE = click.option("--namespace", "-n", default="mlops", show_default=True, help="Where the product lives.")


@click.command(
    "deploy", **example("pipeline deploy --namespace ml-team --registry registry.example.com/ml --values mine.yaml")
)
@_NAMESPACE
@click.option("--registry", default="", help="Put before our images' names; none where the cluster has them.")
@click.option(
    "--values",
    default=None,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Values of charts/platform that differ.",
)
@click.option("--crons/--no-crons", default=True, show_default=True, help="Apply CronWorkflows, too.")
@click.option("--without", multiple=True, metavar="CHART", help="Leave a chart of charts/upstream out.")
@click.option("--diff", "whole_diff", is_flag=True, help="Show every line that changes in the manifests.")
def deploy(**typed: Any) -> None:
    """Bring it all to kubectl's current context: Argo, Seldon, the platform, the manifests."""
    from pipeline.cluster.deploying import Wish
    from pipeline.cluster.deploying import deploy as do

    do(ROOT, Wish(**typed))


@click.command("undeploy", **example("pipeline undeploy"))
@_NAMESPACE
def undeploy(namespace: str) -> None:
    """Remove the manifests and the platform from the cluster; data stay, and it says where."""
    from pipeline.cluster.deploying import undeploy as do

    do(namespace)
