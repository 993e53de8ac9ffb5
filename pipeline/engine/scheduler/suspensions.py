"""Pauses: nodes that end by themselves when their duration is over, or wait for a person where they have none.

https://argo-workflows.readthedocs.io/en/latest/walk-through/suspending/
"""

from pipeline.engine.language import durations
from pipeline.engine.scheduler.events import Outputs
from pipeline.engine.scheduler.nodes import finish
from pipeline.engine.scheduler.outputs import publish
from pipeline.engine.scheduler.state import Node, Run
from pipeline.engine.spec import Parameter, Template


def begin(run: Run, node: Node, template: Template) -> None:
    """Start a pause."""
    text = _duration(template)
    if text and durations.seconds(text) is None:
        finish(run, node, "Error", f"suspend.duration is {text!r}; wanted a duration such as 30s or 2m")
        return
    node.phase, node.bound = "Running", template
    run.suspended[node.name] = node
    restart(run, node)


def restart(run: Run, node: Node) -> None:
    """Begin the pause's time now."""
    seconds = durations.seconds(_duration(node.bound)) if node.bound is not None else None
    node.started_at, node.due_at = run.now, run.now + seconds if seconds is not None else None
    node.touch()


def _duration(template: Template) -> str:
    return template.suspend.duration if template.suspend is not None else ""


def awaited(node: Node) -> tuple[str, ...]:
    """The outputs that a person may still supply."""
    template = node.bound if node.type == "Suspend" else None
    outputs = template.outputs.parameters if template is not None else ()
    return tuple(each.name for each in outputs if each.name not in node.supplied)


def required(node: Node) -> tuple[str, ...]:
    """Those of them that have no default."""
    template = node.bound if node.type == "Suspend" else None
    if template is None:
        return ()
    return tuple(
        each.name
        for each in template.outputs.parameters
        if each.name in awaited(node) and _default(template, each) is None
    )


def _default(template: Template, parameter: Parameter) -> str | None:
    """An output's own default, or that of the input of its name."""
    own = parameter.value_from.default if parameter.value_from is not None else None
    inputs = {each.name: each.default for each in template.inputs.parameters}
    return own if own is not None else inputs.get(parameter.name)


def over(run: Run, node: Node) -> None:
    """A pause is over. Values that nobody supplied are their defaults."""
    template = node.bound
    if template is None:
        return
    values = {}
    for parameter in template.outputs.parameters:
        value = node.supplied.get(parameter.name, _default(template, parameter))
        if value is None:
            finish(run, node, "Error", f"raw output parameter '{parameter.name}' has not been set and does not have "
                                       "a default value")  # fmt: skip
            return
        values[parameter.name] = value
    outputs = Outputs(values, {}) if values else None
    if outputs is not None:
        publish(run, template, outputs)
    finish(run, node, "Succeeded", outputs=outputs)
