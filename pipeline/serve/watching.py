"""A watch: first what is there, then each change, as ADDED, MODIFIED or DELETED.

A run that changes faster than it can be told of is told of as it stands when there is time again, so a slow reader and
a run of many thousand nodes cost nothing but freshness.
"""

import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, NamedTuple

import anyio
from anyio.to_thread import run_sync

from pipeline.serve.changes import Changes
from pipeline.serve.fields import Cleaner
from pipeline.serve.listing import Query, chosen
from pipeline.serve.objects import Item
from pipeline.serve.problems import Problem, not_found
from pipeline.serve.runs import Runs

_LATEST: Final = ("", "0")  # a resourceVersion that asks for what is there first
_PATIENCE: Final = 5.0  # a round takes a fifth of the time at most, however large the runs are
_WAIT_SECONDS: Final = 5.0


class _Told(NamedTuple):
    """What is kept of a run that was told of, so that the UI finds it among its own when it is gone."""

    version: int
    metadata: dict[str, Any]
    phase: str

    def gone(self) -> dict[str, Any]:
        """The Workflow, as far as it is still known."""
        status = {"phase": self.phase, "startedAt": None, "finishedAt": None}
        return {"metadata": self.metadata, "spec": {"arguments": {}}, "status": status}


class Watch:
    """One reader. `namespace`: as which it looks.

    Raises:
        Problem: the query is wrong, or it names one run that is not there.
    """

    def __init__(self, runs: Runs, changes: Changes, namespace: str, query: Query) -> None:
        self._runs, self._changes, self._namespace = runs, changes, namespace
        self._wanted: Callable[[Item], bool] = chosen(query)
        self._cleaner = Cleaner(query.get("fields", ""), "result.object")
        self._told: dict[str, _Told] = {}
        version = query.get("listOptions.resourceVersion", "")
        self._first = version in _LATEST
        self._seen = 0 if self._first or not version.isdecimal() else int(version)
        name = query.get("listOptions.fieldSelector", "")
        if "metadata.name=" in name and not query.get("nameFilter"):
            wanted = name.partition("metadata.name=")[2].lstrip("=").partition(",")[0]
            if not any(self._wanted(item) for item in [runs.item(wanted)]):
                raise not_found("workflows", wanted)

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The events, without end."""
        while True:
            began = time.monotonic()
            for event in await run_sync(self._round):
                yield event
            rest = (time.monotonic() - began) * _PATIENCE
            await anyio.sleep(min(rest, _PATIENCE))
            await self._changes.after(self._seen, _WAIT_SECONDS)

    def _round(self) -> list[dict[str, Any]]:
        version = self._runs.version()
        if self._first:
            names = [item.name for item in reversed(self._runs.items()) if self._wanted(item)]
            self._first = False
        else:
            names = list(self._runs.changed(self._seen))
            if not self._told and self._seen:
                self._told = {
                    item.name: self._telling(item)
                    for item in self._runs.items()
                    if item.version <= self._seen and self._wanted(item)
                }
        self._seen = version
        return [event for name in names if (event := self._event(name)) is not None]

    def _event(self, name: str) -> dict[str, Any] | None:
        try:
            item = self._runs.item(name)
            if self._wanted(item):
                kind = "MODIFIED" if name in self._told else "ADDED"
                told = self._told.get(name)
                if told is not None and told.version >= item.version:
                    return None  # it was read when it was newer than what the round before had seen
                self._told[name] = self._telling(item)
                return {"type": kind, "object": self._object(item)}
        except Problem:
            item = None  # it was deleted
        if name not in self._told:
            return None
        told = self._told.pop(name)
        gone = item.within(self._namespace).object() if item is not None else told.gone()
        return {"type": "DELETED", "object": gone}

    def _telling(self, item: Item) -> _Told:
        metadata = item.within(self._namespace).metadata()
        kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        return _Told(item.version, {name: metadata[name] for name in kept}, item.row["phase"])

    def _object(self, item: Item) -> dict[str, Any]:
        if self._cleaner.wants("status", "nodes"):
            whole = self._runs.object(item.name, self._namespace)
        else:
            whole = item.within(self._namespace).object()
        cleaned: dict[str, Any] = self._cleaner.clean(whole)
        return cleaned
