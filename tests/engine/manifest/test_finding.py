"""Which workflow a command means, in any folder of manifests, whatever else lies there."""

from pathlib import Path

import pytest

from pipeline.engine.manifest import documents
from pipeline.engine.manifest.finding import find
from pipeline.errors import Refused, UserError
from tests import ROOT

OURS = ROOT / "manifests"


def workflow(name: str, kind: str = "Workflow", spec: str = "", metadata: str = "name") -> str:
    templates = "entrypoint: main\n  templates: [{name: main, container: {image: i, command: ['true']}}]"
    body = f"  {spec or templates}"
    if kind == "CronWorkflow":
        indented = body.replace("\n", "\n  ")
        body = f"  schedules: ['0 1 * * *']\n  workflowSpec:\n  {indented}"
    return f"apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {{{metadata}: {name}}}\nspec:\n{body}\n"


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


CALLS = "entrypoint: main\n  templates: [{name: main, steps: [[{name: a, templateRef: {name: lib, template: say}}]]}]"
LIBRARY = workflow("lib", "WorkflowTemplate", "templates: [{name: say, container: {image: i, command: [echo, hi]}}]")


def test_a_workflow_of_ours_by_its_name() -> None:
    found = find("openaq-train", known=OURS)
    assert (found.name, found.note) == ("openaq-train", "")
    assert found.manifests.names() == ["openaq-train"], "nothing else is checked"


def test_the_only_workflow_of_a_file(tmp_path: Path) -> None:
    write(tmp_path, a=workflow("one"), b=workflow("two-", metadata="generateName"))
    assert find(str(tmp_path / "a.yaml")).name == "one"
    assert find(str(tmp_path / "b.yaml")).name == "two", "generateName alone is a name"


def test_a_file_beside_one_is_found_without_a_slash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a=workflow("one"))
    write(tmp_path / "folder", a=workflow("in-folder"))
    monkeypatch.chdir(tmp_path)
    assert find("a.yaml").name == "one"
    assert find("folder").name == "in-folder"


@pytest.mark.parametrize("kind", ["Workflow", "CronWorkflow"])
def test_what_is_a_library_is_not_what_is_meant(tmp_path: Path, kind: str) -> None:
    runnable_library = workflow("lib-too", "WorkflowTemplate")
    write(tmp_path, a=f"{LIBRARY}---\n{workflow('w', kind, CALLS)}---\n{runnable_library}")
    assert find(str(tmp_path / "a.yaml")).name == "w"
    assert find(str(tmp_path / "a.yaml"), "lib-too").name == "lib-too"


def test_several_workflows_are_listed(tmp_path: Path) -> None:
    write(tmp_path, a=f"{workflow('one')}---\n{workflow('two')}")
    file = tmp_path / "a.yaml"
    with pytest.raises(UserError) as error:
        find(str(file))
    assert str(error.value) == f"{file} holds 2 workflows: one, two; say which: pipeline run {file} one"
    assert find(str(file), "two").name == "two"
    with pytest.raises(UserError, match=r"no workflow in .* is named 'tow'; did you mean two\?"):
        find(str(file), "tow")


def test_references_lead_to_the_files_beside_it(tmp_path: Path) -> None:
    write(tmp_path, w=workflow("w", spec=CALLS), lib=LIBRARY, broken="a: [", odd=workflow("odd", spec="nosuch: 1"))
    found = find(str(tmp_path / "w.yaml"))
    assert (found.name, found.note) == ("w", "")
    assert "lib/say" in found.manifests.named("w").templates


def test_references_of_references(tmp_path: Path) -> None:
    base = workflow("base", "WorkflowTemplate", CALLS)
    write(tmp_path, w=workflow("w", spec="workflowTemplateRef: {name: base}"), base=base, lib=LIBRARY)
    assert "lib/say" in find(str(tmp_path / "w.yaml")).manifests.named("w").templates


def test_a_file_that_holds_what_it_refers_to_looks_at_no_other(tmp_path: Path) -> None:
    write(tmp_path, w=f"{workflow('w', spec=CALLS)}---\n{LIBRARY}", other=LIBRARY)
    assert find(str(tmp_path / "w.yaml")).name == "w", "the same name in another file does no harm"


def test_a_reference_that_leads_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write(folder, w=workflow("w", spec=CALLS), other=LIBRARY.replace("lib", "bil"), broken="a: [")
    with pytest.raises(Refused) as error:
        find(str(folder / "w.yaml"))
    assert str(error.value).endswith(
        "w refers to the WorkflowTemplate lib, which is neither in its file nor beside it; there are bil"
    )


def test_a_reference_to_another_folder_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    far = tmp_path / "far" / "away"  # from where whole paths are shown
    far.mkdir(parents=True)
    monkeypatch.chdir(far)
    write(tmp_path / "here", w=workflow("w", spec=CALLS))
    write(tmp_path / "there", lib=LIBRARY)
    with pytest.raises(Refused, match=f"it is in {tmp_path}/there/lib.yaml: pipeline run {tmp_path} w$"):
        find(str(tmp_path / "here" / "w.yaml"))


def test_a_cluster_workflow_template_is_found_by_what_asks_for_one(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write(folder, w=workflow("w", spec=CALLS), lib=LIBRARY.replace("kind: Workflow", "kind: ClusterWorkflow"))
    with pytest.raises(Refused, match="w refers to the WorkflowTemplate lib, which is neither"):
        find(str(folder / "w.yaml"))
    write(folder, w=workflow("w", spec=CALLS.replace("name: lib", "name: lib, clusterScope: true")))
    assert find(str(folder / "w.yaml")).name == "w"


def test_folders_below_are_not_beside(tmp_path: Path) -> None:
    write(tmp_path, w=workflow("w", spec=CALLS))
    write(tmp_path / "below", lib=LIBRARY)
    with pytest.raises(Refused, match="refers to the WorkflowTemplate lib"):
        find(str(tmp_path / "w.yaml"))
    assert find(str(tmp_path), "w").name == "w", "of a folder, all is there"


def test_broken_files_of_a_folder_are_said_in_one_line(tmp_path: Path) -> None:
    write(tmp_path, good=workflow("good"), refused=workflow("refused", spec="nosuch: 1"), broken="a: [")
    found = find(str(tmp_path), "good")
    assert found.name == "good"
    assert found.note == (
        f"passed over: {tmp_path}/broken.yaml, line 2, column 1: not YAML: did not find expected node content"
    )
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    assert find(str(tmp_path), "good").note.startswith("passed over 2 files that cannot be read: ")
    with pytest.raises(Refused, match="nosuch is not a field"):
        find(str(tmp_path), "refused")


def test_two_of_one_name(tmp_path: Path) -> None:
    write(tmp_path, a=workflow("w"), b=workflow("w"))
    with pytest.raises(UserError, match=r"2 workflows are named w, in .*/a.yaml, .*/b.yaml; give one another name"):
        find(str(tmp_path), "w")
    assert find(str(tmp_path / "b.yaml")).name == "w"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; wanted a Workflow"),
        ("# nothing\n---\n", "is empty; wanted a Workflow"),
        ("kind: ConfigMap\nmetadata: {name: c}\n", "holds ConfigMap; wanted a Workflow"),
        ("a: 1\n", "holds something without a kind; wanted a Workflow"),
        ("a: [1,\n  2\nb: 3\n", "line 3, column 2: not YAML"),
        ("a: 'never closed\n", "line 2, column 1: not YAML"),
        ("- 1\n- 2\n", "a document is \\[1, 2\\]; wanted a mapping"),
        ("just words\n", "a document is 'just words'; wanted a mapping"),
        ("a: &a [*a]\nkind: Workflow\n", "not YAML: found unconstructable recursive node"),
        ("kind: Workflow\n", "apiVersion is missing"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n", "metadata is missing"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: 3\n", "metadata is 3; wanted a mapping"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\nspec: no\n", "spec is False"),
        (LIBRARY, "has nothing to start with: lib has no entrypoint"),
        (
            workflow("c", spec="workflowTemplateRef: {name: x, clusterScope: true}"),
            "refers to the ClusterWorkflowTemplate x",
        ),
    ],
)
def test_what_is_no_workflow(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, w=text)
    with pytest.raises(UserError, match=message) as error:
        find(str(tmp_path / "w.yaml"))
    assert "\n" not in str(error.value)


def test_places_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is not there; wanted a folder of manifests, or one file"):
        find(str(tmp_path / "nosuch.yaml"))
    with pytest.raises(Refused, match=r"holds no .yaml file"):
        find(str(tmp_path))
    write(tmp_path, broken="a: [")
    with pytest.raises(UserError, match=r"holds no Workflow, .*; passed over: .*not YAML"):
        find(str(tmp_path))


def test_a_name_that_is_no_path_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=rf"no workflow 'openaq-trian' in {OURS}/, and no such file; did you mean"):
        find("openaq-trian", known=OURS)
    with pytest.raises(UserError, match=rf"openaq-train is a workflow of {OURS}/, so x cannot be of it"):
        find("openaq-train", "x", known=OURS)
    with pytest.raises(UserError, match=r"no workflow 'openaq-train': there is no such file"):
        find("openaq-train")
    write(tmp_path / "mine", a=workflow("one"))
    with pytest.raises(UserError, match=r"no workflow 'two' in mine/, and no such file; there are one"):
        find("two", known=tmp_path / "mine")


def test_references_of_a_yaml_that_repeats_itself_are_found_at_once(tmp_path: Path) -> None:
    """Each of 60 lists holds the one before twice."""
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    write(tmp_path, w=workflow("w") + laughs)
    with pytest.raises(Refused, match="a0 is not a field"):
        find(str(tmp_path), "w")


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are parsed from now on, in that order."""
    names: list[str] = []
    parse = documents.parse

    def noting(text: str, where: str) -> list[documents.Located]:
        names.append(Path(where).name)
        return parse(text, where)

    documents._parsed.cache_clear()
    monkeypatch.setattr(documents, "parse", noting)
    return names


def test_only_files_that_name_it_or_what_it_refers_to_are_parsed(tmp_path: Path, parsed: list[str]) -> None:
    first = CALLS.replace("lib", "between")
    between = CALLS.replace("main", "say")
    folder = write(
        tmp_path,
        a=workflow("train", "WorkflowTemplate", first),
        b=workflow("between", "WorkflowTemplate", between),
        c=LIBRARY,
        broken="train: [",
        **{f"other{number}": workflow(f"unlike-{number}") for number in range(20)},
    )
    found = find("train", known=folder)
    assert found.manifests.snapshot("train").count('"file"') == 3
    assert sorted(parsed) == ["a.yaml", "b.yaml", "broken.yaml", "c.yaml"]


def test_of_ours_its_own_file_is_parsed_and_once(parsed: list[str]) -> None:
    for _ in range(3):
        find("openaq-backfill", known=OURS)
    assert parsed == ["openaq-backfill.yaml"]
