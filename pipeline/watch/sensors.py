"""The Sensors of a folder with their EventSources, read again whenever a file of it changes. What is refused is told;
where a Sensor's workflow is broken, the Sensor stays and each upload says so."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.engine import Manifests
from pipeline.engine.manifest import documents
from pipeline.engine.manifest.finding import find
from pipeline.errors import PipelineError
from pipeline.events.models import EventSource, Sensor
from pipeline.events.reading import read
from pipeline.watch.manifests import SETTLE_SECONDS


class Sensors:
    """Those of a folder or a file. `settles`: when a change that has been seen will be read."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.settles: float | None = None
        self._read: object = None
        self._known: list[tuple[EventSource, Sensor]] = []
        self._manifests: dict[str, Manifests] = {}

    @property
    def known(self) -> Sequence[tuple[EventSource, Sensor]]:
        """As they were read last."""
        return self._known

    def look(self, now: float) -> list[str] | None:
        """Read the files where any has changed a moment ago. None where there was nothing to read; else what is
        broken, a line each."""
        signature = self._looked()
        if signature == self._read:
            self.settles = None
            return None
        if self._read is not None:
            self.settles = self.settles if self.settles is not None else now + SETTLE_SECONDS
            if now < self.settles:
                return None
        self._read, self.settles = signature, None
        return self.read()

    def read(self) -> list[str]:
        """Read the files; what is broken, a line each."""
        try:
            files = documents.files(self.place)
        except PipelineError:
            return []  # whoever looks for schedules here says so
        self._manifests.clear()
        pairs, refused = read(files)
        problems = [str(problem) for problem in refused]
        before = {sensor.name: (source, sensor) for source, sensor in self._known}
        known = []
        for source, sensor in pairs:
            try:
                self.manifests(sensor)
                known.append((source, sensor))
            except PipelineError as problem:
                problems.append(str(problem))
                known += [before[sensor.name]] if sensor.name in before else []
        self._known = known
        return problems

    def manifests(self, sensor: Sensor) -> Manifests:
        """Those of the workflow that it starts.

        Raises:
            UserError: it is not there, or cannot be run here.
        """
        if sensor.workflow not in self._manifests:
            place = self.place if self.place.is_dir() else self.place.parent
            self._manifests[sensor.workflow] = find(f"{place}/", sensor.workflow).manifests
        return self._manifests[sensor.workflow]

    def _looked(self) -> object:
        found = []
        for file in sorted(self.place.rglob("*.y*ml") if self.place.is_dir() else [self.place]):
            try:
                stat = file.stat()
            except OSError:
                continue
            found.append((str(file), stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return found
