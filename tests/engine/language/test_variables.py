"""`{{…}}`: what each variable is, where it is known, and what is refused before anything starts."""

import json

import pytest

from pipeline.engine.scheduler.events import Ended, Outputs
from pipeline.engine.spec import Artifact
from pipeline.errors import Refused
from tests.engine.laboratory import Simulate, stored

SAY = """
entrypoint: main
serviceAccountName: runner
priority: 3
arguments: {{parameters: [{{name: p, value: "v"}}]}}
templates:
  - name: main
    dag:
      tasks:
        - {{name: a, template: give}}
        - name: b
          depends: a
          template: take
          arguments: {{parameters: [{{name: q, value: "{text}"}}]}}
  - name: give
    outputs: {{parameters: [{{name: o, valueFrom: {{path: /o}}}}]}}
    container: {{image: i, command: [x]}}
  - name: take
    inputs: {{parameters: [{{name: q}}, {{name: fixed, default: f}}]}}
    container: {{image: i, command: [x, "{{{{inputs.parameters.q}}}}", "{{{{inputs.parameters.fixed}}}}"]}}
"""


def say(text: str) -> str:
    return SAY.format(text=text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{workflow.name}}", "w-1"),
        ("{{workflow.uid}}", "uid-1"),
        ("{{workflow.namespace}}", "default"),
        ("{{workflow.status}}", "Running"),
        ("{{workflow.mainEntrypoint}}", "main"),
        ("{{workflow.serviceAccountName}}", "runner"),
        ("{{workflow.priority}}", "3"),
        ("{{workflow.parameters.p}}", "v"),
        ("{{ workflow.parameters.p }}", "v"),
        ("{{workflow.creationTimestamp}}", "1970-01-12T13:46:40Z"),
        ("{{workflow.creationTimestamp.RFC3339}}", "1970-01-12T13:46:40Z"),
        ("{{workflow.creationTimestamp.Y}}-{{workflow.creationTimestamp.m}}", "1970-01"),
        ("{{workflow.creationTimestamp.s}}", "1000000"),
        ("{{workflow.scheduledTime}}", "{{workflow.scheduledTime}}"),
        ("{{tasks.a.outputs.parameters.o}}", "put out"),
        ("{{tasks.a.status}} {{tasks.a.exitCode}}", "Succeeded 0"),
        ("{{tasks.a.startedAt}}", "1970-01-12T13:46:40Z"),
        ("{{tasks.a.finishedAt}}", "1970-01-12T13:46:41Z"),
        ("{{workflow.duration}}", "1.000000"),
        ("no {{ .Go }} and no {{ 'jinja' }}", "no {{ .Go }} and no {{ 'jinja' }}"),
    ],
)
def test_a_variable_has_the_controllers_value(simulate: Simulate, text: str, value: str) -> None:
    found = simulate(say(text), {"a": {"o": "put out"}})
    assert found.value("b", "q") == value


def test_all_parameters_as_json(simulate: Simulate) -> None:
    found = simulate(say("{{workflow.parameters.json}}"), {"a": {"o": ""}})
    assert found.text("b", "q").startswith('[{"name":"p","value":"v"}]')


def test_a_value_that_holds_a_tag_is_filled_in_again_as_on_a_cluster(simulate: Simulate) -> None:
    """Whoever wrote it: so nothing that others name may become a parameter."""
    found = simulate(say("{{tasks.a.outputs.parameters.o}}"), {"a": {"o": "{{workflow.name}}"}})
    assert found.value("b", "q") == "w-1"


def test_an_expression_in_a_value_is_run_as_on_a_cluster(simulate: Simulate) -> None:
    found = simulate(say("{{tasks.a.outputs.parameters.o}}"), {"a": {"o": "d{{=1+1}}.csv"}})
    assert found.value("b", "q") == "d2.csv"


def test_a_name_in_a_name(simulate: Simulate) -> None:
    spec = """
    entrypoint: main
    arguments: {parameters: [{name: which, value: first}, {name: first, value: found}]}
    templates:
      - name: main
        dag:
          tasks:
            - name: a
              template: take
              arguments: {parameters: [{name: q, value: "{{workflow.parameters.{{workflow.parameters.which}}}}"}]}
      - name: take
        inputs: {parameters: [{name: q}]}
        container: {image: i, command: [x]}
    """
    assert simulate(spec).value("a", "q") == "found"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{workflow.parameter.p}}", "did you mean {{workflow.parameters.p}}?"),
        ("{{tasks.nosuch.status}}", "there is no task nosuch here"),
        ("{{tasks.a.outputs.parameters.nosuch}}", "give has outputs.parameters.o"),
        ("{{tasks.a.outputs.parameters}}", "a is not a fan-out"),
        ("{{tasks.b.status}}", "would never have a value: b does not depend on b"),
        ("{{item}}", "this is not a task with withItems, withParam or withSequence"),
        ("{{retries}}", "is not known here"),
        ("{{pod.name}}", "is not known here"),
        ("{{inputs.parameters.q}}", "is not known here"),
        ("{{workflows.parameters.p}}", "did you mean {{workflow.parameters.p}}?"),
        ("{{='a' + tasks.nosuch.status}}", "tasks.nosuch.status is not known: there is no task nosuch here"),
        ("{{=1 +}}", "unexpected token"),
        ("{{=sprig.nosuch(1)}}", "nosuch"),
    ],
)
def test_an_unknown_variable_is_refused(prepare: Simulate, text: str, problem: str) -> None:
    with pytest.raises(Refused) as refusal:
        prepare(say(text))
    assert problem in str(refusal.value)
    assert ": w.templates[main].dag.tasks[b].arguments.parameters[q].value: {{" in str(refusal.value)


@pytest.mark.parametrize("text", ["{{foo}}", "{{ .Values.image }}", "{% raw %}{{user.name}}"])
def test_braces_of_somebody_else_are_left_alone(prepare: Simulate, text: str) -> None:
    found = prepare(say(text), {"a": {"o": "1"}}).begin().finish()
    assert found.value("b", "q") == text


def test_the_result_of_what_prints_nothing_is_refused(prepare: Simulate) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        dag:
          tasks:
            - {name: a, template: inner}
            - {name: b, template: leaf, depends: a, when: "{{tasks.a.outputs.result}} == 1"}
      - name: inner
        dag: {tasks: [{name: p, template: leaf}]}
    """
    with pytest.raises(Refused, match="inner prints nothing; it is not a container"):
        prepare(spec)


SKIPPED = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {{name: a, template: give, when: "1 == 2"}}
        - name: b
          depends: a
          template: take
          arguments: {{parameters: [{{name: q, value: "{text}"}}]}}
  - name: give
    outputs: {{parameters: [{{name: o, valueFrom: {{path: /o{of_output}}}}}]}}
    container: {{image: i, command: [x]}}
  - name: take
    inputs: {{parameters: [{{name: q{of_input}}}]}}
    container: {{image: i, command: [x]}}
"""


@pytest.mark.parametrize(
    ("of_output", "of_input", "text", "value"),
    [
        (", default: d", "", "{{tasks.a.outputs.parameters.o}}", "d"),
        ("", ", default: e", "{{tasks.a.outputs.parameters.o}}", "e"),
        (", default: d", ", default: e", "{{tasks.a.outputs.parameters.o}}", "d"),
        ("", "", "{{tasks.a.outputs.parameters.o}}", None),
        ("", ", default: e", "x{{tasks.a.outputs.parameters.o}}", None),
    ],
)
def test_the_output_of_a_skipped_task(
    simulate: Simulate, of_output: str, of_input: str, text: str, value: str | None
) -> None:
    found = simulate(SKIPPED.format(of_output=of_output, of_input=of_input, text=text))
    if value is None:
        assert found.run.phase == "Error"
        assert "absent optional" in found.node("b").message or "has no value" in found.node("b").message
    else:
        assert found.value("b", "q") == value


ARTIFACTS = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {{name: a, template: give, when: "{when}"}}
        - name: b
          depends: a
          template: inner
          arguments: {{artifacts: [{{name: f, from: "{{{{tasks.a.outputs.artifacts.f}}}}"{optional}}}]}}
  - name: inner
    inputs: {{artifacts: [{{name: f{optional}}}]}}
    dag:
      tasks:
        - name: c
          template: take
          arguments: {{artifacts: [{{name: f, from: "{{{{inputs.artifacts.f}}}}"{optional}}}]}}
  - name: give
    outputs: {{artifacts: [{{name: f, path: /f}}]}}
    container: {{image: i, command: [x]}}
  - name: take
    inputs: {{artifacts: [{{name: f, path: /g{optional}}}]}}
    container: {{image: i, command: [x]}}
"""


def test_an_artifact_goes_through_a_dag_to_where_it_is_taken(simulate: Simulate) -> None:
    found = simulate(ARTIFACTS.format(when="1 == 1", optional=""), {"a": stored(f="place/of/f")})
    [artifact] = found.node("b.c").inputs.artifacts
    assert (artifact.name, artifact.path, artifact.stored) == ("f", "/g", "place/of/f")


def test_an_artifact_that_is_not_there(simulate: Simulate) -> None:
    wanted = simulate(ARTIFACTS.format(when="1 == 2", optional=""))
    assert wanted.node("b").message == 'Unable to resolve: "tasks.a.outputs.artifacts.f"'
    assert wanted.run.phase == "Error"
    optional = simulate(ARTIFACTS.format(when="1 == 2", optional=", optional: true"))
    assert optional.run.phase == "Succeeded"
    assert not optional.node("b.c").inputs.artifacts[0].located


OUTPUTS = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {{name: a, template: inner}}
        - name: b
          depends: a
          template: take
          arguments:
            parameters: [{{name: q, value: "{{{{tasks.a.outputs.parameters.o}}}}"}}]
            artifacts: [{{name: f, from: "{{{{tasks.a.outputs.artifacts.f}}}}"}}]
  - name: inner
    outputs:
      parameters: [{{name: o, valueFrom: {{parameter: "{{{{tasks.c.outputs.parameters.o}}}}"{default}}}}}]
      artifacts: [{{name: f, from: "{{{{tasks.d.outputs.artifacts.f}}}}"}}]
    dag:
      tasks:
        - {{name: c, template: give, when: "{when}"}}
        - {{name: d, template: give}}
  - name: give
    outputs:
      parameters: [{{name: o, valueFrom: {{path: /o}}}}]
      artifacts: [{{name: f, path: /f}}]
    container: {{image: i, command: [x]}}
  - name: take
    inputs: {{parameters: [{{name: q}}], artifacts: [{{name: f, path: /g}}]}}
    container: {{image: i, command: [x]}}
"""


@pytest.mark.parametrize(
    ("when", "default", "value"), [("1 == 1", "", "out"), ("1 == 2", ", default: d", "d"), ("1 == 2", "", None)]
)
def test_the_outputs_of_a_dag(simulate: Simulate, when: str, default: str, value: str | None) -> None:
    end = Ended(0, "", "Succeeded", "", Outputs({"o": "out"}, {"f": Artifact("f", stored="place")}, "0"))
    found = simulate(OUTPUTS.format(when=when, default=default), lambda node: end)
    if value is None:
        assert found.tree["a"] == "DAG Error"
        assert "output parameter 'o': {{tasks.c.outputs.parameters.o}} has no value" in found.node("a").message
    else:
        assert found.value("b", "q") == value
        assert found.node("b").inputs.artifacts[0].stored == "place"


def test_an_input_that_is_a_list_of_all(simulate: Simulate) -> None:
    spec = """
    entrypoint: only
    arguments: {parameters: [{name: p, value: v}]}
    templates:
      - name: only
        inputs: {parameters: [{name: p}, {name: q, default: d}]}
        container: {image: i, command: [x, "{{inputs.parameters}}"]}
    """
    assert json.loads(simulate(spec).commands[0][1]) == [
        {"name": "p", "value": "v"},
        {"name": "q", "default": "d", "value": "d"},
    ]
