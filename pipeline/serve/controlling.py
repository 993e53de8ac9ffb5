"""What a client does to a run that there is: stop, terminate, suspend, resume, answer a pause, retry, delete.

Whatever it asks is written down for the process that executes the run; where there is none, one is started.
"""

import json
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, Literal, cast

from pipeline import engine
from pipeline.engine.places import folder_of
from pipeline.engine.views import NodeView
from pipeline.errors import UserError
from pipeline.laptop.background import Background
from pipeline.serve import selectors
from pipeline.serve.problems import Problem, invalid
from pipeline.serve.runs import Runs
from pipeline.serve.submitting import Submitter, parameters

_OVER: Final = ("Succeeded", "Failed", "Error")
_PATIENCE_SECONDS: Final = 20.0
_TAKING_SECONDS: Final = 1.0
Phase = Literal["", "Succeeded", "Failed", "Error"]


class Controller:
    """Acts on the runs of one machine."""

    def __init__(self, runs: Runs, submitter: Submitter) -> None:
        self._runs, self._submitter = runs, submitter
        self._background = Background(runs.journal)

    def stop(self, name: str, body: Mapping[str, Any], *, terminate: bool = False) -> str:
        """End a run, or with a `nodeFieldSelector` a pause of it, which fails. The run's name.

        Raises:
            Problem: there is no such run or pause, or it is over.
        """
        run = self._going_on(name, "shutdown")
        if selector := body.get("nodeFieldSelector"):
            return self._answer(run, str(selector), {}, "Failed", str(body.get("message") or ""))
        engine.stop(self._runs.journal, run, "Terminate" if terminate else "Stop")
        self._submitter.execute(run)
        return run

    def suspend(self, name: str) -> str:
        """Let nothing more of a run begin. The run's name.

        Raises:
            Problem: there is no such run, or it is over.
        """
        run = self._going_on(name, "suspend")
        engine.suspend(self._runs.journal, run)
        return self._taken_in(run)

    def resume(self, name: str, body: Mapping[str, Any]) -> str:
        """Let a run go on, and end its pauses: all, or those that `nodeFieldSelector` names. The run's name.

        Raises:
            Problem: there is no such run or pause, or a pause lacks a value that a person must give.
        """
        run = self._going_on(name, "resume")
        if selector := body.get("nodeFieldSelector"):
            return self._answer(run, str(selector), {}, "Succeeded", "")
        pauses = self._pauses(run)
        for node in pauses:
            self._refuse_missing(run, node)
        engine.proceed(self._runs.journal, run, [node.name for node in pauses])
        return self._taken_in(run)

    def answer(self, name: str, body: Mapping[str, Any]) -> str:
        """Give values to a pause, or end it. The run's name.

        Raises:
            Problem: there is no such run or pause, or what is given does not fit it.
        """
        run = self._going_on(name, "set")
        selector, phase = str(body.get("nodeFieldSelector") or ""), str(body.get("phase") or "")
        if not selector:
            raise invalid("'set' currently only targets suspend nodes, use a node field selector to target them")
        if phase not in ("", *_OVER):
            raise invalid(f"phase is {phase!r:.40}; wanted Succeeded, Failed or Error")
        given = _texts(body.get("outputParameters"))
        return self._answer(run, selector, given, cast(Phase, phase), str(body.get("message") or ""))

    def retry(self, name: str, body: Mapping[str, Any]) -> str:
        """Let what failed in a run begin again. The run's name.

        Raises:
            Problem: there is no such run, nothing of it can begin again, or its process does not end.
        """
        run, selector = self._runs.item(name).name, str(body.get("nodeFieldSelector") or "")
        restart = bool(body.get("restartSuccessful")) and bool(selector)
        chosen = partial(_matches, selectors.fields(selector)) if restart else None
        given = parameters(body.get("parameters"))
        engine.retry(self._runs.journal, run, chosen=chosen, parameters=given)
        self._left(run)
        self._runs.forget(run)
        self._submitter.execute(run)
        return run

    def delete(self, name: str) -> None:
        """Forget a run and its files; one that goes on is terminated first.

        Raises:
            Problem: there is no such run, or its process does not end.
        """
        run, journal = self._runs.item(name).name, self._runs.journal
        if journal.standing([run])[run].pid is not None:
            with suppress(UserError):  # it is over by now
                engine.stop(journal, run, "Terminate")
        self._left(run)
        journal.delete(run)
        self._background.ended(run)
        self._runs.forget(run)
        shutil.rmtree(folder_of(self._runs.home, run), ignore_errors=True)

    def _left(self, run: str) -> None:
        """Wait until no process has the run: one that has ended it is there for a moment longer."""
        journal = self._runs.journal
        if not _until(lambda: journal.standing([run])[run].pid is None, _PATIENCE_SECONDS):
            raise Problem(13, f"the process of {run} does not end; try again")

    def _going_on(self, name: str, what: str) -> str:
        item = self._runs.item(name)
        if item.row["phase"] in _OVER:
            raise invalid(f'cannot {what} a completed workflow: workflow: "{item.name}"')
        return item.name

    def _pauses(self, run: str, wanted: Callable[[NodeView], bool] = lambda _: True) -> list[NodeView]:
        nodes = self._runs.view(run).nodes
        return [node for node in nodes if node.type == "Suspend" and node.phase == "Running" and wanted(node)]

    def _answer(self, run: str, selector: str, given: Mapping[str, str], phase: Phase, message: str) -> str:
        pauses = self._pauses(run, partial(_matches, selectors.fields(selector)))
        if not pauses:
            raise invalid(f"no suspend nodes matching nodeFieldSelector: {selector:.200}")
        for node in pauses:
            if unknown := set(given) - set(node.awaited):
                raise invalid(f"node is not expecting output parameter '{min(unknown)}'")
            if phase == "Succeeded":
                self._refuse_missing(run, node, set(given))
            engine.answer(self._runs.journal, run, node.name, given, phase=phase, message=message)
        return self._taken_in(run)

    def _taken_in(self, run: str) -> str:
        """Wait a moment until the process that executes the run has taken in what was asked, so that the answer shows
        it; have it executed where nobody does."""
        journal = self._runs.journal
        if journal.standing([run])[run].pid is None:
            self._submitter.execute(run)
        else:
            _until(lambda: not journal.asked(run)[0], _TAKING_SECONDS)
        return run

    def _refuse_missing(self, run: str, node: NodeView, given: Collection[str] = ()) -> None:
        missing = [name for name in node.required if name not in given]
        if missing:
            raise invalid(f"raw output parameter '{missing[0]}' has not been set and does not have a default value "
                          f"(of {node.display_name} in {run})")  # fmt: skip


def _matches(wanted: Mapping[str, str], node: NodeView) -> bool:
    """Whether a node has the fields of a selector. `id=` may be the UI's."""
    manifest, _, template = node.template.rpartition("/")
    known = {
        "displayName": node.display_name, "templateName": template, "phase": node.phase, "name": node.name,
        "id": node.id, "templateRef.name": manifest, "templateRef.template": template if manifest else "",
        **{f"inputs.parameters.{name}.value": value for name, value in node.inputs.get("parameters", {}).items()},
    }  # fmt: skip
    return all(known.get(name) == value for name, value in wanted.items())


def _texts(given: Any) -> dict[str, str]:
    """Output parameters: JSON in a text, or a mapping."""
    try:
        found = json.loads(given) if isinstance(given, str) and given else given or {}
    except ValueError:
        raise invalid(f"outputParameters is {given!r:.80}; wanted a JSON object") from None
    if not isinstance(found, dict):
        raise invalid(f"outputParameters is {given!r:.80}; wanted a JSON object")
    return {str(name): value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
