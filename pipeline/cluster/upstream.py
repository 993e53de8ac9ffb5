"""Argo Workflows, Argo Events and Seldon Core: Helm releases of their own, pinned in `charts/upstream/`.

One that the cluster has already, whoever made it, is left alone: two controllers would fight over the same objects.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from pipeline.cluster.kube import Cluster
from pipeline.errors import UserError


@dataclass(frozen=True)
class Pin:
    """A version of a chart. `tag`: of its program's images, empty for the chart's own; `tested`: the version of the
    program that was run with it."""

    version: str
    tested: str
    tag: str = ""


@dataclass(frozen=True)
class Upstream:
    """A chart of another project. `crd`: by which it is recognised; `others`: the pins of its program's other lines."""

    name: str
    repository: str
    namespace: str
    crd: str
    values: Path
    pin: Pin
    others: Mapping[str, Pin] = field(default_factory=dict)


def pinned(folder: Path) -> list[Upstream]:
    """The charts in `pins.yaml` of `folder`, in the order in which they are installed."""
    pins = yaml.safe_load((folder / "pins.yaml").read_text())
    return [_upstream(name, folder / f"{name}.yaml", **fields) for name, fields in pins.items()]


def _upstream(name: str, values: Path, *, lines: Mapping[str, Any] | None = None, **fields: Any) -> Upstream:
    about = {key: fields.pop(key) for key in ("repository", "namespace", "crd")}
    found = {line: Pin(**pin) for line, pin in (lines or {"": fields}).items()}
    return Upstream(name=name, values=values, pin=next(iter(found.values())), others=found if lines else {}, **about)


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


def install(upstream: Upstream, line: str | None = None) -> str:
    """Install or upgrade a chart, or leave it alone; says what was done. `line`: of its program, where it has several;
    None: the one that is there."""
    cluster = Cluster(upstream.namespace)
    releases = json.loads(cluster.helm("list", "--all", "--filter", f"^{upstream.name}$", "-o", "json"))
    if not releases and cluster.get("crd", upstream.crd):
        return "left alone, since it is there already and not from here"
    pin = _of_line(upstream, line, str(releases[0].get("chart", "")) if releases else "").pin
    tag = ("--set", f"images.tag={pin.tag}") if pin.tag else ()
    cluster.helm(
        "upgrade", "--install", upstream.name, upstream.name, "--repo", upstream.repository, "--version",
        pin.version, "--create-namespace", "--values", str(upstream.values), *tag, "--wait", "--timeout", "10m",
    )  # fmt: skip
    return f"chart {pin.version} ({pin.tag or pin.tested})"


def _of_line(upstream: Upstream, line: str | None, there: str) -> Upstream:
    """With the pin of the named line; else of that which is there, for nobody changes the major version by the way."""
    if line and upstream.others:
        return replace(upstream, pin=upstream.others[line])
    major = there.removeprefix(f"{upstream.name}-").partition(".")[0]
    kept = (pin for pin in upstream.others.values() if pin.version.partition(".")[0] == major)
    return replace(upstream, pin=next(kept, upstream.pin))
