"""How large Argo's Workflow object becomes, and the longest argument of a pod.

The daily workflow is run to its end with its steps replaced by functions that give the outputs alone, and told as the
object that a cluster would have: https://argo-workflows.readthedocs.io/en/latest/offloading-large-workflows/.
"""

import base64
import gzip
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from pipeline import engine
from pipeline.serve.objects import Item, workflow
from pipeline.shipped import MANIFESTS

_FILE: Final = MANIFESTS / "openaq" / "openaq-daily.yaml"


@dataclass(frozen=True)
class Size:
    """Of the object: its nodes, its bytes as JSON, and its bytes where the controller packs the nodes. `argument`: the
    bytes of the one that holds the locations."""

    nodes: int
    plain: int
    packed: int
    argument: int


def daily(locations: str, pods: int) -> Size:
    """Of the daily workflow where `locations` are given and so many pods fetch."""
    document = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        given = {"locations": locations, "workers": str(pods), "as-of": "2022-04-01T00:00:00Z"}
        run = engine.run(document, given, home=home, replace=_replaced(document, pods)).succeeded()
        journal = engine.Journal(home / "journal.db")
        found = workflow(Item(journal.row(run.id)), run, [document], home)
        journal.close()
    status = found["status"]
    packed = base64.b64encode(gzip.compress(_json(status["nodes"]))).decode()
    small = found | {"status": {**status, "nodes": None, "compressedNodes": packed}}
    argument = len(run.parameters["locations"].encode())
    return Size(len(status["nodes"]), len(_json(found)), len(_json(small)), argument)


def _replaced(document: Mapping[str, Any], pods: int) -> dict[str, Callable[[object], object]]:
    """A function for each template with a container, which gives all its outputs, without doing anything for them."""
    special = {"workers": json.dumps(list(range(pods))), "train": "false"}
    found: dict[str, Callable[[object], object]] = {}
    for template in document["spec"]["workflowSpec"]["templates"]:
        outputs = [one["name"] for kind in template.get("outputs", {}).values() for one in kind]
        if "container" in template or "resource" in template:
            found[template["name"]] = lambda _, outputs=outputs: {one: special.get(one, "{}") for one in outputs}  # type: ignore[misc]
    return found


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
