"""Templates of other manifests, defaults for all templates, and outputs that the whole run can read."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.errors import Refused, UserError
from tests.engine.laboratory import Laboratory, Simulate

SHARED = """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: shared}
spec:
  arguments: {parameters: [{name: greeting, value: theirs}]}
  templates:
    - name: pair
      inputs: {parameters: [{name: who}]}
      steps:
        - - {name: one, template: say, arguments: {parameters: [{name: text, value: "{{inputs.parameters.who}}"}]}}
        - - {name: two, templateRef: {name: more, template: say}}
    - name: say
      inputs: {parameters: [{name: text}]}
      container: {image: i, command: [sh, -c, 'echo "{{workflow.parameters.greeting}} {{inputs.parameters.text}}"']}
"""
MORE = """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: more}
spec:
  templates:
    - {name: say, container: {image: i, command: [echo, more]}}
"""
USER = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  entrypoint: main
  arguments: {parameters: [{name: greeting, value: mine}]}
  templates:
    - name: main
      dag:
        tasks:
          - name: a
            templateRef: {name: shared, template: pair}
            arguments: {parameters: [{name: who, value: you}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., engine.Manifests]:
    def make(**files: str) -> engine.Manifests:
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
        return engine.load(tmp_path)

    return make


def test_a_template_of_another_manifest_runs_with_the_parameters_of_this_one(
    lab: Laboratory, folder: Callable[..., engine.Manifests]
) -> None:
    manifests = folder(shared=SHARED, more=MORE, user=USER)
    run = engine.submit(lab.journal, manifests, "w", {})
    view = lab.execute(run)
    said = {node.display_name: (node.log / "stdout.log").read_text() for node in view.nodes if node.log}
    assert said == {"one": "mine you\n", "two": "more\n"}


def test_a_run_can_go_on_when_all_its_files_are_gone(
    lab: Laboratory, folder: Callable[..., engine.Manifests], tmp_path: Path
) -> None:
    manifests = folder(shared=SHARED, more=MORE, user=USER)
    run = engine.submit(lab.journal, manifests, "w", {})
    for file in tmp_path.glob("*.yaml"):
        file.unlink()
    assert lab.execute(run).phase == "Succeeded"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: shared, template", "name: nosuch, template", "names nosuch, which is not a WorkflowTemplate beside it"),
        ("template: pair", "template: nosuch", "names the template nosuch of shared, which has pair, say"),
        ("arguments: {parameters: [{name: who, value: you}]}", "", "pair needs the parameter who"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(
    folder: Callable[..., engine.Manifests], old: str, new: str, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        folder(shared=SHARED, more=MORE, user=USER.replace(old, new))


DEFAULTS = """
entrypoint: main
templateDefaults:
  retryStrategy: {limit: "1", retryPolicy: Always}
  container: {env: [{name: A, value: default}, {name: B, value: default}]}
templates:
  - name: main
    dag: {tasks: [{name: a, template: only}], failFast: false}
  - name: only
    container: {image: i, command: [sh, -c, "echo $A $B; exit 1"], env: [{name: B, value: mine}]}
"""


def test_template_defaults_are_below_what_a_template_says(lab: Laboratory) -> None:
    view = lab.run(DEFAULTS)
    types = {node.name.removeprefix(view.id): node.type for node in view.nodes}
    assert types[""] == "Retry" and types["(0)"] == "DAG" and types["(0).a(1)"] == "Pod"
    log = next(node.log for node in view.nodes if node.log)
    assert (log / "stdout.log").read_text() == "default mine\n"


def test_the_retries_of_a_workflow_are_those_of_templates_that_have_none(simulate: Simulate) -> None:
    found = simulate(
        """
        entrypoint: main
        retryStrategy: {limit: "2"}
        templates:
          - name: main
            retryStrategy: {limit: "0"}
            steps: [[{name: a, template: leaf}]]
        """,
        {"a": "Failed"},
    )
    assert [name for name in found.phases if name.startswith("(0)[0].a(")] == [f"(0)[0].a({n})" for n in range(3)]
    assert "(1)" not in found.phases


GLOBAL = """
entrypoint: main
onExit: last
templates:
  - name: main
    dag:
      tasks:
        - {name: a, template: put}
        - name: b
          template: take
          depends: a
          arguments: {parameters: [{name: p, value: "{{workflow.outputs.parameters.seen}}"}]}
  - name: put
    outputs:
      parameters: [{name: x, globalName: seen, valueFrom: {path: /work/x}}]
      artifacts: [{name: f, globalName: file, path: /work/f}]
    container:
      image: i
      command: [sh, -c]
      args: ["echo 7 > {{outputs.parameters.x.path}}; echo content > {{outputs.artifacts.f.path}}"]
  - name: take
    inputs: {parameters: [{name: p}]}
    container: {image: i, command: [echo, "{{inputs.parameters.p}}"]}
  - name: last
    steps:
      - - name: read
          template: show
          arguments: {artifacts: [{name: f, from: "{{workflow.outputs.artifacts.file}}"}]}
  - name: show
    inputs: {artifacts: [{name: f, path: /work/f}]}
    container:
      image: i
      command: [sh, -c, "cat {{inputs.artifacts.f.path}}; echo {{workflow.outputs.parameters.seen}}"]
"""


def test_outputs_with_a_global_name_reach_later_tasks_and_the_exit_handler(lab: Laboratory) -> None:
    view = lab.run(GLOBAL)
    assert view.phase == "Succeeded"
    said = {node.display_name: (node.log / "stdout.log").read_text() for node in view.nodes if node.log}
    assert said["b"] == "7\n" and said["read"] == "content\n7\n"


def test_an_unknown_global_output_is_refused(simulate: Simulate) -> None:
    with pytest.raises(Refused, match=r"workflow\.outputs\.parameters\.sen.*did you mean"):
        simulate(
            GLOBAL.replace('value: "{{workflow.outputs.parameters.seen', 'value: "{{workflow.outputs.parameters.sen')
        )


SCRIPT = """
entrypoint: main
templates:
  - name: main
    steps:
      - - {name: make, template: make, arguments: {parameters: [{name: count, value: "3"}]}}
      - - name: print
          template: print
          withParam: "{{steps.make.outputs.result}}"
          arguments: {parameters: [{name: i, value: "{{item}}"}]}
  - name: make
    inputs: {parameters: [{name: count}]}
    script:
      image: i
      command: [python3]
      source: |
        import json
        print(json.dumps(list(range(int("{{inputs.parameters.count}}")))))
  - name: print
    inputs: {parameters: [{name: i}]}
    script: {image: i, command: [sh], source: "echo item {{inputs.parameters.i}}"}
"""


def test_what_a_script_prints_fans_out(lab: Laboratory) -> None:
    view = lab.run(SCRIPT)
    said = [(node.log / "stdout.log").read_text() for node in view.nodes if node.log and "print" in node.name]
    assert said == ["item 0\n", "item 1\n", "item 2\n"]


EXITS = """
entrypoint: main
templates:
  - name: main
    steps:
      - - name: a
          template: put
          hooks:
            exit:
              template: tell
              arguments:
                parameters: [{name: p, value: "{{steps.a.status}} {{steps.a.outputs.parameters.x}}"}]
      - - {name: b, template: leaf, onExit: leaf}
  - name: put
    outputs: {parameters: [{name: x, valueFrom: {path: /work/x}}]}
    container: {image: i, command: ["true"]}
  - name: tell
    inputs: {parameters: [{name: p}]}
    container: {image: i, command: ["true"]}
"""


def test_an_exit_hook_runs_before_what_follows_and_knows_what_its_step_put_out(
    simulate: Simulate,
) -> None:
    found = simulate(EXITS, {"a": {"x": "1"}})
    assert found.value("[0].a.onExit", "p") == "Succeeded 1"
    assert found.children("[0].a") == ["[0].a.onExit", "[1]"]
    assert found.started == ["w-1[0].a", "w-1[0].a.onExit", "w-1[1].b", "w-1[1].b.onExit"]
    assert found.run.phase == "Succeeded"


def test_an_exit_hook_that_fails_changes_nothing(simulate: Simulate) -> None:
    found = simulate(EXITS, {"a": {"x": "1"}, "a.onExit": "Failed", "b.onExit": "Failed"})
    assert found.phases["[0].a.onExit"] == "Failed" and found.run.phase == "Succeeded"


def test_the_exit_hook_of_a_task_that_failed_runs_before_the_dag_ends(simulate: Simulate) -> None:
    text = """
    entrypoint: main
    templates:
      - name: main
        dag:
          tasks:
            - {name: a, template: leaf, onExit: leaf}
            - {name: b, template: leaf, depends: a.Failed}
    """
    found = simulate(text, {"a": "Failed"})
    assert found.started == ["w-1.a", "w-1.a.onExit", "w-1.b"]


def test_a_mutex_of_the_whole_workflow_is_taken_before_its_first_node(prepare: Simulate) -> None:
    found = prepare("entrypoint: leaf\nsynchronization: {mutex: {name: m}}\ntemplates:").begin()
    assert found.run.phase == "Pending" and not found.started
    run = found.finish().run
    assert run.phase == "Succeeded" and found.locks == {}


def test_a_workflow_that_is_stopped_while_it_waits_for_its_mutex_has_failed(prepare: Simulate) -> None:
    found = prepare("entrypoint: leaf\nsynchronization: {mutex: {name: m}}\ntemplates:").begin()
    found.stop()
    assert (found.run.phase, found.run.message) == ("Failed", "Stopped with strategy 'Stop'")
    assert found.wanting == []


INLINE = """
entrypoint: main
templates:
  - name: main
    steps:
      - - name: a
          arguments: {parameters: [{name: p, value: "1"}]}
          inline:
            inputs: {parameters: [{name: p}]}
            dag: {tasks: [{name: b, inline: {container: {image: i, command: [echo, "{{workflow.name}}"]}}}]}
"""


def test_a_template_may_stand_where_it_is_used(simulate: Simulate) -> None:
    found = simulate(INLINE)
    assert found.tree["[0].a"] == "DAG Succeeded" and found.tree["[0].a.b"] == "Pod Succeeded"
    assert found.value("[0].a", "p") == "1"


def test_a_library_may_ask_for_what_only_its_users_give(
    folder: Callable[..., engine.Manifests], lab: Laboratory
) -> None:
    needy = "- {name: needy, inputs: {parameters: [{name: p}]}, container: {image: i, command: [echo]}}"
    text = MORE.replace("templates:", f"entrypoint: needy\n  templates:\n    {needy}")
    manifests = folder(more=text)
    with pytest.raises(UserError, match=r"more\.arguments: needy needs the parameter p, which has no default"):
        engine.submit(lab.journal, manifests, "more", {})


def test_the_targets_of_a_dag_may_be_a_parameter(simulate: Simulate) -> None:
    text = """
    entrypoint: main
    arguments: {parameters: [{name: wanted, value: "a b"}]}
    templates:
      - name: main
        dag:
          target: "{{workflow.parameters.wanted}}"
          tasks: [{name: a, template: leaf}, {name: b, template: leaf}, {name: c, template: leaf}]
    """
    assert set(simulate(text).phases) == {"(root)", "a", "b"}
    found = simulate(text, wanted="a nosuch")
    assert found.run.phase == "Error" and "names 'nosuch', which is not a task" in found.run.message


def test_a_template_may_say_what_its_nodes_are_called(simulate: Simulate) -> None:
    found = simulate(
        """
        entrypoint: main
        templates:
          - {name: main, steps: [[{name: a, template: one, arguments: {parameters: [{name: p, value: "7"}]}}]]}
          - name: one
            annotations: {workflows.argoproj.io/display-name: "part {{inputs.parameters.p}}"}
            inputs: {parameters: [{name: p}]}
            container: {image: i, command: [x]}
        """
    )
    assert found.node("[0].a").display_name == "part 7"
