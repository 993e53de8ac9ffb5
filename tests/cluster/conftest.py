"""A fake cluster: `kubectl` and `helm` on the PATH are `fake_kubectl.py`, which answers from a file."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parent


@dataclass(frozen=True)
class FakeCluster:
    """What the fake answers from; a test may change it."""

    file: Path

    def __getitem__(self, key: str) -> Any:
        return json.loads(self.file.read_text())[key]

    def set(self, **values: Any) -> None:
        """Such as `objects`, `version`, `context`, `log` and `status` of a pod that is made, `refused`, `hanging`."""
        self.file.write_text(json.dumps(json.loads(self.file.read_text()) | values))

    def add(self, kind: str, name: str, **fields: Any) -> None:
        """An object more; `labels` and `annotations` belong to its metadata."""
        metadata = {key: fields.pop(key) for key in ("labels", "annotations", "creationTimestamp") if key in fields}
        self.set(objects=[*self["objects"], {"kind": kind, "metadata": {"name": name, **metadata}, **fields}])

    def remove(self, kind: str, name: str = "") -> None:
        kept = [each for each in self["objects"] if each["kind"] != kind or name not in ("", each["metadata"]["name"])]
        self.set(objects=kept)

    def names(self, kind: str) -> list[str]:
        return [each["metadata"]["name"] for each in self["objects"] if each["kind"] == kind]

    @property
    def calls(self) -> list[str]:
        return [" ".join(words) for words in self["calls"]]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """A cluster with nothing in it but Kubernetes."""
    programs = tmp_path / "bin"
    programs.mkdir()
    fake = f"import sys; sys.path[:0] = [{str(HERE)!r}]; from fake_kubectl import main; main()"
    for name in ("kubectl", "helm"):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -ES -c "{fake}" {name} "$@"\n')
        (programs / name).chmod(0o755)
    state = tmp_path / "cluster.json"
    state.write_text("{}")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_CLUSTER", str(state))
    monkeypatch.setenv("FAKE_CLUSTER_LIBRARIES", str(Path(yaml.__file__).parents[1]))
    found = FakeCluster(state)
    found.set(
        calls=[], objects=[], releases=[], chart="", refused={}, hanging=[], version="v1.34.4", context="minikube",
        log="", status={"phase": "Succeeded"},
    )  # fmt: skip
    return found


@pytest.fixture
def deployed(cluster: FakeCluster) -> FakeCluster:
    """A cluster where everything is as `make deploy` leaves it."""
    for name in ("workflows.argoproj.io", "sensors.argoproj.io", "seldondeployments.machinelearning.seldon.io"):
        cluster.add("CustomResourceDefinition", name)
    image = "quay.io/argoproj/workflow-controller:v3.7.18"
    pod = {"spec": {"containers": [{"name": "controller", "image": image}]}}
    cluster.add("Deployment", "argo-workflows-workflow-controller", spec={"template": pod})
    config = {"executor": "securityContext: {runAsNonRoot: true}\n"}
    cluster.add("ConfigMap", "argo-workflows-workflow-controller-configmap", data=config)
    cluster.add("Namespace", "mlops", labels={"pod-security.kubernetes.io/enforce": "restricted"})
    for name in ("pipeline-steps", "pipeline-deployer", "pipeline-trainer", "pipeline-sensor"):
        cluster.add("ServiceAccount", name)
    keys = ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    cluster.add("Secret", "object-store", data=dict.fromkeys(keys, "eA=="))
    for name in ("object-store-serving", "object-store-tidier"):
        cluster.add("Secret", name, data=dict.fromkeys(keys, "eA=="))
    cluster.add("Secret", "object-store-events", data=dict.fromkeys(keys[1:3], "eA=="))
    for name in ("database", "database-serving"):
        cluster.add("Secret", name, data={"DATABASE_URL": "eA=="})
    cluster.add("Secret", "features", data={"FEATURES_DATABASE_URL": "eA=="})
    cluster.add("ConfigMap", "tracking", data={"MLFLOW_TRACKING_URI": "http://mlflow:5000"})
    cluster.add("ConfigMap", "artifact-repositories", data={"object-store": "s3: {}"})
    cluster.set(log='{"name": "buckets", "ok": true, "words": "inbox, lake and artifacts"}\n')
    return cluster
