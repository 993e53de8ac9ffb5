"""manifests/ is what the projects declare, byte for byte, and what a cluster of ours would admit."""

import importlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.errors import UserError
from pipeline.lint import command, lint
from pipeline.project import Project, TableProject
from pipeline.projects import every
from pipeline.projects.openaq import OPENAQ
from pipeline.render import WRITTEN, differences, rendered, write
from steps.contract.declaration import Gate
from tests import ROOT

PROJECTS = every()
MANIFESTS = ROOT / "manifests"
projects = pytest.mark.parametrize("project", PROJECTS.values(), ids=PROJECTS)


def parsed(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return found


MODULES = {
    "openaq-features/flatten": "featurestore.flatten",
    "openaq-features/apply": "featurestore.apply",
    "openaq-notebooks/list": "notebooks.listing",
    "openaq-notebooks/notebook": "notebooks.run",
    "openaq-notebooks/load": "notebooks.load",
}


@cache
def leaves() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted(MANIFESTS.rglob("*.yaml")):
        spec = parsed(path)["spec"]
        for template in spec.get("workflowSpec", spec).get("templates", ()):
            if "container" in template or "resource" in template:
                found.append((f"{path.stem}/{template['name']}", template))
    return found


def manifest(project: str, name: str) -> dict[str, Any]:
    return parsed(MANIFESTS / project / f"{name}.yaml")


def templates(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {template["name"]: template for template in spec["templates"]}


@projects
def test_what_is_committed_is_what_is_declared(project: Project | TableProject) -> None:
    assert list(differences(project, MANIFESTS / project.name)) == []


@projects
def test_rendering_twice_gives_the_same_bytes(project: Project | TableProject) -> None:
    assert rendered(project) == rendered(project)


@projects
def test_write_removes_what_no_workflow_makes_any_more(project: Project | TableProject, tmp_path: Path) -> None:
    (tmp_path / "left-over.yaml").write_text(f"{WRITTEN}: long ago\n")
    (tmp_path / "mine.yaml").write_text("kind: Workflow")
    (tmp_path / f"{project.name}-train.yaml").write_text(f"{WRITTEN}, then edited by hand")
    assert len(list(differences(project, tmp_path))) == len(rendered(project)) + 1
    write(project, tmp_path)
    assert list(differences(project, tmp_path)) == []
    assert {path.name for path in tmp_path.iterdir()} == {*rendered(project), "mine.yaml"}


def test_write_leaves_what_others_wrote(tmp_path: Path) -> None:
    (tmp_path / "openaq-train.yaml").write_text("kind: Workflow")
    with pytest.raises(UserError, match=r"openaq-train\.yaml was not written by `pipeline render`"):
        write(PROJECTS["openaq"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["openaq-train.yaml"]


def test_a_training_of_a_table_is_one_at_a_time_and_learns_nothing_twice() -> None:
    spec = manifest("wine", "wine-train")["spec"]
    assert spec["synchronization"]["mutexes"] == [{"name": "wine-train"}]
    tasks = {task["name"]: task for task in templates(spec)["train"]["dag"]["tasks"]}
    wanted = "{{tasks.merge.outputs.parameters.wanted}} == true"
    assert {name for name, task in tasks.items() if task.get("when") == wanted} == {*tasks} - {"merge", "release"}
    assert tasks["release"]["depends"] == "decide.Succeeded"


@pytest.mark.parametrize("project", ["openaq", "wine"])
def test_a_decision_is_told_its_run_and_what_started_it(project: str) -> None:
    for workflow, step in (("train", "decide"), ("rollback", "rollback")):
        spec = manifest(project, f"{project}-{workflow}")["spec"]
        words = templates(spec)[step]["container"]["args"]
        told = dict(zip(words[::2], words[1::2], strict=True))
        assert (told["--run"], told["--by"]) == ("{{workflow.name}}", "{{workflow.parameters.by}}")
        assert {"name": "by", "value": "by hand"} in spec["arguments"]["parameters"]


def test_a_schedule_says_that_it_is_one() -> None:
    spec = manifest("openaq", "openaq-train-weekly")["spec"]["workflowSpec"]
    assert {"name": "by", "value": "schedule"} in spec["arguments"]["parameters"]


@pytest.mark.parametrize("workflow", ["wine-ingest", "wine-reconcile"])
def test_a_training_is_applied_from_an_artifact_by_an_account_of_its_own(workflow: str) -> None:
    spec = manifest("wine", workflow)["spec"]
    train = templates(spec.get("workflowSpec", spec))["train"]
    assert train["resource"] == {"action": "apply", "manifestFrom": {"artifact": {"name": "manifest"}}}
    assert train["serviceAccountName"] == "pipeline-trainer"


@pytest.mark.parametrize("workflow", ["wine-ingest", "wine-reconcile"])
def test_the_training_that_a_file_starts_is_one_that_there_is(workflow: str) -> None:
    spec = manifest("wine", workflow)["spec"]
    text = artifact(templates(spec.get("workflowSpec", spec))["ingest"], "training")
    assert "{{" not in text
    training = json.loads(text)
    assert training["metadata"]["name"] == "<name>", "the step decides it"
    there = manifest("wine", training["spec"]["workflowTemplateRef"]["name"])["spec"]
    (by,) = training["spec"]["arguments"]["parameters"]
    assert by["name"] in {each["name"] for each in there["arguments"]["parameters"]}


def test_an_object_that_argo_would_expand_is_not_given_to_a_step() -> None:
    from pipeline.workflows.leaf import template_of

    with pytest.raises(UserError, match=r"the Job holds '\{\{', which Argo would expand"):
        template_of("job", {"kind": "Job", "metadata": {"name": "{{workflow.name}}"}})


def test_a_name_that_no_deployment_can_have_is_refused() -> None:

    for name in ("Wine", "1wine", "w" * 43):
        with pytest.raises(UserError, match=f"'{name}' cannot name a deployment; wanted at most 42 of a-z"):
            rendered(PROJECTS["wine"].model_copy(update={"name": name}))


def artifact(template: dict[str, Any], name: str) -> str:
    (found,) = (each["raw"]["data"] for each in template["inputs"]["artifacts"] if each["name"] == name)
    return found


@pytest.mark.parametrize("kind", ["eventbus", "eventsource", "sensor"])
def test_pods_of_events_are_as_restricted_as_ours(kind: str) -> None:
    name = "default" if kind == "eventbus" else "wine-inbox"
    spec = manifest("wine", f"{name}-{kind}")["spec"]
    place = spec["jetstream"] if kind == "eventbus" else spec["template"]
    container = place["containerTemplate" if kind == "eventbus" else "container"]
    assert place["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_bus_is_the_same_for_all_projects() -> None:
    assert manifest("wine", "default-eventbus") == manifest("abalone", "default-eventbus")


def test_a_declaration_that_argo_would_expand_is_refused() -> None:
    with pytest.raises(UserError, match="Argo would expand"):
        PROJECTS["openaq"].model_copy(update={"title": "{{workflow.name}}"}).declaration()


@pytest.mark.parametrize(("name", "template"), leaves(), ids=[name for name, _ in leaves()])
def test_every_leaf_has_what_a_leaf_needs(name: str, template: dict[str, Any]) -> None:
    assert template["retryStrategy"]["expression"] == "asInt(lastRetry.exitCode) not in [2, 3]"
    assert int(template["activeDeadlineSeconds"]) > 0
    assert template["serviceAccountName"]
    assert template["metadata"]["labels"]["app.kubernetes.io/component"] == template["name"]
    assert template["securityContext"]["runAsNonRoot"] is True
    if "resource" in template:
        assert "manifestFrom" in template["resource"]
        return
    container = template["container"]
    assert container["command"] == ["python", "-m", f"steps.{MODULES.get(name, template['name'])}"]
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not [word for word in container["args"] if word.startswith("/")], "paths are passed as variables"


def test_a_fan_outs_items_are_never_names() -> None:
    for path in sorted(MANIFESTS.rglob("*.yaml")):
        assert "withItems" not in path.read_text(encoding="utf-8"), path


@projects
def test_this_engine_and_argo_accept_the_folder(project: Project | TableProject) -> None:
    lines = list(lint(MANIFESTS / project.name, "4.0"))
    events = project.kind == "table"
    assert len([line for line in lines if "this engine" in line]) == len(rendered(project)) - 3 * events
    assert len([line for line in lines if "the watch" in line]) == events
    if command("argo") is None or command("argo-events") is None:
        pytest.skip("argo lint or argo-events lint did not run: not on PATH")
    assert [line for line in lines if not line.startswith("ok")] == []


@pytest.mark.parametrize(("name", "template"), leaves(), ids=[name for name, _ in leaves()])
def test_every_leaf_calls_its_step_with_options_that_it_has(name: str, template: dict[str, Any]) -> None:
    if "resource" in template:
        return
    command = importlib.import_module(template["container"]["command"][2]).command
    given = template["container"]["args"][::2]
    known = {option.opts[0]: option for option in command.params}
    assert set(given) <= known.keys()
    required = {flag for flag, option in known.items() if option.required}
    assert required <= set(given)
    assert all(option.help for option in known.values()), "every option says what it is"


def test_a_project_that_compares_models_gets_the_workflow_that_ends_a_trial(tmp_path: Path) -> None:
    learning = OPENAQ.learning.model_copy(update={"gate": Gate(release="shadow")})
    texts = rendered(OPENAQ.model_copy(update={"learning": learning}))
    assert set(texts) - set(rendered(OPENAQ)) == {"openaq-conclude.yaml"}
    for name in ("openaq-daily.yaml", "openaq-monitor.yaml"):
        spec = yaml.safe_load(texts[name])["spec"]
        found = templates(spec.get("workflowSpec", spec))
        arguments = found["monitor"]["container"]["args"]
        assert {"--conclusion", "--conclude-out", "--ending-out"} < set(arguments)
        assert found["conclude"]["resource"]["action"] == "apply"
        assert '"workflowTemplateRef": {"name": "openaq-conclude"}' in texts[name]
    assert "conclude" not in rendered(OPENAQ)["openaq-daily.yaml"], "direct: nothing is compared"
