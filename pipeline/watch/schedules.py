"""Schedules as a source of the watch: told the time, it starts what is due. What that is, `engine.schedule` decides."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipeline.engine import schedule
from pipeline.laptop.cron_log import CronLog
from pipeline.watch.changes import Changes
from pipeline.watch.cron_runs import CronRuns
from pipeline.watch.manifests import CronWorkflows, Scheduled
from pipeline.watch.messages import Log, coming, moment


@dataclass
class _Watched:
    """A CronWorkflow as this watch knows it. `again`: whether to look for what was missed. `skipped`: the time that was
    last said to be skipped, and why."""

    scheduled: Scheduled
    alarms: schedule.Alarms
    again: bool = True
    looked_again: float = 0.0
    skipped: tuple[int | None, str] = (None, "")


class Schedules:
    """The schedules of a folder's CronWorkflows."""

    def __init__(self, workflows: CronWorkflows, cron_log: CronLog, runs: CronRuns, log: Log) -> None:
        self._workflows, self._cron_log, self._runs, self._log = workflows, cron_log, runs, log
        self._changes = Changes(workflows.place, workflows.made)
        self._watched: dict[str, _Watched] = {}
        self._held: dict[str, str] = {}

    def process(self, now: float) -> None:
        """Process whatever is due."""
        self._log.now = now
        changed = self._changes.settled(now)
        if changed or self._workflows.set_up_anew():
            self._reload(now)
        finished = self._runs.look_after(self._workflows.known, now)
        active = self._runs.active()
        for name, watched in self._watched.items():
            watched.again = watched.again or name in finished
            self._decide(watched, active.get(name, ()), now)

    def next_due(self) -> float | None:
        """When the first schedule rings, or a changed manifest has settled."""
        ahead = [self._changes.due, *(each.alarms.next for each in self._watched.values())]
        return min((at for at in ahead if at is not None), default=None)

    def descriptors(self) -> list[int]:
        """None: it depends on the time alone."""
        return []

    def names(self) -> list[str]:
        """What is there, whether it is started or not."""
        return [*self._watched, *self._held]

    def executing(self) -> list[str]:
        """The runs that a process executes now."""
        return self._runs.executing()

    def _reload(self, now: float) -> None:
        for problem in self._workflows.reload():
            self._log(problem)
        known = self._hold(self._workflows.known)
        for name in self._watched.keys() - known.keys():
            del self._watched[name]
            if name not in self._held:
                self._log(f"{name}: gone from {self._workflows.place}; no longer watched")
        for name, scheduled in known.items():
            before = self._watched.get(name)
            if before is None or before.scheduled.text != scheduled.text:
                watched = self._watched[name] = _Watched(scheduled, _alarms(scheduled, before, now))
                self._log(f"{name}: {'watched' if before is None else 'changed'}, {self._outlook(watched)}")

    def _hold(self, known: Mapping[str, Scheduled]) -> dict[str, Scheduled]:
        """Those that are to be started; why the others are not is said once for all that share the reason."""
        told = set(self._held.values())
        self._held = {name: each.held for name, each in known.items() if each.held}
        for reason in sorted(set(self._held.values()) - told):
            self._log(reason)
        return {name: each for name, each in known.items() if not each.held}

    def _outlook(self, watched: _Watched) -> str:
        cron = watched.scheduled.cron
        if self._cron_log.status(cron).stopped:
            return "ended by its stopStrategy"
        return f"{coming(cron, watched.alarms.next)}{', suspended' if cron.suspended else ''}"

    def _decide(self, watched: _Watched, active: tuple[str, ...], now: float) -> None:
        cron = watched.scheduled.cron
        again = watched.again or now - watched.looked_again >= schedule.LOOK_AGAIN_SECONDS
        before = self._cron_log.status(cron, active)
        found = schedule.decide(
            cron, before, watched.alarms, now, again=again, taken=lambda at: self._cron_log.taken(cron.name, at)
        )
        watched.alarms = found.alarms
        if again:
            watched.again, watched.looked_again = False, now
        if found.start is not None:
            self._runs.start(watched.scheduled, found.start, found)
            return
        if replace(found.status, active=()) != replace(before, active=()):
            self._cron_log.keep(cron, found.status)
        self._say_skipped(watched, found)

    def _say_skipped(self, watched: _Watched, found: schedule.Decision) -> None:
        """Once for each time and reason: it is skipped again each time that one looks for what was missed."""
        if found.skipped is None or watched.skipped == (found.skipped, found.reason):
            return
        watched.skipped = found.skipped, found.reason
        cron = watched.scheduled.cron
        outlook = "" if found.status.stopped else f"; {coming(cron, found.alarms.next)}"
        self._log(f"{cron.name}: skipped {moment(cron, found.skipped)}: {found.reason}{outlook}")


def _alarms(scheduled: Scheduled, before: _Watched | None, now: float) -> schedule.Alarms:
    """The alarms of a CronWorkflow that is new or was changed; if its times are the same, one may have rung a moment
    ago."""
    if (
        before is not None
        and before.alarms.next is not None
        and before.scheduled.cron.timetable == scheduled.cron.timetable
    ):
        return before.alarms
    return schedule.armed(scheduled.cron, now)
