"""What the API server of a cluster does not admit, by the CRDs that each line of Argo Workflows brings.

Argo 4's CRDs (`manifests/base/crds/full` of 4.0.5) say far more than those of 3.7, whose controller would run the same.
What this engine refuses in any case is not looked for again.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pipeline.engine.manifest.documents import Located, read
from pipeline.errors import Refused

_LOCATIONS: Final = ("s3", "git", "http", "artifactory", "hdfs", "raw", "oss", "gcs", "azure", "plugin")
_MOST: Final = {"templates": 200, "tasks": 200, "prometheus": 100}
_MOST_INPUTS: Final = 500
_COLLECTED: Final = ("", "OnWorkflowCompletion", "OnWorkflowDeletion", "Never")
_PODS_COLLECTED: Final = ("", "OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")
_QUANTITY: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?(\d+(\.\d*)?|\.\d+))?")
_SCHEDULE: Final = re.compile(
    r"@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every\s+(\d+(ns|us|µs|ms|s|m|h))+|([\d*,/?-]+\s+){4}[\d*,/?-]+"
)
_KINDS: Final = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")


def check_admission(file: Path, line: str) -> None:
    """Look through the file's workflows. `line`: of Argo, 3.7 or 4.0.

    Raises:
        Refused: a server with that line's CRDs does not admit one of them. All that it says, a line each.
    """
    problems = []
    for document in read(file):
        if document.get("kind") in _KINDS:
            for within, key, problem in _problems(document.get("spec"), "spec", line):
                problems.append(f"{file.name}, line {within.lines.get(key, 1)}: {problem}")
    if problems:
        raise Refused("\n".join(problems))


Problem = tuple[Located, str, str]  # the mapping, its key, and what is wrong


def _problems(value: Any, name: str, line: str) -> Iterator[Problem]:
    """Of a value and all that is in it. `name`: the field that it is in."""
    if isinstance(value, list):
        for each in value:
            yield from _problems(each, name, line)
    elif isinstance(value, Located):
        yield from _anywhere(value, name)
        yield from _of_4(value, name) if line == "4.0" else _of_3_7(value)
        for key, inner in value.items():
            yield from _problems(inner, key, line)


def _anywhere(value: Located, name: str) -> Iterator[Problem]:
    """What both lines refuse."""
    for field, wanted in (("artifactGC", _COLLECTED), ("podGC", _PODS_COLLECTED)):
        strategy = _of(value.get(field), "strategy")
        if strategy is not None and strategy not in wanted:
            yield value, field, f"{field}.strategy is {strategy!r}; wanted one of {', '.join(filter(None, wanted))}"
    if "memoize" in value and not _of(value["memoize"], "maxAge"):
        yield value, "memoize", "memoize has no maxAge; wanted one, such as 24h"
    if name in ("limits", "requests"):
        for resource, amount in value.items():
            if not _QUANTITY.fullmatch(str(amount)):
                yield value, resource, f"{name}.{resource} is {amount!r}; wanted a quantity, such as 500m or 2Gi"


def _of_3_7(value: Located) -> Iterator[Problem]:
    """What Argo 3.7 refuses and 4 takes."""
    if "memoize" in value and not _cache_key(value):
        yield value, "memoize", "memoize.cache.configMap has no key; Argo 3.7 wants one, which it does not use"


def _of_4(value: Located, name: str) -> Iterator[Problem]:
    """What Argo 4 refuses and 3.7 takes."""
    for field, most in _MOST.items():
        found = value.get(field)
        if isinstance(found, list) and len(found) > most:
            yield value, field, f"{len(found)} {field}; Argo 4 admits {most}"
    if name == "inputs" and isinstance(found := value.get("parameters"), list) and len(found) > _MOST_INPUTS:
        yield value, "parameters", f"{len(found)} input parameters; Argo 4 admits {_MOST_INPUTS}"
    if name == "artifacts" and len(places := [place for place in _LOCATIONS if place in value]) > 1:
        yield value, places[1], f"an artifact has {' and '.join(places)}; Argo 4 admits one location"
    if _cache_key(value):
        yield value, "memoize", "memoize.cache.configMap has a key; Argo 4 knows no such field, which 3.7 wants"
    if name == "parameters" and value.get("enum") == []:
        yield value, "enum", "enum is empty; Argo 4 wants a value in it"
    if name == "spec":
        for schedule in value.get("schedules") or ():
            if not _SCHEDULE.fullmatch(str(schedule)):
                hint = "five fields of digits, such as 0 3 * * 1, and the time zone in spec.timezone"
                yield value, "schedules", f"the schedule {schedule!r}; Argo 4 admits {hint}"


def _cache_key(value: Located) -> Any:
    return _of(_of(_of(value.get("memoize"), "cache"), "configMap"), "key")


def _of(value: Any, field: str) -> Any:
    return value.get(field) if isinstance(value, dict) else None
