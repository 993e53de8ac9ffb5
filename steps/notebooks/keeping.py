"""Where a notebook's copy, its page and its tables are kept: in the store of artifacts, under its run and its item.

Tables are put there once it has ended well, and the marker last, so that whoever loads them finds all or none.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from steps.backends import objects
from steps.contract.notebooks import Work

_LONGEST: Final = 60


@dataclass(frozen=True)
class Place:
    """Where one of them is kept."""

    prefix: str

    @classmethod
    def of(cls, project: str, run: str, index: int, work: Work) -> "Place":
        """The place of number `index` of a run's plan."""
        item = re.sub(r"[^A-Za-z0-9._-]+", "-", work.item)[:_LONGEST]
        return cls(f"notebooks/{project}/{run}/{work.notebook}/{index:03}{f'-{item}' if item else ''}")

    @property
    def copy(self) -> str:
        """The key of the executed copy."""
        return f"{self.prefix}/notebook.ipynb"

    @property
    def page(self) -> str:
        """The key of the same as a page."""
        return f"{self.prefix}/notebook.html"

    @property
    def address(self) -> str:
        """The copy's address."""
        return f"s3://{objects.artifacts().name}/{self.copy}"

    def put_aside(self) -> None:
        """Keep the copy of an earlier attempt beside the one that comes."""
        store = objects.artifacts()
        if earlier := store.look(self.copy):
            store.copy(earlier, f"{self.prefix}/earlier/{earlier.etag}.ipynb")

    def keep(self, copy: str, page: str) -> None:
        """Keep the copy and its page."""
        store = objects.artifacts()
        store.put(self.copy, copy.encode())
        store.put(self.page, page.encode())

    def deliver(self, tables: dict[str, bytes]) -> None:
        """Hand over tables."""
        store = objects.artifacts()
        for name, body in tables.items():
            store.put(f"{self.prefix}/deliver/{name}.parquet", body)
        store.put(f"{self.prefix}/delivered.json", json.dumps(sorted(tables)).encode())

    def delivered(self) -> dict[str, bytes] | None:
        """The tables that were handed over; None if it did not end well."""
        store = objects.artifacts()
        marker = store.get(f"{self.prefix}/delivered.json")
        if marker is None:
            return None
        found = {name: store.get(f"{self.prefix}/deliver/{name}.parquet") for name in json.loads(marker)}
        return {name: body for name, body in found.items() if body is not None}
