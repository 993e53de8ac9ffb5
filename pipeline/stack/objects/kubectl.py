"""Objects on the cluster of kubectl's present context, where a user wants them there."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from pipeline.engine.spec import Resource
from pipeline.errors import PipelineError, UserError


def act(resource: Resource, manifest: dict[str, Any] | None) -> dict[str, Any]:
    """Do what a `resource` template says; the object as it is then, or nothing after a deletion.

    Raises:
        UserError: there is no kubectl.
        PipelineError: the cluster refuses.
    """
    text = json.dumps(manifest) if manifest is not None else ""
    if resource.action == "patch" and manifest is not None:
        name = [] if resource.flags else [str(manifest.get("kind")), str(manifest.get("metadata", {}).get("name"))]
        found = _run(["patch", *name, "--type", resource.merge, "-p", text, *resource.flags, "-o", "json"])
    elif resource.action == "delete":
        _run(["delete", *(["-f", "-"] if text else []), "--ignore-not-found", *resource.flags], text)
        return {}
    else:
        found = _run([resource.action, *(["-f", "-"] if text else []), *resource.flags, "-o", "json"], text)
    return _object(found)


def look(manifest: dict[str, Any]) -> dict[str, Any]:
    """The object as it is now."""
    return _object(_run(["get", "-f", "-", "-o", "json"], json.dumps(manifest)))


def _object(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text) if text.strip() else {}
    return found


def _run(arguments: Sequence[str], text: str = "") -> str:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise UserError("kubectl, which --kubectl sends objects with, is not installed; install it")
    done = subprocess.run([kubectl, *arguments], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        said = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "it said nothing")
        raise PipelineError(f"kubectl {arguments[0]}: {said}")
    return done.stdout
