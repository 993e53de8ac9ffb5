"""The command that asks the controller, where there is none to ask."""

import subprocess
import sys

import pytest

from pipeline.errors import UserError
from tests import ROOT
from tests.oracle import ask, cluster


def test_without_kubectl_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert ask.main(["--only", "dag/single"]) == 1
    said = capsys.readouterr().err
    assert said == (
        "oracle: KUBECONFIG leads to no cluster; wanted one with Argo Workflows "
        "(there is no kubectl on PATH, which asks the cluster)\n"
    )


def test_a_pattern_that_fits_no_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask.main(["--only", "no such case"]) == 1
    assert capsys.readouterr().err == "oracle: no case has 'no such case' in its name\n"


def test_a_cluster_without_argo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "kubectl", lambda *arguments, given=None: '{"items": []}')
    with pytest.raises(UserError, match="has no workflow-controller; install Argo Workflows there"):
        cluster.controller()


def test_its_help() -> None:
    command = [sys.executable, "-m", "tests.oracle.ask", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--check" in done.stdout
