"""ConfigMaps and Secrets: of manifests, of a file that is given, and of a run.

The values of Secrets are in memory, and in files that only their owner can read; no message, no journal and no `repr`
has them.
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from pipeline.engine.spec import SEMAPHORE, Container, Source, Template, Volume, Workflow
from pipeline.errors import Refused, UserError

Named = Mapping[str, Mapping[str, str]]
# What Kubernetes calls its objects: names of domains, RFC 1123.
OBJECT_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KINDS: Final[dict[str, Source]] = {"ConfigMap": "configMap", "Secret": "secret"}


@dataclass(frozen=True)
class Settings:
    """ConfigMaps and Secrets by name, each a mapping of keys to values. `loose`: keys of every Secret that has no name
    here."""

    config_maps: Named = field(default_factory=dict, repr=False)
    secrets: Named = field(default_factory=dict, repr=False)
    loose: Mapping[str, str] = field(default_factory=dict, repr=False)

    def of(self, kind: Source, name: str) -> Mapping[str, str] | None:
        """The keys and values of one; None if it is not here."""
        if kind == "configMap":
            return self.config_maps.get(name)
        return self.secrets.get(name, self.loose or None)

    def over(self, below: "Settings") -> "Settings":
        """These, and the other ones where these have none of the name."""
        return Settings(
            {**below.config_maps, **self.config_maps}, {**below.secrets, **self.secrets}, self.loose or below.loose
        )

    def without(self, secrets: Iterable[str]) -> "Settings":
        """The same without some Secrets."""
        dropped = set(secrets)
        return Settings(
            self.config_maps, {name: each for name, each in self.secrets.items() if name not in dropped}, self.loose
        )

    def needed_by(self, workflow: Workflow) -> "Settings":
        """Those that a workflow names; all where it puts a name together when it runs."""
        names = {(each.kind, each.name) for each in wanted_by(workflow)}
        if any("{{" in name for _, name in names):
            return self
        config_maps = {name: each for name, each in self.config_maps.items() if ("configMap", name) in names}
        secrets = {name: each for name, each in self.secrets.items() if ("secret", name) in names}
        loose = self.loose if any(kind == "secret" and name not in secrets for kind, name in names) else {}
        return Settings(config_maps, secrets, loose)

    def __bool__(self) -> bool:
        return bool(self.config_maps or self.secrets or self.loose)


NO_SETTINGS: Final = Settings()


@dataclass(frozen=True)
class Wanted:
    """A ConfigMap or Secret that a template names, and the key that it wants of it (empty: all). `where`: its field."""

    template: Template | None  # None: the workflow itself
    where: str
    kind: Source
    name: str
    key: str = ""
    optional: bool = False


def wanted_by(workflow: Workflow) -> Iterator[Wanted]:
    """Every ConfigMap and Secret that the templates of a workflow name."""
    yield from semaphores_of(workflow)
    for template in workflow.templates.values():
        yield from _of_locations(template)
        for header in template.http.headers if template.http is not None else ():
            if header.kind is not None:
                yield Wanted(template, f"http.headers[{header.name}]", header.kind, header.source, header.key)
        mounted: set[str] = set()
        for kind, part in template.containers:
            yield from _of_container(template, kind, part.container)
            mounted |= {mount.volume for mount in part.container.mounts}
        for volume in template.volumes:
            if volume.name in mounted:
                yield from _of_volume(template, f"volumes[{volume.name}]", volume)


def _of_container(template: Template, kind: str, container: Container) -> Iterator[Wanted]:
    for each in container.env_from:
        yield Wanted(template, f"{kind}.envFrom", each.kind, each.source, "", each.optional)
    for variable in container.env:
        if variable.kind is not None:
            where = f"{kind}.env[{variable.name}]"
            yield Wanted(template, where, variable.kind, variable.source, variable.key, variable.optional)


def semaphores_of(workflow: Workflow) -> Iterator[Wanted]:
    """The keys of ConfigMaps that say how many may have a semaphore of a workflow."""
    for template, names in [(None, workflow.mutexes), *((each, each.mutexes) for each in workflow.templates.values())]:
        for name in names:
            if name.startswith(SEMAPHORE):
                config_map, _, key = name.removeprefix(SEMAPHORE).partition("/")
                yield Wanted(template, "synchronization", "configMap", config_map, key)


def _of_locations(template: Template) -> Iterator[Wanted]:
    values = [("inputs", template.inputs), ("outputs", template.outputs)]
    values += [(f"{template.prefix}[{task.name}].arguments", task.arguments) for task in template.tasks]
    for where, held in values:
        for artifact in held.artifacts:
            for each in artifact.location.secrets if artifact.location is not None else ():
                yield Wanted(template, f"{where}.artifacts[{artifact.name}]", "secret", each.source, each.key)


def _of_volume(template: Template, where: str, volume: Volume) -> Iterator[Wanted]:
    for part in volume.parts or (volume,):
        if part.kind in ("secret", "configMap"):
            source: Source = "secret" if part.kind == "secret" else "configMap"
            for key in [key for key, _ in part.items] or [""]:
                yield Wanted(template, where, source, part.source, key, part.optional)


def of_documents(documents: Iterable[tuple[Path, Mapping[str, Any]]]) -> Settings:
    """The ConfigMaps and Secrets among documents, each given with its file.

    Raises:
        Refused: one of them cannot be read; names file and key.
    """
    found: dict[Source, dict[str, Mapping[str, str]]] = {"configMap": {}, "secret": {}}
    for file, document in documents:
        kind = _KINDS.get(str(document.get("kind")))
        metadata = document.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if kind is not None and document.get("apiVersion") == "v1" and isinstance(name, str):
            found[kind][name] = _values(file, kind, name, document)
    return Settings(found["configMap"], found["secret"])


def _values(file: Path, kind: Source, name: str, document: Mapping[str, Any]) -> dict[str, str]:
    where = f"{file}: {kind} {name}"
    values: dict[str, str] = {}
    encoded, plain = ("data", "stringData") if kind == "secret" else ("binaryData", "data")
    for key, value in _texts(where, encoded, document.get(encoded)).items():
        try:
            values[key] = base64.b64decode(value, validate=False).decode("utf-8", "surrogateescape")
        except binascii.Error:
            raise Refused(f"{where}.{encoded}.{key} is not base64; write it as it is, under {plain}") from None
    return {**values, **_texts(where, plain, document.get(plain))}


def _texts(where: str, field_name: str, found: Any) -> dict[str, str]:
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        wrong = next((key for key in found if not isinstance(found[key], str)), "") if isinstance(found, dict) else ""
        raise Refused(f"{where}.{field_name}{f'.{wrong}' if wrong else ''} is not a text; put it in quotes")
    return dict(found)


def of_file(path: Path) -> Settings:
    """What a file of secrets holds: lines NAME=VALUE (.env; SECRET/NAME=VALUE for one Secret only), or YAML: Secrets
    and ConfigMaps, or a mapping of each Secret's name to its keys and values.

    Raises:
        UserError: it cannot be read, or is neither; says which line, and nothing of what it holds.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text") from None
    return _of_yaml(path, text) if path.suffix in (".yaml", ".yml", ".json") else _of_lines(path, text)


def _of_lines(path: Path, text: str) -> Settings:
    loose: dict[str, str] = {}
    secrets: dict[str, dict[str, str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip().removeprefix("export ")
        if not entry or entry.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or not name:
            raise UserError(f"{path}, line {number}: wanted NAME=VALUE, or SECRET/NAME=VALUE")
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        secret, slash, key = name.partition("/")
        (secrets.setdefault(secret, {}) if slash else loose)[key if slash else name] = value
    return Settings({}, secrets, loose)


def _of_yaml(path: Path, text: str) -> Settings:
    wanted = "wanted Secrets and ConfigMaps, or a mapping of each Secret's name to its keys and values"
    try:
        documents = [document for document in yaml.load_all(text, yaml.CBaseLoader) if document]
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{path}{line}: not YAML; {wanted}") from None
    except (yaml.YAMLError, RecursionError):
        raise UserError(f"{path}: not YAML; {wanted}") from None
    found = NO_SETTINGS
    for document in documents:
        if not isinstance(document, dict):
            raise UserError(f"{path}: {wanted}")
        if "kind" in document:
            found = of_documents([(path, each) for each in _listed(document)]).over(found)
            continue
        values = {name: _texts(str(path), name, keys) for name, keys in document.items()}
        found = Settings({}, values).over(found)
    return found


def _listed(document: Mapping[str, Any]) -> list[Any]:
    items = document.get("items") if document.get("kind") == "List" else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else [document]


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    draft.replace(path)


def keep(settings: Settings, run: Path) -> None:
    """Keep in a run's folder what was given for it, so that it can be resumed."""
    if settings:
        kept = {"configMap": settings.config_maps, "secret": settings.secrets, "loose": settings.loose}
        write_private(run / "settings.json", json.dumps(kept))


def kept(run: Path) -> Settings:
    """What `keep` has kept of a run."""
    try:
        found = json.loads((run / "settings.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return NO_SETTINGS
    return Settings(found["configMap"], found["secret"], found["loose"])
