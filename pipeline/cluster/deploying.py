"""`make deploy`: what the cluster lacks, then the platform, then the manifests. May be repeated."""

import json
from dataclasses import dataclass
from pathlib import Path

import click
import yaml

from pipeline.cluster import manifests, plan, upstream
from pipeline.cluster.kube import Cluster, run
from pipeline.errors import UserError

_RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
RELEASE = "platform"


@dataclass(frozen=True)
class DeployOptions:
    """What to deploy, as typed. `registry`: empty if the cluster has the images; `values`: of our chart; `argo`: the
    line of Argo Workflows, None for the one that is there."""

    namespace: str
    registry: str
    values: Path | None
    crons: bool
    without: tuple[str, ...]
    whole_diff: bool
    argo: str | None


def deploy(folder: Path, charts: Path, options: DeployOptions) -> None:
    """Bring the manifests of `folder`, and `charts` before them, saying what changes.

    Raises:
        UserError: there is no cluster, or an option is wrong.
        PipelineError: the cluster refuses something.
    """
    if options.values and not options.values.is_file():
        raise UserError(
            f"--values {options.values} is no file; {charts / 'platform' / 'values.yaml'} shows what can be set"
        )
    cluster = Cluster(options.namespace)
    click.echo(f"deploying to {context()}, namespace {options.namespace}")
    others = upstream.chosen(upstream.pinned(charts / "upstream"), options.without)
    for each in others:
        click.echo(f"  {each.name}: {upstream.install(each, options.argo)}")
    _namespace(cluster)
    _platform(cluster, charts / "platform", options)
    wanted = manifests.read(folder, options.registry, crons=options.crons)
    planned = plan.plan(cluster, wanted, crons=options.crons)
    click.echo(shown(planned, whole=options.whole_diff))
    plan.apply(cluster, planned)
    click.echo(f"applied {len(wanted)} manifests")
    click.echo(_closing(options.namespace))


def undeploy(namespace: str) -> None:
    """Remove the manifests' objects and the platform, and say what is left."""
    cluster = Cluster(namespace)
    click.echo(f"removing from {context()}, namespace {namespace}")
    planned = plan.plan(cluster, [], crons=True)
    for name in planned.pruned:
        click.echo(f"  - {name}")
    plan.apply(cluster, planned)
    if json.loads(cluster.helm("list", "--all", "--filter", f"^{RELEASE}$", "-o", "json")):
        cluster.helm("uninstall", RELEASE, "--wait")
    plan.await_gone(cluster, planned.pruned)
    click.echo(
        f"Left in {namespace}: workflows that ran, model servers, the volumes of MinIO and PostgreSQL, and the Secret\n"
        f"platform-credentials that opens them (`kubectl delete namespace {namespace}` removes that); and Argo and\n"
        "Seldon (`helm uninstall`)."
    )


def context() -> str:
    """The name of kubectl's current context.

    Raises:
        UserError: there is none.
    """
    name = run(["kubectl", "config", "view", "--minify", "-o", "jsonpath={.current-context}"]).strip()
    if not name:
        raise UserError("kubectl has no current context; for a cluster on this machine: minikube start --cpus 4")
    return name


def shown(planned: plan.DeployPlan, *, whole: bool) -> str:
    """What will change, a line each; with `whole`, every line that differs."""
    lines = [f"  + {name}" for name in planned.created]
    for name, difference in planned.changed.items():
        added = sum(line.startswith("+") for line in difference.splitlines())
        removed = sum(line.startswith("-") for line in difference.splitlines())
        lines.append(f"  ~ {name}: {added} lines more, {removed} less")
        if whole:
            lines += [f"      {line}" for line in difference.splitlines()]
    lines += [f"  - {name}" for name in planned.pruned]
    return "\n".join(["manifests:", *lines]) if lines else "manifests: nothing changes"


def _namespace(cluster: Cluster) -> None:
    """Make the namespace, in which Pod Security refuses what is not `restricted`."""
    wanted = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": cluster.namespace, "labels": _RESTRICTED},
    }
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=yaml.safe_dump(wanted))


def _platform(cluster: Cluster, chart: Path, options: DeployOptions) -> None:
    chosen = ["--set", f"images.registry={options.registry}"] if options.registry else []
    chosen += ["--values", str(options.values)] if options.values else []
    click.echo("  platform: waiting until everything in it is ready", nl=False)
    cluster.helm("upgrade", "--install", RELEASE, str(chart), *chosen, "--wait", "--wait-for-jobs", "--timeout", "10m")
    click.echo(": done")


def _closing(namespace: str) -> str:
    return f"""
Runs:    kubectl -n argo port-forward service/argo-workflows-server 2746     then https://localhost:2746/workflows/{namespace}
         argo list -n {namespace};  pipeline status --cluster --namespace {namespace}
MLflow:  kubectl -n {namespace} port-forward service/mlflow 5000     then http://localhost:5000
MinIO:   kubectl -n {namespace} port-forward service/minio 9001     then http://localhost:9001
Start:   argo submit -n {namespace} --from workflowtemplate/openaq-backfill --watch
Doubt:   pipeline doctor --cluster --namespace {namespace}"""
