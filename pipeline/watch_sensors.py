"""The Sensors of a folder with their EventSources, read again whenever a file of it changes. What is broken is told, and
what was before is kept."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.engine import Manifests, documents
from pipeline.errors import PipelineError
from pipeline.events.models import EventSource, Sensor
from pipeline.events.reading import read
from pipeline.finding import find
from pipeline.watch_manifests import SETTLE_SECONDS


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
        self._manifests.clear()
        try:
            sources, sensors = read(documents.files(self.place))
            by_name = {(source.name, source.event): source for source in sources}
            known = [(by_name[sensor.source, sensor.event], sensor) for sensor in sensors]
            for sensor in sensors:
                self.manifests(sensor)
        except PipelineError as problem:
            return [str(problem)]
        self._known = known
        return []

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
