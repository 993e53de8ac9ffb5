"""Decisions as the lake keeps them: each project's by number."""

from contextlib import suppress

from pydantic import ValidationError

from steps.backends.caching import canonical
from steps.backends.objects import Bucket
from steps.summaries.decision import Decision


def put(bucket: Bucket, project: str, decision: Decision) -> None:
    """Store the decision."""
    bucket.put(_place(project, decision.number), canonical(decision.to_json()).encode())


def find(bucket: Bucket, project: str, number: int) -> Decision | None:
    """The decision of that number, or None if the lake has lost it or this version cannot read it."""
    with suppress(ValidationError):
        return Decision.model_validate_json(bucket.get(_place(project, number)) or b"")
    return None


def _place(project: str, number: int) -> str:
    return f"{project}/decisions/{number}/summary.json"
