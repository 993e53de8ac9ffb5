"""Steps: groups in order, side by side within one, fan-outs, failures, outputs; in dags and with dags in them."""

import pytest

from pipeline.errors import Refused
from tests.engine.laboratory import Simulate

TWO = """
entrypoint: main
templates:
  - name: main
    steps:
      - - {name: a, template: leaf}
        - {name: b, template: leaf}
      - - {name: c, template: leaf}
"""


def test_groups_run_one_after_the_other_and_are_linked_as_the_controller_links_them(
    simulate: Simulate,
) -> None:
    found = simulate(TWO)
    assert found.tree == {
        "(root)": "Steps Succeeded",
        "[0]": "StepGroup Succeeded",
        "[0].a": "Pod Succeeded",
        "[0].b": "Pod Succeeded",
        "[1]": "StepGroup Succeeded",
        "[1].c": "Pod Succeeded",
    }
    assert found.children("") == ["[0]"]
    assert found.children("[0]") == ["[0].a", "[0].b"]
    assert found.children("[0].a") == found.children("[0].b") == ["[1]"]
    assert found.started == ["w-1[0].a", "w-1[0].b", "w-1[1].c"]
    assert [node.display_name for node in found.run.nodes.values()] == ["w-1", "[0]", "a", "b", "[1]", "c"]


def test_a_failed_step_ends_the_steps_after_its_group(simulate: Simulate) -> None:
    found = simulate(TWO, {"a": "Failed"})
    assert found.phases == {"(root)": "Failed", "[0]": "Failed", "[0].a": "Failed", "[0].b": "Succeeded"}
    assert found.node("[0]").message == f"child '{found.node('[0].a').id}' failed"
    assert found.run.message == found.node("[0]").message


@pytest.mark.parametrize(("phase", "word"), [("Failed", "failed"), ("Error", "error")])
def test_continue_on_goes_on(simulate: Simulate, phase: str, word: str) -> None:
    text = TWO.replace("{name: a, template: leaf}", f"{{name: a, template: leaf, continueOn: {{{word}: true}}}}")
    assert simulate(text, {"a": phase}).phases["[1].c"] == "Succeeded"
    other = {"Failed": "Error", "Error": "Failed"}[phase]
    assert simulate(text, {"a": other}).run.phase == "Failed"


OUTPUTS = """
entrypoint: main
templates:
  - name: main
    outputs:
      parameters:
        - {name: out, valueFrom: {parameter: "{{steps.b.outputs.parameters.x}}"}}
    steps:
      - - {name: a, template: put}
      - - name: b
          template: pass
          when: "{{steps.a.status}} == Succeeded"
          arguments: {parameters: [{name: p, value: "{{steps.a.outputs.parameters.x}}!"}]}
  - name: put
    outputs: {parameters: [{name: x, valueFrom: {path: /work/x}}]}
    container: {image: i, command: ["true"]}
  - name: pass
    inputs: {parameters: [{name: p}]}
    outputs: {parameters: [{name: x, valueFrom: {path: /work/x}}]}
    container: {image: i, command: ["true"]}
"""


def test_outputs_reach_later_groups_and_the_template(simulate: Simulate) -> None:
    found = simulate(OUTPUTS, {"a": {"x": "1"}, "b": {"x": "2"}})
    assert found.value("[1].b", "p") == "1!"
    assert found.outputs("").parameters == {"out": "2"}


def test_an_output_of_the_same_group_is_refused_for_a_cluster_would_wait_for_ever(
    simulate: Simulate,
) -> None:
    text = OUTPUTS.replace("      - - name: b", "        - name: b")
    with pytest.raises(Refused, match=r"steps\[b\].*would never have a value.*a is not in a group before that of b"):
        simulate(text)


FAN_OUT = """
entrypoint: main
templates:
  - name: main
    inputs: {{parameters: [{{name: list, value: '{items}'}}]}}
    steps:
      - - name: a
          template: put
          withParam: "{{{{inputs.parameters.list}}}}"
          arguments: {{parameters: [{{name: p, value: "{{{{item}}}}"}}]}}
      - - name: b
          template: put
          arguments: {{parameters: [{{name: p, value: "{{{{steps.a.outputs.parameters.x}}}}"}}]}}
  - name: put
    inputs: {{parameters: [{{name: p}}]}}
    outputs: {{parameters: [{{name: x, valueFrom: {{path: /work/x{default}}}}}]}}
    container: {{image: i, command: ["true"]}}
"""


def test_a_fan_out_hangs_below_its_group_and_its_outputs_come_together(simulate: Simulate) -> None:
    found = simulate(
        FAN_OUT.format(items='["u","v"]', default=""), {"a(0:u)": {"x": "1"}, "a(1:v)": {"x": "2"}, "b": {"x": ""}}
    )
    assert found.children("[0]") == ["[0].a(0:u)", "[0].a(1:v)"]
    assert found.value("[1].b", "p") == '["1","2"]'
    assert found.run.phase == "Succeeded"


def test_an_empty_fan_out_is_a_skipped_node_with_the_defaults_of_its_outputs(
    simulate: Simulate,
) -> None:
    found = simulate(FAN_OUT.format(items="[]", default=", default: none"), {"b": {"x": ""}})
    assert found.tree["[0].a"] == "Skipped Skipped"
    assert found.node("[0].a").message == "Skipped, empty params"
    assert found.value("[1].b", "p") == "none"


def test_items_that_are_no_list_end_the_group_with_error(simulate: Simulate) -> None:
    found = simulate(FAN_OUT.format(items="{}", default=""))
    assert found.phases == {"(root)": "Failed", "[0]": "Error"}
    assert "could not be parsed as a JSON list" in found.run.message


def test_a_when_that_is_none_ends_the_group_once_what_had_started_has_ended(
    simulate: Simulate,
) -> None:
    text = TWO.replace("{name: b, template: leaf}", '{name: b, template: leaf, when: "{{workflow.name}} =="}')
    found = simulate(text)
    assert found.phases["[0]"] == "Error" and found.run.phase == "Failed"


NESTED = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {name: a, template: two}
        - {name: z, template: leaf, depends: a}
  - name: two
    steps:
      - - {name: s, template: leaf}
        - {name: t, template: leaf}
"""


def test_what_follows_steps_in_a_dag_hangs_below_their_last_group(simulate: Simulate) -> None:
    found = simulate(NESTED)
    assert found.children("a[0].s") == found.children("a[0].t") == ["z"]
    assert found.tree["a"] == "Steps Succeeded"


def test_parallelism_limits_the_steps_of_a_group(simulate: Simulate) -> None:
    text = TWO.replace("name: main", "name: main\n    parallelism: 1")
    found = simulate(text)
    assert found.most == 1 and found.run.phase == "Succeeded"


def test_fail_fast_lets_what_runs_end_and_starts_nothing_more(simulate: Simulate) -> None:
    text = TWO.replace("name: main", "name: main\n    failFast: true\n    parallelism: 1")
    found = simulate(text, {"a": "Failed"})
    assert "[0].b" not in found.phases
    assert found.node("").message == "template has failed or errored children and failFast enabled"


def test_steps_are_tried_again_as_a_whole(simulate: Simulate) -> None:
    text = TWO.replace("name: main", 'name: main\n    retryStrategy: {limit: "1"}')
    found = simulate(text, {"a": "Failed"})
    assert found.tree["(0)"] == found.tree["(1)"] == "Steps Failed"
    assert found.phases["(1)[0].b"] == "Succeeded"


def test_a_chain_of_thousands_is_no_deep_recursion(simulate: Simulate) -> None:
    steps = "\n".join(f"      - - {{name: s{number}, template: leaf}}" for number in range(3000))
    found = simulate(f"entrypoint: main\ntemplates:\n  - name: main\n    steps:\n{steps}\n")
    assert found.run.phase == "Succeeded" and len(found.run.nodes) == 6001


def test_steps_that_contain_themselves_without_end_are_an_error(simulate: Simulate) -> None:
    found = simulate("entrypoint: main\ntemplates:\n  - {name: main, steps: [[{name: again, template: main}]]}\n")
    assert found.run.phase == "Failed"
    assert any("Maximum recursion depth exceeded" in node.message for node in found.run.nodes.values())


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("[[{name: a, template: leaf}], [{name: a, template: leaf}]]", "two steps are named a"),
        ("[{name: a, template: leaf}]", "wanted a list of steps, as `- - name: a`"),
        ("[[{name: a, template: nosuch}]]", "template is 'nosuch'; there are main, leaf"),
        ("[[{name: a, template: leaf, depends: b}]]", "depends is not a field that this engine knows"),
        ('[[{name: a, template: leaf, when: "{{tasks.a.status}} == x"}]]', "is not known here"),
    ],
)
def test_mistakes_are_refused(simulate: Simulate, steps: str, words: str) -> None:
    with pytest.raises(Refused, match=words.replace("[", r"\[").replace("{", r"\{")):
        simulate(f"entrypoint: main\ntemplates:\n  - name: main\n    steps: {steps}\n")
