"""The CronWorkflows of a folder or a file. A broken one is reported, and kept as it was before: each by itself, so that
one broken file does not stop the others."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.engine import Manifests, manifest
from pipeline.engine.runs import arguments_of
from pipeline.engine.schedule import Cron
from pipeline.errors import PipelineError, UserError


@dataclass(frozen=True)
class Scheduled:
    """One CronWorkflow. `text`: everything that its runs depend on; if it differs, the CronWorkflow was changed."""

    cron: Cron
    manifests: Manifests
    source: str
    text: str


class CronWorkflows:
    """The CronWorkflows of `place`. `known`: as last read, by name."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.known: Mapping[str, Scheduled] = {}

    def reload(self) -> list[str]:
        """Read the files; what is broken, a line each."""
        problems: list[str] = []
        names: set[str] = set()
        unread: set[str] = set()
        try:
            files = manifest.files(self.place)
        except PipelineError as problem:
            problems, files = [str(problem)], []
        for file in files:
            try:
                names |= {name for each in manifest.read(file) if (name := _cron_name(each))}
            except PipelineError as problem:
                problems.append(str(problem))
                unread.add(str(file))
        kept = {name for name, each in self.known.items() if each.source in unread}
        known: dict[str, Scheduled] = {}
        for name in sorted(names | kept):
            try:
                known[name] = self._scheduled(name)
            except PipelineError as problem:
                if str(problem) not in problems and name in names:
                    problems.append(str(problem))
                if name in self.known:
                    known[name] = self.known[name]
        self.known = known
        return problems

    def _scheduled(self, name: str) -> Scheduled:
        place = str(self.place) if self.place.is_file() else os.path.join(self.place, "")  # noqa: PTH118 - the slash
        manifests = manifest.find(place, name).manifests
        workflow = manifests.named(name)
        if workflow.cron is None:
            raise UserError(f"{name} in {self.place} is a {workflow.kind}, and was a CronWorkflow")
        arguments_of(workflow, {})
        return Scheduled(workflow.cron, manifests, workflow.source, manifests.snapshot(name))


def _cron_name(document: Mapping[str, object]) -> str:
    metadata = document.get("metadata")
    if document.get("kind") != "CronWorkflow" or not isinstance(metadata, dict):
        return ""
    name = metadata.get("name") or metadata.get("generateName")
    return name.rstrip("-") if isinstance(name, str) else ""
