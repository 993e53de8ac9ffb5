"""What the main job says at its end, for every kind of project: a decision's scores, and how to ask the live model."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from pipeline import shipped
from pipeline.errors import PipelineError
from pipeline.laptop.machine import LocalMachine
from pipeline.show.tables import table
from steps.backends import database, promotions

if TYPE_CHECKING:
    from pipeline.engine.views import RunView

_PATIENCE = 10  # seconds
_SHOWN = {"rmse": "RMSE", "mae": "MAE", "accuracy": "ACCURACY", "macro_f1": "MACRO F1"}


def summary(runs: Iterable["RunView"], kind: str) -> dict[str, Any]:
    """The summary of that kind, which a step of the runs left.

    Raises:
        PipelineError: there is none.
    """
    for run in runs:
        for node in run.nodes:
            path = node.outputs.get("artifacts", {}).get("summary")
            if path is not None and node.phase == "Succeeded":
                found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
                if found.get("kind") == kind:
                    return found
    raise PipelineError(f"no step left a summary of kind {kind!r}; see: pipeline logs")


def scores(decision: Mapping[str, Any], rows: str) -> str:
    """The scores of a decision as a table; `rows`: what the rows that the models were scored on are called."""
    names = [name for name in _SHOWN if name in decision["scores"][0]]
    errors = {"rmse", "mae"}
    header = [f"{_SHOWN[name]} {decision['unit']}".strip() if name in errors else _SHOWN[name] for name in names]
    digits = {name: 2 if name in errors else 3 for name in names}
    lines = [
        (one["name"], *(f"{one[name]:.{digits[name]}f}" for name in names), f"{one['rows']:,}")
        for one in decision["scores"]
    ]
    return table(("PREDICTOR", *header, rows), lines)


def decided(decision: Mapping[str, Any], before: int | None) -> str:
    """A decision in words. `before`: the number of the newest one before all this; None if there was none."""
    if before is None or decision["decision"] > before:
        return f"Decision {decision['decision']}: {decision['words']}"
    return f"Nothing new to decide on. Decision {decision['decision']}, made before: {decision['words']}"


def addresses(machine: LocalMachine, project: str, report: Path) -> list[str]:
    """Where to look next, a line each."""
    return [
        *_trying(machine, project),
        f"MLflow:  {machine.stack.address('tracking')}",
        f"Report:  {report}",
        f"The servers stay up; `{'make' if shipped.CHECKOUT else 'pipeline'} down` stops them.",
    ]


def last_decision(machine: LocalMachine, project: str, unit: str) -> dict[str, Any] | None:
    """The last decision, as far as the table of promotions tells; None if there is none. `unit`: of the scores."""
    machine.use("database")
    with database.begin() as connection:
        found = promotions.newest(connection, project)
    if found is None or found.promoted is None or not found.scores:
        return None
    return {"decision": found.decision, "words": found.words, "scores": found.scores, "unit": unit}


def newest_decision(machine: LocalMachine, project: str) -> int | None:
    """The number of the newest decision; None if there is none yet."""
    if not machine.has_decisions():
        return None
    with database.begin() as connection:
        found = promotions.newest(connection, project)
    return None if found is None else found.decision


def champion(machine: LocalMachine, project: str) -> promotions.Champion | None:
    """The model that is live, if any."""
    machine.use("database")
    with database.begin() as connection:
        return promotions.champion(connection, project)


def _trying(machine: LocalMachine, project: str) -> list[str]:
    """A command that asks the live server for a prediction for a row that it keeps as an example, and what it answers
    now."""
    if champion(machine, project) is None:
        return ["Try it:  no model is live yet"]
    url = machine.stack.address(project)  # which a taken port may have changed since the decision
    server = urlsplit(url)
    example = f"{server.scheme}://{server.netloc}/example"
    curl = f"curl -s {example} | curl -s -H 'Content-Type: application/json' -d @- {url}"
    return [f"Try it:  {curl}", f"Answer:  {_answer(example, url)}"]


def _answer(example: str, url: str) -> str:
    """What the live server answers to its example, as it comes."""
    try:
        body = urlopen(example, timeout=_PATIENCE).read()  # noqa: S310 - an address of ours
        asking = Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - likewise
        answer: str = urlopen(asking, timeout=_PATIENCE).read().decode()  # noqa: S310 - likewise
    except OSError as error:  # urllib's errors are one
        return f"none ({error}); see: pipeline status"
    return answer.strip()
