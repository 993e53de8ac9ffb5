"""The CronWorkflows of a folder, read again whenever a file of it changes. What is broken is told, and what it was
before is kept: each CronWorkflow by itself, so that one broken file does not stop the others."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.engine import Manifests
from pipeline.engine.manifest import documents
from pipeline.engine.manifest.finding import find
from pipeline.engine.runs.lifecycle import arguments_of
from pipeline.engine.schedule.cron import Cron
from pipeline.errors import PipelineError, UserError

SETTLE_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Scheduled:
    """One CronWorkflow. `text`: all that its runs depend on; another text means that it was changed."""

    cron: Cron
    manifests: Manifests
    source: str
    text: str


class Folder:
    """The CronWorkflows of a folder or a file. `settles`: when a change that has been seen will be read, for a file
    may be seen half written."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.settles: float | None = None
        self._read: object = None
        self._seen: object = None
        self._known: dict[str, Scheduled] = {}

    @property
    def known(self) -> Mapping[str, Scheduled]:
        """As they were read last, by name."""
        return self._known

    def look(self, now: float) -> list[str] | None:
        """Read the files where any has changed, and then none for a moment. None where there was nothing to read;
        else what is broken, a line each."""
        signature = self._looked()
        if signature == self._read:
            self.settles = None
            return None
        if signature != self._seen and self._read is not None:
            self._seen, self.settles = signature, now + SETTLE_SECONDS
        if self.settles is not None and self.settles - SETTLE_SECONDS <= now < self.settles:
            return None
        self._read, self._seen, self.settles = signature, signature, None
        return self.read()

    def read(self) -> list[str]:
        """Read the files; what is broken, a line each."""
        problems: list[str] = []
        names: dict[str, None] = {}
        unread: set[str] = set()
        for file in self._files(problems):
            try:
                found = documents.read(file)
            except PipelineError as problem:
                problems.append(str(problem))
                unread.add(str(file))
                continue
            names |= dict.fromkeys(name for each in found if (name := _cron_name(each)))
        kept = {name for name, each in self._known.items() if each.source in unread}
        known: dict[str, Scheduled] = {}
        for name in sorted({*names, *kept}):
            try:
                known[name] = self._scheduled(name)
            except PipelineError as problem:
                if str(problem) not in problems and name in names:
                    problems.append(str(problem))
                if name in self._known:
                    known[name] = self._known[name]
        self._known = known
        return problems

    def _looked(self) -> object:
        """Something that is another thing when a file has been changed, added or removed; of a file, also what lies
        beside it, since it may refer to that."""
        place = self.place
        files = place.parent.glob("*.y*ml") if place.is_file() else place.rglob("*.y*ml")
        found = []
        for file in sorted(files):
            try:
                stat = file.stat()
            except OSError:
                continue
            found.append((str(file), stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return found

    def _files(self, problems: list[str]) -> list[Path]:
        try:
            return documents.files(self.place)
        except PipelineError as problem:
            problems.append(str(problem))
            return []

    def _scheduled(self, name: str) -> Scheduled:
        place = str(self.place) if self.place.is_file() else os.path.join(self.place, "")  # noqa: PTH118 - the slash
        manifests = find(place, name).manifests
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
