"""manifests/ is what the projects declare, byte for byte, and what a cluster of ours would admit."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.errors import UserError
from pipeline.lint import argo, lint
from pipeline.projects import PROJECTS
from pipeline.render import differences, rendered, write
from steps.declaration import parse

MANIFESTS = Path(__file__).parent.parent / "manifests"
projects = pytest.mark.parametrize("project", PROJECTS.values(), ids=PROJECTS)


def leaves() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted(MANIFESTS.rglob("*.yaml")):
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
        for template in spec.get("workflowSpec", spec).get("templates", ()):
            if "container" in template or "resource" in template:
                found.append((f"{path.stem}/{template['name']}", template))
    return found


@projects
def test_what_is_committed_is_what_is_declared(project) -> None:
    assert list(differences(project, MANIFESTS / project.name)) == []


@projects
def test_rendering_twice_gives_the_same_bytes(project) -> None:
    assert rendered(project) == rendered(project)


@projects
def test_write_removes_what_no_workflow_makes(project, tmp_path) -> None:
    (tmp_path / "left-over.yaml").write_text("kind: Workflow")
    (tmp_path / f"{project.name}-train.yaml").write_text("edited by hand")
    assert len(list(differences(project, tmp_path))) == len(rendered(project)) + 1
    write(project, tmp_path)
    assert list(differences(project, tmp_path)) == []


@projects
def test_the_declaration_reaches_the_steps_whole(project) -> None:
    text = project.declaration()
    assert "{{" not in text
    declared = parse(text)
    assert declared.learning.target == project.learning.target
    assert [family.name for family in declared.learning.families] == [f.name for f in project.learning.families]
    assert declared.quantities.keys() == project.quantities.keys()


def test_a_declaration_that_argo_would_expand_is_refused() -> None:
    from dataclasses import replace

    with pytest.raises(UserError, match="Argo would expand"):
        replace(PROJECTS["openaq"], title="{{workflow.name}}").declaration()


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
    assert container["command"] == ["python", "-m", f"steps.{template['name']}"]
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not [word for word in container["args"] if word.startswith("/")], "paths are passed as variables"


def test_a_fan_outs_items_are_never_names() -> None:
    for path in sorted(MANIFESTS.rglob("*.yaml")):
        assert "withItems" not in path.read_text(encoding="utf-8"), path


@projects
def test_this_engine_and_argo_accept_the_folder(project) -> None:
    lines = list(lint(MANIFESTS / project.name))
    assert len(lines) == len(rendered(project)) + 1
    if argo() is None:
        pytest.skip("argo lint did not run: no argo on PATH")
    assert lines[-1].startswith("ok")


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
