"""Lists of Workflows: selected, filtered by name and time, and handed out in pages."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from pipeline.serve import selectors
from pipeline.serve.fields import Cleaner
from pipeline.serve.objects import Item
from pipeline.serve.problems import invalid
from pipeline.serve.runs import Runs

Query = Mapping[str, str]

_NAMES: Final[dict[str, Callable[[str, str], bool]]] = {
    "": lambda name, wanted: name == wanted,
    "Exact": lambda name, wanted: name == wanted,
    "Contains": lambda name, wanted: wanted in name,
    "Prefix": lambda name, wanted: name.startswith(wanted),
}


def chosen(query: Query) -> Callable[[Item], bool]:
    """Which runs a query means, by labels, fields, name and time.

    Raises:
        Problem: a part of it is wrong.
    """
    labels = selectors.labels(query.get("listOptions.labelSelector", ""))
    fields = selectors.fields(query.get("listOptions.fieldSelector", ""))
    fields.pop("metadata.namespace", None)  # there is one machine behind every namespace
    fits = _NAMES.get(query.get("nameFilter", ""))
    if fits is None:
        raise invalid(f"nameFilter is {query['nameFilter']!r:.40}; wanted Exact, Contains or Prefix")
    name = fields.pop("metadata.name", "")
    after, before = _time(query, "createdAfter"), _time(query, "finishedBefore")

    def wanted(item: Item) -> bool:
        own, ended = item.fields(), item.row["finished_at"]
        return (
            (not name or fits(item.name, name))
            and all(own.get(field) == value for field, value in fields.items())
            and labels(item.labels)
            and (after is None or item.row["created_at"] > after)
            and (before is None or (ended is not None and ended < before))
        )

    return wanted


def listed(runs: Runs, namespace: str, query: Query) -> dict[str, Any]:
    """The answer to a list: without nodes, since one run may have thousands."""
    wanted, version = chosen(query), runs.version()
    found = [item for item in runs.items() if wanted(item)]
    limit, start = number(query, "listOptions.limit"), number(query, "listOptions.continue")
    page = found[start : start + limit] if limit else found[start:]
    metadata = {"resourceVersion": str(version)}
    if rest := len(found) - start - len(page):
        metadata["continue"] = str(start + len(page))
        metadata["remainingItemCount"] = rest  # type: ignore[assignment]
    cleaner = Cleaner(query.get("fields", ""))
    items = [each.within(namespace).object() for each in page]
    whole = {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowList", "metadata": metadata, "items": items or None}
    cleaned: dict[str, Any] = cleaner.clean(whole)
    return cleaned


def number(query: Query, name: str) -> int:
    """A whole number of a query; 0 where there is none.

    Raises:
        Problem: it is none.
    """
    text = query.get(name) or "0"
    if not text.isdecimal() or len(text) > 15:
        raise invalid(f"{name} is {text!r:.40}; wanted a whole number")
    return int(text)


def _time(query: Query, name: str) -> float | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text.strip('"')).timestamp()
    except ValueError:
        raise invalid(f"{name} is {text!r:.40}; wanted a time such as 2026-01-31T00:00:00Z") from None
