"""Making, changing and deleting WorkflowTemplates and CronWorkflows by the API.

What a client changes of a file of manifests/ becomes a copy in the state folder that counts instead, until it is the
same again or is deleted. https://argo-workflows.readthedocs.io/en/latest/cron-workflows/
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import yaml

from pipeline.serve.library import PLURAL, Library, Manifest
from pipeline.serve.problems import Problem, invalid, there_already

NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?")
_DROPPED: Final = ("managedFields", "selfLink", "ownerReferences", "generation")


def of_kind(document: Any, kind: str) -> dict[str, Any]:
    """What a client sent as an object of that kind, without what only a cluster keeps.

    Raises:
        Problem: it is none.
    """
    if not isinstance(document, dict) or not isinstance(document.get("metadata"), dict):
        raise invalid(f"wanted a {kind} with metadata and spec")
    if document.get("kind") not in (None, "", kind):
        raise invalid(f"the object is a {document['kind']!r:.60}; wanted a {kind}")
    metadata = {name: value for name, value in document["metadata"].items() if name not in _DROPPED}
    found = {name: value for name, value in document.items() if name != "status"}
    return found | {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata}


def check_name(kind: str, name: object) -> str:
    """A name that is one: it becomes that of a file.

    Raises:
        Problem: it is none.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name) or ".." in name:
        raise invalid(
            f"{kind}.argoproj.io {name!r:.80} is invalid: metadata.name: wanted at most 63 lower case letters, digits, "
            "'-' and '.', with a letter or digit at both ends"
        )
    return name


class Store:
    """Writes what `library` reads."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def create(self, kind: str, document: Any) -> Manifest:
        """A new one.

        Raises:
            Problem: it is none, or there is one of that name.
            Refused: it cannot be run here.
        """
        found = of_kind(document, kind)
        name = check_name(kind, found["metadata"].get("name"))
        if any(each.entry.name == name for each in self._library.all(kind)):
            raise there_already(PLURAL[kind], name)
        self._library.resolved(found, name)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found["metadata"] |= {"uid": str(uuid4()), "creationTimestamp": now}
        return self._write(kind, name, found, self._library.own)

    def update(self, kind: str, name: str, document: Any) -> Manifest:
        """Change one. It keeps its uid and creation time, which clients do not send.

        Raises:
            Problem: there is none, it was changed since the client read it, or it is no such object.
            Refused: it cannot be run here.
        """
        before = self._library.get(kind, name)
        found = of_kind(document, kind)
        found["metadata"]["name"] = name
        wanted = found["metadata"].pop("resourceVersion", None)
        if wanted and str(wanted) != before.version:
            raise Problem(
                10, f'Operation cannot be fulfilled on {PLURAL[kind]}.argoproj.io "{name}": the object has been '
                "modified; please apply your changes to the latest version and try again",
            )  # fmt: skip
        self._library.resolved(found, name)
        kept = before.document("")["metadata"]
        found["metadata"] |= {field: kept[field] for field in ("uid", "creationTimestamp")}
        return self._write(kind, name, found, self._folder(before))

    def suspend(self, name: str, *, suspended: bool) -> Manifest:
        """Let the times of a CronWorkflow pass, or start its runs again.

        Raises:
            Problem: there is none of that name.
        """
        before = self._library.get("CronWorkflow", name)
        document = dict(before.entry.document)
        document["spec"] = {**document["spec"], "suspend": suspended}
        if not suspended and before.own and self._same_as_file(before, document):
            before.entry.file.unlink()
            return self._library.get("CronWorkflow", name)
        return self._write("CronWorkflow", name, document, self._folder(before))

    def delete(self, kind: str, name: str) -> None:
        """Delete one that a client made.

        Raises:
            Problem: there is none, or it is one of manifests/.
        """
        found = self._library.get(kind, name)
        if not found.own:
            raise Problem(7, f"{kind} {name} belongs to {found.entry.file}; delete it there")
        found.entry.file.unlink()

    def _folder(self, before: Manifest) -> Path:
        """Where the copy of a file lies: below the name of its folder, which says whose project it is of."""
        return before.entry.file.parent if before.own else self._library.own / before.entry.file.parent.name

    def _same_as_file(self, before: Manifest, document: dict[str, Any]) -> bool:
        """Whether a copy says again what the file of manifests/ says."""
        beneath = self._library.beneath(before.entry)
        return beneath is not None and _plain(beneath.document["spec"]) == _plain(
            {name: value for name, value in document["spec"].items() if name != "suspend" or value}
        )

    def _write(self, kind: str, name: str, document: dict[str, Any], folder: Path) -> Manifest:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{kind.lower()}-{name}.yaml"
        draft = file.with_suffix(".new")
        draft.write_text(yaml.safe_dump(_plain(document), sort_keys=False, allow_unicode=True), encoding="utf-8")
        draft.replace(file)
        return self._library.get(kind, name)


def _plain(value: Any) -> Any:
    """Without the classes in which the manifests were read."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
