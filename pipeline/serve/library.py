"""The WorkflowTemplates and CronWorkflows that there are: those of manifests/, and over them those that a client of the
API has made, which lie in the state folder, a file for each. The files of manifests/ are never written."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pipeline.engine.manifest import Entry, Found, beside, library
from pipeline.serve.problems import not_found

PLURAL = {"WorkflowTemplate": "workflowtemplates", "CronWorkflow": "cronworkflows"}


@dataclass(frozen=True)
class Manifest:
    """One of them. `own`: a client made it."""

    entry: Entry
    own: bool

    @property
    def version(self) -> str:
        """Another one after each change."""
        return str(self.entry.file.stat().st_mtime_ns)

    def document(self, namespace: str) -> dict[str, Any]:
        """With the metadata that every object of a cluster has."""
        found = dict(self.entry.document)
        given = dict(found.get("metadata") or {})
        changed = datetime.fromtimestamp(self.entry.file.stat().st_mtime, UTC)
        default = {
            "uid": str(uuid5(NAMESPACE_URL, f"{self.entry.file}#{self.entry.name}")),
            "creationTimestamp": changed.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        metadata = default | {name: value for name, value in given.items() if value is not None}
        metadata |= {"name": self.entry.name, "resourceVersion": self.version}
        metadata["namespace"] = namespace or metadata.get("namespace") or "default"
        return found | {"metadata": metadata}


class Library:
    """Those of one machine. `own`: the folder of what clients made; `manifests`: that of what names mean."""

    def __init__(self, own: Path, manifests: Path) -> None:
        self.own, self._folders = own, (own, manifests)
        self._lock = threading.Lock()
        self._stamp: object = None
        self._entries: list[Entry] = []

    def entries(self) -> Sequence[Entry]:
        """All of them, read again where a file has changed."""
        with self._lock:
            files = [file for folder in self._folders for file in sorted(folder.rglob("*.y*ml"))]
            stamp = [(file, stat.st_mtime_ns, stat.st_size, stat.st_ino) for file in files for stat in [file.stat()]]
            if stamp != self._stamp:
                self._entries, self._stamp = library(self._folders), stamp
            return self._entries

    def all(self, kind: str) -> list[Manifest]:
        """Those of a kind, by name."""
        found = [Manifest(each, each.file.is_relative_to(self.own)) for each in self.entries() if each.kind == kind]
        return sorted(found, key=lambda each: each.entry.name)

    def get(self, kind: str, name: str) -> Manifest:
        """One.

        Raises:
            Problem: there is none of that name.
        """
        for each in self.all(kind):
            if each.entry.name == name:
                return each
        raise not_found(PLURAL[kind], name)

    def beneath(self, entry: Entry) -> Entry | None:
        """What manifests/ has of the same kind and name."""
        found = (each for each in library(self._folders[1:]) if (each.kind, each.name) == (entry.kind, entry.name))
        return next(found, None)

    def resolved(self, document: dict[str, Any], where: str) -> Found:
        """A manifest with what it refers to, checked.

        Raises:
            Refused: it cannot be run here.
        """
        return beside(document, Path(where), self.entries())
