"""`templateDefaults`: what each template of a workflow has unless it says otherwise.

Merged into the mappings before they are read, as the controller does: mappings field by field, lists of named entries
by name, anything else whole. Defaults for one kind of template do not affect the others.
https://argo-workflows.readthedocs.io/en/latest/template-defaults/
"""

from typing import Any, Final

from pipeline.engine.manifest.documents import Located

_KINDS: Final = (
    "container", "script", "resource", "suspend", "dag", "steps", "containerSet", "data", "http", "plugin",
)  # fmt: skip


def with_defaults(template: Any, defaults: dict[str, Any]) -> Any:
    """The mapping of a template over that of the defaults."""
    if not isinstance(template, dict):
        return template
    others = {kind for kind in _KINDS if kind not in template}
    if "dag" in template or "steps" in template:
        others |= {"timeout", "activeDeadlineSeconds"}  # which mean nothing there, and are silently left out
    return _over(template, {name: value for name, value in defaults.items() if name not in others and name != "name"})


def _over(value: Any, default: Any) -> Any:
    if value is None:
        return default
    if isinstance(value, dict) and isinstance(default, dict):
        merged = Located({**default, **{name: _over(entry, default.get(name)) for name, entry in value.items()}})
        merged.lines = {**getattr(default, "lines", {}), **getattr(value, "lines", {})}
        return merged
    if _is_named(value) and _is_named(default):
        mine = {entry["name"]: entry for entry in value}
        inherited = [_over(mine.pop(entry["name"], None), entry) for entry in default]
        return inherited + list(mine.values())
    return value


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) and "name" in entry for entry in value)
