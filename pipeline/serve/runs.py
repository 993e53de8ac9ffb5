"""The journal's runs for many readers at once: a run that goes on is replayed once for all of them, and what is over is
read from the journal."""

import json
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from pipeline import engine
from pipeline.engine.views import RunView
from pipeline.errors import UserError
from pipeline.laptop.machine import LocalMachine
from pipeline.serve.objects import Item, workflow
from pipeline.serve.problems import not_found

_KEPT: Final = 8  # views of runs that are over, each of perhaps some megabytes
_UNFINISHED: Final = ("Pending", "Running")


class Runs:
    """All runs of a machine. Any thread may ask."""

    def __init__(self, machine: LocalMachine) -> None:
        self.machine, self.journal, self.home = machine, machine.journal, machine.home
        self._lock = threading.RLock()
        self._live: dict[str, engine.LiveRun] = {}
        self._views: OrderedDict[str, tuple[int, RunView]] = OrderedDict()
        self._versions: dict[str, int] = {}
        self._read_up_to = 0

    def version(self) -> int:
        """The number of the last change of any run."""
        with self._lock:
            newest = self.journal.version()
            if newest != self._read_up_to:
                self._versions |= self.journal.changes(self._read_up_to)
                self._read_up_to = newest
            return newest

    def changed(self, version: int) -> dict[str, int]:
        """The runs that have changed since then, with their versions, the earliest change first."""
        self.version()
        with self._lock:
            new = [(run, at) for run, at in self._versions.items() if at > version]
        return dict(sorted(new, key=lambda each: each[1]))

    def items(self) -> list[Item]:
        """All of them, the newest first."""
        self.version()
        return [self._item(row) for row in self.journal.rows()]

    def item(self, name: str) -> Item:
        """One; `@latest` is the newest.

        Raises:
            Problem: there is none of that name.
        """
        self.version()
        return self._item(self._row(name))

    def _row(self, name: str) -> Any:
        try:
            return self.journal.row(self.machine.newest() if name == "@latest" else name)
        except UserError:
            raise not_found("workflows", name) from None

    def _item(self, row: Any) -> Item:
        version = self._versions.get(row["id"], 0)
        if row["phase"] not in _UNFINISHED or row["started_at"] is None:
            return Item(row, version)
        view = self.view(row["id"])
        over = sum(node.type == "Pod" and node.finished_at is not None for node in view.nodes)
        progress = f"{over}/{sum(node.type == 'Pod' for node in view.nodes)}"
        return Item(row, version, progress=progress, halted=view.halted)

    def view(self, run: str) -> RunView:
        """A run as it stands.

        Raises:
            UserError: there is none of that id.
        """
        with self._lock:
            self.version()
            version = self._versions.get(run, 0)
            known = self._views.get(run)
            if known is not None and known[0] == version:
                self._views.move_to_end(run)
                return known[1]
            view = self._look(run)
            self._views[run] = version, view
            for old in [each for each in self._views if each not in self._live][:-_KEPT]:
                del self._views[old]
            return view

    def _look(self, run: str) -> RunView:
        row = self.journal.row(run)
        if row["finished_at"] is not None:
            self._live.pop(run, None)
            return engine.view(self.journal, run)
        if run not in self._live:
            self._live[run] = engine.LiveRun(self.journal, run)
        return self._live[run].look()

    def forget(self, run: str) -> None:
        """It begins again, or is gone."""
        with self._lock:
            self._live.pop(run, None)
            self._views.pop(run, None)

    def page_at(self, run: str, node: str, artifact: str, path: str) -> str | None:
        """Where an artifact is shown; None where it is not there any more."""
        address = "/".join(quote(each, safe="") for each in (run, node, artifact))
        return f"/artifacts/-/{address}" if Path(path).is_file() else None

    def object(self, name: str, namespace: str) -> dict[str, Any]:
        """The whole Workflow.

        Raises:
            Problem: there is none of that name.
        """
        item = self.item(name).within(namespace)
        documents = [entry["document"] for entry in json.loads(item.row["manifests"])]
        return workflow(item, self.view(item.name), documents, self.home)
