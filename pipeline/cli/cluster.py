"""The commands that talk to a cluster; `status` and `doctor` also of this machine."""

import sys
from pathlib import Path
from typing import Any

import click

from pipeline.cli.help import example
from pipeline.cli.place import note_manifests

_NAMESPACE = click.option("--namespace", "-n", default="mlops", show_default=True, help="Where the product lives.")


@click.command(
    "deploy", **example("pipeline deploy --namespace ml-team --registry registry.example.com/ml --values mine.yaml")
)
@_NAMESPACE
@click.option("--registry", default="", help="Put before our images' names; none where the cluster has them.")
@click.option(
    "--values",
    default=None,
    type=click.Path(path_type=Path),
    help="Values of charts/platform that differ.",
)
@click.option("--crons/--no-crons", default=True, show_default=True, help="Apply CronWorkflows, too.")
@click.option("--without", multiple=True, metavar="CHART", help="Leave a chart of charts/upstream out.")
@click.option(
    "--argo", type=click.Choice(["3.7", "4.0"]), default=None,
    help="The line of Argo Workflows; that which is there stays, and a new cluster gets 4.0.",
)  # fmt: skip
@click.option("--diff", "whole_diff", is_flag=True, help="Show every line that changes in the manifests.")
def deploy(**typed: Any) -> None:
    """Bring it all to kubectl's current context: Argo, Seldon, the platform, the manifests."""
    from pipeline import shipped
    from pipeline.cluster.deploying import DeployOptions
    from pipeline.cluster.deploying import deploy as do

    note_manifests()
    do(shipped.manifests(), shipped.CHARTS, DeployOptions(**typed))


@click.command("undeploy", **example("pipeline undeploy"))
@_NAMESPACE
def undeploy(namespace: str) -> None:
    """Remove the manifests and the platform from the cluster; data stay, and it says where."""
    from pipeline.cluster.deploying import undeploy as do

    do(namespace)


_CLUSTER = click.option("--cluster", is_flag=True, help="Of kubectl's current context, instead of this machine.")


@click.command("status", **example("pipeline status --cluster"))
@_CLUSTER
@_NAMESPACE
def status(cluster: bool, namespace: str) -> None:
    """Show the servers of this machine, which models are and must be live and how they do, or a cluster's runs, their
    reasons and what is served."""
    if cluster:
        from pipeline.cluster.kube import Cluster
        from pipeline.cluster.status import shown

        click.echo(shown(Cluster(namespace)))
        return
    from pipeline.laptop.home import absent

    if words := absent():
        click.echo(words)
        return
    from pipeline.laptop.machine import LocalMachine
    from pipeline.show.tables import servers_table

    machine = LocalMachine.here()
    click.echo(servers_table(machine.stack.status()))
    if not machine.has_decisions():
        return
    from pipeline.laptop.champions import models_table
    from pipeline.laptop.watched import watched, watched_table

    if found := machine.served():
        click.echo(f"\n{models_table(found)}")
    if states := watched(machine):
        click.echo(f"\n{watched_table(states)}")


@click.command("doctor", **example("pipeline doctor --cluster"))
@_CLUSTER
@_NAMESPACE
@click.option("--registry", default="", help="Where the cluster pulls our images from.")
def doctor(cluster: bool, namespace: str, registry: str) -> None:
    """Look for what would keep things from working, here or on a cluster, and say what to do."""
    from pipeline.cluster.doctor import examine as examine_cluster
    from pipeline.cluster.kube import Cluster
    from pipeline.laptop.doctor import examine

    well = True
    for check in examine_cluster(Cluster(namespace), registry) if cluster else examine():
        click.echo(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.words}")
        well = well and check.ok
    if not well:
        sys.exit(1)
