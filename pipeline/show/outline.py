"""What a run would do, before it does it: the tree of its tasks and steps in the order in which they start, with what
they wait for, their conditions, and every value that is known already.

A tag that only a result can replace stays as it is. A template within itself is cut, and so is a tree that is too long.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.engine import Reuse
from pipeline.engine.language import NotEvaluated, Unresolved, holds, replace_all
from pipeline.engine.planning import NotExpanded, expand, plan, with_targets
from pipeline.engine.spec import NOTHING, Parameter, Retry, Task, Template, Values, Workflow
from steps.pages.words import one_line, shortened

MOST = 3000  # entries; a tree that is longer is cut
_SHOWN_ITEMS = 3
_DETAIL = 80  # characters of what a template does


@dataclass
class Branch:
    """One line of the tree and what is below it. `detail`: what kind of thing it is; `facts`: conditions and limits;
    `values`: its parameters; `state`: what is known of its end already (`skipped`, `reused from …`), or empty."""

    title: str
    detail: str = ""
    facts: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    parts: list["Branch"] = field(default_factory=list)
    state: str = ""


def outline(workflow: Workflow, arguments: Mapping[str, str], reuse: Reuse | None = None) -> Branch:
    """The tree of a workflow with these parameters; `reuse`: what it would take from an earlier run."""
    return _Outline(workflow, arguments, reuse).whole()


class _Outline:
    def __init__(self, workflow: Workflow, arguments: Mapping[str, str], reuse: Reuse | None) -> None:
        self.workflow = workflow
        self.arguments = Values(
            tuple(replace(each, value=arguments.get(each.name)) for each in workflow.arguments.parameters),
            workflow.arguments.artifacts,
        )
        self.reuse = reuse
        self.left = MOST
        self.known: dict[str, str] = {
            "workflow.namespace": workflow.namespace or "default",
            "workflow.mainEntrypoint": workflow.entrypoint,
            "workflow.serviceAccountName": workflow.service_account,
            **{f"workflow.labels.{name}": value for name, value in (workflow.labels or {}).items()},
            **{f"workflow.annotations.{name}": value for name, value in (workflow.annotations or {}).items()},
            **{f"workflow.parameters.{name}": value for name, value in arguments.items()},
        }

    def whole(self) -> Branch:
        workflow = self.workflow
        entry = Branch(workflow.name, f"{workflow.kind} of {workflow.source}")
        entry.values = {each.name: each.value or "" for each in self.arguments.parameters}
        entry.facts = _limits(workflow.mutexes, workflow.deadline_seconds, workflow.parallelism)
        if self.reuse is not None:
            entry.facts.insert(0, f"again from {self.reuse.node}, after run {self.reuse.run}")
        entry.parts.append(self.template(workflow.entrypoint, "", workflow.entrypoint, self.arguments, ()))
        if workflow.on_exit:
            ending = self.template(workflow.on_exit, None, workflow.on_exit, self.arguments, ())
            ending.facts.insert(0, "exit handler: runs at the end, whatever that is")
            entry.parts.append(ending)
        for name, hook in (workflow.hooks or {}).items():
            beside = self.template(f"hooks.{name}", None, hook.template, hook.arguments or NOTHING, ())
            beside.facts.insert(0, f"hook: runs once {hook.expression}")
            entry.parts.append(beside)
        for part in entry.parts:  # the workflow's own parameters are not shown twice
            part.values = {name: value for name, value in part.values.items() if entry.values.get(name) != value}
        return entry

    def template(self, title: str, path: str | None, key: str, arguments: Values, above: tuple[str, ...]) -> Branch:
        """A template's tree. `path`: its node's name below the run; `above`: the templates that it is within."""
        self.left -= 1
        template = self.bound(self.workflow.templates[key], arguments)
        entry = Branch(title, _detail(template, key if key != title else ""))
        entry.values = {each.name: _given(each) for each in template.inputs.parameters}
        entry.facts = _limits(template.mutexes, template.deadline_seconds, template.parallelism)
        entry.facts += [f"at most {template.timeout}"] if template.timeout else []
        entry.facts += [_retries(template.retry)] if template.retry is not None else []
        entry.facts += _of_pod(template)
        if template.fail_fast or (template.dag is not None and not template.dag.fail_fast):
            entry.facts.append("ends at its first failure" if template.fail_fast else "goes on after a failure")
        if path is not None and self.reuse is not None and path in self.reuse.leaves:
            entry.state = f"reused from {self.reuse.run}"
        if key in above:
            entry.parts = [Branch(f"{key} within itself: the same again, until a condition ends it")]
        elif template.dag is not None:
            entry.parts = list(self.dag(template, path, (*above, key)))
        elif template.steps is not None:
            entry.parts = list(self.steps(template.steps, path, (*above, key)))
        return entry

    def bound(self, template: Template, arguments: Values) -> Template:
        """A template with the values that are known already."""
        given = {each.name: each.value for each in arguments.parameters}
        inputs = tuple(replace(each, value=given.get(each.name, each.value)) for each in template.inputs.parameters)
        bound = self.filled(replace(template, inputs=Values(inputs, template.inputs.artifacts)), self.known)
        values = {
            f"inputs.parameters.{each.name}": each.value if each.value is not None else each.default
            for each in bound.inputs.parameters
        }
        return self.filled(bound, {name: value for name, value in values.items() if value is not None})

    def filled[Value](self, value: Value, known: Mapping[str, str]) -> Value:
        try:
            found: Value = replace_all(value, known.get)
        except Unresolved:
            return value
        return found

    def dag(self, template: Template, path: str | None, above: tuple[str, ...]) -> Iterator[Branch]:
        template = with_targets(template)
        tasks = {task.name: task for task in template.tasks}
        for name in _in_order({name: condition.tasks for name, condition in plan(template).conditions.items()}):
            task = tasks[name]
            after = task.depends or " && ".join(task.dependencies)
            yield self.task(task, None if path is None else f"{path}.{name}", after, above)

    def steps(self, groups: Sequence[Sequence[Task]], path: str | None, above: tuple[str, ...]) -> Iterator[Branch]:
        for number, group in enumerate(groups):
            before = ", ".join(step.name for step in groups[number - 1]) if number else ""
            for step in group:
                yield self.task(step, None if path is None else f"{path}[{number}].{step.name}", before, above)

    def task(self, task: Task, path: str | None, after: str, above: tuple[str, ...]) -> Branch:
        if self.left <= 0:
            return Branch("cut here: the tree is too long")
        facts = [f"after {after}"] if after else []
        names, fan_out = self.fan_out(task)
        verdict = self.verdict(task)
        if verdict is False:
            self.left -= 1
            entry = Branch(task.name, state="skipped")
        else:
            entry = self.template(task.name, path, task.template, task.arguments, above)
        facts += [f"when {task.when}{_said(verdict)}"] if task.when else []
        facts += [fan_out] if fan_out else []
        if names and path is not None and self.reuse is not None:
            start = path.removesuffix(task.name)
            taken = sum(start + name in self.reuse.leaves for name in names)
            entry.state = f"{taken} of {len(names)} reused from {self.reuse.run}" if taken else entry.state
        goes_on = [
            word for word, yes in (("failed", task.continue_on_failed), ("error", task.continue_on_error)) if yes
        ]
        facts += [f"the run goes on after it ({', '.join(goes_on)})"] if goes_on else []
        if task.on_exit is not None:
            condition = f" when {task.on_exit.expression}" if task.on_exit.expression else ""
            facts.append(f"then {task.on_exit.template}{condition}")
        facts += [f"beside it {hook.template} when {hook.expression}" for hook in (task.hooks or {}).values()]
        entry.facts = facts + entry.facts
        return entry

    def verdict(self, task: Task) -> bool | str | None:
        """Whether a task runs, or None if that is not known yet; a text if it cannot be evaluated."""
        if not task.when or "{{" in task.when:
            return None
        try:
            return holds(task.when)
        except NotEvaluated as problem:
            return str(problem)

    def fan_out(self, task: Task) -> tuple[list[str], str]:
        """The names of a fan-out's nodes, if they are known already, and what is said of it."""
        if not task.expands:
            return [], ""
        source = replace(task, arguments=NOTHING, when="", on_exit=None, hooks=None)
        numbers = [task.sequence.start, task.sequence.end, task.sequence.count] if task.sequence is not None else []
        if "{{" in task.param:
            return [], f"for each of {task.param}"
        if any("{{" in (number or "") for number in numbers):
            start, end, count = numbers
            return [], f"for each of {count} numbers" if count else f"for each number from {start or 0} to {end}"
        try:
            names = [each.name for each in expand(source, lambda _: None)]
        except NotExpanded as problem:
            return [], f"for each: {problem}"
        more = ", …" if len(names) > _SHOWN_ITEMS else ""
        return names, f"{len(names)} items: {', '.join(names[:_SHOWN_ITEMS])}{more}" if names else "no items"


def _said(verdict: bool | str | None) -> str:
    if isinstance(verdict, str):
        return f" ({verdict})"
    return "" if verdict is None else f", which is {str(verdict).lower()}"


def _given(parameter: Parameter) -> str:
    return parameter.value if parameter.value is not None else parameter.default or ""


def _in_order(before: Mapping[str, Sequence[str]]) -> list[str]:
    """The tasks as they start: each after those that it waits for, otherwise in the manifest's order."""
    waiting = {name: len(others) for name, others in before.items()}
    followers: dict[str, list[str]] = {name: [] for name in before}
    for name, others in before.items():
        for other in others:
            followers[other].append(name)
    order = [name for name, left in waiting.items() if left == 0]
    for name in order:
        for follower in followers[name]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                order.append(follower)
    return order


def _limits(mutexes: Sequence[str], deadline: object, parallelism: int | None) -> list[str]:
    found = [f"mutex {', '.join(mutexes)}"] if mutexes else []
    found += [f"deadline {deadline} s"] if deadline is not None else []
    return found + ([f"at most {parallelism} at once"] if parallelism else [])


def _retries(retry: Retry) -> str:
    limit = "1 retry" if retry.limit == "1" else f"{retry.limit} retries"
    said = [f"up to {limit}" if retry.limit is not None else "retries without end"]
    said += [f"policy {retry.policy}"] if retry.policy else []
    said += [f"while {retry.expression}"] if retry.expression else []
    backoff = retry.backoff
    if backoff is not None:
        said.append(f"{backoff.duration} apart" + (f", x {backoff.factor} each time" if backoff.factor else ""))
        said += [f"for at most {backoff.max_duration}"] if backoff.max_duration else []
    return ", ".join(said)


def _of_pod(template: Template) -> list[str]:
    """What is said of a pod that is more than one command."""
    said = ["a daemon: ends with what it is part of"] if template.daemon else []
    for word, parts in (("first", template.before), ("beside it", template.beside)):
        said += [f"{word} {part.name}: {shlex.join((*part.container.command, *part.container.args))}" for part in parts]
    return said


def brief(value: str) -> str:
    """A value as it is, but an object in JSON that fills lines, which nobody reads here."""
    whole = value.strip()
    return "{…}" if len(whole) > _DETAIL and whole[0] == "{" and whole[-1] == "}" else value


def _detail(template: Template, name: str) -> str:
    kind = "dag" if template.dag is not None else "steps" if template.steps is not None else ""
    if template.script is not None:
        first = next((line for line in template.script.source.splitlines() if line.strip()), "")
        kind = f"script of {template.script.command[0]}: {first.strip()}"
    elif template.container_set is not None:
        kind = f"containers {', '.join(part.name for part in template.parts)}"
    elif template.container is not None:
        kind = shlex.join(map(brief, [*template.container.command, *template.container.args]))
    elif template.resource is not None:
        kind = "resource"
    elif template.suspend is not None:
        duration = template.suspend.duration
        kind = f"pause of {duration}" if duration else "pause until a person lets it go on"
    return shortened(one_line(f"{name}: {kind}" if name else kind), _DETAIL)
