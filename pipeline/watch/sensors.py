"""The Sensors of a folder or a file, with their EventSources. A refused one is reported; if a Sensor's workflow is
broken, the Sensor stays, and each upload says so."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.engine import Manifests, manifest
from pipeline.errors import PipelineError
from pipeline.events.models import EventSource, Sensor
from pipeline.events.reading import read_sensors


class Sensors:
    """The Sensors of `place`. `known`: as last read."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.known: Sequence[tuple[EventSource, Sensor]] = []
        self._manifests: dict[str, Manifests] = {}

    def reload(self) -> list[str]:
        """Read the files; what is broken, a line each."""
        try:
            files = manifest.files(self.place)
        except PipelineError:
            return []  # `CronWorkflows` reports it
        self._manifests.clear()
        pairs, refused = read_sensors(files)
        problems = [str(problem) for problem in refused]
        before = {sensor.name: (source, sensor) for source, sensor in self.known}
        known = []
        for source, sensor in pairs:
            try:
                self.manifests(sensor)
                known.append((source, sensor))
            except PipelineError as problem:
                problems.append(str(problem))
                known += [before[sensor.name]] if sensor.name in before else []
        self.known = known
        return problems

    def manifests(self, sensor: Sensor) -> Manifests:
        """The manifests of the workflow that it starts.

        Raises:
            UserError: there is no such workflow, or it cannot be run here.
        """
        if sensor.workflow not in self._manifests:
            place = self.place if self.place.is_dir() else self.place.parent
            self._manifests[sensor.workflow] = manifest.find(f"{place}/", sensor.workflow).manifests
        return self._manifests[sensor.workflow]
