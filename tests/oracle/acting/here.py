"""The acts of a case, done to a run of this engine: as its API server does them for the real `argo` command."""

import argparse
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from pipeline import engine
from pipeline.errors import PipelineError
from pipeline.laptop.machine import LocalMachine
from pipeline.serve.controlling import Controller
from pipeline.serve.problems import Problem
from pipeline.serve.runs import Runs
from pipeline.serve.submitting import Submitter, parameters
from tests.oracle.acting import acts
from tests.oracle.acting.acts import Act, Done
from tests.oracle.cases import Case
from tests.oracle.normal import Answer, as_object

_LOOK_SECONDS: Final = 0.05


class _Options(argparse.ArgumentParser):
    """Those of the `argo` command that a case may use."""

    def __init__(self) -> None:
        super().__init__(prog="argo", add_help=False, exit_on_error=False)
        self.add_argument("-p", "--parameter", "--output-parameter", action="append", default=[])
        self.add_argument("-m", "--message", default="")
        self.add_argument("--phase", default="")
        self.add_argument("--node-field-selector", default="")
        self.add_argument("--restart-successful", action="store_true")
        self.add_argument("--memoized", action="store_true")


class _Waiting:
    """In the place of the Submitter: whoever does the acts has the run executed."""

    def execute(self, run: str) -> None:
        """Nothing: it is executed in this process."""


class Person:
    """Does the acts of one case to its run, called `name`."""

    def __init__(self, case: Case, journal: engine.Journal, home: Path, name: str) -> None:
        self.name = name
        self._journal = journal
        self._left = acts.of(case)
        self._done = Done()
        self._controller = Controller(Runs(LocalMachine(home)), cast(Submitter, _Waiting()))

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Do what is due while the run is executed."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(_LOOK_SECONDS):
                found = self._workflow()
                if not acts.over(found):
                    self._look(found)

        watching = threading.Thread(target=look, daemon=True)
        if self._left:
            watching.start()
        try:
            yield
        finally:
            over.set()
            if watching.is_alive():
                watching.join()

    def look(self) -> bool:
        """Do what is due of a run that is over; whether anything was, so that it goes on or there is another."""
        return self._look(self._workflow())

    def _look(self, found: Mapping[str, Any]) -> bool:
        while self._left and self._left[0].due(found):
            act = self._left.pop(0)
            try:
                new = self._do(act)
            except (PipelineError, Problem):
                self._done.note(act, found, refused=True)
                continue
            self._done.note(act, found)
            self.name = new or self.name
            return True
        return False

    def answer(self) -> Answer:
        """The normal form of the run as it stands."""
        return self._done.answer(self._workflow(), self._left)

    def _workflow(self) -> dict[str, Any]:
        view = engine.view(self._journal, self.name)
        return as_object(view, str(self._journal.row(self.name)["uid"]))

    def _do(self, act: Act) -> str:
        """Do it; the name of a new run, where it makes one.

        Raises:
            Problem: it is refused.
            PipelineError: it is refused.
        """
        given = _Options().parse_args(act.options)
        body = {
            "nodeFieldSelector": given.node_field_selector,
            "restartSuccessful": given.restart_successful,
            "parameters": given.parameter,
            "outputParameters": parameters(given.parameter),
            "message": given.message,
            "phase": given.phase,
        }
        match act.verb:
            case "stop" | "terminate":
                self._controller.stop(self.name, body, terminate=act.verb == "terminate")
            case "suspend":
                self._controller.suspend(self.name)
            case "resume":
                self._controller.resume(self.name, body)
            case "node":
                self._controller.answer(self.name, body)
            case "retry":
                self._controller.retry(self.name, body)
            case "resubmit":
                return engine.resubmit(self._journal, self.name, parameters(given.parameter), memoized=given.memoized)
            case _:
                raise AssertionError(act.text)
        return ""
