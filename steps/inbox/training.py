"""The workflow that learns from the newest state of the history, unless another one has or is about to."""

from typing import Any

from steps.backends import history, promotions, trainings
from steps.backends.database import transact
from steps.contract.declaration import TableDeclaration
from steps.learning.tables import fingerprint


def wanted(declaration: TableDeclaration, run: str) -> str | None:
    """The name of the training that `run`, and no other run, should start; None if none is needed."""
    project = declaration.name
    head = transact(lambda connection: history.head(connection, project))
    if head is None:
        return None
    dataset = fingerprint(declaration, head.chain)

    def offered(connection: Any) -> str | None:
        decision = promotions.find(connection, project, dataset)
        if decision is not None and decision.promoted is not None:
            return None
        return trainings.offer(connection, project, dataset, head.sequence, to=run)

    return transact(offered)


def manifest(project: str, name: str | None, run: str) -> dict[str, Any]:
    """The Workflow to apply; empty without a name. The name is its identity: applied twice, it exists once.

    `run`: the run that took the files, which the training's decision will name.
    """
    if name is None:
        return {}
    labels = {
        "app.kubernetes.io/component": "train",
        "app.kubernetes.io/instance": project,
        "app.kubernetes.io/part-of": "learning-pipelines",
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "workflowTemplateRef": {"name": f"{project}-train"},
            "arguments": {"parameters": [{"name": "by", "value": f"upload ({run})"}]},
        },
    }
