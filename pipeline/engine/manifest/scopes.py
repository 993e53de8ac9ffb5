"""Which variables a text may name, depending on where it stands; and why it may not name others.
https://argo-workflows.readthedocs.io/en/latest/variables/

The controller's own check lets some through that it then waits for forever: an output of a task that does not come
before, the `result` of a template that has none. Here they are refused.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pipeline.engine.language.variables import tags, texts, time_variables
from pipeline.engine.planning.depends import Condition
from pipeline.engine.spec import Dag, Task, Template, Workflow

RETRY_NAMES: Final = frozenset(
    ("retries", "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message")
)
_ROOTS: Final = frozenset(("item", "steps", "inputs", "outputs", "pod", "workflow", "tasks"))
_PARAMETER: Final = re.compile(r"workflow\.parameters\.[\w-]+")
_OF_TASK: Final = ("id", "startedAt", "finishedAt", "status", "exitCode", "ip")


def workflow_names(workflow: Workflow) -> frozenset[str]:
    """The `workflow.…` variables of one workflow."""
    names = {f"workflow.{name}" for name in (
        "name", "namespace", "uid", "status", "failures", "duration", "mainEntrypoint", "serviceAccountName",
        "scheduledTime", "parameters", "parameters.json", "labels", "labels.json", "annotations", "annotations.json",
    )}  # fmt: skip
    if workflow.priority is not None:
        names.add("workflow.priority")
    names.update(time_variables("workflow.creationTimestamp", 0))
    names.update(f"workflow.parameters.{parameter.name}" for parameter in workflow.arguments.parameters)
    if workflow.kind == "WorkflowTemplate":
        names.update(_of_its_caller(workflow))
    names.update(f"workflow.labels.{key}" for key in (*(workflow.labels or ()), *(workflow.labels_from or ())))
    names.update(f"workflow.annotations.{key}" for key in workflow.annotations or ())
    outputs = [template.outputs for template in workflow.templates.values()]
    names.update(f"workflow.outputs.parameters.{each.global_name}" for all in outputs for each in all.parameters)
    return frozenset(names)


def _of_its_caller(workflow: Workflow) -> Iterator[str]:
    """The `workflow.parameters.…` that a WorkflowTemplate reads, and that what refers to it may have."""
    for _, text in texts(workflow.templates):
        for tag in tags(text):
            yield from (name.strip() for name in _PARAMETER.findall(tag))


def workflow_artifacts(workflow: Workflow) -> frozenset[str]:
    """The `workflow.outputs.artifacts.…` of one workflow."""
    outputs = [template.outputs for template in workflow.templates.values()]
    return frozenset(f"workflow.outputs.artifacts.{each.global_name}" for all in outputs for each in all.artifacts)


class Tasks:
    """The tasks of a dag, and which come before which."""

    def __init__(self, dag: Dag, conditions: Mapping[str, Condition], templates: Mapping[str, Template]) -> None:
        self.tasks = {task.name: task for task in dag.tasks}
        self.templates = templates
        self._conditions = conditions
        self._bits = {name: 1 << number for number, name in enumerate(self.tasks)}
        self._before: dict[str, int] = {}

    def cycle(self) -> tuple[str, ...]:
        """Tasks that wait for each other, if any. Also works out which come before which."""
        path: dict[str, Iterator[str]] = {}
        for start in self.tasks:
            if start in self._before:
                continue
            path = {start: iter(self._conditions[start].tasks)}
            while path:
                name = next(reversed(path))
                other = next(path[name], None)
                if other is None:
                    self._before[name] = 0
                    for each in self._conditions[name].tasks:
                        self._before[name] |= self._before[each] | self._bits[each]
                    del path[name]
                elif other in path:
                    names = list(path)
                    return (*names[names.index(other) :], other)
                elif other not in self._before:
                    path[other] = iter(self._conditions[other].tasks)
        return ()

    def before(self, name: str, other: str) -> bool:
        """Whether `other` has ended whenever `name` starts."""
        return bool(self._before[name] & self._bits[other])


class Groups:
    """The steps of a template, and which come before which."""

    def __init__(self, groups: tuple[tuple[Task, ...], ...], templates: Mapping[str, Template]) -> None:
        self.tasks = {step.name: step for group in groups for step in group}
        self.templates = templates
        self._numbers = {step.name: number for number, group in enumerate(groups) for step in group}

    def before(self, name: str, other: str) -> bool:
        """Whether `other` has ended whenever `name` starts."""
        return self._numbers[other] < self._numbers[name]


class Scope:
    """The variables that are known in one place of a manifest."""

    def __init__(
        self,
        global_names: frozenset[str],
        template: Template | None = None,
        global_artifacts: frozenset[str] = frozenset(),
    ) -> None:
        self.globals = global_names
        self.global_artifacts = global_artifacts
        self.local: set[str] = set()
        self.artifacts: set[str] = set()
        self.prefix = template.prefix if template is not None else ""
        self.tasks: Tasks | Groups | None = None
        self.task: Task | None = None
        self.ended = False
        if template is not None:
            self._add(template)

    def _add(self, template: Template) -> None:
        self.local |= {"node.name", "tasks.name", "steps.name", "inputs.parameters"}
        self.local |= {f"inputs.parameters.{parameter.name}" for parameter in template.inputs.parameters}
        self.artifacts = {f"inputs.artifacts.{artifact.name}" for artifact in template.inputs.artifacts}
        if template.retry is not None:
            self.local |= RETRY_NAMES
        if template.leaf:
            self.local.add("pod.name")
            self.local |= {f"{name}.path" for name in self.artifacts}
            self.local |= {f"outputs.artifacts.{artifact.name}.path" for artifact in template.outputs.artifacts}
            self.local |= {f"outputs.parameters.{parameter.name}.path" for parameter in template.outputs.parameters}

    def of_task(self, task: Task, tasks: Tasks | Groups, *, ended: bool = False) -> "Scope":
        """The scope of a task's fields; if it has `ended`, of its hooks'."""
        scope = self.of_outputs(tasks)
        scope.task, scope.ended = task, ended
        return scope

    def of_outputs(self, tasks: Tasks | Groups) -> "Scope":
        """The scope of the outputs of a dag or steps."""
        scope = Scope(self.globals, None, self.global_artifacts)
        scope.local, scope.artifacts, scope.prefix, scope.tasks = self.local, self.artifacts, self.prefix, tasks
        return scope

    def problem(self, name: str) -> str:
        """Why the variable `name` has no value here; empty if it has one."""
        if name in self.globals or name in self.local:
            return ""
        if self.tasks is not None and name.startswith(f"{self.prefix}."):
            return self._of_tasks(self.tasks, name)
        if name == "item" or name.startswith(("item.", "item[")):
            if self.task is None or not self.task.expands:
                return "is not known here: this is not a task with withItems, withParam or withSequence"
            return ""
        return f"is not known here{self._nearest(name)}"

    def is_foreign(self, name: str) -> bool:
        """Whether `name` has nothing to do with Argo's variables: these are somebody else's braces."""
        return name.partition(".")[0] not in _ROOTS and name not in RETRY_NAMES and not self._nearest(name, 0.85)

    def _nearest(self, name: str, alike: float = 0.6) -> str:
        from difflib import get_close_matches  # noqa: PLC0415 - 10 ms that only a mistake costs

        known = (self.globals | self.local) - {"inputs.parameters"}
        near = get_close_matches(name, known, n=1, cutoff=alike)
        return f"; did you mean {{{{{near[0]}}}}}?" if near else ""

    def holds(self, path: str) -> bool:
        """Whether `path` stands for several variables at once (`inputs.parameters` in an expression)."""
        return any(name.startswith(f"{path}.") for names in (self.globals, self.local) for name in names)

    def _of_tasks(self, tasks: Tasks | Groups, name: str) -> str:
        _, other, *rest = name.split(".", 2)
        what = rest[0] if rest else ""
        problem = self._unreachable(tasks, other)
        if problem:
            return problem
        task = tasks.tasks[other]
        if self.ended and self.task is task and what != "status" and not what.startswith("outputs.parameters."):
            return "is not known to a hook: it sees only the status, parameters and artifacts of what it follows"
        template = tasks.templates.get(task.template)
        if what == "ip" and template is not None and not template.daemon:
            return f"is not known: {task.template} is no daemon"
        return "" if what in _OF_TASK or template is None else self._of_outputs(task, template, what)

    def _of_outputs(self, task: Task, template: Template, what: str) -> str:
        if what == "outputs.result":
            return (
                ""
                if template.main or template.http
                else f"is not known: {task.template} prints nothing; it is not a container"
            )
        if what == "outputs.parameters":
            return "" if task.expands else f"is not known: {task.name} is not a fan-out; name one of its parameters"
        declared = [f"outputs.parameters.{parameter.name}" for parameter in template.outputs.parameters]
        if what in declared:
            return ""
        return f"is not known: {task.template} has {', '.join(declared) or 'no outputs.parameters'}"

    def _unreachable(self, tasks: Tasks | Groups, other: str) -> str:
        if other not in tasks.tasks:
            return f"is not known: there is no {self.prefix.removesuffix('s')} {other} here"
        if self.task is None or (self.ended and other == self.task.name) or tasks.before(self.task.name, other):
            return ""
        if self.prefix == "steps":
            return f"would never have a value: {other} is not in a group before that of {self.task.name}"
        return f"would never have a value: {self.task.name} does not depend on {other}"

    def artifact_problem(self, name: str) -> str:
        """Why `name` leads to no artifact here; empty if it does."""
        if name in self.artifacts or name in self.global_artifacts:
            return ""
        parts = name.split(".")
        if len(parts) != 5 or parts[0] != self.prefix or parts[2:4] != ["outputs", "artifacts"] or self.tasks is None:
            return "is not an artifact that is known here"
        return self._unreachable(self.tasks, parts[1]) or self._of_artifacts(self.tasks, parts[1], parts[4])

    def _of_artifacts(self, tasks: Tasks | Groups, other: str, artifact: str) -> str:
        task = tasks.tasks[other]
        if task.expands:
            return f"is not known: {other} is a fan-out, and artifacts of a fan-out cannot be combined"
        template = tasks.templates.get(task.template)
        there = [each.name for each in template.outputs.artifacts] if template else []
        if artifact in there:
            return ""
        return f"is not known: {task.template} puts out {', '.join(there) or 'no artifacts'}"
