"""The parameters of a project's own workflow, looked at before anything starts: what its first step would refuse is
refused at once, in the words that were typed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from pipeline.errors import UserError
from pipeline.project import Project, TableProject
from steps.contract import selection
from steps.pages.words import one_line

_LONGEST = 500  # characters of a reason


def refuse(
    project: Project | TableProject, workflow: str, given: Mapping[str, str], typed: Callable[[str], str]
) -> None:
    """Refuse values that a step of the workflow would refuse. `typed`: what a parameter was called where it was typed.

    Raises:
        UserError: a number of workers cannot be meant.
        BadInput: nor a time, a day, a location, a parameter or a source.
    """
    if "workers" in given:
        fan_outs = len(project.learning.families) if workflow == f"{project.name}-train" else 1
        selection.pods(
            _workers(given["workers"], typed("workers")), project, fan_outs=fan_outs, option=typed("workers")
        )
    if "as-of" in given:
        selection.as_of(given["as-of"], datetime.now(UTC).isoformat(), typed("as-of"))
    if replay := given.get("replay", ""):
        selection.replay(replay, typed("replay"))
    if isinstance(project, Project):
        selection.locations(given.get("locations", ""), project, typed("locations"))
        selection.parameter(given.get("parameter", ""), project, typed("parameter"))
        if workflow != f"{project.name}-rollback":  # whose `to` is a version
            selection.span(given.get("from", ""), given.get("to", ""), (typed("from"), typed("to")))
        source = given.get("source", "")
        if source and source != selection.API and "://" not in source:
            selection.folder(source, typed("source"))


def _workers(text: str, option: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise UserError(f"{option} {text!r:.40} is no number of workers; wanted a whole number from 1 on")
    return int(text)


def one_line_given(option: str, text: str) -> str:
    """What a person typed, on one line, as a workflow's parameter.

    Raises:
        UserError: Argo would expand it, or it is too long.
    """
    words = one_line(text)
    if "{{" in words:
        raise UserError(f"{option} holds '{{{{', which Argo would expand: {words[:80]}; write it in other words")
    if len(words) > _LONGEST:
        raise UserError(f"{option} has {len(words)} characters; wanted at most {_LONGEST}")
    return words
