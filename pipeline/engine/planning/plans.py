"""What can be known of a dag or steps before they run: which task waits for which, which are wanted at all, and whose
stdout is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from pipeline.engine.language.variables import texts
from pipeline.engine.planning import depends
from pipeline.engine.planning.depends import Condition
from pipeline.engine.spec import Task, Template

_RESULT: Final = re.compile(r"""(?:tasks|steps)(?:\.([-A-Za-z0-9]+)|\[['"]([-A-Za-z0-9]+)['"]\])\.outputs\.result""")


@dataclass(frozen=True, eq=False)
class Plan:
    """`conditions` of the tasks that are wanted, in the manifest's order; `followers` of each; `targets`, by name,
    whose phases make the dag's; `printed`: the tasks whose stdout another one reads."""

    conditions: Mapping[str, Condition]
    followers: Mapping[str, tuple[str, ...]]
    targets: tuple[str, ...]
    printed: frozenset[str]


def plans(templates: Mapping[str, Template]) -> dict[str, Plan]:
    """The plan of every dag and all steps among the templates."""
    return {name: plan(template) for name, template in templates.items() if template.tasks}


def with_targets(template: Template) -> Template:
    """A dag whose targets were variables, which have been filled in."""
    dag = template.dag
    return template if dag is None else replace(template, dag=replace(dag, target=tuple(" ".join(dag.target).split())))


def plan(template: Template) -> Plan:
    """The plan of one template; of a dag whose targets are not known yet, as if it had none.

    Raises:
        KeyError: a target is no task.
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
    chosen = () if dag.later else dag.target
    targets = chosen or tuple(sorted(name for name, after in followers.items() if not after))
    wanted: set[str] = set()
    todo = list(targets)
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo.extend(conditions[name].tasks)
    return Plan(
        {name: condition for name, condition in conditions.items() if name in wanted},
        {name: tuple(other for other in after if other in wanted) for name, after in followers.items()},
        targets,
        _printed(template),
    )


def _printed(template: Template) -> frozenset[str]:
    return frozenset(
        one or other for _, text in texts(template) if "outputs.result" in text for one, other in _RESULT.findall(text)
    )
