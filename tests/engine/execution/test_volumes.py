"""Volumes: whose a folder is, how long it lasts, and where a command finds it."""

from pathlib import Path

import pytest

from pipeline.engine import LocalHost
from pipeline.errors import UserError
from tests.engine.laboratory import HEADER, Laboratory, log_of

TWO = f"""{HEADER}spec:
  entrypoint: main
  VOLUMES
  templates:
    - name: main
      steps: [[{{name: write, template: write}}], [{{name: read, template: read}}]]
    - name: write
      container:
        image: i
        command: [sh, -c, "mkdir -p /data/sub; echo mine >> /data/sub/x"]
        volumeMounts: [{{name: v, mountPath: /data}}]
    - name: read
      outputs: {{artifacts: [{{name: x, path: /data/x, optional: true}}]}}
      container:
        image: i
        command: [sh, -c, "cat /data/x; echo again >> /data/x"]
        volumeMounts: [{{name: v, mountPath: /data, subPath: sub}}]
"""


def run(lab: Laboratory, volumes: str) -> str:
    view = lab.run(TWO.replace("VOLUMES", volumes))
    return log_of(view, "[1].read") if view.phase == "Succeeded" else view.nodes["write"].message


def test_a_claim_of_the_run_is_shared_by_its_steps_and_by_no_other_run(lab: Laboratory) -> None:
    claim = "volumeClaimTemplates: [{metadata: {name: v}, spec: {}}]"
    assert run(lab, claim) == run(lab, claim) == "mine\n"


def test_a_named_claim_outlives_a_run(lab: Laboratory) -> None:
    claim = "volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]"
    assert run(lab, claim) == "mine\n"
    assert run(lab, claim) == "mine\nagain\nmine\n"
    assert (lab.home / "volumes" / "c" / "sub" / "x").exists()


def test_an_empty_folder_is_of_one_node(lab: Laboratory) -> None:
    view = lab.run(TWO.replace("VOLUMES", "volumes: [{name: v, emptyDir: {}}]"))
    assert "No such file" in view.nodes["read"].message or "No such file" in log_of(view, "[1].read", "stderr")


def test_an_artifact_in_a_volume_is_kept_as_it_was(lab: Laboratory) -> None:
    view = lab.run(TWO.replace("VOLUMES", "volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]"))
    (lab.home / "volumes" / "c" / "sub" / "x").write_text("changed", encoding="utf-8")
    kept = lab.home / "runs" / view.id / view.nodes["read"].id / "outputs" / "x"
    assert kept.read_text(encoding="utf-8") == "mine\nagain\n"


def test_a_folder_of_this_machine_only_where_that_is_allowed(lab: Laboratory, tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    volumes = f"volumes: [{{name: v, hostPath: {{path: '{tmp_path}/host'}}}}]"
    assert "which it may not have" in run(lab, volumes)
    lab.host.host_paths = True
    assert run(lab, volumes) == "mine\n"
    assert (tmp_path / "host" / "sub" / "x").read_text(encoding="utf-8") == "mine\nagain\n"


def test_a_mount_of_no_volume(lab: Laboratory) -> None:
    with pytest.raises(UserError, match=r"templates\[write\]\.container\.volumeMounts\[v\] is of no volume"):
        run(lab, "")


def test_a_plain_host_has_no_folders_to_give() -> None:
    with pytest.raises(UserError, match="which it may not have"):
        LocalHost().folder("/")
