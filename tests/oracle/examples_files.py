"""Argo's published examples: what can be run in each file, with the manifests of other files that it refers to, and
with its paths and entry points written out where that lets this engine run it.

Nothing of the examples is kept in this repository; the folder is given.
"""

import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from pipeline.engine.manifest.documents import Located, read
from pipeline.errors import Refused

Document = dict[str, Any]

RUNNABLE: Final = ("Workflow", "CronWorkflow", "WorkflowTemplate")
KINDS: Final = (*RUNNABLE, "ClusterWorkflowTemplate")
ENTRY_POINTS: Final = {"argoproj/argosay": ["argosay"], "docker/whalesay": ["cowsay"]}
_NETWORK: Final = re.compile(r"\b(curl|wget|apk|apt-get|git clone|go get|docker|aws|git)\b")
_OF_SOME_IMAGES: Final = re.compile(r"\b(jq|node)\b")  # may be here, but not in the image that stands for all others


@dataclass(frozen=True)
class Example:
    """One document that can be run, or a file in which there is none. `needed`: the documents it refers to."""

    file: str
    document: Document | None
    needed: tuple[Document, ...] = ()
    label: str = ""

    @property
    def name(self) -> str:
        """The file; with the document's name where the file holds several that can be run."""
        return f"{self.file}: {self.label}" if self.label else self.file

    @property
    def documents(self) -> tuple[Document, ...]:
        return (*self.needed, *([self.document] if self.document else []))

    @property
    def workflow(self) -> str:
        """The name under which this engine runs it."""
        assert self.document is not None
        return name_of(self.document)


def name_of(document: Document) -> str:
    """A document's name, or what its generated name begins with."""
    metadata = document["metadata"]
    return str(metadata.get("name") or metadata["generateName"].rstrip("-"))


def find(folder: Path) -> list[Example]:
    """Every example of the folder, in the order of the files' names.

    Raises:
        Refused: it is not there, or a file of it is not YAML.
    """
    if not folder.is_dir():
        raise Refused(f"{folder} is not there; wanted the folder 'examples' of Argo Workflows")
    files = {file.relative_to(folder).as_posix(): _plain(read(file)) for file in sorted(folder.rglob("*.yaml"))}
    if not files:
        raise Refused(f"{folder} holds no .yaml file; wanted the folder 'examples' of Argo Workflows")
    library = {
        (document["kind"], name_of(document)): document
        for documents in files.values()
        for document in documents
        if document["kind"].endswith("WorkflowTemplate")
    }
    return [example for file, documents in files.items() for example in _of_file(file, documents, library)]


def _plain(value: Any) -> Any:
    """Documents as plain mappings: without lines, so that they can be changed and written again."""
    if isinstance(value, Located | dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


def _of_file(file: str, documents: list[Document], library: dict[tuple[str, str], Document]) -> Iterator[Example]:
    started = [each for each in documents if each["kind"] in ("Workflow", "CronWorkflow")]
    if not started:
        started = [each for each in documents if each["kind"] == "WorkflowTemplate" and _starts(each)]
    for document in started:
        label = name_of(document) if len(started) > 1 else ""
        yield Example(file, document, tuple(_needed(document, library)), label)
    if not started:
        yield Example(file, None, tuple(each for each in documents if each["kind"] in KINDS))


def _starts(template: Document) -> bool:
    """Whether a WorkflowTemplate can be run by itself."""
    spec = template["spec"]
    entry = next((each for each in spec.get("templates", ()) if each["name"] == spec.get("entrypoint")), None)
    if entry is None:
        return False
    given = {each["name"] for each in spec.get("arguments", {}).get("parameters", ())}
    inputs = entry.get("inputs", {}).get("parameters", ())
    return all(each["name"] in given or "value" in each or "default" in each for each in inputs)


def _needed(document: Document, library: dict[tuple[str, str], Document]) -> list[Document]:
    found: dict[tuple[str, str], Document] = {}
    left = [document]
    while left:
        for reference in _references(left.pop()):
            kind = "ClusterWorkflowTemplate" if reference.get("clusterScope") else "WorkflowTemplate"
            key = (kind, str(reference.get("name")))
            if key in library and key not in found and library[key] is not document:
                found[key] = library[key]
                left.append(library[key])
    return list(found.values())


def _references(value: Any) -> Iterator[Document]:
    if isinstance(value, dict):
        for key, entry in value.items():
            if key in ("templateRef", "workflowTemplateRef") and isinstance(entry, dict):
                yield entry
            yield from _references(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _references(entry)


def spec_of(document: Document) -> Document:
    """The workflow's spec, also of a CronWorkflow."""
    spec: Document = document["spec"]
    return spec["workflowSpec"] if document["kind"] == "CronWorkflow" else spec


def templates(document: Document) -> Iterator[Document]:
    """All of its templates, those within tasks and steps too."""
    for template in spec_of(document).get("templates", ()):
        yield template
        steps = [step for group in template.get("steps", ()) for step in group]
        for part in (*steps, *template.get("dag", {}).get("tasks", ())):
            if "inline" in part:
                yield part["inline"]


def containers(document: Document) -> Iterator[Document]:
    """All containers and scripts of its templates, those beside and before them too."""
    for template in templates(document):
        alone = (template.get(kind) for kind in ("container", "script"))
        together = template.get("containerSet", {}).get("containers", ())
        beside = (*template.get("initContainers", ()), *template.get("sidecars", ()))
        yield from (each for each in (*alone, *together, *beside) if isinstance(each, dict))


def with_entry_points(documents: Iterable[Document]) -> list[Document]:
    """The same documents; where a container leaves the command to an image whose entry point is known, with it."""
    changed = deepcopy(list(documents))
    for document in changed:
        for container in containers(document):
            image = str(container.get("image", "")).partition(":")[0]
            if not container.get("command") and image in ENTRY_POINTS:
                container["command"] = ENTRY_POINTS[image]
    return changed


def with_paths_in_braces(documents: Iterable[Document]) -> list[Document]:
    """The same documents; a path that a template declares and its command repeats is written as a variable there."""
    changed = deepcopy(list(documents))
    for document in changed:
        for template in templates(document):
            variables = dict(_declared(template))
            for kind in ("container", "script"):
                if variables and isinstance(template.get(kind), dict):
                    template[kind] = _spoken(template[kind], variables)
    return changed


def _declared(template: Document) -> Iterator[tuple[str, str]]:
    for role in ("outputs", "inputs"):
        for artifact in template.get(role, {}).get("artifacts", ()):
            if artifact.get("path"):
                yield artifact["path"], f"{{{{{role}.artifacts.{artifact['name']}.path}}}}"
    for parameter in template.get("outputs", {}).get("parameters", ()):
        path = (parameter.get("valueFrom") or {}).get("path")
        if path:
            yield path, f"{{{{outputs.parameters.{parameter['name']}.path}}}}"


def _spoken(container: Document, variables: dict[str, str]) -> Document:
    alternatives = "|".join(re.escape(path) for path in sorted(variables, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w.\-/}}])(?:{alternatives})(?![\w.\-])")

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(lambda found: variables[found[0]], value)
        if isinstance(value, list):
            return [filled(entry) for entry in value]
        return {key: filled(entry) for key, entry in value.items()} if isinstance(value, dict) else value

    return {
        key: filled(value) if key in ("command", "args", "source", "env") else value for key, value in container.items()
    }


def commands(documents: Iterable[Document]) -> set[str]:
    """The programs that its containers start, where they are named."""
    found = {str((container.get("command") or [""])[0]) for each in documents for container in containers(each)}
    return {each for each in found if each and "{{" not in each}


def network(documents: Iterable[Document]) -> str:
    """A program that it uses to reach the network; empty where there is none."""
    return _used(documents, _NETWORK)


def special(documents: Iterable[Document]) -> str:
    """A program that only its own image is sure to have; empty where there is none."""
    return _used(documents, _OF_SOME_IMAGES)


def _used(documents: Iterable[Document], programs: re.Pattern[str]) -> str:
    for document in documents:
        for container in containers(document):
            parts = [*container.get("command", ()), *container.get("args", ()), container.get("source", "")]
            found = programs.search(" ".join(map(str, parts)))
            if found:
                return found[1]
    return ""


def uses(documents: Iterable[Document], kind: str) -> bool:
    """Whether one of its templates is of that kind."""
    return any(kind in template for document in documents for template in templates(document))


def write(documents: Iterable[Document], file: Path) -> Path:
    """Write documents into one file."""
    file.write_text(yaml.safe_dump_all(list(documents), sort_keys=False), encoding="utf-8")
    return file
