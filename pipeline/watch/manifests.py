"""The CronWorkflows of a folder or a file. A broken one is reported, and kept as it was before: each by itself, so that
one broken file does not stop the others."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.engine import Manifests, manifest
from pipeline.engine.runs import arguments_of
from pipeline.engine.schedule import Cron
from pipeline.errors import PipelineError, UserError
from pipeline.laptop.setups import SetUp, SetUps, no_tomorrow
from pipeline.projects import entry
from pipeline.projects.openaq import SAMPLE


@dataclass(frozen=True)
class Scheduled:
    """One CronWorkflow. `text`: everything that its runs depend on; if it differs, the CronWorkflow was changed.
    `parameters`: what its runs get instead of its own. `held`: why it is not started; empty if it is."""

    cron: Cron
    manifests: Manifests
    source: str
    text: str
    parameters: Mapping[str, str]
    held: str

    @property
    def project(self) -> str:
        """The project whose folder it is in."""
        return Path(self.source).parent.name


class CronWorkflows:
    """The CronWorkflows of `place`. `known`: as last read, by name. `setups`: what the projects of the folders in
    `place` were set up with; None where these are nobody's projects. `made`: a folder of those that clients of the API
    made, which come before the others of their names."""

    def __init__(self, place: Path, setups: SetUps | None = None, made: Path | None = None) -> None:
        self.place, self.made = place, made
        self.known: Mapping[str, Scheduled] = {}
        self.set_up: Mapping[str, SetUp] = {}
        self._setups = setups
        self._stamp: tuple[int, ...] = ()

    def set_up_anew(self) -> bool:
        """Whether a project was set up since they were last read."""
        return self._setups is not None and self._setups.stamp() != self._stamp

    def reload(self) -> list[str]:
        """Read the files; what is broken, a line each."""
        problems: list[str] = self._read_setups()
        names: set[str] = set()
        unread: set[str] = set()
        try:
            files = manifest.files(self.place)
        except PipelineError as problem:
            files = []
            problems.append(str(problem))
        for file in files:
            try:
                names |= {name for each in manifest.read(file) if (name := _cron_name(each))}
            except PipelineError as problem:
                problems.extend(str(problem).splitlines())
                unread.add(str(file))
        made = self._made()
        names |= made.keys()
        kept = {name for name, each in self.known.items() if each.source in unread}
        known: dict[str, Scheduled] = {}
        for name in sorted(names | kept):
            try:
                known[name] = self._scheduled(name, made.get(name))
            except PipelineError as problem:
                problems += [line for line in str(problem).splitlines() if line not in problems and name in names]
                if name in self.known:
                    known[name] = self.known[name]
        self.known = known
        return problems

    def _read_setups(self) -> list[str]:
        """Read what the projects were set up with; if that is broken, it is as before, and a line says so."""
        if self._setups is None:
            return []
        self._stamp = self._setups.stamp()
        try:
            self.set_up = self._setups.all()
        except PipelineError as problem:
            return [str(problem)]
        return []

    def _made(self) -> dict[str, manifest.Entry]:
        """Those that clients of the API made, by name."""
        entries = manifest.library([self.made]) if self.made is not None else []
        return {entry.name: entry for entry in entries if entry.kind == "CronWorkflow"}

    def _scheduled(self, name: str, made: manifest.Entry | None) -> Scheduled:
        if made is not None and self.made is not None:
            around = manifest.library([self.made, self.place])
            manifests = manifest.beside(made.document, made.file, around).manifests
        else:
            place = str(self.place) if self.place.is_file() else os.path.join(self.place, "")  # noqa: PTH118 - the slash
            manifests = manifest.find(place, name).manifests
        workflow = manifests.named(name)
        if workflow.cron is None:
            raise UserError(f"{name} in {self.place} is a {workflow.kind}, and was a CronWorkflow")
        own = {each.name: each.value or "" for each in arguments_of(workflow, {}).parameters}
        project, text = Path(workflow.source).parent.name, manifests.snapshot(name)
        if self._setups is None or entry(project) is None:
            return Scheduled(workflow.cron, manifests, workflow.source, text, {}, "")
        setup = self.set_up.get(project)
        given = {key: value for key, value in setup.parameters().items() if key in own} if setup is not None else {}
        held = no_tomorrow(project, setup, own["locations"], SAMPLE) if "locations" in own else ""
        text = json.dumps([text, given, held])
        return Scheduled(workflow.cron, manifests, workflow.source, text, given, held)


def _cron_name(document: Mapping[str, object]) -> str:
    metadata = document.get("metadata")
    if document.get("kind") != "CronWorkflow" or not isinstance(metadata, dict):
        return ""
    name = metadata.get("name") or metadata.get("generateName")
    return name.rstrip("-") if isinstance(name, str) else ""
