"""Uploads as a source of the watch: what a Sensor of the folder would start on a cluster, it starts here.

Nothing heard is kept but the run that it started: what was not yet one when the watch was killed lies in the bucket,
and is found by listing at the next start. Runs wait their turn in the journal.
"""

import os
import random
import string
from typing import Final

from pipeline import engine
from pipeline.errors import PipelineError, UserError
from pipeline.events.models import EventSource, Sensor
from pipeline.events.records import encode
from pipeline.laptop.background import Background, Waiting
from pipeline.laptop.children import Children
from pipeline.watch.listener import BucketListener, Notification
from pipeline.watch.messages import Say, end, stamped
from pipeline.watch.sensors import Sensors

AT_ONCE: Final = 2 * (os.cpu_count() or 1)  # runs of uploads that execute
_LETTERS: Final = string.ascii_lowercase + string.digits


class Uploads:
    """The Sensors of a folder, and the runs that they and other runs started."""

    def __init__(
        self, sensors: Sensors, listener: BucketListener, journal: engine.Journal, children: Children, say: Say
    ) -> None:
        self._sensors, self._listener, self._journal, self._say = sensors, listener, journal, say
        self._background, self._children = Background(journal.path), children
        self._given_up: set[str] = set()
        self._trouble: dict[EventSource, str] = {}
        self._now = 0.0

    def look(self, now: float) -> None:
        """Do what is to be done."""
        self._now = now
        self._reread()
        self._listener.clear()
        for heard in self._listener.drain():
            if heard.trouble is None:
                self._start(heard)
            else:
                self._tell_of(heard.source, heard.trouble)
        self._look_after_runs()

    def next(self) -> float | None:
        """When a manifest is read again."""
        return self._sensors.settles

    def descriptors(self) -> list[int]:
        """Readable when something was heard."""
        return [self._listener.descriptor()]

    def names(self) -> list[str]:
        """What is listened to."""
        return [source.name for source, _ in self._sensors.known]

    def running(self) -> list[str]:
        """The runs that a process executes now."""
        return [each.run for each in self._background.open() if self._executes(each)]

    def _tell(self, text: str) -> None:
        self._say(stamped(self._now, text))

    def _reread(self) -> None:
        problems = self._sensors.look(self._now)
        if problems is None:
            return
        for problem in problems:
            self._tell(problem)
        self._listener.listen([source for source, _ in self._sensors.known])

    def _tell_of(self, source: EventSource, trouble: str) -> None:
        if self._trouble.get(source) == trouble:
            return
        self._trouble[source] = trouble
        place = f"s3://{source.bucket}/{source.prefix}"
        self._tell(f"{source.name}: {f'cannot listen: {trouble}' if trouble else f'listening to {place}'}")

    def _start(self, heard: Notification) -> None:
        records = encode(heard.records) if heard.records else ""
        for source, sensor in self._sensors.known:
            if source == heard.source:
                self._submit(sensor, records, f"{len(heard.records) or 'what lay there'} announced")

    def _submit(self, sensor: Sensor, records: str, why: str) -> None:
        run = sensor.generate_name + "".join(random.choices(_LETTERS, k=5))  # noqa: S311 - a name, not a secret
        try:
            manifests = self._sensors.manifests(sensor)
            self._background.add(run, "upload")
            engine.submit(self._journal, manifests, sensor.workflow, {sensor.parameter: records}, run_id=run)
        except UserError as problem:
            self._background.ended(run)
            self._tell(f"{sensor.name}: cannot start {sensor.workflow}: {problem}")
            return
        self._tell(f"{sensor.name}: {why}: {run}")

    def _look_after_runs(self) -> None:
        """Tell which runs have ended; let as many execute as may, the oldest first."""
        waiting = []
        executing = 0
        for each in self._background.open():
            if each.finished_at is not None:
                self._note_end(each)
            elif self._executes(each):
                executing += each.kind == "upload"
            elif each.run not in self._given_up:
                waiting.append(each)
        for each in waiting:
            if each.kind == "upload":
                if executing >= AT_ONCE:
                    continue
                executing += 1
            self._hand_over(each)

    def _executes(self, run: Waiting) -> bool:
        return self._children.busy(run.run) or run.pid is not None or run.handed

    def _hand_over(self, run: Waiting) -> None:
        try:
            self._background.handed(run.run)
            started = self._children.start(run.run)
        except (OSError, PipelineError) as problem:
            self._tell(f"{run.run}: no process can be started for it now: {problem}")
            return
        if not started:
            self._given_up.add(run.run)
            self._tell(f"{run.run} was cut off again and again; go on with: pipeline run --resume {run.run}")
        elif run.started_at is not None:
            self._tell(f"{run.workflow}: going on with {run.run}, which nobody executed")

    def _note_end(self, run: Waiting) -> None:
        self._background.ended(run.run)
        took = None if run.started_at is None else (run.finished_at or self._now) - run.started_at
        self._tell(end(run.run, run.phase, took, run.message))
