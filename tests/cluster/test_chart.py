"""The platform's chart: what it renders is committed beside this test and compared, passwords apart.

After a change that is meant: `python -m tests.cluster.test_chart` writes it anew.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.projects.openaq import OPENAQ
from pipeline.workflows.serving import deployment
from steps.featurestore import serve
from steps.router.__main__ import command
from tests import ROOT

HERE = Path(__file__).parent
CHART = ROOT / "charts" / "platform"
RENDERED = HERE / "platform.yaml"
EVERYTHING = (
    "notify.url=https://example.com/hook,metrics.enabled=true,images.registry=registry.example.com/ml,"
    "metrics.exporter=true,metrics.podMonitors=true,metrics.rules=true,metrics.dashboard=true,"
    "metrics.labels.release=prometheus,images.pullSecrets={registry},objectStore.storageClass=fast,"
    "tracking.allowedHosts={mlflow.example.com},router.projects={openaq},features.projects={openaq},"
    "page.enabled=true,page.argo=https://argo.example.com"
)
ACCOUNT_FILES = ("token", "ca.crt", "namespace")  # which client libraries look for
needs_helm = pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not installed")


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["helm", *arguments], capture_output=True, text=True, check=False)


def rendered(settings: str) -> list[dict[str, Any]]:
    """The chart's objects, generated passwords replaced by their length."""
    done = helm("template", "platform", str(CHART), "--namespace", "mlops", "--set", settings)
    assert done.returncode == 0, done.stderr
    found = [each for each in yaml.safe_load_all(done.stdout) if each]
    for each in found:
        if each["kind"] == "Secret":
            each["data"] = dict.fromkeys(each["data"], "generated")
    return sorted(found, key=lambda each: (each["kind"], each["metadata"]["name"]))


@needs_helm
def test_it_renders_what_is_committed() -> None:
    assert list(yaml.safe_load_all(RENDERED.read_text())) == rendered(EVERYTHING)


@needs_helm
def test_it_is_clean() -> None:
    done = helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout


@needs_helm
@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("objectStore.endpoint=http://minio:9000", "objectStore"),
        ("tracking.resorces=1", "resorces"),
        ("retention.backups=0", "backups"),
        ("notify.url=mail@example.com", "url"),
        ("router.projects={Open AQ}", "projects"),
        ("metrics.rules=true", "exporter"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(setting: str, told: str) -> None:
    done = helm("template", "platform", str(CHART), "--set", setting)

    assert done.returncode != 0
    assert told in done.stderr


@needs_helm
def test_every_pod_fits_pod_security_restricted() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/"""
    pods = [pod for each in rendered(EVERYTHING) for pod in _pods(each)]

    assert len(pods) == 11
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["readOnlyRootFilesystem"] is True
            assert container["resources"]["limits"]["memory"]


@needs_helm
def test_all_agree_on_where_model_servers_tell_what_they_count() -> None:
    """Seldon's operator sets PREDICTIVE_UNIT_METRICS_ENDPOINT to its own path, whatever the container says."""
    [monitor] = [each for each in rendered("metrics.podMonitors=true") if each["kind"] == "PodMonitor"]
    operator = yaml.safe_load((ROOT / "charts" / "upstream" / "seldon-core-operator.yaml").read_text())
    manifest = json.loads(deployment(OPENAQ).data)
    [container] = manifest["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    own = {each["name"]: each["value"] for each in container["env"]}["PREDICTIVE_UNIT_METRICS_ENDPOINT"]
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["path"] == operator["executor"]["prometheus"]["path"] == own
    assert endpoint["port"] in [port["name"] for port in container["ports"]]


@needs_helm
def test_without_credentials_of_its_own_it_makes_no_secret() -> None:
    kinds = [each["kind"] for each in rendered("credentials.create=false")]

    assert "Secret" not in kinds


@needs_helm
def test_a_feature_server_is_there_only_where_it_is_wanted_and_may_only_read() -> None:
    (pod,) = [
        pod for each in rendered(EVERYTHING) if each["metadata"]["name"] == "openaq-features" for pod in _pods(each)
    ]
    (container,) = pod["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "features-reader"}}]
    assert container["command"] == ["python", "-m", "steps.featurestore.serve"]
    given = [word.partition("=")[0] for word in container["args"]]
    assert set(given) <= {option for each in serve.command.params for option in each.opts}
    kinds = [each["kind"] for each in rendered("backup.enabled=true") if "openaq-features" in each["metadata"]["name"]]
    assert kinds == []


@needs_helm
def test_a_router_may_read_one_object_and_is_there_only_where_it_is_wanted() -> None:
    everything = rendered("router.projects={openaq,wine}")
    rules = {each["metadata"]["name"]: each["rules"] for each in everything if each["kind"] == "Role"}
    seldon = {"apiGroups": ["machinelearning.seldon.io"], "resources": ["seldondeployments"]}

    assert rules["openaq-router"] == [{**seldon, "resourceNames": ["openaq"], "verbs": ["get"]}]
    for kind in ("Deployment", "Service", "ServiceAccount", "RoleBinding"):
        assert {"openaq-router", "wine-router"} <= {
            each["metadata"]["name"] for each in everything if each["kind"] == kind
        }
    assert [each for each in rendered("backup.enabled=true") if "router" in each["metadata"]["name"]] == []


@needs_helm
def test_the_router_takes_the_options_that_it_is_given() -> None:
    (pod,) = [pod for each in rendered(EVERYTHING) if "router" in each["metadata"]["name"] for pod in _pods(each)]
    (container,) = pod["containers"]
    known = {option for each in command.params for option in each.opts}

    assert container["command"] == ["python", "-m", "steps.router"]
    assert {each.partition("=")[0] for each in container["args"]} <= known
    assert set(ACCOUNT_FILES) == {
        path for source in pod["volumes"][1]["projected"]["sources"] for path in _paths(source)
    }


def _paths(source: dict[str, Any]) -> list[str]:
    """The files that a source of a projected volume brings."""
    (found,) = source.values()
    return [found["path"]] if "path" in found else [each["path"] for each in found["items"]]


def _pods(value: dict[str, Any]) -> list[dict[str, Any]]:
    spec = value.get("spec", {})
    if value["kind"] == "Pod":
        return [spec]
    if value["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return [spec["template"]["spec"]] if value["kind"] in ("CronJob", "Job", "Deployment", "StatefulSet") else []


if __name__ == "__main__":
    RENDERED.write_text(yaml.safe_dump_all(rendered(EVERYTHING), sort_keys=False))
