"""What one task of a dag, or one step, starts with: its fields filled in with the outputs of others."""

from dataclasses import replace

from pipeline.engine.language import expr, when
from pipeline.engine.language.lookup import ABSENT
from pipeline.engine.language.variables import Unresolved, replace_all, tags
from pipeline.engine.planning.binding import ABSENT_ARGUMENT
from pipeline.engine.scheduler.reading import Reader
from pipeline.engine.scheduler.state import Frame
from pipeline.engine.spec import Artifact, Task, Values


class NotReady(Exception):
    """A task that cannot start; the message becomes its node's."""


def result_of(frame: Frame, name: str, result: str) -> bool:
    """Whether a task that has ended has this result, in the words of `depends`."""
    node = frame.nodes[name]
    if result in ("AnySucceeded", "AllFailed"):
        phases = [child.phase for child in node.children.values()] if node.type == "TaskGroup" else []
        if result == "AnySucceeded":
            return "Succeeded" in phases
        return bool(phases) and all(phase == "Failed" for phase in phases)
    if result == "Daemoned":
        return node.daemoned
    return node.phase == {"Errored": "Error"}.get(result, result)


def fill_in(task: Task, reader: Reader) -> Task:
    """`task` with the outputs of others filled in; only its `when` if that says no.

    Raises:
        NotReady: a value is not there, or never will be.
    """
    try:
        condition = replace_all(task.when, reader, _must_have_value)
        try:
            if not when.holds(condition):
                return replace(task, when=condition)
        except when.NotEvaluated as error:
            if not task.expands:
                raise NotReady(str(error)) from None
    except (Unresolved, ValueError) as error:
        raise NotReady(_with_advice(str(error))) from error
    return with_arguments(task, reader)


def with_arguments(task: Task, reader: Reader) -> Task:
    """`task` with everything filled in but its hooks, which may name the task's own outputs.

    Raises:
        NotReady: a value is not there, or never will be.
    """
    on_exit, hooks = task.on_exit, task.hooks
    try:
        parameters = tuple(
            replace(parameter, value=ABSENT_ARGUMENT) if _is_absent(parameter.value, reader) else parameter
            for parameter in task.arguments.parameters
        )
        task = replace(task, arguments=Values(parameters, task.arguments.artifacts), on_exit=None, hooks=None)
        filled: Task = replace_all(task, reader, _must_have_value)
    except (Unresolved, ValueError) as error:
        raise NotReady(_with_advice(str(error))) from error
    artifacts = [resolved(artifact, reader) for artifact in filled.arguments.artifacts]
    held = tuple(artifact for artifact in artifacts if artifact is not None)
    return replace(filled, arguments=Values(filled.arguments.parameters, held), on_exit=on_exit, hooks=hooks)


def _must_have_value(tag: str) -> bool:
    return tag.startswith(("tasks.", "steps.")) and ".outputs.artifacts." not in tag


def _with_advice(problem: str) -> str:
    if problem.startswith(("failed to resolve {{tasks.", "failed to resolve {{steps.")):
        return f"{problem}: it has no value, and a cluster would wait for it forever; guard the task with a 'when'"
    return problem


def _is_absent(value: str | None, reader: Reader) -> bool:
    if value is None or not (value.startswith("{{") and value.endswith("}}")):
        return False
    found = list(tags(value))
    return len(found) == 1 and len(found[0]) == len(value) - 4 and reader(found[0].strip()) is ABSENT


def resolved(artifact: Artifact, reader: Reader) -> Artifact | None:
    """The artifact that a reference leads to; None if it is optional and not there.

    Raises:
        NotReady: it is not there.
    """
    if artifact.expression:
        return replace(_chosen(artifact.expression, reader), name=artifact.name)
    if not artifact.source:
        return artifact
    tag = artifact.source.removeprefix("{{").removesuffix("}}").strip()
    found = reader.artifact(tag)
    if found is None:
        if artifact.optional:
            return None
        raise NotReady(f'Unable to resolve: "{tag}"')
    within = "/".join(filter(None, (found.sub_path, artifact.sub_path)))
    return replace(found, name=artifact.name, sub_path=within)


def _chosen(expression: str, reader: Reader) -> Artifact:
    try:
        found = expr.evaluate(expression, lambda path: reader.artifact(path) or reader(path))
    except (expr.NotEvaluated, ValueError) as error:
        raise NotReady(str(error)) from None
    if not isinstance(found, Artifact):
        raise NotReady(f"fromExpression '{expression}' is not an artifact")
    return found
