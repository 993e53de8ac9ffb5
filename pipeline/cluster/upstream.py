"""Argo Workflows, Argo Events and Seldon Core: Helm releases of their own, pinned in `charts/upstream/`.

One that the cluster has already, whoever made it, is left alone: two controllers would fight over the same objects.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.cluster.kube import Cluster
from pipeline.errors import UserError


@dataclass(frozen=True)
class Upstream:
    """A chart of another project. `crd`: by which it is recognised; `tested`: the program's version."""

    name: str
    repository: str
    version: str
    namespace: str
    crd: str
    tested: str
    values: Path


def pinned(folder: Path) -> list[Upstream]:
    """The charts in `pins.yaml` of `folder`, in the order in which they are installed."""
    pins = yaml.safe_load((folder / "pins.yaml").read_text())
    return [Upstream(name=name, values=folder / f"{name}.yaml", **fields) for name, fields in pins.items()]


def chosen(found: list[Upstream], without: tuple[str, ...]) -> list[Upstream]:
    """All but those named.

    Raises:
        UserError: a name is none of them.
    """
    names = [each.name for each in found]
    for name in without:
        if name not in names:
            raise UserError(f"--without {name}: there is no such chart; there are: {', '.join(names)}")
    return [each for each in found if each.name not in without]


def install(upstream: Upstream) -> str:
    """Install or upgrade a chart, or leave it alone; says what was done."""
    cluster = Cluster(upstream.namespace)
    releases = json.loads(cluster.helm("list", "--all", "--filter", f"^{upstream.name}$", "-o", "json"))
    if not releases and cluster.get("crd", upstream.crd):
        return "left alone, since it is there already and not from here"
    cluster.helm(
        "upgrade", "--install", upstream.name, upstream.name, "--repo", upstream.repository, "--version",
        upstream.version, "--create-namespace", "--values", str(upstream.values), "--wait", "--timeout", "10m",
    )  # fmt: skip
    return f"chart {upstream.version} ({upstream.tested})"
