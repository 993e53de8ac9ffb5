"""Parameters whose value is the key of a ConfigMap.

https://argo-workflows.readthedocs.io/en/latest/walk-through/parameters/
"""

from collections.abc import Mapping
from dataclasses import replace

from pipeline.engine.language.lookup import Lookup
from pipeline.engine.language.variables import replace_text
from pipeline.engine.spec import Parameter, ValueFrom

ConfigMaps = Mapping[str, Mapping[str, str]]


class NoSuchKey(Exception):
    """There is no such ConfigMap, or it has no such key; and there is no default."""


def valued(parameter: Parameter, config_maps: ConfigMaps, lookup: Lookup) -> Parameter:
    """A parameter with the value that its ConfigMap has, where it has one; names and keys may hold variables.

    Raises:
        NoSuchKey: as it says.
    """
    source = parameter.value_from
    if parameter.value is not None or source is None or not source.config_map:
        return parameter
    return replace(parameter, value=_value(parameter.name, source, config_maps, lookup))


def _value(name: str, source: ValueFrom, config_maps: ConfigMaps, lookup: Lookup) -> str:
    config_map, key = replace_text(source.config_map, lookup), replace_text(source.key, lookup)
    found = config_maps.get(config_map)
    if found is not None and key in found:
        return found[key]
    if source.default is not None:
        return source.default
    if found is None:
        raise NoSuchKey(f"the parameter {name} wants the ConfigMap {config_map}, and there is none of that name")
    there = ", ".join(found) or "none"
    raise NoSuchKey(f"the parameter {name} wants the key {key} of the ConfigMap {config_map}, which has {there}")
