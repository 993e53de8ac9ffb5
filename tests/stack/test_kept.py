"""Resources without a cluster: ConfigMaps and Secrets are kept, others are refused by name or kubectl's."""

import stat
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.spec import Resource
from pipeline.errors import PipelineError, UserError
from pipeline.stack import Stack
from pipeline.stack.host import StackHost


@pytest.fixture
def host(tmp_path: Path) -> StackHost:
    return StackHost(Stack(tmp_path / "home"))


def config_map(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}, "data": data}


def test_a_config_map_from_its_making_to_its_end(host: StackHost, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(PipelineError, match=r'\(NotFound\): configmaps "conf" not found'):
        host.change(Resource("get"), config_map(), log=log)
    host.change(Resource("create"), config_map(a="1", b="2"), log=log)
    with pytest.raises(PipelineError, match="AlreadyExists"):
        host.change(Resource("create"), config_map(a="1"), log=log)
    assert host.change(Resource("get"), config_map(), log=log)["data"] == {"a": "1", "b": "2"}
    host.change(Resource("patch", merge="merge"), config_map(b="3"), log=log)
    assert host.environment("configMap", "conf") == {"a": "1", "b": "3"}
    host.apply(config_map(c="4"), log=log)
    assert host.environment("configMap", "conf") == {"c": "4"}
    host.change(Resource("delete"), config_map(), log=log)
    host.change(Resource("delete"), config_map(), log=log)
    assert not host.has("configMap", "conf", "")


def test_a_secret_that_a_step_makes_is_private_and_is_not_shown(host: StackHost, tmp_path: Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"token": "hunter-2"}}
    found = host.change(Resource("create"), secret | {"data": {}}, log=tmp_path / "log")
    assert found["data"] == {"token": ""}
    assert host.has("secret", "s", "token")
    (file,) = (tmp_path / "home").rglob("s.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "hunter-2" not in (tmp_path / "log").read_text(encoding="utf-8")


def test_another_kind_is_refused_by_name(host: StackHost, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="create of a Job is not done without a cluster; send it to one with --kubectl"):
        host.change(Resource("create"), {"kind": "Job", "metadata": {"name": "j"}}, log=tmp_path / "log")
    assert not host.takes("Job")


def test_another_kind_is_kubectls_where_that_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\ncat\n', encoding="utf-8")
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    host = StackHost(Stack(tmp_path / "home"), cluster=True)
    job = {"kind": "Job", "metadata": {"name": "j"}}
    assert host.change(Resource("create", flags=("--wait",)), job, log=tmp_path / "log") == job
    assert (tmp_path / "called").read_text(encoding="utf-8") == "create -f - --wait -o json\n"
