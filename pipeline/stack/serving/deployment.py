"""The part of a SeldonDeployment that matters on a laptop: its predictors, each one container's program, arguments and
environment.

Seldon's operator would make a pod of each; here the same command is started as a process. What cannot be done that way
is refused by the name of its field, before anything changes.
Fields: https://docs.seldon.io/projects/seldon-core/en/latest/reference/seldon-deployment.html
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from pipeline.errors import Refused
from steps.contract import predictors
from steps.errors import BadInput

API_GROUP = "machinelearning.seldon.io"
PROGRAM = "seldon-core-microservice"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_OURS = {"HOME"}  # names a place in the container


@dataclass(frozen=True)
class Predictor:
    """A model server to run. `sources`: the ConfigMaps and Secrets (kind, name) whose variables it gets."""

    name: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    sources: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Deployment:
    """The model servers of one deployment: the champion's, and those on trial beside it."""

    name: str
    champion: Predictor
    challengers: tuple[Predictor, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The champion's."""
        return self.champion.environment

    @property
    def predictors(self) -> tuple[Predictor, ...]:
        """All of them, the champion first."""
        return (self.champion, *self.challengers)


def read(manifest: dict[str, Any]) -> Deployment:
    """The deployment that `manifest` describes.

    Raises:
        Refused: it is not a SeldonDeployment, or needs a cluster; names the field.
    """
    kind, version = manifest.get("kind"), str(manifest.get("apiVersion"))
    if kind != "SeldonDeployment" or not version.startswith(f"{API_GROUP}/"):
        raise Refused(f"{kind} ({version}) cannot be applied without a cluster; here only a SeldonDeployment can")
    name = str(_field(manifest, "metadata", "metadata", "name"))
    if not _NAME.fullmatch(name):
        raise Refused(f"metadata.name is {name!r}; wanted a DNS label: a-z, 0-9 and -, at most 63")
    try:
        found = predictors.of(manifest)
    except BadInput as error:
        raise Refused(f"{name}: {error}") from error
    challengers = () if found.challenger is None else (_predictor(found.challenger, name),)
    return Deployment(name, _predictor(found.champion, name), challengers)


def _predictor(predictor: dict[str, Any], name: str) -> Predictor:
    """One of the deployment `name`."""
    own = predictors.name_of(predictor)
    if not _NAME.fullmatch(own):
        raise Refused(f"{name}: spec.predictors: a name is {own!r}; wanted a DNS label: a-z, 0-9 and -, at most 63")
    graph = _field(predictor, name, "graph")
    if graph.get("children"):
        raise Refused(f"{name}: graph.children: a graph of one node is run without a cluster; leave the others out")
    if graph.get("implementation"):
        raise Refused(f"{name}: graph.implementation: prepackaged servers need a cluster; name a container instead")
    container = _container(predictor, name, str(graph.get("name")))
    program, *arguments = [*container.get("command", ()), *container.get("args", ())] or [""]
    if program != PROGRAM:
        raise Refused(f"{name}: containers.command: got {program!r}; without a cluster it must be {PROGRAM}")
    seldon = {
        "SELDON_DEPLOYMENT_ID": name,
        "PREDICTOR_ID": own,
        "PREDICTIVE_UNIT_ID": str(graph.get("name")),
        "PREDICTIVE_UNIT_IMAGE": str(container.get("image", "")),
        "PREDICTIVE_UNIT_PARAMETERS": json.dumps(graph.get("parameters", [])),
    }
    return Predictor(own, tuple(map(str, arguments)), seldon | _variables(container, name), _sources(container, name))


def _container(predictor: dict[str, Any], name: str, node: str) -> dict[str, Any]:
    specs = _only(_field(predictor, name, "componentSpecs"), f"{name}: componentSpecs")
    container: dict[str, Any] = _only(_field(specs, name, "spec", "containers"), f"{name}: containers")
    if container.get("name") != node:
        raise Refused(f"{name}: graph.name is {node!r}, the container's is {container.get('name')!r}; they must agree")
    return container


def _variables(container: dict[str, Any], name: str) -> dict[str, str]:
    found = {}
    for entry in container.get("env", ()):
        if "valueFrom" in entry:
            raise Refused(f"{name}: env.{entry.get('name')}.valueFrom is not done without a cluster; use envFrom")
        if entry["name"] not in _OURS:
            found[str(entry["name"])] = str(entry.get("value", ""))
    return found


def _sources(container: dict[str, Any], name: str) -> tuple[tuple[str, str], ...]:
    found = []
    for entry in container.get("envFrom", ()):
        reference = {"secretRef": "secret", "configMapRef": "configMap"}
        known = [(kind, entry[field]) for field, kind in reference.items() if field in entry]
        if len(known) != 1 or "prefix" in entry:
            raise Refused(f"{name}: envFrom: got {', '.join(entry)}; wanted secretRef or configMapRef alone")
        found.append((known[0][0], str(known[0][1]["name"])))
    return tuple(found)


def _field(value: Any, name: str, *path: str) -> Any:
    for part in path:
        if not isinstance(value, dict) or part not in value:
            raise Refused(f"{name}: {'.'.join(path)} is missing; a SeldonDeployment must have it")
        value = value[part]
    return value


def _only(values: Any, where: str) -> Any:
    if not isinstance(values, list) or len(values) != 1:
        count = len(values) if isinstance(values, list) else 0
        raise Refused(f"{where}: got {count}; without a cluster it must be one")
    return values[0]
