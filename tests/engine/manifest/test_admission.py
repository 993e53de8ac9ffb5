"""What a cluster with a line of Argo does not admit is said by `pipeline lint` before it is sent there."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.engine.manifest import check_admission
from pipeline.errors import Refused
from tests.cli.here import command

Change = Callable[[dict[str, Any]], Any]


def workflow(change: Change, kind: str = "Workflow") -> dict[str, Any]:
    """A workflow of one template, with `change` made to its spec."""
    container = {"image": "debian:bookworm-slim", "command": ["true"]}
    spec: dict[str, Any] = {"entrypoint": "main", "templates": [{"name": "main", "container": container}]}
    if kind == "CronWorkflow":
        spec = {"schedules": ["0 3 * * 1"], "timezone": "Europe/Vienna", "workflowSpec": spec}
    change(spec)
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": "tried"}, "spec": spec}


def main(**fields: Any) -> Change:
    return lambda spec: spec["templates"][0].update(fields)


def found(folder: Path, document: dict[str, Any], line: str) -> list[str]:
    """What is said of it, without file and line."""
    file = folder / "tried.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    try:
        check_admission(file, line)
    except Refused as refused:
        return [problem.partition(": ")[2] for problem in str(refused).splitlines()]
    return []


MANY = {"name": "many", "dag": {"tasks": [{"name": f"t{number}", "template": "main"} for number in range(201)]}}
INPUTS = [{"name": f"p{number}", "value": "1"} for number in range(501)]
TWO = [{"name": "a", "path": "/tmp/a", "raw": {"data": "x"}, "http": {"url": "http://127.0.0.1/x"}}]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda spec: spec["templates"].append(MANY), "201 tasks; Argo 4 admits 200"),
        (lambda spec: spec["templates"].extend(200 * spec["templates"]), "201 templates; Argo 4 admits 200"),
        (main(inputs={"parameters": INPUTS}), "501 input parameters; Argo 4 admits 500"),
        (main(inputs={"artifacts": TWO}), "an artifact has http and raw; Argo 4 admits one location"),
        (
            lambda spec: spec.update(arguments={"parameters": [{"name": "a", "value": "1", "enum": []}]}),
            "enum is empty; Argo 4 wants a value in it",
        ),
    ],
    ids=["tasks", "templates", "inputs", "locations", "enum"],
)
def test_what_argo_4_refuses_and_3_7_takes(change: Change, said: str, tmp_path: Path) -> None:
    document = workflow(change)
    assert found(tmp_path, document, "4.0") == [said]
    assert found(tmp_path, document, "3.7") == []


@pytest.mark.parametrize(("key", "line", "said"), [
    ({"key": "k"}, "4.0", "memoize.cache.configMap has a key; Argo 4 knows no such field, which 3.7 wants"),
    ({}, "3.7", "memoize.cache.configMap has no key; Argo 3.7 wants one, which it does not use"),
])  # fmt: skip
def test_no_line_admits_what_the_other_wants_of_memoize(
    key: dict[str, str], line: str, said: str, tmp_path: Path
) -> None:
    cache = {"configMap": {"name": "m", **key}}
    document = workflow(main(memoize={"key": "a", "maxAge": "24h", "cache": cache}))
    assert found(tmp_path, document, line) == [said]
    assert found(tmp_path, document, {"3.7": "4.0", "4.0": "3.7"}[line]) == []


@pytest.mark.parametrize("schedule", ["0 3 * * MON", "CRON_TZ=UTC 0 3 * * 1", "0 3 1 JAN *"])
def test_a_schedule_of_words(schedule: str, tmp_path: Path) -> None:
    document = workflow(lambda spec: spec.update(schedules=["@every 1h30m", schedule]), "CronWorkflow")
    (said,) = found(tmp_path, document, "4.0")
    assert said.startswith(f"the schedule {schedule!r}; Argo 4 admits five fields of digits, such as 0 3 * * 1")
    assert found(tmp_path, document, "3.7") == []


@pytest.mark.parametrize("line", ["3.7", "4.0"])
def test_what_both_refuse_is_told_at_once(line: str, tmp_path: Path) -> None:
    def change(spec: dict[str, Any]) -> None:
        spec |= {"podGC": {"strategy": "Never"}, "artifactGC": {"strategy": "Sometimes"}}
        spec["templates"][0]["container"]["resources"] = {"limits": {"cpu": "a lot", "memory": "1.5Gi"}}

    assert found(tmp_path, workflow(change), line) == [
        "artifactGC.strategy is 'Sometimes'; wanted one of OnWorkflowCompletion, OnWorkflowDeletion, Never",
        "podGC.strategy is 'Never'; "
        "wanted one of OnPodCompletion, OnPodSuccess, OnWorkflowCompletion, OnWorkflowSuccess",
        "limits.cpu is 'a lot'; wanted a quantity, such as 500m or 2Gi",
    ]


def test_lint_says_it_with_file_and_line(tmp_path: Path) -> None:
    document = workflow(lambda spec: spec.update(schedules=["0 3 * * MON"]), "CronWorkflow")
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "tried.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    code, _, said = command("lint", "manifests", folder=tmp_path, environment=os.environ)
    assert code == 2
    assert "tried.yaml, line 6: the schedule '0 3 * * MON'; Argo 4 admits" in said
    code, out, _ = command("lint", "manifests", "--argo", "3.7", folder=tmp_path, environment=os.environ)
    assert code == 0
    assert "ok   manifests: a cluster with Argo 3.7 admits them" in out
