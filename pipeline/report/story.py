"""Story: what the runs of a report left behind: each step's summary by its kind, or the reason why there is none."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipeline.report.tasks import FAILED, tasks
from steps.pages.words import attribution
from steps.summaries.base import Absent, Summary, Unreadable, known
from steps.summaries.dataset import SeriesDataset, read_dataset
from steps.summaries.decision import Decision
from steps.summaries.ingest import Ingest
from steps.summaries.monitoring import Monitoring
from steps.summaries.notebook import Executed, Loaded
from steps.summaries.predictions import Predictions
from steps.summaries.validation import Validation

if TYPE_CHECKING:
    from pipeline.engine.views import NodeView, RunView

_LARGEST_SUMMARY = 20_000_000
_KINDS = (Decision, Executed, Ingest, Loaded, Monitoring, Predictions, Validation)
_READERS: Mapping[str, Callable[[object], Summary]] = {
    "dataset": read_dataset,
    **{kind.model_fields["kind"].default: kind.read for kind in _KINDS},
}


@dataclass(frozen=True)
class Found[S: Summary]:
    """A summary, and the run and the node that left it."""

    run: "RunView"
    summary: S
    node: "NodeView | None" = None


@dataclass(frozen=True)
class Story:
    """The runs in the order they were made, and the time the report is written (UTC). `served`: whether it is read from
    the server of the pages, rather than from a file."""

    runs: Sequence["RunView"]
    now: datetime
    served: bool = False

    def all[S: Summary](self, kind: type[S]) -> list[Found[S]]:
        """Every summary of a kind, the oldest first.

        Raises:
            Unreadable: there is none; says why (`Absent` if none is broken).
        """
        summaries, _ = self._read
        found = [Found(one.run, one.summary, one.node) for one in summaries if isinstance(one.summary, kind)]
        if not found:
            raise self._why_missing(kind.model_fields["kind"].default)
        return found

    def page_of(self, found: "Found[Any]") -> str | None:
        """The address of the page that a node left beside its summary; None if it left none."""
        path = (found.node.outputs.get("artifacts") or {}).get("page") if found.node is not None else None
        if found.node is None or not path:
            return None
        if self.served:
            return f"/artifacts/-/{quote(found.run.id, safe='')}/{quote(found.node.id, safe='')}/page"
        return Path(str(path)).absolute().as_uri()

    def latest[S: Summary](self, kind: type[S]) -> S:
        """The newest summary of a kind.

        Raises:
            Unreadable: there is none; says why (`Absent` if none is broken).
        """
        return self.all(kind)[-1].summary

    def find[S: Summary](self, kind: type[S]) -> S | None:
        """The newest summary of a kind, or None."""
        return known(lambda: self.latest(kind))

    @cached_property
    def declaration(self) -> dict[str, Any] | None:
        """The project's declaration, if a run was given one."""
        for run in reversed(self.runs):
            for parameters in (run.parameters, *(node.inputs.get("parameters") or {} for node in run.nodes)):
                try:
                    declared = json.loads(parameters["declaration"])
                except (KeyError, TypeError, ValueError, RecursionError):
                    continue
                if isinstance(declared, dict):
                    return declared
        return None

    @cached_property
    def locations(self) -> list[str]:
        """The ids of the locations that the runs learned from or predicted."""
        return (
            known(lambda: [str(location) for location in self.latest(SeriesDataset).locations])
            or known(lambda: list(self.latest(Decision).forecast))
            or known(lambda: list(dict.fromkeys(str(row.location) for row in self.latest(Predictions).rows)))
            or []
        )

    @cached_property
    def attribution(self) -> str | None:
        """The line that must accompany the sample's data, if the runs used them."""
        mentioned = {
            location.strip() for run in self.runs for location in run.parameters.get("locations", "").split(",")
        }
        return attribution({*self.locations, *mentioned})

    @cached_property
    def _read(self) -> tuple[list[Found[Summary]], list[str]]:
        """All summaries, and for unreadable ones the reasons."""
        sources = {
            (run.id, source): (run, node) for run in self.runs for node in run.nodes for source in _outputs(node)
        }
        found, broken = [], []
        for (_, source), (run, node) in sources.items():
            try:
                found.append(Found(run, _summary(source), node))
            except Unreadable as reason:
                broken.append(f"that of {node.display_name} {reason}")
        return found, broken

    def _why_missing(self, kind: str) -> Unreadable:
        _, broken = self._read
        if broken:
            return Unreadable(f"No {kind} summary could be read: {'; '.join(broken)}.")
        failed = [task.name for run in self.runs for task in tasks(run) if task.phase in FAILED]
        if failed:
            return Absent(f"{failed[0]} failed.")
        if any(run.finished_at is None for run in self.runs):
            return Absent("the run has not come so far yet.")
        return Absent()


def _outputs(node: "NodeView") -> Iterator[Path | str]:
    """Where a node's summary is: an artifact's path, or a parameter's text."""
    parameters, artifacts = (node.outputs.get(name) or {} for name in ("parameters", "artifacts"))
    if isinstance(artifacts, dict) and artifacts.get("summary"):
        yield Path(str(artifacts["summary"]))
    elif isinstance(parameters, dict) and parameters.get("summary"):
        yield str(parameters["summary"])


def _summary(source: Path | str) -> Summary:
    """The summary at `source`.

    Raises:
        Unreadable: it cannot be read; says in a few words why.
    """
    try:
        if isinstance(source, Path):
            size = source.stat().st_size
            if size > _LARGEST_SUMMARY:
                raise Unreadable(f"got {size:,} bytes, wanted at most {_LARGEST_SUMMARY:,}")
            source = source.read_text(encoding="utf-8")
        values = json.loads(source)
        kind = values.get("kind") if isinstance(values, dict) else None
        return _READERS.get(str(kind), Summary.read)(values)
    except OSError as error:
        raise Unreadable(f"is gone ({error.strerror or error})") from None
    except RecursionError:
        raise Unreadable("is nested too deeply") from None
    except ValueError as error:
        raise Unreadable(f"is broken ({error})") from None
