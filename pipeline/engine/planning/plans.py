"""What is known of a dag or steps before they run: which task waits for which, which are wanted at all, and whose
stdout is read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pipeline.engine.language.variables import texts
from pipeline.engine.planning import depends
from pipeline.engine.planning.depends import Condition
from pipeline.engine.spec import Task, Template

_RESULT: Final = re.compile(r"""(?:tasks|steps)(?:\.([-A-Za-z0-9]+)|\[['"]([-A-Za-z0-9]+)['"]\])\.outputs\.result""")


@dataclass(frozen=True, eq=False)
class Plan:
    """`conditions`: when each wanted task runs, in the manifest's order; `followers`: the tasks that wait for each;
    `targets`: the tasks whose phases make the dag's; `printed`: the tasks whose stdout another one reads."""

    conditions: Mapping[str, Condition]
    followers: Mapping[str, tuple[str, ...]]
    targets: tuple[str, ...]
    printed: frozenset[str]


def plans(templates: Mapping[str, Template]) -> dict[str, Plan]:
    """The plans of all dags and steps among the templates."""
    return {name: plan(template) for name, template in templates.items() if template.tasks}


def with_targets(template: Template) -> Template:
    """A dag with its targets as names, once their variables have been filled in."""
    dag = template.dag
    return template if dag is None else replace(template, dag=replace(dag, target=tuple(" ".join(dag.target).split())))


def plan(template: Template) -> Plan:
    """The plan of one template; of a dag whose targets are not known yet, as if it had none.

    Raises:
        KeyError: a target is not a task.
    """
    dag = template.dag
    if dag is None:
        return Plan({}, {}, (), _printed(template))
    tasks: dict[str, Task] = {task.name: task for task in dag.tasks}
    conditions = {name: depends.condition(task, tasks) for name, task in tasks.items()}
    followers: dict[str, list[str]] = {name: [] for name in tasks}
    for name, condition in conditions.items():
        for other in condition.tasks:
            followers[other].append(name)
    chosen = () if dag.has_late_targets else dag.target
    targets = chosen or tuple(sorted(name for name, after in followers.items() if not after))
    wanted = _needed(targets, conditions)
    return Plan(
        {name: conditions[name] for name in conditions if name in wanted},
        {name: tuple(filter(wanted.__contains__, after)) for name, after in followers.items()},
        targets,
        _printed(template),
    )


def _needed(targets: Iterable[str], conditions: Mapping[str, Condition]) -> set[str]:
    """The targets and what they depend on, directly or not."""
    found: set[str] = set()
    todo = list(targets)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(conditions[name].tasks)
    return found


def _printed(template: Template) -> frozenset[str]:
    return frozenset(
        one or other for _, text in texts(template) if "outputs.result" in text for one, other in _RESULT.findall(text)
    )
