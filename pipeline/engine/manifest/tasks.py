"""Reading what a template is made of: the tasks of a dag, or groups of steps, with their fan-outs."""

from collections.abc import Callable
from functools import partial
from typing import Any

from pipeline.engine.manifest.fields import Fields, name_of, object_name
from pipeline.engine.manifest.values import read_values
from pipeline.engine.spec import NOTHING, Dag, Hook, Sequence, Task, Template

ReadTemplate = Callable[[Fields], Template]


def read_dag(fields: Fields, inline: ReadTemplate) -> Dag:
    """The field `dag`. `inline` reads a template that stands in a task."""
    tasks = fields.read_each("tasks", partial(_task, inline=inline))
    if not tasks:
        fields.refuse("is empty", "tasks")
    return Dag(tasks, tuple(fields.text("target").split()), fields.flag("failFast", default=True))


def read_steps(fields: Fields, inline: ReadTemplate) -> tuple[tuple[Task, ...], ...]:
    """The field `steps`: a list of lists, the inner ones side by side."""
    groups = []
    for number, group in enumerate(fields.list("steps")):
        if not isinstance(group, list) or not group:
            fields.refuse(f"has the entry {group!r:.60} (number {number}); wanted a list of steps, as `- - name: a`",
                          "steps")  # fmt: skip
        where = f"{fields.where}.steps[{number}]"
        groups.append(tuple(_step(Fields(step, where, fields.file), inline) for step in group))
    if not groups:
        fields.refuse("is empty", "steps")
    return tuple(groups)


def _step(fields: Fields, inline: ReadTemplate) -> Task:
    fields.where = f"{fields.where}[{fields.any_text('name') or '?'}]"
    task = _task(fields, inline, in_dag=False)
    fields.done()
    return task


def _task(fields: Fields, inline: ReadTemplate, *, in_dag: bool = True) -> Task:
    if fields.has("inline") and (fields.has("template") or fields.has("templateRef")):
        fields.refuse("cannot stand beside template or templateRef", "inline")
    failed, error = fields.read("continueOn", _continue_on) or (False, False)
    task = Task(
        name=name_of(fields),
        template=_template(fields) if not fields.has("inline") else "",
        referred=fields.has("templateRef"),
        inline=fields.read("inline", inline),
        arguments=read_values(fields, "arguments") or NOTHING,
        depends=fields.text("depends").strip() if in_dag else "",
        dependencies=fields.texts("dependencies") if in_dag else (),
        when=fields.text("when"),
        items=tuple(_plain(item) for item in fields.list("withItems")),
        param=fields.text("withParam"),
        sequence=fields.read("withSequence", _sequence),
        continue_on_failed=failed,
        continue_on_error=error,
        **_hooks(fields),
    )
    if fields.has("withItems") and not task.items:
        fields.refuse("is empty, so the task would run once without an item", "withItems")
    if sum(map(bool, (task.items, task.param, task.sequence is not None))) > 1:
        fields.refuse("has more than one of withItems, withParam, withSequence")
    for parameter in task.arguments.parameters:
        if parameter.value is None and parameter.value_from is None:
            fields.refuse(f"gives the parameter {parameter.name} no value", "arguments")
    return task


def _continue_on(fields: Fields) -> tuple[bool, bool]:
    return fields.flag("failed"), fields.flag("error")


def _template(fields: Fields) -> str:
    """The key of the template: its name, or `<WorkflowTemplate>/<its name>`."""
    key = fields.read("templateRef", _template_ref)
    if key is None:
        return fields.required("template")
    if fields.has("template"):
        fields.refuse("cannot stand beside templateRef", "template")
    return key


def _template_ref(fields: Fields) -> str:
    fields.flag("clusterScope")  # both kinds have their names in common here; `finding` tells them apart
    return f"{object_name(fields)}/{fields.required('template')}"


def _hooks(fields: Fields) -> dict[str, Any]:
    """What runs when it has ended (`onExit`, or the hook `exit`), and what runs beside it."""
    old = fields.text("onExit")
    found = fields.read("hooks", lambda hooks: {name: hooks.read(name, read_hook) for name in hooks.names()}) or {}
    on_exit = found.pop("exit", None) or (Hook(old) if old else None)
    return {"on_exit": on_exit, "hooks": found}


def read_hook(fields: Fields) -> Hook:
    """One of `hooks`; each but `exit` says when it begins."""
    arguments, referred = read_values(fields, "arguments"), fields.has("templateRef")
    expression = fields.text("expression").strip()
    if not fields.where.endswith("hooks.exit"):
        fields.required("expression")
        arguments = arguments or NOTHING
    return Hook(_template(fields), arguments, expression, referred)


def _plain(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _plain(value) for key, value in item.items()}
    return [_plain(value) for value in item] if isinstance(item, list) else item


def _sequence(fields: Fields) -> Sequence:
    sequence = Sequence(
        fields.any_text("count"), fields.any_text("start"), fields.any_text("end"), fields.text("format")
    )
    if (sequence.count is None) == (sequence.end is None):
        fields.refuse("must have exactly one of count, end")
    return sequence
