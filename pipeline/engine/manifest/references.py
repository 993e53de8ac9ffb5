"""What a workflow takes from WorkflowTemplates: all of one (`workflowTemplateRef`), or templates of several
(`templateRef`), which it then holds itself under the key `<WorkflowTemplate>/<template>`; and the templates that are
written within its tasks (`inline`).

https://argo-workflows.readthedocs.io/en/latest/workflow-templates/
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pipeline.engine.spec import Hook, Task, Template, Values, Workflow
from pipeline.errors import Refused


def with_references(workflow: Workflow, others: Mapping[str, Workflow]) -> tuple[Workflow, list[str]]:
    """`workflow` with all that it refers to; its own settings win over those of its WorkflowTemplate. And what is to be
    said of each reference that leads nowhere."""
    problems: list[str] = []
    if workflow.template_ref:
        try:
            workflow = _with_base(workflow, _named(workflow, ".workflowTemplateRef", workflow.template_ref, others))
        except Refused as problem:
            return workflow, [*problem.problems]
    templates = dict(workflow.templates)
    todo = list(templates.items())
    while todo:
        for where, key in _places(*todo.pop(0)):
            if "/" in key and key not in templates:
                try:
                    templates[key] = _foreign_template(workflow, where, key, others)
                except Refused as problem:
                    problems.extend(problem.problems)
                    continue
                todo.append((key, templates[key]))
    if workflow.retry is not None:
        templates = {key: replace(each, retry=each.retry or workflow.retry) for key, each in templates.items()}
    if workflow.volumes:
        templates = {
            key: replace(each, volumes=_first_of_each(each.volumes + workflow.volumes)) if each.leaf else each
            for key, each in templates.items()
        }
    if workflow.user:
        templates = {key: replace(each, user=each.user or workflow.user) for key, each in templates.items()}
    return replace(workflow, templates=templates), problems


def with_inline_templates(template: Template, key: str = "") -> dict[str, Template]:
    """A template and those written within its tasks, under the keys `<its key>.<task>`."""
    key = key or template.name
    found = {}

    def moved_out(task: Task) -> Task:
        if task.inline is None:
            return task
        found.update(with_inline_templates(task.inline, f"{key}.{task.name}"))
        return replace(task, template=f"{key}.{task.name}", inline=None)

    return {key: _with_tasks(template, moved_out), **found}


def _with_tasks(template: Template, change: Callable[[Task], Task]) -> Template:
    if template.steps is not None:
        return replace(template, steps=tuple(tuple(map(change, group)) for group in template.steps))
    if template.dag is not None:
        return replace(template, dag=replace(template.dag, tasks=tuple(map(change, template.dag.tasks))))
    return template


def needed(template: Template) -> Iterator[str]:
    """The keys of the templates that a template's tasks and their hooks name."""
    for task in template.tasks:
        yield task.template
        yield from (hook.template for hook in task.all_hooks)


def _places(key: str, template: Template) -> Iterator[tuple[str, str]]:
    """The same, each with the field that names it."""
    kind = "dag.tasks" if template.dag is not None else "steps"
    for task in template.tasks:
        where = f".templates[{key}].{kind}[{task.name}]" if "/" not in key else ""
        yield f"{where}.templateRef", task.template
        yield from ((f"{where}.hooks", hook.template) for hook in task.all_hooks)


def references_of(workflow: Workflow) -> set[str]:
    """The names of the WorkflowTemplates that a workflow refers to directly."""
    keys = (key for template in workflow.templates.values() for key in needed(template))
    return {key.partition("/")[0] for key in keys if "/" in key} | set(filter(None, [workflow.template_ref]))


def _named(workflow: Workflow, where: str, name: str, others: Mapping[str, Workflow]) -> Workflow:
    found = others.get(name)
    if found is None or found.kind != "WorkflowTemplate":
        there = ", ".join(sorted(name for name, other in others.items() if other.kind == "WorkflowTemplate")) or "none"
        raise Refused(
            f"{workflow.source}: {workflow.name}{where} names {name}, which is not a WorkflowTemplate beside it; "
            f"there are {there}"
        )
    return found


def _foreign_template(workflow: Workflow, where: str, key: str, others: Mapping[str, Workflow]) -> Template:
    """A template of a WorkflowTemplate, with the templates of its tasks under that one's name too."""
    name, _, wanted = key.partition("/")
    other = _named(workflow, where, name, others)
    template = other.templates.get(wanted)
    if template is None:
        there = ", ".join(other.templates) or "none"
        raise Refused(
            f"{workflow.source}: {workflow.name}{where} names the template {wanted} of {name}, which has {there}"
        )
    return _with_tasks(template, partial(_qualified, name=name))


def _qualified(task: Task, name: str) -> Task:
    def moved(hook: Hook) -> Hook:
        return replace(hook, template=_qualified_key(hook.template, name))

    hooks = {each: moved(hook) for each, hook in (task.hooks or {}).items()}
    on_exit = task.on_exit and moved(task.on_exit)
    return replace(task, template=_qualified_key(task.template, name), on_exit=on_exit, hooks=hooks)


def _qualified_key(template: str, name: str) -> str:
    return template if "/" in template else f"{name}/{template}"


def _with_base(workflow: Workflow, base: Workflow) -> Workflow:
    return replace(
        workflow,
        entrypoint=workflow.entrypoint or base.entrypoint,
        templates=base.templates,
        arguments=Values(
            _first_of_each(workflow.arguments.parameters + base.arguments.parameters),
            _first_of_each(workflow.arguments.artifacts + base.arguments.artifacts),
        ),
        on_exit=workflow.on_exit or base.on_exit,
        hooks={**(base.hooks or {}), **(workflow.hooks or {})},
        deadline_seconds=workflow.deadline_seconds if workflow.deadline_seconds is not None else base.deadline_seconds,
        parallelism=workflow.parallelism if workflow.parallelism is not None else base.parallelism,
        mutexes=workflow.mutexes or base.mutexes,
        retry=workflow.retry or base.retry,
        service_account=workflow.service_account or base.service_account,
        priority=workflow.priority if workflow.priority is not None else base.priority,
        volumes=_first_of_each(workflow.volumes + base.volumes),
        user=workflow.user or base.user,
        labels_from={**(base.labels_from or {}), **(workflow.labels_from or {})},
    )


def _first_of_each[Named: Any](values: tuple[Named, ...]) -> tuple[Named, ...]:
    found: dict[str, Named] = {}
    for value in values:
        found.setdefault(value.name, value)
    return tuple(found.values())
