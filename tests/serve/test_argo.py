"""The `argo` command as it is, where it is installed: on PATH, or in the bin of $CLUSTER_HOME."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.serve.serving import LIBRARY, Served, dag, until, workflow
from tests.serve.test_workflows import pausing

PLACES = (os.environ.get("PATH", ""), f"{os.environ.get('CLUSTER_HOME', Path.home() / '.cache' / 'cluster')}/bin")
ARGO = shutil.which("argo", path=os.pathsep.join(PLACES))
pytestmark = pytest.mark.skipif(ARGO is None, reason="argo is not installed (PATH, $CLUSTER_HOME/bin)")
WAIT = 60


class Argo:
    """`argo` in a folder, told of a server."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.environment = {
            **os.environ, "ARGO_SERVER": f"127.0.0.1:{served.port}", "ARGO_HTTP1": "true", "ARGO_SECURE": "false",
            "ARGO_TOKEN": "x", "ARGO_NAMESPACE": "laptop", "KUBECONFIG": "/dev/null",
        }  # fmt: skip

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """What it prints."""
        found = subprocess.run(
            [str(ARGO), *arguments], cwd=self.served.folder, env=self.environment, capture_output=True, text=True,
            timeout=WAIT, check=False,
        )  # fmt: skip
        assert found.returncode == code, found.stdout + found.stderr
        return found.stdout + found.stderr

    def file(self, name: str, *manifests: object) -> str:
        (self.served.folder / name).write_text(yaml.safe_dump_all(manifests), encoding="utf-8")
        return name


@pytest.fixture
def argo(served: Served) -> Argo:
    return Argo(served)


def test_submit_and_wait_watch_or_log(argo: Argo) -> None:
    file = argo.file("hello.yaml", workflow("hello-", "echo {{workflow.parameters.p}}", arguments={
        "parameters": [{"name": "p", "value": "none"}]}))  # fmt: skip
    assert "Succeeded at" in argo("submit", file, "--wait", "-p", "p=waited")
    assert "Succeeded" in argo("submit", file, "--watch", "--labels", "by=argo")
    assert "logged" in argo("submit", file, "--log", "-p", "p=logged")
    listed = argo("list", "-l", "by=argo")
    assert listed.count("hello-") == 1 and "Succeeded" in listed


def test_list_get_logs_and_wait(argo: Argo) -> None:
    argo("submit", argo.file("tree.yaml", dag("tree", first="echo one", second="sleep 1; echo two; exit 3")))
    assert "two" in argo("logs", "-f", "tree")
    argo("wait", "tree", code=1)
    tree = argo("get", "tree")
    assert "first" in tree and "second" in tree and "Error (exit code 3)" in tree
    assert "tree" in argo("list", "--status", "Failed") and "tree" not in argo("list", "--running")
    assert "one" in argo("logs", "tree", "--grep", "o[n]e") and "two" not in argo("logs", "tree", "--grep", "o[n]e")
    assert re.search(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z two", argo("logs", "tree", "--timestamps"))
    assert "one" in argo("logs", "tree", "--since", "1h") and "one" in argo("logs", "tree", "--tail", "1")
    assert "one" not in argo("logs", "tree", "--since-time", "2100-01-01T00:00:00Z")
    assert '"phase": "Failed"' in argo("get", "tree", "-o", "json")
    assert "NotFound" in argo("get", "nobody", code=1)


def test_stop_retry_and_resubmit(argo: Argo) -> None:
    flag = argo.served.folder / "argo-flag"
    argo("submit", argo.file("fail.yaml", dag("fail", first="true", second=f"test -e {flag}")), "--wait", code=1)
    flag.touch()
    assert "Succeeded" in argo("retry", "fail", "--wait")
    assert "Succeeded" in argo("resubmit", "fail", "--wait")
    argo("submit", argo.file("slow.yaml", workflow("slow", "sleep 60")))
    argo.served.running("slow")
    assert "slow stopped" in argo("stop", "slow")
    argo("wait", "slow", code=1)
    argo("delete", "slow")
    argo("get", "slow", code=1)


def test_suspend_resume_and_an_answer(argo: Argo) -> None:
    argo("submit", argo.file("ask.yaml", pausing("argo-ask")))
    argo.served.running("argo-ask", "ask")
    assert "Suspended" in argo("get", "argo-ask")
    assert "has not been set" in argo("resume", "argo-ask", code=1)
    argo("node", "set", "argo-ask", "--node-field-selector", "displayName=ask", "-p", "who=Ada")
    argo("resume", "argo-ask")
    argo("wait", "argo-ask")
    assert "Ada" in argo("logs", "argo-ask")


def test_crons(argo: Argo) -> None:
    cron = list(yaml.safe_load_all(LIBRARY))[1] | {"metadata": {"name": "argo-cron"}}
    file = argo.file("cron.yaml", cron)
    assert "argo-cron" in argo("cron", "create", file)
    assert "already exists" in argo("cron", "create", file, code=1)
    assert "argo-cron" in argo("cron", "list") and "nightly" in argo("cron", "list")
    argo("cron", "suspend", "argo-cron")
    assert argo.served.get("/api/v1/cron-workflows/laptop/argo-cron")["spec"]["suspend"] is True
    argo("cron", "resume", "argo-cron")
    assert "Succeeded" in argo("submit", "--from", "cronwf/argo-cron", "--wait")
    argo("cron", "update", file)
    argo("cron", "delete", "argo-cron")
    argo("cron", "get", "argo-cron", code=1)


def test_templates_and_lint(argo: Argo) -> None:
    template = next(yaml.safe_load_all(LIBRARY)) | {"metadata": {"name": "argo-template"}}
    file = argo.file("template.yaml", template)
    assert "no linting errors" in argo("lint", file)
    argo("template", "create", file)
    assert "argo-template" in argo("template", "list")
    assert "Succeeded" in argo("submit", "--from", "workflowtemplate/argo-template", "--wait", "-p", "word=x")
    argo("template", "delete", "argo-template")
    bad = workflow("bad-", "true") | {"spec": {"entrypoint": "nobody", "templates": []}}
    assert "nobody" in argo("lint", argo.file("bad.yaml", bad), code=1)


def test_copying_artifacts(argo: Argo) -> None:
    made = workflow("copied", "echo content > $0")
    main = made["spec"]["templates"][0]
    main["outputs"] = {"artifacts": [{"name": "out", "path": "/work/out.txt"}]}
    main["container"]["command"].append("{{outputs.artifacts.out.path}}")
    argo("submit", argo.file("copied.yaml", made), "--wait")
    argo("cp", "copied", "got")
    until(lambda: list(argo.served.folder.glob("got/**/*.txt")), 5)
    (file,) = argo.served.folder.glob("got/**/*.txt")
    assert file.read_text() == "content\n"


def test_version(argo: Argo) -> None:
    assert "v3.7.18" in argo("version")
