"""What must hold of the texts of a workflow: every `{{variable}}` will have a value, every expression is one."""

from dataclasses import dataclass
from typing import Any, Final, NoReturn

from pipeline.engine.language import expr
from pipeline.engine.language.variables import is_name, tags, texts
from pipeline.engine.manifest.scopes import Scope
from pipeline.engine.spec import Hook, Task, Template, Workflow
from pipeline.errors import Refused

_ROOTS: Final = frozenset(("inputs", "tasks", "steps", "workflow", "item", "node", "pod"))


@dataclass(frozen=True, eq=False)
class Subject:
    """What is checked: a workflow, or one of its templates."""

    workflow: Workflow
    template: Template | None = None

    def refuse(self, problem: str) -> NoReturn:
        """Stop, naming file, workflow and template."""
        place = f".templates[{self.template.name}]" if self.template else ""
        raise Refused(f"{self.workflow.source}: {self.workflow.name}{place}{problem}")


def check_texts(subject: Subject, value: Any, where: str, scope: Scope) -> None:
    """Check all texts within a value."""
    for path, text in texts(value, where):
        _check_variables(subject, path, text, scope)


def check_filled_in(subject: Subject, value: Task | Hook, where: str, scope: Scope) -> None:
    """Check all texts of a task or hook, whose artifacts hold references and expressions."""
    for path, text in texts(value, where):
        _, _, rest = path.rpartition(".arguments.artifacts[")
        field = rest.partition("].")[2]
        if field == "expression":
            check_expression(subject, path.removesuffix(".expression"), text, "fromExpression")
        elif field == "source":
            _check_reference(subject, path, text, scope)
        else:
            _check_variables(subject, path, text, scope)


def check_expression(subject: Subject, where: str, text: str, field: str = "expression") -> None:
    """Refuse what is not an expression; an empty one is none at all."""
    try:
        if text:
            expr.check(text)
    except expr.NotEvaluated as error:
        subject.refuse(f"{where}.{field} is {text!r}: {error}")


def _check_reference(subject: Subject, path: str, text: str, scope: Scope) -> None:
    if not text:
        return
    found = list(tags(text))
    if len(found) != 1 or text != f"{{{{{found[0]}}}}}":
        subject.refuse(f"{path} is {text!r}; wanted one reference such as {{{{tasks.A.outputs.artifacts.b}}}}")
    problem = scope.artifact_problem(found[0].strip())
    if problem:
        subject.refuse(f"{path}: {{{{{found[0]}}}}} {problem}")


def _check_variables(subject: Subject, path: str, text: str, scope: Scope) -> None:
    for tag in tags(text):
        if tag.startswith("="):
            _check_computed(subject, path, tag, scope)
            continue
        name = tag.strip()
        if "{{" in name or not is_name(name) or scope.is_foreign(name):
            continue  # put together at run time, or not a variable at all: left as it is, as on a cluster
        is_artifact = path.startswith(".outputs.artifacts[") and ".outputs.artifacts." in name
        problem = scope.artifact_problem(name) if is_artifact else scope.problem(name)
        if problem:
            subject.refuse(f"{path}: {{{{{tag}}}}} {problem}")


def _check_computed(subject: Subject, path: str, tag: str, scope: Scope) -> None:
    """An expression must be one, and name only variables that have a value here."""
    try:
        expr.check(tag[1:])
        for name in expr.paths(tag[1:]):
            known = name.partition(".")[0] not in _ROOTS or scope.holds(name)
            problem = "" if known else scope.problem(name) and scope.artifact_problem(name)
            if problem:
                subject.refuse(f"{path}: {{{{{tag}}}}}: {name} {scope.problem(name)}")
    except expr.NotEvaluated as error:
        subject.refuse(f"{path}: {{{{{tag}}}}}: {error}")
