"""Uploads as a source of the watch: the workflows that a Sensor would start on a cluster are started here.

Of a notification nothing is kept but the run that it starts. If the watch is killed before that, the object is still in
the bucket, and a listing finds it at the next start. Runs wait their turn in the journal.
"""

import os
from typing import Final

from pipeline import engine
from pipeline.errors import PipelineError, UserError
from pipeline.events.models import EventSource, Sensor
from pipeline.events.records import encode
from pipeline.laptop.background import Background, BackgroundRun
from pipeline.laptop.children import Children
from pipeline.watch.changes import Changes
from pipeline.watch.listener import BucketListener, Notification
from pipeline.watch.messages import Log, ended, given_up, resuming
from pipeline.watch.sensors import Sensors

AT_ONCE: Final = 2 * (os.cpu_count() or 1)  # runs of uploads that execute


class Uploads:
    """The Sensors of a folder, and the runs in the background: those that they start, and those that runs apply."""

    def __init__(
        self, sensors: Sensors, listener: BucketListener, background: Background, children: Children, log: Log
    ) -> None:
        self._sensors, self._listener, self._background = sensors, listener, background
        self._children, self._log = children, log
        self._changes = Changes(sensors.place)
        self._given_up: set[str] = set()
        self._trouble: dict[EventSource, str] = {}

    def process(self, now: float) -> None:
        """Process whatever is due."""
        self._log.now = now
        if self._changes.settled(now):
            for problem in self._sensors.reload():
                self._log(problem)
            self._listener.listen([source for source, _ in self._sensors.known])
        self._listener.clear()
        for notification in self._listener.drain():
            if notification.trouble is None:
                self._start(notification)
            else:
                self._report(notification.source, notification.trouble)
        self._look_after_runs()

    def next_due(self) -> float | None:
        """When a changed manifest has settled."""
        return self._changes.due

    def descriptors(self) -> list[int]:
        """Readable when there is a notification."""
        return [self._listener.descriptor()]

    def names(self) -> list[str]:
        """What is listened to."""
        return [source.name for source, _ in self._sensors.known]

    def executing(self) -> list[str]:
        """The runs that a process executes now."""
        return [each.run for each in self._background.open() if self._executes(each)]

    def _report(self, source: EventSource, trouble: str) -> None:
        if self._trouble.get(source) == trouble:
            return
        self._trouble[source] = trouble
        if trouble:
            self._log(f"{source.name}: cannot listen: {trouble}")
        else:
            self._log(f"{source.name}: listening to s3://{source.bucket}/{source.prefix}")

    def _start(self, notification: Notification) -> None:
        records = encode(notification.records) if notification.records else ""
        why = f"{len(notification.records)} announced" if notification.records else "there were objects already"
        for source, sensor in self._sensors.known:
            if source == notification.source:
                self._submit(sensor, records, why)

    def _submit(self, sensor: Sensor, records: str, why: str) -> None:
        run = engine.generated_name(sensor.generate_name)
        try:
            manifests = self._sensors.manifests(sensor)
            self._background.add(run, "upload")
            engine.submit(self._background.journal, manifests, sensor.workflow, {sensor.parameter: records}, run_id=run)
        except UserError as problem:
            self._background.ended(run)
            self._log(f"{sensor.name}: cannot start {sensor.workflow}: {problem}")
            return
        self._log(f"{sensor.name}: {why}, so started {run}")

    def _look_after_runs(self) -> None:
        """Note which runs have ended; let as many execute as may, the oldest first."""
        waiting = []
        executing = 0
        for each in self._background.open():
            if each.standing.finished_at is not None:
                self._background.ended(each.run)
                self._log(ended(each.standing))
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

    def _executes(self, run: BackgroundRun) -> bool:
        return self._children.busy(run.run) or run.standing.pid is not None or run.handed

    def _hand_over(self, run: BackgroundRun) -> None:
        try:
            self._background.handed(run.run)
            started = self._children.start(run.run)
        except (OSError, PipelineError) as problem:
            self._log(f"{run.run}: no process can be started for it now: {problem}")
            return
        if not started:
            self._given_up.add(run.run)
            self._log(given_up(run.run))
        elif run.standing.started_at is not None:
            self._log(f"{run.standing.workflow}: {resuming(run.run)}")
