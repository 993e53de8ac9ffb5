"""The `workflow.…` variables that a run has from its beginning.

https://argo-workflows.readthedocs.io/en/latest/variables/#global
"""

import re
from collections.abc import Mapping
from typing import Final

from pipeline.engine.language import expr
from pipeline.engine.language.variables import go_json, rfc3339, time_variables
from pipeline.engine.planning.binding import parameters_json
from pipeline.engine.spec import Values, Workflow

_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_WANTED: Final = "wanted a text of up to 63 letters, digits, '-', '_' and '.', the first and last a letter or digit"


class NoLabel(Exception):
    """A label cannot be computed."""


def run_variables(
    run_id: str, workflow: Workflow, arguments: Values, *, uid: str, created_at: float, scheduled_at: float | None
) -> dict[str, str]:
    """All of them, by name.

    Raises:
        NoLabel: a label that is computed has no value that a label may have.
    """
    labels, annotations = dict(workflow.labels or {}), dict(workflow.annotations or {})
    given = {each.name: each.value for each in arguments.parameters if each.value is not None}
    whole = {
        "parameters": parameters_json(arguments.parameters),
        "labels": go_json(labels or None),
        "annotations": go_json(annotations or None),
    }
    variables = {
        "workflow.name": run_id,
        "workflow.namespace": workflow.namespace or "default",
        "workflow.uid": uid,
        "workflow.mainEntrypoint": workflow.entrypoint,
        "workflow.serviceAccountName": workflow.service_account,
        **{f"workflow.{name}": text for name, text in whole.items()},
        **{f"workflow.{name}.json": text for name, text in whole.items()},
        **time_variables("workflow.creationTimestamp", created_at),
    }
    for name, values in (("labels", labels), ("annotations", annotations), ("parameters", given)):
        variables.update({f"workflow.{name}.{key}": value for key, value in values.items()})
    if workflow.priority is not None:
        variables["workflow.priority"] = str(workflow.priority)
    if scheduled_at is not None:
        variables["workflow.scheduledTime"] = rfc3339(scheduled_at)
    for name, expression in (workflow.labels_from or {}).items():
        variables[f"workflow.labels.{name}"] = _label(name, expression, variables)
    return variables


def _label(name: str, expression: str, variables: Mapping[str, str]) -> str:
    try:
        value = expr.evaluate(expression, variables)
    except expr.NotEvaluated as error:
        raise NoLabel(f"the label {name} is {expression!r}: {error}") from None
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise NoLabel(f"the label {name} is {expression!r}, which gives {value!r:.80}; {_WANTED}")
    return value
