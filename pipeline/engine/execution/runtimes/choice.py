"""Which runtime a template gets: the one that was asked for, or the least that does what its manifest needs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pipeline.engine.execution.runtimes import container, sandbox
from pipeline.engine.execution.runtimes.container import ImageContainer
from pipeline.engine.execution.runtimes.contract import Runtime
from pipeline.engine.execution.runtimes.needs import absent_command, needs_paths, only_process, path_put_together
from pipeline.engine.execution.runtimes.plain import PlainProcess
from pipeline.engine.execution.runtimes.sandbox import Sandbox
from pipeline.engine.spec import Template
from pipeline.errors import UserError

_ALL: Final[dict[str, Runtime]] = {each.name: each for each in (PlainProcess(), Sandbox(), ImageContainer())}
NAMES: Final = tuple(_ALL)
_NAMED: Final = 8  # templates in one line
_WORDS: Final = {"sandbox": "in a sandbox", "container": "in a container"}


class Runtimes:
    """Those of this machine. `wanted`: the one for every step; empty: for each the least that it needs.

    Raises:
        UserError: there is none of that name, or this machine has it not; says what to install.
    """

    def __init__(self, wanted: str = "") -> None:
        if wanted and wanted not in NAMES:
            raise UserError(f"steps run in a {', a '.join(NAMES)}, not in {wanted!r}")
        if problem := missing(wanted):
            raise UserError(f"no step can run in a {wanted} here: {problem}")
        self._wanted = wanted

    def of(self, template: Template) -> Runtime:
        """The one in which a template's containers run."""
        return _ALL["process" if only_process(template) else self._wanted or _least(template)]

    def why_not(self, template: Template) -> str:
        """Why a template cannot run where it was asked to, and what to do; empty if it can."""
        problem = only_process(template) if self._wanted not in ("", "process") else ""
        return problem and f"{problem}; leave out --in {self._wanted}"

    def told(self, templates: Iterable[Template]) -> str:
        """Where those run that do not run as plain processes, in one line; empty if all do."""
        found: dict[str, list[str]] = {}
        for each in templates:
            if each.main is not None and (name := self.of(each).name) in _WORDS:
                found.setdefault(name, []).append(each.name)
        return "; ".join(f"{_WORDS[name]} ({by(name)}): {_listed(found[name])}" for name in _WORDS if name in found)

    def sweep(self, run: Path) -> None:
        """End what is left of the steps of the run with this folder; see `Runtime.sweep`."""
        for each in _ALL.values():
            each.sweep(run)


def missing(name: str) -> str:
    """Why this machine has not the runtime of that name, and what to do; empty if it has it."""
    if name == "sandbox":
        return sandbox.missing()
    return container.missing() if name == "container" else ""


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def by(name: str) -> str:
    """The program by which this machine has the runtime of that name."""
    return "bubblewrap" if name == "sandbox" else Path(container.tool()).name


def _least(template: Template) -> str:
    each_alone = [template.alone(part) for _, part in template.containers]
    of_image = any(each.container is not None and each.container.entry == "unknown" for each in each_alone)
    if (of_image or any(map(absent_command, each_alone))) and not missing("container"):
        return "container"
    if any(map(needs_paths, each_alone)) and not missing("sandbox"):
        return "sandbox"
    return "container" if any(map(path_put_together, each_alone)) and not missing("container") else "process"
