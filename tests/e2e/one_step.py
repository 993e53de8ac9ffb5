"""Workflows of one step: what a step of ours has, but for what a test changes."""

from collections.abc import Callable
from typing import Any

import yaml

from pipeline import __version__
from pipeline.cluster.kube import Cluster
from tests.e2e.workflows import Ended, ended

IMAGE = f"pipeline-steps:{__version__}"


def one_step(
    cluster: Cluster,
    command: list[str],
    *,
    memory: str = "128Mi",
    change: Callable[[dict[str, Any]], object] = lambda _: None,
) -> Ended:
    """A workflow of one step, made of what a step of ours has, but for its command and memory."""
    return ended(cluster, one(cluster, command, memory=memory, change=change), patience=300)


def one(
    cluster: Cluster,
    command: list[str],
    *,
    image: str = IMAGE,
    memory: str = "128Mi",
    change: Callable[[dict[str, Any]], object] = lambda _: None,
) -> str:
    template = leaf_of(cluster, command, image=image, memory=memory)
    change(template)
    return created(cluster, template)


def leaf_of(cluster: Cluster, command: list[str], *, image: str = IMAGE, memory: str = "128Mi") -> dict[str, Any]:
    """The template `main`: what a step of ours has, but for its command, image and memory."""
    (found,) = cluster.get("workflowtemplates.argoproj.io", "openaq-train")
    template: dict[str, Any] = next(each for each in found["spec"]["templates"] if each["name"] == "trial")
    template["name"] = "main"
    del template["inputs"]
    template["container"] |= {"command": command, "args": [], "image": image}
    template["container"]["resources"] = {"requests": {"cpu": "10m", "memory": memory}, "limits": {"memory": memory}}
    return template


def created(cluster: Cluster, *templates: dict[str, Any]) -> str:
    """A workflow that begins with the first of the templates."""
    workflow = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "fault-", "labels": {"app.kubernetes.io/part-of": "learning-pipelines"}},
        "spec": {
            "entrypoint": templates[0]["name"],
            "serviceAccountName": "pipeline-steps",
            "securityContext": {"runAsNonRoot": True, "runAsUser": 8737, "seccompProfile": {"type": "RuntimeDefault"}},
            "templates": list(templates),
        },
    }
    return cluster.kubectl("create", "-o", "name", "-f", "-", given=yaml.safe_dump(workflow)).strip().split("/")[1]
