"""What must hold of a workflow before any of it starts: every name leads somewhere, every `{{variable}}` will have a
value, no command repeats a path that only exists on a cluster.

Where the controller would find a mistake only at run time, or wait for ever, this refuses it here.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NoReturn

from pipeline.engine.language import expr
from pipeline.engine.language.grammar import NotParsed
from pipeline.engine.language.variables import is_name, tags, texts
from pipeline.engine.manifest.scopes import RETRY_NAMES, Groups, Scope, Tasks, workflow_artifacts, workflow_names
from pipeline.engine.planning import depends
from pipeline.engine.spec import Dag, Hook, Task, Template, Values, Workflow
from pipeline.errors import Refused


def check(workflow: Workflow) -> None:
    """Refuse a workflow that could not run to its end here.

    Raises:
        Refused: names file, template and field.
    """
    _Check(workflow).run()


def check_arguments(workflow: Workflow) -> None:
    """Refuse to start a workflow whose entrypoint or exit handler lacks an argument.

    Raises:
        Refused: names the argument.
    """
    _Check(workflow).arguments()


class _Check:
    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.globals, self.artifacts = workflow_names(workflow), workflow_artifacts(workflow)

    def refuse(self, template: Template | None, problem: str) -> NoReturn:
        place = f".templates[{template.name}]" if template else ""
        raise Refused(f"{self.workflow.source}: {self.workflow.name}{place}{problem}")

    def run(self) -> None:
        workflow = self.workflow
        for role, name in (("entrypoint", workflow.entrypoint), ("onExit", workflow.on_exit)):
            if name and name not in workflow.templates:
                self.refuse(None, f".{role} is {name!r}; there are the templates {', '.join(workflow.templates)}")
        if not workflow.entrypoint and workflow.kind != "WorkflowTemplate":
            self.refuse(None, ".entrypoint is missing")
        if workflow.kind != "WorkflowTemplate":  # which may be completed by what refers to it
            self.arguments()
        for path, text in texts(workflow.arguments, ".arguments"):
            self.variables(None, path, text, Scope(self.globals))
        for template in workflow.templates.values():
            self.template(template)

    def arguments(self) -> None:
        workflow = self.workflow
        given = {parameter.name for parameter in workflow.arguments.parameters}
        held = {artifact.name for artifact in workflow.arguments.artifacts}
        for name in filter(None, (workflow.entrypoint, workflow.on_exit)):
            self.supplied(None, f".arguments: {name}", workflow.templates[name], given, held)

    def supplied(
        self, template: Template | None, where: str, target: Template, given: set[str], held: set[str]
    ) -> None:
        for parameter in target.inputs.parameters:
            if parameter.name not in given and parameter.default is None and parameter.value is None:
                self.refuse(template, f"{where} needs the parameter {parameter.name}, which has no default")
        for artifact in target.inputs.artifacts:
            if artifact.name not in held and not artifact.optional and not artifact.located:
                self.refuse(template, f"{where} needs the artifact {artifact.name}")

    def template(self, template: Template) -> None:
        self.outputs(template)
        scope = Scope(self.globals, template, self.artifacts)
        if template.dag is not None:
            self.dag(template, template.dag, scope)
        elif template.steps is not None:
            self.steps(template, template.steps, scope)
        else:
            self.paths(template)
            for path, text in texts(template):
                self.variables(template, f".{path}", text, scope)
        if template.retry is not None:
            for path, text in texts(template.retry, ".retryStrategy"):
                self.variables(template, path, text, scope)
            self.retry_expression(template, template.retry.expression)

    def retry_expression(self, template: Template, expression: str) -> None:
        if expression and "{{" not in expression:
            try:
                expr.check(expression, RETRY_NAMES.__contains__)
            except expr.NotEvaluated as error:
                self.refuse(template, f".retryStrategy.expression is {expression!r}: {error}")

    def outputs(self, template: Template) -> None:
        kind, wanted = _kind(template)
        for parameter in template.outputs.parameters:
            source = parameter.value_from
            if not any(getattr(source, name) for name in wanted):
                fields = " or ".join(f"valueFrom.{_FIELDS.get(name, name)}" for name in wanted)
                self.refuse(template, f".outputs.parameters[{parameter.name}] of a {kind} needs {fields}")
            if source is not None and source.expression:
                self.expression(template, f".outputs.parameters[{parameter.name}].valueFrom", source.expression)
        for artifact in template.outputs.artifacts:
            if template.tasks and not artifact.source and not artifact.expression:
                self.refuse(template, f".outputs.artifacts[{artifact.name}] of a {kind} needs 'from' or "
                                      "'fromExpression'")  # fmt: skip
            if template.container and not artifact.path:
                self.refuse(template, f".outputs.artifacts[{artifact.name}] of a {kind} needs 'path'")
            if template.resource or template.suspend:
                self.refuse(template, f".outputs.artifacts: a {kind} has none in this engine")
        for artifact in template.inputs.artifacts:
            if template.container and not artifact.path:
                self.refuse(template, f".inputs.artifacts[{artifact.name}] of a {kind} needs 'path'")
            if template.tasks and artifact.path:
                self.refuse(template, f".inputs.artifacts[{artifact.name}] of a {kind} has no 'path'")
        held = {artifact.name for artifact in template.inputs.artifacts}
        if template.resource and template.resource.artifact and template.resource.artifact not in held:
            self.refuse(template, f".resource.manifestFrom names {template.resource.artifact}, no input artifact of it")

    def paths(self, template: Template) -> None:
        """A declared path becomes a folder of the node; a command that spells it out would miss it."""
        container = template.container
        if container is None:
            return
        declared = [value.path for value in (*template.inputs.artifacts, *template.outputs.artifacts)]
        declared += [value.value_from.path for value in template.outputs.parameters if value.value_from]
        source = template.script.source if template.script else ""
        spoken = (*container.command, *container.args, source, *(each.value or "" for each in container.env))
        for path in filter(None, (*declared, *container.mounts)):
            if any(_spells(text, path) for text in spoken):
                self.refuse(
                    template,
                    f".{_kind(template)[0]} repeats the path {path}, which here is a folder of the node; write "
                    "{{inputs.artifacts.NAME.path}}, {{outputs.artifacts.NAME.path}} or "
                    "{{outputs.parameters.NAME.path}}",
                )

    def dag(self, template: Template, dag: Dag, scope: Scope) -> None:
        tasks = {task.name: task for task in dag.tasks}
        if len(tasks) < len(dag.tasks):
            self.refuse(template, ".dag.tasks: two tasks have one name")
        if any(task.depends for task in dag.tasks):
            for task in dag.tasks:
                if task.dependencies:
                    self.refuse(template, f".dag.tasks[{task.name}]: depends and dependencies cannot be in one dag")
                if task.continue_on_failed or task.continue_on_error:
                    self.refuse(template, f".dag.tasks[{task.name}]: continueOn cannot be beside depends")
        conditions = {task.name: self.condition(template, task, tasks) for task in dag.tasks}
        known = Tasks(dag, conditions, self.workflow.templates)
        cycle = known.cycle()
        if cycle:
            self.refuse(template, f".dag.tasks depend on each other in a circle: {' → '.join(cycle)}")
        for name in () if dag.has_late_targets else dag.target:
            if name not in tasks:
                self.refuse(template, f".dag.target names {name}, which is no task")
        self.parts(template, ".dag.tasks", scope, known)

    def steps(self, template: Template, groups: tuple[tuple[Task, ...], ...], scope: Scope) -> None:
        names = [step.name for group in groups for step in group]
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            self.refuse(template, f".steps: two steps are named {twice}")
        self.parts(template, ".steps", scope, Groups(groups, self.workflow.templates))

    def parts(self, template: Template, where: str, scope: Scope, known: Tasks | Groups) -> None:
        for task in template.tasks:
            self.task(template, f"{where}[{task.name}]", task, scope.of_task(task, known))
            if task.on_exit is not None:
                self.hook(
                    template, f"{where}[{task.name}].onExit", task.on_exit, scope.of_task(task, known, ended=True)
                )
        for path, text in texts(template.outputs, ".outputs"):
            self.variables(template, path, text, scope.of_outputs(known))

    def condition(self, template: Template, task: Task, tasks: Mapping[str, Task]) -> depends.Condition:
        where = f".dag.tasks[{task.name}]"
        try:
            condition = depends.condition(task, tasks)
        except NotParsed as error:
            self.refuse(template, f"{where}.depends is {task.depends!r}: {error}")
        if condition.tasks and task.name[0].isdecimal():
            self.refuse(template, f"{where}: a name beside depends or dependencies cannot begin with a digit")
        for name, result in condition.results:
            if name not in tasks:
                self.refuse(template, f"{where} depends on {name}, which is no task of this dag")
            if result not in depends.RESULTS:
                self.refuse(template, f"{where} depends on {name}.{result}; wanted one of {', '.join(depends.RESULTS)}")
            if result in depends.OF_ITEMS and not tasks[name].expands:
                self.refuse(template, f"{where} depends on {name}.{result}, but {name} is no fan-out")
        return condition

    def task(self, template: Template, where: str, task: Task, scope: Scope) -> None:
        self.called(template, where, task.template, task.arguments)
        self.filled(template, where, replace(task, on_exit=None), scope)

    def hook(self, template: Template, where: str, hook: Hook, scope: Scope) -> None:
        arguments = hook.arguments if hook.arguments is not None else self.workflow.arguments
        self.called(template, where, hook.template, arguments)
        self.filled(template, where, replace(hook, expression=""), scope)
        if hook.expression:
            self.expression(template, where, hook.expression)

    def called(self, template: Template, where: str, key: str, arguments: Values) -> None:
        """A template that is named must be there, and be given what it needs."""
        target = self.workflow.templates.get(key)
        if target is None:
            self.refuse(template, f"{where}.template is {key!r}; there are {', '.join(self.workflow.templates)}")
        given = {parameter.name for parameter in arguments.parameters}
        held = {artifact.name for artifact in arguments.artifacts}
        self.supplied(template, f"{where}: {target.name}", target, given, held)

    def filled(self, template: Template, where: str, value: Task | Hook, scope: Scope) -> None:
        """All texts of a task or hook must name variables that it can know."""
        for path, text in texts(value, where):
            in_artifact = ".arguments.artifacts[" in path
            if in_artifact and path.endswith(".expression"):
                if text:
                    self.expression(template, path.removesuffix(".expression"), text, "fromExpression")
            elif in_artifact and path.endswith(".source"):
                if text:
                    self.artifact(template, path, text, scope)
            else:
                self.variables(template, path, text, scope)

    def expression(self, template: Template | None, where: str, text: str, field: str = "expression") -> None:
        try:
            expr.check(text)
        except expr.NotEvaluated as error:
            self.refuse(template, f"{where}.{field} is {text!r}: {error}")

    def artifact(self, template: Template, path: str, text: str, scope: Scope) -> None:
        found = list(tags(text))
        if len(found) != 1 or text != f"{{{{{found[0]}}}}}":
            self.refuse(
                template, f"{path} is {text!r}; wanted one reference such as {{{{tasks.A.outputs.artifacts.b}}}}"
            )
        problem = scope.artifact_problem(found[0].strip())
        if problem:
            self.refuse(template, f"{path}: {{{{{found[0]}}}}} {problem}")

    def variables(self, template: Template | None, path: str, text: str, scope: Scope) -> None:
        for tag in tags(text):
            if tag.startswith("="):
                self.computed(template, path, tag, scope)
                continue
            name = tag.strip()
            if "{{" in name or not is_name(name) or scope.is_foreign(name):
                continue  # put together at run time, or no variable at all: left as it stands, as on a cluster
            if path.startswith(".outputs.artifacts[") and ".outputs.artifacts." in name:
                problem = scope.artifact_problem(name)
            else:
                problem = scope.problem(name)
            if problem:
                self.refuse(template, f"{path}: {{{{{tag}}}}} {problem}")

    def computed(self, template: Template | None, path: str, tag: str, scope: Scope) -> None:
        """An expression must be one, and name only variables that have a value here."""
        try:
            expr.check(tag[1:])
            for name in expr.paths(tag[1:]):
                known = name.partition(".")[0] not in _ROOTS or scope.holds(name)
                problem = "" if known else scope.problem(name) and scope.artifact_problem(name)
                if problem:
                    self.refuse(template, f"{path}: {{{{{tag}}}}}: {name} {scope.problem(name)}")
        except expr.NotEvaluated as error:
            self.refuse(template, f"{path}: {{{{{tag}}}}}: {error}")


_ROOTS: Final = frozenset(("inputs", "tasks", "steps", "workflow", "item", "node", "pod"))
_FIELDS: Final = {"json_path": "jsonPath"}


def _kind(template: Template) -> tuple[str, tuple[str, ...]]:
    """What a template is, and where its output parameters may come from."""
    if template.tasks:
        return ("dag" if template.dag is not None else "steps"), ("parameter", "expression")
    if template.suspend is not None:
        return "suspend", ("supplied",)
    if template.resource is not None:
        return "resource", ("json_path",)
    return ("script" if template.script else "container"), ("path",)


def _spells(text: str, path: str) -> bool:
    position = text.find(path)
    while position >= 0:
        end = position + len(path)
        starts = position == 0 or not (text[position - 1].isalnum() or text[position - 1] in "._-/}")
        if starts and (end == len(text) or not (text[end].isalnum() or text[end] in "._-")):
            return True
        position = text.find(path, position + 1)
    return False
