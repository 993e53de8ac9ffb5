"""Story: what the runs of a report left behind: each step's summary, found by its kind, with the reason where one is
missing."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.report.tasks import FAILED, tasks
from steps.pages.attribution import attribution
from steps.pages.fields import Absent, Fields, Unreadable

if TYPE_CHECKING:
    from pipeline.engine.views import NodeView, RunView

_LARGEST_SUMMARY = 20_000_000


@dataclass(frozen=True)
class Summary:
    """One step's summary: what it says, and who said it."""

    run: "RunView"
    node: "NodeView"
    fields: Fields


@dataclass(frozen=True)
class Story:
    """The runs in the order they were made, and the time the report is written (UTC)."""

    runs: Sequence["RunView"]
    now: datetime

    def all(self, kind: str) -> list[Summary]:
        """Every summary of a kind, the oldest first.

        Raises:
            Unreadable: there is none; says why (`Absent` where none is broken either).
        """
        found = [summary for summary in self._summaries if summary.fields.raw("kind") == kind]
        if not found:
            raise self._why_missing(kind)
        return found

    def latest(self, kind: str) -> Summary:
        """The newest summary of a kind.

        Raises:
            Unreadable: there is none; says why (`Absent` where none is broken either).
        """
        return self.all(kind)[-1]

    def find(self, kind: str) -> Summary | None:
        """The newest summary of a kind, or None."""
        return next((one for one in reversed(self._summaries) if one.fields.raw("kind") == kind), None)

    @cached_property
    def declaration(self) -> Fields | None:
        """The project's declaration, where a run was given one."""
        for run in reversed(self.runs):
            for parameters in (run.parameters, *(node.inputs.get("parameters") or {} for node in run.nodes)):
                try:
                    return Fields(json.loads(parameters["declaration"]), "declaration")
                except (KeyError, TypeError, ValueError):
                    continue
        return None

    @cached_property
    def locations(self) -> list[str]:
        """The ids of the locations that the runs learned from or predicted."""
        for kind, name in (("dataset", "locations"), ("decision", "forecast"), ("predictions", "rows")):
            if (found := self.find(kind)) is None or name not in found.fields:
                continue
            try:
                if kind == "predictions":
                    return list(dict.fromkeys(row.text("location") for row in found.fields.objects(name)))
                return list(found.fields.inner(name)) if kind == "decision" else found.fields.texts(name)
            except Unreadable:
                continue
        return []

    @cached_property
    def attribution(self) -> str | None:
        """The line that the sample's data must carry, where it was used."""
        mentioned = {
            location.strip() for run in self.runs for location in run.parameters.get("locations", "").split(",")
        }
        return attribution({*self.locations, *mentioned})

    @cached_property
    def _read(self) -> list[Summary | str]:
        sources = {
            (run.id, source): (run, node) for run in self.runs for node in run.nodes for source in _outputs(node)
        }
        return [_summary(run, node, source) for (_, source), (run, node) in sources.items()]

    @cached_property
    def _summaries(self) -> list[Summary]:
        return [found for found in self._read if isinstance(found, Summary)]

    def _why_missing(self, kind: str) -> Unreadable:
        broken = [found for found in self._read if isinstance(found, str)]
        if broken:
            return Unreadable(f"No {kind} summary could be read: {'; '.join(broken)}.")
        failed = [task.name for run in self.runs for task in tasks(run) if task.phase in FAILED]
        if failed:
            return Absent(f"no step left a {kind} summary; {failed[0]} failed.")
        if any(run.finished_at is None for run in self.runs):
            return Absent(f"no step has left a {kind} summary yet.")
        return Absent(f"no step of these runs leaves a {kind} summary.")


def _outputs(node: "NodeView") -> Iterator[Path | str]:
    """Where a node's summary is: an artifact's path, or a parameter's text."""
    parameters, artifacts = (node.outputs.get(name) or {} for name in ("parameters", "artifacts"))
    if isinstance(artifacts, dict) and artifacts.get("summary"):
        yield Path(str(artifacts["summary"]))
    elif isinstance(parameters, dict) and parameters.get("summary"):
        yield str(parameters["summary"])


def _summary(run: "RunView", node: "NodeView", source: Path | str) -> Summary | str:
    """The summary, or in a few words why there is none."""
    try:
        if isinstance(source, Path):
            size = source.stat().st_size
            if size > _LARGEST_SUMMARY:
                return f"that of {node.display_name} has {size:,} bytes"
            source = source.read_text(encoding="utf-8")
        return Summary(run, node, Fields(json.loads(source)))
    except OSError as error:
        return f"that of {node.display_name} is gone ({error.strerror or error})"
    except ValueError as error:
        return f"that of {node.display_name} is broken ({error})"
    except RecursionError:
        return f"that of {node.display_name} is nested too deeply"
