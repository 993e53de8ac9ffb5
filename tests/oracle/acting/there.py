"""The acts of a case, done on the cluster by the real `argo` command."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from typing import Any, Final

from pipeline.errors import UserError
from tests.oracle.acting import acts
from tests.oracle.acting.acts import Act, Done
from tests.oracle.cases import Case
from tests.oracle.cluster import kubectl
from tests.oracle.normal import Answer

_PATIENCE_SECONDS: Final = 60
_VERSION: Final = re.compile(r"\bv(\d+)\.")
_WHOLE_SECOND: Final = 1.1  # times on a cluster are whole seconds: what begins again has another one


class Person:
    """Does the acts of one case to its workflow, called `name`, in a namespace."""

    def __init__(self, case: Case, namespace: str, name: str) -> None:
        self.name = name
        self._namespace = namespace
        self._left = acts.of(case)
        self._done = Done()

    def look(self) -> bool:
        """Do what is due; whether the workflow is over and nothing is left to be done.

        Raises:
            UserError: the workflow cannot be read.
        """
        while True:
            found = self._workflow()
            if not self._left or not self._left[0].due(found):
                return acts.over(found)
            self._do(self._left.pop(0), found)

    def answer(self, workflow: Mapping[str, Any]) -> Answer:
        """The normal form of the workflow as it stands."""
        return self._done.answer(workflow, self._left)

    def _workflow(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(kubectl("-n", self._namespace, "get", "workflow", self.name, "-o", "json"))
        return found

    def _do(self, act: Act, found: dict[str, Any]) -> None:
        if acts.over(found):
            time.sleep(_WHOLE_SECOND)
        new = act.verb == "resubmit"
        try:
            said = argo(act, self.name, self._namespace, *(("-o", "name") if new else ()))
        except UserError as error:
            self._done.note(act, found, refused=True)
            print(f"\n{self.name}: {act.text}: {error}", flush=True)
            return
        self._done.note(act, found)
        if new:
            self.name = said.split()[-1]


def argo(act: Act, workflow: str, namespace: str, *more: str) -> str:
    """What the command prints.

    Raises:
        UserError: it refuses, or does not answer.
    """
    verb = act.words[: len(act.words) - len(act.options)]
    command = ["argo", *verb, workflow, "-n", namespace, *act.options, *more]
    directly = {name: value for name, value in os.environ.items() if not name.startswith("ARGO_")}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS, env=directly
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"no answer within {_PATIENCE_SECONDS} s") from None
    if done.returncode:
        raise UserError(done.stderr.partition("\nUsage:")[0] or done.stdout or f"exit code {done.returncode}")
    return done.stdout


def check_command(controller: str) -> None:
    """Whether there is an `argo` of the controller's line to do the acts with: it makes the retried workflow itself.

    Raises:
        UserError: there is none, or it is of another line.
    """
    if shutil.which("argo") is None:
        raise UserError("there is no argo on PATH, which does what a person does in some of the cases")
    done = subprocess.run(["argo", "version", "--short"], capture_output=True, text=True, check=False)
    own = _line(done.stdout)
    if own != _line(controller):
        raise UserError(f"the argo on PATH is of the line {own or 'unknown'}, the controller is {controller}")


def _line(version: str) -> str:
    """The first number of a version such as `argo: v3.7.18`."""
    found = _VERSION.search(version)
    return found[1] if found else ""
