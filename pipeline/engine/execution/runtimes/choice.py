"""Which runtime a template gets: the one that was asked for, or the least that does what its manifest needs."""

from pathlib import Path
from typing import Final, Literal, get_args

from pipeline.engine.execution.runtimes import sandbox
from pipeline.engine.execution.runtimes.contract import Runtime
from pipeline.engine.execution.runtimes.needs import needs_paths
from pipeline.engine.execution.runtimes.plain import PlainProcess
from pipeline.engine.execution.runtimes.sandbox import Sandbox
from pipeline.engine.spec import Template
from pipeline.errors import UserError

Name = Literal["process", "sandbox"]
NAMES: Final[tuple[str, ...]] = get_args(Name)


class Runtimes:
    """Those of this machine. `wanted`: the one for every step; empty: for each the least that it needs.

    Raises:
        UserError: there is none of that name, or this machine has it not; says what to install.
    """

    def __init__(self, wanted: str = "") -> None:
        if wanted and wanted not in NAMES:
            raise UserError(f"steps run in {' or '.join(NAMES)}, not in {wanted!r}")
        self._wanted = wanted
        self._all: dict[str, Runtime] = {each.name: each for each in (PlainProcess(), Sandbox())}
        if problem := missing(wanted):
            raise UserError(f"no step can run in a {wanted} here: {problem}")

    def of(self, template: Template) -> Runtime:
        """The one in which a template's container runs."""
        if self._wanted:
            return self._all[self._wanted]
        return self._all["sandbox" if needs_paths(template) and not missing("sandbox") else "process"]

    def sweep(self, run: Path) -> None:
        """End what is left of the steps of the run with this folder; see `Runtime.sweep`."""
        for each in self._all.values():
            each.sweep(run)


def missing(name: str) -> str:
    """Why this machine has not the runtime of that name, and what to do; empty if it has it."""
    return sandbox.missing() if name == "sandbox" else ""
