"""Pauses: nodes that end by themselves when their duration is over.

https://argo-workflows.readthedocs.io/en/latest/walk-through/suspending/
"""

from pipeline.engine.language import durations
from pipeline.engine.scheduler.events import Outputs
from pipeline.engine.scheduler.nodes import finish
from pipeline.engine.scheduler.outputs import publish
from pipeline.engine.scheduler.state import Node, Run
from pipeline.engine.spec import Template


def begin(run: Run, node: Node, template: Template) -> None:
    """Start a pause."""
    text = template.suspend.duration if template.suspend is not None else ""
    seconds = durations.seconds(text)
    if seconds is None:
        finish(run, node, "Error", f"suspend.duration is {text!r}; wanted a duration such as 30s or 2m")
        return
    node.phase, node.started_at, node.due_at = "Running", run.now, run.now + seconds
    run.suspended[node.name] = node
    node.touch()


def over(run: Run, node: Node) -> None:
    """A pause is over. Values that were to be supplied from outside are their defaults."""
    template = node.bound
    if template is None:
        return
    defaults = {each.name: each.default for each in template.inputs.parameters}
    values = {}
    for parameter in template.outputs.parameters:
        default = parameter.value_from.default if parameter.value_from is not None else None
        value = default if default is not None else defaults.get(parameter.name)
        if value is None:
            finish(run, node, "Error", f"raw output parameter '{parameter.name}' has not been set and does not have "
                                       "a default value")  # fmt: skip
            return
        values[parameter.name] = value
    outputs = Outputs(values, {}) if values else None
    if outputs is not None:
        publish(run, template, outputs)
    finish(run, node, "Succeeded", outputs=outputs)
