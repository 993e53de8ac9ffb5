"""What the controller makes of an example, on the cluster of KUBECONFIG.

Nothing is pulled: every container runs in one image, with the stand-ins for the examples' programs mounted from a
ConfigMap. What else is changed: an image's entry point is written out, since there is no registry to ask for it.
"""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from tests.oracle import cluster
from tests.oracle import examples_files as files
from tests.oracle.examples_files import Document, Example
from tests.oracle.examples_here import NOT_ENDING, STAND_INS, facts
from tests.oracle.normal import of_controller

IMAGE: Final = "python:3.12-slim-bookworm"
_MOUNT: Final = "/stand-ins"
_PATH: Final = f"{_MOUNT}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OVER: Final = ("Succeeded", "Failed", "Error")


def ask(
    examples: Sequence[Example], namespace: str, *, at_once: int, patience: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and facts of each, as they end. `at_once`: how many workflows run side by side; of those that wait for
    locks, of which some share one, only one. `patience`: seconds until one that still runs counts as not ending.

    Raises:
        UserError: there is no cluster, or it has no controller.
    """
    with cluster.namespace(namespace, keep=False), cluster.quick(cluster.controller()):
        _create(namespace, [_stand_ins()])
        left, running = sorted(examples, key=_locks, reverse=True), dict[str, tuple[Example, float]]()
        while left or running:
            while len(running) < at_once and (example := _next(left, [each for each, _ in running.values()])):
                left.remove(example)
                name, refusal = _submit(example, namespace)
                if refusal:
                    yield example.name, {"phase": "refused", "message": refusal}
                else:
                    running[name] = example, time.monotonic()
            time.sleep(1)
            for workflow in _workflows(namespace):
                name = workflow["metadata"]["name"]
                if name not in running:
                    continue
                example, since = running[name]
                ended = workflow.get("status", {}).get("phase") in _OVER
                if ended or time.monotonic() - since > patience:
                    del running[name]
                    cluster.kubectl("-n", namespace, "delete", "workflow", name, "--wait=false")
                    yield example.name, _facts(workflow, ended=ended)


def _next(left: Sequence[Example], running: Sequence[Example]) -> Example | None:
    locked = any(map(_locks, running))
    return next((example for example in left if not (locked and _locks(example))), None)


def _locks(example: Example) -> bool:
    return any("synchronization" in each for document in example.documents for each in _locking(document))


def _locking(document: Document) -> Iterator[Document]:
    yield files.spec_of(document)
    yield from files.templates(document)


def _facts(workflow: Mapping[str, Any], *, ended: bool) -> dict[str, Any]:
    answer = of_controller(workflow)
    found = facts(answer if ended else {**answer, "phase": NOT_ENDING})
    return {**found, "message": answer["message"]} if answer.get("message") else found


def _workflows(namespace: str) -> list[Document]:
    found: list[Document] = json.loads(cluster.kubectl("-n", namespace, "get", "workflows", "-o", "json"))["items"]
    return found


def _submit(example: Example, namespace: str) -> tuple[str, str]:
    """Create the workflow and what it refers to: its name, and why the API server refuses it."""
    assert example.document is not None
    others = [_runnable(each) for each in files.with_entry_points(example.needed)]
    document = _runnable(files.with_entry_points([example.document])[0])
    if document["kind"] == "WorkflowTemplate":
        others.append(document)
    workflow = _workflow(document)
    done = _create(namespace, others, "apply")
    if done:
        return "", done
    listed = json.dumps(workflow)
    command = ["kubectl", "-n", namespace, "create", "-f", "-", "-o", "name"]
    made = subprocess.run(command, input=listed, capture_output=True, text=True, check=False)
    if made.returncode:
        return "", " ".join(made.stderr.split())
    return made.stdout.strip().rpartition("/")[2], ""


def _workflow(document: Document) -> Document:
    """The Workflow that a CronWorkflow or WorkflowTemplate starts, or the one given, under a generated name."""
    metadata = {
        **{key: document["metadata"][key] for key in ("labels", "annotations") if key in document["metadata"]},
        "generateName": f"{files.name_of(document)[:50]}-",
    }
    spec = files.spec_of(document)
    if document["kind"] == "WorkflowTemplate":
        spec = {"workflowTemplateRef": {"name": document["metadata"]["name"]}, "serviceAccountName": "executor"}
    return {"apiVersion": document["apiVersion"], "kind": "Workflow", "metadata": metadata, "spec": spec}


def _runnable(document: Document) -> Document:
    """The same, in the one image and with the stand-ins."""
    changed = deepcopy(document)
    spec = files.spec_of(changed)
    if changed["kind"] != "Workflow" or "workflowTemplateRef" not in spec or "templates" in spec:
        spec.setdefault("volumes", []).append(
            {"name": "stand-ins", "configMap": {"name": "stand-ins", "defaultMode": 0o755}}
        )
    spec["serviceAccountName"] = "executor"
    spec.pop("imagePullSecrets", None)
    for container in files.containers(changed):
        container.update(image=IMAGE, imagePullPolicy="IfNotPresent")
        container.setdefault("volumeMounts", []).append({"name": "stand-ins", "mountPath": _MOUNT})
        container.setdefault("env", []).extend(
            [{"name": "PATH", "value": _PATH}, {"name": "PYTHONPATH", "value": _MOUNT}]
        )
    return changed


def _stand_ins() -> Document:
    content = {file.name: file.read_text(encoding="utf-8") for file in _files()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "stand-ins"}, "data": content}


def _files() -> Iterator[Any]:
    return (file for file in sorted(STAND_INS.iterdir()) if file.is_file())


def _create(namespace: str, objects: Sequence[Document], verb: str = "create") -> str:
    if not objects:
        return ""
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    command = ["kubectl", "-n", namespace, verb, "-f", "-"]
    done = subprocess.run(command, input=listed, capture_output=True, text=True, check=False)
    return " ".join(done.stderr.split()) if done.returncode else ""
