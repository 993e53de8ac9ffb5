"""A workflow as a program has it: a path, YAML text, a mapping, an object of Hera's, or several of these of which one
refers to the others."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from pipeline.engine.manifest.documents import parse
from pipeline.engine.manifest.finding import Found, in_place, of_documents_given
from pipeline.errors import UserError


class Writable(Protocol):
    """An object that can write itself as a manifest, as Hera's do."""

    def to_dict(self) -> Any:
        """Its manifest as a mapping."""
        ...


One = Path | str | Mapping[str, Any] | Writable
Given = One | Iterable[One]


def given(workflow: Given, name: str = "") -> Found:
    """The workflow that is meant, with what it refers to. `name`: which one, if there are several.

    Raises:
        Refused: it cannot run here, or is not a manifest.
        UserError: there is no such workflow, or it is not clear which one is meant.
    """
    if isinstance(workflow, Path) or (isinstance(workflow, str) and "\n" not in workflow):
        return in_place(Path(workflow), name)
    parts = [workflow] if isinstance(workflow, str | Mapping) or hasattr(workflow, "to_dict") else workflow
    if not isinstance(parts, Iterable):
        raise UserError(
            f"a workflow is given as {type(workflow).__name__}; wanted a path, YAML, a mapping, or an object with "
            "to_dict(), such as Hera's"
        )
    documents = [document for part in parts for document in _documents(cast(One, part))]
    return of_documents_given("what was given", documents, name)


def _documents(part: One) -> list[dict[str, Any]]:
    if isinstance(part, str) and "\n" in part:
        return list(parse(part, "the text"))
    if isinstance(part, Path | str):
        raise UserError(f"a path, {part}, cannot stand beside other workflows; give the folder that holds them all")
    document = part if isinstance(part, Mapping) else part.to_dict()
    return [json.loads(json.dumps(document, default=str))]
