"""Reading what a template is made of: the tasks of a dag, the groups of steps, with their fan-outs."""

from collections.abc import Callable
from typing import Any

from pipeline.engine.manifest.fields import Fields, name_of
from pipeline.engine.manifest.values import read_values
from pipeline.engine.spec import Dag, Hook, Sequence, Task, Template, Values

ReadTemplate = Callable[[Fields], Template]


def read_dag(fields: Fields, inline: ReadTemplate) -> Dag:
    """The field `dag`. `inline` reads a template that stands in a task."""
    tasks = tuple(_task(entry, inline) for entry in fields.mappings("tasks"))
    if not tasks:
        fields.refuse("is empty", "tasks")
    dag = Dag(tasks, tuple(fields.text("target").split()), fields.flag("failFast", default=True))
    fields.done()
    return dag


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
    return _task(fields, inline, in_dag=False)


def _task(fields: Fields, read_inline: ReadTemplate, *, in_dag: bool = True) -> Task:
    name = name_of(fields)
    arguments = fields.mapping("arguments")
    sequence, goes_on = fields.mapping("withSequence"), fields.mapping("continueOn")
    inline = fields.mapping("inline")
    if inline is not None and (fields.has("template") or fields.has("templateRef")):
        fields.refuse("cannot stand beside template or templateRef", "inline")
    task = Task(
        name=name,
        template=_template(fields) if inline is None else "",
        referred=fields.has("templateRef"),
        inline=read_inline(inline) if inline is not None else None,
        arguments=read_values(arguments, "argument") if arguments else Values(),
        depends=fields.text("depends").strip() if in_dag else "",
        dependencies=fields.texts("dependencies") if in_dag else (),
        when=fields.text("when"),
        items=tuple(_plain(item) for item in fields.list("withItems")),
        param=fields.text("withParam"),
        sequence=_sequence(sequence) if sequence else None,
        continue_on_failed=goes_on.flag("failed") if goes_on else False,
        continue_on_error=goes_on.flag("error") if goes_on else False,
        on_exit=_exit(fields),
    )
    if goes_on:
        goes_on.done()
    if fields.has("withItems") and not task.items:
        fields.refuse("is empty, so the task would run once without an item", "withItems")
    if sum(map(bool, (task.items, task.param, task.sequence is not None))) > 1:
        fields.refuse("has more than one of withItems, withParam, withSequence")
    for parameter in task.arguments.parameters:
        if parameter.value is None:
            fields.refuse(f"gives the parameter {parameter.name} no value", "arguments")
    fields.done()
    return task


def _template(fields: Fields) -> str:
    """The key of the template: its name, or `<WorkflowTemplate>/<its name>`."""
    reference = fields.mapping("templateRef")
    if reference is None:
        return fields.required("template")
    if fields.has("template"):
        fields.refuse("cannot stand beside templateRef", "template")
    if reference.flag("clusterScope"):
        reference.refuse("is true; a ClusterWorkflowTemplate is not run by this engine, use a WorkflowTemplate",
                         "clusterScope")  # fmt: skip
    key = f"{name_of(reference)}/{reference.required('template')}"
    reference.done()
    return key


def _exit(fields: Fields) -> Hook | None:
    old = fields.text("onExit")
    hooks = fields.mapping("hooks")
    hook = hooks.mapping("exit") if hooks else None
    if hooks is not None:
        for name in hooks.names():
            if name != "exit":
                hooks.later(name)
        hooks.done()
    if hook is None:
        return Hook(old) if old else None
    arguments = hook.mapping("arguments")
    found = Hook(
        _template(hook),
        read_values(arguments, "argument") if arguments else None,
        hook.text("expression").strip(),
        hook.has("templateRef"),
    )
    hook.done()
    return found


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
    fields.done()
    return sequence
