"""Kubernetes objects that a step completes: which objects, the manifest says; it gives a template with a `<name>` for
each value that is decided here. So steps know neither the workflows that they start nor how a model is served.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from steps.errors import BadInput

_NAME = re.compile(r"<([a-z]+)>")


def filled(option: str, template: Path, values: Mapping[str, str]) -> dict[str, Any]:
    """The object of a template, a file of JSON, with these values by name. Values are not searched for names again.

    Raises:
        BadInput: it is no JSON object, or has a name that is not in `values`.
    """
    text = template.read_text(encoding="utf-8")
    try:
        found = completed(json.loads(text), values)
    except (ValueError, RecursionError):
        found = None
    except KeyError as error:
        names = ", ".join(f"<{name}>" for name in values)
        raise BadInput(f"{option} has <{error.args[0]}>; wanted {names}; render the manifests again") from None
    if not isinstance(found, dict):
        raise BadInput(f"{option} is {text!r:.60}; wanted an object as JSON; render the manifests again")
    return found


def completed(value: Any, values: Mapping[str, str]) -> Any:
    """The same as `value`, a template's JSON, with these values by name; KeyError if a name is not in `values`."""
    if isinstance(value, dict):
        return {key: completed(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [completed(each, values) for each in value]
    return _NAME.sub(lambda name: values[name[1]], value) if isinstance(value, str) else value
