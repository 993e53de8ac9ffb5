"""ConfigMaps and Secrets that workflows make: without a cluster they are files of the state folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pipeline.engine.settings import OBJECT_NAME, of_documents, write_private
from pipeline.engine.spec import Resource
from pipeline.errors import PipelineError, UserError

_FOLDERS: Final = {"ConfigMap": "configmaps", "Secret": "secrets"}


def is_kept(kind: str) -> bool:
    """Whether an object of that kind is one."""
    return kind in _FOLDERS


class Kept:
    """Those of the state folder `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def values(self, kind: str, name: str) -> Mapping[str, str] | None:
        """Keys and values of one; None if there is none of the name."""
        file = self._home / _FOLDERS[kind] / f"{name}.json"
        if not OBJECT_NAME.fullmatch(name) or not file.exists():
            return None
        try:
            found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            raise UserError(f"{file} is broken; remove it, and set {name} again") from None
        return found

    def put(self, kind: str, name: str, values: Mapping[str, str]) -> None:
        """Make one, or replace it."""
        if not OBJECT_NAME.fullmatch(name):
            raise UserError(f"a {kind} is named {name!r}; wanted small letters, digits, '-' and '.'")
        write_private(self._home / _FOLDERS[kind] / f"{name}.json", json.dumps(dict(values)))

    def remove(self, kind: str, name: str) -> None:
        """Forget one, if it is there."""
        (self._home / _FOLDERS[kind] / f"{name}.json").unlink(missing_ok=True)

    def names(self, kind: str) -> list[str]:
        """Those there are."""
        return sorted(file.stem for file in (self._home / _FOLDERS[kind]).glob("*.json"))

    def act(self, resource: Resource, manifest: dict[str, Any]) -> dict[str, Any]:
        """Do what a `resource` template says, with kubectl's words where it cannot be done. Of a Secret only the keys
        are given back.

        Raises:
            PipelineError: there is such an object already, or none.
        """
        kind, name = str(manifest["kind"]), str(manifest.get("metadata", {}).get("name", ""))
        there, plural = self.values(kind, name), f'{kind.lower()}s "{name}"'
        if resource.action == "create" and there is not None:
            raise PipelineError(f"Error from server (AlreadyExists): {plural} already exists")
        if resource.action in ("get", "patch", "replace") and there is None:
            raise PipelineError(f"Error from server (NotFound): {plural} not found")
        if resource.action == "delete":
            self.remove(kind, name)
            return {}
        if resource.action == "patch" and resource.merge == "json":
            raise UserError(f"a {kind} is not patched by JSON here; use mergeStrategy: merge")
        values = dict(there or {})
        if resource.action != "get":
            read = of_documents([(Path("the manifest"), {"apiVersion": "v1", **manifest, "metadata": {"name": name}})])
            given = (read.config_maps if kind == "ConfigMap" else read.secrets).get(name, {})
            values = {**values, **given} if resource.action == "patch" else dict(given)
            self.put(kind, name, values)
        shown = values if kind == "ConfigMap" else dict.fromkeys(values, "")
        return {**manifest, "apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": shown}
