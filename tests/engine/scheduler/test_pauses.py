"""`suspend` with a duration: a node that waits and goes on by itself."""

import pytest

from pipeline.engine.scheduler.events import Answered
from pipeline.errors import Refused
from tests.engine.laboratory import Simulate

PAUSE = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {{name: wait, template: pause}}
        - name: after
          template: takes
          depends: wait
          arguments: {{parameters: [{{name: p, value: "{value}"}}]}}
  - name: pause
    outputs: {outputs}
    suspend: {{duration: "{duration}"}}
  - name: takes
    inputs: {{parameters: [{{name: p}}]}}
    container: {{image: i, command: ["true"]}}
"""


def pause(duration: str = "90s", outputs: str = "{}", value: str = "x") -> str:
    return PAUSE.format(duration=duration, outputs=outputs, value=value)


def test_what_follows_begins_when_the_duration_is_over(simulate: Simulate) -> None:
    found = simulate(pause("1m30s"))
    assert found.tree["wait"] == "Suspend Succeeded" and found.tree["after"] == "Pod Succeeded"
    assert found.took("wait") == 90
    assert found.children("wait") == ["after"]


def test_a_value_that_nobody_supplied_has_its_default(simulate: Simulate) -> None:
    outputs = "{parameters: [{name: who, valueFrom: {supplied: {}, default: nobody}}]}"
    found = simulate(pause(outputs=outputs, value="{{tasks.wait.outputs.parameters.who}}"))
    assert found.value("after", "p") == "nobody"


def test_a_value_that_nobody_supplied_and_without_a_default_is_an_error(simulate: Simulate) -> None:
    found = simulate(pause(outputs="{parameters: [{name: who, valueFrom: {supplied: {}}}]}"))
    assert found.phases["wait"] == "Error"
    assert "has not been set and does not have a default value" in found.node("wait").message


def test_a_stop_and_a_deadline_end_it(prepare: Simulate) -> None:
    stopped = prepare(pause("1h")).begin()
    stopped.stop()
    assert stopped.finish().phases["wait"] == "Failed"
    assert stopped.node("wait").message == "Stopped with strategy 'Stop'"
    late = prepare("activeDeadlineSeconds: 5" + pause("1h")).begin().finish()
    assert late.node("wait").message == "Step exceeded its deadline"
    assert late.run.phase == "Failed"


def test_without_a_duration_it_waits_for_a_person(prepare: Simulate) -> None:
    found = prepare(pause("").replace('{duration: ""}', "{}")).begin().finish()
    assert found.phases["wait"] == "Running" and "after" not in found.phases
    found.tell(Answered(found.now, "w-1.wait", phase="Succeeded", message="fine"))
    assert found.finish().phases["after"] == "Succeeded"
    assert found.node("wait").message == "fine"


def test_a_person_supplies_what_it_puts_out(prepare: Simulate) -> None:
    outputs = "{parameters: [{name: who, valueFrom: {supplied: {}}}]}"
    found = prepare(pause("", outputs, "{{tasks.wait.outputs.parameters.who}}")).begin()
    found.tell(Answered(found.now, "w-1.wait", {"who": "Ada"}))
    assert found.phases["wait"] == "Running"
    found.tell(Answered(found.now, "w-1.wait", phase="Succeeded"))
    assert found.finish().value("after", "p") == "Ada"


def test_a_person_refuses(prepare: Simulate) -> None:
    found = prepare(pause("")).begin()
    found.tell(Answered(found.now, "w-1.wait", phase="Failed", message="no"))
    assert found.finish().phases["wait"] == "Failed" and found.phases["after"] == "Omitted"
    assert found.run.phase == "Failed"


def test_an_answer_to_what_is_over_changes_nothing(prepare: Simulate) -> None:
    found = prepare(pause()).begin().finish()
    found.tell(Answered(found.now, "w-1.wait", phase="Failed"))
    assert found.run.phase == "Succeeded"


def test_a_duration_that_is_none_is_refused(simulate: Simulate) -> None:
    with pytest.raises(Refused, match="is '3 weeks'; wanted a duration such as 30s or 2m"):
        simulate(pause("3 weeks"))
