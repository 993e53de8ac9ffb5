"""What must hold of a workflow before any of it starts: every name leads somewhere, every argument is given, and what
`text_checks` and `template_checks` say.

Mistakes that the controller would find only at run time, or wait for forever, are refused here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from pipeline.engine.language import expr
from pipeline.engine.language.grammar import NotParsed
from pipeline.engine.manifest.scopes import RETRY_NAMES, Groups, Scope, Tasks, workflow_artifacts, workflow_names
from pipeline.engine.manifest.template_checks import check_inputs, check_mounts, check_outputs
from pipeline.engine.manifest.text_checks import Subject, check_expression, check_filled_in, check_texts
from pipeline.engine.planning import depends
from pipeline.engine.spec import NOTHING, Dag, Hook, Task, Template, Values, Workflow
from pipeline.errors import Refused


def check(workflow: Workflow) -> None:
    """Refuse a workflow that could not run to its end here.

    Raises:
        Refused: names file, template and field.
    """
    problems: list[str] = []
    for part in _parts(workflow):
        try:
            part()
        except Refused as problem:
            problems.extend(problem.problems)
    if problems:
        raise Refused(*problems)


def _parts(workflow: Workflow) -> Iterator[Callable[[], None]]:
    """What is checked by itself: the workflow's own fields, then each template."""
    yield partial(_check_fields, workflow)
    names, artifacts = workflow_names(workflow), workflow_artifacts(workflow)
    yield lambda: check_texts(Subject(workflow), workflow.arguments, ".arguments", Scope(names))
    for name, hook in (workflow.hooks or {}).items():
        yield partial(_check_hook, Subject(workflow), f".hooks.{name}", hook, Scope(names))
    for template in workflow.templates.values():
        yield _Check(workflow, template, Scope(names, template, artifacts)).run


def _check_fields(workflow: Workflow) -> None:
    subject = Subject(workflow)
    for role, name in (("entrypoint", workflow.entrypoint), ("onExit", workflow.on_exit)):
        if name and name not in workflow.templates:
            subject.refuse(f".{role} is {name!r}; there are the templates {', '.join(workflow.templates)}")
    if workflow.entrypoint in workflow.templates and workflow.templates[workflow.entrypoint].daemon:
        problem = "a daemon, of which no end is awaited, so a cluster ends with Error; name a dag or steps"
        subject.refuse(f".entrypoint is {workflow.entrypoint!r}, {problem}")
    for name, hook in (workflow.hooks or {}).items():
        if hook.template not in workflow.templates:
            there = ", ".join(workflow.templates)
            subject.refuse(f".hooks.{name}.template is {hook.template!r}; there are the templates {there}")
    if not workflow.entrypoint and workflow.kind != "WorkflowTemplate":
        subject.refuse(".entrypoint is missing")
    if workflow.kind != "WorkflowTemplate":  # which what refers to it may complete
        _check_arguments(workflow)


def _check_hook(subject: Subject, where: str, hook: Hook, scope: Scope) -> None:
    check_texts(subject, hook.arguments, f"{where}.arguments", scope)
    check_texts(subject, f"{{{{={hook.expression}}}}}", f"{where}.expression", scope)


def check_started(workflow: Workflow) -> None:
    """Refuse to start a WorkflowTemplate by itself that counts on what refers to it: for an argument, or for a
    parameter.

    Raises:
        Refused: names it.
    """
    _check_arguments(workflow)
    if workflow.kind == "WorkflowTemplate":
        check(replace(workflow, kind="Workflow"))


def _check_arguments(workflow: Workflow) -> None:
    for name in filter(None, (workflow.entrypoint, workflow.on_exit)):
        _check_given(Subject(workflow), f".arguments: {name}", workflow.templates[name], workflow.arguments)
    for name, hook in (workflow.hooks or {}).items():
        where, target = f".hooks.{name}: {hook.template}", workflow.templates[hook.template]
        _check_given(Subject(workflow), where, target, hook.arguments or NOTHING)


def _check_given(subject: Subject, where: str, target: Template, arguments: Values) -> None:
    given = {parameter.name for parameter in arguments.parameters}
    held = {artifact.name for artifact in arguments.artifacts}
    for parameter in target.inputs.parameters:
        own = (parameter.default, parameter.value, parameter.value_from)
        if parameter.name not in given and own == (None, None, None):
            subject.refuse(f"{where} needs the parameter {parameter.name}, which has no default")
    for artifact in target.inputs.artifacts:
        if artifact.name not in held and not artifact.optional and not artifact.located:
            subject.refuse(f"{where} needs the artifact {artifact.name}")


class _Check:
    """The check of one template."""

    def __init__(self, workflow: Workflow, template: Template, scope: Scope) -> None:
        self.workflow = workflow
        self.template = template
        self.scope = scope
        self.subject = Subject(workflow, template)
        self.refuse = self.subject.refuse

    def run(self) -> None:
        template = self.template
        check_outputs(self.subject, template)
        check_inputs(self.subject, template)
        if template.dag is not None:
            self.dag(template.dag)
        elif template.steps is not None:
            self.steps(template.steps)
        else:
            if self.workflow.kind != "WorkflowTemplate":  # which what refers to it may complete
                check_mounts(self.subject, template)
            check_texts(self.subject, template, "", self.scope)
        if template.memoize is not None:
            check_texts(self.subject, template.memoize, ".memoize", self.scope)
        if template.retry is not None:
            check_texts(self.subject, template.retry, ".retryStrategy", self.scope)
            self.retry_expression(template.retry.expression)

    def retry_expression(self, expression: str) -> None:
        if expression and "{{" not in expression:
            try:
                expr.check(expression, RETRY_NAMES.__contains__)
            except expr.NotEvaluated as error:
                self.refuse(f".retryStrategy.expression is {expression!r}: {error}")

    def dag(self, dag: Dag) -> None:
        tasks = {task.name: task for task in dag.tasks}
        if len(tasks) < len(dag.tasks):
            self.refuse(".dag.tasks: two tasks have one name")
        for task in dag.tasks if any(task.depends for task in dag.tasks) else ():
            if task.dependencies:
                self.refuse(f".dag.tasks[{task.name}]: depends and dependencies cannot be in one dag")
            if task.continue_on_failed or task.continue_on_error:
                self.refuse(f".dag.tasks[{task.name}]: continueOn cannot be beside depends")
        known = Tasks(dag, {task.name: self.condition(task, tasks) for task in dag.tasks}, self.workflow.templates)
        cycle = known.cycle()
        if cycle:
            self.refuse(f".dag.tasks depend on each other in a circle: {' → '.join(cycle)}")
        for name in () if dag.has_late_targets else dag.target:
            if name not in tasks:
                self.refuse(f".dag.target names {name}, which is not a task")
        self.parts(".dag.tasks", known)

    def condition(self, task: Task, tasks: Mapping[str, Task]) -> depends.Condition:
        where = f".dag.tasks[{task.name}]"
        try:
            condition = depends.condition(task, tasks)
        except NotParsed as error:
            self.refuse(f"{where}.depends is {task.depends!r}: {error}")
        if condition.tasks and task.name[0].isdecimal():
            self.refuse(f"{where}: a name beside depends or dependencies cannot begin with a digit")
        for name, result in condition.results:
            if name not in tasks:
                self.refuse(f"{where} depends on {name}, which is not a task of this dag")
            if result not in depends.RESULTS:
                self.refuse(f"{where} depends on {name}.{result}; wanted one of {', '.join(depends.RESULTS)}")
            if result in depends.OF_ITEMS and not tasks[name].expands:
                self.refuse(f"{where} depends on {name}.{result}, but {name} is not a fan-out")
        return condition

    def steps(self, groups: tuple[tuple[Task, ...], ...]) -> None:
        names = [step.name for group in groups for step in group]
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            self.refuse(f".steps: two steps are named {twice}")
        self.parts(".steps", Groups(groups, self.workflow.templates))

    def parts(self, where: str, known: Tasks | Groups) -> None:
        for task in self.template.tasks:
            self.task(f"{where}[{task.name}]", task, self.scope.of_task(task, known))
            scope = self.scope.of_task(task, known, ended=True)
            if task.on_exit is not None:
                self.hook(f"{where}[{task.name}].onExit", task.on_exit, scope)
            for name, hook in (task.hooks or {}).items():
                self.hook(f"{where}[{task.name}].hooks.{name}", hook, scope)
        check_texts(self.subject, self.template.outputs, ".outputs", self.scope.of_outputs(known))

    def task(self, where: str, task: Task, scope: Scope) -> None:
        self.called(where, task.template, task.arguments)
        check_filled_in(self.subject, replace(task, on_exit=None, hooks=None), where, scope)

    def hook(self, where: str, hook: Hook, scope: Scope) -> None:
        self.called(where, hook.template, hook.arguments if hook.arguments is not None else self.workflow.arguments)
        check_filled_in(self.subject, replace(hook, expression=""), where, scope)
        check_expression(self.subject, where, hook.expression)

    def called(self, where: str, key: str, arguments: Values) -> None:
        """A template that is named must be there, and be given what it needs."""
        target = self.workflow.templates.get(key)
        if target is None:
            self.refuse(f"{where}.template is {key!r}; there are {', '.join(self.workflow.templates)}")
        _check_given(self.subject, f"{where}: {target.name}", target, arguments)
