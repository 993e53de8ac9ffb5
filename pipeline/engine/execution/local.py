"""The plain host: every command is a process of its own, and there is nothing to apply objects to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.engine.execution.process import Child
from pipeline.engine.host import Process, Source
from pipeline.errors import UserError


class LocalHost:
    """This machine without any servers. `secrets`, `config_maps`: the variables of each, by name."""

    def __init__(
        self,
        secrets: Mapping[str, Mapping[str, str]] | None = None,
        config_maps: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._settings = {"secret": secrets or {}, "configMap": config_maps or {}}

    def environment(self, kind: Source, name: str) -> Mapping[str, str]:
        """See `Host`."""
        there = self._settings[kind]
        if name not in there:
            raise UserError(f"no {kind} is named {name} here; there are {', '.join(there) or 'none'}")
        return there[name]

    def start(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdout: Path, stderr: Path
    ) -> Process:
        """See `Host`."""
        return Child(command, env=env, cwd=cwd, stdout=stdout, stderr=stderr)

    def apply(self, manifest: dict[str, Any], *, log: Path) -> dict[str, Any]:  # noqa: ARG002 - nothing is applied
        """See `Host`. There is no cluster here.

        Raises:
            UserError: always; says what to do.
        """
        raise UserError(
            f"a {manifest.get('kind', 'resource')} cannot be applied here; give the run a host that can, or a function "
            "in its place (replace=)"
        )
