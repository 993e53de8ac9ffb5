"""What `pipeline deploy` would apply, and how it tells: as far as no cluster is needed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from pipeline import __version__
from pipeline.cli.commands import cli
from pipeline.cluster import deploying, manifests, upstream
from pipeline.cluster.plan import DeployPlan
from pipeline.errors import UserError
from tests import ROOT


def test_a_registry_changes_images_and_nothing_else() -> None:
    plain = manifests.read(ROOT / "manifests", "", crons=True)
    moved = manifests.read(ROOT / "manifests", "registry.example.com/ml", crons=True)

    assert yaml.safe_dump(plain) != yaml.safe_dump(moved)
    text = yaml.safe_dump(moved, width=10_000)
    assert set(re.findall(r"\S*pipeline-s\w+:\S+", text)) == {
        "registry.example.com/ml/pipeline-steps:0.1.0",
        "registry.example.com/ml/pipeline-serve:0.1.0",
    }
    assert text.replace("registry.example.com/ml/", "") == yaml.safe_dump(plain, width=10_000)


def test_the_event_bus_of_all_projects_is_applied_once() -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests.read(ROOT / "manifests", "", crons=True)]

    assert len(names) == len(set(names))
    assert names.count(("EventBus", "default")) == 1


def test_crons_can_be_left_to_argo_cron_create() -> None:
    kinds = {each["kind"] for each in manifests.read(ROOT / "manifests", "", crons=False)}

    assert "CronWorkflow" not in kinds
    assert "WorkflowTemplate" in kinds


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no manifests; `pipeline render` writes them"):
        manifests.read(tmp_path, "", crons=True)


def test_changes_are_shown_before_they_are_made() -> None:
    planned = DeployPlan([], ["Sensor/new"], {"EventBus/default": "@@\n-  a: 1\n+  a: 2\n+  b: 3"}, ["Sensor/gone"])

    assert deploying.shown(planned, whole=False).splitlines() == [
        "manifests:",
        "  + Sensor/new",
        "  ~ EventBus/default: 2 lines more, 1 less",
        "  - Sensor/gone",
    ]
    assert "      +  b: 3" in deploying.shown(planned, whole=True)
    assert deploying.shown(DeployPlan([], [], {}, []), whole=False) == "manifests: nothing changes"


def test_a_chart_that_there_is_not_cannot_be_left_out() -> None:
    found = upstream.pinned(ROOT / "charts" / "upstream")

    with pytest.raises(UserError, match=r"--without kafka: there is no such chart; .* argo-events, seldon-core"):
        upstream.chosen(found, ("kafka",))
    assert [each.name for each in upstream.chosen(found, ("seldon-core-operator",))] == [
        "argo-workflows",
        "argo-events",
    ]
    assert all(each.values.is_file() for each in found)


def test_one_line_says_that_kubectl_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    result = CliRunner().invoke(cli, ["deploy"])

    assert isinstance(result.exception, UserError)
    assert str(result.exception).startswith("kubectl is not installed; see https://")


def test_the_chart_has_the_version_of_the_code() -> None:
    chart = yaml.safe_load((ROOT / "charts/platform/Chart.yaml").read_text())

    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def test_make_builds_images_of_the_names_that_manifests_have() -> None:
    command = ["make", "-n", "-C", str(ROOT), "images", "CONTAINER_TOOL=docker"]
    would = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert [f"-t docker.io/library/{image} ." in would for image in manifests.images("")] == [True] * 6


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text("kind: Service\nmetadata: {name: a}\n")

    with pytest.raises(UserError, match=r"service.yaml holds a Service; wanted one of WorkflowTemplate"):
        manifests.read(tmp_path, "", crons=True)
