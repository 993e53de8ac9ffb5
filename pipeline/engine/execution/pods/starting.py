"""Starting a pod of several containers, hearing of what becomes of each, and what it leaves behind.

Its process is the supervisor; the containers are of its group, each with files, a home and logs of its own, and the
pod's volumes, in whichever place they run. Whatever ends the supervisor's group ends all of them.
"""

import json
import os
import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pipeline.engine.execution import leaves
from pipeline.engine.execution.leaves import Outcome
from pipeline.engine.execution.pods import supervisor
from pipeline.engine.execution.runtimes.contract import Runtime, declared
from pipeline.engine.execution.runtimes.ending import with_ends
from pipeline.engine.execution.runtimes.environment import of_engine
from pipeline.engine.host import Host, NoSuchCommand, Process
from pipeline.engine.language.variables import replace_all
from pipeline.engine.places import Place
from pipeline.engine.scheduler.events import Outputs
from pipeline.engine.settings import write_private
from pipeline.engine.spec import Part, Template
from pipeline.engine.views.tails import last_line

_KILLED: Final = (137, 143)  # of those beside: they were told to end


def start(template: Template, place: Place, host: Host, runtime: Runtime, grace: float) -> Process:
    """Start a pod's supervisor; it waits for its `release`. `grace`: seconds between TERM and KILL.

    Raises:
        NoSuchCommand: one of its containers has a command that is not here.
        PipelineError, OSError, ValueError: it cannot be started; in one line with `explain`.
    """
    place.prepare()
    parts = sorted(template.parts, key=lambda part: part.name != "main")  # whose folder is the node's
    launches = {
        part.name: _launch(template, part, place, host, runtime)
        for part in (*parts, *template.before, *template.beside)
    }
    found = template.container_set
    plan = {
        "before": [launches[part.name] for part in template.before],
        "beside": [launches[part.name] for part in template.beside],
        "main": [launches[part.name] for part in template.parts],
        "attempts": found.attempts if found is not None else 1,
        "pause": found.pause if found is not None else 0.0,
        "grace": grace,
        "record": str(_record(place)),
    }
    file = place.folder / "secrets" / "plan.json"
    file.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(file, json.dumps(plan))
    command = [sys.executable, "-I", "-S", supervisor.__file__, str(file)]
    _record(place).touch()
    process = host.start(command, env=of_engine(), cwd=place.folder, stdout=place.stdout, stderr=place.stderr)
    return with_ends(process, [launch["ending"] for launch in launches.values()])


def _launch(template: Template, part: Part, place: Place, host: Host, runtime: Runtime) -> dict[str, Any]:
    own = place.of(part.name)
    if part.container is not template.main:
        paths = {tag: runtime.finds(path, own) for tag, path in declared(template).items()}
        part = replace(part, container=replace_all(part.container, paths.get))
    work = leaves.prepared(template.alone(part), own, host, runtime, shared=True)
    found = runtime.launch(work)
    if shutil.which(found.words[0], path=found.env.get("PATH", os.defpath)) is None:
        raise NoSuchCommand(found.words[0])
    return {
        "name": part.name,
        "command": list(found.words),
        "env": dict(found.env),
        "cwd": str(found.folder),
        "ending": list(found.ending),
        "stdout": str(own.stdout),
        "stderr": str(own.stderr),
        "after": part.dependencies,
    }


def _record(place: Place) -> Path:
    return place.folder / "containers.jsonl"


@dataclass(frozen=True)
class Heard:
    """What has become of a container: it runs (`code` is None), or has ended."""

    name: str
    code: int | None
    message: str = ""


@dataclass(slots=True)
class Ear:
    """Hears of the containers of one pod; whoever gathers what it leaves behind hears nothing more."""

    template: Template
    place: Place
    runtime: Runtime
    read: int = 0
    untold: list[Heard] = field(default_factory=list)
    codes: dict[str, int | None] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def news(self) -> list[Heard]:
        """What has happened since it was last asked."""
        self.hear()
        found, self.untold = self.untold, []
        return found

    def hear(self) -> None:
        """Take in what has happened, for `news` and `gather`."""
        path = _record(self.place)
        if not path.exists():
            return
        with path.open("rb") as record:
            record.seek(self.read)
            whole = record.read().rpartition(b"\n")[0]
        self.read += len(whole) + 1 if whole else 0
        self.untold += [self._heard(json.loads(line)) for line in whole.splitlines()]

    def _heard(self, line: dict[str, Any]) -> Heard:
        name, code = line["name"], line.get("code")
        self.codes[name] = code
        if code:
            said = line["message"] or last_line(self.place.of(name).stderr)
            self.said[name] = f"{name}: Error (exit code {code}){f': {said}' if said else ''}"
        return Heard(name, code, self.said.get(name, ""))

    def gather(self, exit_code: int, *, printed: bool, host: Host) -> Outcome:
        """What the pod leaves behind, once its supervisor has ended with a code, and that was heard."""
        main = self.codes.get("main", exit_code) if "main" in self.codes else None
        outcome = Outcome("Succeeded", "", Outputs())
        if main is not None or "main" in self.codes:
            code = exit_code if main is None else main
            outcome = leaves.gather(self.template, self.place, code, printed=printed, host=host, runtime=self.runtime)
        for _, part in self.template.containers:
            if part.name != "main":
                self.runtime.collect(self.template.alone(part), self.place.of(part.name))
        self.place.drop_scratch()
        failure = self._failure()
        if failure or (exit_code and outcome.phase == "Succeeded" and "main" not in self.codes):
            return Outcome("Failed", failure or f"Error (exit code {exit_code})", outcome.outputs)
        return outcome

    def _failure(self) -> str:
        """The message of the first that failed: of those before, the main ones, then those beside."""
        main = sorted(self.template.parts, key=lambda part: part.name)
        for part in (*self.template.before, *main):
            if self.codes.get(part.name):
                return self.said[part.name]
        for part in self.template.beside:
            if self.codes.get(part.name) and self.codes[part.name] not in _KILLED:
                return self.said[part.name]
        return ""
