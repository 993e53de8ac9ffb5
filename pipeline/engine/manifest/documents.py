"""YAML files as mappings that remember their lines, so that a refusal can say where.

Scalars are read as Kubernetes' own YAML reader does (YAML 1.1: an unquoted `n` is false), so that a manifest means the
same here as on a cluster.
"""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from pipeline.errors import Refused

# In YAML 1.1, but not in Kubernetes' reader, where dates, and `=` for a default value, are texts; and numbers, whose
# forms differ: there `22:30` is a text, and 08 a number.
_OTHERWISE: Final = tuple(f"tag:yaml.org,2002:{name}" for name in ("timestamp", "value", "int", "float"))
_NUMBER: Final = "!number"
_WHOLE: Final = re.compile(r"[-+]?(0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bits>[01]+)|0[oO]?(?P<octal>[0-7]+)|\d+)")
_FLOAT: Final = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?")


class Located(dict[str, Any]):
    """A mapping with the line of each of its keys, counted from 1."""

    lines: dict[str, int]


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader with Kubernetes' booleans and texts, and with lines."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Iterator[Located]:
    value = Located()
    value.lines = {}
    yield value
    merged: set[str] = set()
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if key_node.tag == "tag:yaml.org,2002:merge":
            for other in _merged(loader, value_node, line):
                value.update(other)
                value.lines.update(other.lines)
                merged.update(other)
            continue
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise Refused(f"line {line}: the key {key_node.value!r} is not a text; put it in quotes")
        if key in value and key not in merged:
            raise Refused(f"line {line}: the key {key!r} stands twice in one mapping")
        merged.discard(key)
        value[key] = loader.construct_object(value_node, deep=True)
        value.lines[key] = line


def _merged(loader: _Loader, node: yaml.Node, line: int) -> list[Located]:
    """The mappings of a merge (`<<`), the one that wins last. What stands after the merge in its mapping wins over it,
    and it wins over what stands before."""
    nodes = node.value[::-1] if isinstance(node, yaml.SequenceNode) else [node]
    found = [loader.construct_object(each, deep=True) for each in nodes]
    if not all(isinstance(each, Located) for each in found):
        raise Refused(f"line {line}: << merges {found[0]!r:.60}; wanted a mapping, or a list of these")
    return found


def _number(loader: _Loader, node: yaml.ScalarNode) -> int | float | str:
    """A number, or a text that begins like one."""
    text = loader.construct_scalar(node)
    plain = text if text.startswith(".") else text.replace("_", "")
    whole = _WHOLE.fullmatch(plain)
    if whole is not None:
        digits, base = next(((whole[name], base) for name, base in _BASES if whole[name]), (plain.lstrip("+-"), 10))
        if plain.lstrip("+-").startswith("0") and base == 10 and len(digits) > 1:
            return float(plain)  # 08 and 09, which are not octal
        number = -int(digits, base) if plain.startswith("-") else int(digits, base)
        if -(2**63) <= number < 2**64:
            return number
    return float(plain) if _FLOAT.fullmatch(plain) and math.isfinite(float(plain)) else text


def _endless(_loader: _Loader, node: yaml.ScalarNode) -> str:
    raise Refused(
        f"line {node.start_mark.line + 1}: {node.value} is a number that JSON does not have; put it in quotes"
    )


_BASES: Final = (("hex", 16), ("bits", 2), ("octal", 8))
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor(_NUMBER, _number)
_Loader.add_constructor("tag:yaml.org,2002:float", _endless)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _OTHERWISE]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_NUMBER, re.compile(r"^([-+]?\d|\.\d)[\w.+-]*$"), list("-+.0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$"), list("-+.")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^[yYnN]$"), list("yYnN"))


def _bool(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return loader.construct_scalar(node).lower() in ("y", "yes", "true", "on")


_Loader.add_constructor("tag:yaml.org,2002:bool", _bool)


def read(path: Path) -> list[Located]:
    """All documents of one file, which nobody changes: whoever reads the file again has the same ones.

    Raises:
        Refused: the file cannot be read, is not YAML (with line and column), or holds anything but mappings.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Refused(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    return list(_parsed(text, str(path)))


@lru_cache(maxsize=100)  # one command looks through a folder once for each of its workflows
def _parsed(text: str, where: str) -> tuple[Located, ...]:
    return tuple(parse(text, where))


def parse(text: str, where: str) -> list[Located]:
    """All documents of a text. `where`: what messages call it.

    Raises:
        Refused: it is not YAML (with line and column), or holds anything but mappings.
    """
    try:
        documents = list(yaml.load_all(text, _Loader))
    except Refused as error:
        raise Refused(f"{where}: {error}") from error
    except RecursionError:
        raise Refused(f"{where}: it is nested deeper than this engine reads") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Refused(f"{where}{at}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise Refused(f"{where}: not YAML: {' '.join(str(error).split())}") from error
    return [found for document in documents if document is not None for found in _items(document, where)]


def _items(document: Any, where: str) -> list[Located]:
    """A document, or the objects of a List."""
    if not isinstance(document, Located):
        raise Refused(f"{where}: a document is {document!r:.60}; wanted a mapping with apiVersion and kind")
    if document.get("kind") != "List" or document.get("apiVersion") != "v1":
        return [document] if document else []
    items = document.get("items") or []
    if not isinstance(items, list):
        raise Refused(f"{where}, line {document.lines['items']}: items is {items!r:.60}; wanted a list of objects")
    return [found for item in items for found in _items(item, where)]


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
