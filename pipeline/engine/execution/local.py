"""The plain host: every command is a process of its own, and there is nothing to apply objects to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pipeline.engine.execution.process import Child
from pipeline.engine.host import Host, Process
from pipeline.engine.settings import Settings
from pipeline.engine.spec import Resource, Source
from pipeline.errors import UserError

_STORE: Final = "run it with pipeline run, or give the run a host that has one"


class WithSettings:
    """A host with the ConfigMaps and Secrets that were given for a run, which win over its own."""

    def __init__(self, host: Host, settings: Settings) -> None:
        self._host, self._settings = host, settings
        self.start, self.apply, self.folder = host.start, host.apply, host.folder
        self.download, self.upload = host.download, host.upload
        self.change, self.look, self.takes = host.change, host.look, host.takes

    def environment(self, kind: Source, name: str) -> Mapping[str, str]:
        """See `Host`."""
        found = self._settings.of(kind, name)
        return found if found is not None else self._host.environment(kind, name)

    def optional(self, kind: Source, name: str) -> Mapping[str, str] | None:
        """See `Host`."""
        found = self._settings.of(kind, name)
        return found if found is not None else self._host.optional(kind, name)

    def has(self, kind: Source, name: str, key: str) -> bool:
        """See `Host`."""
        found = self._settings.of(kind, name)
        return (not key or key in found) if found is not None else self._host.has(kind, name, key)


class LocalHost:
    """This machine without any servers. `secrets`, `config_maps`: the variables of each, by name. `host_paths`: whether
    steps may have folders of this machine as volumes."""

    def __init__(
        self,
        secrets: Mapping[str, Mapping[str, str]] | None = None,
        config_maps: Mapping[str, Mapping[str, str]] | None = None,
        *,
        host_paths: bool = False,
    ) -> None:
        self.host_paths = host_paths
        self._settings = {"secret": secrets or {}, "configMap": config_maps or {}}

    def environment(self, kind: Source, name: str) -> Mapping[str, str]:
        """See `Host`."""
        there = self._settings[kind]
        if name not in there:
            raise UserError(f"no {kind} is named {name} here; there are {', '.join(there) or 'none'}")
        return there[name]

    def optional(self, kind: Source, name: str) -> Mapping[str, str] | None:
        """See `Host`."""
        return self.environment(kind, name) if self.has(kind, name, "") else None

    def has(self, kind: Source, name: str, key: str) -> bool:
        """See `Host`."""
        there = self._settings[kind].get(name)
        return there is not None and (not key or key in there)

    def folder(self, path: str) -> Path:
        """See `Host`."""
        if not self.host_paths:
            raise UserError(f"a step wants {path} of this machine as a volume (hostPath), which it may not have")
        if not Path(path).exists():
            raise UserError(f"a step wants {path} of this machine as a volume (hostPath), and there is no such folder")
        return Path(path)

    def download(self, fields: Mapping[str, str], secrets: Mapping[str, str], target: Path) -> None:  # noqa: ARG002
        """See `Host`. There is no object store here."""
        raise UserError(f"the object {fields['key']} cannot be fetched: there is no object store here; {_STORE}")

    def upload(self, fields: Mapping[str, str], secrets: Mapping[str, str], source: Path) -> None:  # noqa: ARG002
        """See `Host`. There is no object store here."""
        raise UserError(f"the object {fields['key']} cannot be stored: there is no object store here; {_STORE}")

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

    def change(self, resource: Resource, manifest: dict[str, Any] | None, *, log: Path) -> dict[str, Any]:  # noqa: ARG002
        """See `Host`. There is no cluster here.

        Raises:
            UserError: always; says what to do.
        """
        kind = (manifest or {}).get("kind", "resource")
        raise UserError(
            f"{resource.action} of a {kind} cannot be done here; give the run a host that can, or a function in its "
            "place (replace=)"
        )

    def look(self, manifest: dict[str, Any]) -> dict[str, Any] | None:  # noqa: ARG002 - nothing changes
        """See `Host`."""
        return None

    def takes(self, kind: str) -> bool:  # noqa: ARG002 - another host may
        """See `Host`."""
        return True
