"""YAML files as mappings that remember their lines, so that a refusal can say where.

Scalars are read as Kubernetes' own YAML reader does (YAML 1.1: an unquoted `n` is false), so that a manifest means the
same here as on a cluster.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from pipeline.errors import Refused

# In YAML 1.1, but not in Kubernetes' reader, where dates, and `=` for a default value, are texts.
_PLAIN: Final = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")


class Located(dict[str, Any]):
    """A mapping with the line of each of its keys, counted from 1."""

    lines: dict[str, int]


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader with Kubernetes' booleans and texts, and with lines."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Iterator[Located]:
    value = Located()
    value.lines = {}
    yield value
    loader.flatten_mapping(node)
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise Refused(f"line {line}: the key {key_node.value!r} is not a text; put it in quotes")
        if key in value:
            raise Refused(f"line {line}: the key {key!r} stands twice in one mapping")
        value[key] = loader.construct_object(value_node, deep=True)
        value.lines[key] = line


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _PLAIN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(  # PyYAML's own wants a point and a sign, but 1e3 is a number too
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^[yYnN]$"), list("yYnN"))


def _bool(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return loader.construct_scalar(node).lower() in ("y", "yes", "true", "on")


_Loader.add_constructor("tag:yaml.org,2002:bool", _bool)


def read(path: Path) -> list[Located]:
    """All documents of one file.

    Raises:
        Refused: the file cannot be read, is not YAML (with line and column), or holds anything but mappings.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Refused(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    return parse(text, str(path))


def parse(text: str, where: str) -> list[Located]:
    """All documents of a text. `where`: what messages call it.

    Raises:
        Refused: it is not YAML (with line and column), or holds anything but mappings.
    """
    try:
        documents = list(yaml.load_all(text, _Loader))
    except Refused as error:
        raise Refused(f"{where}: {error}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Refused(f"{where}{at}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise Refused(f"{where}: not YAML: {' '.join(str(error).split())}") from error
    for document in documents:
        if document is not None and not isinstance(document, Located):
            raise Refused(f"{where}: a document is {document!r:.60}; wanted a mapping with apiVersion and kind")
    return [document for document in documents if document]


def files(place: Path) -> list[Path]:
    """The YAML files of a folder and its subfolders, sorted; or the one file.

    Raises:
        Refused: there is no such place, or no YAML in it.
    """
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise Refused(f"{place} is not there; wanted a folder of manifests, or one file")
    found = sorted(path for pattern in ("*.yaml", "*.yml") for path in place.rglob(pattern))
    if not found:
        raise Refused(f"{place} holds no .yaml file; wanted a folder of manifests")
    return found
