"""The runs that schedules start: submitted, executed by child processes, resumed, and noted when they end.

Every step can be cut off. A time is given to a run (`CronLog.claim`), the run is submitted, a process is started: the
next look, by this watch or a later one, finishes what is left to do.
"""

import shutil
from collections.abc import Mapping

from pipeline import engine
from pipeline.engine import schedule
from pipeline.engine.execution import Standing
from pipeline.engine.places import folder_of
from pipeline.engine.schedule import Cron
from pipeline.errors import UserError
from pipeline.laptop.children import Children
from pipeline.laptop.cron_log import CronLog, CronRun
from pipeline.watch.manifests import Scheduled
from pipeline.watch.messages import Log, coming, ended, given_up, moment, resuming


class CronRuns:
    """The runs of all CronWorkflows, in the journal and in the cron log."""

    def __init__(self, journal: engine.Journal, cron_log: CronLog, children: Children, log: Log) -> None:
        self._journal, self._cron_log, self._children, self._log = journal, cron_log, children, log
        self._given_up: set[str] = set()
        self._now = 0.0

    def look_after(self, known: Mapping[str, Scheduled], now: float) -> set[str]:
        """Note which runs have ended, finish starts that were cut off, and resume runs that no process executes. The
        CronWorkflows whose runs have ended."""
        self._now = now
        finished = set()
        self._cron_log.adopt(known.keys())
        for run in self._cron_log.open():
            if run.standing is None:
                self._finish_start(run, known.get(run.cron))
            elif run.finished:
                finished.add(run.cron)
                self._note_end(run.cron, run.standing, known.get(run.cron))
            elif run.pid is None and self._is_mine(run) and not self._children.busy(run.run):
                self._resume(run)
        return finished

    def active(self) -> dict[str, tuple[str, ...]]:
        """The runs that count as active, by CronWorkflow."""
        found: dict[str, tuple[str, ...]] = {}
        for run in self._cron_log.open():
            if run.pid is not None or self._is_mine(run):
                found[run.cron] = (*found.get(run.cron, ()), run.run)
        return found

    def executing(self) -> list[str]:
        """The runs that a process executes now."""
        return [run.run for run in self._cron_log.open() if run.pid is not None or self._children.busy(run.run)]

    def start(self, scheduled: Scheduled, at: int, decision: schedule.Decision) -> None:
        """Start the run for the time `at`, unless another watch has, and terminate those it replaces."""
        cron = scheduled.cron
        run = f"{cron.name}-{at}"
        if not self._cron_log.claim(cron, schedule.started(decision.status, run, at), run, at):
            return
        for old in decision.stop:
            self._terminate(cron, old)
        self._submit(scheduled, run, at, f"; {coming(cron, decision.alarms.next)}")

    def _submit(self, scheduled: Scheduled, run: str, at: int, outlook: str = "") -> None:
        cron = scheduled.cron
        try:
            engine.submit(
                self._journal, scheduled.manifests, cron.name, scheduled.parameters, run_id=run, scheduled_at=at
            )
        except UserError as problem:
            self._end(cron, run, "Error", self._now)
            self._log(f"{cron.name}: cannot start {run}: {problem}")
            return
        self._children.start(run)
        self._log(f"{cron.name}: started {run}, due {moment(cron, at)}{outlook}")

    def _terminate(self, cron: Cron, run: str) -> None:
        try:
            engine.stop(self._journal, run, "Terminate")
            self._log(f"{cron.name}: terminating {run}, since concurrencyPolicy is Replace")
        except UserError:
            return  # it has ended by itself, or has not begun

    def _finish_start(self, run: CronRun, scheduled: Scheduled | None) -> None:
        """Submit a run whose start was cut off before that, unless it is too late."""
        if scheduled is None or run.scheduled_at is None:
            return
        cron, at = scheduled.cron, run.scheduled_at
        if self._now - at < max(schedule.LATE_SECONDS, cron.deadline_seconds or 0):
            self._submit(scheduled, run.run, at)
            return
        self._cron_log.end(run.run, "Missed", self._now, cron, self._cron_log.status(cron))
        self._log(f"{cron.name}: skipped {moment(cron, at)}: its start was cut off, and now it is too late")

    def _resume(self, run: CronRun) -> None:
        now = self._journal.standing([run.run]).get(run.run)
        if now is None or now.finished_at is not None or now.pid is not None:
            return  # its process ended it a moment ago
        if self._children.start(run.run):
            self._log(f"{run.cron}: {resuming(run.run)}")
        else:
            self._given_up.add(run.run)
            self._log(f"{run.cron}: {given_up(run.run)}")

    def _is_mine(self, run: CronRun) -> bool:
        """Whether the watch resumes this run if no process executes it."""
        return run.scheduled_at is not None and run.run not in self._given_up

    def _note_end(self, name: str, run: Standing, scheduled: Scheduled | None) -> None:
        cron = scheduled.cron if scheduled is not None else Cron(name, (), ())
        self._end(cron, run.run, run.phase, run.finished_at or self._now)
        self._log(f"{name}: {ended(run)}")
        if scheduled is not None:
            self._delete_surplus(cron)

    def _end(self, cron: Cron, run: str, phase: str, at: float) -> None:
        status = schedule.ended(cron, self._cron_log.status(cron), run, phase, self._now)
        self._cron_log.end(run, phase, at, cron, status)

    def _delete_surplus(self, cron: Cron) -> None:
        """Delete the runs beyond the history limits: files first, so that nothing is left behind."""
        for run in schedule.surplus(cron, self._cron_log.ended(cron.name)):
            shutil.rmtree(folder_of(self._journal.path.parent, run), ignore_errors=True)
            self._journal.delete(run)
            self._cron_log.deleted(run, self._now)
            self._log(f"{cron.name}: deleted {run}, which its history limits do not keep")
