"""Reading manifests: what is refused, and that a refusal says where and what to do."""
# ruff: noqa: E501 - one case, one line

from pathlib import Path

import pytest

from pipeline import engine
from pipeline.errors import Refused, UserError
from tests import ROOT
from tests.engine.laboratory import HEADER, manifest


def load(tmp_path: Path, text: str, name: str = "w.yaml") -> engine.Manifests:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return engine.load(tmp_path)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(Refused) as refusal:
        load(tmp_path, text)
    message = str(refusal.value)
    assert all(str(tmp_path / "w.yaml") in line for line in message.split("\n"))
    return message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "line 2, column 1: not YAML"),
        ("a: b\n  c: d", "line 2, column 4: not YAML: mapping values are not allowed"),
        ("a: 1\na: 2", "line 2: the key 'a' stands twice"),
        ("- a", "wanted a mapping with apiVersion and kind"),
        ("n: 1", "line 1: the key 'n' is not a text; put it in quotes"),
        ("a: \x00", "not YAML"),
    ],
)
def test_what_is_no_yaml_says_where(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_places_that_hold_no_manifests(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"is not there; wanted a folder of manifests"):
        engine.load(tmp_path / "nosuch")
    with pytest.raises(Refused, match=r"holds no \.yaml file"):
        engine.load(tmp_path)
    (tmp_path / "w.yaml").write_bytes(b"a: \xff")
    with pytest.raises(Refused, match="is not UTF-8"):
        engine.load(tmp_path)


def of_template(fields: str) -> str:
    return manifest(f"entrypoint: only\ntemplates:\n  - name: only\n    {fields}\n", leaf=False)


def of_container(fields: str) -> str:
    return of_template(f"container: {{image: i, command: [x], {fields}}}")


def of_task(fields: str, more: str = "", leaf: bool = True) -> str:
    return manifest(
        f"entrypoint: main\ntemplates:\n  - name: main\n    dag:\n      {more or 'failFast: true'}\n      tasks:\n"
        f"        - {{name: a, template: leaf}}\n        - {{name: b, template: leaf, {fields}}}\n",
        leaf=leaf,
    )


def of_spec(fields: str) -> str:
    return manifest(f"entrypoint: leaf\n{fields}\ntemplates:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # what Argo has, and this engine does not run
        (of_spec("shutdown: Stop"), "line 6: w.shutdown is not run by this engine"),
        (of_spec("synchronization: {semaphores: [{}]}"), "synchronization.semaphores[0].configMapKeyRef is missing"),
        (of_spec("volumes: [{name: v, nfs: {server: c}}]"), "w.volumes[v].nfs is not run by this engine"),
        (of_template("synchronization: {semaphore: {}}\n    container: {image: i, command: [x]}"), ".semaphore.configMapKeyRef is missing"),
        (of_container("lifecycle: {}"), "container.lifecycle is not run"),
        (of_container("env: [{name: E, valueFrom: {fieldRef: {fieldPath: p}}}]"), "env[E].valueFrom.fieldRef.fieldPath is 'p'; here there are metadata.name, "),
        (of_task("inline: {container: {image: i, command: [x]}}"), "tasks[b].inline cannot stand beside template"),
        (of_template("container: {image: i, command: [x]}").replace("only", "onlyThis"), "name is 'onlyThis'; wanted lower case"),
        (of_template("timeout: soon\n    container: {image: i, command: [x]}"), "timeout is 'soon'; wanted a duration such as 30s"),
        (of_task("hooks: {running: {template: leaf}}"), "tasks[b].hooks.running.expression is missing"),
        (of_template("inputs: {parameters: [{name: p, globalName: g}]}\n    container: {image: i, command: [x]}"), "globalName is only for outputs"),
        (of_template("resource: {action: make, manifest: 'a: b'}"), "action is 'make'; wanted one of get, create, apply, delete"),
        (of_template("podSpecPatch: '{containers: [{name: main, command: [x]}]}'\n    container: {image: i, command: [x]}"), "podSpecPatch changes command, which this engine does not follow"),
        (of_template("outputs: {artifacts: [{name: o, path: /o, gcs: {key: k}}]}\n    container: {image: i, command: [x]}"), "artifacts[o].gcs is not run"),
        (of_template("inputs: {parameters: [{name: p, valueFrom: {path: /p}}]}\n    container: {image: i, command: [x]}"), "valueFrom.path is only for outputs"),
        (of_template("outputs: {parameters: [{name: p, valueFrom: {configMapKeyRef: {name: c, key: k}}}]}\n    container: {image: i, command: [x]}"), "configMapKeyRef is only for inputs and arguments"),
        (of_template("outputs: {artifacts: [{name: o, path: /o, git: {repo: r}}]}\n    container: {image: i, command: [x]}"), "artifacts[o].git is only for inputs and arguments"),
        (of_template("outputs: {artifacts: [{name: o, path: /o, raw: {data: x}}]}\n    container: {image: i, command: [x]}"), "artifacts[o].raw is only for inputs and arguments"),
        (of_spec("arguments: {artifacts: [{name: a, from: '{{tasks.b.outputs.artifacts.c}}'}]}"), "arguments.artifacts[a].from is only for the arguments of tasks and steps"),
        (of_spec("volumeClaimTemplates: [{metadata: {name: v, lables: {}}}]"), "metadata.lables is not a field that this engine knows"),
        # what nobody has
        (of_spec("entrypont: leaf"), "w.entrypont is not a field that this engine knows"),
        (of_container("comand: [x]"), "container.comand is not a field that this engine knows"),
        (of_task("dependson: [a]"), "tasks[b].dependson is not a field that this engine knows"),
        # values of the wrong kind
        (of_spec("parallelism: many"), "w.parallelism is 'many'; wanted a whole number"),
        (of_container("env: [{name: E, value: 5}]"), "value is 5; wanted a text; put it in quotes"),
        (of_container("args: [1]"), "container.args holds 1; wanted only texts; put it in quotes"),
        (of_template("inputs: {parameters: [{name: n}]}\n    container: {image: i, command: [x]}"), "name is False; wanted a text; put it in quotes"),
        (of_template("container: [x]"), "templates[only].container is ['x']; wanted a mapping"),
        (of_template("inputs: {}"), "must have exactly one of container, containerSet, script, resource, http, suspend, dag, steps"),
        (of_template("retryStrategy: {limit: few}\n    container: {image: i, command: [x]}"), "limit is 'few'; wanted a whole number"),
        (of_template("retryStrategy: {retryPolicy: Never}\n    container: {image: i, command: [x]}"), "wanted one of Always, OnFailure, OnError"),
        (of_template("retryStrategy: {backoff: {duration: soon}}\n    container: {image: i, command: [x]}"), "duration is 'soon'; wanted a duration such as 30s"),
        (of_template("retryStrategy: {expression: 'asInt(lastRetry.exitCode'}\n    container: {image: i, command: [x]}"), "retryStrategy.expression is"),
        (of_template("retryStrategy: {expression: 'sprig.nosuch() == 1'}\n    container: {image: i, command: [x]}"), "there is no function sprig.nosuch"),
        (of_template("retryStrategy: {expression: 'exitCode == 1'}\n    container: {image: i, command: [x]}"), "exitCode is not known here"),
        (of_template("parallelism: 1\n    container: {image: i, command: [x]}"), "parallelism is only for a dag"),
        (of_template("activeDeadlineSeconds: 1\n    dag: {tasks: [{name: a, template: only}]}"), "activeDeadlineSeconds is only for a container"),
        (of_template("resource: {action: apply, manifest: 'a: ['}"), "resource.manifest is not YAML"),
        (of_template("resource: {action: apply, manifest: 'a: b', successCondition: 'a ~ b'}"), "successCondition is 'a ~ b'; wanted a selector"),
        (of_template("outputs: {parameters: [{name: o, valueFrom: {jsonPath: '{.a[*].b}'}}]}\n    resource: {action: apply, manifest: 'a: b'}"), "jsonPath is '{.a[*].b}'; this engine runs plain paths"),
        # names that lead nowhere
        (of_spec("onExit: nosuch"), "w.onExit is 'nosuch'; there are the templates leaf"),
        (of_task("depends: c"), "tasks[b] depends on c, which is not a task"),
        (of_task("depends: a.Done"), "tasks[b] depends on a.Done; wanted one of Succeeded, Failed"),
        (of_task("depends: 'a &'"), "tasks[b].depends is 'a &': invalid token '&'"),
        (of_task("depends: a.AnySucceeded"), "but a is not a fan-out"),
        (of_task("dependencies: [a], continueOn: {failed: true}", "target: c"), "dag.target names c, which is not a task"),
        (of_task("depends: b"), "depend on each other in a circle: b → b"),
        (of_task("depends: a", leaf=False), "tasks[a].template is 'leaf'; there are main"),
        (of_task("withItems: [1], withParam: '[]'"), "has more than one of withItems, withParam, withSequence"),
        (of_task("withItems: []"), "withItems is empty"),
        (of_task("withSequence: {start: 1}"), "must have exactly one of count, end"),
        # paths
        (of_template("outputs: {artifacts: [{name: o, path: o}]}\n    container: {image: i, command: [x]}"), "wanted an absolute path without '..'"),
        (of_template("outputs: {artifacts: [{name: o, path: /../o}]}\n    container: {image: i, command: [x]}"), "wanted an absolute path without '..'"),
        (of_template("outputs: {parameters: [{name: o, valueFrom: {jsonPath: '{.a}'}}]}\n    container: {image: i, command: [x]}"), "of a container needs valueFrom.path"),
    ],
)  # fmt: skip
def test_a_refusal_names_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_mixing_depends_and_dependencies(tmp_path: Path) -> None:
    text = of_task("depends: a").replace("{name: a, template: leaf}", "{name: a, template: leaf, dependencies: [b]}")
    assert "depends and dependencies cannot be in one dag" in refused(tmp_path, text)


def test_a_longer_circle_is_named(tmp_path: Path) -> None:
    text = manifest(
        """
        entrypoint: main
        templates:
          - name: main
            dag:
              tasks:
                - {name: a, template: leaf}
                - {name: b, template: leaf, depends: "a && d"}
                - {name: c, template: leaf, depends: b}
                - {name: d, template: leaf, depends: c}
        """
    )
    assert "in a circle: b → d → c → b" in refused(tmp_path, text)


def test_a_needed_input_that_nobody_gives(tmp_path: Path) -> None:
    text = manifest(
        """
        entrypoint: main
        templates:
          - name: main
            dag: {tasks: [{name: a, template: take}]}
          - name: take
            inputs: {parameters: [{name: p}]}
            container: {image: i, command: [x]}
        """,
        leaf=False,
    )
    assert "dag.tasks[a]: take needs the parameter p, which has no default" in refused(tmp_path, text)
    alone = text.replace("entrypoint: main", "entrypoint: take").replace("WorkflowTemplate", "Workflow")
    assert "arguments: take needs the parameter p" in refused(tmp_path, alone)


def test_what_only_a_cluster_needs_is_passed_over(tmp_path: Path) -> None:
    text = manifest(
        """
        entrypoint: only
        serviceAccountName: s
        ttlStrategy: {secondsAfterCompletion: 1}
        podGC: {strategy: OnPodSuccess}
        archiveLogs: true
        securityContext: {runAsNonRoot: true}
        podMetadata: {labels: {a: b}}
        volumes: [{name: work, emptyDir: {sizeLimit: 1Gi}}]
        templates:
          - name: only
            metadata: {labels: {a: b}}
            nodeSelector: {a: b}
            container:
              image: i
              imagePullPolicy: Always
              command: [x]
              resources: {requests: {cpu: 1}}
              securityContext: {readOnlyRootFilesystem: true}
              volumeMounts: [{name: work, mountPath: /work}]
        """,
        leaf=False,
    )
    assert load(tmp_path, text).names() == ["w"]


def test_a_document_as_an_api_server_gives_it(tmp_path: Path) -> None:
    added = "uid: u, generation: 2, managedFields: [{manager: kubectl}], ownerReferences: [{kind: CronWorkflow}]"
    text = of_container("").replace("{name: w}", f"{{name: w, {added}}}")
    assert added in text
    assert load(tmp_path, text).names() == ["w"]


def test_other_kinds_in_the_folder_are_passed_over(tmp_path: Path) -> None:
    other = "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nmetadata: {name: s}\nspec: {what: ever}\n---\n"
    assert load(tmp_path, other + of_container("")).names() == ["w"]


def test_two_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(of_container(""), encoding="utf-8")
    with pytest.raises(Refused, match=r"w is also in .*a\.yaml; give one another name"):
        load(tmp_path, of_container(""))


CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: weekly}
spec:
  schedules: ["0 1 * * *"]
  timezone: Europe/Vienna
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 60
  workflowSpec:
    workflowTemplateRef: {name: w}
    arguments: {parameters: [{name: p, value: weekly}]}
    activeDeadlineSeconds: 7
"""


def test_a_reference_takes_what_it_does_not_say_itself(tmp_path: Path) -> None:
    base = manifest(
        "entrypoint: leaf\nactiveDeadlineSeconds: 5\nparallelism: 3\n"
        "arguments: {parameters: [{name: p, value: base}, {name: q, value: base}]}\ntemplates:"
    )
    weekly = load(tmp_path, f"{base}\n---\n{CRON}").named("weekly")
    assert (weekly.kind, weekly.entrypoint, weekly.deadline_seconds, weekly.parallelism) == (
        "CronWorkflow",
        "leaf",
        7,
        3,
    )
    assert {each.name: each.value for each in weekly.arguments.parameters} == {"p": "weekly", "q": "base"}


def test_a_reference_that_leads_nowhere(tmp_path: Path) -> None:
    assert "weekly.workflowTemplateRef names w, which is not a WorkflowTemplate beside it; there are none" in refused(
        tmp_path, CRON
    )


def test_running_what_is_not_there(tmp_path: Path) -> None:
    manifests = load(
        tmp_path, of_container("") + "---\n" + f"{HEADER.replace('w}', 'parts}')}spec: {{templates: []}}\n"
    )
    with pytest.raises(UserError, match="no workflow is named 'nosuch'; there are w"):
        manifests.named("nosuch")
    with pytest.raises(UserError, match="parts has no entrypoint"):
        manifests.named("parts")


def test_our_own_manifests_are_accepted() -> None:
    folder = ROOT / "manifests" / "openaq"
    assert "openaq-train" in engine.load(folder).names()
