"""What must hold of a workflow before any of it starts: every name leads somewhere, every `{{variable}}` will have a
value, no command repeats a path that only exists on a cluster.

Where the controller would find a mistake only at run time, or wait for ever, this refuses it here.
"""

from collections.abc import Mapping
from functools import partial
from typing import NoReturn

from pipeline.engine import depends, expressions
from pipeline.engine.grammar import NotParsed
from pipeline.engine.scopes import RETRY_NAMES, Scope, Tasks, workflow_names
from pipeline.engine.spec import Dag, Task, Template, Workflow
from pipeline.engine.variables import is_name, tags, texts
from pipeline.errors import Refused


def check(workflow: Workflow) -> None:
    """Refuse a workflow that could not run to its end here.

    Raises:
        Refused: names file, template and field.
    """
    _Check(workflow).run()


class _Check:
    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.globals = workflow_names(workflow)

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
        given = {parameter.name for parameter in workflow.arguments.parameters}
        held = {artifact.name for artifact in workflow.arguments.artifacts}
        for name in filter(None, (workflow.entrypoint, workflow.on_exit)):
            self.supplied(None, f".arguments: {name}", workflow.templates[name], given, held)
        for path, text in texts(workflow.arguments, ".arguments"):
            self.variables(None, path, text, Scope(self.globals))
        for template in workflow.templates.values():
            self.template(template)

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
        scope = Scope(self.globals, template)
        if template.dag is not None:
            self.dag(template, template.dag, scope)
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
                expressions.check(expression, RETRY_NAMES)
            except expressions.NotEvaluated as error:
                self.refuse(template, f".retryStrategy.expression is {expression!r}: {error}")

    def outputs(self, template: Template) -> None:
        kind = "container" if template.container else "resource" if template.resource else "dag"
        wanted = {"container": "path", "resource": "json_path", "dag": "parameter"}[kind]
        for parameter in template.outputs.parameters:
            if not getattr(parameter.value_from, wanted):
                field = "jsonPath" if wanted == "json_path" else wanted
                self.refuse(template, f".outputs.parameters[{parameter.name}] of a {kind} needs valueFrom.{field}")
        for artifact in template.outputs.artifacts:
            if kind == "dag" and not artifact.source:
                self.refuse(template, f".outputs.artifacts[{artifact.name}] of a dag needs 'from'")
            if kind == "container" and not artifact.path:
                self.refuse(template, f".outputs.artifacts[{artifact.name}] of a container needs 'path'")
            if kind == "resource":
                self.refuse(template, ".outputs.artifacts: a resource has none in this engine")
        for artifact in template.inputs.artifacts:
            if kind == "container" and not artifact.path:
                self.refuse(template, f".inputs.artifacts[{artifact.name}] of a container needs 'path'")
            if kind == "dag" and artifact.path:
                self.refuse(template, f".inputs.artifacts[{artifact.name}] of a dag has no 'path'")
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
        spoken = (*container.command, *container.args, *(variable.value or "" for variable in container.env))
        for path in filter(None, (*declared, *container.mounts)):
            if any(_spells(text, path) for text in spoken):
                self.refuse(
                    template,
                    f".container repeats the path {path}, which here is a folder of the node; write "
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
        for name in dag.target:
            if name not in tasks:
                self.refuse(template, f".dag.target names {name}, which is no task")
        for task in dag.tasks:
            self.task(template, task, scope.of_task(task, known))
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

    def task(self, template: Template, task: Task, scope: Scope) -> None:
        where = f".dag.tasks[{task.name}]"
        target = self.workflow.templates.get(task.template)
        if target is None:
            there = ", ".join(self.workflow.templates)
            self.refuse(template, f"{where}.template is {task.template!r}; there are {there}")
        given = {parameter.name for parameter in task.arguments.parameters}
        held = {artifact.name for artifact in task.arguments.artifacts}
        self.supplied(template, f"{where}: {target.name}", target, given, held)
        plain = partial(self.variables, template)
        for path, text in texts(task, where):
            if ".arguments.artifacts[" in path and path.endswith(".source"):
                if text:
                    self.artifact(template, path, text, scope)
            else:
                plain(path, text, scope)

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
                self.refuse(template, f"{path}: {{{{{tag}}}}} is an expression, which this engine does not run")
            name = tag.strip()
            if "{{" in name or not is_name(name):
                continue  # put together at run time, or no variable at all: left as it stands, as on a cluster
            if path.startswith(".outputs.artifacts[") and ".outputs.artifacts." in name:
                problem = scope.artifact_problem(name)
            else:
                problem = scope.problem(name)
            if problem:
                self.refuse(template, f"{path}: {{{{{tag}}}}} {problem}")


def _spells(text: str, path: str) -> bool:
    position = text.find(path)
    while position >= 0:
        end = position + len(path)
        starts = position == 0 or not (text[position - 1].isalnum() or text[position - 1] in "._-/}")
        if starts and (end == len(text) or not (text[end].isalnum() or text[end] in "._-")):
            return True
        position = text.find(path, position + 1)
    return False
