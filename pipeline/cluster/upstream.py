"""Argo Workflows, Argo Events and Seldon Core: releases of their own, pinned in `charts/upstream/`.

Where the cluster has one of them already, made by whoever, it is left alone: two controllers would fight over the same
objects.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.cluster.kube import Cluster
from pipeline.errors import UserError


@dataclass(frozen=True)
class Upstream:
    """A chart of others. `crd`: by which it is recognised; `tested`: the version of the program that it installs."""

    name: str
    repository: str
    version: str
    namespace: str
    crd: str
    tested: str
    values: Path


def pinned(folder: Path) -> list[Upstream]:
    """What `pins.yaml` in `folder` names, in the order of installing."""
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
            raise UserError(f"--without {name}: there is none of that name; there are: {', '.join(names)}")
    return [each for each in found if each.name not in without]


def install(upstream: Upstream) -> str:
    """Install or upgrade it, or leave it alone; what was done, in words."""
    cluster = Cluster(upstream.namespace)
    releases = json.loads(cluster.helm("list", "--all", "--filter", f"^{upstream.name}$", "-o", "json"))
    if not releases and cluster.get("crd", upstream.crd):
        return "is there already, and not from here: left alone"
    cluster.helm(
        "upgrade", "--install", upstream.name, upstream.name, "--repo", upstream.repository, "--version",
        upstream.version, "--create-namespace", "--values", str(upstream.values), "--wait", "--timeout", "10m",
    )  # fmt: skip
    return f"chart {upstream.version} ({upstream.tested})"
